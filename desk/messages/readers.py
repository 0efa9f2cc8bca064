"""Whose eyes a message is for: a copy whose reader may not see it any more is closed once, and never filled again."""

from collections.abc import Callable, Iterable

from sqlalchemy import exists, or_, select

from desk.messages.outbox import refresh_message
from desk.messages.subjects import Thing, set_shown
from desk.permissions import Duty, effective_roles, is_full_member, require_duty, require_insider
from desk.transaction import Transaction
from storage.models import Delivery, DeliveryStatus, Member, MessageSubject, SlackMessage

Reader = Callable[[Transaction, SlackMessage], bool]
"""Whether the person in whose direct messages a message is may see what it says at this instant."""
_CLOSED = "closed"


def is_for_owner(tx: Transaction, message: SlackMessage) -> bool:
    """The rule of what is for owners."""
    require_insider(tx)
    return effective_roles(tx.session, message.conversation, now=tx.now, policy=tx.policy).is_owner


def is_for_member(tx: Transaction, message: SlackMessage) -> bool:
    """The rule of what is for one person, as long as they are a full member."""
    require_insider(tx)
    return is_full_member(tx.session.get(Member, message.conversation))


def may_read(tx: Transaction, message: SlackMessage, reader: Reader | None) -> bool:
    """Whether whoever reads a message may see it; who may read in a channel is for Slack to say.

    Without a rule of its kind, what was sent to owners is for owners.
    """
    require_insider(tx)
    if not message.conversation.startswith(("U", "W")):
        return True
    if reader is None and message.audience is None:
        return True
    return (reader or is_for_owner)(tx, message)


def is_closed(message: SlackMessage) -> bool:
    """Whether a copy was closed: it says nothing any more, whatever becomes of its subject or its reader."""
    return bool(message.facts.get(_CLOSED))


def close_copy(tx: Transaction, message_id: str) -> None:
    """Nothing finds this copy any more to fill it: its reader is shown a new one where they may see it again."""
    require_duty(tx, Duty.DELIVERY)
    message = tx.session.get_one(SlackMessage, message_id)
    message.facts = {_CLOSED: True}
    message.audience = None
    message.subject_id = f"{message.subject_id}:{message.id}"
    set_shown(tx, message, ())
    tx.session.flush()


def look_again(tx: Transaction, user_ids: Iterable[str]) -> None:
    """These people may see less by now: draw again what is in their direct messages.

    Where owners may be others by that, the caller refreshes `THE_OWNERS` besides.
    """
    # What is on its way in this instant is closed once it has arrived; what waits still is looked at when it leaves.
    on_its_way = exists().where(Delivery.subject == SlackMessage.id, Delivery.status == DeliveryStatus.SENDING)
    is_card = exists().where(MessageSubject.message_id == SlackMessage.id, MessageSubject.kind == Thing.READER)
    theirs = select(SlackMessage).where(
        SlackMessage.conversation.in_(list(user_ids)),
        or_(SlackMessage.audience.is_not(None), is_card),
        or_(SlackMessage.ts.is_not(None), on_its_way),
    )
    for message in tx.session.scalars(theirs.order_by(SlackMessage.created_at, SlackMessage.id)).all():
        refresh_message(tx, message)


def roles_changed(tx: Transaction, user_ids: Iterable[str]) -> None:
    """These people may do more by now, or less: draw again every card that says what they may do."""
    shows_them = exists().where(
        MessageSubject.message_id == SlackMessage.id,
        MessageSubject.kind == Thing.ROLES,
        MessageSubject.subject_id.in_(list(user_ids)),
    )
    cards = select(SlackMessage).where(shows_them).order_by(SlackMessage.created_at, SlackMessage.id)
    for message in tx.session.scalars(cards).all():
        refresh_message(tx, message)
