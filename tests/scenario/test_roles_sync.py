"""Stories of people and groups that change in Slack, told by events or found by a sync."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from desk.directory.sync_steps import request_sync
from desk.errors import KeydeskError, NotAllowedError
from desk.permissions import effective_roles, list_owner_ids
from desk.transaction import Actor, JobName
from handlers.jobs.reconcile import reconcile, reconcile_at_start, run_due_syncs
from handlers.slack.directory.reading import ensure_known
from sandbox.people import Person
from sandbox.player import find_label
from storage.database import Database
from storage.models import Grant, Member, Organization, Role, SeenEvent, SubjectKind, UserGroup, UserGroupMember
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_grant
from tests.scenario.conftest import Scenario, shows
from tests.scenario.keys_stage import said, surely
from tests.waiting import wait_until

GROUP = "S0INCIDENT"
JOB = Actor.operator("test")


def sync(scenario: Scenario) -> Any:
    """The job of each hour, now."""
    return scenario.bot.call(reconcile(scenario.bot.client, scenario.desk))


@pytest.fixture
def synced(scenario: Scenario) -> Scenario:
    """The directory was read once; @incident-responders (Ines, Max) are incident managers."""
    with scenario.database.write() as session:
        now = scenario.clock.now()
        add_grant(session, GROUP, Role.INCIDENT_MANAGER, now, subject_kind=SubjectKind.GROUP)
    sync(scenario)
    scenario.deliver()
    return scenario


def has(scenario: Scenario, user_id: str, role: Role = Role.INCIDENT_MANAGER) -> bool:
    """Whether somebody has a role somewhere now."""
    roles = scenario.desk.read_now(JOB, lambda tx: effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy))
    return roles.has_anywhere(role)


def members(scenario: Scenario) -> set[str]:
    """Who is in the group, as kept."""
    with scenario.database.read() as session:
        return {row.user_id for row in session.query(UserGroupMember).filter_by(group_id=GROUP)}


def put_group(scenario: Scenario, *users: str, **values: Any) -> None:
    """Somebody changes the group in Slack."""
    scenario.control.call("PUT", f"usergroups/{GROUP}", {"users": list(users), **values})


def patch(scenario: Scenario, user_id: str, **values: Any) -> None:
    """Somebody changes a person in Slack."""
    scenario.control.call("PATCH", f"users/{user_id}", values)


def test_first_owners_come_from_slack_once(scenario: Scenario) -> None:
    """The first reading makes the workspace's owners owners and tells them; the second start appoints nobody."""
    with scenario.database.write() as session:
        session.query(Grant).delete()
        session.query(Member).delete()
    report = scenario.bot.call(reconcile_at_start(scenario.bot.client, scenario.desk))
    assert report is not None
    assert set(report.new_owners) == {OLIVIA, OMAR}
    shows(scenario.direct_messages(scenario.omar), "You are an", "owner", f"<@{OLIVIA}>")
    shows(scenario.owners_channel(), f"<@{OLIVIA}>", f"<@{OMAR}>", "first owners")
    surely(scenario.olivia, f"/roles revoke <@{OMAR}|omar> owner")
    scenario.bot.call(reconcile_at_start(scenario.bot.client, scenario.desk))
    assert scenario.desk.read_now(JOB, list_owner_ids) == [OLIVIA]
    assert scenario.violations() == []


@both_databases
def test_the_directory_is_read_whole(synced: Scenario) -> None:
    """People with their standing and groups with their people, from every page of Slack's answer."""
    with synced.database.read() as session:
        standings = {m.user_id: (m.is_deleted, m.is_guest, m.is_bot) for m in session.query(Member)}
        assert session.get_one(UserGroup, "S0PLATFORM").handle == "platform"
        assert session.query(Organization).one().slack_team_id == "T0SANDBOX01"
    assert standings[GUS] == (False, True, False)
    assert standings["USLACKBOT"] == (False, False, True)
    assert standings["U0DAN00001"][0] is True
    assert members(synced) == {INES, MAX}


