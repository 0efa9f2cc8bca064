"""A clock that was ahead for a moment, on both databases: what it wrote is set right, and nothing waits for it."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, true, update

from desk.audit.chain import verify
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import list_updates
from desk.messages.outbox import refresh, send_note
from desk.messages.subjects import Thing
from desk.timekeeping.columns import ONLY_WITHOUT, WAITS, list_columns, list_models, list_stamps
from desk.timekeeping.setting_right import LIVED, find_behind, is_due, set_right
from desk.transaction import Actor, Desk, Transaction
from storage import jobs, lanes, outbox
from storage.jobs import claim_run, find_last_finished, finish_run, period_of
from storage.models import (
    AuditEvent,
    Channel,
    ComponentStatus,
    Delivery,
    DeliveryStatus,
    Incident,
    JobRun,
    KeyRequest,
    KeyUse,
    SlackMessage,
    Ticket,
)
from storage.outbox import claim_next, mark_sent, put_back
from storage.signals import Topic, signalled
from storage.uses import UseMark, add_uses
from tests.clock import HeldClock
from tests.databases import url_on_both
from tests.factories import MAX, MIA, OLIVIA, add_component, add_key
from tests.unit.desk.racing import while_held
from tests.unit.desk.stage import SWEEP, Stage, set_stage

database_url = url_on_both

WORKER = Actor.operator("outbox")
AHEAD = [timedelta(seconds=40), timedelta(hours=3), timedelta(days=14), timedelta(days=800)]
PACE = timedelta(seconds=1)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """A page and people. The organization was made by the machine's own clock, which is set right beforehand."""
    stage = set_stage(desk)
    stage.do(SWEEP, set_right)
    return stage


def post(stage: Stage, *people: str) -> None:
    """Owe each of these people a message."""
    stage.do(OLIVIA, partial(send_note, kind="key.changed", subject_id="k", conversations=people))


def claim(tx: Transaction) -> outbox.Claim | None:
    """As a worker does."""
    return claim_next(tx.session, Channel.SLACK, worker="w", now=tx.now, lease=outbox.LEASE, pace=PACE)


def claimed(stage: Stage) -> outbox.Claim:
    """A delivery that is on its way."""
    found = stage.do(WORKER, claim)
    assert found is not None
    return found


def send_one(stage: Stage) -> bool:
    """Whether there was a delivery to make, which is made."""
    found = stage.do(WORKER, claim)
    if found is not None:
        stage.do(WORKER, lambda tx: mark_sent(tx.session, found, now=tx.now, called=True, covers=()))
    return found is not None


def claim_job(tx: Transaction, job: str) -> None:
    """Begin the run of this minute."""
    assert claim_run(tx.session, job, period_of(tx.now), who="w", now=tx.now, lease=jobs.LEASE)


def live_ahead(stage: Stage) -> str:
    """Two seconds of everything that writes an instant; gives the id of an incident."""
    request = stage.ask()
    stage.approve(request)
    stage.ask(name="another")
    post(stage, MIA, MAX)
    sent, held = claimed(stage), claimed(stage)
    stage.do(WORKER, lambda tx: mark_sent(tx.session, sent, now=tx.now, called=True, covers=()))
    put = partial(put_back, claim=held, error="http_503", counted=True, uncertain=True)
    stage.do(WORKER, lambda tx: put(tx.session, due_at=tx.now + timedelta(seconds=5)))
    post(stage, OLIVIA)
    claimed(stage)

    def write(tx: Transaction) -> str:
        key = add_key(tx.session, tx.now)
        day = tx.now.date()
        add_uses(tx.session, [UseMark(key.id, day, reads=1, first_used_at=tx.now, last_used_at=tx.now)])
        component = add_component(tx.session, stage.page, tx.now)
        down = NewIncident(name="Down", body="One.", components={component.id: ComponentStatus.MAJOR_OUTAGE})
        incident = create_incident(tx, stage.page.id, down)
        for body in ("Two.", "Three.", "Four."):
            update_incident(tx, incident.id, IncidentChange(body=body))
        claim_job(tx, "done")
        assert finish_run(tx.session, "done", period_of(tx.now), who="w", now=tx.now)
        claim_job(tx, "cut off")
        return incident.id

    return stage.do(Actor.operator("ann"), write)


