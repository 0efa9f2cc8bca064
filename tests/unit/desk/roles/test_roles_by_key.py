"""Keys that grant and revoke: on their pages, what their holders have, and never ownership or to themselves."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import NotAllowedError
from desk.people import Subject
from desk.roles.lists import list_grants
from desk.roles.roles import GrantOutcome, grant_role, revoke_grant, revoke_role
from desk.transaction import Actor, Desk, Transaction
from storage.models import Grant, Role, SubjectKind, UserGroup, UserGroupMember
from tests.databases import both_databases
from tests.factories import INES, MAX, OLIVIA, add_grant, add_key, add_member, add_owner, add_page

OPERATOR = Actor.operator("test")
GROUP = "S0PLATFORM"
TO_MAX = Subject(SubjectKind.USER, MAX, "Max")


@pytest.fixture
def pages(desk: Desk) -> tuple[str, str]:
    """Two pages; Olivia is an owner, Ines manages incidents on the first page and is in a group, Max is a member."""

    def prepare(tx: Transaction) -> tuple[str, str]:
        one, two = (add_page(tx.session, tx.now, name=name, subdomain=name).id for name in ("one", "two"))
        add_owner(tx.session, OLIVIA, tx.now, name="Olivia")
        for user_id, name in ((INES, "Ines"), (MAX, "Max")):
            add_member(tx.session, user_id, tx.now, name=name)
        add_grant(tx.session, INES, Role.INCIDENT_MANAGER, tx.now, page_id=one)
        tx.session.add(UserGroup(group_id=GROUP, handle="platform", name="Platform"))
        tx.session.flush()
        tx.session.add(UserGroupMember(group_id=GROUP, user_id=INES))
        return one, two

    return desk.write_now(OPERATOR, prepare)


def key(desk: Desk, **values: Any) -> Actor:
    """A new key that manages people, as an actor; Ines answers for it."""
    given = {"scopes": ["users:write"], "holder_id": INES} | values
    return Actor.key(desk.write_now(OPERATOR, lambda tx: add_key(tx.session, tx.now, **given).id))


def grant(desk: Desk, actor: Actor, role: Role, page_id: str | None, to: Subject = TO_MAX) -> Any:
    """Give a role by a key."""
    return desk.write_now(actor, lambda tx: grant_role(tx, to, role, page_id=page_id)).grant


def test_a_key_gives_and_takes_what_its_holder_has_there(desk: Desk, pages: tuple[str, str]) -> None:
    """On that page, and no other role and no other page; and no more once the holder has it no more."""
    one, two = pages
    actor = key(desk)
    made = grant(desk, actor, Role.INCIDENT_MANAGER, one)
    assert made.created_by == str(actor)
    beyond = ((Role.PAGE_CONFIGURATION, one), (Role.INCIDENT_MANAGER, two), (Role.INCIDENT_MANAGER, None))
    for role, page_id in beyond:
        with pytest.raises(NotAllowedError, match="does not have the role"):
            grant(desk, actor, role, page_id)
    desk.write_now(actor, lambda tx: revoke_role(tx, TO_MAX, Role.INCIDENT_MANAGER, one))
    own = Subject(SubjectKind.USER, INES, "Ines")
    desk.write_now(Actor.member(OLIVIA), lambda tx: revoke_role(tx, own, Role.INCIDENT_MANAGER))
    with pytest.raises(NotAllowedError, match="does not have the role"):
        grant(desk, actor, Role.INCIDENT_MANAGER, one)


@both_databases
def test_a_key_stays_on_its_pages(desk: Desk, pages: tuple[str, str]) -> None:
    """An owner's key for one page grants there alone, and takes nothing elsewhere; it is shown what holds there."""
    one, two = pages
    actor = key(desk, holder_id=OLIVIA, pages=[one])
    grant(desk, actor, Role.MAINTENANCE_MANAGER, one)
    there = grant(desk, Actor.member(OLIVIA), Role.MAINTENANCE_MANAGER, two)
    everywhere = grant(desk, Actor.member(OLIVIA), Role.MAINTENANCE_MANAGER, None)
    for page_id in (two, None):
        with pytest.raises(NotAllowedError, match=r"every page|all pages"):
            grant(desk, actor, Role.MAINTENANCE_MANAGER, page_id)
    for made in (there, everywhere):
        with pytest.raises(NotAllowedError, match=r"every page|all pages"):
            desk.write_now(actor, partial(revoke_grant, grant_id=made.id))
    listed = desk.read_now(actor, list_grants)
    assert {item.grant.page_id for item in listed} == {one, None}


