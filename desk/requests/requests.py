"""Asking for a key, taking the request back, and what becomes of it in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError

from desk.acting_keys import acting_key
from desk.audit.trail import Action, record
from desk.errors import InvalidInputError, NotAllowedError
from desk.identifiers import new_id
from desk.key_powers import require_power
from desk.keys.holders import may_answer
from desk.keys.restrictions import facts_of_restrictions, require_on_pages
from desk.pages.pages import list_pages
from desk.permissions import (
    Duty,
    EffectiveRoles,
    ask_an_owner,
    is_full_member,
    is_person,
    may_hold_key,
    require_duty,
    require_person,
    roles_of_actor,
)
from desk.requests.approvals import is_enough, settle_waiting
from desk.requests.cards import refresh_request, remind_owners, show_request, tell_requester
from desk.requests.lookup import already_decided, read_request, status_of
from desk.requests.others import get_requester, require_reach
from desk.requests.reminders import is_working_time, next_reminder_at
from desk.requests.terms import Asked, check_asked
from desk.secret import sha256
from desk.transaction import ActorKind, Transaction
from storage.models import Approval, KeyRequest, Member, Page, RequestStatus, Role, Scope
from storage.transitions import transition

_BATCH = 100


def may_ask(tx: Transaction) -> bool:
    """Whether the actor may ask for a key, for some page."""
    return tx.actor.user_id is not None and roles_of_actor(tx).has_anywhere(Role.INTEGRATOR)


def require_asker(tx: Transaction) -> EffectiveRoles:
    """The actor's roles. Raises NotAllowedError, naming whom to ask, when they may not ask for keys."""
    roles = roles_of_actor(tx)
    if tx.actor.user_id is None:
        raise NotAllowedError("Keys are asked for in Slack.", "Operators make them with: keydesk keys.")
    if not is_person(tx):
        raise NotAllowedError("API keys are for full members of this workspace.", ask_an_owner(tx))
    if not may_ask(tx):
        raise NotAllowedError("Asking for keys needs the role `integrator`.", ask_an_owner(tx))
    return roles


@dataclass(frozen=True, slots=True)
class Askable:
    """For which pages somebody may ask for a key, by name, and whether for all, those to come included."""

    pages: Sequence[Page]
    everywhere: bool


def get_askable(tx: Transaction) -> Askable:
    """For which pages the actor may ask for a key. Raises NotAllowedError, naming whom to ask, when for none."""
    roles = require_asker(tx)
    pages = [page for page in list_pages(tx.session) if may_hold_key(roles, [page.id])]
    return Askable(pages, may_hold_key(roles, None))


def make_request(
    tx: Transaction, asked: Asked, *, client_token: str | None = None, requester_id: str | None = None
) -> KeyRequest:
    """Ask for a key in the actor's name, and show the request to owners.

    A key asks in the name of whoever answers for it, or of `requester_id`: that person is told, and collects; and for
    pages that it is for itself. An operator asks in the name of `requester_id`. The same `client_token` makes the
    same request, however often it is sent. Raises NotAllowedError, or InvalidInputError whose field names the input.
    """
    if tx.actor.kind is ActorKind.KEY:
        require_reach(tx, asked)
        requester_id, roles = get_requester(tx, requester_id)
        # Forms in Slack have names of their own; a program may choose what another one chose.
        client_token = sha256(f"{tx.actor} {requester_id} {client_token}") if client_token is not None else None
    elif tx.actor.kind is ActorKind.OPERATOR:
        requester_id, roles = get_requester(tx, requester_id)
    else:
        requester_id, roles = tx.actor.id, require_asker(tx)
    earlier = _find_by_token(tx, requester_id, client_token)
    if earlier is not None:
        return earlier
    asked = check_asked(asked, tx.policy)
    _check_pages(tx, asked, roles)
    if not is_full_member(tx.session.get(Member, asked.holder_id)):
        raise InvalidInputError(
            "Whoever answers for a key must be a full member.",
            "Guests, bots and people who left can't.",
            field="holder",
        )
    if not may_answer(tx, asked.holder_id, asked.pages):
        raise InvalidInputError(
            "Whoever answers for a key must be allowed to hold it.",
            "They need the role `integrator` on each of its pages.",
            field="holder",
        )
    request = _new_request(tx, asked, requester_id, client_token)
    try:
        with tx.session.begin_nested():
            tx.session.add(request)
    except IntegrityError:
        # The same form was sent twice in the same instant, and the other one was first.
        earlier = _find_by_token(tx, requester_id, client_token)
        if earlier is None:
            raise
        return earlier
    show_request(tx, request)
    record(
        tx,
        Action.REQUEST_MADE,
        "request",
        request.id,
        name=request.name,
        purpose=request.purpose,
        scopes=request.scopes,
        pages=request.pages,
        lifetime_days=request.lifetime_days,
        holder_id=request.holder_id,
        approvals_needed=request.approvals_needed,
        **({} if requester_id == tx.actor.user_id else {"requester_id": requester_id}),
        **facts_of_restrictions(request.components, request.networks),
    )
    return request


