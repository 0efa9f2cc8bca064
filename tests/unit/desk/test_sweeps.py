"""Sweeps beside people, on PostgreSQL, where rows lock one by one: what somebody has in hand is left for later."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.digest.sent import send_digest
from desk.digest.unused_policy import sweep_announcements
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.waiting import sweep_waiting
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.incidents.maintenances.runs import sweep_maintenances
from desk.incidents.reminders import sweep_reminders
from desk.keys.collecting import sweep_tickets
from desk.keys.rotation import begin_rotation
from desk.keys.sweep import sweep_keys
from desk.policy import Policy
from desk.requests.requests import sweep_requests
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import (
    Announcement,
    ApiKey,
    DraftKind,
    Incident,
    IncidentDraft,
    KeyRequest,
    Page,
    Role,
    SecondPerson,
    Ticket,
)
from tests.clock import HeldClock
from tests.factories import INES, MAX, MIA, add_grant, add_key
from tests.policies import policy_of
from tests.unit.desk.racing import race, while_held
from tests.unit.desk.stage import SWEEP, Stage, set_stage

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
Row = Announcement | KeyRequest | Ticket | ApiKey | Incident | IncidentDraft
Sweep = Callable[[Transaction], int]


@pytest.fixture
def policy() -> Policy:
    """Keys that nobody used for 90 days are suspended."""
    return policy_of(suspend_unused_after=timedelta(days=90))


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Ines and Max publish on the page, and one of them what the other wrote."""
    stage = set_stage(desk)
    with desk.database.write() as session:
        session.get_one(Page, stage.page.id).second_person = SecondPerson.ALWAYS
        for user_id in (INES, MAX):
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
                add_grant(session, user_id, role, desk.clock.now(), page_id=stage.page.id)
    return stage


def given_key(stage: Stage, **values: Any) -> ApiKey:
    """A key of Mia's."""
    with stage.desk.database.write() as session:
        return add_key(session, stage.desk.clock.now(), **values)


def opened(stage: Stage, **values: Any) -> Incident:
    """An incident of Ines'."""
    new = NewIncident(name="Slow", body="We look.", **values)
    return stage.do(INES, partial(create_incident, page_id=stage.page.id, new=new))


def unseen(stage: Stage) -> ApiKey:
    """A key that was made and that nobody saw."""
    return stage.mint(stage.ticket())[0]


def unseen_successor(stage: Stage) -> ApiKey:
    """As `unseen`, in the place of another key."""
    ticket = stage.do(MIA, partial(begin_rotation, key_id=given_key(stage).id))
    return stage.mint(ticket)[0]


def planned(stage: Stage) -> Incident:
    """A maintenance that begins in two hours."""
    start = stage.desk.clock.now() + timedelta(hours=2)
    return opened(stage, schedule=Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=1)))


def handed_in(stage: Stage) -> IncidentDraft:
    """A draft that waits for a second person."""
    new = NewIncident(name="Slow", body="We look.")
    write = partial(write_draft, page_id=stage.page.id, kind=DraftKind.INCIDENT, content=new)
    draft = stage.do(INES, write)
    stage.do(INES, partial(publish_draft, draft_id=draft.id))
    return draft


def announced(stage: Stage) -> Announcement:
    """A key that nobody uses, announced in two digests to be suspended."""
    given_key(stage, created_at=stage.desk.clock.now() - timedelta(days=100))
    for number in (1, 2):
        send = partial(send_digest, period=f"week {number}", scheduled_for=stage.desk.clock.now())
        stage.do(Actor.job(JobName.DIGEST), send)
    [announcement] = stage.all(Announcement)
    return announcement


DUE: dict[str, tuple[Callable[[Stage], Row], timedelta, Sweep]] = {
    "a request expires": (Stage.ask, timedelta(days=8), sweep_requests),
    "owners are reminded of a request": (Stage.ask, timedelta(hours=4), sweep_requests),
    "a ticket lapses": (Stage.ticket, timedelta(days=4), sweep_tickets),
    "nobody saw a key": (unseen, timedelta(minutes=3), sweep_tickets),
    "nobody saw a key of a ticket": (
        lambda stage: stage.fresh(Ticket, str(unseen(stage).ticket_id)),
        timedelta(minutes=3),
        sweep_tickets,
    ),
    "nobody saw a successor of a key": (
        lambda stage: stage.fresh(ApiKey, str(unseen_successor(stage).predecessor_id)),
        timedelta(minutes=3),
        sweep_tickets,
    ),
    "a key retires": (
        lambda stage: given_key(stage, retires_at=stage.desk.clock.now()),
        timedelta(hours=1),
        sweep_keys,
    ),
    "a key expires soon": (given_key, timedelta(days=77), sweep_keys),
    "a key expires": (given_key, timedelta(days=90), sweep_keys),
    "an unused key is suspended": (announced, timedelta(days=14), sweep_announcements),
    "an incident waits for an update": (opened, timedelta(hours=4), sweep_reminders),
    "a maintenance begins": (planned, timedelta(hours=2), sweep_maintenances),
    "a draft waits": (handed_in, timedelta(minutes=30), sweep_waiting),
}
"""What is due, after which time, and whose sweep it is."""


@pytest.mark.parametrize(("begin", "after", "sweep"), DUE.values(), ids=DUE)
def test_a_sweep_waits_for_nobody(
    stage: Stage, clock: HeldClock, begin: Callable[[Stage], Row], after: timedelta, sweep: Sweep
) -> None:
    """Whoever has it in hand is left in peace; the next sweep finds it as they leave it."""
    row = begin(stage)
    clock.advance(after)
    assert while_held(stage.desk, row, (SWEEP, sweep)) == 0
    assert stage.do(SWEEP, sweep) == 1


def test_what_one_replica_carries_out_no_other_calls_off(stage: Stage, clock: HeldClock) -> None:
    """Two sweep in the same instant: the key is suspended as announced, and the announcement says so."""
    announcement = announced(stage)
    clock.advance(days=14)
    race(stage.desk, (SWEEP, sweep_announcements), (SWEEP, sweep_announcements))
    assert stage.fresh(Announcement, announcement.id).outcome == "carried out"