def list_late(tx: Transaction) -> list[str]:
    """Every stored instant that is later than it can be."""
    late = []
    for model in list_models():
        for column in list_columns(model):
            if column in WAITS or column in list_stamps(model):
                bound, other = tx.now + WAITS.get(column, timedelta()), ONLY_WITHOUT.get(column)
                late_ones = select(column).where(column > bound, true() if other is None else other.is_(None))
                late += [str(column) for _ in tx.session.scalars(late_ones)]
    return late


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_nothing_waits_for_what_a_clock_wrote_that_was_ahead(
    stage: Stage, clock: HeldClock, ahead: timedelta
) -> None:
    """However far it was ahead: afterwards no instant is later than it can be, all that was owed goes out, requests
    and tickets live as long as others, what was said is read in its order, and the trail tells of it, once."""
    begun = clock.now()
    clock.set(begun + ahead)
    incident_id = live_ahead(stage)
    clock.set(begun + timedelta(seconds=2))
    now = clock.now()
    assert stage.see(SWEEP, partial(is_due, records=True))
    done = stage.do(SWEEP, set_right)
    assert done is not None
    assert ahead - timedelta(seconds=2) <= done.ahead <= ahead + timedelta(minutes=30)
    assert stage.see(SWEEP, list_late) == []
    assert not stage.see(SWEEP, partial(is_due, records=True))
    assert stage.do(SWEEP, set_right) is None
    said = stage.see(SWEEP, lambda tx: [update.body for update in list_updates(tx.session, [incident_id])])
    assert said == ["Four.", "Three.", "Two.", "One."]
    close = pytest.approx(0, abs=1)
    for request in stage.all(KeyRequest):
        assert (request.expires_at - now - stage.desk.policy.request_expires_after).total_seconds() == close
    [ticket] = stage.all(Ticket)
    assert (ticket.expires_at - now - stage.desk.policy.ticket_lapses_after).total_seconds() == close
    [use] = stage.all(KeyUse)
    assert use.last_used_at is not None
    assert (now - use.last_used_at).total_seconds() == close
    assert not stage.see(OLIVIA, verify).problems
    assert [event.action for event in stage.all(AuditEvent)].count("clock.set_right") == 2
    # What was on its way runs out as any other does; everything else goes out now.
    clock.advance(outbox.LEASE + PACE)
    while send_one(stage):
        clock.advance(PACE)
    assert {row.status for row in stage.all(Delivery)} == {"sent"}


def test_what_was_drawn_by_such_a_clock_is_drawn_again(stage: Stage, clock: HeldClock) -> None:
    """To it, a request had expired: its card is edited once more, and one that was drawn at the right time is not."""

    def deliver() -> None:
        while send_one(stage):
            clock.advance(PACE)

    def waiting() -> set[str]:
        return {row.subject for row in stage.all(Delivery) if row.status == DeliveryStatus.PENDING}

    stage.ask(name="left alone")
    request = stage.ask()
    deliver()
    stage.do(WORKER, lambda tx: tx.session.execute(update(SlackMessage).values(ts="1.0")))
    begun = clock.now()
    clock.set(begun + timedelta(days=366))
    stage.do(Actor.operator("ann"), lambda tx: refresh(tx, Thing.REQUEST, request.id))
    deliver()
    clock.set(begun + timedelta(seconds=2))
    assert stage.do(SWEEP, set_right) is not None
    edited = {one.id for one in stage.all(SlackMessage) if one.subject_id == request.id}
    assert edited
    assert waiting() == edited


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_somebody_has_in_hand_is_set_right_at_the_next_look(stage: Stage, clock: HeldClock) -> None:
    """Whoever decides on a request in this instant holds up nothing of the rest."""
    begun = clock.now()
    clock.set(begun + timedelta(hours=3))
    request = stage.ask()
    clock.set(begun)
    assert while_held(stage.desk, request, (SWEEP, set_right)) is not None
    assert stage.fresh(KeyRequest, request.id).created_at == begun + timedelta(hours=3)
    assert stage.do(SWEEP, set_right) is not None
    assert stage.see(SWEEP, list_late) == []


def test_reminders_of_an_incident_come_in_time(stage: Stage, clock: HeldClock) -> None:
    """What a clock that was ahead said of an incident is followed by a reminder as if it were said now."""
    begun = clock.now()

    def open_one(tx: Transaction) -> datetime | None:
        return create_incident(tx, stage.page.id, NewIncident(name="Down", body="We look.")).update_due_at

    right = stage.do(Actor.operator("ann"), open_one)
    clock.set(begun + timedelta(days=14))
    stage.do(Actor.operator("ann"), open_one)
    clock.set(begun)
    stage.do(SWEEP, set_right)
    assert right is not None
    for incident in stage.all(Incident):
        assert incident.update_due_at is not None
        assert abs(incident.update_due_at - right) < timedelta(seconds=1)


