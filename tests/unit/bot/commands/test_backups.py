"""`keydesk backup`, `keydesk restore` and `keydesk db copy`."""

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.audit.chain import verify
from desk.keys.changes import revoke_key, suspend_key
from desk.people import Subject
from desk.roles.roles import revoke_role
from desk.transaction import Actor, Desk
from storage.database import Database
from storage.models import ApiKey, AuditEvent, Channel, Delivery, DeliveryStatus, Grant, KeyStatus, Role, SubjectKind
from tests.databases import ORGANIZATION, url_on_both
from tests.factories import MIA, OLIVIA, OMAR, add_grant, add_key
from tests.unit.bot.commands.conftest import Run

database_url = url_on_both

OPERATOR = Actor.operator("root")
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(seeded: Desk, now: datetime) -> Desk:
    """With three keys, a role of Mia's, and a message that waits."""
    with seeded.database.write() as session:
        for name in ("good", "bad", "ugly"):
            add_key(session, now, name=name)
        add_grant(session, MIA, Role.INTEGRATOR, now)
        session.add(Delivery(channel=Channel.SLACK, lane=MIA, subject="waits", due_at=now, created_at=now))
    return seeded


def ids(desk: Desk) -> dict[str, str]:
    """Keys' ids by name."""
    with desk.database.read() as session:
        return dict(session.execute(select(ApiKey.name, ApiKey.id)).all())


def change_since(desk: Desk, now: datetime) -> None:
    """What happens after the backup: a key is revoked, one suspended, one made, and Mia loses her role."""
    keys = ids(desk)
    desk.write_now(OPERATOR, lambda tx: revoke_key(tx, keys["bad"], reason="It leaked"))
    desk.write_now(OPERATOR, lambda tx: suspend_key(tx, keys["ugly"], reason="Strange calls"))
    mia = Subject(SubjectKind.USER, MIA, "Mia")
    desk.write_now(OPERATOR, lambda tx: revoke_role(tx, mia, Role.INTEGRATOR))
    with desk.database.write() as session:
        add_key(session, now, name="late")


def working(database: Database) -> dict[str, KeyStatus]:
    """States of keys by name."""
    with database.read() as session:
        return {name: KeyStatus(status) for name, status in session.execute(select(ApiKey.name, ApiKey.status))}


def open_roles(database: Database) -> list[tuple[str, Role]]:
    """Who has which role."""
    with database.read() as session:
        found = session.execute(select(Grant.subject_id, Grant.role).where(Grant.ended_at.is_(None)))
        return sorted((who, Role(role)) for who, role in found)


@contextmanager
def restored(file: Path) -> Iterator[Database]:
    """The database in a file."""
    database = Database.from_url(f"sqlite:///{file}", threads=1)
    yield database.of(ORGANIZATION)
    database.close()


