"""Who may do what: keys by their scopes, jobs by their duties, and nobody by default."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from desk.acting_keys import working_key_condition
from desk.errors import NotAllowedError
from desk.identifiers import new_id
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.port import PagePort, port_of
from desk.incidents.templates import create_template
from desk.keys.rules import KeyState, state_of
from desk.permissions import (
    JOBS,
    Duty,
    EffectiveRoles,
    has_duty,
    is_insider,
    require_duty,
    require_write,
    roles_of_actor,
)
from desk.transaction import Actor, ActorKind, Desk, JobName, Transaction
from storage.models import ApiKey, ComponentStatus, IncidentStatus, KeyStatus, Role, Scope
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import GUS, MIA, OLIVIA, add_component, add_grant, add_key, add_member, add_owner, add_page

DAY = timedelta(days=1)
LATER = Schedule(
    scheduled_for=NOW + DAY, scheduled_until=NOW + 2 * DAY, to_maintenance_state=False, to_operational_state=False
)
"""A window that moves no component, which would need a scope besides."""
OPERATOR = Actor.operator("ann")


@dataclass(frozen=True, slots=True)
class Place:
    """A page with an incident and a maintenance that are open, one of each that is over, and a component."""

    page: str
    component: str
    incidents: Mapping[bool, str]
    """By whether it is a maintenance."""
    updates: Mapping[bool, str]
    over: Mapping[bool, str]


def _furnish(tx: Transaction, name: str) -> Place:
    page = add_page(tx.session, tx.now, name=name, subdomain=name.lower())
    component = add_component(tx.session, page, tx.now).id
    port = port_of(tx, page.id)
    incidents, updates, over = {}, {}, {}
    for scheduled, status in ((False, IncidentStatus.RESOLVED), (True, IncidentStatus.COMPLETED)):
        new = NewIncident(name="Slow", body="We look.", schedule=LATER if scheduled else None)
        incidents[scheduled] = port.create_incident(tx, page.id, new).id
        said = port.update_incident(tx, incidents[scheduled], IncidentChange(body="Still."))
        assert said is not None
        updates[scheduled] = said.id
        over[scheduled] = port.create_incident(tx, page.id, replace(new, status=status)).id
        port.write_postmortem(tx, over[scheduled], "A cable.")
        port.publish_postmortem(tx, over[scheduled])
    return Place(page.id, component, incidents, updates, over)


@pytest.fixture
def places(desk: Desk) -> tuple[Place, Place]:
    """Acme and Beta, each furnished."""
    return desk.write_now(OPERATOR, lambda tx: (_furnish(tx, "Acme"), _furnish(tx, "Beta")))


Deed = Callable[[Transaction, Place], object]


def _deeds(*, scheduled: bool) -> dict[str, Deed]:
    """What can be done with incidents, or with maintenances."""
    kind, window = ("maintenance", LATER) if scheduled else ("incident", None)
    new, change = NewIncident(name="x", schedule=window), IncidentChange(body="Worse.")
    return {
        f"create {kind}": lambda tx, at: _port(tx, at).create_incident(tx, at.page, new),
        f"update {kind}": lambda tx, at: _port(tx, at).update_incident(tx, at.incidents[scheduled], change),
        f"correct {kind}": lambda tx, at: _port(tx, at).edit_update(tx, at.updates[scheduled], body="y"),
        f"delete {kind}": lambda tx, at: _port(tx, at).delete_incident(tx, at.incidents[scheduled]),
        f"write postmortem of {kind}": lambda tx, at: _port(tx, at).write_postmortem(tx, at.over[scheduled], "z"),
        f"publish postmortem of {kind}": lambda tx, at: _port(tx, at).publish_postmortem(tx, at.over[scheduled]),
        f"revert postmortem of {kind}": lambda tx, at: _port(tx, at).revert_postmortem(tx, at.over[scheduled]),
        f"delete postmortem of {kind}": lambda tx, at: _port(tx, at).delete_postmortem(tx, at.over[scheduled]),
    }


def _port(tx: Transaction, at: Place) -> PagePort:
    return port_of(tx, at.page)


def _keep_template(tx: Transaction, at: Place) -> object:
    return create_template(tx, at.page, name="t", title="T", body="")


def _set_states(tx: Transaction, at: Place) -> object:
    return _port(tx, at).set_statuses(tx, at.page, {at.component: ComponentStatus.MAJOR_OUTAGE})


def _write(scope: Scope) -> dict[str, Deed]:
    """What no function writes as yet."""
    return {f"write {scope}": lambda tx, at: require_write(tx, scope, at.page)}


DEEDS: Mapping[str, Mapping[str, Deed]] = {
    "incidents:write": {**_deeds(scheduled=False), "keep a template": _keep_template},
    "maintenances:write": _deeds(scheduled=True),
    "component_status:write": {"set states": _set_states},
    "components:write": _write(Scope.COMPONENTS_WRITE),
    "page_configuration:write": _write(Scope.PAGE_CONFIGURATION_WRITE),
    "subscribers:write": _write(Scope.SUBSCRIBERS_WRITE),
    "metrics:write": _write(Scope.METRICS_WRITE),
    "page_access:write": _write(Scope.PAGE_ACCESS_WRITE),
}
"""By scope: everything that it lets a key do on its pages."""
BY_MORE: Mapping[str, set[str]] = {"component_status:write": {"components:write"}}
"""By scope: others that let a key do the same, and more."""
STATES: Mapping[str, tuple[bool, dict[str, Any]]] = {
    "active": (True, {}),
    "in its grace period": (True, {"retires_at": NOW + timedelta(seconds=1)}),
    "on its last second": (True, {"expires_at": NOW + timedelta(seconds=1)}),
    "suspended": (False, {"status": KeyStatus.SUSPENDED}),
    "revoked": (False, {"status": KeyStatus.REVOKED}),
    "expired": (False, {"expires_at": NOW}),
    "past its grace period": (False, {"retires_at": NOW}),
}
"""By state: whether a key in it works."""


class UndoneError(Exception):
    """What was done is not kept."""


def _may(desk: Desk, actor: Actor, deed: Deed, at: Place) -> bool:
    """Whether somebody may do it; it is not kept."""

    def work(tx: Transaction) -> None:
        deed(tx, at)
        raise UndoneError

    try:
        desk.write_now(actor, work)
    except UndoneError:
        return True
    except NotAllowedError:
        return False
    raise AssertionError("unreachable: work always raises")


@both_databases
def test_a_key_may_exactly_what_its_scopes_say_on_its_pages(desk: Desk, places: tuple[Place, Place]) -> None:
    """Whatever scopes, pages and state a key has: it does what its scopes name on its pages while it works, and
    nothing else."""
    acme, beta = places
    reached: Counter[bool] = Counter()
    names = {*(scope.value for scope in Scope), "owner", "incident_manager", "incidents"}
    few = st.sets(st.sampled_from(sorted(names)))
    scopes = few | few.map(lambda named: names - named)
    pages = st.sampled_from([None, [], [acme.page], [beta.page], [acme.page, beta.page]])

    @settings(max_examples=25)
    @given(scopes, pages, st.sampled_from(sorted(STATES)), st.data())
    def check(scopes: set[str], pages: list[str] | None, state: str, data: st.DataObject) -> None:
        works, values = STATES[state]
        with desk.database.write() as session:
            key = add_key(session, NOW, scopes=sorted(scopes), pages=pages, **values)
        for scope, deeds in DEEDS.items():
            at = data.draw(st.sampled_from(places))
            name = data.draw(st.sampled_from(sorted(deeds)))
            allowed = scope in scopes or not scopes.isdisjoint(BY_MORE.get(scope, ()))
            expected = works and allowed and (pages is None or at.page in pages)
            assert _may(desk, Actor.key(key.id), deeds[name], at) is expected, name
            reached[expected] += 1

    check()
    assert min(reached[True], reached[False]) >= 3


@pytest.mark.parametrize("scope", DEEDS)
def test_each_scope_opens_its_doors_and_no_other(desk: Desk, places: tuple[Place, Place], scope: str) -> None:
    """A key with one scope does each thing that this names, and nothing that another names."""
    with desk.database.write() as session:
        key = Actor.key(add_key(session, NOW, scopes=[scope]).id)
    for other, deeds in DEEDS.items():
        for name, deed in deeds.items():
            assert _may(desk, key, deed, places[0]) is (other == scope or scope in BY_MORE.get(other, ())), name


@pytest.mark.parametrize("state", STATES)
def test_a_key_may_nothing_unless_it_works(desk: Desk, places: tuple[Place, Place], state: str) -> None:
    """Suspended, revoked, expired and rotated away: in each of these states a key has no authority."""
    works, values = STATES[state]
    with desk.database.write() as session:
        key = Actor.key(add_key(session, NOW, scopes=[str(scope) for scope in Scope], **values).id)
    for deeds in DEEDS.values():
        for name, deed in deeds.items():
            assert _may(desk, key, deed, places[0]) is works, name


@both_databases
def test_an_unknown_key_may_nothing(desk: Desk, places: tuple[Place, Place]) -> None:
    """A key that is not there has no authority, and a member's id is no key."""
    for stranger in (Actor.key(new_id()), Actor.key(OLIVIA)):
        assert desk.read_now(stranger, roles_of_actor) == EffectiveRoles()
        assert not any(_may(desk, stranger, deed, places[0]) for deeds in DEEDS.values() for deed in deeds.values())


