"""What became of a commit, for as long as nobody knows: each question is a file, and outlives the process that asks.

Who asks holds a lock on the file. One without was left by a process that is no more, and is taken over.
"""

import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

_LONGEST_SECONDS = 24 * 60 * 60
"""After so long nobody waits for the answer any more."""
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A commit of a person's, by PostgreSQL's number for its transaction, and what they did."""

    number: int
    user_id: str
    what: str
    path: Path
    descriptor: int

    def forget(self) -> None:
        """It was answered."""
        with suppress(OSError):
            self.path.unlink()

    def release(self) -> None:
        """It is asked no more, at least not here."""
        os.close(self.descriptor)


class OpenQuestions:
    """The questions about one database that are in a folder, which is made when there is one."""

    def __init__(self, folder: Path, database: URL) -> None:
        self._folder = folder
        where = f"{database.host} {database.port} {database.database} {database.query.get('host')}"
        self._database = hashlib.sha256(where.encode()).hexdigest()

    def keep(self, number: int, user_id: str, what: str) -> OpenQuestion:
        """Write a question down, and hold it. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(8)}{_SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        said = {"database": self._database, "number": number, "user_id": user_id, "what": what}
        os.write(descriptor, json.dumps(said).encode())
        os.fsync(descriptor)
        return OpenQuestion(number, user_id, what, path, descriptor)

    def take_over(self) -> Iterator[OpenQuestion]:
        """Those that nobody asks any more, held from now on; what is too old for anybody to wait goes. Raises
        OSError."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            with suppress(FileNotFoundError, BlockingIOError):
                if (question := self._held(path)) is not None:
                    yield question

    def _held(self, path: Path) -> OpenQuestion | None:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever was at it may have been done just now.
            question = self._read(path, descriptor) if path.exists() else None
        except BaseException:
            os.close(descriptor)
            raise
        if question is None:
            os.close(descriptor)
        return question

    def _read(self, path: Path, descriptor: int) -> OpenQuestion | None:
        status = os.fstat(descriptor)
        if time.time() - status.st_mtime > _LONGEST_SECONDS:
            path.unlink()
            return None
        try:
            said = json.loads(os.pread(descriptor, status.st_size, 0))
            if said["database"] != self._database:
                return None
            return OpenQuestion(int(said["number"]), str(said["user_id"]), str(said["what"]), path, descriptor)
        except (ValueError, KeyError, TypeError):
            # A kill while it was written: nobody was told yet that an answer would come.
            return None
