"""User groups followed by events, and syncs that stop before they take too much."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from desk.directory.cards import GROUP_DISABLED, GROUP_READABLE, GROUP_UNREADABLE, SYNC_DONE, SYNC_STOPPED
from desk.directory.events import (
    Taken,
    remember_team,
    take_group_event,
    take_members_event,
    take_read_group,
    take_user,
)
from desk.directory.groups import MembershipChange, SeenGroup, group_versions, list_members
from desk.directory.sync_decision import Held, decide_sync
from desk.directory.sync_steps import cancel_sync, confirm_sync, finish_requests, list_due_syncs, request_sync
from desk.directory.syncs import Snapshot, SyncReport, apply_snapshot, take_people
from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.pages.pages import find_organization
from desk.people import SeenUser, Subject, SubjectWord, get_answerer, get_subject
from desk.permissions import effective_roles
from desk.secret import Secret
from desk.transaction import Actor, Desk, JobName
from storage.models import DirectorySync, Member, Organization, Role, SubjectKind, SyncStatus, UserGroup
from tests.clock import HeldClock
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_member
from tests.unit.desk.stage import Stage, set_stage

GROUP = "S0PLATFORM"
OTHER = "S0INCIDENT"
SLACK = Actor.job(JobName.SLACK)


@pytest.fixture
def stage(desk: Desk) -> Stage:
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


def test_a_change_of_members_takes_and_gives_roles_at_once(stage: Stage) -> None:
    """Ines comes, Mia goes; it is recorded because the group has a role."""
    assert (
        stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=change((INES,), (MIA,)))) is Taken.APPLIED
    )
    assert members(stage) == {MAX, INES}
    assert is_manager(stage, INES)
    assert not is_manager(stage, MIA)
    assert stage.actions(GROUP) == ["group.changed", "group.changed"]


def test_members_who_are_taken_out_together_do_not_lose_their_roles_unasked(stage: Stage) -> None:
    """Two of four people at once is more than is done without asking: everybody stays, and the sync that follows asks
    the owners. What an event says of the group after that is read whole, and stops as well."""
    taken = partial(take_members_event, event_id="Ev1", change=change((INES,), (MIA, MAX)))
    assert stage.do(SLACK, taken) is Taken.APPLIED
    assert stage.do(SLACK, taken) is not Taken.APPLIED
    assert members(stage) == {MIA, MAX}
    assert len(stage.see(SLACK, list_due_syncs)) == 1
    later = change((OMAR,), date_update=30, date_previous_update=20)
    assert stage.do(SLACK, partial(take_members_event, event_id="Ev2", change=later)) is Taken.UNCLEAR
    read = Snapshot(flipped=(), groups=[group(INES, OMAR, date_update=30)], people=5)
    report = stage.do(SLACK, partial(apply_snapshot, snapshot=read))
    assert set(report.losers) == {MIA, MAX}
    assert [card.conversation for card in stage.shown(SYNC_STOPPED)] == [OLIVIA, OMAR]
    assert members(stage) == {MIA, MAX, INES, OMAR}


def test_an_event_that_comes_twice_is_applied_once(stage: Stage) -> None:
    """After Ines left again by a later event, the repetition of the first does not bring her back."""
    first = partial(take_members_event, event_id="Ev1", change=change((INES,)))
    later = change(removed=(INES,), date_update=30, date_previous_update=20)
    stage.do(SLACK, first)
    stage.do(SLACK, partial(take_members_event, event_id="Ev2", change=later))
    assert stage.do(SLACK, first) is not Taken.APPLIED
    assert members(stage) == {MIA, MAX}


@pytest.mark.parametrize(
    "unclear",
    [
        pytest.param({"date_update": 5, "date_previous_update": 4}, id="overtaken by a later event"),
        pytest.param({"date_update": 30, "date_previous_update": 25}, id="an event before it was missed"),
        pytest.param({"is_complete": False}, id="it counts more people than it names"),
        pytest.param({"date_update": 10, "date_previous_update": 10}, id="another one of the same second"),
    ],
)
def test_an_unclear_event_changes_nothing(stage: Stage, unclear: dict[str, Any]) -> None:
    """Then Slack has to be asked, and the event is not counted as handled."""
    event = partial(take_members_event, event_id="Ev1", change=change((INES,), **unclear))
    assert stage.do(SLACK, event) is Taken.UNCLEAR
    assert members(stage) == {MIA, MAX}
    read = partial(take_read_group, event_id="Ev1", seen=group(MIA, MAX, INES, date_update=30))
    assert stage.do(SLACK, read) is Taken.APPLIED
    assert members(stage) == {MIA, MAX, INES}


def test_a_group_event_older_than_what_is_kept_is_unclear(stage: Stage) -> None:
    """A description that was overtaken does not put old members back."""
    stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=change(removed=(MIA,))))
    assert stage.do(SLACK, partial(take_group_event, event_id="Ev2", seen=group(MIA, MAX))) is Taken.UNCLEAR
    assert members(stage) == {MAX}


def test_the_two_events_of_one_change_may_come_in_any_order(stage: Stage) -> None:
    """Slack describes the group and names who came: whichever is second says nothing new and is taken as it is."""
    described = partial(take_group_event, event_id="Ev1", seen=group(MIA, MAX, INES, date_update=20))
    named = partial(take_members_event, event_id="Ev2", change=change((INES,)))
    assert stage.do(SLACK, described) is Taken.APPLIED
    assert stage.do(SLACK, named) is Taken.APPLIED
    assert members(stage) == {MIA, MAX, INES}


def test_two_lists_of_the_same_second_are_unclear(stage: Stage) -> None:
    """Nobody knows which of them came first, so Slack has to be asked."""
    stage.do(SLACK, partial(take_group_event, event_id="Ev1", seen=group(MIA, MAX, INES, date_update=20)))
    late = partial(take_group_event, event_id="Ev2", seen=group(MIA, MAX, OMAR, date_update=20))
    assert stage.do(SLACK, late) is Taken.UNCLEAR


def test_a_group_of_which_not_everybody_is_named_keeps_its_people(stage: Stage) -> None:
    """Name and handle are taken over; a missing list is not an empty one."""
    seen = group(users=None, handle="platform-team", date_update=20)
    stage.do(SLACK, partial(take_group_event, event_id="Ev1", seen=seen))
    assert stage.fresh(UserGroup, GROUP).handle == "platform-team"
    assert members(stage) == {MIA, MAX}


def test_a_group_that_is_switched_off_gives_no_roles_until_it_is_on_again(stage: Stage) -> None:
    """Max is the one of four who loses by it. Owners are told both times; the group's people stay known."""
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, stage.desk.clock.now())
    off = group(users=None, is_disabled=True, date_update=20)
    stage.do(SLACK, partial(take_group_event, event_id="Ev1", seen=off))
    assert not is_manager(stage, MAX)
    stage.do(SLACK, partial(take_group_event, event_id="Ev2", seen=group(MIA, MAX, date_update=30)))
    assert is_manager(stage, MAX)
    assert [note.facts["is_disabled"] for note in stage.shown(GROUP_DISABLED)].count(True) == 2
    assert len(stage.shown(GROUP_DISABLED)) == 4


