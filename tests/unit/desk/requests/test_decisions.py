"""Who may approve a request, and what it comes to: tables and properties of the pure decision."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.keys.scopes import are_narrower
from desk.permissions import EffectiveRoles, may_hold_key
from desk.requests.decisions import ApprovalFacts, Outcome, counted_approvals, decide_approval, possible_approvers
from desk.requests.terms import Extent, narrow
from storage.models import RequestStatus, Role, Scope

OWNERS = frozenset({"olivia", "omar", "oskar"})
FACTS = ApprovalFacts(
    status=RequestStatus.PENDING, requester_id="mia", approver_id="olivia", owner_ids=OWNERS, approvals_needed=1
)
OWN = replace(FACTS, requester_id="olivia")
SOLE = replace(OWN, owner_ids=frozenset({"olivia"}))


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (FACTS, Outcome.GRANTS),
        (replace(FACTS, approver_id="mia"), Outcome.NOT_AN_OWNER),
        (replace(FACTS, approver_id="max"), Outcome.NOT_AN_OWNER),
        *[
            (replace(FACTS, status=status), Outcome.ALREADY_DECIDED)
            for status in RequestStatus
            if status != RequestStatus.PENDING
        ],
        (replace(FACTS, approvals_needed=2), Outcome.COUNTS),
        (replace(FACTS, approvals_needed=2, approved_by=frozenset({"omar"})), Outcome.GRANTS),
        (replace(FACTS, approvals_needed=2, approved_by=frozenset({"olivia"})), Outcome.ALREADY_COUNTED),
        (replace(FACTS, approvals_needed=3, approved_by=frozenset({"omar"})), Outcome.COUNTS),
        # Somebody who approved and is no owner any more does not count.
        (replace(FACTS, approvals_needed=2, approved_by=frozenset({"former"})), Outcome.COUNTS),
        (OWN, Outcome.OWN_REQUEST),
        (replace(OWN, sole_owner_may_approve_own=True), Outcome.OWN_REQUEST),
        (replace(OWN, approvals_needed=2, approved_by=frozenset({"omar"})), Outcome.OWN_REQUEST),
        (SOLE, Outcome.OWN_REQUEST),
        (replace(SOLE, sole_owner_may_approve_own=True), Outcome.GRANTS),
        (replace(SOLE, sole_owner_may_approve_own=True, approvals_needed=2), Outcome.COUNTS),
    ],
)
def test_what_an_approval_comes_to(facts: ApprovalFacts, outcome: Outcome) -> None:
    """Only owners approve, never their own request, each once, and only while it waits."""
    decision = decide_approval(facts)
    assert decision.outcome is outcome
    assert decision.allowed == (outcome in {Outcome.GRANTS, Outcome.COUNTS})
    assert bool(decision.reason) != decision.allowed


def test_only_a_sole_owners_own_approval_is_marked() -> None:
    """An approval of one's own request is marked as such, and no other."""
    assert decide_approval(replace(SOLE, sole_owner_may_approve_own=True)).self_approved
    assert not decide_approval(replace(FACTS, sole_owner_may_approve_own=True)).self_approved


people = st.sets(st.sampled_from(["a", "b", "c", "d"])).map(frozenset)
facts = st.builds(
    ApprovalFacts,
    status=st.sampled_from(RequestStatus),
    requester_id=st.sampled_from("abcd"),
    approver_id=st.sampled_from("abcd"),
    owner_ids=people,
    approved_by=people,
    approvals_needed=st.integers(1, 4),
    sole_owner_may_approve_own=st.booleans(),
)


@given(facts)
def test_nothing_is_granted_without_enough_owners_other_than_who_asked(facts: ApprovalFacts) -> None:
    """Whatever the facts: a grant has as many approvers as needed, all owners now, and not the requester."""
    decision = decide_approval(facts)
    if decision.outcome is not Outcome.GRANTS:
        return
    approvers = counted_approvals(facts) | {facts.approver_id}
    assert facts.status == RequestStatus.PENDING
    assert len(approvers) >= facts.approvals_needed
    assert approvers <= facts.owner_ids
    if facts.requester_id in approvers:
        assert decision.self_approved
        assert facts.sole_owner_may_approve_own
        assert facts.owner_ids == {facts.requester_id}


@given(facts)
def test_who_may_approve_is_who_is_said_to(facts: ApprovalFacts) -> None:
    """The owners that a card counts as possible approvers are those whose approval would be allowed."""
    waiting = replace(facts, status=RequestStatus.PENDING, approved_by=frozenset())
    allowed = {person for person in "abcd" if decide_approval(replace(waiting, approver_id=person)).allowed}
    assert possible_approvers(waiting) == allowed


@pytest.mark.parametrize(
    ("roles", "pages", "allowed"),
    [
        (EffectiveRoles(), None, False),
        (EffectiveRoles(frozenset({Role.INTEGRATOR})), None, True),
        (EffectiveRoles(frozenset({Role.OWNER})), None, True),
        (EffectiveRoles(on_page={"p": frozenset({Role.INTEGRATOR})}), ["p"], True),
        (EffectiveRoles(on_page={"p": frozenset({Role.INTEGRATOR})}), ["p", "q"], False),
        (EffectiveRoles(on_page={"p": frozenset({Role.INTEGRATOR})}), None, False),
        (EffectiveRoles(frozenset({Role.INCIDENT_MANAGER})), ["p"], False),
    ],
)
def test_who_may_hold_a_key(roles: EffectiveRoles, pages: list[str] | None, allowed: bool) -> None:
    """A key to pages needs `integrator` on each of them; one to all pages needs it everywhere."""
    assert may_hold_key(roles, pages) is allowed


CURRENT = Extent(scopes=("read", "components:write"), pages=("p", "q"), lifetime_days=90)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (replace(CURRENT, scopes=("read", "incidents:write")), "scopes"),
        (replace(CURRENT, scopes=()), "scopes"),
        (replace(CURRENT, scopes=("nonsense",)), "scopes"),
        (replace(CURRENT, pages=None), "pages"),
        (replace(CURRENT, pages=()), "pages"),
        (replace(CURRENT, pages=("p", "r")), "pages"),
        (replace(CURRENT, lifetime_days=91), "lifetime_days"),
        (replace(CURRENT, lifetime_days=0), "lifetime_days"),
    ],
)
def test_an_approval_never_widens(wanted: Extent, field: str) -> None:
    """More scopes, other pages or a longer life are refused beside their field."""
    with pytest.raises(InvalidInputError) as refusal:
        narrow(CURRENT, wanted)
    assert refusal.value.field == field


extents = st.builds(
    Extent,
    scopes=st.sets(st.sampled_from([scope.value for scope in Scope])).map(tuple),
    pages=st.none() | st.sets(st.sampled_from("pqr")).map(tuple),
    lifetime_days=st.integers(-1, 400),
)


@given(current=extents, wanted=extents)
def test_what_narrowing_gives_is_within_what_was_there(current: Extent, wanted: Extent) -> None:
    """Whatever is submitted: what comes out allows nothing that was not asked, and is never empty."""
    try:
        given_ = narrow(current, wanted)
    except InvalidInputError:
        return
    assert given_.scopes
    assert are_narrower(given_.scopes, current.scopes)
    assert 1 <= given_.lifetime_days <= current.lifetime_days
    if current.pages is not None:
        assert given_.pages
        assert set(given_.pages) <= set(current.pages)
