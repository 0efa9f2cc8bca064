"""Tickets: the right of one person to collect one key, once, until a time.

It waits, and is then collected (`collecting`), withdrawn or lapsed.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from desk.audit.trail import Action, record
from desk.commands import slash
from desk.durations import ago
from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.identifiers import new_id
from desk.keys.cards import show_ticket, tell_ticket_ended, tell_window_was_not_opened
from desk.keys.issuing import (
    get_key_pattern,
    get_predecessor,
    lock_predecessor,
    require_holder,
    require_no_open_rotation,
    require_rotatable,
)
from desk.people import name_of
from desk.permissions import is_person, require_insider, require_person
from desk.transaction import Transaction
from storage.models import ApiKey, Ticket, TicketStatus
from storage.transitions import transition

_BATCH = 100


def get_ticket(tx: Transaction, ticket_id: str) -> Ticket:
    """A ticket. Raises NotFoundError, and NotAllowedError for who may not look behind the public page."""
    require_insider(tx)
    return read_ticket(tx, ticket_id)


def read_ticket(tx: Transaction, ticket_id: str) -> Ticket:
    """A ticket, for functions that go on to ask whose it is. Raises NotFoundError."""
    ticket = tx.session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFoundError(
            "There is nothing to collect here any more.", f"Ask for a key with {slash('keys request')}."
        )
    return ticket


def find_ticket_of_request(tx: Transaction, request_id: str) -> Ticket | None:
    """The ticket that the approval of a request made."""
    require_insider(tx)
    return tx.session.scalars(select(Ticket).where(Ticket.request_id == request_id)).first()


def list_collectable(tx: Transaction) -> Sequence[tuple[Ticket, str]]:
    """The tickets that wait for the actor to collect them, the most urgent first, each with its key's name."""
    waiting = select(Ticket).where(
        Ticket.collector_id == tx.actor.user_id, Ticket.status == TicketStatus.WAITING, Ticket.expires_at > tx.now
    )
    tickets = tx.session.scalars(waiting.order_by(Ticket.expires_at, Ticket.id)).all() if is_person(tx) else []
    return [(ticket, get_key_pattern(tx, ticket).name) for ticket in tickets]


def check_collection(tx: Transaction, ticket_id: str) -> Ticket:
    """The ticket, when the actor may collect its key at this instant.

    Raises NotFoundError, NotAllowedError or ConflictError, which say what is in the way.
    """
    ticket = read_ticket(tx, ticket_id)
    require_collector(tx, ticket)
    if ticket.status != TicketStatus.WAITING:
        raise ended(tx, ticket)
    if ticket.expires_at <= tx.now:
        raise ConflictError("This key was not collected in time.", f"Ask again with {slash('keys request')}.")
    require_holder(tx, ticket)
    if ticket.predecessor_id is not None:
        require_rotatable(tx, get_predecessor(tx, ticket.predecessor_id))
    return ticket


def require_collector(tx: Transaction, ticket: Ticket) -> None:
    """Raises NotAllowedError for anybody but who collects it."""
    if tx.actor.user_id != ticket.collector_id:
        raise NotAllowedError(
            f"Only {name_of(tx, ticket.collector_id)} can collect this key.",
            f"You can ask for one of your own with {slash('keys request')}.",
        )


def ended(tx: Transaction, ticket: Ticket) -> ConflictError:
    """Why a ticket that does not wait any more can't be collected, in words for its collector."""
    if ticket.status == TicketStatus.COLLECTED and ticket.collected_at is not None:
        when = ago(tx.now - ticket.collected_at)
        key = tx.session.get(ApiKey, ticket.key_id) if ticket.key_id else None
        if key is not None and key.revealed_at is None:
            hint = "If no window shows it, press again in a few minutes: it is void by then."
        else:
            hint = f"If it was lost, rotate it with {slash('keys rotate')}."
        return ConflictError(f"You collected this key {when}.", hint)
    if ticket.status == TicketStatus.LAPSED:
        return ConflictError("This key was not collected in time.", f"Ask again with {slash('keys request')}.")
    return ConflictError("This key can't be collected any more.", ticket.end_reason or "")


def _seconds(tx: Transaction, grace: timedelta) -> int:
    return int(max(min(grace, tx.policy.maximum_rotation_grace), timedelta()).total_seconds())


def make_ticket(
    tx: Transaction,
    *,
    collector_id: str,
    request_id: str | None = None,
    predecessor_id: str | None = None,
    grace: timedelta | None = None,
) -> Ticket:
    """Give a person the right to collect the key of a request, or the successor of a key, and show it to them; on the
    cards of the request, which the caller brings up to date.

    `grace` is how long the predecessor, or the key that a request takes over, works on after its successor was seen;
    by default as policy says, and at most what policy allows. Raises ConflictError when the predecessor cannot be
    rotated now.
    """
    expires_at = tx.now + tx.policy.ticket_lapses_after
    if predecessor_id is not None:
        predecessor = lock_predecessor(tx, predecessor_id)
        require_rotatable(tx, predecessor)
        require_no_open_rotation(tx, predecessor)
        expires_at = min(expires_at, predecessor.expires_at)
        grace = tx.policy.rotation_grace if grace is None else grace
    ticket = Ticket(
        id=new_id(),
        collector_id=collector_id,
        request_id=request_id,
        predecessor_id=predecessor_id,
        grace_seconds=None if grace is None else _seconds(tx, grace),
        created_at=tx.now,
        created_by=str(tx.actor),
        expires_at=expires_at,
    )
    tx.session.add(ticket)
    tx.session.flush()
    if request_id is None:
        show_ticket(tx, ticket)
    record(
        tx,
        Action.TICKET_MADE,
        "ticket",
        ticket.id,
        collector_id=collector_id,
        request_id=request_id,
        predecessor_id=predecessor_id,
        expires_at=expires_at.isoformat(),
    )
    return ticket


