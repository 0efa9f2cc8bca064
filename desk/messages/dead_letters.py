"""What becomes of deliveries: done, tried again later, or given up and put before an owner as a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select

from desk.audit.trail import Action, record
from desk.errors import ConflictError, NotFoundError
from desk.key_powers import require_owner_or
from desk.messages.outbox import owners_conversations, refresh, refresh_card, send_card, set_aside
from desk.messages.readdressing import find_new_places, is_needless, list_unheard, readdress
from desk.messages.subjects import Thing
from desk.permissions import Duty, is_person, list_owner_ids, require_duty, require_insider
from desk.transaction import ActorKind, Transaction
from storage import outbox
from storage.models import Channel, Delivery, Scope, SlackMessage
from storage.outbox import Claim
from storage.signals import Topic, signal

DEAD_LETTER = "delivery.dead"
"""The kind of the card that shows owners what could not be delivered; its subject is that delivery's. Facts:
`channel`, `lane`, `what`, `error`, and how it was `settled`."""
_SAID_ALREADY = "said already"
_BATCH = 50


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up."""

    subject: str
    channel: Channel
    lane: str
    """Where it was to go."""
    kind: str
    """The kind of message that it was, on Slack; empty on other channels."""
    what: str
    """What it would have said, in a line; empty when it could not be drawn."""
    error: str
    """The other side's error code, or what else went wrong."""
    since: datetime
    """When it should have gone out."""


class Keep(Protocol):
    """Keeps what a channel must remember of a delivery that was made. Not `won`: another worker took it over."""

    def __call__(self, tx: Transaction, *, won: bool) -> None: ...


def note_sent(tx: Transaction, claim: Claim, *, covers: Sequence[int], keep: Keep | None) -> bool:
    """It arrived, or (without `keep`) there was nothing to say; deliveries `covers` need not be made either.

    False when the claim was lost to another worker.
    """
    require_duty(tx, Duty.DELIVERY)
    won = outbox.mark_sent(tx.session, claim, now=tx.now, called=keep is not None, covers=covers)
    if keep is not None:
        keep(tx, won=won)
    if not won:
        return False
    for letter in _letter_cards(tx, claim.subject):
        if letter.facts.get("settled") != "delivered":
            letter.facts = {**letter.facts, "settled": "delivered", "at": tx.now.isoformat()}
            refresh_card(tx, DEAD_LETTER, claim.subject)
            refresh(tx, Thing.DELIVERY, claim.subject)
    return True


def note_put_back(
    tx: Transaction, claim: Claim, *, due_at: datetime, error: str, counted: bool, uncertain: bool
) -> bool:
    """Try it again at `due_at`. False when the claim was lost to another worker."""
    require_duty(tx, Duty.DELIVERY)
    return outbox.put_back(tx.session, claim, due_at=due_at, error=error, counted=counted, uncertain=uncertain)


def bury(tx: Transaction, claim: Claim, *, error: str, what: str, uncertain: bool) -> bool:
    """Give a delivery up and tell owners. False when the claim was lost to another worker.

    A dead letter is never told of in the conversation that is dead, and the death of a letter in an owner's direct
    messages is not told of at all, so that telling always comes to an end. What was for readers who are elsewhere by
    now follows them instead.
    """
    require_duty(tx, Duty.DELIVERY)
    if not outbox.mark_dead(tx.session, claim, error=error, uncertain=uncertain):
        return False
    message = tx.session.get_one(SlackMessage, claim.subject) if claim.channel is Channel.SLACK else None
    if message is not None and _follow(tx, message):
        return True
    if message is not None and message.kind == DEAD_LETTER:
        if message.conversation == tx.policy.owners_channel:
            send_card(tx, DEAD_LETTER, message.subject_id, list_owner_ids(tx), **message.facts)
    else:
        if any(letter.facts.get("settled") for letter in _letter_cards(tx, claim.subject)):
            # It failed again after somebody's *Retry*: an edit of the old letter would ring for nobody.
            set_aside(tx, DEAD_LETTER, claim.subject)
        send_card(
            tx,
            DEAD_LETTER,
            claim.subject,
            _owners_but(tx, claim.lane),
            channel=str(claim.channel),
            lane=claim.lane,
            what=what,
            error=error,
            settled=None,
        )
    if message is not None:
        died = {"kind": message.kind, "conversation": claim.lane}
    else:
        died = {"channel": str(claim.channel), "lane": claim.lane}
    refresh(tx, Thing.DELIVERY, claim.subject)
    record(tx, Action.DELIVERY_DIED, "delivery", claim.subject, **died, error=error, attempts=claim.attempts)
    return True


def _owners_but(tx: Transaction, conversation: str) -> Sequence[str]:
    others = [place for place in owners_conversations(tx) if place != conversation]
    return others or [owner for owner in list_owner_ids(tx) if owner != conversation]


def list_dead(tx: Transaction, *, limit: int = 50) -> Sequence[DeadLetter]:
    """Deliveries that were given up and wait for an owner's word, the oldest first. For owners, and keys that deal
    with them."""
    require_owner_or(tx, Scope.DELIVERIES_WRITE)
    return _read_letters(tx, or_(SlackMessage.kind.is_(None), SlackMessage.kind != DEAD_LETTER), limit=limit)


