"""What is recorded and told of roles, people and groups."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import update

from desk.audit.trail import Action
from desk.directory.events import take_group_event, take_members_event, take_user
from desk.directory.forgetting import forget_member
from desk.directory.groups import MembershipChange, SeenGroup, mark_unreadable
from desk.directory.sync_steps import cancel_sync, confirm_sync
from desk.directory.syncs import Snapshot, SyncReport, apply_snapshot
from desk.people import SeenUser, Subject
from desk.roles.owners import appoint_first_owners
from desk.roles.roles import grant_role, revoke_role, sweep_roles
from desk.transaction import Actor, JobName, Transaction
from storage.models import DirectorySync, Grant, Member, Organization, Role, SubjectKind, UserGroup
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_key, add_request, add_ticket
from tests.unit.desk.audit.chronicle import CHANNEL, Event, Step, event, given, later, sent, story, under
from tests.unit.desk.stage import SWEEP, Stage

SLACK = Actor.job(JobName.SLACK)
GROUP = "S0PLATFORM"
MANAGER = Role.INCIDENT_MANAGER
TO_OWNERS = (OLIVIA, OMAR)


def facts(grant: Grant) -> dict[str, Any]:
    """What every event of a grant says."""
    return {
        "role": str(grant.role),
        "subject_kind": str(grant.subject_kind),
        "subject_id": grant.subject_id,
        "page_id": grant.page_id,
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
    }


def seen(user_id: str, name: str, **values: Any) -> SeenUser:
    """What Slack says of somebody."""
    return SeenUser(user_id=user_id, team_id=TEAM, name=name, handle=name.lower(), **values)


def group(*users: str, **values: Any) -> SeenGroup:
    """What Slack says of the group."""
    defaults: dict[str, Any] = {"handle": "platform", "name": "Platform", "date_update": 10}
    return SeenGroup(group_id=GROUP, users=frozenset(users), **(defaults | values))


def granted_before(stage: Stage, subject_id: str, **values: Any) -> Grant:
    """Somebody, or the group, manages incidents from the start."""
    return given(stage, lambda session, now: add_grant(session, subject_id, MANAGER, now, **values))


def set_member(stage: Stage, user_id: str, **values: Any) -> None:
    """Somebody is something else from the start."""
    with stage.desk.database.write() as session:
        session.execute(update(Member).where(Member.user_id == user_id).values(**values))


def start_with_owners(stage: Stage) -> Organization:
    """The first owners were appointed before."""
    with stage.desk.database.write() as session:
        organization = session.query(Organization).one()
        organization.owners_seeded_at = stage.desk.clock.now()
        return organization


@story(Action.ROLE_GRANTED, Action.ROLE_REVOKED, Action.ROLE_EXPIRED)
def roles_come_and_go(stage: Stage) -> Iterator[Step]:
    """Max is made incident manager of a page, longer than that, and no more; Ines until a time."""
    to_max, until = Subject(SubjectKind.USER, MAX, "Max"), stage.desk.clock.now() + timedelta(days=2)
    grant = partial(grant_role, role=MANAGER, page_id=stage.page.id)
    first = stage.do(OLIVIA, partial(grant, subject=to_max, expires_at=until, reason="on call")).grant
    granted = event(OLIVIA, Action.ROLE_GRANTED, first.id, **facts(first), reason="on call")
    yield [granted], sent("role.granted", MAX)
    second = stage.do(OLIVIA, partial(grant, subject=to_max)).grant
    replaced = {"replaces": first.id, "previous_end": until.isoformat()}
    changed = event(OLIVIA, Action.ROLE_GRANTED, second.id, **facts(second), reason="", **replaced)
    yield [changed], sent("role.granted", MAX)
    stage.do(OMAR, partial(revoke_role, subject=to_max, role=MANAGER))
    revoked = event(OMAR, Action.ROLE_REVOKED, second.id, **facts(second), reason="revoked")
    yield [revoked], sent("role.ended", MAX)
    to_ines = Subject(SubjectKind.USER, INES, "Ines")
    ending = stage.do(OLIVIA, partial(grant, subject=to_ines, expires_at=until)).grant
    yield None
    later(stage, days=2)
    assert stage.do(SWEEP, sweep_roles) == 1
    expired = event(SWEEP, Action.ROLE_EXPIRED, ending.id, **facts(ending), reason="expired")
    yield [expired], sent("role.ended", INES)


@story(Action.ROLE_GRANTED, Action.ROLE_REVOKED)
def owners_come_and_go(stage: Stage) -> Iterator[Step]:
    """The other owners are told as well."""
    to_mia = Subject(SubjectKind.USER, MIA, "Mia")
    grant = stage.do(OLIVIA, partial(grant_role, subject=to_mia, role=Role.OWNER)).grant
    granted = event(OLIVIA, Action.ROLE_GRANTED, grant.id, **facts(grant), reason="")
    yield [granted], sent("role.granted", MIA) | sent("owner.granted", *TO_OWNERS)
    stage.do(OLIVIA, partial(revoke_role, subject=to_mia, role=Role.OWNER))
    revoked = event(OLIVIA, Action.ROLE_REVOKED, grant.id, **facts(grant), reason="revoked")
    yield [revoked], sent("role.ended", MIA) | sent("owner.ended", *TO_OWNERS)


@story(Action.OWNERS_APPOINTED, Action.ROLE_GRANTED, Action.OWNERS_VACANT, Action.ROLE_REVOKED, Action.MEMBER_LEFT)
def from_the_first_owners_to_the_last(stage: Stage) -> Iterator[Step]:
    """Settings name the first one; when Slack takes the last and there is no other, the owners' channel hears it."""
    with stage.desk.database.write() as session:
        session.query(Grant).delete()
        organization = session.query(Organization).one()
    stage = under(stage, owners=(OLIVIA,), owners_channel=CHANNEL)
    stage.do(SLACK, appoint_first_owners)
    [grant] = stage.all(Grant)
    reason = "first owner, named in the settings"
    granted = event(SLACK, Action.ROLE_GRANTED, grant.id, **facts(grant), reason=reason)
    appointed = event(SLACK, Action.OWNERS_APPOINTED, organization.id, owners=[OLIVIA], why="settings")
    yield [granted, appointed], sent("owners.appointed", OLIVIA, CHANNEL)
    later(stage, days=1)
    stage.do(SLACK, partial(take_user, seen=seen(OLIVIA, "Olivia", is_deleted=True)))
    vacant = event(SLACK, Action.OWNERS_VACANT, organization.id)
    revoked = event(SLACK, Action.ROLE_REVOKED, grant.id, **facts(grant), reason="left Slack")
    ended = {"keys": [], "roles_ended": 1, "requests_withdrawn": 0}
    left = event(SLACK, Action.MEMBER_LEFT, OLIVIA, **ended)
    yield [vacant, revoked, left], sent("owners.none", CHANNEL) | sent("member.left", CHANNEL)


