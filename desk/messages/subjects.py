"""What cards show: each is brought up to date when something that it shows changes, whoever changed it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import Insert, bindparam, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from desk.transaction import Transaction
from storage.models import MessageSubject, SlackMessage


class Thing(StrEnum):
    """What a card may show besides its own subject."""

    REQUEST = "request"
    KEY = "key"
    TICKET = "ticket"
    DELIVERY = "delivery"
    """What is given up, or settled."""
    OWNERS = "owners"
    """Who the owners are; see `THE_OWNERS`."""
    ROLES = "roles"
    """What somebody may do; the id is the person's. See `roles_changed`."""
    READER = "reader"
    """What its reader may see; see `THE_READER`."""


Shown = tuple[Thing, str]
"""Something that a card shows: what it is, and its id."""


THE_OWNERS: Shown = (Thing.OWNERS, "all")
"""What a card shows that says whose word counts: there is one such thing in an organization."""
THE_READER: Shown = (Thing.READER, "own")
"""What every card shows: it is closed when whoever has it in their direct messages may not see it any more."""


# Two who show it in one instant show it once.
_INSERTS: Mapping[str, Insert] = {
    "postgresql": postgresql.insert(MessageSubject).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(MessageSubject).on_conflict_do_nothing(),
}
_OF_MESSAGE = MessageSubject.message_id == bindparam("message")
_SHOWN = select(MessageSubject.kind, MessageSubject.subject_id).where(_OF_MESSAGE)
_SHOW_NOTHING = delete(MessageSubject).where(_OF_MESSAGE).execution_options(synchronize_session=False)
_STOP_SHOWING = (
    delete(MessageSubject)
    .where(
        MessageSubject.message_id.in_(bindparam("messages", expanding=True)),
        MessageSubject.kind == bindparam("thing"),
        MessageSubject.subject_id == bindparam("of"),
    )
    .execution_options(synchronize_session=False)
)
_SHOWING = (
    select(SlackMessage)
    .join(MessageSubject, MessageSubject.message_id == SlackMessage.id)
    .where(MessageSubject.kind == bindparam("thing"), MessageSubject.subject_id == bindparam("of"))
    .order_by(SlackMessage.created_at, SlackMessage.id)
)


def set_shown(tx: Transaction, message: SlackMessage, shown: Iterable[Shown]) -> None:
    """From now on the message shows exactly this."""
    tx.session.execute(_SHOW_NOTHING, {"message": message.id})
    set_first_shown(tx, message, shown)


def set_first_shown(tx: Transaction, message: SlackMessage, shown: Iterable[Shown]) -> None:
    """As `set_shown`, for a message that is new."""
    rows = [{"message_id": message.id, "kind": thing, "subject_id": subject_id} for thing, subject_id in set(shown)]
    if rows:
        tx.session.execute(_INSERTS[tx.session.get_bind().dialect.name], rows)


def add_shown(tx: Transaction, message: SlackMessage, shown: Shown) -> None:
    """From now on the message shows this as well."""
    set_shown(tx, message, {*list_shown(tx, message), shown})


def list_shown(tx: Transaction, message: SlackMessage) -> Sequence[Shown]:
    """What a message shows besides its own subject."""
    shown = tx.session.execute(_SHOWN, {"message": message.id})
    return [(Thing(kind), subject_id) for kind, subject_id in shown]


def list_showing(tx: Transaction, thing: Thing, subject_id: str) -> Sequence[SlackMessage]:
    """The messages that show something, the oldest first."""
    return tx.session.scalars(_SHOWING, {"thing": thing, "of": subject_id}).all()


def stop_showing(tx: Transaction, shown: Shown, messages: Iterable[SlackMessage]) -> None:
    """These messages stay as they are when this changes."""
    thing, subject_id = shown
    given = {"messages": [message.id for message in messages], "thing": thing, "of": subject_id}
    tx.session.execute(_STOP_SHOWING, given)


def take_over(tx: Transaction, kind: str, subject_id: str) -> None:
    """What a card shows, no other card of its kind goes on showing: those stay as they are when it changes."""
    mine = aliased(MessageSubject)
    of_kind = select(SlackMessage.id).where(SlackMessage.kind == kind)
    shown_by_mine = exists().where(
        mine.message_id.in_(of_kind.where(SlackMessage.subject_id == subject_id)),
        mine.kind == MessageSubject.kind,
        mine.kind != Thing.READER,
        mine.subject_id == MessageSubject.subject_id,
    )
    others = of_kind.where(SlackMessage.subject_id != subject_id)
    tx.session.execute(
        delete(MessageSubject)
        .where(MessageSubject.message_id.in_(others), shown_by_mine)
        .execution_options(synchronize_session=False)
    )
