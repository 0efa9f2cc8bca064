"""Rotation: a successor is handed to whoever answers for the key, which works on until its grace period ends."""

from datetime import timedelta

from sqlalchemy import select

from desk.errors import ConflictError, InvalidInputError
from desk.key_powers import require_insider_or
from desk.keys.changes import begin_change
from desk.keys.rules import Change
from desk.keys.takeovers import allow_takeover, is_takeover
from desk.keys.tickets import change_grace, make_ticket
from desk.messages.outbox import refresh
from desk.messages.subjects import Thing
from desk.permissions import effective_roles, may_hold_key
from desk.policy import Takeover
from desk.transaction import Transaction
from storage.models import ApiKey, Scope, Ticket, TicketStatus


def begin_rotation(
    tx: Transaction, key_id: str, grace: timedelta | None = None, *, version: int | None = None
) -> Ticket:
    """The ticket for the key's successor, shown to its collector: who answers for the key or, without such a person,
    the acting owner. Asking again while it waits gives its collector the same ticket, with the new grace period.

    `grace` is how long the old key works once the new one was collected; None: as policy says.
    Raises NotAllowedError, ConflictError (TakeoverError where somebody has to ask for it), InvalidInputError (field
    `grace`).
    """
    key = begin_change(tx, key_id, Change.ROTATE, version)
    wanted = _require_grace(tx, grace)
    waiting = find_waiting_rotation(tx, key.id)
    if waiting is not None and waiting.collector_id == tx.actor.user_id:
        return change_grace(tx, waiting, wanted)
    collector_id = _collector(tx, key)
    if is_takeover(tx, key, collector_id):
        allow_takeover(tx, key, collector_id, wanted)
    refresh(tx, Thing.KEY, key.id)
    return make_ticket(tx, collector_id=collector_id, predecessor_id=key.id, grace=wanted)


def asks_first(tx: Transaction, key: ApiKey) -> bool:
    """Whether rotating the key now needs a request instead. Raises ConflictError when nobody could collect it."""
    return tx.policy.key_takeover is Takeover.REQUEST and is_takeover(tx, key, _collector(tx, key))


def find_waiting_rotation(tx: Transaction, key_id: str) -> Ticket | None:
    """The ticket for a key's successor that nobody has collected yet."""
    return tx.session.scalars(
        select(Ticket).where(
            Ticket.predecessor_id == key_id, Ticket.status == TicketStatus.WAITING, Ticket.expires_at > tx.now
        )
    ).first()


def find_successor(tx: Transaction, key_id: str) -> ApiKey | None:
    """The key that a rotation put in the place of this one."""
    require_insider_or(tx, Scope.KEYS_READ)
    return tx.session.scalars(
        select(ApiKey).where(ApiKey.predecessor_id == key_id, ApiKey.voided_at.is_(None)).limit(1)
    ).first()


def _require_grace(tx: Transaction, grace: timedelta | None) -> timedelta:
    if grace is None:
        return min(tx.policy.rotation_grace, tx.policy.maximum_rotation_grace)
    if not timedelta() <= grace <= tx.policy.maximum_rotation_grace:
        days = tx.policy.maximum_rotation_grace.days
        raise InvalidInputError(
            f"The grace period is at most {days} days.", "Write for example `48h` or `7d`.", field="grace"
        )
    return grace


def _collector(tx: Transaction, key: ApiKey) -> str:
    for user_id in (key.holder_id, tx.actor.user_id):
        # A new secret goes only to somebody who could ask for such a key.
        if user_id and may_hold_key(effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy), key.pages):
            return user_id
    raise ConflictError(f"Nobody who may hold it answers for “{key.name}”.", "Transfer it to somebody first.")
