"""Owners decide: approvals, changes and denials, and what they leave behind."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.keys.tickets import find_ticket_of_request
from desk.requests.approvals import approve, deny
from desk.requests.decisions import Outcome
from desk.requests.lookup import list_counted_approvers
from desk.requests.requests import sweep_requests
from desk.requests.terms import Extent
from desk.secret import Secret
from desk.transaction import Actor, Desk
from storage.models import (
    Approval,
    AuditEvent,
    Delivery,
    Grant,
    KeyRequest,
    Member,
    RequestStatus,
    Role,
    Ticket,
    TicketStatus,
)
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_grant
from tests.unit.desk.stage import SWEEP, Stage, set_stage


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _with_policy(stage: Stage, **values: Any) -> Stage:
    return Stage(replace(stage.desk, policy=replace(stage.desk.policy, **values)), stage.page)


def _end_grants(stage: Stage, user_id: str) -> None:
    with stage.desk.database.write() as session:
        for grant in session.query(Grant).filter_by(subject_id=user_id):
            grant.ended_at = stage.desk.clock.now()


def test_an_approval_makes_a_ticket_and_no_key(stage: Stage, clock: HeldClock) -> None:
    """One owner's yes grants what was asked: a ticket waits for the requester until it lapses."""
    request = stage.ask()
    approved = stage.approve(request)

    kept = stage.fresh(KeyRequest, request.id)
    assert approved.decision.outcome is Outcome.GRANTS
    assert (kept.status, kept.decided_by, kept.decided_at) == (
        RequestStatus.APPROVED,
        f"member:{OLIVIA}",
        clock.now(),
    )
    assert (kept.granted_scopes, kept.granted_pages, kept.granted_lifetime_days) == (
        ["read", "components:write"],
        [stage.page.id],
        90,
    )
    (ticket,) = stage.all(Ticket)
    assert (ticket.status, ticket.collector_id, ticket.request_id) == (TicketStatus.WAITING, MIA, request.id)
    assert ticket.expires_at == clock.now() + timedelta(days=3)
    assert stage.actions(request.id) == ["request.made", "request.approved"]


def test_an_approval_asks_little_of_the_database_and_owes_each_card_once(stage: Stage) -> None:
    """One click takes at most 22 statements, however many requests there are, and brings no card up to date twice."""
    requests = [stage.ask(name=f"key {number}") for number in range(3)]
    before = len(stage.all(Delivery))
    taken: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        taken.append(statement)

    event.listen(stage.desk.database.engine, "before_cursor_execute", note)
    try:
        stage.approve(requests[0])
    finally:
        event.remove(stage.desk.database.engine, "before_cursor_execute", note)

    assert len(taken) <= 22, taken
    owed = sorted((row.lane, row.subject) for row in stage.all(Delivery)[before:])
    assert len(owed) == 4, "each owner's card, the requester's, and that it was decided"
    assert len(set(owed)) == len(owed)


def test_nobody_but_owners_approves_or_denies(stage: Stage) -> None:
    """Members, guests, the requester and keys can't decide; nothing changes and they are told whom to ask."""
    request = stage.ask()
    for person in (MIA, MAX, GUS):
        for decision in (partial(approve, request_id=request.id), partial(deny, request_id=request.id, reason="no")):
            with pytest.raises(NotAllowedError, match="Ask an owner: Olivia, Omar"):
                stage.do(person, decision)
    with pytest.raises(NotAllowedError, match="by people"):
        stage.do(Actor.key("k1"), partial(approve, request_id=request.id))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING
    assert stage.all(Approval) == []


