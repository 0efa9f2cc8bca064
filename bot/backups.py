"""A backup is an SQLite file with everything in it, of whichever database; it goes into one that is empty."""

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.database import upgrade_schema
from desk.errors import ConflictError, KeydeskError
from storage import schema
from storage.copying import (
    CopyDiffersError,
    Progress,
    copy_rows,
    find_rows,
    marks_of_change,
    one_moment,
    require_same,
)
from storage.database import Database

_BESIDE = ("-wal", "-shm", "-journal")
_LOOK_SECONDS = 5.0


def write_backup(database: Database, file: Path, progress: Progress) -> None:
    """Write the database as it is now into a new file, for its owner alone, while Keydesk goes on.

    The file is there once it is whole. Raises ConflictError where there is one already, and KeydeskError.
    """
    part = file.with_name(f".{file.name}.part")
    refuse_file(file)
    try:
        _remove(part)
        _make_private(part)
        if database.engine.dialect.name == "sqlite":
            _vacuum(database, part)
        else:
            with open_file(part) as backup:
                upgrade_schema(backup)
                copy_database(database, backup, progress)
        _settle(part)
        # Whoever wrote a file of this name meanwhile keeps it.
        os.link(part, file)
    except FileExistsError:
        refuse_file(file)
    except OSError as error:
        raise _not_written(file, error.strerror) from error
    except sqlite3.Error as error:
        raise _not_written(file, str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            _remove(part)


def _not_written(file: Path, why: str | None) -> KeydeskError:
    return KeydeskError(f"{file} cannot be written: {why}.", "Is there such a folder, and room in it?")


def refuse_file(file: Path) -> None:
    """Raises ConflictError where a file is already."""
    if os.path.lexists(file):
        raise ConflictError(f"There is a file {file} already.", "Name another: a backup is never written over.")


def copy_database(source: Database, target: Database, progress: Progress, *, quiet: bool = False) -> int:
    """Copy every row into a database that has the schema and no rows, and compare them; how many there are.

    Raises ConflictError where the target has rows or, with `quiet`, the source was changed meanwhile, and
    KeydeskError where the copy differs; nothing is kept then.
    """
    with one_moment(source.engine) as here, target.engine.begin() as there:
        if (table := find_rows(there)) is not None:
            raise ConflictError(
                f"The database to copy to is not empty: it has rows in {table}.", "Give one that nobody has used yet."
            )
        copied = copy_rows(here, there, progress)
        try:
            require_same(here, there, progress)
        except CopyDiffersError as error:
            raise KeydeskError(f"The copy is not what was read: {error}", "Nothing was kept of it.") from error
        if quiet:
            _require_unchanged(source, marks_of_change(here))
    return copied


def _require_unchanged(database: Database, marks: Mapping[str, Any]) -> None:
    with one_moment(database.engine) as connection:
        if marks_of_change(connection) != marks:
            raise ConflictError(
                "Something was changed while it was copied, so nothing was kept of the copy.",
                "Stop Keydesk, and copy again.",
            )


@contextmanager
def open_file(file: Path) -> Iterator[Database]:
    """The database in a file."""
    # Not as text: a file may be called as only addresses are.
    database = Database.from_url(URL.create("sqlite", database=str(file)), threads=1)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def opened_backup(file: Path, folder: Path) -> Iterator[tuple[Database, Path]]:
    """A copy of a backup in a folder, brought to the schema of this release; the backup itself stays as it is.

    The copy is gone at the end, unless it was moved. Raises KeydeskError for what is no backup, for one in which
    somebody has changed more than rows, and for a backup of a newer release.
    """
    copy = folder / f".{file.name}.restoring"
    try:
        try:
            _remove(copy)
            _copy_file(file, copy)
        except OSError as error:
            raise KeydeskError(
                f"{file} cannot be read: {error.strerror}.", "Name a file that 'keydesk backup' has written."
            ) from error
        with open_file(copy) as database:
            try:
                _require_keydesk(database, file)
                upgrade_schema(database)
                _require_ours(database, file)
            except (SQLAlchemyError, RuntimeError) as error:
                raise _no_backup(file) from error
            yield database, copy
    finally:
        with contextlib.suppress(OSError):
            _remove(copy)


def _copy_file(file: Path, copy: Path) -> None:
    found = file.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        # A device never ends, and a pipe has nothing to go back to.
        raise OSError(errno.EINVAL, "it is no file")
    if found.st_size > shutil.disk_usage(copy.parent).free:
        raise OSError(errno.ENOSPC, f"{copy.parent} has no room for a copy")
    _make_private(copy)
    shutil.copyfile(file, copy)


def _make_private(path: Path) -> None:
    """Raises OSError where something is already, a link that somebody has laid there for one."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _require_keydesk(database: Database, file: Path) -> None:
    with database.engine.connect() as connection:
        run = connection.exec_driver_sql
        found = run("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'audit_head'").scalar()
        if not found or run("PRAGMA integrity_check(1)").scalar() != "ok" or run("PRAGMA foreign_key_check").first():
            raise _no_backup(file)


def _require_ours(database: Database, file: Path) -> None:
    """Neither the audit trail nor a look at the keys would show a trigger, which may undo what is done later."""
    if foreign := schema.list_foreign_objects(database.engine):
        raise KeydeskError(
            f"{file} was changed by hand: it has {', '.join(foreign[:5])}, not as Keydesk makes it.",
            "Give another backup, or find out who did that and take it away.",
        )
    if misfits := schema.list_misfits(database.engine):
        raise KeydeskError(
            f"{file} was changed by hand: no Keydesk wrote what is in {', '.join(misfits[:5])}.",
            "Give another backup.",
        )


def _no_backup(file: Path) -> KeydeskError:
    return KeydeskError(f"{file} is no backup of Keydesk, or not a whole one.", "Give what 'keydesk backup' wrote.")


def take_place(copy: Path, database: Path, name_of_old: str) -> Path | None:
    """Put a file in the place of an SQLite database; gives where the old one is now, if there was one.

    What SQLite had beside the old one goes with it: it would be read into the new one. Raises ConflictError while
    somebody has the old one open.
    """
    _settle(copy)
    old = database.with_name(name_of_old)
    with _alone(database):
        if database.exists():
            os.link(database, old)
        for ending in _BESIDE:
            beside = database.with_name(database.name + ending)
            with contextlib.suppress(FileNotFoundError):
                beside.rename(old.with_name(old.name + ending))
        copy.rename(database)
    _sync(database.parent)
    return old if old.exists() else None


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Nobody has the database open, and nobody opens it within the block."""
    if not database.exists():
        yield
        return
    with contextlib.closing(sqlite3.connect(database, isolation_level=None, timeout=_LOOK_SECONDS)) as connection:
        try:
            # Leaves WAL, for which there must be no other connection, and writes what was there into the file.
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            mode = None
        except sqlite3.DatabaseError:
            # Damaged, perhaps the reason for restoring: its file is kept all the same.
            mode = ("delete",)
        if mode != ("delete",):
            raise ConflictError(
                f"Somebody has {database} open.", "Stop Keydesk first: it would go on with the old one."
            )
        yield


def _vacuum(database: Database, part: Path) -> None:
    with database.engine.connect() as connection:
        own = connection.connection.dbapi_connection
        assert own is not None
        # SQLite reads it at one moment, while others write. Not in a transaction, which it does not take.
        own.cursor().execute("VACUUM INTO ?", (str(part),))


def _settle(file: Path) -> None:
    """Everything is in the one file, and on the disk."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(file: Path) -> None:
    for ending in ("", *_BESIDE):
        file.with_name(file.name + ending).unlink(missing_ok=True)
