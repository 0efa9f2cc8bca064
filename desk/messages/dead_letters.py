"""What becomes of deliveries: done, tried again later, or given up and put before an owner as a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from desk.audit.trail import Action, record
from desk.errors import ConflictError, NotFoundError
from desk.messages.outbox import owners_conversations, refresh_card, send_card
from desk.permissions import Duty, list_owner_ids, require_duty, require_owner
from desk.transaction import Transaction
from storage import outbox
from storage.models import DeliveryStatus, OutboxRow, SlackMessage
from storage.outbox import Claim, Place
from storage.signals import Topic, signal

DEAD_LETTER = "delivery.dead"
"""The kind of the card that shows owners a message which could not be delivered; its subject is that message."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up."""

    message_id: str
    kind: str
    conversation: str
    what: str
    """What it would have said, in a line; empty when it could not be drawn."""
    error: str
    """Slack's error code, or what else went wrong."""
    since: datetime
    """When it should have gone out."""


def note_sent(tx: Transaction, claim: Claim, *, place: Place | None, shown: Sequence[int]) -> bool:
    """The message is at `place`, or there was nothing to say; rows `shown` are covered by this delivery as well.

    False when the claim was lost to another worker.
    """
    require_duty(tx, Duty.DELIVERY)
    if not outbox.mark_sent(tx.session, claim, now=tx.now, place=place, shown=shown):
        return False
    for letter in _letter_cards(tx, claim.message_id):
        if letter.facts.get("settled") != "delivered":
            letter.facts = {**letter.facts, "settled": "delivered", "at": tx.now.isoformat()}
            refresh_card(tx, DEAD_LETTER, claim.message_id)
    return True


def note_put_back(
    tx: Transaction, claim: Claim, *, due_at: datetime, error: str, counted: bool, uncertain: bool
) -> bool:
    """Try the row again at `due_at`. False when the claim was lost to another worker."""
    require_duty(tx, Duty.DELIVERY)
    return outbox.put_back(tx.session, claim, due_at=due_at, error=error, counted=counted, uncertain=uncertain)


def bury(tx: Transaction, claim: Claim, *, error: str, what: str, uncertain: bool) -> bool:
    """Give a row up and tell owners. False when the claim was lost to another worker.

    A dead letter is never told of in the conversation that is dead, and the death of a letter in an owner's direct
    messages is not told of at all, so that telling always comes to an end.
    """
    require_duty(tx, Duty.DELIVERY)
    if not outbox.mark_dead(tx.session, claim, error=error, uncertain=uncertain):
        return False
    message = tx.session.get_one(SlackMessage, claim.message_id)
    if message.kind == DEAD_LETTER:
        if message.conversation == tx.policy.owners_channel:
            send_card(tx, DEAD_LETTER, message.subject_id, list_owner_ids(tx), **message.facts)
    else:
        send_card(
            tx, DEAD_LETTER, message.id, _owners_but(tx, message.conversation), what=what, error=error, settled=None
        )
    record(
        tx,
        Action.DELIVERY_DIED,
        "delivery",
        message.id,
        kind=message.kind,
        conversation=message.conversation,
        error=error,
        attempts=claim.attempts,
    )
    return True


def _owners_but(tx: Transaction, conversation: str) -> Sequence[str]:
    others = [place for place in owners_conversations(tx) if place != conversation]
    return others or [owner for owner in list_owner_ids(tx) if owner != conversation]


def list_dead(tx: Transaction, *, limit: int = 50) -> Sequence[DeadLetter]:
    """Messages that were given up and wait for an owner's word, the oldest first. For owners."""
    require_owner(tx)
    return _read_letters(tx, SlackMessage.kind != DEAD_LETTER, limit=limit)


def find_dead(tx: Transaction, message_id: str) -> DeadLetter | None:
    """A message's dead letter; None when it is not dead (any more). For renderers: asks for no role."""
    return next(iter(_read_letters(tx, SlackMessage.id == message_id, limit=1)), None)


def _read_letters(tx: Transaction, condition: ColumnElement[bool], *, limit: int) -> Sequence[DeadLetter]:
    newest = (
        select(func.max(OutboxRow.id)).where(OutboxRow.status == DeliveryStatus.DEAD).group_by(OutboxRow.message_id)
    )
    rows = tx.session.execute(
        select(OutboxRow, SlackMessage)
        .join(SlackMessage, SlackMessage.id == OutboxRow.message_id)
        .where(OutboxRow.id.in_(newest), condition)
        .order_by(OutboxRow.id)
        .limit(limit)
    ).all()
    letters = []
    for row, message in rows:
        card = next(iter(_letter_cards(tx, message.id)), None)
        what = str(card.facts.get("what") or "") if card else ""
        letters.append(
            DeadLetter(message.id, message.kind, message.conversation, what, row.last_error or "", row.created_at)
        )
    return letters


def retry_delivery(tx: Transaction, message_id: str) -> None:
    """Try a dead letter again, from the first attempt. For owners.

    Raises NotFoundError, or ConflictError when the letter is settled already.
    """
    require_owner(tx)
    revive_delivery(tx, message_id)


def revive_delivery(tx: Transaction, message_id: str) -> None:
    """As `retry_delivery`, for whoever may: the caller has asked for the role."""
    if not outbox.revive(tx.session, message_id, now=tx.now):
        _refuse_settled(tx, message_id)
    signal(tx.session, Topic.OUTBOX)
    _settle(tx, message_id, "retried")
    record(tx, Action.DELIVERY_RETRIED, "delivery", message_id)


def drop_delivery(tx: Transaction, message_id: str) -> None:
    """Never send a dead letter. For owners. Raises NotFoundError, or ConflictError when it is settled already."""
    require_owner(tx)
    if not outbox.drop(tx.session, message_id):
        _refuse_settled(tx, message_id)
    _settle(tx, message_id, "dropped")
    record(tx, Action.DELIVERY_DROPPED, "delivery", message_id)


def _refuse_settled(tx: Transaction, message_id: str) -> None:
    if tx.session.get(SlackMessage, message_id) is None:
        raise NotFoundError("That message is not known any more.", "Nothing needs to be done.")
    raise ConflictError("That message was settled already.", "The card shows by whom; nothing needs to be done.")


def _settle(tx: Transaction, message_id: str, settled: str) -> None:
    for letter in _letter_cards(tx, message_id):
        letter.facts = {**letter.facts, "settled": settled, "by": str(tx.actor), "at": tx.now.isoformat()}
    refresh_card(tx, DEAD_LETTER, message_id)


def _letter_cards(tx: Transaction, message_id: str) -> Sequence[SlackMessage]:
    return tx.session.scalars(
        select(SlackMessage).where(SlackMessage.kind == DEAD_LETTER, SlackMessage.subject_id == message_id)
    ).all()
