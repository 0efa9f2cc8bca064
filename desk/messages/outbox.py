"""Messages to send because something changed: written beside the change, delivered afterwards.

A *card* shows the present state of a subject and is brought up to date wherever it was sent. A *note* is said once.
The row names what is to be shown; it is rendered when it is delivered, so a card can never arrive out of date.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select

from desk.identifiers import new_id
from desk.messages.subjects import Shown, Thing, list_showing, set_shown
from desk.permissions import list_owner_ids
from desk.transaction import Transaction
from storage.models import OutboxRow, SlackMessage
from storage.signals import Topic, signal


def owners_conversations(tx: Transaction) -> Sequence[str]:
    """Where owners are told things: their channel or, without one, each owner's direct messages."""
    if tx.policy.owners_channel:
        return [tx.policy.owners_channel]
    return list_owner_ids(tx)


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
        elif facts:
            message.facts = facts
        if shows:
            set_shown(tx, message, shows)
        _enqueue(tx, message)


def find_card(tx: Transaction, kind: str, subject_id: str, conversation: str) -> SlackMessage | None:
    """The card `kind` of a subject in a conversation, or None."""
    return tx.session.execute(
        select(SlackMessage).where(
            SlackMessage.kind == kind,
            SlackMessage.subject_id == subject_id,
            SlackMessage.conversation == conversation,
        )
    ).scalar_one_or_none()


def send_reply(tx: Transaction, kind: str, subject_id: str, head: SlackMessage, **facts: Any) -> None:
    """Show the card `kind` of a subject in the thread below another message, which is posted first."""
    message = find_card(tx, kind, subject_id, head.conversation)
    if message is None:
        message = _add_message(tx, kind, subject_id, head.conversation, facts, thread_of=head.id)
    elif facts:
        message.facts = facts
    _enqueue(tx, message)


def refresh_card(tx: Transaction, kind: str, subject_id: str) -> None:
    """Bring every copy of a card up to date, in whichever conversation it is or will be."""
    copies = tx.session.scalars(
        select(SlackMessage).where(SlackMessage.kind == kind, SlackMessage.subject_id == subject_id)
    )
    for message in copies.all():
        _enqueue(tx, message)


def refresh(tx: Transaction, thing: Thing, subject_id: str) -> None:
    """Bring every card up to date that shows something."""
    for message in list_showing(tx, thing, subject_id):
        _enqueue(tx, message)


def send_note(tx: Transaction, kind: str, subject_id: str, conversations: Iterable[str], **facts: Any) -> None:
    """Say something once in each conversation. The note may be rendered from the subject and from `facts`."""
    for conversation in dict.fromkeys(conversations):
        _enqueue(tx, _add_message(tx, kind, f"{subject_id}:{new_id()}", conversation, facts))


def _add_message(
    tx: Transaction,
    kind: str,
    subject_id: str,
    conversation: str,
    facts: dict[str, Any],
    *,
    thread_of: str | None = None,
) -> SlackMessage:
    message = SlackMessage(
        id=new_id(),
        kind=kind,
        subject_id=subject_id,
        conversation=conversation,
        facts=facts,
        thread_of=thread_of,
        created_at=tx.now,
    )
    tx.session.add(message)
    tx.session.flush()
    return message


def _enqueue(tx: Transaction, message: SlackMessage) -> None:
    tx.session.add(OutboxRow(lane=message.conversation, message_id=message.id, due_at=tx.now, created_at=tx.now))
    tx.session.flush()
    signal(tx.session, Topic.OUTBOX)