@pytest.mark.parametrize("users", [None, frozenset(), frozenset({MIA, MAX})])
def test_a_group_that_is_switched_off_and_would_take_too_much_stays_on(
    stage: Stage, users: frozenset[str] | None
) -> None:
    """Two of four at once: nobody loses anything by the event, whatever it says of the group's people; the sync that
    it asks for asks the owners."""
    off = group(users=users, is_disabled=True, date_update=20)
    stage.do(SLACK, partial(take_group_event, event_id="Ev1", seen=off))
    assert is_manager(stage, MIA)
    assert is_manager(stage, MAX)
    assert len(stage.see(SLACK, list_due_syncs)) == 1
    assert sync(stage, off).stopped_id is not None
    assert is_manager(stage, MIA)


def test_people_who_are_taken_out_one_by_one_count_together(stage: Stage, clock: HeldClock) -> None:
    """Max goes a minute after Mia: that would be two of four. The sync sees it the same way and asks."""
    stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=change(removed=(MIA,))))
    clock.advance(minutes=1)
    next_one = change(removed=(MAX,), date_update=30, date_previous_update=20)
    stage.do(SLACK, partial(take_members_event, event_id="Ev2", change=next_one))
    assert (is_manager(stage, MIA), is_manager(stage, MAX)) == (False, True)
    report = sync(stage, group(date_update=30))
    assert list(report.losers) == [MAX]
    stopped = stage.fresh(DirectorySync, report.stopped_id or "")
    stage.do(OLIVIA, partial(confirm_sync, sync_id=stopped.id, version=stopped.version))
    assert sync(stage, group(date_update=30)).applied_id == stopped.id
    assert not is_manager(stage, MAX)


