"""What the key of a ticket will be: read from the request that was approved, or from the key that is rotated."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.commands import slash
from desk.durations import ago
from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.keys.holders import may_answer
from desk.keys.returns import find_open_rotation
from desk.people import name_of
from desk.permissions import may_hold_key, roles_of_actor
from desk.transaction import Transaction
from storage.models import ApiKey, KeyRequest, KeyStatus, Ticket, TicketStatus


@dataclass(frozen=True, slots=True)
class KeyPattern:
    """What a key to be minted now will be, but for its secret."""

    name: str
    purpose: str
    scopes: list[str]
    pages: list[str] | None
    components: list[str] | None
    networks: list[str] | None
    holder_id: str | None
    request_id: str | None
    expires_at: datetime
    predecessor_id: str | None = None
    """The key that ends for it."""
    kept_until: datetime | None = None
    kept_by: str | None = None
    keep_reason: str | None = None


def get_key_pattern(tx: Transaction, ticket: Ticket) -> KeyPattern:
    """The key that collecting `ticket` at this instant would make."""
    if ticket.predecessor_id is not None:
        return _successor_of(tx, get_predecessor(tx, ticket.predecessor_id), ticket.collector_id)
    request = tx.session.get(KeyRequest, ticket.request_id) if ticket.request_id else None
    if request is None:
        raise NotFoundError(
            "The request of this ticket does not exist any more.", f"Ask again with {slash('keys request')}."
        )
    days = request.granted_lifetime_days or request.lifetime_days
    pages = request.granted_pages
    # Who was to answer for it may have left meanwhile; then whoever takes the key does.
    holder_id = request.holder_id if may_answer(tx, request.holder_id, pages) else ticket.collector_id
    return KeyPattern(
        name=request.name,
        purpose=request.purpose,
        scopes=list(request.scopes if request.granted_scopes is None else request.granted_scopes),
        pages=pages,
        components=request.granted_components,
        networks=request.granted_networks,
        holder_id=holder_id,
        request_id=request.id,
        expires_at=tx.now + min(timedelta(days=days), tx.policy.maximum_lifetime),
        predecessor_id=_find_replaced(tx, request),
    )


def find_ending(tx: Transaction, ticket: Ticket) -> str | None:
    """The id of the key that ends when the ticket's key was seen, as far as it is known before either is locked."""
    request = tx.session.get(KeyRequest, ticket.request_id) if ticket.request_id else None
    return ticket.predecessor_id or (request.replaces_id if request is not None else None)


def _find_replaced(tx: Transaction, request: KeyRequest) -> str | None:
    """The key that is taken over, unless it has ended or was rotated meanwhile: then the new one is on its own."""
    key = tx.session.get(ApiKey, request.replaces_id) if request.replaces_id else None
    if key is None or key.status == KeyStatus.REVOKED or key.expires_at <= tx.now or key.retires_at is not None:
        return None
    return key.id


def _successor_of(tx: Transaction, predecessor: ApiKey, collector_id: str) -> KeyPattern:
    # Nobody, or somebody who has left, cannot answer for a new key; then whoever takes it does.
    answers = may_answer(tx, predecessor.holder_id, predecessor.pages)
    return KeyPattern(
        name=predecessor.name,
        purpose=predecessor.purpose,
        scopes=list(predecessor.scopes),
        pages=predecessor.pages,
        components=predecessor.components,
        networks=predecessor.networks,
        holder_id=predecessor.holder_id if answers else collector_id,
        request_id=predecessor.request_id,
        expires_at=min(predecessor.expires_at, tx.now + tx.policy.maximum_lifetime),
        predecessor_id=predecessor.id,
        kept_until=predecessor.kept_until,
        kept_by=predecessor.kept_by,
        keep_reason=predecessor.keep_reason,
    )


def lock_predecessor(tx: Transaction, key_id: str) -> ApiKey:
    """The key that a rotation replaces; nobody else changes it in this transaction. Raises NotFoundError."""
    tx.session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)
    return get_predecessor(tx, key_id)


def get_predecessor(tx: Transaction, key_id: str) -> ApiKey:
    """The key that a rotation replaces. Raises NotFoundError."""
    key = tx.session.get(ApiKey, key_id)
    if key is None:
        raise NotFoundError("This key does not exist.", f"List keys with {slash('keys list')}.")
    return key


def require_rotatable(tx: Transaction, key: ApiKey) -> None:
    """Raises ConflictError unless a successor may be made for the key at this instant."""
    if key.status == KeyStatus.REVOKED:
        raise ConflictError(f"“{key.name}” was revoked, so nothing can follow it.", "Ask for a new key instead.")
    if key.status == KeyStatus.SUSPENDED:
        raise ConflictError(f"“{key.name}” is suspended.", "An owner can restore it; then it can be rotated.")
    if key.expires_at <= tx.now:
        raise ConflictError(f"“{key.name}” has expired.", "Ask for a new key instead.")
    if key.retires_at is not None:
        raise ConflictError(f"“{key.name}” has been rotated already.", "Rotate the key that followed it.")


def require_no_open_rotation(tx: Transaction, key: ApiKey) -> None:
    """Raises ConflictError, naming who can collect it, when a successor of the key waits to be collected."""
    ticket = find_open_rotation(tx, key.id)
    if ticket is not None:
        who = name_of(tx, ticket.collector_id)
        made = ago(tx.now - ticket.created_at)
        if ticket.status == TicketStatus.COLLECTED:
            raise ConflictError(f"“{key.name}” was rotated {made}.", f"Its new secret is being shown to {who}.")
        raise ConflictError(f"“{key.name}” was rotated {made}.", f"Its new secret waits for {who} to collect it.")


def require_holder(tx: Transaction, ticket: Ticket) -> None:
    """Raises NotAllowedError unless the actor, who collects, may still hold this key."""
    if not may_hold_key(roles_of_actor(tx), get_key_pattern(tx, ticket).pages):
        raise NotAllowedError("You may not hold this key any more.", "An owner can tell you why, and change it.")