def test_an_operator_decides_as_an_owner_would(stage: Stage) -> None:
    """A person on the machine, by their login: the approval is one of those that are needed, and counts once."""
    stage = _with_policy(stage, approvals_needed=2)
    request, ann = stage.ask(), Actor.operator("ann")
    stage.do(ann, partial(approve, request_id=request.id))
    with pytest.raises(ConflictError, match="You have approved this request already"):
        stage.do(ann, partial(approve, request_id=request.id))
    stage.do(OLIVIA, partial(approve, request_id=request.id))
    assert {approval.approver_id for approval in stage.all(Approval)} == {"operator:ann", OLIVIA}
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.APPROVED
    other = stage.ask(name="another")
    assert stage.do(ann, partial(deny, request_id=other.id, reason="no")).decided_by == "operator:ann"


def test_permission_is_read_at_the_click(stage: Stage) -> None:
    """An owner whose role ended after the card was sent can't approve any more."""
    request = stage.ask()
    _end_grants(stage, OLIVIA)
    with pytest.raises(NotAllowedError):
        stage.approve(request)


def test_the_second_decision_hears_who_was_first(stage: Stage, clock: HeldClock) -> None:
    """After a denial an approval is refused, naming who denied, when and why; nothing is granted."""
    request = stage.ask()
    stage.do(OMAR, partial(deny, request_id=request.id, reason="Use the old one."))
    clock.advance(seconds=2)
    with pytest.raises(ConflictError, match=r"Omar denied this 2 seconds ago. The reason: Use the old one."):
        stage.approve(request)
    assert stage.all(Ticket) == []


def test_a_denial_after_an_approval_changes_nothing(stage: Stage, clock: HeldClock) -> None:
    """After an approval a denial is refused, and the ticket stays."""
    request = stage.ask()
    stage.approve(request)
    clock.advance(minutes=3)
    with pytest.raises(ConflictError, match="Olivia approved this 3 minutes ago"):
        stage.do(OMAR, partial(deny, request_id=request.id, reason="no"))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.APPROVED


def test_a_denial_needs_a_reason(stage: Stage) -> None:
    """An empty reason is refused beside its field; a given one is kept."""
    request = stage.ask()
    with pytest.raises(InvalidInputError) as refusal:
        stage.do(OLIVIA, partial(deny, request_id=request.id, reason=" \n"))
    assert refusal.value.field == "reason"
    stage.do(OLIVIA, partial(deny, request_id=request.id, reason=" Too wide. "))
    assert stage.fresh(KeyRequest, request.id).decision_reason == "Too wide."


def test_a_secret_in_a_reason_is_refused(stage: Stage) -> None:
    """A key that was pasted into the reason is not kept, and the request still waits."""
    request = stage.ask()
    with pytest.raises(InvalidInputError):
        stage.do(OLIVIA, partial(deny, request_id=request.id, reason=f"use {Secret.generate().reveal()}"))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING


def test_what_has_expired_cannot_be_decided(stage: Stage, clock: HeldClock) -> None:
    """Past its time a request can't be approved or denied, even before the sweep has noted it."""
    request = stage.ask()
    clock.advance(days=7, hours=1)
    with pytest.raises(ConflictError, match="expired 1 hour ago"):
        stage.approve(request)
    with pytest.raises(ConflictError, match="expired 1 hour ago"):
        stage.do(OLIVIA, partial(deny, request_id=request.id, reason="no"))


def test_a_lowered_maximum_holds_for_what_waits(stage: Stage, clock: HeldClock) -> None:
    """A request that was made while keys could live longer is granted no more than policy allows at its approval, and
    that it was is on record; an approval that waits to be collected gives no more than policy allows then."""
    request = stage.ask(lifetime_days=365)
    lowered = _with_policy(stage, maximum_lifetime=timedelta(days=60))
    lowered.approve(request)
    assert stage.fresh(KeyRequest, request.id).granted_lifetime_days == 60
    assert stage.actions(request.id) == ["request.made", "request.changed", "request.approved"]
    (ticket,) = stage.all(Ticket)
    lower_still = _with_policy(stage, maximum_lifetime=timedelta(days=7))
    key, _ = lower_still.mint(ticket)
    assert key.expires_at == clock.now() + timedelta(days=7)