def test_no_scope_makes_an_owner(desk: Desk) -> None:
    """A key with every scope on all pages has two roles, looks behind no page and has no duty."""
    with desk.database.write() as session:
        key = Actor.key(add_key(session, NOW, scopes=[str(scope) for scope in Scope]).id)
    roles = desk.read_now(key, roles_of_actor)
    assert roles == EffectiveRoles(frozenset({Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER}))
    assert not roles.is_owner
    assert not desk.read_now(key, is_insider)
    assert not any(desk.read_now(key, lambda tx, duty=duty: has_duty(tx, duty)) for duty in Duty)  # type: ignore[misc]


def test_a_key_is_told_which_scope_is_missing(desk: Desk, places: tuple[Place, Place]) -> None:
    """A refusal names the scope to a key and the role to a person, and both are told whom to ask."""
    with desk.database.write() as session:
        key = Actor.key(add_key(session, NOW).id)
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MIA, NOW)
    for actor, needed in ((key, "scope `component_status:write`"), (Actor.member(MIA), "role `page_configuration`")):
        with pytest.raises(NotAllowedError) as refusal:
            desk.write_now(actor, lambda tx: _set_states(tx, places[0]))
        assert refusal.value.sentence == f"That needs the {needed}."
        assert refusal.value.hint == "Ask an owner: Olivia."