def test_who_was_put_back_counts_as_if_never_gone(stage: Stage) -> None:
    """Mia is taken out and put back; then Max goes, who is one of four."""
    steps = [((), (MIA,)), ((MIA,), ()), ((), (MAX,))]
    for number, (added, removed) in enumerate(steps, 1):
        date = 10 * number
        step = change(added, removed, date_update=date + 10, date_previous_update=date)
        stage.do(SLACK, partial(take_members_event, event_id=f"Ev{number}", change=step))
    assert members(stage) == {MIA}


def test_a_full_list_that_would_take_too_much_is_left_to_a_sync(stage: Stage) -> None:
    """Two of four people at once: nothing is taken, a sync is asked for, and that one will ask the owners."""
    stage.do(SLACK, partial(take_group_event, event_id="Ev1", seen=group(date_update=20)))
    assert members(stage) == {MIA, MAX}
    assert len(stage.see(SLACK, list_due_syncs)) == 1


def test_a_group_that_changed_here_while_it_was_read_is_read_again(stage: Stage) -> None:
    """What an event said meanwhile is not undone by a slower reading; a sync is asked for."""
    version = stage.see(SLACK, group_versions)[GROUP]
    stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=change((INES,))))
    slow = group(MIA, MAX, version=version)
    assert stage.do(SLACK, partial(take_read_group, event_id="Ev2", seen=slow)) is Taken.UNCLEAR
    assert members(stage) == {MIA, MAX, INES}
    assert stage.see(SLACK, list_due_syncs)


def test_a_group_that_could_not_be_read_keeps_its_people(stage: Stage) -> None:
    """Slack's answer was an error: nothing is taken over, the event may come again, and a sync is asked for."""
    unread = group(problem="Slack says no.", date_update=20)
    assert stage.do(SLACK, partial(take_read_group, event_id="Ev1", seen=unread)) is Taken.UNCLEAR
    assert members(stage) == {MIA, MAX}
    assert stage.see(SLACK, list_due_syncs)


def sync(stage: Stage, *groups: SeenGroup, users: tuple[SeenUser, ...] = (), **values: Any) -> SyncReport:
    """A sync that found these groups and people."""
    flipped = stage.do(SLACK, partial(take_people, seen=users))
    snapshot = Snapshot(flipped=flipped, groups=groups, people=len(users), **values)
    return stage.do(SLACK, partial(apply_snapshot, snapshot=snapshot))


def user(user_id: str, **values: Any) -> SeenUser:
    """What Slack says of a person."""
    return SeenUser(user_id=user_id, team_id=TEAM, name=user_id, handle=user_id.lower(), **values)


INCIDENT, EVERYWHERE = Held(Role.INCIDENT_MANAGER, None), Held(Role.OWNER, None)


