"""There is always an owner: first owners, the last one, and what happens when Slack takes them."""

import shutil
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from desk.directory.cards import MEMBER_LEFT
from desk.directory.events import take_user
from desk.errors import KeydeskError
from desk.people import SeenUser, Subject
from desk.permissions import list_owner_ids
from desk.policy import Policy
from desk.roles.cards import NO_OWNER_LEFT, OWNERS_APPOINTED
from desk.roles.owners import (
    OwnerGrant,
    appoint_first_owners,
    decide_ending_grant,
    decide_first_owners,
    decide_removal,
    decide_successors,
    list_owner_grants,
    owners_by,
)
from desk.roles.roles import grant_role, revoke_grant, sweep_roles
from desk.transaction import Actor, Desk, JobName
from storage.models import Grant, Member, Organization, Role, SubjectKind, UserGroup, UserGroupMember
from tests.clock import MONDAY_MORNING, HeldClock
from tests.databases import both_databases, copy_sqlite, open_database
from tests.factories import GUS, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_key, add_member, add_page
from tests.machines import as_found
from tests.unit.desk.stage import SWEEP, Stage, set_stage

RECONCILE = Actor.job(JobName.RECONCILE)


def lasting(*people: str) -> OwnerGrant:
    """A grant of owner without an end."""
    return OwnerGrant("-".join(people), frozenset(people), lasting=True)


def ending(*people: str) -> OwnerGrant:
    """A grant of owner until a time."""
    return OwnerGrant("-".join(people) + "-ending", frozenset(people), lasting=False)


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param([lasting("a"), lasting("b")], [lasting("a")], True, id="another lasting owner stays"),
        pytest.param([lasting("a")], [], False, id="the last owner"),
        pytest.param([lasting("a"), ending("b")], [ending("b")], False, id="only one with an end would stay"),
        pytest.param([lasting("a"), ending("b")], [lasting("a")], True, id="one with an end goes"),
        pytest.param([lasting("a"), lasting("a", "b")], [lasting("a", "b")], True, id="still owner through a group"),
        pytest.param([lasting("a"), lasting()], [lasting()], False, id="an empty group keeps nobody's place"),
        pytest.param([ending("a"), ending("b")], [ending("b")], True, id="nobody lasting, somebody stays"),
        pytest.param([ending("a")], [], False, id="nobody lasting, the very last"),
        pytest.param([lasting()], [], True, id="nobody was owner by it anyway"),
    ],
)
def test_when_an_owner_may_go(before: Sequence[OwnerGrant], after: Sequence[OwnerGrant], allowed: bool) -> None:
    """A lasting owner has to stay if there was one; somebody has to stay in any case."""
    assert decide_removal(before, after) is allowed


@pytest.mark.parametrize(
    ("others", "allowed"),
    [
        pytest.param([lasting("a")], True, id="somebody else is owner for good"),
        pytest.param([ending("a")], False, id="everybody else has an end"),
        pytest.param([], False, id="nobody else"),
        pytest.param([lasting()], False, id="an empty group"),
    ],
)
def test_when_owner_may_be_granted_until_a_time(others: Sequence[OwnerGrant], allowed: bool) -> None:
    """Only beside somebody who is owner for good."""
    assert decide_ending_grant(others) is allowed


def person(user_id: str, **values: Any) -> Member:
    """Somebody, not stored."""
    defaults = {"is_primary_owner": False, "is_workspace_owner": False}
    return Member(user_id=user_id, name=user_id, handle=user_id, team_id=TEAM, **(defaults | values))


def test_first_owners_are_the_wanted_ones_else_the_workspaces() -> None:
    """Names in the settings win; those who are not full members of the workspace are left out."""
    people = [person("U1", is_primary_owner=True), person("U2", is_workspace_owner=True), person("U3")]
    assert decide_first_owners(("U3", "U9", "U3"), people) == ["U3"]
    assert decide_first_owners((), people) == ["U1", "U2"]
    assert decide_first_owners(("U9",), people) == []


