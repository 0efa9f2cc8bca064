"""A session of one organization: what it sees, makes and refuses, whatever the statement."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Select,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError, NoResultFound, StatementError
from sqlalchemy.orm import Session, aliased

from storage.database import Database
from storage.models import (
    AuditEvent,
    Base,
    Incident,
    JobRun,
    Member,
    MessageSubject,
    Organization,
    Page,
    Revision,
    SlackMessage,
)
from storage.models.base import InOrganization
from storage.organizations import GLOBAL, OF_EVERY_ORGANIZATION, THROUGH_PARENT, OrganizationError, organization_of
from tests.databases import ORGANIZATION, begin_other
from tests.databases import OTHER_ORGANIZATION as OTHER
from tests.organizations import reaches_beyond
from tests.unit.storage.full_database import fill_tables

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLASSES = (mapper.class_ for mapper in Base.registry.mappers)
MODELS: list[type[Any]] = sorted((one for one in CLASSES if issubclass(one, InOrganization)), key=str)


@pytest.fixture
def database(database: Database) -> Database:
    """A database of two organizations, each with a row in every table; the second has one page more."""
    begin_other(database)
    with database.everywhere.write() as session:
        for number, organization_id in enumerate((ORGANIZATION, OTHER)):
            skip = {"organization", "audit_head", *GLOBAL}
            fill_tables(session.connection(), Base.metadata, organization_id, skip=skip, first=1 + number * 5000)
        session.add(Page(id="another00001", organization_id=OTHER, name="Two", created_at=NOW, updated_at=NOW))
    return database


@pytest.fixture
def other(database: Database) -> Database:
    """The same as the second organization sees it."""
    return database.of(OTHER)


def names_of(model: type[Any]) -> list[str]:
    """What its primary key is made of."""
    return [str(column.key) for column in inspect(model).primary_key]


def key_of(row: Any) -> tuple[Any, ...]:
    """A row's whole primary key."""
    return tuple(inspect(row).identity)


def keys_of(database: Database, model: type[Any], organization_id: str) -> list[tuple[Any, ...]]:
    """The primary keys of an organization's rows, read without any restriction."""
    with database.everywhere.read() as session:
        rows = session.scalars(select(model).where(model.organization_id == organization_id)).all()
        return sorted(map(key_of, rows), key=repr)


def test_every_table_has_its_place() -> None:
    """Each table has the column, hangs on a table that has it, or is of no organization by nature: a new one too."""
    own = {model.__tablename__ for model in MODELS}
    assert own | set(THROUGH_PARENT) | set(GLOBAL) == set(Base.metadata.tables)
    assert len(own) + len(THROUGH_PARENT) + len(GLOBAL) == len(Base.metadata.tables)
    assert not any(Base.metadata.tables[name].c.organization_id.nullable for name in own - {"organization"})


def test_names_that_others_give_are_unique_within_an_organization() -> None:
    """Slack's ids, dates and tokens of forms; global are our own random ids, addresses and the digests of secrets."""
    kept: set[tuple[str, ...]] = set()
    for table in Base.metadata.tables.values():
        groups = [table.primary_key.columns, *(index.columns for index in table.indexes if index.unique)]
        groups += [one.columns for one in table.constraints if isinstance(one, UniqueConstraint)]
        names = [tuple(column.name for column in group) for group in groups]
        kept |= {(table.name, *group) for group in names if "organization_id" not in group and group != ("id",)}
    assert kept == {
        ("api_key", "sha256"),
        ("api_key", "ticket_id"),
        ("api_post", "key_id", "fingerprint"),
        ("delivery", "channel", "lane"),
        ("delivery_lane", "channel", "lane"),
        ("incident", "number"),
        ("incident_component", "incident_id", "component_id"),
        ("key_request_approval", "request_id", "approver_id"),
        ("key_use", "key_id"),
        ("key_use_day", "key_id", "day"),
        ("message_subject", "message_id", "kind", "subject_id"),
        ("page", "domain"),
        ("page", "subdomain"),
        ("incident", "upstream_id", "page_id"),
        ("page_address", "path"),
        ("page_move", "page_id"),
        ("revision", "topic"),
        ("role_grant", "role", "subject_kind", "subject_id", "page_id"),
        ("upstream_post", "key_id", "fingerprint"),
    }


def test_a_select_finds_own_rows_alone(database: Database, other: Database) -> None:
    """Whole rows, columns, counts, and the same within another statement, of every table that there is."""
    for model in MODELS:
        own = keys_of(database, model, OTHER)
        named = getattr(model, names_of(model)[0])
        with other.read() as session:
            assert sorted(map(key_of, session.scalars(select(model))), key=repr) == own
            assert session.scalar(select(func.count()).select_from(model)) == len(own)
            assert len(session.execute(select(named)).all()) == len(own)
            assert len(session.scalars(select(named).where(named.in_(select(named)))).all()) == len(own)
            assert session.query(model).filter(named.is_not(None)).count() == len(own)


