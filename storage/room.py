"""Whether there is room for what the database has to write: what its last writes met, what its folder has left."""

import os
import sqlite3

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from storage.sqlite_file import find_file

_log = structlog.get_logger(__name__)

_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
"""A quota, and a limit to the size of files, come as the second; the third is the index of the write-ahead log."""
_POSTGRESQL_FULL = frozenset({"53100", "58030"})
"""`disk_full`, and `io_error` where the file system says something else of it."""
_LEAST_BYTES = 1 << 20
"""With less than this left, the next change may already fail."""


def is_for_want_of_room(error: DBAPIError) -> bool:
    """Whether the database refused because its disk is full, or cannot be written to."""
    return (
        getattr(error.orig, "sqlite_errorcode", None) in _SQLITE_FULL
        or getattr(error.orig, "sqlstate", None) in _POSTGRESQL_FULL
    )


class Room:
    """What is known of the room that a database has to write."""

    def __init__(self, engine: Engine) -> None:
        file = find_file(engine.url)
        self._folder = None if file is None else file.absolute().parent
        self._refused = False

    def note_refusal(self) -> None:
        """A write was refused for want of room."""
        if not self._refused:
            _log.error("database_disk_full")
        self._refused = True

    def note_success(self) -> None:
        """A write was kept."""
        if self._refused:
            self._refused = False
            _log.info("database_written_again")

    def find_problem(self) -> str | None:
        """In a few words; None while all is well. It writes nothing and asks nobody."""
        if self._refused:
            return "the database's disk is full: its last change was refused"
        if self._folder is not None:
            found = os.statvfs(self._folder)
            if found.f_bavail * found.f_frsize < _LEAST_BYTES:
                return "the database's disk is full: it has no room for further changes"
        return None
