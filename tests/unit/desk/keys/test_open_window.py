"""What becomes of a key while a window shows its successor, and of a key that somebody else takes over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from desk.keys.changes import extend_key, rename_key, revoke_key, suspend_key, transfer_key
from desk.keys.collecting import mark_revealed, sweep_tickets
from desk.keys.questions import ask_for_extension, ask_holder, decline_extension, keep_key
from desk.keys.ring import follow_key_ring, read_key_ring
from desk.keys.rotation import begin_rotation
from desk.transaction import Desk
from storage.mirror import Mirror
from storage.models import ApiKey, Delivery, DeliveryStatus, KeyStatus, Ticket, TicketStatus
from storage.signals import Topic
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.factories import MAX, MIA, OLIVIA, OMAR, add_use
from tests.ring import everything_in
from tests.unit.desk.stage import SWEEP, Stage, set_stage

LATER = NOW + timedelta(days=200)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _key(stage: Stage, who: str = MIA) -> str:
    key, _ = stage.mint(stage.ticket(who), who)
    stage.do(who, partial(mark_revealed, key_id=key.id))
    return key.id


def _show(stage: Stage, key_id: str) -> ApiKey:
    """The successor of a key, which a window shows."""
    return stage.mint(stage.do(MIA, partial(begin_rotation, key_id=key_id)))[0]


def _revealed(stage: Stage, key_id: str) -> bool:
    return stage.do(MIA, partial(mark_revealed, key_id=key_id))


@pytest.mark.parametrize(
    ("decided", "follows"),
    [
        (partial(extend_key, until=LATER), {"expires_at": LATER}),
        (partial(rename_key, name="deploy"), {"name": "deploy"}),
        (
            partial(keep_key, until=LATER, reason="Used once a year."),
            {"kept_until": LATER, "keep_reason": "Used once a year."},
        ),
        (
            partial(suspend_key, reason="Leaked?"),
            {"status": KeyStatus.SUSPENDED, "suspend_reason": "Leaked?", "suspended_by": f"member:{OLIVIA}"},
        ),
    ],
)
def test_what_was_decided_meanwhile_holds_for_the_successor(
    stage: Stage, decided: Callable[..., object], follows: dict[str, Any]
) -> None:
    """Whatever an owner does to a key while its successor is shown is not lost when that takes its place."""
    key_id = _key(stage)
    shown = _show(stage, key_id)
    stage.do(OLIVIA, partial(decided, key_id=key_id))
    assert _revealed(stage, shown.id)
    successor = stage.fresh(ApiKey, shown.id)
    assert {name: getattr(successor, name) for name in follows} == follows


def test_what_was_decided_of_the_successor_itself_stands(stage: Stage) -> None:
    """Where an owner changed the key that is being shown, what its predecessor is called says nothing of it."""
    key_id = _key(stage)
    shown = _show(stage, key_id)
    stage.do(OLIVIA, partial(rename_key, key_id=shown.id, name="deploy"))
    assert _revealed(stage, shown.id)
    assert stage.fresh(ApiKey, shown.id).name == "deploy"


@pytest.mark.parametrize("used", [False, True])
def test_no_successor_outlives_what_it_was_to_follow(stage: Stage, clock: HeldClock, used: bool) -> None:
    """A key that is revoked while its successor is shown takes that along, though the window arrived, or though
    something called with it already; and its collector is told."""
    key_id = _key(stage)
    shown = _show(stage, key_id)
    stage.do(OLIVIA, partial(revoke_key, key_id=key_id, reason="The project is over."))
    if used:
        with stage.desk.database.write() as session:
            add_use(session, shown, reads=1, last_used_at=clock.now())
        clock.advance(minutes=3)
        assert stage.do(SWEEP, sweep_tickets) == 1
    else:
        assert not _revealed(stage, shown.id)
    successor = stage.fresh(ApiKey, shown.id)
    assert (successor.status, successor.voided_at is not None) == (KeyStatus.REVOKED, True)
    ticket = stage.fresh(Ticket, str(shown.ticket_id))
    assert ticket.status == TicketStatus.WITHDRAWN
    assert ticket.end_reason == "The key that it was to follow was revoked."
    assert [note.conversation for note in stage.shown("ticket.void")] == [MIA]


def test_a_question_about_a_key_that_nobody_saw_says_what_became_of_it(stage: Stage, clock: HeldClock) -> None:
    """Who asked its holder about a key that is void by then reads so, and nobody answers for nothing."""
    shown = _show(stage, _key(stage))
    stage.do(OLIVIA, partial(ask_holder, key_id=shown.id))
    with stage.desk.database.write() as session:
        session.execute(update(Delivery).values(status=DeliveryStatus.SENT))
    clock.advance(minutes=3)
    stage.do(SWEEP, sweep_tickets)
    [asked] = stage.shown("key.ask")
    with stage.desk.database.read() as session:
        owed = session.scalars(select(Delivery.subject).where(Delivery.status == DeliveryStatus.PENDING)).all()
    assert asked.id in owed


def test_a_wish_for_more_time_goes_along(stage: Stage) -> None:
    """Whoever asked for more time and rotates the key before anybody answered still waits for that: owners are asked
    about the key that works on, and their answer is heard."""
    key_id = _key(stage)
    stage.do(MIA, partial(ask_for_extension, key_id=key_id, until=LATER, reason="Not done."))
    shown = _show(stage, key_id)
    assert _revealed(stage, shown.id)
    asked = [card for card in stage.shown("key.extension") if card.subject_id == shown.id]
    assert [(card.conversation, card.facts["asked_by"]) for card in asked] == [
        (OLIVIA, f"member:{MIA}"),
        (OMAR, f"member:{MIA}"),
    ]
    stage.do(OLIVIA, partial(extend_key, key_id=shown.id, until=LATER))
    assert [note.facts["waited"] for note in stage.shown("key.changed")] == [[MIA]]


def test_of_several_wishes_the_last_goes_along(stage: Stage) -> None:
    """Whoever asked twice has one wish, and none is left behind at a key that ends whatever owners say."""
    key_id = _key(stage)
    for days in (100, 150):
        work = partial(ask_for_extension, key_id=key_id, until=NOW + timedelta(days=days), reason="Not done.")
        stage.do(MIA, work)
    shown = _show(stage, key_id)
    assert _revealed(stage, shown.id)
    unanswered = [card for card in stage.shown("key.extension") if not card.facts.get("answered")]
    assert {card.subject_id for card in unanswered} == {shown.id}
    assert {card.facts["until"] for card in unanswered} == {(NOW + timedelta(days=150)).isoformat()}


def test_a_wish_that_is_fulfilled_meanwhile_is_asked_by_nobody(stage: Stage) -> None:
    """An owner who extended the key while its successor was shown is asked no more; nor is anybody for more time for
    a key that somebody else took over."""
    key_id = _key(stage)
    stage.do(MIA, partial(ask_for_extension, key_id=key_id, until=LATER, reason="Not done."))
    shown = _show(stage, key_id)
    stage.do(OLIVIA, partial(extend_key, key_id=key_id, until=LATER))
    assert _revealed(stage, shown.id)
    other = _key(stage)
    stage.do(MIA, partial(ask_for_extension, key_id=other, until=LATER, reason="Not done."))
    taken = _take_over(stage, other, timedelta())
    stage.do(MAX, partial(mark_revealed, key_id=taken.id))
    assert {card.subject_id for card in stage.shown("key.extension")} == {key_id, other}


def test_a_wish_for_a_key_that_nobody_saw_goes_back(stage: Stage, clock: HeldClock) -> None:
    """Whoever asked for more time for a key whose window was lost wants it for the one that works on."""
    key_id = _key(stage)
    shown = _show(stage, key_id)
    stage.do(MIA, partial(ask_for_extension, key_id=shown.id, until=LATER, reason="Not done."))
    clock.advance(minutes=3)
    stage.do(SWEEP, sweep_tickets)
    stage.do(OLIVIA, partial(decline_extension, key_id=key_id, reason="It is enough."))
    assert [note.facts["waited"] for note in stage.shown("key.changed")] == [[MIA]]


def _take_over(stage: Stage, key_id: str, grace: timedelta) -> ApiKey:
    """Max asks for a key in Mia's place, and owners approve; a window shows it to him."""
    ticket = stage.ticket(MAX, name="deploy", replaces_id=key_id, grace=grace)
    return stage.mint(ticket, MAX)[0]