def test_a_backup_of_either_database_restores_it(
    keydesk_on: Run, desk: Desk, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a running Keydesk, whatever the database, into an empty one. What has ended since ends again, what waited
    to be sent is held back, and the trail says where it was taken up."""
    file = tmp_path / "backup"
    done = keydesk_on("backup", str(file))
    assert done.exit_code == 0, done.stderr
    head = done.stdout.splitlines()[-1]
    assert file.stat().st_mode & 0o777 == 0o600
    change_since(desk, now)
    lost = desk.read_now(OPERATOR, verify).head
    keys = ids(desk)
    monkeypatch.setenv("KEYDESK_DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    instead = ("--instead-of", str(desk.database.engine.url.render_as_string(hide_password=False)))
    told = keydesk_on("restore", str(file), "--noted", head.removeprefix("head "), *instead, "--yes")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.splitlines() == [
        f"key “bad” ({keys['bad']}) has ended since: it ends again",
        f"key “ugly” ({keys['ugly']}) was suspended since: it is suspended again",
        f"role integrator of {MIA} on all pages was taken away since: it ends again",
        "key “late” was made since: it stops working",
        "1 messages waited to be sent, and may have gone out since: see 'keydesk deliveries list'.",
        f"The backup is in place at {tmp_path / 'new.db'}.",
    ]
    with restored(tmp_path / "new.db") as there:
        assert working(there) == {"good": KeyStatus.ACTIVE, "bad": KeyStatus.REVOKED, "ugly": KeyStatus.SUSPENDED}
        assert open_roles(there) == [(OLIVIA, Role.OWNER), (OMAR, Role.OWNER)]
        with there.read() as session:
            events = session.scalars(select(AuditEvent).where(AuditEvent.action == "organization.restored")).all()
            waits = session.scalars(select(Delivery).where(Delivery.subject == "waits")).one()
        [event] = events
        assert event.data["backup_head"] == head.removeprefix("head ")
        assert event.data["replaced_head"] == f"{lost.seq}:{lost.hash}"
        assert waits.status == DeliveryStatus.DEAD


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_postgresql_is_restored_into_an_empty_database(
    keydesk_on: Run, desk: Desk, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never into one that has rows; and back to where it was where nothing has ended since."""
    file = tmp_path / "backup"
    assert keydesk_on("backup", str(file)).exit_code == 0
    refused = keydesk_on("restore", str(file), "--yes")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("The database to copy to is not empty: it has rows in ")
    monkeypatch.setenv("KEYDESK_DATABASE_URL", empty_database_url)
    told = keydesk_on("restore", str(file), "--yes", "--bring-back")
    assert told.exit_code == 0, told.stderr
    assert told.stdout.startswith("There is no database to compare with: whatever has ended")
    there = Database.from_url(empty_database_url, threads=1).of(ORGANIZATION)
    assert working(there) == working(desk.database)
    there.close()


@ONLY_SQLITE
def test_a_backup_takes_the_place_of_a_file(
    keydesk_on: Run, desk: Desk, database_url: str, now: datetime, tmp_path: Path
) -> None:
    """Not while somebody has it open. The old one is kept, and nothing that SQLite had beside it is read into the
    new one."""
    file, place = tmp_path / "backup", Path(database_url.removeprefix("sqlite:///"))
    assert keydesk_on("backup", str(file)).exit_code == 0
    change_since(desk, now)
    refused = keydesk_on("restore", str(file), "--yes")
    assert refused.exit_code == 1
    assert refused.stderr == f"Somebody has {place} open.\nStop Keydesk first: it would go on with the old one.\n"
    desk.database.close()
    assert keydesk_on("restore", str(file), "--yes", "--bring-back").exit_code == 0
    with restored(place) as there:
        assert working(there) == dict.fromkeys(("good", "bad", "ugly"), KeyStatus.ACTIVE)
    [old] = [path for path in place.parent.iterdir() if ".replaced-" in path.name]
    with restored(old) as there:
        assert "late" in working(there)
    assert {path.name for path in place.parent.iterdir()} == {file.name, place.name, old.name}


@ONLY_SQLITE
def test_what_was_beside_a_lost_file_is_not_read(
    keydesk_on: Run, desk: Desk, database_url: str, now: datetime, tmp_path: Path
) -> None:
    """The file is gone, and its write-ahead log is still there: it belongs to another one."""
    file, place = tmp_path / "backup", Path(database_url.removeprefix("sqlite:///"))
    assert keydesk_on("backup", str(file)).exit_code == 0
    change_since(desk, now)
    log = place.with_name(f"{place.name}-wal")
    assert log.stat().st_size > 0
    left = log.read_bytes()
    desk.database.close()
    place.unlink()
    log.write_bytes(left)
    told = keydesk_on("restore", str(file), "--yes")
    assert told.exit_code == 0, told.stderr
    with restored(place) as there:
        assert working(there) == dict.fromkeys(("good", "bad", "ugly"), KeyStatus.ACTIVE)
        verdict = Desk(there, desk.clock, desk.policy).read_now(OPERATOR, verify)
    assert verdict.is_intact


@ONLY_SQLITE
def test_what_cannot_be_restored_changes_nothing(keydesk_on: Run, desk: Desk, tmp_path: Path) -> None:
    """What is no backup, a part of one, another one than was noted; and nobody who says yes."""
    file, cut, junk = tmp_path / "backup", tmp_path / "cut", tmp_path / "junk"
    assert keydesk_on("backup", str(file)).exit_code == 0
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    junk.write_text("Nothing of ours")
    desk.database.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for name, arguments, said in (
        (junk, (), f"{junk} is no backup of Keydesk, or not a whole one."),
        (cut, (), f"{cut} is no backup of Keydesk, or not a whole one."),
        (tmp_path / "nowhere", (), f"{tmp_path / 'nowhere'} cannot be read: No such file or directory."),
        (file, ("--noted", f"1:{'0' * 64}"), "The audit trail in it is broken."),
    ):
        refused = keydesk_on("restore", str(name), "--yes", *arguments)
        assert refused.exit_code == 1
        assert said in refused.stderr.splitlines()
    asked = keydesk_on("restore", str(file))
    assert asked.stderr == "Nothing was changed.\nAdd --yes where nobody can be asked.\n"
    assert keydesk_on("restore", str(file), "--dry-run").exit_code == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


TAMPERED = {
    "trigger": ("CREATE TRIGGER again AFTER UPDATE ON api_key BEGIN SELECT 1; END",),
    "view": ("CREATE VIEW more AS SELECT * FROM api_key",),
    "table more": ("CREATE TABLE more (a)",),
    "refusals": ("DROP TRIGGER audit_event_refuses_update",),
    "unique index": ("CREATE UNIQUE INDEX more ON api_key (name)",),
    "column": ("ALTER TABLE component ADD COLUMN more AS (name)",),
    "bytes": ("UPDATE page SET name = x'80ff'",),
    "number": ("UPDATE audit_head SET seq = 'many'",),
    "schema": ("INSERT INTO alembic_version VALUES ('0012')",),
    "nobody's": ("PRAGMA foreign_keys = OFF", "UPDATE api_key SET organization_id = 'nobody000000'"),
    "half a sign": ("UPDATE audit_head SET hash = CAST(x'80ff' AS TEXT)",),
}


@ONLY_SQLITE
def test_a_backup_that_was_changed_by_hand_is_refused(keydesk_on: Run, desk: Desk, tmp_path: Path) -> None:
    """What the audit trail does not show: triggers that would undo what is done later, and values of another kind.
    An index more is none."""
    file, place = tmp_path / "backup", tmp_path / "tampered"
    assert keydesk_on("backup", str(file)).exit_code == 0
    for what, statements in TAMPERED.items():
        place.write_bytes(file.read_bytes())
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)
        refused = keydesk_on("restore", str(place), "--dry-run")
        assert refused.exit_code == 1, what
        assert any(words in refused.stderr for words in ("by hand", "no backup", "does not know", "not decode")), what
        assert "Traceback" not in refused.output
    place.write_bytes(file.read_bytes())
    with contextlib.closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE INDEX more ON api_key (name)")
    assert keydesk_on("restore", str(place), "--dry-run").exit_code == 0