def change_grace(tx: Transaction, ticket: Ticket, grace: timedelta) -> Ticket:
    """From now on the predecessor works for another `grace` once a waiting ticket's key was collected; its card says
    so. Raises ConflictError when the ticket does not wait any more."""
    before, seconds = ticket.grace_seconds, int(grace.total_seconds())
    if before == seconds:
        return ticket
    if not transition(tx.session, ticket, allowed=[TicketStatus.WAITING], grace_seconds=seconds):
        raise ended(tx, ticket)
    show_ticket(tx, ticket)
    record(tx, Action.TICKET_CHANGED, "ticket", ticket.id, before=before, grace_seconds=seconds)
    return ticket


def prolong_tickets_for(tx: Transaction, key_id: str, until: datetime) -> None:
    """A key lives until another instant by now: so long its successor may wait, as far as any ticket may. Call it
    before recording."""
    waiting = select(Ticket).where(Ticket.predecessor_id == key_id, Ticket.status == TicketStatus.WAITING)
    for ticket in tx.session.scalars(waiting).all():
        before, after = ticket.expires_at, min(ticket.created_at + tx.policy.ticket_lapses_after, until)
        if after > before and transition(
            tx.session, ticket, allowed=[TicketStatus.WAITING], version=ticket.version, expires_at=after
        ):
            show_ticket(tx, ticket)
            data = {"before": before.isoformat(), "expires_at": after.isoformat()}
            record(tx, Action.TICKET_CHANGED, "ticket", ticket.id, **data)


def lock_too_long(tx: Transaction) -> Sequence[Ticket]:
    """Tickets that wait and would let an old key work on for longer than policy allows by now, locked; not those that
    somebody else holds."""
    longest = int(tx.policy.maximum_rotation_grace.total_seconds())
    waiting = select(Ticket).where(Ticket.status == TicketStatus.WAITING, Ticket.grace_seconds > longest)
    return tx.session.scalars(waiting.order_by(Ticket.id).limit(_BATCH).with_for_update(skip_locked=True)).all()


def say_window_was_not_opened(tx: Transaction, ticket_id: str) -> None:
    """Tell the collector, who pressed, that no key was made because Slack did not open the window.

    Raises NotFoundError, NotAllowedError.
    """
    ticket = read_ticket(tx, ticket_id)
    require_collector(tx, ticket)
    require_person(tx)
    tell_window_was_not_opened(tx, ticket)


def withdraw_tickets_of(tx: Transaction, user_id: str, reason: str) -> int:
    """Take back what a person has not collected yet; `reason` is shown. Gives how many. Call it before recording."""
    return _withdraw(tx, Ticket.collector_id == user_id, reason)


def withdraw_tickets_for(tx: Transaction, key_id: str, reason: str, *, told: Collection[str] = ()) -> int:
    """Take back an uncollected rotation of a key; `reason` is shown. Gives how many. Call it before recording.

    Its collector hears of it, except those who were `told` why already.
    """
    return _withdraw(tx, Ticket.predecessor_id == key_id, reason, told=told)


def _withdraw(tx: Transaction, condition: ColumnElement[bool], reason: str, *, told: Collection[str] = ()) -> int:
    waiting = select(Ticket).where(condition, Ticket.status == TicketStatus.WAITING).order_by(Ticket.id)
    tickets = tx.session.scalars(waiting).all()
    return _end(tx, tickets, TicketStatus.WITHDRAWN, Action.TICKET_WITHDRAWN, reason, told=told)


def _end(
    tx: Transaction,
    tickets: Sequence[Ticket],
    status: TicketStatus,
    action: Action,
    reason: str | None,
    *,
    told: Collection[str] = (),
) -> int:
    ended = [
        ticket
        for ticket in tickets
        if transition(tx.session, ticket, allowed=[TicketStatus.WAITING], status=status, end_reason=reason)
    ]
    for ticket in ended:
        show_ticket(tx, ticket)
        tell_ticket_ended(tx, ticket, told)
    for ticket in ended:
        record(tx, action, "ticket", ticket.id, reason=reason)
    return len(ended)


def lock_lapsing(tx: Transaction) -> Sequence[Ticket]:
    """Tickets that nobody collected in time, locked, the oldest first; not those that somebody else holds."""
    due = (
        select(Ticket)
        .where(Ticket.status == TicketStatus.WAITING, Ticket.expires_at <= tx.now)
        .order_by(Ticket.expires_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    return tx.session.scalars(due).all()


def lapse(tx: Transaction, tickets: Sequence[Ticket]) -> int:
    """End tickets that were not collected in time. Gives how many."""
    return _end(tx, tickets, TicketStatus.LAPSED, Action.TICKET_LAPSED, None)
