"""Nobody who may nothing gets through a door of the desk, and nothing changes by their trying."""

from collections.abc import Mapping, Sequence
from functools import partial

import pytest
from sqlalchemy.orm import Session

from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import Member
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR
from tests.unit.desk.authority.doors import Door, could_write, find_doors, list_session_readers
from tests.unit.desk.authority.walking import (
    Opening,
    Outcome,
    State,
    Try,
    call,
    call_as_each,
    find_opening,
    is_something,
    list_arguments,
    read_state,
    undone,
)
from tests.unit.desk.authority.world import FULL_KEY, NOBODY, OPERATOR, POLICY, Row, World, make_world

DOORS = find_doors()
WRITING = [door for door in DOORS.values() if door.could_write]
READING = [door for door in DOORS.values() if not door.could_write]
PEOPLE = [Actor.member(user_id) for user_id in (MIA, INES, OLIVIA, MAX, OMAR)]
SOMEBODY = [OPERATOR, *PEOPLE, *(Actor.job(name) for name in JobName)]


@pytest.fixture
def policy() -> Policy:
    """Keys that nobody uses are suspended."""
    return POLICY


@pytest.fixture
def world(desk: Desk) -> World:
    """See `make_world`."""
    return make_world(desk)


def test_doors_are_found() -> None:
    """What Slack, jobs, the command line and the demo call is among the doors, and every method of the page port."""
    assert {
        "keys.changes.suspend_key",
        "requests.approvals.approve",
        "roles.orders.grant_as_said",
        "incidents.drafts.publishing.publish_draft",
        "directory.syncs.apply_snapshot",
        "messages.dead_letters.bury",
        "keys.uses.note_uses",
        "seeds.past_keys.plant_past_key",
        "audit.chain.verify",
        "port.create_incident",
        "port.set_statuses",
        "port.revert_postmortem",
    } <= set(DOORS)
    assert not {"audit.trail.record", "messages.outbox.send_card", "roles.grants.open_grant"} & set(DOORS)
    assert could_write(DOORS["keys.uses.note_uses"].function)
    assert not could_write(DOORS["keys.details.show_key"].function)


def test_somebody_gets_through_every_door(world: World) -> None:
    """For each door there is somebody for whom it does what it is for: it writes where its source says that it could,
    and nowhere else."""
    for door in DOORS.values():
        assert find_opening(world, door, SOMEBODY) is not None, f"nobody gets through {door.name}"
    for door in READING:
        for arguments in list_arguments(world, door):
            tried = undone(world, partial(call, door, arguments=arguments))
            assert tried.outcome is not Outcome.WROTE, door.name


def test_nobody_writes_who_may_nothing(world: World) -> None:
    """Every door that writes refuses everybody who may nothing, with the arguments with which somebody else gets
    through, and before it changes anything or anybody is told."""
    before = undone(world, lambda tx: read_state(tx.session))
    for door in WRITING:
        opening = find_opening(world, door, SOMEBODY)
        assert opening is not None
        _expect_refusals(world, door, list(NOBODY.values()), opening, before)


def _expect_refusals(
    world: World, door: Door, actors: Sequence[Actor], opening: Opening, before: State, *, as_guests: bool = False
) -> None:
    def work(tx: Transaction) -> tuple[Mapping[Actor, Try], State]:
        if as_guests:
            _make_guests(tx.session)
        return call_as_each(door, tx, actors, opening.arguments), read_state(tx.session)

    tries, after = undone(world, work)
    through = {actor: tried for actor, tried in tries.items() if tried.outcome is not Outcome.REFUSED}
    assert not through, door.name
    assert after == before, door.name


def test_who_might_may_no_more_as_a_guest(world: World) -> None:
    """Each person who gets through a door that writes is refused there once they are a guest, be the thing their own
    or not."""
    before = undone(world, _read_among_guests)
    fallen = 0
    for door in WRITING:
        for person in PEOPLE:
            opening = find_opening(world, door, [person])
            if opening is not None:
                _expect_refusals(world, door, [person], opening, before, as_guests=True)
                fallen += 1
    assert fallen > len(WRITING)


def _read_among_guests(tx: Transaction) -> State:
    _make_guests(tx.session)
    return read_state(tx.session)


def _make_guests(session: Session) -> None:
    for person in PEOPLE:
        session.get_one(Member, person.id).is_guest = True
    session.flush()