def test_a_row_of_another_organization_is_not_there(database: Database, other: Database) -> None:
    """Asked for by its whole key, with a lock or without, of whatever table: there is nothing."""
    for model in MODELS:
        whole = dict(zip(names_of(model), keys_of(database, model, ORGANIZATION)[0], strict=True))
        with other.write() as session:
            assert session.get(model, whole) is None
            assert session.get(model, whole, with_for_update=True, populate_existing=True) is None
            with pytest.raises(NoResultFound):
                session.get_one(model, whole)


def test_a_row_is_the_same_however_it_is_named(database: Database) -> None:
    """Of whatever table: asked for by the parts of its key or by their names it is one object, as the database has it
    again once it is out of date, with what was not written yet, and nothing once it is deleted."""
    own = database.of(ORGANIZATION)
    for model in MODELS:
        whole = dict(zip(names_of(model), keys_of(database, model, ORGANIZATION)[0], strict=True))
        parts = tuple(value for name, value in whole.items() if name != "organization_id") or (ORGANIZATION,)
        with own.write() as session:
            row = session.get_one(model, parts)
            assert session.get(model, whole) is row
            session.expire(row)
            assert session.get(model, parts) is row
    with own.write() as session:
        page = Page(id="another00002", name="New", created_at=NOW, updated_at=NOW)
        session.add(page)
        assert session.get(Page, "another00002") is page
        session.delete(page)
        session.flush()
        assert session.get(Page, "another00002") is None


@pytest.mark.parametrize("sync", ["auto", "fetch", False])
def test_an_update_or_delete_leaves_others_alone(database: Database, other: Database, sync: object) -> None:
    """A statement without any condition changes own rows; one that names another organization's row does nothing."""
    # The database refuses to change any audit event.
    for model in (one for one in MODELS if one is not AuditEvent):
        theirs, own = keys_of(database, model, ORGANIZATION), keys_of(database, model, OTHER)
        names = names_of(model)
        same = {names[0]: getattr(model, names[0])}
        foreign = [getattr(model, name) == value for name, value in zip(names, theirs[0], strict=True)]
        with other.write() as session:
            known = session.scalars(select(model)).all()
            for statement, count in (
                (update(model).values(same), len(own)),
                (update(model).where(*foreign).values(same), 0),
                (delete(model).where(*foreign), 0),
            ):
                result: Any = session.execute(statement, execution_options={"synchronize_session": sync})
                assert (model, result.rowcount) == (model, count)
            assert len(known) == len(own)
        assert keys_of(database, model, ORGANIZATION) == theirs
        assert keys_of(database, model, OTHER) == own


ELSEWHERE = aliased(Page)
DEEP: tuple[Select[Any], ...] = (
    select(ELSEWHERE.id),
    select(ELSEWHERE.id).where(ELSEWHERE.name != ""),
    select(Page.id).join(Incident, Incident.page_id == Page.id),
    select(ELSEWHERE.id).select_from(Organization).outerjoin(ELSEWHERE, literal(True)),
    select(Page.id).where(exists().where(ELSEWHERE.id == Page.id)),
    select(Page.id).where(Page.id.in_(select(ELSEWHERE.id).scalar_subquery())),
    select(select(ELSEWHERE.id.label("id")).subquery().c.id),
    select(select(ELSEWHERE.id.label("id")).cte().c.id),
)


def test_a_select_is_restricted_however_deep(database: Database, other: Database) -> None:
    """Whatever part of a statement names a table, it sees own rows alone."""
    own = {key for (key,) in keys_of(database, Page, OTHER)}
    with other.read() as session:
        for statement in DEEP:
            found = set(session.scalars(statement))
            assert found
            assert found <= own


def test_nobody_learns_whether_others_have_a_row(database: Database, other: Database) -> None:
    """EXISTS, subqueries and conditions on a row of somebody else find none."""
    [(theirs,)] = keys_of(database, Page, ORGANIZATION)
    with other.read() as session:
        assert session.scalar(select(exists().where(Page.id == theirs))) is False
        assert session.scalar(select(select(func.count(Page.id)).where(Page.id == theirs).scalar_subquery())) == 0
        assert session.scalar(select(literal(1)).where(Page.id == theirs)) is None


