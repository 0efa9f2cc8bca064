"""Whether those to whom something is owed will hear of it, as far as is known when it is owed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, literal_column, select

from desk.messages.channels import CHANNEL_TROUBLE
from desk.messages.dead_letters import DEAD_LETTER
from desk.messages.outbox import is_set_aside, owners_conversations
from desk.permissions import require_insider
from desk.transaction import Transaction
from storage.models import Channel, Delivery, DeliveryLane, SlackMessage

_Trouble = tuple[str, datetime, str]
"""A conversation, when it went wrong there, and Slack's word."""


def list_places_of_owners(tx: Transaction) -> Sequence[str]:
    """Where owners are asked things now."""
    require_insider(tx)
    return owners_conversations(tx)


def find_troubles(tx: Transaction, places: Sequence[str]) -> Mapping[str, str]:
    """Slack's word for what went wrong last, of each of these conversations in which nothing arrived since."""
    require_insider(tx)
    lanes = select(DeliveryLane).where(DeliveryLane.channel == Channel.SLACK, DeliveryLane.lane.in_(places))
    arrived = {lane.lane: lane.sent_at for lane in tx.session.scalars(lanes)}
    known = sorted([*_of_channels(tx, places), *_of_letters(tx, places)], key=lambda trouble: trouble[1])
    troubles = {
        place: error for place, at, error in known if (sent_at := arrived.get(place)) is None or sent_at <= at
    }
    return troubles | _waiting(tx, list(arrived))


def _of_channels(tx: Transaction, places: Sequence[str]) -> Iterator[_Trouble]:
    cards = select(SlackMessage).where(SlackMessage.kind == CHANNEL_TROUBLE, SlackMessage.subject_id.in_(places))
    for card in tx.session.scalars(cards):
        if not is_set_aside(card) and card.facts["error"]:
            yield card.subject_id, card.created_at, card.facts["error"]


def _of_letters(tx: Transaction, places: Sequence[str]) -> Iterator[_Trouble]:
    """A letter is written when its delivery dies."""
    of_letter = and_(SlackMessage.kind == DEAD_LETTER, SlackMessage.subject_id == Delivery.subject)
    dead = (Delivery.status == literal_column("'dead'"), Delivery.channel == Channel.SLACK, Delivery.lane.in_(places))
    letters = select(Delivery.lane, SlackMessage.created_at, Delivery.last_error).join(SlackMessage, of_letter)
    for place, at, error in tx.session.execute(letters.where(*dead)):
        yield place, at, error or ""


def _waiting(tx: Transaction, lanes: Sequence[str]) -> dict[str, str]:
    """What was said of the next in line, where it was tried."""
    heads = (
        select(Delivery.lane, Delivery.last_error)
        .join(DeliveryLane, DeliveryLane.head_id == Delivery.id)
        .where(DeliveryLane.channel == Channel.SLACK, DeliveryLane.lane.in_(lanes), Delivery.last_error.is_not(None))
    )
    return {place: error or "" for place, error in tx.session.execute(heads)}
