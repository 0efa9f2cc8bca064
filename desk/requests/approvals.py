"""Owners decide: approve, approve something narrower, or deny. Exactly one decision, however many press at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, insert

from desk.audit.trail import Action, record
from desk.commands import slash
from desk.errors import ConflictError, KeydeskError, NotAllowedError
from desk.keys.restrictions import facts_of_restrictions
from desk.keys.tickets import make_ticket
from desk.people import name_of
from desk.permissions import ask_an_owner, effective_roles, may_hold_key, require_owner
from desk.reasons import check_reason
from desk.requests.cards import announce_self_approval, refresh_request, tell_requester
from desk.requests.decisions import (
    ApprovalDecision,
    ApprovalFacts,
    Outcome,
    counted_approvals,
    decide_approval,
    suffices,
)
from desk.requests.lookup import (
    already_decided,
    approval_facts,
    approvals_needed,
    asked_extent,
    extent_now,
    extent_of,
    read_request,
    status_of,
)
from desk.requests.terms import Extent, narrow
from desk.transaction import ActorKind, Transaction
from storage.models import Approval, KeyRequest, RequestStatus
from storage.transitions import transition


@dataclass(frozen=True, slots=True)
class Approved:
    """What an approval came to."""

    request: KeyRequest
    decision: ApprovalDecision
    narrowed_meanwhile: bool
    """Somebody narrowed the request after the approver's card was drawn; it is approved as it stands now."""


def approve(
    tx: Transaction, request_id: str, *, seen_version: int | None = None, narrower: Extent | None = None
) -> Approved:
    """The actor approves a request, or something narrower. The last approval that is needed makes the ticket.

    Raises NotAllowedError, ConflictError that says who was first, or InvalidInputError when `narrower` is not.
    """
    # Under this lock approvals are counted one after another, so that of several at once one is the last.
    request = read_request(tx, request_id, lock=True)
    facts, decision = _require_approval(tx, request)
    before = extent_of(request)
    granted = extent_now(tx, request) if narrower is None else narrow(extent_now(tx, request), narrower)
    _require_requester_may_hold(tx, request, granted)
    moved_on = seen_version is not None and seen_version != request.version and before != asked_extent(request)
    _settle(tx, request, decision, _give_approval(tx, facts, request), before, granted)
    return Approved(request, decision, moved_on)


def _settle(
    tx: Transaction,
    request: KeyRequest,
    decision: ApprovalDecision,
    facts: ApprovalFacts,
    before: Extent,
    granted: Extent,
) -> None:
    """Write what an approval came to, with its ticket when it was the last."""
    needed = approvals_needed(tx, request)
    values = {**_granted(granted), "approvals_needed": needed, **_ending(tx, decision)}
    if decision.outcome is Outcome.GRANTS:
        _forget_uncounted(tx, facts, request)
    if not transition(tx.session, request, allowed=[RequestStatus.PENDING], **values):
        raise already_decided(tx, request)
    cards = refresh_request(tx, request)
    if decision.outcome is Outcome.GRANTS:
        tell_requester(tx, request, cards)
        if decision.self_approved:
            announce_self_approval(tx, request)
    _record_approval(tx, request, decision, before, granted)
    if decision.outcome is Outcome.GRANTS:
        grace = None if request.grace_seconds is None else timedelta(seconds=request.grace_seconds)
        make_ticket(tx, collector_id=request.requester_id, request_id=request.id, grace=grace)


def settle_waiting(tx: Transaction, requests: Sequence[KeyRequest]) -> int:
    """Hold requests that wait, locked, to what policy asks for now, and grant those that have it. Gives how many.

    Who counts and how many are needed may change without anybody pressing anything.
    """
    changed = [request for request in requests if request.approvals_needed != tx.policy.approvals_needed]
    before = {request.id: request.approvals_needed for request in changed}
    for request in changed:
        needed = tx.policy.approvals_needed
        transition(tx.session, request, allowed=[RequestStatus.PENDING], approvals_needed=needed)
        refresh_request(tx, request)
    enough = [request for request in requests if is_enough(tx, request)]
    for request in changed:
        data = {"before": before[request.id], "after": request.approvals_needed}
        record(
            tx, Action.REQUEST_CHANGED, "request", request.id, **{k: {"approvals_needed": n} for k, n in data.items()}
        )
    for request in enough:
        facts = approval_facts(tx, request, request.requester_id)
        own = ApprovalDecision(Outcome.GRANTS, self_approved=request.requester_id in counted_approvals(facts))
        _settle(tx, request, own, facts, extent_of(request), extent_now(tx, request))
    return len({request.id for request in (*changed, *enough)})


def is_enough(tx: Transaction, request: KeyRequest) -> bool:
    """Whether a request that waits can be granted without another word."""
    may_hold = _may_hold(tx, request, extent_now(tx, request))
    return may_hold and suffices(approval_facts(tx, request, request.requester_id))


def _granted(extent: Extent) -> dict[str, Any]:
    narrower = {"components": None, "networks": None}
    return {f"granted_{name}": value for name, value in (narrower | _plain(extent)).items()}


def _ending(tx: Transaction, decision: ApprovalDecision) -> dict[str, Any]:
    if decision.outcome is not Outcome.GRANTS:
        return {}
    return {
        "status": RequestStatus.APPROVED,
        "decided_at": tx.now,
        "decided_by": str(tx.actor),
        "self_approved": decision.self_approved,
        "next_reminder_at": None,
    }


def get_approvable(tx: Transaction, request_id: str) -> KeyRequest:
    """The request, when the actor's approval would count now. Raises as `approve`."""
    request = read_request(tx, request_id)
    _require_approval(tx, request)
    return request


