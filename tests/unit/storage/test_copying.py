"""All rows of a database in another one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, delete, func, select, update

from storage import schema
from storage.copying import CopyDiffersError, copy_rows, find_rows, marks_of_change, one_moment, require_same
from storage.database import Database
from storage.models import ApiKey, Base, Channel, Component, Delivery, Member, Revision
from tests.clock import MONDAY_MORNING
from tests.databases import ORGANIZATION, Prepared
from tests.factories import MIA, add_member
from tests.unit.storage.full_database import fill_tables

# There from the beginning.
PLANTED = {"revision", "organization", "audit_head"}


@pytest.fixture
def full(database: Database) -> Database:
    """A database with a row in each table, and with children that stand before their parents."""
    with database.engine.begin() as connection:
        fill_tables(connection, Base.metadata, ORGANIZATION, skip=PLANTED)
        components, keys = (Base.metadata.tables[kind.__tablename__] for kind in (Component, ApiKey))
        for table in (components, keys):
            row = dict(connection.execute(select(table)).mappings().one())
            its_own = next(key.parent.name for key in table.foreign_keys if key.column.table is table)
            unique = {"sha256": "f" * 64} if table is keys else {}
            connection.execute(table.insert().values(row | unique | {"id": "000000000000", its_own: row["id"]}))
    return database


@pytest.fixture(scope="module")
def upgraded(prepared: Prepared) -> Prepared:
    """A database with the tables, and without a row."""
    with closing(Database.from_url(prepared.url, threads=1)) as database:
        schema.upgrade(database.engine)
    return prepared


@pytest.fixture
def target(upgraded: Prepared, tmp_path: Path) -> Iterator[Database]:
    """A copy of it."""
    folder = tmp_path / "target"
    folder.mkdir()
    with upgraded.copied(folder) as url, closing(Database.from_url(url, threads=1)) as database:
        yield database


def test_everything_is_copied(full: Database, target: Database) -> None:
    """Each row of each table, from either kind of database into either, with links to rows that come later; and the
    target counts on from there."""
    told: list[tuple[str, int, int]] = []
    with one_moment(full.engine) as here, target.engine.begin() as there:
        assert find_rows(there) is None
        copied = copy_rows(here, there, lambda *progress: told.append(progress))
        require_same(here, there)
        assert marks_of_change(here) == marks_of_change(there)
        assert find_rows(there) is not None
        counts = {table.name: _count(here, table) for table in Base.metadata.sorted_tables}
        assert {table.name: _count(there, table) for table in Base.metadata.sorted_tables} == counts
    assert min(counts.values()) > 0
    assert copied == sum(counts.values())
    assert [one for one in told if one[1] == one[2]] == [(name, count, count) for name, count in counts.items()]
    with target.of(ORGANIZATION).write() as session:
        newest = session.scalars(select(func.max(Delivery.id))).one()
        session.add(
            Delivery(channel=Channel.SLACK, lane="C1", subject="s", due_at=MONDAY_MORNING, created_at=MONDAY_MORNING)
        )
        session.flush()
        assert session.scalars(select(func.max(Delivery.id))).one() > newest


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)
def test_a_difference_is_found(full: Database, target: Database) -> None:
    """A value that is another one, a row that is missing, and one too many are told with their table."""
    with one_moment(full.engine) as here, target.engine.begin() as there:
        copy_rows(here, there)
        change = there.begin_nested()
        there.execute(update(ApiKey).where(ApiKey.id == "000000000000").values(name="another"))
        with pytest.raises(CopyDiffersError, match=r"api_key \('000000000000',\) differs in name\."):
            require_same(here, there)
        change.rollback()
        change = there.begin_nested()
        there.execute(delete(ApiKey).where(ApiKey.id == "000000000000"))
        with pytest.raises(CopyDiffersError, match=r"api_key has 2 rows here and 1 there\."):
            require_same(here, there)
        change.rollback()
        require_same(here, there)


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)
def test_the_copy_is_of_one_moment(database: Database, target: Database) -> None:
    """What is written while it is copied is not in it, in no table; and it shows in what grows with each change."""
    with one_moment(database.engine) as here, target.engine.begin() as there:
        before = marks_of_change(here)
        with database.write() as session:
            add_member(session, MIA, MONDAY_MORNING)
            session.execute(update(Revision).values(value=Revision.value + 1))
        copy_rows(here, there)
        require_same(here, there)
        assert there.execute(select(Member.user_id)).all() == []
        assert marks_of_change(here) == before
    with one_moment(database.engine) as here:
        assert marks_of_change(here) != before


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