@both_databases
def test_working_is_being_active(desk: Desk) -> None:
    """What the database takes for a working key is what the rules call active."""
    with desk.database.write() as session:
        for status in KeyStatus:
            for expires_at in (NOW - DAY, NOW, NOW + DAY):
                for retires_at in (None, NOW - DAY, NOW, NOW + DAY):
                    add_key(session, NOW, status=status, expires_at=expires_at, retires_at=retires_at)
        working = {key.id for key in session.scalars(select(ApiKey).where(working_key_condition(NOW)))}
        active = {key.id for key in session.scalars(select(ApiKey)) if state_of(key, NOW) is KeyState.ACTIVE}
    assert working == active
    assert len(working) == 2


DUTIES: Mapping[JobName, set[Duty]] = {
    JobName.SWEEP: {Duty.TIME, Duty.MAINTENANCES},
    JobName.UNUSED_POLICY: {Duty.UNUSED_KEYS},
    JobName.DIGEST: {Duty.DIGEST},
    JobName.RECONCILE: {Duty.DIRECTORY},
    JobName.SLACK: {Duty.DIRECTORY},
    JobName.DELIVERY: {Duty.DELIVERY},
    JobName.KEY_CHECK: {Duty.USES},
    JobName.COPIES: {Duty.COPIES},
}