def test_events_move_people_in_and_out_of_groups(synced: Scenario) -> None:
    """Mia is put into the group and Max taken out in Slack; roles follow without a sync."""
    put_group(synced, INES, MIA)
    wait_until(lambda: members(synced) == {INES, MIA})
    assert has(synced, MIA)
    assert not has(synced, MAX)


@both_databases
def test_a_repeated_event_has_one_effect(synced: Scenario) -> None:
    """Slack delivers everything twice: each event is taken once, and on record once."""
    synced.fault(method="delivery", kind="duplicate", times=4)
    put_group(synced, INES, MAX, MIA)
    wait_until(lambda: len(deliveries(synced, "subteam_members_changed")) == 2)
    assert members(synced) == {INES, MAX, MIA}
    with synced.database.read() as session:
        assert session.query(SeenEvent).count() == 2


def deliveries(scenario: Scenario, event_type: str) -> list[Any]:
    """Deliveries of an event that were acknowledged."""
    found = scenario.control.journal(kind="delivery")
    return [
        entry for entry in found if entry["payload"].get("event", {}).get("type") == event_type and entry["acked"]
    ]


def test_an_event_that_could_not_be_kept_is_answered_with_an_error_so_that_slack_repeats_it(
    synced: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database refuses once: Slack gets a 500, sends the event again, and then it takes effect."""
    refusals = [ConnectionError("the database is away")]
    run_write = Database.run_write

    async def refuse_once(database: Database, work: Callable[[Session], Any]) -> Any:
        if refusals:
            raise refusals.pop()
        return await run_write(database, work)

    monkeypatch.setattr(Database, "run_write", refuse_once)
    patch(synced, MAX, is_restricted=True)
    wait_until(lambda: not has(synced, MAX))
    wait_until(lambda: statuses(synced, "user_change") == [500, 200])


def statuses(scenario: Scenario, event_type: str) -> list[int]:
    """How the bot answered each delivery of an event so far; one that is under way has no answer yet."""
    found = scenario.control.journal(kind="delivery")
    events = [entry for entry in found if entry["payload"].get("event", {}).get("type") == event_type]
    return [entry["status"] for entry in events if entry["acked"] is not None]


def test_a_group_switched_off_in_slack_gives_nobody_a_role(synced: Scenario) -> None:
    """Owners are told when a group with roles is disabled; its people have nothing from it. Max keeps a role of his
    own, so that only one of four loses by it."""
    with synced.database.write() as session:
        add_grant(session, MAX, Role.INCIDENT_MANAGER, synced.clock.now())
    put_group(synced, INES, MAX, date_delete=1_772_000_000)
    wait_until(lambda: not has(synced, INES))
    shows(synced.owners_channel(), "@incident-responders", "switched off")


def test_a_new_group_and_a_new_person_are_known_at_once(synced: Scenario) -> None:
    """`subteam_created` and `team_join` are followed."""
    synced.control.call("PUT", "usergroups/S0NEWGROUP", {"handle": "newbies", "name": "Newbies", "users": [MIA]})
    joined = synced.control.call("POST", "users", {"name": "nora", "real_name": "Nora New"})
    wait_until(lambda: group_exists(synced, "S0NEWGROUP"))
    wait_until(lambda: has(synced, joined["id"], Role.INTEGRATOR))


def group_exists(scenario: Scenario, group_id: str) -> bool:
    """Whether the desk knows a group."""
    with scenario.database.read() as session:
        return session.get(UserGroup, group_id) is not None


def test_a_large_group_is_read_in_full(synced: Scenario) -> None:
    """Slack's event names 500 people of 600; the rest is read, and nobody is lost."""
    crowd = [f"U0CROWD{number:03d}" for number in range(600)]
    for user_id in crowd:
        synced.server.workspace.people[user_id] = Person(user_id, user_id.lower(), user_id)
    put_group(synced, INES, MAX, *crowd)
    wait_until(lambda: len(members(synced)) == 602)
    assert synced.calls("usergroups.users.list")


def test_a_group_that_cannot_be_read_is_reported_once(synced: Scenario) -> None:
    """Its people keep their roles; owners are told once, however often it fails, and once when it works again."""
    synced.fault(method="usergroups.users.list", kind="error", error="permission_denied", times=2)
    sync(synced)
    sync(synced)
    assert members(synced) == {INES, MAX}
    notes = [m for m in synced.owners_channel() if "can't read" in str(m)]
    assert len(notes) == 1
    shows(notes, "@incident-responders", "permission_denied", "keep their roles")
    sync(synced)
    shows(synced.owners_channel(), "I can read the user group", "again")


def test_when_no_group_can_be_read_none_is_taken_for_empty(synced: Scenario) -> None:
    """The list of groups itself fails: the same report, the same roles."""
    synced.fault(method="usergroups.list", kind="error", error="missing_scope", times=1)
    report = sync(synced)
    assert list(report.unreadable) == [GROUP]
    assert has(synced, INES)


def test_slacks_limits_are_waited_for(synced: Scenario) -> None:
    """Slack asks to wait: the reading goes on afterwards and is complete."""
    synced.fault(method="users.list", kind="ratelimited", retry_after=0, times=2)
    assert sync(synced).people_problem is None
    assert [call["status"] for call in synced.calls("users.list")][-3:] == [429, 429, 200]


def test_a_sync_that_takes_too_much_asks_and_an_owner_applies_it(synced: Scenario) -> None:
    """Both responders vanish while nobody listens: half of the people with roles. Omar looks at it and applies it."""
    synced.server.workspace.groups[GROUP].users = [MIA]
    sync(synced)
    assert members(synced) == {INES, MAX, MIA}
    card = shows(synced.owners_channel(), "2 of the 4 people", f"<@{INES}>", f"<@{MAX}>", "incident manager")
    synced.omar.press("Apply", card)
    assert members(synced) == {MIA}
    assert not has(synced, INES)
    shows(synced.owners_channel(), "Applied, as", f"<@{OMAR}>")
    assert shows(synced.owners_channel(), f"<@{OMAR}> said *Apply* to the sync")["thread_ts"] == card["ts"]
    shows(synced.direct_messages(synced.omar), "Applied, as", "2 of 4 people")
    assert synced.violations() == []


def test_leave_as_is(synced: Scenario) -> None:
    """Olivia says no: nobody loses anything, nobody is asked again, and `/roles sync` shows the question anew."""
    synced.server.workspace.groups[GROUP].users = [MIA]
    sync(synced)
    card = shows(synced.owners_channel(), "2 of the 4 people")
    shows([said(synced.omar, "/roles sync")], "2 of the 4 people")
    synced.olivia.press("Leave as is", card)
    # Other owners hear of it below the card, and Omar, who asked for a sync, in person.
    told = shows(synced.owners_channel(), f"<@{OLIVIA}> said *Leave as is*", "nobody loses a role")
    assert told["thread_ts"] == card["ts"]
    shows(synced.direct_messages(synced.omar), f"<@{OLIVIA}> said *Leave as is*")
    sync(synced)
    cards = [m for m in synced.owners_channel() if "of the 4 people" in str(m)]
    assert len(cards) == 1
    shows(cards, "Leave as is", f"<@{OLIVIA}>")
    assert has(synced, INES)
    answer = said(synced.omar, "/roles sync")
    shows([answer], "2 of the 4 people")
    synced.omar.press("Apply after all", answer)
    assert not has(synced, INES)


def test_a_yes_to_what_has_changed_since_is_not_carried_out(synced: Scenario) -> None:
    """Between card and click Slack changed again: nothing is taken, and there is a new card."""
    with synced.database.write() as session:
        add_grant(session, GUS, Role.INTEGRATOR, synced.clock.now())
    synced.server.workspace.groups[GROUP].users = [MIA]
    sync(synced)
    card = shows(synced.owners_channel(), "2 of the 4 people")
    synced.server.workspace.people[OMAR].is_restricted = True
    synced.olivia.press("Apply", card)
    assert has(synced, INES)
    shows(synced.owners_channel(), "3 of the 5 people")
    assert find_label(shows(synced.owners_channel(), "2 of the 4 people"), "Apply") is None
    shows(synced.direct_messages(synced.olivia), "Settled without a decision", "have changed since")


def test_sync_shows_what_changed(synced: Scenario) -> None:
    """`/roles sync` says who came, who went and what they lost, and who cannot be read."""
    with synced.database.write() as session:
        add_grant(session, MIA, Role.INTEGRATOR, synced.clock.now())
    synced.server.workspace.groups[GROUP].users = [INES, GUS]
    answer = said(synced.olivia, "/roles sync")
    shows([answer], "people and 2 user groups", f"<@{GUS}> joined", f"<@{MAX}> left", "*Lost:*", f"<@{MAX}>")
    assert "Nothing has changed" in str(said(synced.olivia, "/roles sync"))
    assert "Only owners" in str(said(synced.mia, "/roles sync"))
    assert synced.violations() == []


def test_a_sync_that_takes_long_is_finished_by_the_job(synced: Scenario) -> None:
    """Slack is slow: the command is answered in time, the job does the reading, and Olivia gets the result."""
    synced.fault(method="users.list", kind="timeout", seconds=5, times=1)
    shows([said(synced.olivia, "/roles sync")], "takes longer")
    assert scenario_due(synced)
    assert not scenario_due(synced)
    shows(synced.direct_messages(synced.olivia), "people and 2 user groups")
    assert synced.violations() == []


def scenario_due(scenario: Scenario) -> bool:
    """The job of each minute; whether it had anything to do."""
    return scenario.bot.call(run_due_syncs(scenario.bot.client, scenario.desk, scenario.clock.now()))


@both_databases
def test_a_start_without_slack_is_made_up_for(scenario: Scenario) -> None:
    """When Slack cannot be read at the start, the desk goes on with what it knows and the job reads it soon."""
    scenario.fault(method="auth.test", kind="error", error="service_unavailable", times=1)
    with scenario.database.write() as session:
        session.query(Organization).one().slack_team_id = None
    assert scenario.bot.call(reconcile_at_start(scenario.bot.client, scenario.desk)) is None
    assert scenario_due(scenario)


def test_somebody_unknown_is_asked_for_once(scenario: Scenario) -> None:
    """The first click of somebody new costs one call to Slack, the next none; long afterwards it is asked again."""
    with scenario.database.write() as session:
        session.query(Member).filter_by(user_id=MIA).delete()
    know(scenario, MIA)
    know(scenario, MIA)
    assert len(scenario.calls("users.info")) == 1
    assert has(scenario, MIA, Role.INTEGRATOR)
    scenario.clock.advance(timedelta(days=8))
    know(scenario, MIA)
    assert len(scenario.calls("users.info")) == 2


def know(scenario: Scenario, user_id: str) -> None:
    """What happens before anything is decided for a person who clicks."""
    scenario.bot.call(ensure_known(scenario.bot.client, scenario.desk, user_id))


def test_a_stranger_whom_slack_does_not_show_is_turned_away(scenario: Scenario) -> None:
    """Nobody acts who is not known; a person known before may go on while Slack is silent."""
    with pytest.raises(NotAllowedError):
        know(scenario, "U0NOBODY01")
    scenario.fault(method="users.info", kind="error", error="internal_error", times=2)
    with pytest.raises(KeydeskError, match="could not ask Slack"):
        know(scenario, "U0NOBODY02")
    scenario.clock.advance(timedelta(days=8))
    know(scenario, MIA)


def test_requests_for_a_sync_by_nobody_in_particular_tell_nobody(scenario: Scenario) -> None:
    """A sync that an event asked for is done by the job without a message."""
    scenario.desk.write_now(Actor.job(JobName.SLACK), request_sync)
    assert scenario_due(scenario)
    assert scenario.deliver() == 0
