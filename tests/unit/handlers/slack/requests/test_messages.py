"""What the cards of requests and tickets say in each of their states."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from desk.keys.changes import rename_key, restore_key, revoke_key, suspend_key
from desk.keys.collecting import mark_revealed, return_unseen, sweep_tickets
from desk.keys.tickets import make_ticket, withdraw_tickets_of
from desk.requests.requests import make_request, sweep_requests, withdraw_requests_of
from desk.transaction import Actor, Desk, Transaction
from handlers.slack.framework.blocks import Message
from handlers.slack.requests import AREA
from handlers.slack.requests.text import quotation
from sandbox.player import find_label, words_of
from storage.models import ApiKey, Delivery, KeyRequest, Scope, SlackMessage, Ticket
from tests.clock import HeldClock
from tests.factories import MAX, MIA, OLIVIA, add_key
from tests.unit.desk.stage import SWEEP, Stage, set_stage

COLLECT = "Collect my key"


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _drawn(stage: Stage, kind: str, subject_id: str, **values: Any) -> Message | None:
    card = SlackMessage(id="m", kind=kind, subject_id=subject_id, conversation="C0", facts={}, **values)
    return stage.see(SWEEP, lambda tx: dict(AREA.messages)[kind](tx, card))


def _surface(message: Message | None) -> dict[str, Any]:
    assert message is not None
    return {"text": message.text, "blocks": message.blocks}


def _says(stage: Stage, kind: str, subject_id: str, **values: Any) -> str:
    message = _drawn(stage, kind, subject_id, **values)
    assert message is not None
    assert message.text
    return words_of(_surface(message))


def _rotation(stage: Stage, clock: HeldClock, **values: Any) -> Ticket:
    with stage.desk.database.write() as session:
        old = add_key(session, clock.now(), name="ci", holder_id=MAX)
    return stage.do(OLIVIA, partial(make_ticket, collector_id=MAX, predecessor_id=old.id, **values))


def test_a_collected_request_names_its_key(stage: Stage) -> None:
    """The requester sees the beginning of the key, its end, and how to rotate it; nothing can be pressed any more."""
    ticket = stage.ticket()
    key, secret = stage.mint(ticket)
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    mine = _drawn(stage, "request.mine", str(ticket.request_id))
    words = words_of(_surface(mine))
    assert f"begins with `{secret.reveal()[:7]}`" in words
    assert f"/keys rotate {key.id}" in words
    assert secret.reveal() not in words
    assert find_label(_surface(mine), COLLECT) is None
    assert "Collected by" in _says(stage, "request.card", str(ticket.request_id))


def test_a_ticket_that_was_taken_back_says_why(stage: Stage) -> None:
    """The reason of a withdrawn ticket shows on both cards."""
    ticket = stage.ticket()
    stage.do(SWEEP, partial(withdraw_tickets_of, user_id=MIA, reason="Mia left."))
    assert "It was taken back before you collected it: Mia left." in _says(
        stage, "request.mine", str(ticket.request_id)
    )
    assert "Taken back before it was collected: Mia left." in _says(stage, "request.card", str(ticket.request_id))


def test_a_withdrawn_request_says_by_whom_and_why(stage: Stage) -> None:
    """A request that was withdrawn because its maker left says so on the owners' card."""
    request = stage.ask()
    stage.do(SWEEP, partial(withdraw_requests_of, user_id=MIA, reason="Mia left."))
    words = _says(stage, "request.card", request.id)
    assert "*Withdrawn* by Keydesk" in words
    assert "> Mia left." in words


def test_a_lapsed_ticket_offers_to_ask_again_even_before_the_sweep(stage: Stage, clock: HeldClock) -> None:
    """Past its time the requester's card offers *Ask again* and no collection."""
    ticket = stage.ticket()
    clock.advance(days=3)
    mine = _surface(_drawn(stage, "request.mine", str(ticket.request_id)))
    assert find_label(mine, "Ask again")
    assert find_label(mine, COLLECT) is None


def test_a_reminder_that_comes_too_late_is_not_sent(stage: Stage, clock: HeldClock) -> None:
    """A reminder that was not delivered before the decision has nothing to say; a delivered one shows the outcome."""
    request = stage.ask()
    clock.advance(hours=4)
    stage.do(SWEEP, sweep_requests)
    assert "*Still waiting*" in _says(stage, "request.reminder", f"{request.id}:1")
    stage.approve(request)
    assert _drawn(stage, "request.reminder", f"{request.id}:1") is None
    assert "*Approved*" in _says(stage, "request.reminder", f"{request.id}:1", ts="1.0")


