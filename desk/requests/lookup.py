"""Key requests: found, and what their state means."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import bindparam, select

from desk.acting_keys import acting_key
from desk.audit.trail import Action
from desk.commands import slash
from desk.durations import ago
from desk.errors import ConflictError, NotFoundError
from desk.key_powers import require_insider_or, require_power
from desk.keys.lookup import echo
from desk.keys.meant import near_names
from desk.people import name_of
from desk.permissions import (
    list_owner_ids,
    require_insider,
    require_owner,
)
from desk.requests.decisions import ApprovalFacts, counted_approvals
from desk.requests.terms import Extent, limit_lifetime
from desk.texts import clean_line
from desk.transaction import Actor, ActorKind, Transaction
from storage.folding import fold
from storage.locks import rely_on
from storage.models import Approval, AuditEvent, KeyRequest, Member, RequestStatus, Scope

_VERBS = {RequestStatus.APPROVED: "approved", RequestStatus.DENIED: "denied", RequestStatus.WITHDRAWN: "withdrew"}


def get_request(tx: Transaction, request_id: str) -> KeyRequest:
    """A request; a key looks at those for its pages. Raises NotFoundError, and NotAllowedError for who may not look
    behind the public page."""
    require_insider_or(tx, Scope.KEYS_READ)
    request = read_request(tx, request_id)
    if tx.actor.kind is ActorKind.KEY:
        require_power(tx, Scope.KEYS_READ, request.pages)
    return request


_LOCKED = (
    select(KeyRequest)
    .where(KeyRequest.id == bindparam("of_request"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


def read_request(tx: Transaction, request_id: str, *, lock: bool = False) -> KeyRequest:
    """A request, for whoever asks for the permission then; with `lock` nobody else decides it before this transaction
    ends. Raises NotFoundError."""
    if lock:
        request = tx.session.scalars(_LOCKED, {"of_request": request_id}).one_or_none()
    else:
        request = tx.session.get(KeyRequest, request_id)
    if request is None:
        raise NotFoundError("This request does not exist any more.", f"Use {slash('keys request')} to make one.")
    return request


def list_pending_requests(tx: Transaction) -> Sequence[KeyRequest]:
    """What waits for a decision now, oldest first. For owners, and of its pages for a key. Raises NotAllowedError."""
    acts_by_key = tx.actor.kind is ActorKind.KEY
    if acts_by_key:
        require_power(tx, Scope.KEYS_READ)
    else:
        require_owner(tx)
    pending = tx.session.scalars(
        select(KeyRequest)
        .where(KeyRequest.status == RequestStatus.PENDING, KeyRequest.expires_at > tx.now)
        .order_by(KeyRequest.created_at, KeyRequest.id)
    ).all()
    return [one for one in pending if acting_key(tx).reaches(one.pages)] if acts_by_key else pending


def find_pending_called(tx: Transaction, word: str) -> Sequence[KeyRequest]:
    """What waits for a decision and is meant by its id, by the key's name in any case, or by the id of who asked; at
    least one. Raises NotFoundError that says where to look, and NotAllowedError for anybody but owners."""
    wanted = clean_line(word)
    pending = list_pending_requests(tx)
    found = [
        request
        for request in pending
        if wanted in {request.id, request.requester_id} or fold(request.name) == fold(wanted)
    ]
    if not found:
        named = name_of(tx, wanted) if tx.session.get(Member, wanted) else echo(wanted)
        raise NotFoundError(f"No request “{named}” waits for a decision.", _meant_instead(wanted, pending))
    return found


def _meant_instead(word: str, pending: Sequence[KeyRequest]) -> str:
    """What waits and is called nearly so, or so with something behind it; else where to look."""
    names = [request.name for request in pending]
    begun = next((name for name in names if fold(word).startswith(f"{fold(name)} ")), None)
    if begun is not None:
        return (
            f"“{begun}” does, and is approved as it was asked for. `{slash('keys requests')}` has buttons for less."
        )
    return near_names(word, names) or f"`{slash('keys requests')}` lists those that do."


def list_requests_of(tx: Transaction, user_id: str, *, limit: int = 20) -> Sequence[KeyRequest]:
    """A person's requests, newest first. For that person, and for owners. Raises NotAllowedError."""
    require_insider(tx)
    if user_id != tx.actor.user_id:
        require_owner(tx)
    return tx.session.scalars(
        select(KeyRequest)
        .where(KeyRequest.requester_id == user_id)
        .order_by(KeyRequest.created_at.desc(), KeyRequest.id)
        .limit(limit)
    ).all()


