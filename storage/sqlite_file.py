"""The file of an SQLite database, which is for its owner alone: it holds everything that Keydesk knows."""

import contextlib
import logging
import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import URL

_OWNER_ONLY = 0o600
_BESIDE = ("", "-wal", "-shm", "-journal")

# Through the standard library: a command that prints to standard output must not have this between its lines.
_log = logging.getLogger(__name__)


def find_file(url: URL) -> Path | None:
    """Where an address has its file; None for PostgreSQL's, and for SQLite's of a database in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    return None if url.get_backend_name() != "sqlite" or not name or name.startswith(":") else Path(name)


def may_make(url: URL) -> bool:
    """Whether the file is made where it is not there yet."""
    return url.query.get("mode", "rwc") == "rwc"


def keep_private(path: Path) -> None:
    """Make the file, if it is not there, for its owner alone, and take from others what they may do with one that is.

    What SQLite puts beside it gets the rights of the file.
    """
    # One that is there is not opened: closing it again would take SQLite's locks from this process's connections.
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY))
    for part in (path.with_name(path.name + ending) for ending in _BESIDE):
        _tighten(part)


def _tighten(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & ~_OWNER_ONLY:
            path.chmod(mode & _OWNER_ONLY)
            _log.info("database_file_was_open_to_others", extra={"file": str(path), "mode": f"{mode:04o}"})
    except FileNotFoundError:
        return
    except OSError as error:
        _log.warning("database_file_is_open_to_others", extra={"file": str(path), "error": str(error)})
