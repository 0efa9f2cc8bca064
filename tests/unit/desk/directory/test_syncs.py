"""Readings of Slack's whole directory: applied, or stopped when they would take roles from too many."""

from functools import partial

import pytest

from desk.directory.cards import GROUP_READABLE, GROUP_UNREADABLE, SYNC_DONE, SYNC_STOPPED
from desk.directory.events import (
    take_members_event,
)
from desk.directory.groups import group_versions
from desk.directory.sync_decision import Held, decide_sync
from desk.directory.sync_steps import cancel_sync, confirm_sync, finish_requests, list_due_syncs, request_sync
from desk.directory.syncs import in_batches, take_groups
from desk.errors import ConflictError, NotAllowedError
from desk.transaction import Desk
from storage.models import DirectorySync, Member, Role, SyncStatus, UserGroup
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_grant
from tests.unit.desk.directory.directory_stage import (
    GROUP,
    OTHER,
    SLACK,
    change,
    group,
    is_manager,
    members,
    set_directory_stage,
    sync,
    user,
)
from tests.unit.desk.stage import Stage


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """@platform is granted incident manager; see `set_directory_stage`."""
    return set_directory_stage(desk)


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


@both_databases
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


def test_groups_without_roles_are_kept_apart_from_the_rest(stage: Stage) -> None:
    """They are kept at once, on or off; nothing is kept yet of a group with roles, which is judged with all else."""
    seen = [group(INES), group(GUS, group_id=OTHER), group(MIA, group_id="S0OFF00001", is_disabled=True)]
    before = members(stage)
    assert stage.do(SLACK, partial(take_groups, seen=seen)) == seen[:1]
    assert members(stage) == before
    assert members(stage, OTHER) == {GUS}
    assert stage.fresh(UserGroup, "S0OFF00001").is_disabled
    versions = stage.see(SLACK, group_versions)
    assert stage.do(SLACK, partial(take_groups, seen=seen[1:])) == []
    assert stage.see(SLACK, group_versions) == versions


def test_an_event_that_overtook_the_reading_of_a_group_without_roles_counts(stage: Stage) -> None:
    """What is kept of it by then is left to the next sync."""
    stage.do(SLACK, partial(take_groups, seen=[group(GUS, group_id=OTHER)]))
    version = stage.see(SLACK, group_versions)[OTHER]
    stage.do(SLACK, partial(take_groups, seen=[group(GUS, MIA, group_id=OTHER)]))
    stage.do(SLACK, partial(take_groups, seen=[group(group_id=OTHER, version=version)]))
    assert members(stage, OTHER) == {GUS, MIA}


def test_a_transaction_keeps_a_thousand_people_of_groups() -> None:
    """Groups are taken together until they have so many; one that has more is taken alone."""
    sizes = [400, 400, 400, 5000, 1, 2]
    seen = [group(*map(str, range(size)), group_id=str(place)) for place, size in enumerate(sizes)]
    batches = [[len(one.users or ()) for one in batch] for batch in in_batches(seen)]
    assert batches == [[400, 400, 400], [5000], [1, 2]]
    assert list(in_batches([])) == []


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
