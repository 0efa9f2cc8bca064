"""Drafts that wait: who is asked later, who is reminded, who is told, and each of it once."""

from collections.abc import Mapping
from functools import partial

import pytest

from desk.incidents.drafts.drafts import discard_draft, send_back, take_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.review import LATE_CARD, MINE_CARD, REMINDER_CARD, REVIEW_CARD
from desk.incidents.drafts.waiting import sweep_waiting, wait_before_reminder
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.pages.status import Impact
from desk.transaction import Desk
from storage.models import ComponentStatus, DraftKind, Role, SecondPerson
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA, add_grant
from tests.unit.desk.incidents.incident_stage import SWEEP, IncidentStage, at_once, set_incident_stage


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page where a second person must publish everything."""
    stage = set_incident_stage(desk)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


def _hand_in(stage: IncidentStage, status: ComponentStatus | None = None) -> str:
    new = NewIncident(name="Slow", body="We look.", components={stage.components[0]: status})
    draft_id = stage.do(INES, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new).id)
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    return draft_id


def _told(stage: IncidentStage, kind: str) -> list[str]:
    return [card.conversation for card in stage.cards(kind)]


@pytest.mark.parametrize(
    ("kind", "impact", "minutes"),
    [
        (DraftKind.INCIDENT, Impact.CRITICAL, 5),
        (DraftKind.UPDATE, Impact.CRITICAL, 5),
        (DraftKind.INCIDENT, Impact.MAJOR, 10),
        (DraftKind.UPDATE, Impact.NONE, 10),
        (DraftKind.UPDATE, Impact.MAINTENANCE, 10),
        (DraftKind.MAINTENANCE, Impact.MAINTENANCE, 30),
        (DraftKind.BACKFILL, Impact.CRITICAL, 30),
        (DraftKind.POSTMORTEM, Impact.NONE, 30),
    ],
)
def test_how_long_it_waits(kind: DraftKind, impact: Impact, minutes: int) -> None:
    """Critical impact is in a hurry; what is planned or over is not."""
    assert wait_before_reminder(kind, impact).total_seconds() == minutes * 60


@pytest.mark.parametrize(("stands", "brings"), [("major_outage", None), ("degraded_performance", "major_outage")])
def test_an_update_is_as_urgent_as_its_incident(
    stage: IncidentStage, clock: HeldClock, stands: str, brings: str | None
) -> None:
    """Critical as the incident is, or as the update makes it: reviewers are reminded after five minutes."""
    incident_id = stage.open(components={stage.components[0]: ComponentStatus(stands)})
    worse = IncidentChange(body="Still.", components={stage.components[1]: ComponentStatus(brings)} if brings else {})
    write = partial(write_draft, page_id=stage.page, kind=DraftKind.UPDATE, content=worse, incident_id=incident_id)
    draft_id = stage.do(INES, lambda tx: write(tx).id)
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    clock.advance(minutes=5)
    assert stage.do(SWEEP, sweep_waiting) == 1
    assert _told(stage, REMINDER_CARD) == [MAX]


@pytest.mark.parametrize(
    ("status", "wait"), [(ComponentStatus.MAJOR_OUTAGE, 5), (ComponentStatus.PARTIAL_OUTAGE, 10)]
)
def test_each_is_told_once(stage: IncidentStage, clock: HeldClock, status: ComponentStatus, wait: int) -> None:
    """Reviewers at the end of the wait, owners after three of them; a sweep that finds nothing to do says so."""
    _hand_in(stage, status)
    sweep = partial(stage.do, SWEEP, sweep_waiting)
    steps: list[tuple[int, Mapping[str, list[str]]]] = [
        (wait - 1, {REMINDER_CARD: [], LATE_CARD: []}),
        (1, {REMINDER_CARD: [MAX], LATE_CARD: []}),
        (2 * wait - 1, {REMINDER_CARD: [MAX], LATE_CARD: []}),
        (1, {REMINDER_CARD: [MAX], LATE_CARD: [OLIVIA]}),
        (600, {REMINDER_CARD: [MAX], LATE_CARD: [OLIVIA]}),
    ]
    counts = []
    for minutes, expected in steps:
        clock.advance(minutes=minutes)
        counts.append(sweep())
        assert {kind: _told(stage, kind) for kind in expected} == expected
        assert sweep() == 0
    assert counts == [0, 1, 0, 1, 0]
    assert stage.recorded("draft.reminded") == stage.outbox().count(REMINDER_CARD) + stage.outbox().count(LATE_CARD)
    assert stage.recorded("draft.reminded") == 2


@both_databases
def test_replicas_that_sweep_at_once_remind_once(stage: IncidentStage, clock: HeldClock) -> None:
    """Three sweeps in the same instant, after a downtime: each draft is reminded of once, and told to owners once."""
    drafts = {_hand_in(stage) for _ in range(3)}
    clock.advance(minutes=31)
    results = at_once(*[partial(stage.do, SWEEP, sweep_waiting)] * 3)
    # Where one sweep skips what another holds, nothing is lost: the next minute finds it.
    assert sum(result for result in results if isinstance(result, int)) == len(drafts)
    for kind in (REMINDER_CARD, LATE_CARD):
        assert {card.subject_id.partition(":")[0] for card in stage.cards(kind)} == drafts
        assert stage.outbox().count(kind) == len(drafts)
    assert stage.recorded("draft.reminded") == 2 * len(drafts)


@pytest.mark.parametrize("end", [discard_draft, take_back])
def test_a_draft_that_waits_no_more_is_forgotten(stage: IncidentStage, clock: HeldClock, end: object) -> None:
    """Once it is decided or taken back nobody is reminded; what was said of it is brought up to date."""
    draft_id = _hand_in(stage)
    clock.advance(minutes=10)
    stage.do(SWEEP, sweep_waiting)
    assert callable(end)
    stage.do(INES, lambda tx: end(tx, draft_id))
    assert stage.outbox().count(REMINDER_CARD) == 2
    clock.advance(hours=3)
    assert stage.do(SWEEP, sweep_waiting) == 0
    assert _told(stage, LATE_CARD) == []


def test_handed_in_again_it_waits_anew(stage: IncidentStage, clock: HeldClock) -> None:
    """After it was sent back and handed in again, the wait begins anew, and it is reminded of again."""
    draft_id = _hand_in(stage)
    clock.advance(minutes=10)
    stage.do(SWEEP, sweep_waiting)
    stage.do(INES, partial(take_back, draft_id=draft_id))
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    clock.advance(minutes=9)
    assert stage.do(SWEEP, sweep_waiting) == 0
    clock.advance(minutes=1)
    assert stage.do(SWEEP, sweep_waiting) == 1
    assert _told(stage, REMINDER_CARD) == [MAX, MAX]


def test_who_may_publish_it_since_gets_the_card(stage: IncidentStage, clock: HeldClock) -> None:
    """Whoever becomes a reviewer is asked at the next sweep, once, and has as long as the others to answer."""
    draft_id = _hand_in(stage)
    clock.advance(minutes=4)
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INCIDENT_MANAGER, clock.now(), page_id=stage.page)
    assert [stage.do(SWEEP, sweep_waiting) for _ in range(2)] == [1, 0]
    assert [(card.subject_id, card.conversation) for card in stage.cards(REVIEW_CARD)] == [
        (draft_id, MAX),
        (draft_id, MIA),
    ]
    assert stage.outbox().count(MINE_CARD) == 2
    for minutes, reminded in ((6, [MAX]), (3, [MAX]), (1, [MAX, MIA])):
        clock.advance(minutes=minutes)
        stage.do(SWEEP, sweep_waiting)
        assert _told(stage, REMINDER_CARD) == reminded


@both_databases
def test_sending_back_beats_a_reminder(stage: IncidentStage, clock: HeldClock) -> None:
    """A sweep against a decision in the same instant: it is reminded of before, or not at all, and both succeed."""
    for _ in range(3):
        draft_id = _hand_in(stage)
        clock.advance(minutes=10)
        decided, swept = at_once(
            partial(stage.do, MAX, partial(send_back, draft_id=draft_id, reason="Say since when.")),
            partial(stage.do, SWEEP, sweep_waiting),
        )
        assert not isinstance(decided, Exception)
        assert swept in {0, 1}
        reminders = [card for card in stage.cards(REMINDER_CARD) if card.subject_id.startswith(draft_id)]
        assert len(reminders) == swept