def _require_approval(tx: Transaction, request: KeyRequest) -> tuple[ApprovalFacts, ApprovalDecision]:
    """What the actor's approval would come to now, and by what. Raises NotAllowedError or ConflictError when it does
    not count."""
    if tx.actor.kind not in {ActorKind.MEMBER, ActorKind.OPERATOR}:
        raise NotAllowedError("Requests are approved by people: no key and no job decides.", ask_an_owner(tx))
    facts = approval_facts(tx, request, tx.actor.author_id)
    decision = decide_approval(facts)
    if decision.outcome is Outcome.ALREADY_COUNTED and suffices(facts):
        # They said so when it did not suffice, and the sweep has not come by since it does.
        own = tx.actor.user_id == request.requester_id
        return facts, ApprovalDecision(Outcome.GRANTS, self_approved=own)
    if not decision.allowed:
        raise _refusal(tx, request, decision)
    return facts, decision


def _refusal(tx: Transaction, request: KeyRequest, decision: ApprovalDecision) -> KeydeskError:
    if decision.outcome is Outcome.ALREADY_DECIDED:
        return already_decided(tx, request)
    if decision.outcome is Outcome.ALREADY_COUNTED:
        return ConflictError(decision.reason, f"It needs {approvals_needed(tx, request)} owners; others must follow.")
    if decision.outcome is Outcome.NOT_AN_OWNER:
        return NotAllowedError(decision.reason, ask_an_owner(tx))
    return NotAllowedError(decision.reason, "You can withdraw it in your direct messages with me.")


def _may_hold(tx: Transaction, request: KeyRequest, granted: Extent) -> bool:
    roles = effective_roles(tx.session, request.requester_id, now=tx.now, policy=tx.policy)
    return may_hold_key(roles, granted.pages)


def _require_requester_may_hold(tx: Transaction, request: KeyRequest, granted: Extent) -> None:
    if not _may_hold(tx, request, granted):
        raise ConflictError(
            f"{name_of(tx, request.requester_id)} may not hold such a key any more.",
            f"Deny the request, or give them the role `integrator` with {slash('roles grant')}.",
        )


_INSERT = insert(Approval)
_FORGET = (
    delete(Approval)
    .where(Approval.request_id == bindparam("of"), Approval.approver_id.in_(bindparam("gone", expanding=True)))
    .execution_options(synchronize_session=False)
)


def _give_approval(tx: Transaction, facts: ApprovalFacts, request: KeyRequest) -> ApprovalFacts:
    """The actor's approval is kept; gives the facts with it."""
    # Who approved before and counts again, or suffices now, says so once more.
    if facts.approver_id in facts.approved_by:
        return facts
    row = {"request_id": request.id, "approver_id": facts.approver_id, "created_at": tx.now}
    tx.session.execute(_INSERT, [row])
    return replace(facts, approved_by=facts.approved_by | {facts.approver_id})


def _forget_uncounted(tx: Transaction, facts: ApprovalFacts, request: KeyRequest) -> None:
    # What is kept is whose approvals granted it; those of former owners stay in the audit trail.
    gone = facts.approved_by - counted_approvals(facts)
    if gone:
        tx.session.execute(_FORGET, {"of": request.id, "gone": sorted(gone)})


def _record_approval(
    tx: Transaction, request: KeyRequest, decision: ApprovalDecision, before: Extent, granted: Extent
) -> None:
    if granted != before:
        record(tx, Action.REQUEST_CHANGED, "request", request.id, before=_plain(before), after=_plain(granted))
    if decision.outcome is Outcome.COUNTS:
        record(tx, Action.REQUEST_APPROVAL, "request", request.id, approvals_needed=request.approvals_needed)
        return
    record(
        tx,
        Action.REQUEST_APPROVED,
        "request",
        request.id,
        **_plain(granted),
        approvals_needed=request.approvals_needed,
        self_approved=decision.self_approved,
    )


def _plain(extent: Extent) -> dict[str, Any]:
    return {
        "scopes": list(extent.scopes),
        "pages": None if extent.pages is None else list(extent.pages),
        "lifetime_days": extent.lifetime_days,
        **facts_of_restrictions(extent.components, extent.networks),
    }


def deny(tx: Transaction, request_id: str, reason: str) -> KeyRequest:
    """The actor denies a request; the reason is shown to everybody concerned.

    Raises NotAllowedError, ConflictError that says who was first, or InvalidInputError without a reason.
    """
    request = read_request(tx, request_id)
    _require_denial(tx, request)
    reason = check_reason(reason, ask="Say why, so that they can ask better.")
    if not transition(
        tx.session,
        request,
        allowed=[RequestStatus.PENDING],
        status=RequestStatus.DENIED,
        decided_at=tx.now,
        decided_by=str(tx.actor),
        decision_reason=reason,
        next_reminder_at=None,
    ):
        raise already_decided(tx, request)
    tell_requester(tx, request, refresh_request(tx, request))
    record(tx, Action.REQUEST_DENIED, "request", request.id, reason=reason)
    return request


def get_deniable(tx: Transaction, request_id: str) -> KeyRequest:
    """The request, when the actor may deny it now. Raises as `deny`."""
    request = read_request(tx, request_id)
    _require_denial(tx, request)
    return request


def _require_denial(tx: Transaction, request: KeyRequest) -> None:
    """Raises NotAllowedError or ConflictError unless the actor may deny the request now."""
    require_owner(tx)
    if status_of(request, tx.now) != RequestStatus.PENDING:
        raise already_decided(tx, request)
    if tx.actor.user_id == request.requester_id:
        raise NotAllowedError("This is your own request.", "You can withdraw it in your direct messages with me.")
