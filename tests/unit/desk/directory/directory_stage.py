"""People and a group with a role, for tests of how Slack's directory is followed."""

from functools import partial
from typing import Any

from desk.directory.events import (
    take_group_event,
)
from desk.directory.groups import MembershipChange, SeenGroup, list_members
from desk.directory.syncs import Snapshot, SyncReport, apply_snapshot, take_people
from desk.people import SeenUser
from desk.permissions import effective_roles
from desk.transaction import Actor, Desk, JobName
from storage.models import Member, Organization, Role, SubjectKind
from tests.factories import MAX, MIA, OLIVIA, TEAM, add_grant
from tests.unit.desk.stage import Stage, set_stage

GROUP = "S0PLATFORM"
OTHER = "S0INCIDENT"
SLACK = Actor.job(JobName.SLACK)


def set_directory_stage(desk: Desk) -> Stage:
    """@platform (Mia, Max) is granted incident manager; Olivia and Omar own. So four people have roles."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.query(Organization).one().owners_seeded_at = desk.clock.now()
        session.get_one(Member, OLIVIA).is_primary_owner = True
        add_grant(session, GROUP, Role.INCIDENT_MANAGER, desk.clock.now(), subject_kind=SubjectKind.GROUP)
    stage.do(SLACK, partial(take_group_event, event_id="Ev0", seen=group(MIA, MAX)))
    return stage


def group(*users: str, group_id: str = GROUP, **values: Any) -> SeenGroup:
    """What Slack says of a group with these people."""
    defaults: dict[str, Any] = {
        "handle": group_id[2:].lower(),
        "name": group_id,
        "date_update": 10,
        "users": frozenset(users),
    }
    return SeenGroup(group_id=group_id, **(defaults | values))


def change(added: tuple[str, ...] = (), removed: tuple[str, ...] = (), **values: Any) -> MembershipChange:
    """An event that says who came and who went, the next after `date_update` 10."""
    defaults: dict[str, Any] = {"date_update": 20, "date_previous_update": 10, "is_complete": True}
    return MembershipChange(GROUP, frozenset(added), frozenset(removed), **(defaults | values))


def members(stage: Stage, group_id: str = GROUP) -> set[str]:
    """Who is in a group, as kept."""
    return set(stage.see(SLACK, partial(list_members, group_id=group_id)))


def is_manager(stage: Stage, user_id: str) -> bool:
    """Whether somebody is incident manager now."""
    return stage.see(
        SLACK,
        lambda tx: effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy).has(Role.INCIDENT_MANAGER),
    )


def sync(stage: Stage, *groups: SeenGroup, users: tuple[SeenUser, ...] = (), **values: Any) -> SyncReport:
    """A sync that found these groups and people."""
    flipped = stage.do(SLACK, partial(take_people, seen=users))
    snapshot = Snapshot(flipped=flipped, groups=groups, people=len(users), **values)
    return stage.do(SLACK, partial(apply_snapshot, snapshot=snapshot))


def user(user_id: str, **values: Any) -> SeenUser:
    """What Slack says of a person."""
    return SeenUser(user_id=user_id, team_id=TEAM, name=user_id, handle=user_id.lower(), **values)
