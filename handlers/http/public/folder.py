"""A folder in which some files are ours: they are listed in it, and nothing else there is ever touched."""

import fcntl
import os
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from desk.errors import KeydeskError
from handlers.http.public.document import BROTLI, GZIP, Document

_NEW = ".keydesk-new"
_LIST = ".keydesk"
_FRONT = "index.html"
_OWNER = "# of "
"""How the list's first line says whose folder it is."""
_SETTLED_SECONDS = 60
"""Every replica has rendered what is older."""
_TRIES = 3
_TURN_SECONDS = 1.0
_SUFFIXES = ((BROTLI, ".br"), (GZIP, ".gz"))


class OccupiedFolderError(KeydeskError):
    """The folder is somebody else's."""


class NotOursError(OSError):
    """A file, or a folder on the way to it, is not ours."""

    NUMBER = 0

    def __init__(self) -> None:
        super().__init__(self.NUMBER, "a file that is not Keydesk's is in the way")


class OwnFolder:
    """Files in a folder, each with its encoded forms beside it; `owner` tells one Keydesk from another.

    Replicas of one Keydesk share a folder: what one lists is every other's, too.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self._path = path
        self._owner = owner
        self._removed: set[str] = set()

    def open(self) -> Iterable[str]:
        """The names of our files, with what a kill left behind cleared up.

        Raises OccupiedFolderError for a page or a list of somebody else, and OSError.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        names = self._read_list()
        for folder in {self._path, *((self._path / name).parent for name in names)}:
            if self._is_plain(folder):
                for leftover in folder.glob(f".*{_NEW}"):
                    # Should it be another replica's, that writes it again.
                    leftover.unlink(missing_ok=True)
        return names

    def list_others(self, own: Collection[str]) -> Iterable[str]:
        """Names that another replica has listed, and has not just now written. Raises OSError."""
        names = set(self._read_list()).difference(own)
        return {name for name in names if _is_settled(self._path / name)}

    def _read_list(self) -> Iterable[str]:
        listed = self._path / _LIST
        lines = listed.read_text(encoding="utf-8", errors="replace").splitlines() if listed.is_file() else []
        is_owned = bool(lines) and lines[0].startswith(_OWNER)
        # A list that is empty, or names other files, makes nobody's page ours.
        if not is_owned and _FRONT not in lines and _is_there(self._path / _FRONT):
            raise OccupiedFolderError(
                f"The folder {self._path} holds a page that is not Keydesk's.",
                "Choose an empty one in KEYDESK_PUBLIC_FOLDER.",
            )
        if is_owned:
            if lines[0] != f"{_OWNER}{self._owner}":
                raise OccupiedFolderError(
                    f"Another Keydesk writes its pages to the folder {self._path}.",
                    "Choose one of your own in KEYDESK_PUBLIC_FOLDER.",
                )
            del lines[0]
        return {name for name in lines if _is_inside(name)}

    def keep_list(self, names: Collection[str]) -> None:
        """Say which files are ours, before they are there: so the next start knows them. Raises OSError."""
        with self._in_turn():
            listed = self._path / _LIST
            # What another replica has listed just now it is about to write, so that it may not be there yet.
            is_fresh = _is_there(listed) and not _is_settled(listed)
            others = {
                name
                for name in set(self._read_list()).difference(names)
                if _is_there(self._path / name) or (is_fresh and name not in self._removed)
            }
            body = "".join(f"{name}\n" for name in (f"{_OWNER}{self._owner}", *sorted(others.union(names))))
            self._replace(listed, body.encode())
            self._removed.clear()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """One replica at a time: what another adds to the list meanwhile would be lost."""
        folder = os.open(self._path, os.O_RDONLY)
        try:
            until = time.monotonic() + _TURN_SECONDS
            # Some network file systems lock no folders, and one replica that hangs must not hold up the others.
            with suppress(OSError):
                while not _take_turn(folder) and time.monotonic() < until:
                    time.sleep(0.005)
            yield
        finally:
            os.close(folder)

    def is_listed(self, name: str) -> bool:
        """Whether a file is on the list by now. Raises OSError."""
        return name in self._read_list()

    def is_free(self, name: str, document: Document) -> bool:
        """Whether a file that is not listed may be ours: there is none, or it says the same."""
        path = self._path / name
        if not self._is_plain(path.parent):
            return False
        return all(not _is_there(one) or _holds(one, body) for one, body in _forms(path, document).items())

    def write(self, name: str, document: Document) -> None:
        """Put a file of ours in place, with its forms. Raises OSError."""
        path = self._path / name
        if not self._is_plain(path.parent):
            raise NotOursError
        for one, body in _forms(path, document).items():
            if body is None:
                one.unlink(missing_ok=True)
            else:
                self._replace(one, body)

    def remove(self, name: str) -> None:
        """Take a file of ours away, and the folders that it leaves empty. Raises OSError."""
        self._removed.add(name)
        path = self._path / name
        if not self._is_plain(path.parent):
            return
        for suffix in ("", ".gz", ".br"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        if path.parent != self._path:
            with suppress(OSError):
                # It is not empty, or gone already.
                path.parent.rmdir()

    def read(self, name: str) -> bytes:
        """What a file of ours says, as far as it can be read."""
        path = self._path / name
        try:
            return path.read_bytes() if self._is_plain(path.parent) else b""
        except OSError:
            return b""

    def _is_plain(self, folder: Path) -> bool:
        """Whether the way to a folder leads through no link, and into no other Keydesk's folder."""
        while folder != self._path:
            if folder.is_symlink() or (folder / _LIST).exists():
                return False
            folder = folder.parent
        return True

    def _replace(self, path: Path, body: bytes) -> None:
        """Put a file in place at once: whoever reads sees the old one or the new one, whole."""
        for _ in range(_TRIES):
            # Another replica may remove in between a folder that was empty, or what it takes for a leftover.
            with suppress(FileNotFoundError):
                if not _holds(path, body):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._put(path, body)
                return
        self._put(path, body)

    def _put(self, path: Path, body: bytes) -> None:
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_NEW}")
        try:
            # Not forced to the disk: what a power cut damages is found and written again at the next start.
            new.write_bytes(body)
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _forms(path: Path, document: Document) -> Mapping[Path, bytes | None]:
    """What belongs under which name; None: nothing."""
    forms = dict(document.forms)
    beside = {path.with_name(path.name + suffix): forms.get(coding) for coding, suffix in _SUFFIXES}
    return {path: document.body, **{one: form.body if form is not None else None for one, form in beside.items()}}


def _holds(path: Path, body: bytes | None) -> bool:
    if body is None or path.is_symlink() or not path.is_file():
        return False
    return path.stat().st_size == len(body) and path.read_bytes() == body


def _take_turn(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_settled(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > _SETTLED_SECONDS
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts
