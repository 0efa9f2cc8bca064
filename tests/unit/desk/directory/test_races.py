"""Changes of people, groups and grants take turns: what each of them protects, on PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from desk.audit.trail import Action, record
from desk.directory.events import (
    Taken,
    remember_team,
    take_group_event,
    take_members_event,
    take_read_group,
    take_user,
)
from desk.directory.groups import MembershipChange, SeenGroup, list_members
from desk.directory.sync_steps import cancel_sync, confirm_sync
from desk.directory.syncs import Snapshot, apply_snapshot, take_people
from desk.errors import ConflictError, KeydeskError
from desk.people import SeenUser, Subject
from desk.permissions import list_owner_ids
from desk.roles.roles import GrantOutcome, grant_role, revoke_grant, revoke_role, sweep_roles
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    AuditEvent,
    DirectorySync,
    Grant,
    KeyRequest,
    Member,
    Organization,
    Role,
    SubjectKind,
    SyncStatus,
    Ticket,
)
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_request, add_ticket
from tests.unit.desk.racing import Move, race
from tests.unit.desk.stage import SWEEP, Stage, set_stage

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SLACK = Actor.job(JobName.SLACK)
GROUP = "S0PLATFORM"


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Olivia and Omar own; Max is the workspace's primary owner, and follows when nobody does any more."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.query(Organization).one().owners_seeded_at = desk.clock.now()
        session.get_one(Member, MAX).is_primary_owner = True
        add_grant(session, GROUP, Role.INCIDENT_MANAGER, desk.clock.now(), subject_kind=SubjectKind.GROUP)
    stage.do(SLACK, partial(take_group_event, event_id="Ev0", seen=group(10, MIA, MAX, INES)))
    return stage


def person(user_id: str, name: str = "Olivia", **values: Any) -> SeenUser:
    """What Slack says of somebody."""
    return SeenUser(user_id=user_id, team_id=TEAM, name=name, handle=name.lower(), **values)


def group(at: int, *users: str, group_id: str = GROUP) -> SeenGroup:
    """What Slack says of a group as of an instant."""
    return SeenGroup(group_id=group_id, handle="platform", name="Platform", date_update=at, users=frozenset(users))


def grant_of(stage: Stage, user_id: str) -> str:
    """The id of somebody's grant of owner."""
    [grant] = [one for one in stage.all(Grant) if one.subject_id == user_id and one.role == Role.OWNER]
    return grant.id


def user(user_id: str, name: str) -> Subject:
    """Whom a grant is for."""
    return Subject(SubjectKind.USER, user_id, name)


GONE = person(OLIVIA, is_deleted=True)
LEAVES: dict[str, Move] = {
    "an event": (SLACK, partial(take_user, seen=GONE)),
    "a reading": (SLACK, partial(apply_snapshot, snapshot=Snapshot(flipped=[GONE], groups=[], people=6))),
}
"""How Keydesk hears that Olivia was deactivated."""


@pytest.mark.parametrize("leaves", LEAVES.values(), ids=LEAVES)
def test_the_last_owner_leaves_while_they_revoke_the_other_one(stage: Stage, leaves: Move) -> None:
    """Olivia revokes Omar and is deactivated in the same instant: somebody follows."""
    race(stage.desk, (OLIVIA, partial(revoke_grant, grant_id=grant_of(stage, OMAR))), leaves)
    assert stage.see(SLACK, list_owner_ids) == [MAX]


@pytest.mark.parametrize("leaves", LEAVES.values(), ids=LEAVES)
@pytest.mark.parametrize("add", [add_request, add_ticket])
def test_who_decides_on_what_a_leaver_asked_for_is_not_waited_for_in_a_circle(
    stage: Stage, leaves: Move, add: Callable[..., KeyRequest | Ticket]
) -> None:
    """Somebody has the last owner's request, or ticket, in hand when Slack takes that owner: both come to an end."""
    with stage.desk.database.write() as session:
        session.query(Grant).filter(Grant.subject_id == OMAR).delete()
        column = "requester_id" if add is add_request else "collector_id"
        row = add(session, stage.desk.clock.now(), **{column: OLIVIA})

    def take(tx: Transaction) -> None:
        tx.session.get_one(type(row), row.id, with_for_update=True)

    def finish(tx: Transaction) -> None:
        record(tx, Action.KEY_RENAMED, "key", "somekey00001", name="new", before="old")

    race(stage.desk, (MIA, take), leaves, then=finish)
    assert stage.fresh(type(row), row.id).status == "withdrawn"
    assert stage.see(SLACK, list_owner_ids) == [MAX]