def test_parts_of_a_union_are_restricted_each(database: Database, other: Database) -> None:
    """Also where the whole is no statement of the ORM."""
    both = union_all(select(Page.id), select(Incident.page_id))
    own = {key for (key,) in keys_of(database, Page, OTHER)}
    with other.read() as session:
        assert set(session.scalars(both)) == own
        assert set(session.scalars(select(both.subquery().c.id))) == own


def test_an_update_looks_at_own_rows_alone_in_its_condition(database: Database, other: Database) -> None:
    """A subquery within an UPDATE or DELETE sees no more than a SELECT does."""
    [(theirs,)] = keys_of(database, Page, ORGANIZATION)
    is_there = exists().where(ELSEWHERE.id == theirs)
    with other.write() as session:
        for sync in ("fetch", False):
            options = {"synchronize_session": sync}
            changed: Any = session.execute(
                update(Incident).where(is_there).values(name="x"), execution_options=options
            )
            deleted: Any = session.execute(delete(JobRun).where(is_there), execution_options=options)
            assert (changed.rowcount, deleted.rowcount) == (0, 0)


def test_two_sessions_at_once_see_each_its_own(database: Database, other: Database) -> None:
    """Open in one thread, one within the other: neither sees, or has at hand, what the other has read."""
    with database.read() as ours, other.read() as theirs:
        assert ours.get_one(Organization, ORGANIZATION).id == ORGANIZATION
        assert theirs.get(Organization, ORGANIZATION) is None
        assert len(ours.scalars(select(Page)).all()) == 1
        assert len(theirs.scalars(select(Page)).all()) == 2
        assert ours.get(Organization, OTHER) is None


def test_the_same_name_may_be_in_two_organizations(database: Database, other: Database) -> None:
    """A person of two workspaces is one of each, and a change of one leaves the other."""
    both = {"user_id": "U0BOTH", "team_id": "T1", "handle": "b", "synced_at": NOW}
    for one in (database, other):
        with one.write() as session:
            session.add(Member(name=organization_of(session), **both))
    with other.write() as session:
        member = session.get_one(Member, "U0BOTH")
        member.name = "Changed"
        session.flush()
        session.refresh(member)
        assert member.organization_id == OTHER
    with database.read() as session:
        assert session.get_one(Member, "U0BOTH").name == ORGANIZATION
    with other.write() as session:
        session.delete(session.get_one(Member, "U0BOTH"))
    with database.read() as session:
        assert session.get(Member, "U0BOTH") is not None


def test_new_rows_are_the_organization_s(other: Database) -> None:
    """Made as objects, in bulk, one by one, or by an INSERT that claims another organization."""
    message = SlackMessage(id="m1", kind="k", subject_id="s", conversation="C1", facts={}, created_at=NOW)
    run = {"job": "j", "claimed_by": "w", "lease_until": NOW}
    with other.write() as session:
        session.add(message)
        assert message.organization_id == OTHER
        session.flush()
        rows = [{"message_id": "m1", "kind": "key", "subject_id": str(number)} for number in range(2)]
        session.execute(insert(MessageSubject), rows)
        session.execute(insert(JobRun), {"period": "1", **run})
        session.execute(insert(JobRun).values(period="2", **run))
        session.execute(insert(JobRun).values(period="3", organization_id=ORGANIZATION, **run))
        subjects = session.scalars(select(MessageSubject).where(MessageSubject.message_id == "m1")).all()
        runs = session.scalars(select(JobRun).where(JobRun.job == "j")).all()
    assert [row.organization_id for row in subjects] == [OTHER] * 2
    assert [row.organization_id for row in runs] == [OTHER] * 3


def test_a_row_of_another_organization_cannot_be_brought_in(database: Database, other: Database) -> None:
    """Neither a new one nor one that another session has read: to be changed, deleted or merged."""
    with database.read() as session:
        theirs = session.scalars(select(Page)).one()
    brought: tuple[Callable[[Session], object], ...] = (
        lambda session: session.add(Page(id="x", organization_id=ORGANIZATION, name="X")),
        lambda session: session.add(theirs),
        lambda session: session.delete(theirs),
        lambda session: session.merge(theirs),
    )
    for bring in brought:
        with pytest.raises(OrganizationError), other.write() as session:
            bring(session)
    with database.read() as session:
        assert session.scalars(select(Page)).one().name == theirs.name


REFUSED: tuple[Callable[[Session, type[Any]], object], ...] = (
    lambda session, model: session.scalars(select(model)).all(),
    lambda session, model: session.get(model, dict.fromkeys(names_of(model), 1)),
    lambda session, model: session.scalar(select(exists().where(getattr(model, names_of(model)[0]).is_(None)))),
    lambda session, model: session.execute(update(model).values(organization_id=OTHER)),
    lambda session, model: session.execute(delete(model)),
    lambda session, model: session.execute(insert(model), {}),
    lambda session, model: session.add(model()),
)


