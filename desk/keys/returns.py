"""Whether a ticket whose key reached nobody waits again: the world may have moved while its window was open."""

from dataclasses import dataclass

from sqlalchemy import exists, select

from desk.keys.holders import may_answer
from desk.keys.rules import KeyState, state_of
from desk.permissions import is_full_member
from desk.transaction import Transaction
from storage.models import ApiKey, KeyStatus, Member, Ticket, TicketStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFacts:
    """What deciding about a returning ticket needs to know; of the key that is rotated, where there is one."""

    collector_is_member: bool
    state: KeyState | None = None
    rotated: bool = False
    """A successor is in its place already."""
    other_rotation: bool = False
    """Another ticket for a successor waits, or is being collected."""
    held_by_another: bool = False
    """Somebody else than the collector answers for it, and may."""


def decide_return(facts: ReturnFacts) -> str | None:
    """Why the ticket is withdrawn, in words for its collector; None when it waits again. Pure."""
    ends = {
        "Whoever was to collect it is no full member any more.": not facts.collector_is_member,
        "The key that it was to follow was revoked.": facts.state is KeyState.REVOKED,
        "The key that it was to follow has expired.": facts.state is KeyState.EXPIRED,
        "The key that it was to follow has a successor already.": facts.rotated or facts.other_rotation,
        "Somebody else answers for the key now.": facts.held_by_another,
    }
    return next((words for words, holds in ends.items() if holds), None)


def read_return_facts(tx: Transaction, ticket: Ticket, predecessor: ApiKey | None) -> ReturnFacts:
    """The facts as they are now, with the ticket's own key void already; the predecessor is locked."""
    is_member = is_full_member(tx.session.get(Member, ticket.collector_id))
    if predecessor is None:
        return ReturnFacts(collector_is_member=is_member)
    holder_id = predecessor.holder_id
    return ReturnFacts(
        collector_is_member=is_member,
        state=state_of(predecessor, tx.now),
        rotated=predecessor.retires_at is not None,
        other_rotation=find_open_rotation(tx, predecessor.id) is not None,
        held_by_another=holder_id != ticket.collector_id and may_answer(tx, holder_id, predecessor.pages),
    )


def find_open_rotation(tx: Transaction, key_id: str) -> Ticket | None:
    """A ticket for a key's successor that waits, or whose key is being shown and was not seen yet."""
    unseen = exists().where(
        ApiKey.id == Ticket.key_id,
        ApiKey.revealed_at.is_(None),
        ApiKey.voided_at.is_(None),
        ApiKey.status != KeyStatus.REVOKED,
    )
    waits = (Ticket.status == TicketStatus.WAITING) & (Ticket.expires_at > tx.now)
    is_open = waits | ((Ticket.status == TicketStatus.COLLECTED) & unseen)
    found = select(Ticket).where(Ticket.predecessor_id == key_id, is_open)
    return tx.session.scalars(found.order_by(Ticket.created_at, Ticket.id)).first()