@pytest.mark.parametrize(
    ("before", "after", "stops", "losers"),
    [
        pytest.param({"a": {INCIDENT}}, {"a": {INCIDENT}}, False, [], id="nobody loses"),
        pytest.param(
            {c: {INCIDENT} for c in "abcd"}, {c: {INCIDENT} for c in "abc"}, False, ["d"], id="just a quarter"
        ),
        pytest.param({c: {INCIDENT} for c in "abc"}, {c: {INCIDENT} for c in "ab"}, True, ["c"], id="more than one"),
        pytest.param({"a": {INCIDENT, EVERYWHERE}}, {"a": {INCIDENT}}, True, ["a"], id="one role of two is a loss"),
        pytest.param({"a": {INCIDENT}}, {"a": {INCIDENT, EVERYWHERE}, "b": {INCIDENT}}, False, [], id="gains"),
        pytest.param({}, {}, False, [], id="nobody has anything"),
    ],
)
def test_when_a_sync_stops(
    before: dict[str, set[Held]], after: dict[str, set[Held]], stops: bool, losers: list[str]
) -> None:
    """When more than a quarter of the people who have any role would lose one."""
    frozen = [{user_id: frozenset(roles) for user_id, roles in side.items()} for side in (before, after)]
    verdict = decide_sync(frozen[0], frozen[1], share=0.25)
    assert (verdict.stops, list(verdict.losers)) == (stops, losers)


def test_a_small_sync_is_applied(stage: Stage) -> None:
    """One of four loses a role, a newcomer gains one: done without asking, and reported."""
    report = sync(stage, group(MAX, INES, date_update=20))
    assert members(stage) == {MAX, INES}
    assert report.removed == {GROUP: [MIA]}
    assert report.added == {GROUP: [INES]}
    assert list(report.losers) == [MIA]
    assert report.stopped_id is None
    assert stage.shown(SYNC_STOPPED) == []


def test_a_large_sync_takes_nothing_and_asks_the_owners(stage: Stage) -> None:
    """Two of four would lose their role: they keep it, gains are applied, owners get a card with who loses what."""
    report = sync(stage, group(INES, date_update=20))
    assert members(stage) == {MIA, MAX, INES}
    assert [card.conversation for card in stage.shown(SYNC_STOPPED)] == [OLIVIA, OMAR]
    stopped = stage.fresh(DirectorySync, report.stopped_id or "")
    assert stopped.status == SyncStatus.STOPPED
    assert stopped.plan is not None
    assert stopped.plan["losers"] == {MAX: [["incident_manager", None]], MIA: [["incident_manager", None]]}
    assert stopped.plan["people"] == 4


def test_the_same_plan_is_asked_about_once(stage: Stage) -> None:
    """The sync of the next hour finds the same and stays quiet."""
    first = sync(stage, group(date_update=20))
    second = sync(stage, group(date_update=20))
    assert first.stopped_id == second.stopped_id
    assert len(stage.all(DirectorySync)) == 1


def test_an_owners_yes_is_carried_out_by_the_next_reading_of_the_same(stage: Stage) -> None:
    """Apply, then a reading that finds the same plan: done, and the record says who confirmed."""
    stopped_id = sync(stage, group(date_update=20)).stopped_id or ""
    stage.do(OLIVIA, partial(confirm_sync, sync_id=stopped_id, version=1))
    assert members(stage) == {MIA, MAX}
    report = sync(stage, group(date_update=20))
    assert members(stage) == set()
    assert report.applied_id == stopped_id
    assert stage.actions(stopped_id) == ["sync.stopped", "sync.confirmed", "sync.applied"]
    assert stage.fresh(DirectorySync, stopped_id).status == SyncStatus.APPLIED


def test_a_yes_does_not_count_for_another_plan(stage: Stage) -> None:
    """Between yes and reading, Slack changed: the new plan is a new question, the old one is over."""
    with stage.desk.database.write() as session:
        add_grant(session, INES, Role.INTEGRATOR, stage.desk.clock.now())
    stopped_id = sync(stage, group(date_update=20)).stopped_id or ""
    stage.do(OLIVIA, partial(confirm_sync, sync_id=stopped_id, version=1))
    report = sync(stage, group(date_update=20), users=(user(INES, is_guest=True),))
    assert members(stage) == {MIA, MAX}
    assert report.stopped_id not in {None, stopped_id}
    assert stage.fresh(DirectorySync, stopped_id).status == SyncStatus.SUPERSEDED