@pytest.mark.parametrize("grace", [timedelta(), timedelta(hours=5)])
def test_whose_key_is_taken_over_is_told_before_it_ends(stage: Stage, grace: timedelta) -> None:
    """As soon as another key stands in its place, whoever answers for the old one hears by whom and until when it
    works."""
    key_id = _key(stage)
    taken = _take_over(stage, key_id, grace)
    assert stage.shown("key.taken_over") == []
    stage.do(MAX, partial(mark_revealed, key_id=taken.id))
    [note] = stage.shown("key.taken_over")
    assert (note.conversation, note.facts["by"]) == (MIA, f"member:{MAX}")
    assert stage.fresh(ApiKey, key_id).retires_at == NOW + grace


def test_a_rotation_that_waits_ends_with_a_takeover(stage: Stage) -> None:
    """Nobody is offered the successor of a key that has another one by now."""
    key_id = _key(stage)
    taken = _take_over(stage, key_id, timedelta(hours=5))
    waiting = stage.do(MIA, partial(begin_rotation, key_id=key_id))
    stage.do(MAX, partial(mark_revealed, key_id=taken.id))
    ticket = stage.fresh(Ticket, waiting.id)
    assert (ticket.status, ticket.end_reason) == (TicketStatus.WITHDRAWN, "Somebody else has taken the key over.")
    assert [note.conversation for note in stage.shown("ticket.ended")] == [MIA]


