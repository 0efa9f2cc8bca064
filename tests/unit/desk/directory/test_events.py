"""People and user groups, followed as events tell of them."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from desk.directory.cards import GROUP_DISABLED, SYNC_STOPPED
from desk.directory.events import (
    Taken,
    remember_team,
    take_group_event,
    take_members_event,
    take_read_group,
    take_user,
)
from desk.directory.groups import group_versions
from desk.directory.sync_steps import confirm_sync, list_due_syncs
from desk.directory.syncs import Snapshot, apply_snapshot
from desk.errors import InvalidInputError
from desk.pages.pages import find_organization
from desk.people import SeenUser, Subject, SubjectWord, get_answerer, get_subject
from desk.secret import Secret
from desk.transaction import Desk
from storage.models import DirectorySync, Member, Role, SubjectKind, UserGroup
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, TEAM, add_grant, add_member
from tests.unit.desk.directory.directory_stage import (
    GROUP,
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


@both_databases
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


@both_databases
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


@both_databases
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