def test_a_rotations_card_follows_both_of_its_keys(stage: Stage, clock: HeldClock) -> None:
    """It names the old key and says how long that works, and what became of the new one: a change of either brings
    the card up to date."""
    ticket = _rotation(stage, clock, grace=timedelta(days=3))
    old = str(ticket.predecessor_id)
    new, _ = stage.mint(ticket, MAX)
    stage.do(MAX, partial(mark_revealed, key_id=new.id))
    [card] = stage.shown("ticket.mine")

    def is_brought_up_to_date(work: Callable[[Transaction], Any]) -> bool:
        with stage.desk.database.write() as session:
            session.execute(delete(Delivery))
        stage.do(OLIVIA, work)
        return card.id in {delivery.subject for delivery in stage.all(Delivery)}

    assert is_brought_up_to_date(partial(rename_key, key_id=old, name="older ci"))
    assert is_brought_up_to_date(partial(suspend_key, key_id=new.id, reason="Leaked?"))
    assert is_brought_up_to_date(partial(revoke_key, key_id=old, reason="Leaked."))
    assert "The old key works no more." in _says(stage, "ticket.mine", ticket.id)


@pytest.mark.parametrize(
    ("grace", "words"),
    [
        (timedelta(), "the old one stops at once"),
        (timedelta(hours=24), "the old one works on for 1 day"),
        (timedelta(minutes=90), "the old one works on for 90 minutes"),
    ],
)
def test_a_rotation_says_what_becomes_of_the_old_key(
    stage: Stage, clock: HeldClock, grace: timedelta, words: str
) -> None:
    """The card of a rotation says how long the old key works on after collection."""
    ticket = _rotation(stage, clock, grace=grace)
    said = _says(stage, "ticket.mine", ticket.id)
    assert f"<@{OLIVIA}> rotated *ci*" in said
    assert words in said
    assert find_label(_surface(_drawn(stage, "ticket.mine", ticket.id)), COLLECT)


def test_a_rotation_of_a_suspended_key_offers_nothing(stage: Stage, clock: HeldClock) -> None:
    """While the old key is suspended nobody can collect what follows it, and its card says until when; restored, it
    offers it again."""
    ticket = _rotation(stage, clock, grace=timedelta(days=3))
    old = str(ticket.predecessor_id)
    stage.do(OLIVIA, partial(suspend_key, key_id=old, reason="Leaked?"))
    assert "can be collected once it is restored" in _says(stage, "ticket.mine", ticket.id)
    assert find_label(_surface(_drawn(stage, "ticket.mine", ticket.id)), COLLECT) is None
    stage.do(OLIVIA, partial(restore_key, key_id=old))
    assert find_label(_surface(_drawn(stage, "ticket.mine", ticket.id)), COLLECT)


def test_a_collected_rotation_says_when_the_old_key_ends(stage: Stage, clock: HeldClock) -> None:
    """After collection the card says until when the old key works."""
    ticket = _rotation(stage, clock)
    key, _ = stage.mint(ticket, MAX)
    stage.do(MAX, partial(mark_revealed, key_id=key.id))
    said = _says(stage, "ticket.mine", ticket.id)
    assert "The old key works until" in said
    assert f"begins with `{key.start}`" in said


def test_what_was_collected_is_said_to_be_what_it_is(stage: Stage, clock: HeldClock) -> None:
    """Drawn again when the keys have ended, the card does not say that they work; nor does the owners'."""
    ticket = _rotation(stage, clock)
    key, _ = stage.mint(ticket, MAX)
    stage.do(MAX, partial(mark_revealed, key_id=key.id))
    asked = stage.ticket()
    other, _ = stage.mint(asked)
    stage.do(MIA, partial(mark_revealed, key_id=other.id))
    assert "it works until" in _says(stage, "ticket.mine", ticket.id)
    assert "it works until" in _says(stage, "request.mine", asked.request_id or "")
    stage.do(OLIVIA, partial(suspend_key, key_id=key.id, reason="Who needs it?"))
    assert "it is suspended" in _says(stage, "ticket.mine", ticket.id)
    stage.do(OLIVIA, partial(revoke_key, key_id=other.id, reason="Leaked."))
    assert f"it was revoked by <@{OLIVIA}>" in _says(stage, "request.mine", asked.request_id or "")
    assert f"; it was revoked by <@{OLIVIA}>" in _says(stage, "request.card", asked.request_id or "")
    clock.advance(days=2)
    assert "The old key works no more." in _says(stage, "ticket.mine", ticket.id)
    clock.advance(days=400)
    assert "it expired" in _says(stage, "ticket.mine", ticket.id)