@pytest.mark.parametrize("first", ["takeover", "rotation"])
def test_one_key_has_one_successor(stage: Stage, first: str) -> None:
    """Where a rotation and a takeover are shown at once, the first that arrives says how long the old key works."""
    key_id = _key(stage)
    taken, rotated = _take_over(stage, key_id, timedelta(hours=5)), _show(stage, key_id)
    people = {taken.id: MAX, rotated.id: MIA}
    order = [taken.id, rotated.id] if first == "takeover" else [rotated.id, taken.id]
    arrived = [stage.do(people[one], partial(mark_revealed, key_id=one)) for one in order]
    # What owners approved is on its own then; a rotation has nothing to follow.
    assert arrived == [True, first == "rotation"]
    ends: dict[str, datetime] = {"takeover": NOW + timedelta(hours=5), "rotation": NOW + timedelta(hours=24)}
    assert stage.fresh(ApiKey, key_id).retires_at == ends[first]


def test_what_is_transferred_along_is_known_in_memory(stage: Stage) -> None:
    """A key that works on in its grace period is its new holder's in every process at once."""
    key_id = _key(stage)
    shown = _show(stage, key_id)
    assert _revealed(stage, shown.id)
    ring = Mirror(stage.desk.database.everywhere, Topic.KEYS, read_key_ring, follow=follow_key_ring)
    ring.reload()
    stage.do(OLIVIA, partial(transfer_key, key_id=shown.id, to_user_id=MAX))
    assert stage.fresh(ApiKey, key_id).holder_id == MAX
    with stage.desk.database.everywhere.read() as session:
        assert everything_in(ring.value, session) == everything_in(read_key_ring(session), session)