@story(Action.OWNERS_APPOINTED, Action.ROLE_GRANTED, Action.ROLE_REVOKED, Action.MEMBER_LEFT)
def the_primary_owner_takes_over(stage: Stage) -> Iterator[Step]:
    """When the last owner leaves Slack, the workspace's primary owner follows, and hears of the one who left."""
    organization = start_with_owners(stage)
    set_member(stage, MAX, is_primary_owner=True)
    with stage.desk.database.write() as session:
        session.query(Grant).filter(Grant.subject_id == OMAR).delete()
        [last] = session.query(Grant).all()
    stage.do(SLACK, partial(take_user, seen=seen(OLIVIA, "Olivia", is_deleted=True)))
    [grant] = [grant for grant in stage.all(Grant) if grant.subject_id == MAX]
    reason = "nobody was owner for good any more"
    granted = event(SLACK, Action.ROLE_GRANTED, grant.id, **facts(grant), reason=reason)
    appointed = event(SLACK, Action.OWNERS_APPOINTED, organization.id, owners=[MAX], why="vacant")
    revoked = event(SLACK, Action.ROLE_REVOKED, last.id, **facts(last), reason="left Slack")
    ended = {"keys": [], "roles_ended": 1, "requests_withdrawn": 0}
    left = event(SLACK, Action.MEMBER_LEFT, OLIVIA, **ended)
    yield [granted, appointed, revoked, left], sent("owners.appointed", MAX) | sent("member.left", MAX)


@story(
    Action.MEMBER_JOINED,
    Action.MEMBER_CHANGED,
    Action.MEMBER_LEFT,
    Action.MEMBER_RETURNED,
    Action.MEMBER_FORGOTTEN,
    Action.ROLE_REVOKED,
    Action.REQUEST_WITHDRAWN,
    Action.TICKET_WITHDRAWN,
)
def somebody_comes_changes_leaves_and_returns(stage: Stage) -> Iterator[Step]:
    """Owners are told of what matters: standing of somebody with keys, leaving with anything, and coming back."""
    stage.do(SLACK, partial(take_user, seen=seen("U0NEW00001", "Nora", is_guest=True), joined=True))
    yield [event(SLACK, Action.MEMBER_JOINED, "U0NEW00001", standing="guest")], set()
    stage.do(SLACK, partial(take_user, seen=seen("U0NEW00001", "Nora")))
    yield [event(SLACK, Action.MEMBER_CHANGED, "U0NEW00001", before="guest", after="member")], set()
    key, request, ticket = given(stage, add_key), given(stage, add_request), given(stage, add_ticket)
    stage.do(SLACK, partial(take_user, seen=seen(MIA, "Mia", is_guest=True)))
    changed = event(SLACK, Action.MEMBER_CHANGED, MIA, before="member", after="guest")
    yield [changed], sent("member.changed", *TO_OWNERS)
    grant = granted_before(stage, MIA)
    stage.do(SLACK, partial(take_user, seen=seen(MIA, "Mia", is_deleted=True)))
    ended = {"keys": [key.id], "roles_ended": 1, "requests_withdrawn": 2}
    yield (
        [
            event(SLACK, Action.REQUEST_WITHDRAWN, request.id, reason="Who asked left Slack."),
            event(SLACK, Action.TICKET_WITHDRAWN, ticket.id, reason="Who was to collect it left Slack."),
            event(SLACK, Action.ROLE_REVOKED, grant.id, **facts(grant), reason="left Slack"),
            event(SLACK, Action.MEMBER_LEFT, MIA, **ended),
        ],
        sent("member.left", *TO_OWNERS) | sent("ticket.mine", MIA),
    )
    stage.do(SLACK, partial(take_user, seen=seen(MIA, "Mia")))
    returned = event(SLACK, Action.MEMBER_RETURNED, MIA, roles_ended=1)
    yield [returned], sent("member.left", *TO_OWNERS) | sent("member.returned", *TO_OWNERS)
    nora = seen("U0NEW00001", "Nora", is_deleted=True)
    stage.do(SLACK, partial(take_user, seen=nora))
    yield None
    stage.do(OLIVIA, partial(forget_member, user_id="U0NEW00001"))
    yield [event(OLIVIA, Action.MEMBER_FORGOTTEN, "U0NEW00001")], set()


