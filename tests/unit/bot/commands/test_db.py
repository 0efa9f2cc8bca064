"""`keydesk db`."""

import resource
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import schema
from storage.engine import make_engine
from tests.databases import url_on_both
from tests.unit.bot.commands.conftest import Run

database_url = url_on_both


def test_an_empty_database_is_prepared(
    keydesk: Run, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`upgrade` makes the tables; `check` is content afterwards; a second `upgrade` says that nothing was to do."""
    monkeypatch.setenv("KEYDESK_DATABASE_URL", empty_database_url)
    newest = schema.newest_revision()
    before = keydesk("db", "check")
    assert before.exit_code == 1
    assert before.stderr == "The database is empty.\nType 'keydesk db upgrade' to prepare it.\n"
    assert keydesk("db", "upgrade").stdout == f"The database was brought from nothing to schema {newest}.\n"
    assert keydesk("db", "check").stdout == f"The database is up to date (schema {newest}).\n"
    assert keydesk("db", "upgrade").stdout == f"The database is up to date (schema {newest}).\n"


def test_a_database_of_another_release_is_told(
    keydesk_on: Run, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema that this release does not know stops `check` with a sentence that names both."""
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    result = keydesk_on("db", "check")
    assert result.exit_code == 1
    assert f"has schema 9999, and this release needs {schema.newest_revision()}" in result.stderr


def test_tables_changed_by_hand_are_told(keydesk_on: Run, database_url: str) -> None:
    """`check` lists what differs and ends with 1."""
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE by_hand (id INTEGER PRIMARY KEY)"))
    engine.dispose()
    result = keydesk_on("db", "check")
    assert result.exit_code == 1
    assert "by_hand" in result.stdout
    assert "1 difference(s)" in result.stderr


def test_a_database_that_does_not_answer_is_told_in_a_sentence(
    keydesk: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No traceback when the server is away, and no password in what is said."""
    monkeypatch.setenv("KEYDESK_DATABASE_URL", f"postgresql://user:planted@/name?host={tmp_path}")
    result = keydesk("db", "check")
    assert result.exit_code == 1
    assert result.stderr.startswith("The database does not answer: ")
    assert "planted" not in result.stderr
    assert "Traceback" not in result.output


def test_a_disk_without_room_is_told_in_a_sentence(keydesk: Run) -> None:
    """Nobody is sent to look for a server when the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        result = keydesk("db", "upgrade")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be written to: ")
    assert result.stderr.endswith("Its disk is most likely full. Make room, and try again.\n")
    assert keydesk("db", "upgrade").exit_code == 0


def test_a_relative_path_begins_in_the_data_folder(
    keydesk: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """KEYDESK_DATA_FOLDER moves the embedded database; an absolute path stays where it is."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("KEYDESK_DATA_FOLDER", "data")
    assert keydesk("db", "upgrade").exit_code == 0
    assert (tmp_path / "data" / "keydesk.db").exists()
    monkeypatch.setenv("KEYDESK_DATABASE_URL", f"sqlite:///{tmp_path / 'absolute.db'}")
    assert keydesk("db", "upgrade").exit_code == 0
    assert (tmp_path / "absolute.db").exists()
