"""Somebody leaves, comes back, or stops being a full member: what ends, what goes on, and who is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.directory.cards import MEMBER_LEFT, MEMBER_RETURNED, STANDING_CHANGED
from desk.identifiers import new_id
from desk.keys.holders import may_answer
from desk.keys.rules import KeyState, is_retiring, state_of
from desk.keys.tickets import withdraw_tickets_of
from desk.messages.outbox import list_cards, owners_conversations, refresh, refresh_message, send_card, send_note
from desk.messages.readers import look_again
from desk.messages.subjects import THE_OWNERS, Thing, add_shown
from desk.people import Standing, Subject
from desk.permissions import Duty, has_duty, require_owner
from desk.requests.requests import withdraw_requests_of
from desk.roles.grants import end_grant, list_own_grants
from desk.roles.lists import list_grants
from desk.transaction import Transaction
from storage.models import ApiKey, Departure, KeyRequest, Member, RequestStatus, SubjectKind, Ticket, TicketStatus

REASON = "left Slack"


@dataclass(frozen=True, slots=True)
class LeftKeys:
    """The keys for which somebody answered who left: those for which nobody does yet, and those dealt with."""

    waiting: Sequence[ApiKey]
    settled: Sequence[ApiKey]


def members_left(tx: Transaction, members: Sequence[Member]) -> None:
    """People were deactivated: their grants end, open requests and tickets are withdrawn, their keys work on.

    Owners get one card for each person who had any of these. Call it under `storage.locks.lock_people`, after
    `lock_what_ends` and when the people are stored as deactivated.
    """
    withdrawn = {
        member.user_id: withdraw_requests_of(tx, member.user_id, f"Who asked {REASON}.")
        + withdraw_tickets_of(tx, member.user_id, f"Who was to collect it {REASON}.")
        for member in members
    }
    for member in members:
        _depart(tx, member, withdrawn[member.user_id])


def lock_what_ends(tx: Transaction, user_ids: Collection[str]) -> None:
    """Lock the requests and tickets that end when these people leave. Call it before anything is recorded.

    Whoever decides on a request holds it while waiting for the audit chain, and must not wait for us.
    """
    requests = select(KeyRequest.id).where(
        KeyRequest.requester_id.in_(user_ids), KeyRequest.status == RequestStatus.PENDING
    )
    tickets = select(Ticket.id).where(Ticket.collector_id.in_(user_ids), Ticket.status == TicketStatus.WAITING)
    tx.session.execute(requests.order_by(KeyRequest.id).with_for_update())
    tx.session.execute(tickets.order_by(Ticket.id).with_for_update())


def _depart(tx: Transaction, member: Member, withdrawn: int) -> None:
    look_again(tx, [member.user_id])
    refresh(tx, *THE_OWNERS)
    _show_departures(tx, member)
    grants = list_own_grants(tx, SubjectKind.USER, member.user_id)
    ended = sum(end_grant(tx, grant, Action.ROLE_REVOKED, REASON) for grant in grants)
    departure = Departure(
        id=new_id(),
        user_id=member.user_id,
        left_at=tx.now,
        key_ids=[key.id for key in list_live_keys(tx, member.user_id)],
        roles_ended=ended,
        requests_withdrawn=withdrawn,
    )
    tx.session.add(departure)
    tx.session.flush()
    if departure.key_ids or ended or withdrawn:
        shown = [(Thing.ROLES, member.user_id), *((Thing.KEY, key_id) for key_id in departure.key_ids)]
        send_card(tx, MEMBER_LEFT, departure.id, owners_conversations(tx), shows=shown, keys=departure.key_ids)
    record(
        tx,
        Action.MEMBER_LEFT,
        "member",
        member.user_id,
        keys=departure.key_ids,
        roles_ended=ended,
        requests_withdrawn=withdrawn,
    )


def list_live_keys(tx: Transaction, user_id: str) -> Sequence[ApiKey]:
    """The keys that somebody answers for and that work or could work again, by name."""
    keys = tx.session.scalars(select(ApiKey).where(ApiKey.holder_id == user_id).order_by(ApiKey.name, ApiKey.id))
    return [key for key in keys if state_of(key, tx.now) in {KeyState.ACTIVE, KeyState.SUSPENDED}]


def get_left_keys(tx: Transaction, departure: Departure) -> LeftKeys:
    """What somebody who left answered for, as it is now. For owners, and to be delivered. Raises NotAllowedError."""
    if not has_duty(tx, Duty.DELIVERY):
        require_owner(tx)
    rows = {key.id: key for key in tx.session.scalars(select(ApiKey).where(ApiKey.id.in_(departure.key_ids)))}
    keys = [rows[key_id] for key_id in departure.key_ids if key_id in rows]
    waiting = [key for key in keys if _waits(tx, departure, key)]
    return LeftKeys(waiting, [key for key in keys if key not in waiting])


def _waits(tx: Transaction, departure: Departure, key: ApiKey) -> bool:
    if key.holder_id != departure.user_id or may_answer(tx, key.holder_id, key.pages):
        return False
    return state_of(key, tx.now) in {KeyState.ACTIVE, KeyState.SUSPENDED} and not is_retiring(key, tx.now)


def member_returned(tx: Transaction, member: Member) -> None:
    """Somebody is active again. No grant comes back by itself, and owners are told so."""
    departure = find_departure(tx, member.user_id)
    if departure is not None and departure.returned_at is None:
        departure.returned_at = tx.now
        tx.session.flush()
    _show_departures(tx, member)
    refresh(tx, *THE_OWNERS)
    ended = departure.roles_ended if departure else 0
    send_note(tx, MEMBER_RETURNED, member.user_id, owners_conversations(tx), roles_ended=ended)
    record(tx, Action.MEMBER_RETURNED, "member", member.user_id, roles_ended=ended)


def _show_departures(tx: Transaction, member: Member) -> None:
    """The cards of somebody's leaving say what they are now, and from now on what they may do."""
    for departure_id in tx.session.scalars(select(Departure.id).where(Departure.user_id == member.user_id)).all():
        for card in list_cards(tx, MEMBER_LEFT, departure_id):
            # Also where it was sent before cards knew that they show this.
            add_shown(tx, card, (Thing.ROLES, member.user_id))
            refresh_message(tx, card)


def find_departure(tx: Transaction, user_id: str) -> Departure | None:
    """The last time that somebody left."""
    return tx.session.scalars(
        select(Departure).where(Departure.user_id == user_id).order_by(Departure.left_at.desc()).limit(1)
    ).first()


def standing_changed(tx: Transaction, member: Member, before: Standing, after: Standing) -> None:
    """Somebody became a guest, a bot or another workspace's, or a full member again: recorded.

    Their grants stay and count only while they are full members. Owners are told when it matters: when the person
    has grants or answers for keys.
    """
    look_again(tx, [member.user_id])
    refresh(tx, *THE_OWNERS)
    _show_departures(tx, member)
    subject = Subject(SubjectKind.USER, member.user_id, member.name)
    if list_grants(tx, subject=subject) or list_live_keys(tx, member.user_id):
        send_note(
            tx, STANDING_CHANGED, member.user_id, owners_conversations(tx), before=str(before), after=str(after)
        )
    record(tx, Action.MEMBER_CHANGED, "member", member.user_id, before=str(before), after=str(after))