def _new_request(tx: Transaction, asked: Asked, requester_id: str, client_token: str | None) -> KeyRequest:
    expires_at = tx.now + tx.policy.request_expires_after
    return KeyRequest(
        id=new_id(),
        requester_id=requester_id,
        holder_id=asked.holder_id,
        name=asked.name,
        purpose=asked.purpose,
        scopes=list(asked.scopes),
        pages=None if asked.pages is None else list(asked.pages),
        components=None if asked.components is None else list(asked.components),
        networks=None if asked.networks is None else list(asked.networks),
        lifetime_days=asked.lifetime_days,
        created_at=tx.now,
        expires_at=expires_at,
        approvals_needed=tx.policy.approvals_needed,
        next_reminder_at=next_reminder_at(tx.policy, since=tx.now, sent=0, expires_at=expires_at),
        client_token=client_token,
        replaces_id=asked.replaces_id,
        grace_seconds=None if asked.grace is None else int(asked.grace.total_seconds()),
    )


def _find_by_token(tx: Transaction, requester_id: str, client_token: str | None) -> KeyRequest | None:
    if client_token is None:
        return None
    return tx.session.scalars(
        select(KeyRequest).where(KeyRequest.client_token == client_token, KeyRequest.requester_id == requester_id)
    ).first()


def _check_pages(tx: Transaction, asked: Asked, roles: EffectiveRoles) -> None:
    known = {page.id: page.name for page in list_pages(tx.session)}
    missing = [page_id for page_id in asked.pages or () if page_id not in known]
    if missing:
        raise InvalidInputError("A page that you chose does not exist any more.", "Choose again.", field="pages")
    if not may_hold_key(roles, asked.pages):
        own = ", ".join(page.name for page in list_pages(tx.session) if may_hold_key(roles, [page.id])) or "none"
        raise InvalidInputError(
            "You may not hold keys for all of these pages.", f"You may for: {own}.", field="pages"
        )
    require_on_pages(tx.session, asked.components, asked.pages)


def withdraw(tx: Transaction, request_id: str) -> KeyRequest:
    """Take back one's own request, or by a key its holder's, before it is decided. Raises NotAllowedError or
    ConflictError."""
    request = read_request(tx, request_id)
    acts_by_key = tx.actor.kind is ActorKind.KEY
    if request.requester_id != (acting_key(tx).holder_id if acts_by_key else tx.actor.user_id):
        raise NotAllowedError("Only the person who asked can withdraw a request.", "Owners can deny it.")
    if acts_by_key:
        require_power(tx, Scope.KEYS_WRITE, request.pages)
    else:
        require_person(tx)
    if status_of(request, tx.now) != RequestStatus.PENDING or not _end(tx, [request], RequestStatus.WITHDRAWN, None):
        raise already_decided(tx, request)
    return request