def find_dead(tx: Transaction, subject: str) -> DeadLetter | None:
    """A subject's dead letter; None when it is not dead (any more). For renderers: asks for no role."""
    require_insider(tx)
    return next(iter(_read_letters(tx, Delivery.subject == subject, limit=1)), None)


def _read_letters(tx: Transaction, condition: ColumnElement[bool], *, limit: int) -> Sequence[DeadLetter]:
    dead = Delivery.status == literal_column("'dead'")
    newest = select(func.max(Delivery.id)).where(dead).group_by(Delivery.subject)
    message = and_(Delivery.channel == Channel.SLACK, SlackMessage.id == Delivery.subject)
    rows = tx.session.execute(
        select(Delivery, SlackMessage.kind)
        .outerjoin(SlackMessage, message)
        .where(Delivery.id.in_(newest), condition)
        .order_by(Delivery.id)
        .limit(limit)
    ).all()
    letters = []
    for row, kind in rows:
        card = next(iter(_letter_cards(tx, row.subject)), None)
        letters.append(
            DeadLetter(
                subject=row.subject,
                channel=Channel(row.channel),
                lane=row.lane,
                kind=kind or "",
                what=str(card.facts.get("what") or "") if card else "",
                error=row.last_error or "",
                since=row.created_at,
            )
        )
    return letters


def retry_delivery(tx: Transaction, subject: str) -> None:
    """Try a dead letter again, from the first attempt. For owners, and keys that deal with them.

    Raises NotFoundError, or ConflictError when the letter is settled already.
    """
    require_owner_or(tx, Scope.DELIVERIES_WRITE)
    revive_delivery(tx, subject)


def revive_delivery(tx: Transaction, subject: str) -> None:
    """As `retry_delivery`, for whoever may: the caller has asked for the role."""
    message = tx.session.get(SlackMessage, subject)
    moved: Sequence[str] | None = None
    if message is not None and (places := find_new_places(tx, message)):
        moved = readdress(tx, message, places)
    if moved is None and not outbox.revive(tx.session, subject, now=tx.now):
        _refuse_settled(tx, subject)
    signal(tx.session, Topic.OUTBOX)
    _settle(tx, subject, _SAID_ALREADY if moved == [] else "retried")
    record(tx, Action.DELIVERY_RETRIED, "delivery", subject, **({} if moved is None else {"to": moved}))


def sweep_unheard(tx: Transaction) -> int:
    """Send what nobody ever saw, at places that are not their readers' any more, to where those are now; how many."""
    require_duty(tx, Duty.TIME)
    # A letter about something that is sent on need not be.
    return sum(_follow(tx, message) for message in list_unheard(tx, last=DEAD_LETTER, limit=_BATCH))


def _follow(tx: Transaction, message: SlackMessage) -> bool:
    """Send a message that was given up after its readers, where they moved. False when they did not."""
    places = find_new_places(tx, message)
    if not places or message.ts is not None:
        return False
    before = message.conversation
    about_nothing = message.kind == DEAD_LETTER and find_dead(tx, message.subject_id) is None
    moved = readdress(tx, message, [] if about_nothing or is_needless(tx, message) else places)
    if moved is None:
        return False
    _settle(tx, message.id, "readdressed" if moved else _SAID_ALREADY, to=moved)
    facts = {"kind": message.kind, "conversation": before, "to": moved}
    record(tx, Action.DELIVERY_READDRESSED, "delivery", message.id, **facts)
    return True


def drop_delivery(tx: Transaction, subject: str) -> None:
    """Never send a dead letter. For owners, and keys that deal with them. Raises NotFoundError, or ConflictError when
    it is settled already."""
    require_owner_or(tx, Scope.DELIVERIES_WRITE)
    if not drop_dead(tx, subject):
        _refuse_settled(tx, subject)


def drop_dead(tx: Transaction, subject: str) -> bool:
    """The same, for whoever may: the caller has asked for the role. False where nothing of it is dead."""
    if not outbox.drop(tx.session, subject):
        return False
    _settle(tx, subject, "dropped")
    record(tx, Action.DELIVERY_DROPPED, "delivery", subject)
    return True


def _refuse_settled(tx: Transaction, subject: str) -> None:
    if tx.session.get(SlackMessage, subject) is None and not outbox.is_known(tx.session, subject):
        raise NotFoundError("That message is not known any more.", "Nothing needs to be done.")
    raise ConflictError("That message was settled already.", "The card shows by whom; nothing needs to be done.")


def _settle(tx: Transaction, subject: str, settled: str, **facts: Any) -> None:
    by = {"by": str(tx.actor)} if is_person(tx) or tx.actor.kind is ActorKind.KEY else {}
    for letter in _letter_cards(tx, subject):
        kept = {name: value for name, value in letter.facts.items() if name != "by"}
        letter.facts = {**kept, "settled": settled, **by, "at": tx.now.isoformat(), **facts}
    refresh_card(tx, DEAD_LETTER, subject)
    refresh(tx, Thing.DELIVERY, subject)


def _letter_cards(tx: Transaction, subject: str) -> Sequence[SlackMessage]:
    return tx.session.scalars(
        select(SlackMessage).where(SlackMessage.kind == DEAD_LETTER, SlackMessage.subject_id == subject)
    ).all()
