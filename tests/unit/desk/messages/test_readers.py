"""Copies of cards that are closed, and those that are looked at again when their reader may see less."""

from functools import partial

from sqlalchemy import func, select

from desk.messages.outbox import send_card, send_note
from desk.messages.readers import close_copy, is_closed, look_again
from desk.transaction import Actor, Desk, JobName
from storage.models import Delivery, SlackMessage
from storage.slack_messages import Place, keep_place
from tests.databases import both_databases
from tests.factories import OLIVIA, OMAR
from tests.unit.desk.stage import SWEEP, Stage, set_stage

WORKER = Actor.job(JobName.DELIVERY)


def _posted(stage: Stage, kind: str) -> list[SlackMessage]:
    """The messages of a kind, each of which has arrived."""
    with stage.desk.database.write() as session:
        for message in session.scalars(
            select(SlackMessage).where(SlackMessage.kind == kind, SlackMessage.ts.is_(None))
        ):
            keep_place(session, message.id, Place(message.conversation, "1.0"), won=True)
    return stage.shown(kind)


def _edits(stage: Stage) -> dict[str, int]:
    """How often each message is to be drawn."""
    with stage.desk.database.read() as session:
        return dict(session.execute(select(Delivery.subject, func.count()).group_by(Delivery.subject)).all())


@both_databases
def test_a_closed_copy_is_never_filled_again(desk: Desk) -> None:
    """Sent once more to the same reader, a card is a new message; the closed copy shows nothing, and stays so."""
    stage = set_stage(desk)
    send = partial(send_card, kind="request.card", subject_id="r", conversations=[OMAR], number=1)
    stage.do(SWEEP, send)
    [copy] = _posted(stage, "request.card")
    stage.do(WORKER, partial(close_copy, message_id=copy.id))
    stage.do(SWEEP, send)
    old, new = sorted(stage.shown("request.card"), key=lambda message: message.id != copy.id)
    assert (old.id, is_closed(old), is_closed(new)) == (copy.id, True, False)
    assert old.facts.keys().isdisjoint(new.facts)
    assert _edits(stage) == {old.id: 1, new.id: 1}


def test_only_what_is_for_its_reader_is_looked_at_again(desk: Desk) -> None:
    """Cards in the direct messages of whoever may see less; not notes, nor what others have."""
    stage = set_stage(desk)
    stage.do(SWEEP, partial(send_card, kind="request.card", subject_id="r", conversations=[OMAR, OLIVIA]))
    stage.do(SWEEP, partial(send_note, kind="key.changed", subject_id="k", conversations=[OMAR]))
    cards = {message.conversation: message.id for message in _posted(stage, "request.card")}
    [note] = _posted(stage, "key.changed")
    stage.do(SWEEP, lambda tx: look_again(tx, [OMAR]))
    assert _edits(stage) == {cards[OMAR]: 2, cards[OLIVIA]: 1, note.id: 1}