def test_clocks_that_are_apart_as_much_as_they_may_set_nothing_right(stage: Stage, clock: HeldClock) -> None:
    """What a replica has written whose clock is nearly 15 seconds ahead stays to the microsecond."""
    clock.set(clock.now() + timedelta(seconds=14.9))
    live_ahead(stage)
    clock.set(clock.now() - timedelta(seconds=14.9))
    assert not stage.see(SWEEP, partial(is_due, records=True))
    assert stage.do(SWEEP, set_right) is None


def test_a_clock_that_is_behind_leaves_the_past_alone(stage: Stage, clock: HeldClock) -> None:
    """Where what happened beyond now took longer than an hour, this clock is the wrong one: nothing that happened is
    dated anew. Leases and what is owed are cut all the same, so that nothing waits."""
    behind = clock.now()
    clock.set(behind + timedelta(days=400))
    live_ahead(stage)
    clock.advance(LIVED)
    live_ahead(stage)
    lived_until = clock.now()
    dates = {row.id: (row.created_at, row.updated_at) for row in stage.all(Incident)}
    clock.set(behind)
    found = stage.see(SWEEP, find_behind)
    assert found is not None
    assert abs(lived_until - found) < timedelta(seconds=1)
    assert stage.do(SWEEP, partial(set_right, records=False)) is not None
    assert {row.id: (row.created_at, row.updated_at) for row in stage.all(Incident)} == dates
    assert not stage.see(SWEEP, partial(is_due, records=False))
    assert stage.do(WORKER, claim) is not None


def test_a_job_is_done_once_for_each_period_whatever_the_clock(stage: Stage, clock: HeldClock) -> None:
    """A run of the future holds up none of now, and is done when its time comes."""
    now = clock.now()
    clock.set(now + timedelta(days=7))
    ahead = period_of(clock.now())
    stage.do(
        SWEEP, lambda tx: claim_run(tx.session, "digest", ahead, who="w", now=tx.now, lease=timedelta(minutes=10))
    )
    stage.do(SWEEP, lambda tx: finish_run(tx.session, "digest", ahead, who="w", now=tx.now))
    clock.set(now)
    stage.do(SWEEP, set_right)

    def last(tx: Transaction) -> str | None:
        return find_last_finished(tx.session, "digest", until=period_of(tx.now))

    assert stage.see(SWEEP, last) is None
    clock.advance(days=7)
    assert stage.see(SWEEP, last) is None
    assert stage.all(JobRun) == []


def test_what_was_done_a_moment_before_its_time_is_not_done_again(stage: Stage, clock: HeldClock) -> None:
    """A clock that is set back by minutes has done nothing in another's time."""
    period = period_of(clock.now())
    lease = timedelta(minutes=10)
    stage.do(SWEEP, lambda tx: claim_run(tx.session, "sweep", period, who="w", now=tx.now, lease=lease))
    stage.do(SWEEP, lambda tx: finish_run(tx.session, "sweep", period, who="w", now=tx.now))
    clock.set(clock.now() - timedelta(minutes=30))
    stage.do(SWEEP, set_right)
    assert [run.period for run in stage.all(JobRun)] == [period]


def test_whoever_waits_hears_of_it(stage: Stage, clock: HeldClock) -> None:
    """Workers and pages look again; the key ring is read anew where something of a key was set right, or not."""
    begun = clock.now()

    def make_key(tx: Transaction) -> None:
        add_key(tx.session, tx.now)

    def told(tx: Transaction) -> frozenset[Topic]:
        assert set_right(tx) is not None
        return signalled(tx.session)

    everybody = {Topic.OUTBOX, Topic.PAGES}
    works = [partial(post, stage, MIA), partial(stage.do, SWEEP, make_key)]
    for work, topics in zip(works, (everybody, everybody | {Topic.KEYS}), strict=True):
        clock.set(begun + timedelta(hours=3))
        work()
        clock.set(begun)
        assert stage.do(SWEEP, told) == topics
        clock.advance(seconds=1)
        begun = clock.now()


def test_a_lane_that_rested_too_long_goes_on(stage: Stage, clock: HeldClock) -> None:
    """A place where something was sent “in two weeks” takes the next message after its usual rest."""
    now = clock.now()
    clock.set(now + timedelta(days=14))
    post(stage, MIA)
    sent = claimed(stage)
    stage.do(WORKER, lambda tx: mark_sent(tx.session, sent, now=tx.now, called=True, covers=()))
    clock.set(now)
    post(stage, MIA)
    assert stage.do(WORKER, claim) is None
    stage.do(SWEEP, set_right)
    clock.advance(PACE)

    def due(tx: Transaction) -> datetime | None:
        return lanes.find_next_due(tx.session, Channel.SLACK, now=tx.now, pace=PACE)

    found = stage.see(WORKER, due)
    assert found is not None
    assert found <= clock.now()
    assert stage.do(WORKER, claim) is not None
