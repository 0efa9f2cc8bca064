"""What the migration to organizations makes of a database with a row in every table."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, select, text
from sqlalchemy.exc import DBAPIError

from desk.audit.chain import verify
from desk.audit.trail import Action, event_hash, record
from desk.pages.pages import find_organization
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage import schema
from storage.beginning import open_organization
from storage.database import Database
from storage.engine import make_engine
from storage.models import Base, Channel, Delivery, Organization
from storage.organizations import GLOBAL
from tests.clock import HeldClock
from tests.databases import ORGANIZATION, Prepared
from tests.unit.storage.earlier_database import LONG_AGO, at_revision
from tests.unit.storage.full_database import fill_tables

BEFORE = "0003"
LAST = 9000
ACTOR = Actor.operator("test")
Rows = Mapping[str, list[dict[str, Any]]]


def rows_of(database: Database) -> Rows:
    """Every row of every table, as its columns say."""
    metadata = MetaData()
    with database.engine.connect() as connection:
        metadata.reflect(connection)
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in metadata.tables.items()
            if name != "alembic_version"
        }


def fill(url: str, *, has_organization: bool = True) -> None:
    """A database of the release before, with a row in every table and a chain of events."""
    with at_revision(url, BEFORE, has_organization=has_organization) as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        skip = {"alembic_version", "organization", "revision", "audit_event", "audit_head"}
        if not has_organization:
            # All that there can be before anybody has named one: what needs no page.
            skip |= set(metadata.tables) - {"member", "job_run", "seen_event", "role_grant"}
        fill_tables(connection, metadata, ORGANIZATION, skip=skip)
        _use_up_numbers(connection)
        events, head = metadata.tables["audit_event"], "0" * 64
        for seq in range(1, 4):
            event: dict[str, Any] = {"seq": seq, "at": LONG_AGO, "actor": str(ACTOR), "action": "key.kept"}
            event |= {"subject_kind": "key", "subject_id": "k", "data": {"number": seq}, "previous_hash": head}
            head = event_hash(**event)
            connection.execute(events.insert().values(hash=head, **event))
        connection.execute(metadata.tables["audit_head"].update().values(seq=3, hash=head))


ADDED_LATER: dict[str, dict[str, object]] = {
    "key_use": {"failed": 0, "last_failed_at": None},
    "key_use_day": {"failed": 0},
    "slack_message": {"audience": None},
    "incident_draft": {"kept_until": None, "on_behalf_of": None, "edited_by": None},
    "page": {
        "api_posts": "publish",
        "backend": "local",
        "entries_address": None,
        "reminder_intervals": None,
        "version": 1,
    },
    "member": {"forgotten_at": None},
    "component": {"retired_at": None, "version": 1},
    "api_key": {"components": None, "networks": None, "revision": 0, "is_imported": False},
    "key_request": {
        "replaces_id": None,
        "grace_seconds": None,
        **dict.fromkeys(("components", "networks", "granted_components", "granted_networks")),
    },
    "incident_component": {"holds": None},
    "digest": {"beyond": None},
    "incident": {"upstream_id": None},
    "incident_update": {"upstream_id": None},
}
"""What later migrations add to the rows that were there, by table."""
NEW_ROWS: dict[str, list[dict[str, object]]] = {
    "revision": [{"topic": "upstreams", "value": 0}, {"topic": "elsewhere", "value": 0}]
}
"""Rows that later migrations make."""


def _use_up_numbers(connection: Connection) -> None:
    """Deliveries up to `LAST` were made and forgotten."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('delivery', 'id'), {LAST})"))
    else:
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'delivery'"))
        connection.execute(text(f"INSERT INTO sqlite_sequence VALUES ('delivery', {LAST})"))  # noqa: S608


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A database with a row in every table that was brought to the newest schema, and what it held before."""

    prepared: Prepared
    before: Rows


@pytest.fixture(scope="module")
def upgraded(prepared: Prepared) -> Upgraded:
    """See `Upgraded`."""
    fill(prepared.url)
    with closing(Database.from_url(prepared.url)) as database:
        before = rows_of(database)
        schema.upgrade(database.engine)
    return Upgraded(prepared, before)


@pytest.fixture
def database(upgraded: Upgraded, tmp_path: Path) -> Iterator[Database]:
    """A copy of it."""
    with upgraded.prepared.copied(tmp_path) as url, closing(Database.from_url(url)) as database:
        yield database.of(ORGANIZATION)


def test_every_row_is_kept_and_has_the_organization(upgraded: Upgraded, database: Database) -> None:
    """The one that there was, with its id; nothing else of any row is changed, and no row is gone."""
    before, after = upgraded.before, rows_of(database)
    assert after.keys() == before.keys() | {
        *(
            "api_post",
            "moved_thing",
            "page_address",
            "page_move",
            "upstream",
            "upstream_change",
            "upstream_key",
            "upstream_post",
            "upstream_warning",
        )
    }
    for name, rows in before.items():
        assert rows, name
        own: dict[str, object] = {} if name in {"organization", *GLOBAL} else {"organization_id": ORGANIZATION}
        own |= ADDED_LATER.get(name, {})
        gone = {"id"} if name == "audit_head" else set()
        kept = [{key: value for key, value in row.items() if key not in gone} | own for row in rows]
        kept += NEW_ROWS.get(name, [])
        assert sorted(after[name], key=_in_order) == sorted(kept, key=_in_order)


def _in_order(row: Mapping[str, Any]) -> str:
    return repr(sorted(row.items()))


def test_the_audit_trail_verifies_and_goes_on(database: Database, clock: HeldClock) -> None:
    """Events of before are whole as they were recorded; new ones follow; nobody can change either."""
    desk = Desk(database, clock, Policy())
    desk.write_now(ACTOR, lambda tx: record(tx, Action.KEY_KEPT, "key", "k"))
    verdict = desk.read_now(ACTOR, verify)
    assert verdict.problems == ()
    assert verdict.events == 4
    for change in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
            session.execute(text(change))


def test_what_is_owed_keeps_counting(database: Database) -> None:
    """The number of a delivery that is gone is not given again."""
    with database.write() as session:
        owed = Delivery(channel=Channel.SLACK, lane="C1", subject="m", due_at=LONG_AGO, created_at=LONG_AGO)
        session.add(owed)
        session.flush()
        assert owed.id == LAST + 1


def test_the_tables_are_those_of_the_models(database: Database, tmp_path: Path) -> None:
    """Columns, keys, constraints, checks and indexes, also where SQLite had to make a table anew."""
    assert schema.list_differences(database.engine) == []
    if database.engine.dialect.name == "sqlite":
        fresh = make_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
        Base.metadata.create_all(fresh)
        assert definitions_of(database.engine) == definitions_of(fresh)
        fresh.dispose()


def definitions_of(engine: Engine) -> Mapping[str, list[str]]:
    """The lines that made each table and index, in whatever order; defaults of an older release do not count."""
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type != 'trigger'")
        )
        return {
            name: sorted(filter(None, map(_definition, re.split(r"\n|, (?=\w+ [A-Z])", sql))))
            for name, sql in found
            if name not in {"alembic_version", "sqlite_sequence"} | schema.WRITTEN_AS_TEXT
        }


def _definition(line: str) -> str:
    """Without what ends the statement: where a column was added later, that stands behind it."""
    line = re.sub(r" DEFAULT \S+|\"", "", line).strip(" ,\t")
    return line.removesuffix(")") if line.count(")") > line.count("(") else line


def test_rows_still_cannot_point_to_nothing(database: Database) -> None:
    """The databases' own checks are on again after the migration."""
    orphan = "INSERT INTO key_request_approval SELECT 'nothing', 'U', created_at, organization_id FROM key_request"
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), database.write() as session:
        session.execute(text(orphan))


