"""Messages that were given up at a place where their readers are told nothing any more: they follow their readers.

Somebody named the wrong channel and corrected it, or made others owners. What nobody ever saw is worth nothing at the
old place. At the new one it is said once, whoever looks first and however many look at once.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from desk.messages.outbox import AudiencePlace, find_card, is_set_aside_copy, places_of, send_copy
from desk.transaction import Transaction
from storage import outbox
from storage.models import Audience, Delivery, DeliveryStatus, Incident, Page, SlackMessage
from storage.signals import Topic, signal


def find_new_places(tx: Transaction, message: SlackMessage) -> Sequence[AudiencePlace]:
    """Where the readers of a message are now; empty when they are where it went, or nowhere, or it is for a place."""
    if message.audience is None:
        return []
    audience, page = Audience(message.audience), None
    if audience is Audience.ANNOUNCEMENTS:
        head = _head_of(tx, message) or message
        page = tx.session.get(Page, head.facts.get("page_id", ""))
    places = places_of(tx, audience, page)
    return [] if message.conversation in places else places


def _head_of(tx: Transaction, message: SlackMessage) -> SlackMessage | None:
    return tx.session.get(SlackMessage, message.thread_of) if message.thread_of else None


def list_unheard(tx: Transaction, *, last: str, limit: int) -> Sequence[SlackMessage]:
    """Messages that were given up, never seen, at places that are not their readers' any more: the oldest first, and
    those of the kind `last` behind all others."""
    now = {audience: [str(place) for place in places_of(tx, audience)] for audience in Audience}
    elsewhere = [
        and_(SlackMessage.audience == audience, SlackMessage.conversation.not_in(places))
        for audience, places in now.items()
        if places
    ]
    elsewhere.append(_is_announced_elsewhere(tx))
    mine = Delivery.subject == SlackMessage.id
    on_its_way = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
    return tx.session.scalars(
        select(SlackMessage)
        .where(
            or_(*elsewhere),
            SlackMessage.ts.is_(None),
            exists().where(mine, Delivery.status == DeliveryStatus.DEAD),
            ~exists().where(mine, Delivery.status.in_(on_its_way)),
        )
        # A head moves before what was said in its thread.
        .order_by(
            SlackMessage.kind == last, SlackMessage.created_at, SlackMessage.thread_of.is_not(None), SlackMessage.id
        )
        .limit(limit)
    ).all()


def _is_announced_elsewhere(tx: Transaction) -> ColumnElement[bool]:
    """Whether a message announces something open, or is in the thread of that, in a channel that is its page's no
    more. What is over is no news by now: of that, *Retry* says it."""
    head = aliased(SlackMessage)
    channel = func.coalesce(Page.announcement_channel, tx.policy.announcement_channel)
    return exists().where(
        SlackMessage.audience == Audience.ANNOUNCEMENTS,
        or_(head.id == SlackMessage.id, head.id == SlackMessage.thread_of),
        Incident.id == head.subject_id,
        Incident.resolved_at.is_(None),
        Page.id == Incident.page_id,
        channel != SlackMessage.conversation,
    )


def is_needless(tx: Transaction, message: SlackMessage) -> bool:
    """Whether a message that nobody saw need not be said any more: its readers saw another copy, or a later one asks
    for an answer in its place."""
    seen = (SlackMessage.audience == message.audience, SlackMessage.ts.is_not(None))
    return is_set_aside_copy(message) or _has_copy(tx, message, *seen)


def readdress(tx: Transaction, message: SlackMessage, places: Sequence[AudiencePlace]) -> Sequence[str] | None:
    """Owe a message that was given up to its readers' new `places`, each where it is not said already; gives those.

    None: it was not given up, or somebody else was faster.
    """
    free = [place for place in places if not _has_copy(tx, message, SlackMessage.conversation == str(place))]
    if not free:
        return [] if outbox.drop(tx.session, message.id) else None
    if not outbox.revive(tx.session, message.id, now=tx.now, lane=free[0]):
        return None
    signal(tx.session, Topic.OUTBOX)
    message.conversation = str(free[0])
    message.channel_id = message.ts = None
    head = _head_of(tx, message)
    if head is not None and head.conversation != message.conversation:
        # Where the readers are, the same card may be the head.
        there = find_card(tx, head.kind, head.subject_id, message.conversation)
        message.thread_of = there.id if there else None
    tx.session.flush()
    for place in free[1:]:
        send_copy(tx, message, place)
    return [str(place) for place in free]


def _has_copy(tx: Transaction, message: SlackMessage, *conditions: ColumnElement[bool]) -> bool:
    """Whether another message says the same: the same card elsewhere, or what was said by the same note."""
    note, colon, _ = message.subject_id.rpartition(":")
    same = SlackMessage.subject_id == message.subject_id
    if colon:
        begins = SlackMessage.subject_id.startswith(f"{note}:", autoescape=True)
        same = or_(same, and_(begins, SlackMessage.created_at == message.created_at))
    copies = select(SlackMessage.id).where(
        SlackMessage.kind == message.kind, SlackMessage.id != message.id, same, *conditions
    )
    return tx.session.scalar(copies.limit(1)) is not None