def test_a_session_of_no_organization_refuses(database: Database) -> None:
    """Whoever forgot to say whose rows are meant gets none, and writes none, of whatever table."""
    nowhere = Database(database.engine)
    for model in MODELS:
        for work in REFUSED:
            refused = pytest.raises((OrganizationError, StatementError), match="of no organization")
            with refused, nowhere.write() as session:
                work(session, model)


def test_what_belongs_to_no_organization_needs_none(database: Database) -> None:
    """Counters of changes can be read and counted by anybody."""
    with Database(database.engine).write() as session:
        session.execute(update(Revision).values(value=Revision.value + 1))
        assert session.scalars(select(Revision)).all()
        with pytest.raises(OrganizationError):
            organization_of(session)


def test_everything_is_seen_where_that_is_said(database: Database, other: Database) -> None:
    """By a session of all organizations, in which a new row must say whose it is, and by a statement that says so."""
    with database.everywhere.read() as session:
        assert len(session.scalars(select(Page)).all()) == 3
        with pytest.raises(OrganizationError):
            organization_of(session)
    with other.read() as session:
        assert len(session.scalars(select(Page), execution_options=OF_EVERY_ORGANIZATION).all()) == 3
        assert len(session.scalars(select(Page).execution_options(**OF_EVERY_ORGANIZATION)).all()) == 3
        assert len(session.scalars(select(Page)).all()) == 2
    page = Page(id="x", name="X", created_at=NOW, updated_at=NOW)
    with pytest.raises(IntegrityError), database.everywhere.write() as session:
        session.add(page)


@pytest.mark.parametrize(
    ("statement", "reaches"),
    [
        ("SELECT page.id FROM page WHERE page.id = ?", True),
        ("SELECT page.id FROM page WHERE page.organization_id = ?", False),
        ("SELECT p.id FROM page AS p, incident WHERE p.organization_id = ?", True),
        ("SELECT 1 FROM page JOIN incident ON incident.organization_id = ? WHERE page.organization_id = ?", False),
        ("SELECT organization.name FROM organization", True),
        ("SELECT organization.name FROM organization WHERE organization.id = ?", False),
        ("UPDATE page SET name=? WHERE page.id = ?", True),
        ("DELETE FROM page WHERE page.organization_id = ?", False),
        ("INSERT INTO page (id, name) VALUES (?, ?)", True),
        ("INSERT INTO page (id, organization_id) VALUES (?, ?)", False),
        ("INSERT INTO page (id, organization_id) VALUES (?, ?) RETURNING page.id, page.name", False),
        ("SELECT revision.value FROM revision", False),
        ("SELECT page.id FROM page WHERE 0 = 1 ORDER BY page.id", False),
    ],
)
def test_what_reaches_beyond_an_organization_is_noticed(statement: str, reaches: bool) -> None:
    """By the watch that stands over every test of this suite."""
    assert reaches_beyond(statement) is reaches


def test_the_condition_does_not_lead_away_from_a_better_index(database: Database, other: Database) -> None:
    """SQLite looks events up by what they are about and by what happened, not through all of an organization's."""
    if database.engine.dialect.name != "sqlite":
        return
    looks = {
        "ix_audit_event_action": "action = 'key.kept' AND organization_id = 'o'",
        "ix_audit_event_subject": "subject_kind = 'key' AND subject_id = 'k' AND organization_id = 'o' ORDER BY seq",
    }
    with other.read() as session:
        for index, condition in looks.items():
            plan = text(f"EXPLAIN QUERY PLAN SELECT * FROM audit_event WHERE {condition}")  # noqa: S608
            assert index in session.execute(plan).all()[0][3]


def test_no_index_begins_with_the_organization(database: Database) -> None:
    """SQLite takes one that does for the best way to whatever is asked: nearly all databases hold one organization,
    whose rows it would look at one by one. A lone exception is the audit trail, which is read in its own order."""
    if database.engine.dialect.name != "sqlite":
        return
    beginning = set()
    with database.everywhere.read() as session:
        for table in Base.metadata.tables:
            for index in session.execute(text("SELECT name FROM pragma_index_list(:of)"), {"of": table}).scalars():
                named = text("SELECT name FROM pragma_index_info(:of) ORDER BY seqno")
                columns = session.execute(named, {"of": index}).scalars().all()
                if columns[0] == "organization_id" and len(columns) > 1:
                    beginning.add(table)
    assert beginning == {"audit_event"}
