"""What owners do to roles, and what Slack says of people and groups."""

from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.directory.events import take_group_event, take_members_event, take_user
from desk.directory.groups import MembershipChange, SeenGroup
from desk.people import SeenUser, Subject
from desk.roles.roles import grant_role, revoke_grant
from storage.models import Grant, Role, SubjectKind, UserGroup, UserGroupMember
from tests.factories import OLIVIA, TEAM
from tests.model.house import KEEPERS, NAMES, SLACK, House, owners_mostly, people

_USUAL = (Role.OWNER, Role.INTEGRATOR, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)


class RulesOfPeople(RuleBasedStateMachine):
    """Roles come and go, and so do people."""

    house: House

    @rule(
        who=owners_mostly,
        whom=people,
        role=st.sampled_from(_USUAL),
        on_page=st.booleans(),
        hours=st.sampled_from([None, None, 1, 100]),
    )
    def grant(self, who: str, whom: str, role: Role, on_page: bool, hours: int | None) -> None:
        """Somebody gives somebody a role, for good or for a while."""
        ends = None if hours is None else self.house.clock.now() + timedelta(hours=hours)
        page = self.house.page if on_page and role is not Role.OWNER else None
        subject = Subject(SubjectKind.USER, whom, NAMES[whom])
        self.house.act(who, partial(grant_role, subject=subject, role=role, page_id=page, expires_at=ends))

    @rule(who=owners_mostly, data=st.data())
    def take_away(self, who: str, data: st.DataObject) -> None:
        """Somebody takes a role away."""
        grant = self.house.any(data, Grant, Grant.ended_at.is_(None))
        if grant is not None:
            self.house.act(who, partial(revoke_grant, grant_id=grant.id))

    @rule(whom=people.filter(lambda user_id: user_id != OLIVIA), is_deleted=st.booleans(), is_guest=st.booleans())
    def change_standing(self, whom: str, is_deleted: bool, is_guest: bool) -> None:
        """Slack says that somebody left, is back, became a guest or a full member. One stays, to be owner at last."""
        seen = SeenUser(
            user_id=whom,
            team_id=TEAM,
            name=NAMES[whom],
            handle=NAMES[whom].lower(),
            is_deleted=is_deleted,
            is_guest=is_guest,
            updated=next(self.house.counter),
        )
        self.house.act(SLACK, partial(take_user, seen=seen))

    @rule(is_disabled=st.booleans())
    def switch_group(self, is_disabled: bool) -> None:
        """Slack says that the owners' group was switched off, or on again."""
        [group] = self.house.rows(UserGroup, UserGroup.group_id == KEEPERS)
        seen = SeenGroup(
            group_id=KEEPERS,
            handle=group.handle,
            name=group.name,
            is_disabled=is_disabled,
            date_update=group.date_update + 1,
        )
        event_id = f"Ev{next(self.house.counter)}"
        self.house.act(SLACK, partial(take_group_event, event_id=event_id, seen=seen))

    @rule(whom=people)
    def move_in_group(self, whom: str) -> None:
        """Slack says that somebody joined the owners' group, or was taken out of it."""
        [group] = self.house.rows(UserGroup, UserGroup.group_id == KEEPERS)
        present = {member.user_id for member in self.house.rows(UserGroupMember)}
        change = MembershipChange(
            KEEPERS,
            added=frozenset({whom} - present),
            removed=frozenset({whom} & present),
            date_update=group.date_update + 1,
            date_previous_update=group.date_update,
            is_complete=True,
        )
        event_id = f"Ev{next(self.house.counter)}"
        self.house.act(SLACK, partial(take_members_event, event_id=event_id, change=change))