def test_no_change_grants_more_than_a_lowered_maximum(stage: Stage) -> None:
    """*Change and approve* takes no more days than keys may live now, whatever was asked."""
    request = stage.ask(lifetime_days=365)
    lowered = _with_policy(stage, maximum_lifetime=timedelta(days=60))
    with pytest.raises(InvalidInputError) as refusal:
        lowered.approve(request, narrower=Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=61))
    assert refusal.value.field == "lifetime_days"
    lowered.approve(request, narrower=Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=60))
    assert stage.fresh(KeyRequest, request.id).granted_lifetime_days == 60


def test_owners_narrow_what_was_asked(stage: Stage) -> None:
    """A narrower approval grants only that; what was asked stands beside it, and both are recorded."""
    request = stage.ask(pages=None, lifetime_days=365)
    narrower = Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=30)
    stage.approve(request, narrower=narrower)

    kept = stage.fresh(KeyRequest, request.id)
    assert (kept.scopes, kept.pages, kept.lifetime_days) == (["read", "components:write"], None, 365)
    assert (kept.granted_scopes, kept.granted_pages, kept.granted_lifetime_days) == (["read"], [stage.page.id], 30)
    assert stage.actions(request.id) == ["request.made", "request.changed", "request.approved"]


@both_databases
def test_a_wider_approval_is_refused_and_changes_nothing(stage: Stage) -> None:
    """An approval that would widen the request leaves it waiting."""
    request = stage.ask()
    with pytest.raises(InvalidInputError):
        stage.approve(request, narrower=Extent(scopes=("users:write",), pages=(stage.page.id,), lifetime_days=90))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING
    assert stage.all(Approval) == []


