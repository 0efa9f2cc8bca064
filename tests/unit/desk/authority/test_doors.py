"""Nobody who may nothing gets through a door of the desk, and nothing changes by their trying."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest
from sqlalchemy.orm import Session

from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import Member, Role, Scope
from storage.signals import signalled
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, add_grant, add_member
from tests.unit.desk.authority.doors import (
    Door,
    could_write,
    find_doors,
    list_reading,
    list_session_readers,
    list_writing,
)
from tests.unit.desk.authority.walking import (
    Arguments,
    Opening,
    Outcome,
    State,
    Try,
    Walk,
    call,
    call_as_each,
    is_something,
    list_arguments,
    read_state,
    try_each,
    undone,
)
from tests.unit.desk.authority.world import (
    FULL_KEY,
    LONELY_KEY,
    NOBODY,
    OPERATOR,
    POLICY,
    REST_KEY,
    SINGLE_KEYS,
    Row,
)

PEOPLE = [Actor.member(user_id) for user_id in (MIA, INES, OLIVIA, MAX, OMAR)]
_FEW = 2
"""Ways to call a door, where one will do."""
SOMEBODY = [OPERATOR, *PEOPLE, FULL_KEY, *(Actor.job(name) for name in JobName)]


@pytest.fixture(scope="module", params=["sqlite"])
def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """One walk for all tests. Keys that nobody uses are suspended.

    Whom a door asks is the same code on both databases. What it asks them is tried on each in `test_permissions`, and
    that it opens for those whom it is for, below.
    """
    with ExitStack() as given:
        if request.param == "sqlite":
            url = copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path_factory.mktemp("walk"))
        else:
            url = given.enter_context(request.getfixturevalue("postgresql_lending").lent())
        database = open_database(url)
        given.callback(database.close)
        yield Walk(Desk(database, HeldClock(), POLICY))


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
        "port.delete_postmortem",
        "elsewhere.create_incident",
        "incidents.elsewhere.refused.retry_changes",
    } <= set(find_doors())
    assert not {"audit.trail.record", "messages.outbox.send_card", "roles.grants.open_grant"} & set(find_doors())
    assert could_write(find_doors()["keys.uses.note_uses"].function)
    # By a statement that is made once.
    assert could_write(find_doors()["upstreams.copies.note_change_there"].function)
    assert not could_write(find_doors()["keys.details.show_key"].function)


@pytest.mark.parametrize("walk", ["sqlite", "postgresql"], indirect=True)
def test_somebody_gets_through_every_door(walk: Walk) -> None:
    """For each door there is somebody for whom it does what it is for: it writes where its source says that it could,
    and nowhere else."""
    for door in find_doors().values():
        assert walk.find_opening(door, SOMEBODY) is not None, f"nobody gets through {door.name}"
    for door in list_reading():
        choices = list_arguments(walk.world, door)
        tries = try_each(walk.world, partial(call, door), choices, OPERATOR, until=Outcome.WROTE)
        assert tries[-1].outcome is not Outcome.WROTE, door.name


def test_nobody_writes_who_may_nothing(walk: Walk) -> None:
    """Every door that writes refuses everybody who may nothing, with the arguments with which somebody else gets
    through, and before it changes anything or anybody is told."""
    before = undone(walk.world, lambda tx: read_state(tx.session))
    for door in list_writing():
        opening = walk.find_opening(door, SOMEBODY)
        assert opening is not None
        _expect_refusals(walk, door, list(NOBODY.values()), opening, before)


def _expect_refusals(
    walk: Walk, door: Door, actors: Sequence[Actor], opening: Opening, before: State, *, as_guests: bool = False
) -> None:
    def work(tx: Transaction) -> Mapping[Actor, Try]:
        if as_guests:
            _make_guests(tx.session)
        tries = call_as_each(door, tx, actors, opening.arguments)
        # Where nothing but reading was asked of the database, every row is as it was.
        if any(tried.changed for tried in tries.values()):
            assert read_state(tx.session).rows == before.rows, door.name
        assert signalled(tx.session) == before.topics, door.name
        return tries

    tries = undone(walk.world, work)
    through = {actor: tried for actor, tried in tries.items() if tried.outcome is not Outcome.REFUSED}
    assert not through, door.name


def test_who_might_may_no_more_as_a_guest(walk: Walk) -> None:
    """Each person who gets through a door that writes is refused there once they are a guest, be the thing their own
    or not."""
    before = undone(walk.world, _read_among_guests)
    fallen = 0
    for door in list_writing():
        for person in PEOPLE:
            opening = walk.find_opening(door, [person])
            if opening is not None:
                _expect_refusals(walk, door, [person], opening, before, as_guests=True)
                fallen += 1
    assert fallen > len(list_writing())


def _read_among_guests(tx: Transaction) -> State:
    _make_guests(tx.session)
    return read_state(tx.session)


def _make_guests(session: Session) -> None:
    for person in PEOPLE:
        session.get_one(Member, person.id).is_guest = True
    session.flush()


OPEN: Mapping[str, str] = {
    "incidents.authority.list_meant": "it gives back the one that was named, and else looks by permission",
    "incidents.drafts.composing.read_components": "components stand on the public page",
    "acting_keys.acting_key": "a key is told of itself",
    "incidents.listing.list_current": "what is open stands on the public page",
    "incidents.port.port_of": "it gives no row, only where to ask",
    "permissions.ask_an_owner": "everybody is told whom to ask",
    "permissions.list_owner_ids": "everybody is told whom to ask",
    "incidents.maintenances.windows.schedule_as_said": "about the actor's clock alone",
    "keys.spans.end_said": "about the actor's clock alone",
    "requests.offers.policy_here": "what can be asked for; the settings say the rest",
    "people.name_of": "what somebody is called whose id the caller has",
    "people.zone_of": "about the actor's clock alone",
}
"""Doors that show something to everybody, and why they may."""


def test_what_is_internal_is_shown_to_nobody_who_may_nothing(walk: Walk) -> None:
    """A door that reads refuses them, finds nothing, or tells only of a row that whoever calls it has already."""
    shown = set()
    for door in list_reading():
        choices = [
            arguments
            for arguments in list_arguments(walk.world, door)
            if not any(isinstance(value, Row) for value in arguments.values())
        ]
        if undone(walk.world, partial(_shows_to_nobodies, door, choices)):
            shown.add(door.name)
    assert shown == set(OPEN)


def _shows_to_nobodies(door: Door, choices: Sequence[Arguments], tx: Transaction) -> bool:
    tries = [call_as_each(door, tx, NOBODY.values(), arguments) for arguments in choices]
    return any(is_something(tried.given) for by_actor in tries for tried in by_actor.values())


def test_what_takes_a_bare_session_only_reads() -> None:
    """Without a transaction of the desk nobody can be asked for, so nothing that is called so may write."""
    readers = list_session_readers()
    assert readers
    assert [name for name, function in readers.items() if could_write(function)] == []


PORT = {
    "create_incident",
    "update_incident",
    "edit_update",
    "delete_incident",
    "write_postmortem",
    "publish_postmortem",
    "revert_postmortem",
    "delete_postmortem",
}
PORTS = ("port", "elsewhere")
INCIDENTS = {
    *(f"{port}.{method}" for method in PORT for port in PORTS),
    "incidents.drafts.posting.post_change",
    "incidents.drafts.posting.post_incident",
    "incidents.drafts.posting.post_postmortem",
    "incidents.incidents.create_incident",
    "incidents.incidents.update_incident",
    "incidents.postmortems.write_postmortem",
    "incidents.postmortems.publish_postmortem",
    "incidents.templates.create_template",
    "incidents.templates.create_template_from",
    "incidents.templates.change_template",
    "incidents.templates.delete_template",
}
MAINTENANCES = {
    "incidents.drafts.posting.post_change",
    "incidents.drafts.posting.post_incident",
    *(
        f"{port}.{method}"
        for method in ("create_incident", "update_incident", "delete_incident", "write_postmortem")
        for port in PORTS
    ),
    "incidents.incidents.create_incident",
    "incidents.incidents.update_incident",
    "incidents.postmortems.write_postmortem",
    "incidents.maintenances.plans.complete_by_itself",
}
OF_SCOPES: Mapping[Scope, set[str]] = {
    Scope.INCIDENTS_WRITE: INCIDENTS,
    Scope.MAINTENANCES_WRITE: MAINTENANCES,
    Scope.COMPONENT_STATUS_WRITE: {"port.set_statuses", "elsewhere.set_statuses"},
    Scope.COMPONENTS_WRITE: {
        "port.set_statuses",
        "elsewhere.set_statuses",
        "configuration.components.create_component",
        "configuration.components.edit_component",
        "configuration.components.restore_component",
        "configuration.components.retire_component",
        "configuration.groups.create_group",
        "configuration.groups.edit_group",
    },
    Scope.PAGE_CONFIGURATION_WRITE: {"configuration.pages.edit_page"},
    Scope.KEYS_WRITE: {
        "keys.changes.rename_key",
        "keys.changes.restore_key",
        "keys.changes.revoke_key",
        "keys.changes.suspend_key",
        "keys.changes.transfer_key",
        "keys.changes.extend_key",
        "keys.questions.ask_for_extension",
        "keys.spans.ask_for_extension_as_said",
        "keys.spans.extend_as_said",
        "keys.questions.ask_holder",
        "keys.questions.keep_key",
        "keys.rotation.begin_rotation",
        "requests.requests.make_request",
        "requests.takeovers.rotate_or_ask",
    },
    Scope.USERS_WRITE: {
        "directory.sync_steps.request_sync",
        "roles.orders.grant_as_said",
        "roles.orders.revoke_as_said",
        "roles.page_roles.set_page_roles",
        "roles.roles.grant_role",
        "roles.roles.revoke_grant",
    },
    Scope.DELIVERIES_WRITE: {"messages.dead_letters.drop_delivery", "messages.dead_letters.retry_delivery"},
}
"""What a key writes by each scope, on all pages, where an owner answers for it; by the others nothing."""
OF_AUTHORS = {"incidents.drafts.drafts.discard_draft"}
"""What a key does with its own alone."""
NEEDS_A_HOLDER = OF_SCOPES[Scope.KEYS_WRITE] | OF_SCOPES[Scope.USERS_WRITE] - {"directory.sync_steps.request_sync"}


def test_what_keys_get_through(walk: Walk) -> None:
    """A key with every scope gets through what each of its scopes opens, and through nothing else: it decides, makes
    owners and collects nothing, and is nobody's second person. Where nobody answers for it, it changes no key and no
    role."""
    every = _opened_by(walk, FULL_KEY)
    assert every == OF_AUTHORS.union(*OF_SCOPES.values())
    assert _opened_by(walk, LONELY_KEY) == every - NEEDS_A_HOLDER - OF_AUTHORS


def test_what_a_key_with_one_scope_gets_through(walk: Walk) -> None:
    """A key with a single scope writes what this opens, and nothing that another one does. One with all scopes that
    are not listed writes nothing."""
    every = _opened_by(walk, FULL_KEY)
    assert {scope: _opened_by(walk, actor, among=every) for scope, actor in SINGLE_KEYS.items()} == OF_SCOPES
    assert _opened_by(walk, REST_KEY, among=every) == set()


def test_every_role_guards_something(walk: Walk) -> None:
    """Somebody with this role alone is let through a door that writes, and somebody with none is not: a role that is
    granted for nothing is found here."""
    bare = Actor.member("U0BARE0001")
    holders = {role: Actor.member(f"U0HOLDER0{number}") for number, role in enumerate(Role)}

    def find_idle(tx: Transaction) -> set[Role]:
        for actor in (bare, *holders.values()):
            add_member(tx.session, actor.id, NOW)
        for role, actor in holders.items():
            add_grant(tx.session, actor.id, role, NOW)
        alone, idle = replace(tx, policy=replace(tx.policy, default_role=None)), set(holders)
        for door in list_writing():
            if not idle:
                break
            for arguments in islice(list_arguments(walk.world, door), _FEW):
                actors = [bare, *(holders[role] for role in Role if role in idle)]
                tries = call_as_each(door, alone, actors, arguments)
                if tries[bare].outcome is Outcome.REFUSED:
                    idle -= {role for role in idle if tries[holders[role]].outcome is not Outcome.REFUSED}
        return idle

    assert undone(walk.world, find_idle) == set()


DIRECTORY = {
    "directory.events.remember_team",
    "directory.events.take_group_event",
    "directory.events.take_members_event",
    "directory.events.take_read_group",
    "directory.events.take_user",
    "directory.events.take_user_event",
    "directory.forgetting.forget_left",
    "directory.sync_steps.finish_requests",
    "directory.sync_steps.request_sync",
    "directory.syncs.apply_snapshot",
    "directory.syncs.take_groups",
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
        "timekeeping.setting_right.set_right",
        # Steps of maintenances alone: see `is_step`.
        "incidents.incidents.update_incident",
        "port.update_incident",
        "elsewhere.update_incident",
    },
    JobName.UNUSED_POLICY: {"keys.changes.suspend_key", "keys.changes.revoke_key"},
    JobName.DIGEST: {"digest.sent.send_digest"},
    # One actor for all that is read from Slack: who is there, and which channels take messages.
    JobName.RECONCILE: DIRECTORY | {"messages.channels.note_channels"},
    JobName.SLACK: DIRECTORY | {"messages.channels.note_channels"},
    JobName.DELIVERY: {
        "incidents.elsewhere.changes.note_there",
        "incidents.elsewhere.refused.note_given_up",
        "messages.readers.close_copy",
        "messages.dead_letters.bury",
        "messages.dead_letters.note_put_back",
        "messages.dead_letters.note_sent",
        "messages.outcomes.tell_outcome",
    },
    JobName.KEY_CHECK: {"keys.suspended_use.tell_of_suspended_use", "keys.uses.note_uses"},
    JobName.COPIES: {
        "incidents.elsewhere.following.follow_incidents",
        "incidents.elsewhere.following.note_gone",
        "upstreams.copies.copy_pages",
        "upstreams.copies.copy_told_page",
        "upstreams.copies.note_change_there",
        "upstreams.copies.note_copy_problem",
        "upstreams.keys.note_refused",
        "upstreams.troubles.warn_of_expiry",
    },
}


def test_what_each_job_gets_through(walk: Walk) -> None:
    """Each job has the doors that it needs, and no others."""
    assert {name: _opened_by(walk, Actor.job(name)) for name in JobName} == OF_JOBS


def _opened_by(walk: Walk, actor: Actor, *, among: Collection[str] | None = None) -> set[str]:
    """The doors (of these) through which somebody writes something."""
    doors = [door for door in list_writing() if among is None or door.name in among]
    return {door.name for door in doors if walk.find_opening(door, [actor]) is not None}
