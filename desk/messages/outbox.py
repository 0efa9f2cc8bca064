"""Messages to send because something changed: written beside the change, delivered afterwards.

A *card* is a message that shows the present state of its subject. It is sent once to each conversation, and edited
there whenever its subject changes, or anything else that it `shows`. A *note* is said once and stays as it is.
Each is a `slack_message`, and whatever brings it to Slack or up to date is a `delivery`. The row names what is to be
shown; it is drawn when it is delivered, so that nothing arrives out of date.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from desk.identifiers import new_id
from desk.messages.subjects import (
    THE_READER,
    Shown,
    Thing,
    list_showing,
    list_shown,
    set_first_shown,
    set_shown,
)
from desk.people import is_reachable
from desk.permissions import list_owner_ids
from desk.transaction import Transaction
from storage.models import Audience, Channel, Delivery, Page, SlackMessage
from storage.once import insert_once
from storage.signals import Topic, signal

_NOTHING: Mapping[str, Any] = {}
OWED = "owed"
"""In a session: the messages that it owes to whom by now."""
_INSERT = insert(Delivery)
_COPIES = select(SlackMessage).where(
    SlackMessage.kind == bindparam("of_kind"), SlackMessage.subject_id == bindparam("of_subject")
)
_COPIES_IN_ORDER = _COPIES.order_by(SlackMessage.created_at, SlackMessage.id)
_COPY = _COPIES.where(SlackMessage.conversation == bindparam("place"))


class AudiencePlace(str):
    """A conversation in which an audience is told things now. A message that is sent there remembers for whom it was,
    so that it can follow them (`desk.messages.readdressing`)."""

    audience: Audience

    def __new__(cls, conversation: str, audience: Audience) -> "AudiencePlace":
        """The place of an audience."""
        place = super().__new__(cls, conversation)
        place.audience = audience
        return place


def places_of(tx: Transaction, audience: Audience, page: Page | None = None) -> Sequence[AudiencePlace]:
    """Where an audience is told things: its channel, the owners' or, without one, each owner's direct messages.

    Announcements are of a page; where it has no channel, nobody hears of them.
    """
    if audience is Audience.ANNOUNCEMENTS:
        announced = (page.announcement_channel if page else None) or tx.policy.announcement_channel
        return [AudiencePlace(announced, audience)] if page and announced else []
    channel = tx.policy.owners_channel
    if audience is Audience.DIGEST:
        channel = tx.policy.digest_channel or channel
    return [AudiencePlace(place, audience) for place in ([channel] if channel else list_owner_ids(tx))]


def owners_conversations(tx: Transaction) -> Sequence[AudiencePlace]:
    """Where owners are told things: their channel or, without one, each owner's direct messages."""
    return places_of(tx, Audience.OWNERS)


def send_card(
    tx: Transaction,
    kind: str,
    subject_id: str,
    conversations: Iterable[str],
    *,
    shows: Sequence[Shown] = (),
    **facts: Any,
) -> None:
    """Show the card `kind` of a subject in each conversation: posted where it is new, edited where it is not.

    A conversation is a channel id or a user id. `facts` replace those of an earlier sending; they hold what the
    renderer cannot read from the subject, never a secret. `shows` is what else the card shows: see `refresh`.
    """
    for conversation in dict.fromkeys(conversations):
        message = find_card(tx, kind, subject_id, conversation)
        if message is None:
            message = _add_message(tx, kind, subject_id, conversation, facts)
            set_shown(tx, message, [THE_READER, *shows])
        elif shows:
            set_shown(tx, message, [THE_READER, *shows])
        if facts:
            message.facts = facts
        _enqueue(tx, message)


def find_card(tx: Transaction, kind: str, subject_id: str, conversation: str) -> SlackMessage | None:
    """The card `kind` of a subject in a conversation, or None."""
    given = {"of_kind": kind, "of_subject": subject_id, "place": conversation}
    return tx.session.execute(_COPY, given).scalar_one_or_none()


def send_reply(tx: Transaction, kind: str, subject_id: str, head: SlackMessage, **facts: Any) -> None:
    """Show the card `kind` of a subject in the thread below another message, which is posted first."""
    message = find_card(tx, kind, subject_id, head.conversation)
    if message is None:
        place = AudiencePlace(head.conversation, Audience(head.audience)) if head.audience else head.conversation
        message = _add_message(tx, kind, subject_id, place, facts, thread_of=head.id)
    elif facts:
        message.facts = facts
    _enqueue(tx, message)


def list_cards(tx: Transaction, kind: str, subject_id: str) -> Sequence[SlackMessage]:
    """Every copy of a card, in whichever conversation it is or will be."""
    return tx.session.scalars(_COPIES_IN_ORDER, {"of_kind": kind, "of_subject": subject_id}).all()


def refresh_message(tx: Transaction, message: SlackMessage) -> None:
    """Bring one copy up to date."""
    _enqueue(tx, message)


def refresh_card(tx: Transaction, kind: str, subject_id: str) -> None:
    """Bring every copy of a card up to date."""
    _enqueue(tx, *list_cards(tx, kind, subject_id))


