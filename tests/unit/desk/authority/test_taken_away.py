"""Whose role is taken away while they act does not act, wherever they wait. On PostgreSQL: SQLite's writers queue."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import pytest

from desk.audit.trail import Action, record
from desk.directory.events import take_user
from desk.errors import ConflictError, InvalidInputError, KeydeskError, NotAllowedError
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.keys.changes import suspend_key, transfer_key
from desk.people import SeenUser, Subject
from desk.policy import Policy
from desk.requests.approvals import approve
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.roles.roles import revoke_role
from desk.seeds import plant_seed, read_seed
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.locks import lock_people
from storage.models import Departure, Grant, Incident, KeyRequest, Member, RequestStatus, Role, SubjectKind
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, TEAM
from tests.unit.desk.authority.doors import Door, list_writing
from tests.unit.desk.authority.walking import Opening, call, find_opening, read_state, undone
from tests.unit.desk.authority.world import FULL_KEY, OPERATOR, POLICY, World, make_world
from tests.unit.desk.racing import Move, race

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


PEOPLE = [Actor.member(user_id) for user_id in (OMAR, INES, MIA)]
LEAVES: Move = (
    Actor.job(JobName.SLACK),
    partial(take_user, seen=SeenUser(user_id=MAX, team_id=TEAM, name="Max", handle="max", is_deleted=True)),
)
"""Max is deactivated in Slack."""


@pytest.fixture
def policy() -> Policy:
    """Keys that nobody uses are suspended."""
    return POLICY


@pytest.fixture
def world(desk: Desk) -> World:
    """See `make_world`."""
    return make_world(desk)


class _FirstError(Exception):
    """They were through before anybody committed; nothing of it is kept."""


def test_who_waits_is_asked_again(world: World) -> None:
    """Whoever gets through a door that writes and on the way waits for somebody who makes them a guest is refused,
    and nothing changes. Who need not wait was first."""
    before, first, waited = _read_rows(world), set(), 0
    for door in list_writing():
        opening = find_opening(world, door, PEOPLE)
        if opening is None:
            continue
        if _has_to_wait(world, door, opening):
            waited += 1
        else:
            first.add(door.name)
    assert _read_rows(world) == before
    assert first == UNRECORDED
    assert waited > 40


UNRECORDED = {
    "incidents.drafts.composing.draft_nothing_new",
    "incidents.drafts.drafts.write_draft",
    "incidents.drafts.duplicates.accept_doubles",
    "incidents.drafts.forgotten.leave_draft",
    "keys.tickets.say_window_was_not_opened",
    "moving.incidents.settle_states",
    "moving.taking.begin_move",
    "moving.taking.note_part",
    "upstreams.keys.reseal_upstream_keys",
}
"""Doors at which nobody waits for the audit trail: what is written there decides nothing."""


def _has_to_wait(world: World, door: Door, opening: Opening) -> bool:
    """Whether they had to wait, and then were refused."""
    committing = Event()

    def take_away(tx: Transaction) -> None:
        lock_people(tx.session)
        tx.session.get_one(Member, opening.actor.id).is_guest = True
        record(tx, Action.MEMBER_CHANGED, "member", opening.actor.id)

    def act(tx: Transaction) -> None:
        tried = call(door, tx, opening.arguments)
        if isinstance(tried.given, KeydeskError):
            raise tried.given
        if not committing.is_set():
            raise _FirstError

    try:
        _, given = race(world.desk, (OPERATOR, take_away), (opening.actor, act), then=lambda _: committing.set())
    except _FirstError:
        return False
    finally:
        with world.desk.database.write() as session:
            session.get_one(Member, opening.actor.id).is_guest = False
    assert isinstance(given, NotAllowedError | ConflictError), door.name
    return True


def _read_rows(world: World) -> Mapping[str, Sequence[Any]]:
    rows = undone(world, lambda tx: read_state(tx.session)).rows
    return {table: rows[table] for table in rows if not table.startswith("audit")}


def test_a_key_that_is_suspended_meanwhile_writes_nothing(world: World) -> None:
    """It opens an incident in the instant in which somebody suspends it."""
    [page] = world.by_name["_page_id"]
    count = _count(world, Incident)
    suspend = partial(suspend_key, key_id=FULL_KEY.id, reason="Leaked.")
    _, refusal = race(
        world.desk,
        (OLIVIA, suspend),
        (FULL_KEY, partial(create_incident, page_id=page, new=NewIncident(name="Down"))),
    )
    assert isinstance(refusal, ConflictError)
    assert _count(world, Incident) == count


def test_an_approval_of_somebody_who_is_no_owner_any_more_does_not_count(world: World) -> None:
    """Olivia has approved, and Omar's would be the second of two, when somebody takes Olivia the role."""
    desk = replace(world.desk, policy=replace(POLICY, approvals_needed=2))
    [asked] = world.by_type[Asked]
    request = desk.write_now(Actor.member(MIA), partial(make_request, asked=asked))
    desk.write_now(Actor.member(OLIVIA), partial(approve, request_id=request.id))
    revoke = partial(revoke_role, subject=Subject(SubjectKind.USER, OLIVIA, "Olivia"), role=Role.OWNER)
    _, refusal = race(desk, (OPERATOR, revoke), (OMAR, partial(approve, request_id=request.id)))
    assert isinstance(refusal, ConflictError)
    with desk.database.read() as session:
        assert session.get_one(KeyRequest, request.id).status == RequestStatus.PENDING


def test_a_page_gets_its_second_person_while_somebody_publishes_alone(world: World) -> None:
    """Its rule is changed by a seed: what would go out by the old one does not."""
    count = _count(world, Incident)
    [draft_id, *_] = world.by_name["draft_id"]
    [page_id] = world.by_name["page_id"]
    seed = read_seed(f"organization: Acme\npages: [{{id: {page_id}, name: Alpha, second_person: always}}]", "a.yml")
    _, refusal = race(
        world.desk, (OPERATOR, partial(plant_seed, seed=seed)), (INES, partial(publish_draft, draft_id=draft_id))
    )
    assert isinstance(refusal, ConflictError)
    assert _count(world, Incident) == count


def test_a_key_is_not_transferred_to_whoever_is_leaving(world: World) -> None:
    """Max does not get it."""
    [key_id, *_] = world.by_name["key_id"]
    _, refusal = race(world.desk, LEAVES, (OLIVIA, partial(transfer_key, key_id=key_id, to_user_id=MAX)))
    assert isinstance(refusal, InvalidInputError)


def test_whoever_leaves_leaves_with_the_key_that_they_have_just_got(world: World) -> None:
    """It was transferred in the same instant, a little before: it is among what Max left behind."""
    [key_id, *_] = world.by_name["key_id"]
    with world.desk.database.write() as session:
        # Nothing else of theirs ends that would make the leaving wait.
        session.query(Grant).filter(Grant.subject_id == MAX).delete()
    race(world.desk, (OLIVIA, partial(transfer_key, key_id=key_id, to_user_id=MAX)), LEAVES)
    with world.desk.database.read() as session:
        assert session.query(Departure).filter(Departure.user_id == MAX).one().key_ids == [key_id]


def _count(world: World, model: type[Any]) -> int:
    with world.desk.database.read() as session:
        return session.query(model).count()