def find_asker(tx: Transaction, request: KeyRequest) -> str | None:
    """Who asked in the requester's name, in the form that records keep; None where they asked themselves."""
    made = select(AuditEvent.actor).where(
        AuditEvent.subject_kind == "request",
        AuditEvent.subject_id == request.id,
        AuditEvent.action == str(Action.REQUEST_MADE),
    )
    actor = tx.session.scalars(made.limit(1)).first()
    return None if actor in {None, str(Actor.member(request.requester_id))} else actor


_APPROVERS = (
    select(Approval.approver_id)
    .where(Approval.request_id == bindparam("of_request"))
    .order_by(Approval.created_at, Approval.approver_id)
)


def list_approvers(tx: Transaction, request_id: str) -> Sequence[str]:
    """Who has approved a request so far, first come first."""
    return tx.session.scalars(_APPROVERS, {"of_request": request_id}).all()


def status_of(request: KeyRequest, now: datetime) -> RequestStatus:
    """Where a request stands at `now`: one past its time has expired, whether or not that was noted yet."""
    if request.status == RequestStatus.PENDING and request.expires_at <= now:
        return RequestStatus.EXPIRED
    return RequestStatus(request.status)


def extent_of(request: KeyRequest) -> Extent:
    """What approving the request now would grant, or what was granted: as asked, or as owners narrowed it."""
    if request.granted_scopes is None or request.granted_lifetime_days is None:
        return asked_extent(request)
    return Extent(
        scopes=tuple(request.granted_scopes),
        pages=_tuple(request.granted_pages),
        lifetime_days=request.granted_lifetime_days,
        components=_tuple(request.granted_components),
        networks=_tuple(request.granted_networks),
    )


def extent_now(tx: Transaction, request: KeyRequest) -> Extent:
    """What approving or collecting gives now: a maximum lifetime that was lowered holds for what waits."""
    return limit_lifetime(extent_of(request), tx.policy)


def asked_extent(request: KeyRequest) -> Extent:
    """What was asked for, whatever became of it."""
    return Extent(
        scopes=tuple(request.scopes),
        pages=_tuple(request.pages),
        lifetime_days=request.lifetime_days,
        components=_tuple(request.components),
        networks=_tuple(request.networks),
    )


def _tuple(stored: list[str] | None) -> tuple[str, ...] | None:
    return None if stored is None else tuple(stored)


def list_counted_approvers(tx: Transaction, request: KeyRequest) -> Sequence[str]:
    """Whose approvals count now, or granted the request, in the order in which they were given."""
    given = list_approvers(tx, request.id)
    if request.status == RequestStatus.APPROVED:
        return given
    counted = counted_approvals(approval_facts(tx, request, request.requester_id, given))
    return [approver_id for approver_id in given if approver_id in counted]


def approvals_needed(tx: Transaction, request: KeyRequest) -> int:
    """How many approvals a request needs: while it waits as many as policy asks for now, then as many as it did."""
    is_waiting = status_of(request, tx.now) == RequestStatus.PENDING
    return tx.policy.approvals_needed if is_waiting else request.approvals_needed


def approval_facts(
    tx: Transaction, request: KeyRequest, approver_id: str, given: Collection[str] | None = None
) -> ApprovalFacts:
    """What deciding about an approval needs to know, read now, unless it was `given` by whom it is approved."""
    if given is None:
        given = list_approvers(tx, request.id)
    return ApprovalFacts(
        status=status_of(request, tx.now),
        requester_id=request.requester_id,
        approver_id=approver_id,
        owner_ids=frozenset(rely_on(tx.session, "owners", partial(list_owner_ids, tx))),
        approved_by=frozenset(given),
        approvals_needed=approvals_needed(tx, request),
        sole_owner_may_approve_own=tx.policy.sole_owner_may_approve_own,
    )


def already_decided(tx: Transaction, request: KeyRequest) -> ConflictError:
    """Says who was first, what they decided and how long ago."""
    if status_of(request, tx.now) == RequestStatus.EXPIRED:
        return ConflictError(f"This request expired {ago(tx.now - request.expires_at)}.", "It can be made again.")
    who = name_of(tx, request.decided_by)
    when = ago(tx.now - (request.decided_at or tx.now))
    hint = f"The reason: {request.decision_reason}" if request.decision_reason else ""
    return ConflictError(f"{who} {_VERBS[RequestStatus(request.status)]} this {when}.", hint)
