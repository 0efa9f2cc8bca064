"""Collecting: a ticket becomes a key, and its secret reaches a screen or is void.

A secret begins to exist when its ticket is collected. Until it was seen to reach the collector's screen its key is
provisional: it is either marked as revealed, or made void and its ticket returned.

Rows are locked in one order everywhere: keys, then tickets, then (last) the audit chain.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.identifiers import new_id
from desk.keys.cards import pass_on_wish, show_ticket, tell_holder, tell_key_is_void, tell_taken_over
from desk.keys.holders import may_answer
from desk.keys.issuing import find_ending, get_key_pattern, lock_predecessor
from desk.keys.restrictions import facts_of_restrictions
from desk.keys.returns import decide_return, read_return_facts
from desk.keys.tickets import (
    change_grace,
    check_collection,
    ended,
    lapse,
    lock_lapsing,
    lock_too_long,
    read_ticket,
    require_collector,
    withdraw_tickets_for,
)
from desk.messages.outbox import refresh
from desk.messages.subjects import Thing
from desk.permissions import Duty, has_duty, require_duty, require_person
from desk.secret import Secret
from desk.transaction import Transaction, keys_changed
from storage.models import ApiKey, KeyStatus, KeyUse, Ticket, TicketStatus
from storage.transitions import transition

UNSEEN_AFTER = timedelta(minutes=2)
"""A key whose secret was not seen to arrive within this time is void."""
MORE_TIME = timedelta(minutes=15)
"""What a returned ticket still has at least: a failure of ours must not let it lapse."""
_BATCH = 100


def _require_settler(tx: Transaction, ticket: Ticket) -> None:
    # Who collects says whether the secret arrived; after a while the sweep does.
    if not has_duty(tx, Duty.TIME):
        require_collector(tx, ticket)
        require_person(tx)


def mint_for_ticket(tx: Transaction, ticket_id: str) -> tuple[ApiKey, Secret]:
    """Make the ticket's key for the actor: exactly one call gets it, however many try.

    The key works at once and is provisional until `mark_revealed` or `return_unseen`. A successor has all
    that was decided for its predecessor: its reach, its holder, its expiry, that it is kept. Raises NotAllowedError,
    or ConflictError that says who collected it and when.
    """
    ticket = read_ticket(tx, ticket_id)
    if (ending := find_ending(tx, ticket)) is not None:
        lock_predecessor(tx, ending)
    tx.session.refresh(ticket)
    check_collection(tx, ticket_id)
    pattern = get_key_pattern(tx, ticket)
    key_id = new_id()
    if not transition(
        tx.session,
        ticket,
        allowed=[TicketStatus.WAITING],
        status=TicketStatus.COLLECTED,
        collected_at=tx.now,
        key_id=key_id,
    ):
        raise ended(tx, ticket)
    secret = Secret.generate()
    key = ApiKey(
        id=key_id,
        name=pattern.name,
        purpose=pattern.purpose,
        sha256=secret.sha256,
        start=secret.start,
        scopes=pattern.scopes,
        pages=pattern.pages,
        components=pattern.components,
        networks=pattern.networks,
        holder_id=pattern.holder_id,
        request_id=pattern.request_id,
        ticket_id=ticket.id,
        predecessor_id=pattern.predecessor_id,
        created_at=tx.now,
        created_by=str(tx.actor),
        expires_at=pattern.expires_at,
        kept_until=pattern.kept_until,
        kept_by=pattern.kept_by,
        keep_reason=pattern.keep_reason,
    )
    tx.session.add(key)
    tx.session.flush()
    keys_changed(tx, key.id)
    _record_minted(tx, ticket, key)
    return key, secret


def _record_minted(tx: Transaction, ticket: Ticket, key: ApiKey) -> None:
    record(tx, Action.TICKET_COLLECTED, "ticket", ticket.id, key_id=key.id)
    record(
        tx,
        Action.KEY_MINTED,
        "key",
        key.id,
        name=key.name,
        scopes=key.scopes,
        pages=key.pages,
        holder_id=key.holder_id,
        expires_at=key.expires_at.isoformat(),
        ticket_id=ticket.id,
        predecessor_id=key.predecessor_id,
        **facts_of_restrictions(key.components, key.networks),
    )


def mark_revealed(tx: Transaction, key_id: str) -> bool:
    """The key's secret was seen to reach its collector: it stays, and a predecessor's grace period begins.

    A successor is then as its predecessor is by now, whatever people decided about that while the window was open; it
    is void where that one has ended or was replaced. True however often it is said. False when the key is void or was
    revoked before. Raises NotAllowedError for anybody but its collector and the sweep.
    """
    key = _lock_key(tx, key_id)
    ticket = tx.session.get(Ticket, key.ticket_id) if key and key.ticket_id else None
    if key is None or ticket is None:
        return False
    _require_settler(tx, ticket)
    if key.revealed_at is not None:
        return True
    predecessor = lock_predecessor(tx, key.predecessor_id) if key.predecessor_id else None
    rotated = predecessor if ticket.predecessor_id else None
    if rotated is not None and _has_ended(rotated):
        return_unseen(tx, key_id)
        return False
    carried = {} if rotated is None else _read_decided_meanwhile(tx, key, rotated)
    alive = [KeyStatus.ACTIVE, KeyStatus.SUSPENDED]
    if not transition(tx.session, key, allowed=alive, version=key.version, revealed_at=tx.now, **carried):
        return False
    retires = predecessor is not None and _retire(tx, predecessor, timedelta(seconds=ticket.grace_seconds or 0))
    show_ticket(tx, ticket)
    tell_holder(tx, key, ticket.collector_id)
    if predecessor is not None and retires:
        refresh(tx, Thing.KEY, predecessor.id)
        pass_on_wish(tx, predecessor, key if rotated is not None else None)
        if rotated is None:
            tell_taken_over(tx, predecessor, ticket.collector_id)
    keys_changed(tx, key.id, *([predecessor.id] if predecessor is not None else ()))
    if predecessor is not None and retires and rotated is None:
        withdraw_tickets_for(tx, predecessor.id, "Somebody else has taken the key over.")
    facts = {"decided_meanwhile": sorted(carried)} if carried else {}
    record(tx, Action.KEY_REVEALED, "key", key.id, ticket_id=ticket.id, **facts)
    if predecessor is not None and retires:
        retires_at = predecessor.retires_at.isoformat() if predecessor.retires_at else None
        record(tx, Action.KEY_ROTATED, "key", predecessor.id, successor_id=key.id, retires_at=retires_at)
    return True


def _has_ended(predecessor: ApiKey) -> bool:
    return predecessor.status == KeyStatus.REVOKED or predecessor.retires_at is not None


_DECIDED = (
    *("name", "extended_at", "kept_until", "kept_by", "keep_reason"),
    *("status", "suspended_at", "suspended_by", "suspend_reason"),
)


def _read_decided_meanwhile(tx: Transaction, key: ApiKey, predecessor: ApiKey) -> dict[str, Any]:
    """What people decided about a key while its successor was shown, and holds for that one too. Where they changed
    the successor itself, that was their last word."""
    # One key has one holder: who answers for the rotated one by now answers for its successor.
    answers = may_answer(tx, predecessor.holder_id, key.pages)
    wanted: dict[str, Any] = {"holder_id": predecessor.holder_id} if answers else {}
    if key.version == 1:
        wanted |= {name: getattr(predecessor, name) for name in _DECIDED}
        wanted["expires_at"] = max(key.expires_at, min(predecessor.expires_at, tx.now + tx.policy.maximum_lifetime))
    return {name: value for name, value in wanted.items() if getattr(key, name) != value}


def _retire(tx: Transaction, predecessor: ApiKey, grace: timedelta) -> bool:
    if _has_ended(predecessor):
        return False
    return transition(
        tx.session,
        predecessor,
        allowed=[KeyStatus.ACTIVE, KeyStatus.SUSPENDED],
        retires_at=min(tx.now + grace, predecessor.expires_at),
    )


def _lock_key(tx: Transaction, key_id: str) -> ApiKey | None:
    return tx.session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)


def return_unseen(tx: Transaction, key_id: str) -> bool:
    """The key's secret was not seen to arrive: the key is void, its ticket waits again or, where nobody may collect
    its key any more, is withdrawn; its collector is told so.

    False when the key was revealed, revoked or returned meanwhile; then nothing changes. Raises NotAllowedError for
    anybody but its collector and the sweep.
    """
    key = _lock_key(tx, key_id)
    if key is None or key.ticket_id is None:
        return False
    ticket = read_ticket(tx, key.ticket_id)
    _require_settler(tx, ticket)
    if key.revealed_at is not None:
        return False
    predecessor = lock_predecessor(tx, ticket.predecessor_id) if ticket.predecessor_id else None
    reason = "Its secret was not seen to arrive."
    won = transition(
        tx.session,
        key,
        allowed=[KeyStatus.ACTIVE, KeyStatus.SUSPENDED],
        version=key.version,
        status=KeyStatus.REVOKED,
        revoked_at=tx.now,
        revoked_by=str(tx.actor),
        revoke_reason=reason,
        voided_at=tx.now,
    )
    if not won:
        return False
    why_not = decide_return(read_return_facts(tx, ticket, predecessor))
    transition(
        tx.session,
        ticket,
        allowed=[TicketStatus.COLLECTED],
        status=TicketStatus.WAITING if why_not is None else TicketStatus.WITHDRAWN,
        collected_at=None,
        key_id=None,
        expires_at=max(ticket.expires_at, tx.now + MORE_TIME),
        end_reason=why_not,
    )
    show_ticket(tx, ticket)
    # Somebody may have asked about it while its window was open.
    refresh(tx, Thing.KEY, key.id)
    pass_on_wish(tx, key, predecessor)
    tell_key_is_void(tx, ticket)
    keys_changed(tx, key.id)
    record(tx, Action.KEY_VOIDED, "key", key.id, ticket_id=ticket.id, reason=reason)
    if why_not is None:
        record(tx, Action.TICKET_RETURNED, "ticket", ticket.id, key_id=key.id)
    else:
        record(tx, Action.TICKET_WITHDRAWN, "ticket", ticket.id, reason=why_not)
    return True


def sweep_tickets(tx: Transaction) -> int:
    """Lapse tickets that nobody collected in time, hold those that wait to the longest grace that policy allows by
    now, and settle keys whose arrival nobody confirmed.

    Such a key stays when it has been used, for then somebody has it; otherwise it is void and its ticket returns.
    """
    require_duty(tx, Duty.TIME)
    # Everything is locked before the first of it is recorded, so that nobody who holds some of it waits for us.
    settling, lapsing, too_long = _lock_unconfirmed(tx), lock_lapsing(tx), lock_too_long(tx)
    if settling:
        keys_changed(tx, *settling)
    for key_id in settling:
        _settle(tx, key_id)
    lapsed = lapse(tx, lapsing)
    shortened = [ticket for ticket in too_long if ticket not in lapsing]
    for ticket in shortened:
        change_grace(tx, ticket, tx.policy.maximum_rotation_grace)
    return len(settling) + lapsed + len(shortened)


def _lock_unconfirmed(tx: Transaction) -> Sequence[str]:
    """Ids of keys to settle, locked with their predecessors and tickets; what somebody else holds can wait."""
    keys = tx.session.scalars(
        select(ApiKey)
        .where(
            ApiKey.ticket_id.is_not(None),
            ApiKey.revealed_at.is_(None),
            ApiKey.voided_at.is_(None),
            ApiKey.status != KeyStatus.REVOKED,
            ApiKey.created_at <= tx.now - UNSEEN_AFTER,
        )
        .order_by(ApiKey.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    predecessors = select(ApiKey.id).where(ApiKey.id.in_([key.predecessor_id for key in keys if key.predecessor_id]))
    tickets = select(Ticket.id).where(Ticket.id.in_([key.ticket_id for key in keys]))
    ours = {None, *tx.session.scalars(predecessors.order_by(ApiKey.id).with_for_update(skip_locked=True))}
    ours |= set(tx.session.scalars(tickets.order_by(Ticket.id).with_for_update(skip_locked=True)))
    return [key.id for key in keys if {key.predecessor_id, key.ticket_id} <= ours]


def _settle(tx: Transaction, key_id: str) -> None:
    use = tx.session.get(KeyUse, key_id)
    is_used = use is not None and use.reads + use.writes + use.failed + use.refused > 0
    (mark_revealed if is_used else return_unseen)(tx, key_id)
