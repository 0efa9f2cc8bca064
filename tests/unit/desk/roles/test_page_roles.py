"""The table of somebody's roles on pages: read, and set as a whole."""

from functools import partial

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.roles.page_roles import list_people, read_page_roles, set_page_roles
from desk.transaction import Actor, Desk, Transaction
from storage.models import Grant, Role
from tests.factories import GUS, INES, MIA, OLIVIA, add_grant, add_key, add_member, add_owner, add_page

OPERATOR, OWNER = Actor.operator("test"), Actor.member(OLIVIA)
INCIDENTS, MAINTENANCES = frozenset({Role.INCIDENT_MANAGER}), frozenset({Role.MAINTENANCE_MANAGER})
NONE: frozenset[Role] = frozenset()


@pytest.fixture
def pages(desk: Desk) -> tuple[str, str]:
    """Two pages; Olivia is an owner, Ines manages incidents on the first, Mia has nothing, Gus is a guest."""

    def prepare(tx: Transaction) -> tuple[str, str]:
        one, two = (add_page(tx.session, tx.now, name=name, subdomain=name).id for name in ("one", "two"))
        add_owner(tx.session, OLIVIA, tx.now, name="Olivia")
        for user_id, name in ((INES, "Ines"), (MIA, "Mia")):
            add_member(tx.session, user_id, tx.now, name=name)
        add_member(tx.session, GUS, tx.now, name="Gus", is_guest=True)
        add_grant(tx.session, INES, Role.INCIDENT_MANAGER, tx.now, page_id=one)
        return one, two

    return desk.write_now(OPERATOR, prepare)


def test_an_owner_sets_the_whole_table(desk: Desk, pages: tuple[str, str]) -> None:
    """What is left out ends and what is new begins, each recorded with who did it; the rest is not touched."""
    one, two = pages
    desk.write_now(OWNER, partial(set_page_roles, user_id=INES, wanted={one: INCIDENTS, two: MAINTENANCES}))
    assert desk.read_now(OWNER, partial(read_page_roles, user_id=INES)) == {one: INCIDENTS, two: MAINTENANCES}
    desk.write_now(OWNER, partial(set_page_roles, user_id=INES, wanted={two: INCIDENTS | MAINTENANCES}))
    assert desk.read_now(OWNER, partial(read_page_roles, user_id=INES)) == {one: NONE, two: INCIDENTS | MAINTENANCES}
    with desk.database.read() as session:
        grants = {(row.page_id, row.role): row for row in session.query(Grant).filter_by(subject_id=INES)}
    assert len(grants) == 3
    assert grants[one, Role.INCIDENT_MANAGER].ended_by == str(OWNER)
    assert grants[two, Role.MAINTENANCE_MANAGER].ended_at is None


def test_nothing_of_it_is_kept_when_a_part_is_refused(desk: Desk, pages: tuple[str, str]) -> None:
    """One role that may not be given leaves all as it was."""
    one, two = pages
    key = Actor.key(
        desk.write_now(OPERATOR, lambda tx: add_key(tx.session, tx.now, scopes=["users:write"], holder_id=INES)).id
    )
    with pytest.raises(NotAllowedError, match="does not have the role"):
        desk.write_now(key, partial(set_page_roles, user_id=MIA, wanted={one: INCIDENTS, two: INCIDENTS}))
    assert desk.read_now(key, partial(read_page_roles, user_id=MIA)) == {one: NONE, two: NONE}
    desk.write_now(key, partial(set_page_roles, user_id=MIA, wanted={one: INCIDENTS}))
    assert desk.read_now(key, partial(read_page_roles, user_id=MIA)) == {one: INCIDENTS, two: NONE}


def test_who_cannot_be_set_so_is_refused(desk: Desk, pages: tuple[str, str]) -> None:
    """Members set nothing, owners are not set, guests and strangers have no table, pages must exist."""
    one, _ = pages
    table = {one: INCIDENTS}
    with pytest.raises(NotAllowedError):
        desk.write_now(Actor.member(INES), partial(set_page_roles, user_id=MIA, wanted=table))
    with pytest.raises(ConflictError, match="is an owner"):
        desk.write_now(OPERATOR, partial(set_page_roles, user_id=OLIVIA, wanted=table))
    for user_id in (GUS, "U0NOBODY01"):
        with pytest.raises(NotFoundError):
            desk.write_now(OWNER, partial(set_page_roles, user_id=user_id, wanted=table))
        with pytest.raises(NotFoundError):
            desk.read_now(OWNER, partial(read_page_roles, user_id=user_id))
    with pytest.raises(InvalidInputError, match="no page nowhere"):
        desk.write_now(OWNER, partial(set_page_roles, user_id=MIA, wanted={"nowhere": INCIDENTS}))


def test_people_are_the_full_members(desk: Desk, pages: tuple[str, str]) -> None:
    """By name; keys see them with the scope for it alone."""
    del pages
    assert [member.name for member in desk.read_now(Actor.member(MIA), list_people)] == ["Ines", "Mia", "Olivia"]
    for scopes, may in ((["users:read"], True), (["users:write"], True), (["read"], False)):
        with desk.database.write() as session:
            key = add_key(session, desk.clock.now(), scopes=scopes)
        if may:
            assert len(desk.read_now(Actor.key(key.id), list_people)) == 3
        else:
            with pytest.raises(NotAllowedError, match="users:read"):
                desk.read_now(Actor.key(key.id), list_people)