OPEN: Mapping[str, str] = {
    "incidents.authority.list_meant": "it gives back the one that was named, and else looks by permission",
    "incidents.listing.list_current": "what is open stands on the public page",
    "incidents.port.port_of": "it gives no row, only where to ask",
    "permissions.ask_an_owner": "everybody is told whom to ask",
    "permissions.list_owner_ids": "everybody is told whom to ask",
    "roles.orders.end_of": "about the actor's clock alone",
    "people.zone_of": "about the actor's clock alone",
}
"""Doors that show something to everybody, and why they may."""


def test_what_is_internal_is_shown_to_nobody_who_may_nothing(world: World) -> None:
    """A door that reads refuses them, finds nothing, or tells only of a row that whoever calls it has already."""
    shown = set()
    for door in READING:
        for arguments in list_arguments(world, door):
            if any(isinstance(value, Row) for value in arguments.values()):
                continue
            tries = undone(world, lambda tx: call_as_each(door, tx, NOBODY.values(), arguments))  # noqa: B023
            shown |= {door.name for tried in tries.values() if is_something(tried.given)}
    assert shown == set(OPEN)


def test_what_takes_a_bare_session_only_reads() -> None:
    """Without a transaction of the desk nobody can be asked for, so nothing that is called so may write."""
    readers = list_session_readers()
    assert readers
    assert [name for name, function in readers.items() if could_write(function)] == []


PORT_OF_PAGES = {
    "create_incident",
    "update_incident",
    "edit_update",
    "delete_incident",
    "set_statuses",
    "write_postmortem",
    "publish_postmortem",
    "revert_postmortem",
}
OF_KEYS = {
    *(f"port.{method}" for method in PORT_OF_PAGES),
    "incidents.incidents.create_incident",
    "incidents.incidents.update_incident",
    "incidents.maintenances.plans.complete_by_itself",
    "incidents.postmortems.write_postmortem",
    "incidents.postmortems.publish_postmortem",
    "incidents.templates.create_template",
    "incidents.templates.create_template_from",
    "incidents.templates.change_template",
    "incidents.templates.delete_template",
}
"""What a key with every scope gets through: what the scopes of incidents, maintenances and components stand for."""


def test_what_keys_get_through(world: World) -> None:
    """A key with every scope on all pages writes what is on the page, and templates; it decides, grants, changes and
    collects nothing, and is nobody's second person."""
    assert _opened_by(world, FULL_KEY) == OF_KEYS


DIRECTORY = {
    "directory.events.remember_team",
    "directory.events.take_group_event",
    "directory.events.take_members_event",
    "directory.events.take_read_group",
    "directory.events.take_user",
    "directory.events.take_user_event",
    "directory.sync_steps.finish_requests",
    "directory.sync_steps.request_sync",
    "directory.syncs.apply_snapshot",
    "directory.syncs.take_people",
}
OF_JOBS: Mapping[JobName, set[str]] = {
    JobName.SWEEP: {
        "digest.unused_policy.sweep_announcements",
        "incidents.drafts.forgotten.sweep_forgotten",
        "incidents.drafts.waiting.sweep_waiting",
        "incidents.maintenances.runs.sweep_maintenances",
        "incidents.reminders.sweep_reminders",
        "keys.sweep.sweep_keys",
        "keys.collecting.mark_revealed",
        "keys.collecting.return_unseen",
        "keys.collecting.sweep_tickets",
        "messages.dead_letters.sweep_unheard",
        "requests.requests.sweep_requests",
        "roles.roles.sweep_roles",
        # Steps of maintenances alone: see `is_step`.
        "incidents.incidents.update_incident",
        "port.update_incident",
    },
    JobName.UNUSED_POLICY: {"keys.changes.suspend_key", "keys.changes.revoke_key"},
    JobName.DIGEST: {"digest.sent.send_digest"},
    # One actor for all that is read from Slack: who is there, and which channels take messages.
    JobName.RECONCILE: DIRECTORY | {"messages.channels.note_channels"},
    JobName.SLACK: DIRECTORY | {"messages.channels.note_channels"},
    JobName.DELIVERY: {
        "messages.dead_letters.bury",
        "messages.dead_letters.note_put_back",
        "messages.dead_letters.note_sent",
    },
    JobName.KEY_CHECK: {"keys.suspended_use.tell_of_suspended_use", "keys.uses.note_uses"},
}


def test_what_each_job_gets_through(world: World) -> None:
    """Each job has the doors that it needs, and no others."""
    assert {name: _opened_by(world, Actor.job(name)) for name in JobName} == OF_JOBS


def _opened_by(world: World, actor: Actor) -> set[str]:
    """The doors through which somebody writes something."""
    return {door.name for door in WRITING if find_opening(world, door, [actor]) is not None}