def test_the_primary_owner_succeeds_else_all_workspace_owners() -> None:
    """One successor is enough when it is clear who."""
    people = [person("U1", is_primary_owner=True), person("U2", is_workspace_owner=True), person("U3")]
    assert decide_successors(people) == ["U1"]
    assert decide_successors(people[1:]) == ["U2"]
    assert decide_successors(people[2:]) == []


@pytest.fixture
def newcomers(desk: Desk) -> Stage:
    """A desk without owners: Olivia is the workspace's primary owner, Omar one of its owners, Mia a member."""
    with desk.database.write() as session:
        page = add_page(session, desk.clock.now())
        add_member(session, OLIVIA, desk.clock.now(), name="Olivia", is_primary_owner=True, is_workspace_owner=True)
        add_member(session, OMAR, desk.clock.now(), name="Omar", is_workspace_owner=True)
        add_member(session, MIA, desk.clock.now(), name="Mia")
        add_member(session, GUS, desk.clock.now(), name="Gus", is_guest=True)
    return Stage(desk, page)


def with_policy(stage: Stage, **values: Any) -> Stage:
    """The same stage under another policy."""
    desk = stage.desk
    return Stage(Desk(desk.database, desk.clock, replace(desk.policy, **values)), stage.page)


def test_first_owners_are_appointed_once_and_told(newcomers: Stage) -> None:
    """Both workspace owners become owners and hear of it; a second start appoints nobody."""
    assert newcomers.do(RECONCILE, appoint_first_owners) == [OLIVIA, OMAR]
    assert newcomers.do(RECONCILE, appoint_first_owners) == []
    assert {note.conversation for note in newcomers.shown(OWNERS_APPOINTED)} == {OLIVIA, OMAR}
    assert newcomers.see(RECONCILE, list_owner_ids) == [OLIVIA, OMAR]
    organization = newcomers.all(Organization)[0]
    assert newcomers.actions(organization.id) == ["owners.appointed"]


def test_the_settings_name_the_first_owners(newcomers: Stage) -> None:
    """With KEYDESK_OWNERS, workspace owners get nothing; guests among the names get nothing either."""
    stage = with_policy(newcomers, owners=(MIA, GUS))
    assert stage.do(RECONCILE, appoint_first_owners) == [MIA]
    assert stage.see(RECONCILE, list_owner_ids) == [MIA]


def test_first_owners_wait_until_somebody_can_be_one(newcomers: Stage) -> None:
    """When the settings name only people whom nobody knows yet, the next reading tries again."""
    assert with_policy(newcomers, owners=("U0LATER001",)).do(RECONCILE, appoint_first_owners) == []
    with newcomers.desk.database.write() as session:
        add_member(session, "U0LATER001", newcomers.desk.clock.now(), name="Later")
    assert with_policy(newcomers, owners=("U0LATER001",)).do(RECONCILE, appoint_first_owners) == ["U0LATER001"]


def test_an_operators_choice_before_the_first_reading_stands(newcomers: Stage) -> None:
    """Who was granted owner on the command line is the first owner; Slack's own owners are not added."""
    mia = Subject(SubjectKind.USER, MIA, "Mia")
    newcomers.do(Actor.operator("ann"), partial(grant_role, subject=mia, role=Role.OWNER))
    assert newcomers.do(RECONCILE, appoint_first_owners) == []
    assert newcomers.see(RECONCILE, list_owner_ids) == [MIA]
    assert newcomers.do(RECONCILE, appoint_first_owners) == []


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Olivia alone owns, for good; Omar is the workspace's primary owner."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.query(Organization).one().owners_seeded_at = desk.clock.now()
        session.query(Grant).filter(Grant.subject_id == OMAR).delete()
        session.get_one(Member, OMAR).is_primary_owner = True
    return stage


def seen(user_id: str, **values: Any) -> SeenUser:
    """What Slack says of somebody."""
    return SeenUser(user_id=user_id, team_id=TEAM, name=user_id, handle=user_id.lower(), **values)