def set_aside(tx: Transaction, kind: str, subject_id: str) -> None:
    """Let the copies of a card stay what they are, so that the next sending is posted anew and rings again.

    They are drawn once more, and `is_set_aside` tells them apart: whatever asks for an answer asks in the new copy.
    """
    for message in list_cards(tx, kind, subject_id):
        message.subject_id = f"{subject_id}:{message.id}"
        set_shown(tx, message, [THE_READER])
        tx.session.flush()
        _enqueue(tx, message)


def is_set_aside(message: SlackMessage) -> bool:
    """Whether a later copy of a card has taken its place."""
    return ":" in message.subject_id


def is_set_aside_copy(message: SlackMessage) -> bool:
    """Whether a message is a card's copy that was set aside, and no note."""
    return message.subject_id.endswith(f":{message.id}")


def send_copy(tx: Transaction, message: SlackMessage, conversation: str) -> None:
    """Say in another conversation as well what a message says."""
    copy = _add_message(tx, message.kind, message.subject_id, conversation, message.facts)
    copy.created_at = message.created_at
    set_shown(tx, copy, list_shown(tx, message))
    _enqueue(tx, copy)


def refresh(tx: Transaction, thing: Thing, subject_id: str) -> Sequence[SlackMessage]:
    """Bring every card up to date that shows something. Gives them, the oldest first."""
    messages = list_showing(tx, thing, subject_id)
    _enqueue(tx, *messages)
    return messages


def send_note(
    tx: Transaction,
    kind: str,
    subject_id: str,
    conversations: Iterable[str],
    *,
    below: Sequence[SlackMessage] = (),
    shows: Sequence[Shown] = (),
    **facts: Any,
) -> None:
    """Say something once in each conversation. The note may be rendered from the subject and from `facts`.

    In the conversation of one of the cards `below` which it is said, it stands in the thread of that card.
    """
    heads = {card.conversation: card.id for card in below if card.thread_of is None}
    for conversation in dict.fromkeys(conversations):
        head = heads.get(conversation)
        message = _add_message(tx, kind, f"{subject_id}:{new_id()}", conversation, facts, thread_of=head)
        if shows:
            set_first_shown(tx, message, shows)
        _enqueue(tx, message)


def tell_decision(
    tx: Transaction,
    kind: str,
    subject_id: str,
    people: Iterable[str],
    *,
    below: Sequence[SlackMessage],
    shows: Sequence[Shown] = (),
    **facts: Any,
) -> None:
    """Tell those who waited for a decision, and did not make it themselves, by a message of its own.

    Slack notifies nobody of a card that is edited. Whoever left Slack is told nothing.
    """
    waited = [user_id for user_id in people if user_id != tx.actor.user_id and is_reachable(tx, user_id)]
    send_note(tx, kind, subject_id, waited, below=below, shows=shows, by=str(tx.actor), **facts)


def _add_message(
    tx: Transaction,
    kind: str,
    subject_id: str,
    conversation: str,
    facts: dict[str, Any],
    *,
    thread_of: str | None = None,
) -> SlackMessage:
    message = insert_once(
        tx.session,
        SlackMessage,
        id=new_id(),
        kind=kind,
        subject_id=subject_id,
        conversation=str(conversation),
        audience=conversation.audience if isinstance(conversation, AudiencePlace) else None,
        facts=facts,
        thread_of=thread_of,
        created_at=tx.now,
    )
    if message is None:
        # Somebody else was sending it at this moment.
        message = find_card(tx, kind, subject_id, conversation)
        assert message is not None
        message.facts = facts or message.facts
    return message


def _enqueue(tx: Transaction, *messages: SlackMessage) -> None:
    # What is owed is drawn once this transaction is kept: to owe it twice would show the same twice.
    owed: set[tuple[str, str]] = tx.session.info.setdefault(OWED, set())
    new = [message for message in messages if (message.id, message.conversation) not in owed]
    if not new:
        return
    _owe(tx, [_row(tx, Channel.SLACK, lane=message.conversation, subject=message.id) for message in new])
    # A savepoint that is rolled back takes the rows with it.
    if not tx.session.in_nested_transaction():
        owed.update((message.id, message.conversation) for message in new)


def enqueue(
    tx: Transaction,
    channel: Channel,
    *,
    lane: str,
    subject: str,
    payload: Mapping[str, Any] = _NOTHING,
    due_at: datetime | None = None,
) -> None:
    """Owe a delivery to a place of a channel, at once or at `due_at`. `subject` is the row beside it that says what
    is delivered."""
    _owe(tx, [_row(tx, channel, lane=lane, subject=subject, payload=payload, due_at=due_at)])


def _row(
    tx: Transaction,
    channel: Channel,
    *,
    lane: str,
    subject: str,
    payload: Mapping[str, Any] = _NOTHING,
    due_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "channel": channel,
        "lane": lane,
        "subject": subject,
        "payload": dict(payload),
        "due_at": due_at or tx.now,
        "created_at": tx.now,
    }


def _owe(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    tx.session.execute(_INSERT, rows)
    signal(tx.session, Topic.OUTBOX)