def test_leave_as_is_is_not_asked_again_until_the_plan_changes(stage: Stage) -> None:
    """The same plan stays quiet after a no; when Slack agrees with the desk again, the no is over as well."""
    stopped_id = sync(stage, group(date_update=20)).stopped_id or ""
    stage.do(OMAR, partial(cancel_sync, sync_id=stopped_id, version=1))
    assert sync(stage, group(date_update=20)).stopped_id == stopped_id
    assert members(stage) == {MIA, MAX}
    sync(stage, group(MIA, MAX, date_update=30))
    assert stage.fresh(DirectorySync, stopped_id).status == SyncStatus.SUPERSEDED
    assert sync(stage, group(date_update=40)).stopped_id not in {None, stopped_id}


def test_one_answer_counts(stage: Stage) -> None:
    """The second owner who answers a card as it was is told who was first."""
    stopped_id = sync(stage, group(date_update=20)).stopped_id or ""
    stage.do(OMAR, partial(cancel_sync, sync_id=stopped_id, version=1))
    with pytest.raises(ConflictError, match="Omar was first"):
        stage.do(OLIVIA, partial(confirm_sync, sync_id=stopped_id, version=1))


def test_only_owners_answer(stage: Stage) -> None:
    """A member who gets hold of the button is refused."""
    stopped_id = sync(stage, group(date_update=20)).stopped_id or ""
    with pytest.raises(NotAllowedError):
        stage.do(MIA, partial(confirm_sync, sync_id=stopped_id, version=1))
    with pytest.raises(NotAllowedError):
        stage.do(MIA, partial(cancel_sync, sync_id=stopped_id, version=1))


def test_people_whom_an_event_missed_are_dealt_with_by_the_sync(stage: Stage) -> None:
    """Max was deactivated while nobody listened: one of four, so he leaves as by an event."""
    report = sync(stage, group(MIA, MAX), users=(user(MAX, is_deleted=True), user(INES)))
    assert report.flips == {MAX: "deleted"}
    assert stage.actions(MAX) == ["member.left"]
    assert not is_manager(stage, MAX)


def test_many_deactivations_at_once_stop_as_well(stage: Stage) -> None:
    """When Slack suddenly calls half of the people deactivated, they keep what they have until an owner says so."""
    users = (user(MAX, is_deleted=True), user(MIA, is_deleted=True), user(INES, is_deleted=True))
    report = sync(stage, group(MIA, MAX), users=users)
    assert is_manager(stage, MIA)
    assert is_manager(stage, MAX)
    assert report.flips == {INES: "deleted"}
    assert stage.fresh(DirectorySync, report.stopped_id or "").plan == {
        "flips": {MAX: "deleted", MIA: "deleted"},
        "losers": {MAX: [["incident_manager", None]], MIA: [["incident_manager", None]]},
        "people": 4,
        "switched_off": [],
    }


def test_a_group_that_was_switched_off_takes_too_much_as_well(stage: Stage) -> None:
    """Two of four would lose their role by it: the group stays on, and owners are asked. Where few would, it is
    switched off; and on again whoever would gain by it."""
    off = group(MIA, MAX, is_disabled=True, date_update=20)
    stopped = stage.fresh(DirectorySync, sync(stage, off).stopped_id or "")
    assert is_manager(stage, MIA)
    assert stopped.plan is not None
    assert (list(stopped.plan["losers"]), stopped.plan["switched_off"]) == ([MAX, MIA], [GROUP])
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, stage.desk.clock.now())
    report = sync(stage, off)
    assert (report.switched, list(report.losers), report.stopped_id) == ({GROUP: True}, [MAX], None)
    assert not is_manager(stage, MAX)
    report = sync(stage, group(MIA, MAX, date_update=30))
    assert (report.switched, report.losers, report.stopped_id) == ({GROUP: False}, {}, None)
    assert is_manager(stage, MAX)