class TestTwoApprovals:
    """Policy wants two owners."""

    @pytest.fixture
    def stage(self, desk: Desk) -> Stage:
        """People and a page, and two approvals for each request."""
        return set_stage(replace(desk, policy=replace(desk.policy, approvals_needed=2)))

    def test_the_first_counts_and_the_second_grants(self, stage: Stage) -> None:
        """One approval is progress that the card shows; the second makes the ticket."""
        request = stage.ask()
        assert stage.approve(request, OLIVIA).decision.outcome is Outcome.COUNTS
        assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING
        assert stage.all(Ticket) == []

        assert stage.approve(request, OMAR).decision.outcome is Outcome.GRANTS
        kept = stage.fresh(KeyRequest, request.id)
        assert kept.decided_by == f"member:{OMAR}"
        assert stage.see(MIA, partial(list_counted_approvers, request=kept)) == [OLIVIA, OMAR]
        assert stage.actions(request.id) == ["request.made", "request.approval", "request.approved"]

    def test_nobody_counts_twice(self, stage: Stage) -> None:
        """A second press of the same owner is refused, and one approval stays one."""
        request = stage.ask()
        stage.approve(request)
        with pytest.raises(ConflictError, match="approved this request already"):
            stage.approve(request)
        assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING

    def test_an_asking_owner_is_none_of_the_two(self, stage: Stage) -> None:
        """An owner who asks doesn't count as one of the approvals."""
        request = stage.ask(OLIVIA)
        with pytest.raises(NotAllowedError, match="another owner has to approve"):
            stage.approve(request, OLIVIA)
        stage.approve(request, OMAR)
        assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING

    def test_what_one_narrowed_is_what_the_other_approves(self, stage: Stage) -> None:
        """The second owner approves the narrowed request, is told so, and can't widen it again."""
        request = stage.ask()
        stage.approve(request, OLIVIA, narrower=Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=10))
        with pytest.raises(InvalidInputError):
            stage.approve(
                request,
                OMAR,
                narrower=Extent(scopes=("read", "components:write"), pages=(stage.page.id,), lifetime_days=90),
            )
        approved = stage.approve(request, OMAR, seen_version=request.version)
        assert approved.narrowed_meanwhile
        kept = stage.fresh(KeyRequest, request.id)
        assert (kept.granted_scopes, kept.granted_lifetime_days) == (["read"], 10)

    def test_progress_is_no_conflict(self, stage: Stage) -> None:
        """A card that was drawn before the first approval still approves, without further words."""
        request = stage.ask()
        stage.approve(request, OLIVIA, seen_version=request.version)
        approved = stage.approve(request, OMAR, seen_version=request.version)
        assert approved.decision.outcome is Outcome.GRANTS
        assert not approved.narrowed_meanwhile

    @both_databases
    def test_former_owners_do_not_count(self, stage: Stage) -> None:
        """An approval of somebody who is no owner any more has to be replaced by another. A request that was granted
        keeps those that granted it; what waits besides keeps all."""
        with stage.desk.database.write() as session:
            add_grant(session, INES, Role.OWNER, stage.desk.clock.now())
        request, waiting = stage.ask(), stage.ask(name="another")
        stage.approve(request, INES)
        stage.approve(waiting, INES)
        _end_grants(stage, INES)
        assert stage.approve(request, OLIVIA).decision.outcome is Outcome.COUNTS
        assert stage.approve(request, OMAR).decision.outcome is Outcome.GRANTS
        kept = {(approval.request_id, approval.approver_id) for approval in stage.all(Approval)}
        assert kept == {(request.id, OLIVIA), (request.id, OMAR), (waiting.id, INES)}

    def test_a_role_that_came_back_counts_again(self, stage: Stage) -> None:
        """Two approvals of which one did not count for a while grant when it does again, without another press: the
        requester is told by whose, and the card says so."""
        with stage.desk.database.write() as session:
            add_grant(session, INES, Role.OWNER, stage.desk.clock.now())
        request = stage.ask()
        stage.approve(request, INES)
        _end_grants(stage, INES)
        stage.approve(request, OLIVIA)
        assert stage.do(SWEEP, sweep_requests) == 0
        with stage.desk.database.write() as session:
            add_grant(session, INES, Role.OWNER, stage.desk.clock.now())
        assert stage.do(SWEEP, sweep_requests) == 1
        kept = stage.fresh(KeyRequest, request.id)
        assert kept.status == RequestStatus.APPROVED
        assert stage.see(MIA, partial(list_counted_approvers, request=kept)) == [INES, OLIVIA]
        assert [ticket.collector_id for ticket in stage.all(Ticket)] == [MIA]
        assert [note.conversation for note in stage.shown("request.decided")] == [MIA]
        assert stage.do(SWEEP, sweep_requests) == 0

    def test_fewer_are_asked_for_since(self, stage: Stage) -> None:
        """A lowered number grants what has it; where nobody approved yet, one press is enough."""
        approved, waiting = stage.ask(name="one"), stage.ask(name="other")
        stage.approve(approved)
        laxer = _with_policy(stage, approvals_needed=1)
        assert laxer.do(SWEEP, sweep_requests) == 2
        assert stage.fresh(KeyRequest, approved.id).status == RequestStatus.APPROVED
        assert stage.fresh(KeyRequest, waiting.id).approvals_needed == 1
        assert stage.actions(waiting.id) == ["request.made", "request.changed"]
        assert laxer.approve(waiting).decision.outcome is Outcome.GRANTS

    def test_who_approved_may_press_again_where_that_suffices_now(self, stage: Stage) -> None:
        """Pressing once more before the sweep looks grants with the approval that is there."""
        request = stage.ask()
        stage.approve(request)
        laxer = _with_policy(stage, approvals_needed=1)
        assert laxer.approve(request).decision.outcome is Outcome.GRANTS
        assert len(stage.all(Approval)) == 1

    @both_databases
    def test_whoever_may_not_hold_it_is_not_granted_it_by_the_way(self, stage: Stage) -> None:
        """Approvals that suffice grant nothing to somebody who may not hold such a key any more."""
        request = stage.ask()
        stage.approve(request)
        with stage.desk.database.write() as session:
            session.get_one(Member, MIA).is_guest = True
        _with_policy(stage, approvals_needed=1).do(SWEEP, sweep_requests)
        assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING
        assert stage.all(Ticket) == []


