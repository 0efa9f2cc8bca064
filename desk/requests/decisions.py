"""What may be decided about a key request, and by whom. Pure: facts in, decisions out."""

from dataclasses import dataclass
from enum import StrEnum

from desk.transaction import ActorKind
from storage.models import RequestStatus


class Outcome(StrEnum):
    """What an owner's yes comes to."""

    GRANTS = "grants"
    """It is the last approval that was needed: the request is approved."""
    COUNTS = "counts"
    """It is one of several; others must follow."""
    NOT_AN_OWNER = "not_an_owner"
    OWN_REQUEST = "own_request"
    ALREADY_COUNTED = "already_counted"
    ALREADY_DECIDED = "already_decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFacts:
    """What deciding about an approval needs to know. `owner_ids` are the owners at this instant."""

    status: RequestStatus
    requester_id: str
    approver_id: str
    owner_ids: frozenset[str]
    approved_by: frozenset[str] = frozenset()
    """Who has approved so far. Only those who are owners still, and did not ask themselves, count."""
    approvals_needed: int = 1
    sole_owner_may_approve_own: bool = False

    def acts_as_owner(self, who: str) -> bool:
        """Whether somebody is an owner at this instant, or an operator, who always acts as one."""
        return who in self.owner_ids or who.startswith(f"{ActorKind.OPERATOR}:")


@dataclass(frozen=True, slots=True)
class ApprovalDecision:
    """Whether the yes counts, what it comes to, and (when it does not count) why."""

    outcome: Outcome
    reason: str = ""
    self_approved: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the approval counts."""
        return self.outcome in {Outcome.GRANTS, Outcome.COUNTS}


def decide_approval(facts: ApprovalFacts) -> ApprovalDecision:
    """What it comes to when `approver_id` approves at this instant.

    Four eyes: who asks, and so collects the secret, is never one of those who approve; who merely answers for the
    key may be. An operator's approval is one like an owner's. The exception is an organization's only owner, where
    policy allows it.
    """
    if not facts.acts_as_owner(facts.approver_id):
        return ApprovalDecision(Outcome.NOT_AN_OWNER, "Only owners can approve requests.")
    if facts.status != RequestStatus.PENDING:
        return ApprovalDecision(Outcome.ALREADY_DECIDED, "This request has been decided.")
    own = facts.approver_id == facts.requester_id
    if own and facts.owner_ids != {facts.requester_id}:
        return ApprovalDecision(Outcome.OWN_REQUEST, "You asked for this key, so another owner has to approve it.")
    if own and not facts.sole_owner_may_approve_own:
        return ApprovalDecision(Outcome.OWN_REQUEST, "You asked for this key, and nobody approves their own request.")
    if facts.approver_id in facts.approved_by:
        return ApprovalDecision(Outcome.ALREADY_COUNTED, "You have approved this request already.")
    counted = counted_approvals(facts) | {facts.approver_id}
    if len(counted) < facts.approvals_needed:
        return ApprovalDecision(Outcome.COUNTS, self_approved=own)
    return ApprovalDecision(Outcome.GRANTS, self_approved=own)


def suffices(facts: ApprovalFacts) -> bool:
    """Whether a request has all approvals that it needs, however they came to count: an approver's role may have
    come back, or fewer may be asked for."""
    counted = counted_approvals(facts)
    return facts.status == RequestStatus.PENDING and bool(counted) and len(counted) >= facts.approvals_needed


def counted_approvals(facts: ApprovalFacts) -> frozenset[str]:
    """Who approved and counts: who acts as an owner now, and not the requester unless policy lets the only owner."""
    approvers = frozenset(filter(facts.acts_as_owner, facts.approved_by))
    if facts.sole_owner_may_approve_own and facts.owner_ids == {facts.requester_id}:
        return approvers
    return approvers - {facts.requester_id}


def possible_approvers(facts: ApprovalFacts) -> frozenset[str]:
    """Which owners could approve this request at all, those who have done so included."""
    others = facts.owner_ids - {facts.requester_id}
    if not others and facts.sole_owner_may_approve_own:
        return facts.owner_ids
    return others