def withdraw_requests_of(tx: Transaction, user_id: str, reason: str) -> int:
    """Withdraw what a person has asked for and nobody decided; `reason` is shown. Gives how many.

    It locks rows, so call it before anything is recorded in this transaction.
    """
    pending = select(KeyRequest).where(KeyRequest.requester_id == user_id, KeyRequest.status == RequestStatus.PENDING)
    requests = tx.session.scalars(pending.order_by(KeyRequest.id)).all()
    return _end(tx, requests, RequestStatus.WITHDRAWN, reason)


def _end(tx: Transaction, requests: Sequence[KeyRequest], status: RequestStatus, reason: str | None) -> int:
    ended = [
        request
        for request in requests
        if transition(
            tx.session,
            request,
            allowed=[RequestStatus.PENDING],
            status=status,
            decided_at=tx.now,
            decided_by=str(tx.actor),
            decision_reason=reason,
            next_reminder_at=None,
        )
    ]
    for request in ended:
        tell_requester(tx, request, refresh_request(tx, request))
    action = Action.REQUEST_EXPIRED if status == RequestStatus.EXPIRED else Action.REQUEST_WITHDRAWN
    for request in ended:
        record(tx, action, "request", request.id, reason=reason)
    return len(ended)


def sweep_requests(tx: Transaction) -> int:
    """Settle requests that have all approvals by now, expire those that nobody decided in time, and remind owners of
    those that wait, while people work. Gives how many."""
    require_duty(tx, Duty.TIME)
    if settled := _sweep_approvals(tx):
        return settled
    pending = KeyRequest.status == RequestStatus.PENDING
    # All rows are locked before the first of them is recorded, so that nobody who holds one waits for us.
    expired = _lock_due(tx, and_(pending, KeyRequest.expires_at <= tx.now))
    waiting = _lock_due(tx, and_(pending, KeyRequest.expires_at > tx.now, KeyRequest.next_reminder_at <= tx.now))
    # After a downtime what is due may be due at night: it waits for the morning.
    waiting = waiting if is_working_time(tx.policy, tx.now) else []
    reminded = [request for request in waiting if _remind(tx, request)]
    count = _end(tx, expired, RequestStatus.EXPIRED, None)
    for request in reminded:
        record(tx, Action.REQUEST_REMINDED, "request", request.id, number=request.reminders_sent)
    return count + len(reminded)


def _sweep_approvals(tx: Transaction) -> int:
    """Look first, and lock only what moves: whoever decides on the others need not wait."""
    pending = and_(KeyRequest.status == RequestStatus.PENDING, KeyRequest.expires_at > tx.now)
    other_number = KeyRequest.approvals_needed != tx.policy.approvals_needed
    has_some = KeyRequest.id.in_(select(Approval.request_id))
    seen = tx.session.scalars(select(KeyRequest).where(pending, or_(other_number, has_some)).order_by(KeyRequest.id))
    moving = [
        request.id
        for request in seen
        if request.approvals_needed != tx.policy.approvals_needed or is_enough(tx, request)
    ]
    return settle_waiting(tx, _lock_due(tx, and_(pending, KeyRequest.id.in_(moving[:_BATCH])))) if moving else 0


def _lock_due(tx: Transaction, condition: ColumnElement[bool]) -> Sequence[KeyRequest]:
    due = select(KeyRequest).where(condition).order_by(KeyRequest.created_at, KeyRequest.id).limit(_BATCH)
    locked = due.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return tx.session.scalars(locked).all()


def _remind(tx: Transaction, request: KeyRequest) -> bool:
    sent = request.reminders_sent + 1
    again: dict[str, Any] = {
        "reminders_sent": sent,
        "next_reminder_at": next_reminder_at(tx.policy, since=tx.now, sent=sent, expires_at=request.expires_at),
    }
    if not transition(tx.session, request, allowed=[RequestStatus.PENDING], version=request.version, **again):
        return False
    remind_owners(tx, request)
    return True
