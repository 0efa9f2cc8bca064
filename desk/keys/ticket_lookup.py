"""Tickets: found, and whether they can be collected now."""

from sqlalchemy import select

from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.keys.issuing import get_predecessor, require_holder, require_rotatable
from desk.phrases import ago, name_of
from desk.transaction import Transaction
from storage.models import ApiKey, Ticket, TicketStatus


def get_ticket(tx: Transaction, ticket_id: str) -> Ticket:
    """A ticket. Raises NotFoundError."""
    ticket = tx.session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFoundError("There is nothing to collect here any more.", "Ask for a key with /keys request.")
    return ticket


def find_ticket_of_request(tx: Transaction, request_id: str) -> Ticket | None:
    """The ticket that the approval of a request made."""
    return tx.session.scalars(select(Ticket).where(Ticket.request_id == request_id)).first()


def check_collection(tx: Transaction, ticket_id: str) -> Ticket:
    """The ticket, when the actor may collect its key at this instant.

    Raises NotFoundError, NotAllowedError or ConflictError, which say what is in the way.
    """
    ticket = get_ticket(tx, ticket_id)
    if tx.actor.user_id != ticket.collector_id:
        raise NotAllowedError(
            f"Only {name_of(tx, ticket.collector_id)} can collect this key.",
            "You can ask for one of your own with /keys request.",
        )
    if ticket.status != TicketStatus.WAITING:
        raise ended(tx, ticket)
    if ticket.expires_at <= tx.now:
        raise ConflictError("This key was not collected in time.", "Ask again with /keys request.")
    require_holder(tx, ticket)
    if ticket.predecessor_id is not None:
        require_rotatable(tx, get_predecessor(tx, ticket.predecessor_id))
    return ticket


def ended(tx: Transaction, ticket: Ticket) -> ConflictError:
    """Why a ticket that does not wait any more can't be collected, in words for its collector."""
    if ticket.status == TicketStatus.COLLECTED and ticket.collected_at is not None:
        when = ago(tx.now - ticket.collected_at)
        key = tx.session.get(ApiKey, ticket.key_id) if ticket.key_id else None
        if key is not None and key.revealed_at is None:
            hint = "If no window shows it, press again in a few minutes: it is void by then."
        else:
            hint = "If it was lost, rotate it with /keys rotate."
        return ConflictError(f"You collected this key {when}.", hint)
    if ticket.status == TicketStatus.LAPSED:
        return ConflictError("This key was not collected in time.", "Ask again with /keys request.")
    return ConflictError("This key can't be collected any more.", ticket.end_reason or "")