def test_rows_without_an_organization_get_one(empty_database_url: str, clock: HeldClock) -> None:
    """Who granted roles before anything had a name finds them again, in an organization that has none yet."""
    fill(empty_database_url, has_organization=False)
    database = Database.from_url(empty_database_url)
    schema.upgrade(database.engine)
    organization_id = open_organization(database, clock.now(), wanted="wanted000001")
    assert organization_id != "wanted000001"
    assert len(organization_id) == 12
    desk = Desk(database.of(organization_id), clock, Policy())
    after = rows_of(database)
    assert {row["organization_id"] for name in ("member", "job_run", "seen_event") for row in after[name]} == {
        organization_id
    }
    assert desk.read_now(ACTOR, lambda tx: find_organization(tx.session)) is None
    assert desk.read_now(ACTOR, verify).is_intact
    database.close()


def test_an_empty_database_begins_with_the_first_start(empty_database_url: str, clock: HeldClock) -> None:
    """There is no organization until then; whoever opens it first says which id it has, and a second start agrees."""
    database = Database.from_url(empty_database_url)
    schema.upgrade(database.engine)
    with database.everywhere.read() as session:
        assert session.scalars(select(Organization)).all() == []
    assert open_organization(database, clock.now(), wanted="wanted000001") == "wanted000001"
    assert open_organization(database, datetime.now(UTC), wanted="another00001") == "wanted000001"
    desk = Desk(database.of("wanted000001"), clock, Policy())
    desk.write_now(ACTOR, lambda tx: record(tx, Action.KEY_KEPT, "key", "k"))
    assert desk.read_now(ACTOR, verify).problems == ()
    database.close()