def group_changed(**data: Any) -> Event:
    """The group is not what it was."""
    return event(SLACK, Action.GROUP_CHANGED, GROUP, handle="platform", **data)


@story(Action.GROUP_CHANGED, Action.GROUP_UNREADABLE, Action.GROUP_READABLE)
def a_group_with_a_role(stage: Stage) -> Iterator[Step]:
    """People come and go, it is switched off and on, and for a while Slack does not tell who is in it. Each of them
    has the same role besides, so that nobody loses any."""
    for user_id in (MIA, MAX, INES):
        granted_before(stage, user_id)
    granted_before(stage, GROUP, subject_kind=SubjectKind.GROUP)
    stage.do(SLACK, partial(take_group_event, event_id="Ev0", seen=group(MIA, MAX)))
    yield [group_changed(added=[MAX, MIA], removed=[])], set()
    moved = MembershipChange(GROUP, frozenset({INES}), frozenset({MIA}), 20, 10, is_complete=True)
    stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=moved))
    yield [group_changed(added=[INES], removed=[MIA])], set()
    for number, off in enumerate((True, False), 30):
        switched = group(INES, MAX, date_update=number, is_disabled=off)
        stage.do(SLACK, partial(take_group_event, event_id=f"Ev{number}", seen=switched))
        yield [group_changed(is_disabled=off)], sent("group.disabled", *TO_OWNERS)

    def lose_sight(tx: Transaction) -> None:
        mark_unreadable(tx, tx.session.get_one(UserGroup, GROUP), "Slack says no.")

    stage.do(SLACK, lose_sight)
    unreadable = event(SLACK, Action.GROUP_UNREADABLE, GROUP, handle="platform", problem="Slack says no.")
    yield [unreadable], sent("group.unreadable", *TO_OWNERS)
    stage.do(SLACK, partial(take_group_event, event_id="Ev4", seen=group(INES, MAX, date_update=40)))
    readable = event(SLACK, Action.GROUP_READABLE, GROUP, handle="platform")
    yield [readable], sent("group.readable", *TO_OWNERS)


@story(Action.SYNC_STOPPED, Action.SYNC_CANCELLED, Action.SYNC_CONFIRMED, Action.SYNC_APPLIED, Action.GROUP_CHANGED)
def a_sync_that_would_take_too_much(stage: Stage) -> Iterator[Step]:
    """It stops and asks owners; one says no, another yes, and the next reading carries it out."""
    granted_before(stage, GROUP, subject_kind=SubjectKind.GROUP)
    stage.do(SLACK, partial(take_group_event, event_id="Ev0", seen=group(MIA, MAX)))
    yield None

    def read() -> SyncReport:
        snapshot = Snapshot(flipped=[], groups=[group(date_update=30)], people=6)
        return stage.do(SLACK, partial(apply_snapshot, snapshot=snapshot))

    card = sent("sync.stopped", *TO_OWNERS)
    stopped_id = read().stopped_id
    assert stopped_id is not None
    yield [event(SLACK, Action.SYNC_STOPPED, stopped_id, losers=[MAX, MIA], people=4)], card
    print_of = {"fingerprint": stage.fresh(DirectorySync, stopped_id).fingerprint}
    stage.do(OLIVIA, partial(cancel_sync, sync_id=stopped_id, version=None))
    yield [event(OLIVIA, Action.SYNC_CANCELLED, stopped_id, **print_of)], card | sent("sync.decided", OMAR)
    stage.do(OMAR, partial(confirm_sync, sync_id=stopped_id, version=None))
    yield [event(OMAR, Action.SYNC_CONFIRMED, stopped_id, **print_of)], card | sent("sync.decided", OLIVIA)
    assert read().applied_id == stopped_id
    applied = event(SLACK, Action.SYNC_APPLIED, stopped_id, decided_by=f"member:{OMAR}")
    # Who said yes waits for it to be carried out.
    yield [applied, group_changed(added=[], removed=[MAX, MIA])], card | sent("sync.decided", OMAR)