def test_a_lapsed_rotation_leaves_the_old_key_alone(stage: Stage, clock: HeldClock) -> None:
    """A rotation that nobody collected says that the old key works on."""
    ticket = _rotation(stage, clock)
    clock.advance(days=3)
    stage.do(SWEEP, sweep_tickets)
    assert "The old one works on as it was" in _says(stage, "ticket.mine", ticket.id)


def test_a_rotation_that_was_taken_back_says_why(stage: Stage, clock: HeldClock) -> None:
    """The reason of a withdrawn rotation is shown."""
    ticket = _rotation(stage, clock)
    stage.do(SWEEP, partial(withdraw_tickets_of, user_id=MAX, reason="Max left."))
    assert "The new key was taken back: Max left." in _says(stage, "ticket.mine", ticket.id)


def test_a_note_on_a_void_key_offers_to_collect_while_that_is_possible(stage: Stage) -> None:
    """The note has the button while the ticket waits, and only its words when it was collected meanwhile."""
    ticket = stage.ticket()
    key, _ = stage.mint(ticket)
    stage.do(MIA, partial(return_unseen, key_id=key.id))
    (note,) = stage.shown("ticket.void")
    for kind in ("ticket.void", "ticket.not_opened"):
        assert find_label(_surface(_drawn(stage, kind, note.subject_id)), COLLECT)
    stage.mint(ticket)
    for kind in ("ticket.void", "ticket.not_opened"):
        assert find_label(_surface(_drawn(stage, kind, note.subject_id)), COLLECT) is None


def test_every_kind_has_a_renderer_that_says_something(stage: Stage) -> None:
    """Each kind of message of this area is drawn from what the desk stores."""
    ticket = stage.ticket(MIA, holder_id=MAX)
    key, _ = stage.mint(ticket)
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    (named,) = stage.shown("request.holder_named")
    card = SlackMessage(
        id="m", kind=named.kind, subject_id=named.subject_id, conversation=MAX, facts=named.facts, ts=None
    )
    told = stage.see(SWEEP, lambda tx: dict(AREA.messages)["request.holder_named"](tx, card))
    assert f"which <@{MIA}> asked for and collected" in words_of(_surface(told))
    request = stage.fresh(KeyRequest, str(ticket.request_id))
    assert "as policy lets" in _says(stage, "request.self_approved", f"{request.id}:note")
    assert stage.fresh(ApiKey, key.id).holder_id == MAX


@pytest.mark.parametrize("text", ["", "one", "&" * 1000, "\n" * 1000, "a\u2028" * 400, "<" * 3000, "é" * 5000])
def test_a_quotation_keeps_within_its_sections(text: str) -> None:
    """Whatever is quoted fits into sections of 3,000 characters, and nothing of an ordinary text is lost."""
    blocks = quotation(text)
    assert all(0 < len(block["text"]["text"]) <= 3000 for block in blocks)
    if len(text) <= 1000:
        quoted = "".join(block["text"]["text"] for block in blocks)
        assert quoted.count("&amp;") == text.count("&")
        assert "…" not in quoted


def test_whoever_asked_in_somebody_s_name_is_named(stage: Stage) -> None:
    """Owners and the person themselves read that a key asked, or an operator; of who asks for themselves nothing."""
    with stage.desk.database.write() as session:
        key = Actor.key(add_key(session, stage.desk.clock.now(), scopes=["keys:write"], holder_id=OLIVIA).id)
    asked = stage.asked(scopes=(Scope.READ,))
    by_key = stage.do(key, partial(make_request, asked=asked, requester_id=MIA))
    for kind in ("request.card", "request.mine"):
        assert f"by the API key `{key.id}`" in words_of(_surface(_drawn(stage, kind, by_key.id)))
        assert "name, by" not in words_of(_surface(_drawn(stage, kind, stage.ask().id)))