@both_databases
def test_no_key_makes_or_ends_owners(desk: Desk, pages: tuple[str, str]) -> None:
    """Not even an owner's."""
    actor = key(desk, holder_id=OLIVIA)
    with pytest.raises(NotAllowedError, match="No key makes owners"):
        grant(desk, actor, Role.OWNER, None)
    with desk.database.read() as session:
        ownership = session.query(Grant).filter_by(role=Role.OWNER).one().id
    with pytest.raises(NotAllowedError, match="No key makes owners"):
        desk.write_now(actor, lambda tx: revoke_grant(tx, ownership))


@both_databases
def test_a_key_grants_nothing_to_its_holder(desk: Desk, pages: tuple[str, str]) -> None:
    """Neither to them nor to a group that they are in: what they have for a while would be theirs for good."""
    one, _ = pages
    actor = key(desk)
    for subject in (Subject(SubjectKind.USER, INES, "Ines"), Subject(SubjectKind.GROUP, GROUP, "@platform")):
        with pytest.raises(NotAllowedError, match="nothing to whoever answers for it"):
            grant(desk, actor, Role.INCIDENT_MANAGER, one, subject)


def test_a_key_grants_for_no_longer_than_its_holder_has_it(desk: Desk, pages: tuple[str, str]) -> None:
    """By the last of their own grants and their groups' there, and of groups that are switched on; without an end
    only where they have none."""
    one, two = pages
    actor, now = key(desk), desk.clock.now()
    own = Subject(SubjectKind.USER, INES, "Ines")

    def give(days: int | None, *, role: Role = Role.MAINTENANCE_MANAGER, page: str = two, by: Actor = actor) -> Any:
        ends = None if days is None else now + timedelta(days=days)
        return desk.write_now(by, lambda tx: grant_role(tx, TO_MAX, role, page_id=page, expires_at=ends))

    def have(days: int, subject: Subject, page_id: str | None) -> None:
        ends = now + timedelta(days=days)
        role = Role.MAINTENANCE_MANAGER
        desk.write_now(OPERATOR, lambda tx: grant_role(tx, subject, role, page_id=page_id, expires_at=ends))

    have(3, own, two)
    assert give(3).grant.expires_at == now + timedelta(days=3)
    for days in (4, None):
        with pytest.raises(NotAllowedError, match=r"until .* and it gives nothing for longer"):
            give(days)
    have(5, Subject(SubjectKind.GROUP, GROUP, "@platform"), None)
    assert give(4).outcome is GrantOutcome.CHANGED
    with pytest.raises(NotAllowedError, match="for longer"):
        give(6)
    with desk.database.write() as session:
        session.get_one(UserGroup, GROUP).is_disabled = True
    with pytest.raises(NotAllowedError, match="for longer"):
        give(4)
    give(None, role=Role.INCIDENT_MANAGER, page=one)
    give(None, by=key(desk, holder_id=OLIVIA))


def test_a_key_of_nobody_grants_nothing(desk: Desk, pages: tuple[str, str]) -> None:
    """Nor does one without the scope."""
    one, _ = pages
    for actor in (key(desk, holder_id=None), key(desk, scopes=["users:read"], holder_id=OLIVIA)):
        with pytest.raises(NotAllowedError):
            grant(desk, actor, Role.INCIDENT_MANAGER, one)
