"""Reminders that it is time for an update: when, whom, how often, and how they are put off."""

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from desk.configuration.pages import edit_page
from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import Schedule
from desk.incidents.reminders import LONGEST, REMINDER_CARD, next_update_due, snooze_reminder, sweep_reminders
from desk.incidents.updates import edit_update
from desk.pages.status import Impact
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage.models import ComponentStatus, Grant, Incident, IncidentStatus, IncidentUpdate, Member
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA, add_key
from tests.unit.desk.incidents.incident_stage import STATUS, SWEEP, IncidentStage, at_once, set_incident_stage

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CRITICAL, MINOR = Impact.CRITICAL, Impact.MINOR


@pytest.mark.parametrize(
    ("case", "impact", "intervals", "sent", "after"),
    [
        ("critical", CRITICAL, None, 0, 0.5),
        ("major", Impact.MAJOR, None, 0, 1),
        ("minor", MINOR, None, 0, 2),
        ("no impact", Impact.NONE, None, 0, 4),
        ("what is no list is none", MINOR, "", 0, 2),
        ("each one waits twice as long", CRITICAL, None, 3, 4),
        ("up to a day", CRITICAL, None, 5, 16),
        ("and not longer", CRITICAL, None, 6, None),
        ("the first of a list", CRITICAL, "[1,5,7]", 0, 1),
        ("the last of a list", CRITICAL, "[1,5,7]", 2, 7),
        ("a list comes to its end", CRITICAL, "[1,5,7]", 3, None),
        ("every four hours", CRITICAL, "4", 0, 4),
        ("again and again", CRITICAL, "4", 9, 40),
        ("never", CRITICAL, "[]", 0, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_when_the_next_update_is_due(
    case: str, impact: Impact, intervals: str | None, sent: int, after: float | None
) -> None:
    """Statuspage's intervals say when; without them the impact does, and each further reminder waits longer."""
    due = next_update_due(Policy(), impact=impact, reminder_intervals=intervals, since=NOW, sent=sent)
    assert due == (None if after is None else NOW + after * HOUR), case


intervals = (
    st.none() | st.integers(1, 24).map(str) | st.sets(st.integers(1, 24)).map(lambda hours: f"{sorted(hours)}")
)


@given(
    impact=st.sampled_from(Impact),
    intervals=intervals,
    wait=st.timedeltas(min_value=5 * MINUTE, max_value=24 * HOUR),
)
def test_reminders_follow_one_another(impact: Impact, intervals: str | None, wait: timedelta) -> None:
    """None is due before the update, each is due later than the one before, and after the last there is none."""
    policy = Policy(update_due_after_critical=wait, update_due_after_none=wait)
    due = [
        next_update_due(policy, impact=impact, reminder_intervals=intervals, since=NOW, sent=sent)
        for sent in range(40)
    ]
    known = [instant for instant in due if instant is not None]
    assert due == known + [None] * (len(due) - len(known))
    assert all(NOW < earlier < later for earlier, later in pairwise(known))
    assert all(instant > NOW for instant in known)
    if intervals is None:
        assert known[0] - NOW <= LONGEST
        assert known[-1] - NOW <= LONGEST


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page with a channel."""
    return set_incident_stage(desk)


def sweep(stage: IncidentStage) -> list[str]:
    """Remind of what is due until nothing is; gives where the new reminders go."""
    before = {card.id for card in stage.cards(REMINDER_CARD)}
    for _ in range(10):
        if not stage.do(SWEEP, sweep_reminders):
            return [card.conversation for card in stage.cards(REMINDER_CARD) if card.id not in before]
    raise AssertionError("the sweep comes to no end")


def reminders_within(stage: IncidentStage, clock: HeldClock, span: timedelta) -> list[tuple[timedelta, str]]:
    """Let time pass, with a sweep just before and at each instant that matters; after how long who was reminded."""
    start, reminded = clock.now(), []
    for _ in range(50):
        due = min((one.update_due_at for one in stage.all(Incident) if one.update_due_at), default=start + 2 * span)
        clock.set(min(due, start + span) - timedelta(microseconds=1))
        assert sweep(stage) == []
        clock.set(min(due, start + span))
        reminded += [(clock.now() - start, place) for place in sweep(stage)]
        if due >= start + span:
            return reminded
    raise AssertionError("reminders come to no end")


def test_the_person_first_then_the_channel(stage: IncidentStage, clock: HeldClock) -> None:
    """Whoever spoke last is reminded once, then the channel, each time later, for up to a day."""
    incident_id = stage.open(impact_override=CRITICAL)
    clock.advance(MINUTE)
    stage.change(incident_id, MAX, body="Still looking.")
    reminded = reminders_within(stage, clock, 2 * LONGEST)
    hours = [0.5, 1, 2, 4, 8, 16]
    assert reminded == [(hour * HOUR, MAX if hour == 0.5 else STATUS) for hour in hours]
    assert stage.recorded("incident.reminded") == len(hours)
    assert stage.incident(incident_id).version == 2


def test_not_a_minute_too_early(stage: IncidentStage, clock: HeldClock) -> None:
    """Until the instant at which an update is due nobody is reminded."""
    stage.open(impact_override=CRITICAL)
    clock.advance(30 * MINUTE - timedelta(microseconds=1))
    assert sweep(stage) == []
    clock.advance(timedelta(microseconds=1))
    assert sweep(stage) == [INES]


@both_databases
def test_intervals_of_the_incident_are_obeyed(stage: IncidentStage, clock: HeldClock) -> None:
    """Reminders come after the hours that the incident names, whatever its impact."""
    stage.open(impact_override=CRITICAL, reminder_intervals="[1,5,7]")
    assert [when for when, _ in reminders_within(stage, clock, LONGEST)] == [HOUR, 5 * HOUR, 7 * HOUR]


def test_other_intervals_of_the_page_hold_for_what_is_open(stage: IncidentStage, clock: HeldClock) -> None:
    """Whoever has people reminded sooner, or again, need not wait for the next update; an incident with intervals of
    its own goes by those."""
    stage.open()
    stage.open(name="Own", reminder_intervals="[20]")
    stage.do(INES, lambda tx: edit_page(tx, stage.page, {"reminder_intervals": "[2]"}))
    assert reminders_within(stage, clock, 6 * HOUR) == [(2 * HOUR, INES)]
    stage.do(INES, lambda tx: edit_page(tx, stage.page, {"reminder_intervals": "4"}))
    assert reminders_within(stage, clock, 6 * HOUR) == [(2 * HOUR, STATUS), (6 * HOUR, STATUS)]


def test_without_a_channel_owners_are_reminded(stage: IncidentStage, clock: HeldClock) -> None:
    """Where the page has no channel, owners hear of it after the person did."""
    stage.set_page(announcement_channel=None)
    stage.open(impact_override=CRITICAL)
    assert reminders_within(stage, clock, HOUR) == [(HOUR / 2, INES), (HOUR, OLIVIA)]


@pytest.mark.parametrize("author", [Actor.key("k1"), Actor.operator("root")], ids=str)
def test_where_nobody_spoke_the_channel_is_reminded_at_once(
    stage: IncidentStage, clock: HeldClock, author: Actor
) -> None:
    """A key or an operator cannot be reminded."""
    with stage.desk.database.write() as session:
        add_key(session, NOW, id="k1", scopes=["incidents:write"])
    stage.open(author, impact_override=CRITICAL)
    clock.advance(HOUR / 2)
    assert sweep(stage) == [STATUS]


def test_who_has_left_is_not_reminded(stage: IncidentStage, clock: HeldClock) -> None:
    """When the author is no full member any more, the channel is reminded at once."""
    stage.open(impact_override=CRITICAL)
    with stage.desk.database.write() as session:
        session.get_one(Member, INES).is_deleted = True
    clock.advance(HOUR / 2)
    assert sweep(stage) == [STATUS]


def test_nobody_waits_for_news_of_these(stage: IncidentStage, clock: HeldClock) -> None:
    """Of what is resolved, planned, running or written down afterwards nobody is reminded, nor can it be snoozed."""
    window = Schedule(scheduled_for=NOW + HOUR, scheduled_until=NOW + 2 * HOUR)
    quiet = [
        stage.open(status=IncidentStatus.RESOLVED),
        stage.open(schedule=window),
        stage.open(schedule=window, status=IncidentStatus.IN_PROGRESS),
        stage.open(backfilled_at=NOW - HOUR),
    ]
    resolved = stage.open(impact_override=CRITICAL)
    clock.advance(HOUR / 2)
    stage.change(resolved, status=IncidentStatus.RESOLVED)
    assert reminders_within(stage, clock, LONGEST) == []
    for incident_id in [*quiet, resolved]:
        with pytest.raises(ConflictError):
            stage.do(INES, partial(snooze_reminder, incident_id=incident_id, span=HOUR))


def test_an_update_begins_anew(stage: IncidentStage, clock: HeldClock) -> None:
    """After an update the wait begins again, the author of that update comes first, and old reminders settle."""
    incident_id = stage.open(impact_override=CRITICAL)
    clock.advance(HOUR / 2)
    assert sweep(stage) == [INES]
    stage.change(incident_id, MAX, body="Still looking.")
    assert stage.outbox().count(REMINDER_CARD) == 2
    assert reminders_within(stage, clock, HOUR) == [(HOUR / 2, MAX), (HOUR, STATUS)]
    assert len({card.subject_id for card in stage.cards(REMINDER_CARD)}) == 3


@both_databases
def test_what_is_no_update_does_not_put_a_reminder_off(stage: IncidentStage, clock: HeldClock) -> None:
    """A new name or a correction is no news; a worse impact or other intervals bring the reminder forward."""
    incident_id = stage.open(reminder_intervals="[3]")
    clock.advance(2 * HOUR)
    stage.change(incident_id, name="Slower")
    [said] = stage.all(IncidentUpdate)
    stage.do(INES, lambda tx: edit_update(tx, said.id, body="We are looking."))
    assert stage.incident(incident_id).update_due_at == NOW + 3 * HOUR
    stage.change(incident_id, reminder_intervals="[]")
    assert stage.incident(incident_id).update_due_at is None
    stage.change(incident_id, reminder_intervals="")
    assert stage.incident(incident_id).update_due_at == NOW + 4 * HOUR
    stage.change(incident_id, components={stage.components[0]: ComponentStatus.MAJOR_OUTAGE})
    assert stage.incident(incident_id).update_due_at == NOW + HOUR / 2
    assert sweep(stage) == [INES]


def test_snoozing_puts_a_reminder_off(stage: IncidentStage, clock: HeldClock) -> None:
    """Whoever may publish puts the next reminder off; the cards say until when and by whom, then it goes on."""
    incident_id = stage.open(impact_override=CRITICAL)
    clock.advance(HOUR / 2)
    sweep(stage)
    stage.do(MAX, partial(snooze_reminder, incident_id=incident_id, span=3 * HOUR))
    [card] = stage.cards(REMINDER_CARD)
    assert card.facts == {
        "snoozed_by": f"member:{MAX}",
        "snoozed_at": clock.now().isoformat(),
        "until": (clock.now() + 3 * HOUR).isoformat(),
    }
    assert reminders_within(stage, clock, 4 * HOUR) == [(3 * HOUR, STATUS), (4 * HOUR, STATUS)]
    assert stage.recorded("incident.snoozed") == 1


def test_who_may_not_snooze_and_for_how_long_not(stage: IncidentStage) -> None:
    """Snoozing needs the role, and ends within a day."""
    incident_id = stage.open()
    with pytest.raises(NotAllowedError):
        stage.do(MIA, partial(snooze_reminder, incident_id=incident_id, span=HOUR))
    for span in (timedelta(), -HOUR, 24 * HOUR + MINUTE):
        with pytest.raises(InvalidInputError):
            stage.do(INES, partial(snooze_reminder, incident_id=incident_id, span=span))
    assert stage.incident(incident_id).update_due_at == NOW + 4 * HOUR


@pytest.mark.parametrize("reminder_intervals", [None, "[1,2,3,4,5]", "1"], ids=str)
def test_after_a_long_downtime_one_reminder(
    stage: IncidentStage, clock: HeldClock, reminder_intervals: str | None
) -> None:
    """However many were missed, one goes out, and the next waits as long as it would have after that one."""
    stage.open(impact_override=CRITICAL, reminder_intervals=reminder_intervals)
    clock.advance(days=3)
    assert sweep(stage) == [INES]
    wait = HOUR if reminder_intervals else HOUR / 2
    assert reminders_within(stage, clock, wait) == [(wait, STATUS)]


def test_a_deleted_incident_settles_its_reminders(stage: IncidentStage, clock: HeldClock) -> None:
    """Its cards are brought up to date once more, and nobody is reminded of it any longer."""
    incident_id = stage.open(impact_override=CRITICAL)
    clock.advance(HOUR / 2)
    sweep(stage)
    stage.do(INES, partial(delete_incident, incident_id=incident_id))
    assert stage.outbox().count(REMINDER_CARD) == 2
    assert reminders_within(stage, clock, HOUR) == []


@both_databases
def test_sweeps_of_several_replicas_remind_once(stage: IncidentStage, clock: HeldClock) -> None:
    """Three replicas sweep in the same instant, time and again: each reminder goes out once."""
    for _ in range(4):
        stage.open(impact_override=CRITICAL)
    for due in (HOUR / 2, HOUR / 2, HOUR):
        clock.advance(due)
        at_once(*[partial(stage.do, SWEEP, sweep_reminders)] * 3)
    assert stage.recorded("incident.reminded") == len(stage.cards(REMINDER_CARD)) == 12
    assert {incident.reminders_sent for incident in stage.all(Incident)} == {3}


@both_databases
def test_an_update_against_a_sweep(stage: IncidentStage, clock: HeldClock) -> None:
    """Somebody resolves in the instant of a reminder: neither waits for the other for ever, and no more follow."""
    incidents = [stage.open(impact_override=CRITICAL) for _ in range(4)]
    clock.advance(HOUR / 2)
    resolve = partial(stage.change, status=IncidentStatus.RESOLVED)
    at_once(
        *(partial(resolve, incident_id) for incident_id in incidents),
        *[partial(stage.do, SWEEP, sweep_reminders)] * 2,
    )
    assert {incident.status for incident in stage.all(Incident)} == {IncidentStatus.RESOLVED}
    clock.advance(LONGEST)
    assert sweep(stage) == []


@pytest.mark.parametrize("lost", [[MAX], [MAX, INES]])
def test_who_may_not_act_any_more_is_not_reminded(stage: IncidentStage, clock: HeldClock, lost: list[str]) -> None:
    """Where whoever spoke last has lost the role, who spoke before them and has it still is reminded, or the channel
    at once; and owners, where nobody else may act on what the channel reads."""
    incident_id = stage.open(impact_override=CRITICAL)
    clock.advance(MINUTE)
    stage.change(incident_id, MAX, body="I look, too.")
    with stage.desk.database.write() as session:
        session.execute(delete(Grant).where(Grant.subject_id.in_(lost)))
    clock.advance(HOUR / 2)
    assert sweep(stage) == ([STATUS, OLIVIA] if INES in lost else [INES])