def test_when_slack_takes_the_last_owner_the_primary_owner_follows(stage: Stage) -> None:
    """Olivia is deactivated: in the same transaction Omar is owner for good and is told why."""
    stage.do(RECONCILE, partial(take_user, seen=seen(OLIVIA, is_deleted=True)))
    assert stage.see(RECONCILE, list_owner_ids) == [OMAR]
    assert [(note.conversation, note.facts["why"]) for note in stage.shown(OWNERS_APPOINTED)] == [(OMAR, "vacant")]


def test_the_next_owner_hears_of_the_keys_that_the_last_one_left(stage: Stage) -> None:
    """The card about Olivia's keys goes to Omar, who is owner by the time it is sent."""
    with stage.desk.database.write() as session:
        add_key(session, stage.desk.clock.now(), holder_id=OLIVIA)
    stage.do(RECONCILE, partial(take_user, seen=seen(OLIVIA, is_deleted=True)))
    assert [card.conversation for card in stage.shown(MEMBER_LEFT)] == [OMAR]


def test_an_owner_who_becomes_a_guest_is_followed_as_well(stage: Stage) -> None:
    """Guests have no roles, so the place is vacant just the same."""
    stage.do(RECONCILE, partial(take_user, seen=seen(OLIVIA, is_guest=True)))
    assert stage.see(RECONCILE, list_owner_ids) == [OMAR]


def test_without_a_successor_the_owner_with_an_end_stays_owner(stage: Stage, clock: HeldClock) -> None:
    """Only Mia is left, until tomorrow: her role loses its end, and the sweep finds nothing to end."""
    mia = Subject(SubjectKind.USER, MIA, "Mia")
    until = clock.now() + timedelta(days=1)
    stage.do(OLIVIA, partial(grant_role, subject=mia, role=Role.OWNER, expires_at=until))
    with stage.desk.database.write() as session:
        session.get_one(Member, OMAR).is_primary_owner = False
    stage.do(RECONCILE, partial(take_user, seen=seen(OLIVIA, is_deleted=True)))
    clock.advance(days=3)
    assert stage.do(SWEEP, sweep_roles) == 0
    assert stage.see(RECONCILE, list_owner_ids) == [MIA]


def test_a_sweep_keeps_the_very_last_owner(stage: Stage, clock: HeldClock) -> None:
    """Even if only an owner whose time is up is left, the sweep makes that role last instead of ending it."""
    with stage.desk.database.write() as session:
        session.query(Grant).delete()
        session.get_one(Member, OMAR).is_primary_owner = False
        add_grant(session, MIA, Role.OWNER, clock.now(), expires_at=clock.now() + timedelta(hours=1))
    clock.advance(hours=2)
    stage.do(SWEEP, sweep_roles)
    assert stage.see(RECONCILE, list_owner_ids) == [MIA]
    assert owners_by(stage.see(RECONCILE, list_owner_grants), lasting=True) == {MIA}


@both_databases
def test_when_nobody_can_follow_the_owners_channel_hears_it_once(stage: Stage) -> None:
    """No workspace owner, nobody left: said in the channel and recorded, once; a new owner ends the episode."""
    stage = with_policy(stage, owners_channel="C0OWNERS01")
    with stage.desk.database.write() as session:
        session.get_one(Member, OMAR).is_primary_owner = False
    stage.do(RECONCILE, partial(take_user, seen=seen(OLIVIA, is_deleted=True)))
    stage.do(RECONCILE, partial(take_user, seen=seen(MAX, is_guest=True)))
    assert [note.conversation for note in stage.shown(NO_OWNER_LEFT)] == ["C0OWNERS01"]
    stage.do(RECONCILE, partial(take_user, seen=seen(OMAR, is_primary_owner=True)))
    assert stage.see(RECONCILE, list_owner_ids) == [OMAR]