def test_a_group_that_cannot_be_read_is_reported_once_and_keeps_its_people(stage: Stage) -> None:
    """Two syncs without an answer: one note to each owner; the next good one says that it is over."""
    broken = group(users=None, problem="Slack answered “no_such_subteam”")
    report = sync(stage, broken)
    sync(stage, broken)
    assert report.unreadable == {GROUP: "Slack answered “no_such_subteam”"}
    assert members(stage) == {MIA, MAX}
    assert [note.conversation for note in stage.shown(GROUP_UNREADABLE)] == [OLIVIA, OMAR]
    sync(stage, group(MIA, MAX))
    assert len(stage.shown(GROUP_READABLE)) == 2
    sync(stage, broken)
    assert len(stage.shown(GROUP_UNREADABLE)) == 4


def test_a_group_without_roles_that_cannot_be_read_bothers_nobody(stage: Stage) -> None:
    """Only groups that give roles are worth a message."""
    sync(stage, group(users=None, group_id=OTHER, problem="Slack could not be reached"))
    assert stage.shown(GROUP_UNREADABLE) == []


def test_a_reading_that_an_event_overtook_does_not_undo_it(stage: Stage) -> None:
    """Ines joined while Slack was read: the group is left to the next sync."""
    version = stage.see(SLACK, group_versions)[GROUP]
    stage.do(SLACK, partial(take_members_event, event_id="Ev1", change=change((INES,))))
    sync(stage, group(MIA, MAX, version=version))
    assert members(stage) == {MIA, MAX, INES}


def test_new_people_and_groups_are_taken_over(stage: Stage) -> None:
    """A first sync fills the desk without a word about each of them."""
    sync(stage, group(GUS, group_id=OTHER), users=(user("U0NEW00001"),))
    assert stage.fresh(Member, "U0NEW00001").name == "U0NEW00001"
    assert members(stage, OTHER) == {GUS}
    assert stage.actions("U0NEW00001") == []


def test_who_asked_for_a_sync_is_told_unless_they_see_it(stage: Stage) -> None:
    """Two owners asked; one gets the answer on the screen, the other by message."""
    olivias = stage.do(OLIVIA, request_sync)
    omars = stage.do(OMAR, request_sync)
    assert stage.do(OLIVIA, request_sync).id == olivias.id
    due = stage.see(SLACK, list_due_syncs)
    stage.do(SLACK, partial(finish_requests, sync_ids=due, report={"people": 1}, told=olivias.id))
    assert [(note.conversation, note.facts) for note in stage.shown(SYNC_DONE)] == [(OMAR, {"report": {"people": 1}})]
    assert stage.fresh(DirectorySync, omars.id).status == SyncStatus.DONE
    assert stage.see(SLACK, list_due_syncs) == []


def test_the_workspace_is_remembered_even_before_a_seed(desk: Desk) -> None:
    """Roles work before there is a page: the organization begins with the workspace's name."""
    desk.write_now(SLACK, partial(remember_team, team_id=TEAM, team_name="Acme Inc"))
    desk.write_now(SLACK, partial(remember_team, team_id="T0OTHER", team_name="Other"))
    organization = desk.read_now(SLACK, lambda tx: find_organization(tx.session))
    assert organization is not None
    assert (organization.name, organization.slack_team_id) == ("Acme Inc", TEAM)


@pytest.mark.parametrize("word", ["@platform", "platform", "S0PLATFORM", "Platform"])
def test_groups_are_found_by_what_they_are_called(stage: Stage, word: str) -> None:
    """By handle with and without @, in any case, and by id."""
    found = stage.see(SLACK, lambda tx: get_subject(tx.session, SubjectWord("name", word)))
    assert found == Subject(SubjectKind.GROUP, GROUP, "@platform")