@pytest.mark.parametrize("name", JobName)
def test_a_job_has_its_duty_and_no_role(desk: Desk, name: JobName) -> None:
    """Each job does its own, and nothing that people of some role may."""
    job = Actor.job(name)
    for duty in Duty:
        assert desk.read_now(job, lambda tx, duty=duty: has_duty(tx, duty)) is (duty in DUTIES[name])  # type: ignore[misc]
    assert desk.read_now(job, roles_of_actor) == EffectiveRoles()
    assert desk.read_now(job, is_insider)


def test_every_job_is_named_with_what_it_may() -> None:
    """A job without an entry may nothing, so that none is forgotten."""
    assert set(JOBS) == set(JobName)


def test_operators_are_owners_and_may_do_what_jobs_do(desk: Desk) -> None:
    """Whoever has the machine has everything."""
    assert desk.read_now(OPERATOR, roles_of_actor).is_owner
    assert desk.read_now(OPERATOR, is_insider)
    for duty in Duty:
        desk.read_now(OPERATOR, lambda tx, duty=duty: require_duty(tx, duty))  # type: ignore[misc]


NOBODY: Mapping[str, Actor] = {
    "a stranger": Actor.member("U0STRANGER"),
    "a guest": Actor.member(GUS),
    "a job without a name here": Actor(ActorKind.JOB, "cron"),
    "a member's id as a job": Actor(ActorKind.JOB, OLIVIA),
    "a job's name as a member": Actor.member(JobName.SWEEP),
    "a kind that there is not": Actor(cast(ActorKind, "robot"), OLIVIA),
    "no kind": Actor(cast(ActorKind, ""), JobName.SWEEP),
}


@pytest.mark.parametrize("who", NOBODY)
def test_nobody_is_anything_by_default(desk: Desk, who: str) -> None:
    """Actors that are not known have no role and no duty, and look behind no page."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW)
        add_member(session, GUS, NOW, is_guest=True)
        add_grant(session, GUS, Role.OWNER, NOW)
    actor = NOBODY[who]
    assert desk.read_now(actor, roles_of_actor) == EffectiveRoles()
    assert not desk.read_now(actor, is_insider)
    for duty in Duty:
        with pytest.raises(NotAllowedError, match="Keydesk does that by itself"):
            desk.read_now(actor, lambda tx, duty=duty: require_duty(tx, duty))  # type: ignore[misc]


def test_only_members_are_known_by_a_user_id() -> None:
    """Records keep the kind before the id, and only a member has a Slack user id."""
    actors = [Actor.member("U1"), Actor.key("k1"), Actor.operator("ann"), Actor.job(JobName.UNUSED_POLICY)]
    assert [str(actor) for actor in actors] == ["member:U1", "key:k1", "operator:ann", "job:unused-policy"]
    assert [actor.user_id for actor in actors] == ["U1", None, None, None]


@both_databases
def test_what_is_changed_within_a_transaction_counts_from_then_on(desk: Desk) -> None:
    """A transaction that writes asks again each time: a role that it takes away itself is gone at once."""

    def work(tx: Transaction) -> tuple[bool, bool]:
        add_member(tx.session, MIA, tx.now)
        grant = add_grant(tx.session, MIA, Role.OWNER, tx.now)
        mia = replace(tx, actor=Actor.member(MIA))
        before = roles_of_actor(mia).is_owner
        grant.ended_at = tx.now
        tx.session.flush()
        after = roles_of_actor(mia).is_owner
        grant.ended_at = None
        return before, after

    assert desk.write_now(OPERATOR, work) == (True, False)