@both_databases
def test_two_owners_who_revoke_each_other_at_once_do_not_both_win(stage: Stage) -> None:
    """Of two simultaneous revocations one is carried out; the other is refused, and somebody still owns."""
    omar = Subject(SubjectKind.USER, OMAR, "Omar")
    olivias = stage.see(RECONCILE, list_owner_grants)[0]
    omars = stage.do(OLIVIA, partial(grant_role, subject=omar, role=Role.OWNER))
    barrier = threading.Barrier(2)

    def revoke(who: str, grant_id: str) -> str:
        barrier.wait(10)
        try:
            stage.do(who, partial(revoke_grant, grant_id=grant_id))
        except KeydeskError as refusal:
            return type(refusal).__name__
        return "revoked"

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(revoke, OLIVIA, omars.grant.id), threads.submit(revoke, OMAR, olivias.grant_id)]
        outcomes = sorted(one.result(30) for one in both)
    assert outcomes in (["LastOwnerError", "revoked"], ["NotAllowedError", "revoked"])
    assert len(stage.see(RECONCILE, list_owner_ids)) == 1


GROUPS = ("S0ONE00001", "S0TWO00001")
PEOPLE = (OLIVIA, OMAR, MIA)


class OwnersMachine(RuleBasedStateMachine):
    """Everything that people can do with the role of owner, in any order and with any passing of time."""

    template: Path

    @initialize()
    def open_desk(self) -> None:
        """Olivia is the first owner; groups hold some of the people."""
        self.folder = Path(tempfile.mkdtemp())
        self.clock = HeldClock(MONDAY_MORNING)
        self.database = open_database(copy_sqlite(self.template, self.folder))
        self.desk = Desk(self.database, self.clock, Policy())
        with self.database.write() as session:
            add_page(session, MONDAY_MORNING)
            session.query(Organization).one().owners_seeded_at = MONDAY_MORNING
            for user_id in PEOPLE:
                add_member(session, user_id, MONDAY_MORNING)
            add_grant(session, OLIVIA, Role.OWNER, MONDAY_MORNING)
            for group_id, people in zip(GROUPS, ((OMAR,), ()), strict=True):
                session.add(UserGroup(group_id=group_id, handle=group_id.lower(), name=group_id))
                session.flush()
                session.add_all(UserGroupMember(group_id=group_id, user_id=user_id) for user_id in people)

    def _owner(self) -> Actor:
        return Actor.member(self.desk.read_now(RECONCILE, list_owner_ids)[0])

    def _try(self, work: Any) -> None:
        try:
            self.desk.write_now(self._owner(), work)
        except KeydeskError:
            return

    @rule(subject=st.sampled_from(PEOPLE + GROUPS), hours=st.one_of(st.none(), st.integers(1, 48)))
    def grant(self, subject: str, hours: int | None) -> None:
        """An owner grants owner, for good or until a time."""
        kind = SubjectKind.GROUP if subject in GROUPS else SubjectKind.USER
        end = self.clock.now() + timedelta(hours=hours) if hours else None
        self._try(partial(grant_role, subject=Subject(kind, subject, subject), role=Role.OWNER, expires_at=end))

    @rule(number=st.integers(0, 9))
    def revoke(self, number: int) -> None:
        """An owner revokes some grant of owner."""
        grants = self.desk.read_now(RECONCILE, list_owner_grants)
        if grants:
            self._try(partial(revoke_grant, grant_id=grants[number % len(grants)].grant_id))

    @rule(hours=st.integers(1, 72), swept=st.booleans())
    def wait(self, hours: int, swept: bool) -> None:
        """Time passes, and a sweep may come by."""
        self.clock.advance(hours=hours)
        if swept:
            self.desk.write_now(SWEEP, sweep_roles)

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def somebody_owns_for_good(self) -> None:
        """At every instant there is an owner whose role has no end."""
        assert owners_by(self.desk.read_now(RECONCILE, list_owner_grants), lasting=True)

    def teardown(self) -> None:
        """Close and remove the database."""
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)


def test_no_order_of_commands_and_sweeps_leaves_the_desk_without_an_owner(sqlite_template: Path) -> None:
    """Grants, changes of end, revocations, waiting and sweeps in any order: somebody is owner for good throughout."""
    machine = type("Machine", (OwnersMachine,), {"template": sqlite_template})
    run_state_machine_as_test(machine, settings=as_found(lives=25))