def test_a_name_too_long_to_be_kept_is_cut(stage: Stage) -> None:
    """People, groups and workspaces are taken over whatever they are called."""
    stage.do(SLACK, partial(take_user, seen=replace(user(MIA), name="M" * 300, handle="m" * 300)))
    mia = stage.fresh(Member, MIA)
    assert (mia.name, mia.handle) == ("M" * 255, "m" * 255)


def test_a_person_answers_for_a_key(stage: Stage) -> None:
    """Mentioned or named; a group does not, mentioned, named, or never heard of."""
    for word in (SubjectWord("user", MIA), SubjectWord("name", "@mia")):
        assert stage.see(SLACK, lambda tx: get_answerer(tx.session, word)) == MIA  # noqa: B023
    for word in (SubjectWord("group", GROUP), SubjectWord("name", "platform"), SubjectWord("group", "S0UNKNOWN")):
        with pytest.raises(InvalidInputError, match="not a user group") as refusal:
            stage.see(SLACK, lambda tx: get_answerer(tx.session, word))  # noqa: B023
        assert refusal.value.field == "holder"


def test_an_ambiguous_name_is_refused_with_the_choices(stage: Stage) -> None:
    """Two people called Mia are both named with their ids; one who left does not make it ambiguous, and is found
    where nobody else is called so."""
    with stage.desk.database.write() as session:
        add_member(session, "U0MIA00002", stage.desk.clock.now(), name="Mia")
    find = partial(stage.see, SLACK)
    with pytest.raises(Exception, match=r"could be 2 of us: Mia \(U0MIA00001\), Mia \(U0MIA00002\)"):
        find(lambda tx: get_subject(tx.session, SubjectWord("name", "@mia")))
    with stage.desk.database.write() as session:
        session.get_one(Member, "U0MIA00002").is_deleted = True
        session.get_one(Member, GUS).is_deleted = True
    assert find(lambda tx: get_subject(tx.session, SubjectWord("name", "@mia"))).id == MIA
    assert find(lambda tx: get_subject(tx.session, SubjectWord("name", "@gus"))).id == GUS
    with pytest.raises(Exception, match="nobody called"):
        find(lambda tx: get_subject(tx.session, SubjectWord("name", "@")))


def test_a_secret_in_a_name_is_not_kept(stage: Stage) -> None:
    """Whatever people call themselves, their groups or their workspace at Slack is fit to be shown."""
    secret = Secret.generate().reveal()
    seen = SeenUser(user_id="U0NEW00001", team_id=TEAM, name=f"_{secret}", handle=f"new%20{secret}", time_zone=secret)
    stage.do(SLACK, partial(take_user, seen=seen))
    stage.do(
        SLACK,
        partial(
            take_group_event,
            event_id="Ev1",
            seen=group(MIA, name=secret, handle="xoxb-1234567890-ab", date_update=20),
        ),
    )
    with stage.desk.database.read() as session:
        member, kept = session.get_one(Member, "U0NEW00001"), session.get_one(UserGroup, GROUP)
        shown = (member.name, member.handle, member.time_zone, kept.name, kept.handle)
    assert shown == ("_kd_[masked]", "new%20kd_[masked]", "kd_[masked]", "kd_[masked]", "xoxb-[masked]")


def test_a_broken_name_is_kept_as_far_as_it_goes(stage: Stage) -> None:
    """Half a character, or one that is none, holds up no event: nobody here could type the name again."""
    seen = SeenUser(user_id="U0NEW00001", team_id=TEAM, name="Ne\ud83dw", handle="n\0ew", time_zone="\udc00")
    stage.do(SLACK, partial(take_user, seen=seen))
    stage.do(
        SLACK, partial(take_group_event, event_id="Ev1", seen=group(MIA, name="\ud83d", handle="p\0", date_update=20))
    )
    with stage.desk.database.read() as session:
        member, kept = session.get_one(Member, "U0NEW00001"), session.get_one(UserGroup, GROUP)
        assert (member.name, member.handle, kept.name, kept.handle) == ("New", "new", "", "p")