def test_more_are_asked_for_since(stage: Stage) -> None:
    """A raised number holds for what waits at once, and every copy of its card is drawn again."""
    request = stage.ask()
    stricter = _with_policy(stage, approvals_needed=2)
    assert stricter.approve(request).decision.outcome is Outcome.COUNTS
    waiting = stage.ask(name="other")
    assert stricter.do(SWEEP, sweep_requests) == 1
    assert stage.fresh(KeyRequest, waiting.id).approvals_needed == 2
    [changed] = [event for event in stage.all(AuditEvent) if event.action == "request.changed"]
    said = {"before": {"approvals_needed": 1}, "after": {"approvals_needed": 2}}
    assert (changed.subject_id, changed.data) == (waiting.id, said)
    assert stricter.approve(request, OMAR).decision.outcome is Outcome.GRANTS


def test_an_owner_may_answer_for_what_they_approve(stage: Stage) -> None:
    """Who answers for a key that somebody else asks for may approve it: who collects it is still another person."""
    request = stage.ask(MIA, holder_id=OLIVIA)
    assert stage.approve(request, OLIVIA).decision.outcome is Outcome.GRANTS


def test_an_owner_does_not_deny_but_withdraw_their_own(stage: Stage) -> None:
    """An owner's own request is withdrawn, not denied."""
    request = stage.ask(OLIVIA)
    with pytest.raises(NotAllowedError, match="withdraw"):
        stage.do(OLIVIA, partial(deny, request_id=request.id, reason="no"))


def test_the_only_owner_approves_their_own_request_where_policy_lets_them(stage: Stage) -> None:
    """The only owner's own approval is marked, recorded and announced; with a second owner it is refused."""
    lenient = _with_policy(stage, sole_owner_may_approve_own=True)
    request = lenient.ask(OLIVIA)
    with pytest.raises(NotAllowedError):
        lenient.approve(request, OLIVIA)
    _end_grants(stage, OMAR)

    assert lenient.approve(request, OLIVIA).decision.self_approved
    assert stage.fresh(KeyRequest, request.id).self_approved
    assert len(stage.shown("request.self_approved")) == 1
    event = [event for event in stage.all(AuditEvent) if event.action == "request.approved"]
    assert event[0].data["self_approved"] is True


def test_the_only_owner_waits_where_policy_does_not_let_them(stage: Stage) -> None:
    """Without that policy the only owner's own request stays waiting."""
    _end_grants(stage, OMAR)
    request = stage.ask(OLIVIA)
    with pytest.raises(NotAllowedError, match="nobody approves their own"):
        stage.approve(request, OLIVIA)


def test_who_may_not_hold_keys_any_more_is_granted_none(stage: Stage) -> None:
    """A request of somebody who became a guest can't be approved, but denied."""
    request = stage.ask()
    with stage.desk.database.write() as session:
        session.get_one(Member, MIA).is_guest = True
    with pytest.raises(ConflictError, match="Mia may not hold such a key any more"):
        stage.approve(request)
    stage.do(OLIVIA, partial(deny, request_id=request.id, reason="You are a guest now."))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.DENIED


def test_a_request_has_at_most_one_ticket(stage: Stage) -> None:
    """However often owners press, one request leads to one ticket."""
    request = stage.ask()
    stage.approve(request)
    for owner in (OLIVIA, OMAR):
        with pytest.raises(ConflictError):
            stage.approve(request, owner)
    assert len(stage.all(Ticket)) == 1
    assert stage.see(SWEEP, partial(find_ticket_of_request, request_id=request.id)) is not None