@pytest.mark.parametrize("how", ["grant", "role", "end"])
def test_an_owner_who_has_just_left_takes_nobody_the_role(stage: Stage, how: str) -> None:
    """Whatever Olivia does to Omar's role while she is being deactivated comes too late."""
    until = stage.desk.clock.now().replace(year=2027)
    works: dict[str, Any] = {
        "grant": partial(revoke_grant, grant_id=grant_of(stage, OMAR)),
        "role": partial(revoke_role, subject=user(OMAR, "Omar"), role=Role.OWNER),
        "end": partial(grant_role, subject=user(OMAR, "Omar"), role=Role.OWNER, expires_at=until),
    }
    _, refusal = race(stage.desk, LEAVES["an event"], (OLIVIA, works[how]))
    assert isinstance(refusal, KeydeskError)
    assert stage.see(SLACK, list_owner_ids) == [OMAR]


def test_two_who_grant_the_same_grant_it_once(stage: Stage) -> None:
    """The second is told that it is so already."""
    grant = partial(grant_role, subject=user(MIA, "Mia"), role=Role.INCIDENT_MANAGER)
    first, second = race(stage.desk, (OLIVIA, grant), (OMAR, grant))
    assert (first.outcome, second.outcome) == (GrantOutcome.GRANTED, GrantOutcome.UNCHANGED)


def test_two_sweeps_keep_the_last_owner_once(stage: Stage) -> None:
    """The only owner's role runs out, and nobody can follow: it is kept, and said so, once."""
    with stage.desk.database.write() as session:
        session.get_one(Member, MAX).is_primary_owner = False
        session.query(Grant).filter(Grant.subject_id == OMAR).delete()
        session.query(Grant).filter(Grant.subject_id == OLIVIA).one().expires_at = stage.desk.clock.now()
    race(stage.desk, (SWEEP, sweep_roles), (SWEEP, sweep_roles))
    assert sum(event.action == "owners.appointed" for event in stage.all(AuditEvent)) == 1
    assert len([one for one in stage.all(Grant) if one.subject_id == OLIVIA and one.ended_at is None]) == 1


NEWER, OLDER = person(MIA, "Newer", updated=30), person(MIA, "Older", updated=20)


@pytest.mark.parametrize(
    "work",
    [partial(take_user, seen=OLDER), partial(take_people, seen=[OLDER])],
    ids=["an event", "a reading"],
)
def test_what_slack_said_of_a_person_before_does_not_come_back(stage: Stage, work: Any) -> None:
    """Of two descriptions in the same instant the newer one stays, though it came first."""
    race(stage.desk, (SLACK, partial(take_user, seen=NEWER)), (SLACK, work))
    assert stage.fresh(Member, MIA).name == "Newer"


@pytest.mark.parametrize("kind", ["group", "members", "read"])
def test_what_slack_said_of_a_group_before_does_not_come_back(stage: Stage, kind: str) -> None:
    """While a newer list is being taken over, an older event or reading waits and then changes nothing."""
    older = replace(group(20, MIA), version=1)
    change = MembershipChange(GROUP, frozenset(), frozenset({MAX, INES}), 20, 10, is_complete=True)
    works: dict[str, Any] = {
        "group": partial(take_group_event, event_id="Ev1", seen=group(20, MIA)),
        "members": partial(take_members_event, event_id="Ev1", change=change),
        "read": partial(take_read_group, event_id="Ev1", seen=older),
    }
    newer = partial(take_group_event, event_id="Ev2", seen=group(30, MIA, MAX, OMAR))
    _, taken = race(stage.desk, (SLACK, newer), (SLACK, works[kind]))
    assert taken is Taken.UNCLEAR
    assert stage.see(SLACK, partial(list_members, group_id=GROUP)) == {MIA, MAX, OMAR}


def test_two_first_starts_make_one_organization(desk: Desk) -> None:
    """Two replicas that learn in the same instant which workspace this is write it down once."""
    team = (SLACK, partial(remember_team, team_id=TEAM, team_name="Acme"))
    race(desk, team, team)
    with desk.database.read() as session:
        assert session.query(Organization).count() == 1


def test_an_owners_no_stops_the_reading_that_would_carry_it_out(stage: Stage) -> None:
    """Omar had said yes, Olivia says no; a reading of the same instant takes nobody's role."""

    def read(tx: Transaction) -> Any:
        return apply_snapshot(tx, Snapshot(flipped=[], groups=[group(20, MIA)], people=6))

    stopped = stage.do(SLACK, read).stopped_id
    stage.do(OMAR, partial(confirm_sync, sync_id=stopped, version=None))
    race(stage.desk, (OLIVIA, partial(cancel_sync, sync_id=stopped, version=None)), (SLACK, read))
    assert stage.fresh(DirectorySync, stopped).status == SyncStatus.CANCELLED
    assert stage.see(SLACK, partial(list_members, group_id=GROUP)) == {MIA, MAX, INES}
    assert not isinstance(stage.do(OLIVIA, partial(confirm_sync, sync_id=stopped, version=None)), ConflictError)