@ONLY_SQLITE
@pytest.mark.parametrize("name", ["a%41?b=c#d", "file:backup"])
def test_a_backup_may_be_called_anything(
    keydesk_on: Run, desk: Desk, now: datetime, tmp_path: Path, name: str
) -> None:
    """It is what is read again, and not another file of which its name would be the address."""
    change_since(desk, now)
    done = keydesk_on("backup", str(tmp_path / name))
    assert ", 3 audit events" in done.stdout
    assert keydesk_on("restore", str(tmp_path / name), "--dry-run").exit_code == 0
    assert [path.name for path in tmp_path.glob(".*")] == []


@ONLY_SQLITE
def test_what_is_no_file_is_no_backup(keydesk_on: Run, desk: Desk, tmp_path: Path) -> None:
    """A device has no end, and a file that is larger than what is free would fill the disk."""
    large = tmp_path / "large"
    with large.open("wb") as opened:
        opened.truncate(1 << 42)
    for file in ("/dev/zero", str(tmp_path), str(large)):
        refused = keydesk_on("restore", file, "--yes")
        assert (refused.exit_code, f"{file} cannot be read: " in refused.stderr) == (1, True)
    assert [path.name for path in tmp_path.glob(".*")] == []


@ONLY_SQLITE
def test_a_backup_is_never_written_over(keydesk_on: Run, desk: Desk, tmp_path: Path) -> None:
    """Nor left half written where it cannot be."""
    file = tmp_path / "backup"
    file.write_text("precious")
    assert keydesk_on("backup", str(file)).stderr.startswith(f"There is a file {file} already.\n")
    assert file.read_text() == "precious"
    for nowhere in (tmp_path / "no" / "backup", tmp_path / ("x" * 300)):
        assert keydesk_on("backup", str(nowhere)).stderr.startswith(f"{nowhere} cannot be written: ")
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    link.symlink_to(elsewhere)
    assert keydesk_on("backup", str(link)).exit_code == 1
    assert not elsewhere.exists()


@pytest.mark.parametrize("empty_database_url", ["postgresql", "sqlite"], indirect=True)
@ONLY_SQLITE
def test_a_database_is_copied_into_another(
    keydesk: Run, desk: Desk, database_url: str, empty_database_url: str
) -> None:
    """Once: what has rows is refused, and so is what is no address."""
    done = keydesk("db", "copy", database_url, empty_database_url)
    assert done.exit_code == 0, done.stderr
    assert "rows are there, each as it is here, and the audit trail is whole." in done.stdout
    there = Database.from_url(empty_database_url, threads=1).of(ORGANIZATION)
    assert working(there) == working(desk.database)
    there.close()
    again = keydesk("db", "copy", database_url, empty_database_url)
    assert again.stderr.splitlines()[0].startswith("The database to copy to is not empty: ")
    for nonsense in ("nonsense", "", "mysql://a/b", "postgresql://u:p@host:port/x", "sqlite://", "sqlite:///a%00b"):
        for words in (("db", "copy", database_url, nonsense), ("db", "copy", nonsense, database_url)):
            assert keydesk(*words).stderr.startswith("That is no address of a database.\n"), nonsense
