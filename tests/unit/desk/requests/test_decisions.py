"""Who may approve a request, and what it comes to: tables and properties of the pure decision."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.keys.scopes import are_narrower
from desk.permissions import EffectiveRoles, may_hold_key
from desk.requests.decisions import ApprovalFacts, Outcome, decide_approval, possible_approvers, suffices
from desk.requests.terms import Extent, narrow
from storage.models import RequestStatus, Role, Scope
from tests.reaching import Branch

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


def _combinations() -> Iterator[ApprovalFacts]:
    """Every way in which four people can be owners and have approved, when it is the first of them who asked."""
    groups = [frozenset(group) for size in range(5) for group in combinations("abcd", size)]
    for owners, approved, approver, needed, alone in product(groups, groups, "abcd", range(1, 5), (False, True)):
        yield ApprovalFacts(
            status=RequestStatus.PENDING,
            requester_id="a",
            approver_id=approver,
            owner_ids=owners,
            approved_by=approved,
            approvals_needed=needed,
            sole_owner_may_approve_own=alone,
        )


def test_four_eyes() -> None:
    """Of every combination: a yes counts exactly when an owner says it who did not ask, or asked as the only one whom
    policy trusts; it grants exactly when, with those who said so before, there are enough of these."""
    granted = Counter[bool]()
    for facts in _combinations():
        only = facts.owner_ids == {"a"} and facts.sole_owner_may_approve_own
        eyes = {owner for owner in facts.owner_ids if owner != "a" or only}
        outcome = decide_approval(facts).outcome
        counts = facts.approver_id in eyes and facts.approver_id not in facts.approved_by
        assert decide_approval(facts).allowed == counts, facts
        there = len(eyes & facts.approved_by)
        assert suffices(facts) == (there >= facts.approvals_needed), facts
        if counts:
            enough = len([one for one in eyes if one in {*facts.approved_by, facts.approver_id}])
            assert outcome is (Outcome.GRANTS if enough >= facts.approvals_needed else Outcome.COUNTS), facts
            granted[outcome is Outcome.GRANTS and "a" in facts.approved_by] += 1
    assert granted[True] > 100, "the requester's own approval hardly ever stands beside those that grant"


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


within = Branch(0.05)


@within
@given(current=extents, wanted=extents, alike=st.booleans())
def test_what_narrowing_gives_is_within_what_was_there(current: Extent, wanted: Extent, alike: bool) -> None:
    """Whatever is submitted: what comes out allows nothing that was not asked, and is never empty."""
    if alike:
        wanted = replace(current, lifetime_days=min(abs(wanted.lifetime_days), current.lifetime_days))
    try:
        given_ = narrow(current, wanted)
    except InvalidInputError:
        return
    within.reached()
    assert given_.scopes
    assert are_narrower(given_.scopes, current.scopes)
    assert 1 <= given_.lifetime_days <= current.lifetime_days
    if current.pages is not None:
        assert given_.pages
        assert set(given_.pages) <= set(current.pages)
