"""Several people, or several threads, in the same instant: exactly one of them wins."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from desk.errors import ConflictError
from desk.keys.collecting import mark_revealed, mint_for_ticket, return_unseen, sweep_tickets
from desk.keys.tickets import make_ticket
from desk.requests.approvals import Approved, approve, deny
from desk.requests.decisions import Outcome
from desk.requests.requests import make_request, sweep_requests, withdraw
from desk.transaction import Desk, Transaction
from storage.models import ApiKey, Approval, AuditEvent, KeyRequest, KeyStatus, RequestStatus, Ticket, TicketStatus
from tests.clock import HeldClock
from tests.databases import url_on_both
from tests.factories import MIA, OLIVIA, OMAR
from tests.unit.desk.racing import race, somebody_waits
from tests.unit.desk.stage import SWEEP, Stage, set_stage

database_url = url_on_both

T = TypeVar("T")
ROUNDS = 5


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _at_once(*works: Callable[[], T]) -> list[T | ConflictError]:
    """Run all in threads that start together; gives what each returned, or the conflict that it met."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | ConflictError:
        barrier.wait(10)
        try:
            return work()
        except ConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(len(works)) as threads:
        return [future.result(30) for future in [threads.submit(run, work) for work in works]]


def _events(stage: Stage, *actions: str) -> int:
    return sum(event.action in actions for event in stage.all(AuditEvent))


def test_two_owners_pressing_different_buttons_decide_once(stage: Stage) -> None:
    """Approve against deny: one decision each time, and the other owner is told who was first."""
    for round_ in range(ROUNDS):
        request = stage.ask(name=f"round {round_}")
        results = _at_once(
            partial(stage.do, OLIVIA, partial(approve, request_id=request.id)),
            partial(stage.do, OMAR, partial(deny, request_id=request.id, reason="no")),
        )
        conflicts = [str(result) for result in results if isinstance(result, ConflictError)]
        kept = stage.fresh(KeyRequest, request.id)
        winner = "Olivia approved" if kept.status == RequestStatus.APPROVED else "Omar denied"
        assert len(conflicts) == 1
        assert conflicts[0].startswith(f"{winner} this just now.")
        assert len([ticket for ticket in stage.all(Ticket) if ticket.request_id == request.id]) == (
            1 if kept.status == RequestStatus.APPROVED else 0
        )
    assert _events(stage, "request.approved", "request.denied") == ROUNDS


def test_ten_presses_of_approve_are_one_approval(stage: Stage) -> None:
    """One owner's finger on the button ten times makes one ticket."""
    request = stage.ask()
    results = _at_once(*[partial(stage.do, OLIVIA, partial(approve, request_id=request.id))] * 10)
    assert sum(isinstance(result, ConflictError) for result in results) == 9
    assert len(stage.all(Ticket)) == 1


def test_the_last_two_approvals_at_once_grant(stage: Stage) -> None:
    """Where two are needed and both owners press in the same instant, one counts and one grants: never neither."""
    two = Stage(replace(stage.desk, policy=replace(stage.desk.policy, approvals_needed=2)), stage.page)
    for round_ in range(ROUNDS):
        request = two.ask(name=f"round {round_}")
        results = _at_once(
            *(partial(two.do, owner, partial(approve, request_id=request.id)) for owner in (OLIVIA, OMAR))
        )
        outcomes = {result.decision.outcome for result in results if isinstance(result, Approved)}
        assert outcomes == {Outcome.COUNTS, Outcome.GRANTS}
        assert two.fresh(KeyRequest, request.id).status == RequestStatus.APPROVED


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_second_of_two_approvals_sees_the_first(stage: Stage) -> None:
    """It waits for it and grants, however close they come."""
    two = Stage(replace(stage.desk, policy=replace(stage.desk.policy, approvals_needed=2)), stage.page)
    press = partial(approve, request_id=two.ask().id)
    first, second = race(two.desk, (OLIVIA, press), (OMAR, press))
    assert (first.decision.outcome, second.decision.outcome) == (Outcome.COUNTS, Outcome.GRANTS)


def test_withdrawing_against_approving_ends_one_way(stage: Stage) -> None:
    """The requester withdraws while an owner approves: one of them wins, and only an approval makes a ticket."""
    for round_ in range(ROUNDS):
        request = stage.ask(name=f"round {round_}")
        results = _at_once(
            partial(stage.do, MIA, partial(withdraw, request_id=request.id)),
            partial(stage.do, OLIVIA, partial(approve, request_id=request.id)),
        )
        assert sum(isinstance(result, ConflictError) for result in results) == 1
        approved = stage.fresh(KeyRequest, request.id).status == RequestStatus.APPROVED
        assert len([ticket for ticket in stage.all(Ticket) if ticket.request_id == request.id]) == int(approved)


def test_one_form_sent_five_times_at_once_is_one_request(stage: Stage) -> None:
    """A form that arrives five times in the same instant makes one request, and nobody sees an error."""
    work = partial(make_request, asked=stage.asked(), client_token="form-1")
    results = _at_once(*[partial(stage.do, MIA, work)] * 5)
    assert {result.id for result in results if isinstance(result, KeyRequest)} == {stage.all(KeyRequest)[0].id}
    assert _events(stage, "request.made") == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_sweep_that_grants_holds_up_no_other_request(desk: Desk) -> None:
    """While what has its approvals by now is granted, whoever decides on another has it in hand at once."""
    strict = set_stage(replace(desk, policy=replace(desk.policy, approvals_needed=2)))
    enough, other = strict.ask(), strict.ask(name="other")
    strict.approve(enough, OLIVIA)
    with desk.database.write() as session:
        session.add(Approval(request_id=enough.id, approver_id=OMAR, created_at=desk.clock.now()))

    def take(tx: Transaction) -> KeyRequest:
        return tx.session.get_one(KeyRequest, other.id, with_for_update=True)

    def nobody_waits(_: Transaction) -> None:
        assert not somebody_waits(strict.desk)

    assert race(strict.desk, (SWEEP, sweep_requests), (OLIVIA, take), then=nobody_waits)[0] == 1


def test_ten_collects_of_one_ticket_make_one_key(stage: Stage) -> None:
    """Of ten collections at once one gets the key; the nine others are told that it was collected."""
    ticket = stage.ticket()
    results = _at_once(*[partial(stage.do, MIA, partial(mint_for_ticket, ticket_id=ticket.id))] * 10)
    conflicts = [str(result) for result in results if isinstance(result, ConflictError)]
    assert len(conflicts) == 9
    assert all(conflict.startswith("You collected this key just now.") for conflict in conflicts)
    assert len(stage.all(ApiKey)) == 1
    assert _events(stage, "key.minted") == 1


def test_seen_against_unseen_ends_one_way(stage: Stage) -> None:
    """Confirming a key while it is being returned: it is live and confirmed, or void and its ticket waits."""
    for round_ in range(ROUNDS):
        ticket = stage.ticket(name=f"round {round_}")
        key, _ = stage.mint(ticket)
        seen, returned = _at_once(
            partial(stage.do, MIA, partial(mark_revealed, key_id=key.id)),
            partial(stage.do, SWEEP, partial(return_unseen, key_id=key.id)),
        )
        assert {seen, returned} == {True, False}
        kept, after = stage.fresh(ApiKey, key.id), stage.fresh(Ticket, ticket.id)
        assert (kept.status == KeyStatus.ACTIVE) == bool(seen) == (kept.revealed_at is not None)
        assert after.status == (TicketStatus.COLLECTED if seen else TicketStatus.WAITING)


def test_two_rotations_of_one_key_at_once_are_one(stage: Stage) -> None:
    """Two owners rotating the same key in the same instant make one ticket."""
    key, _ = stage.mint(stage.ticket())
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    results = _at_once(
        *(
            partial(stage.do, owner, partial(make_ticket, collector_id=MIA, predecessor_id=key.id))
            for owner in (OLIVIA, OMAR)
        )
    )
    assert sum(isinstance(result, ConflictError) for result in results) == 1
    assert len([ticket for ticket in stage.all(Ticket) if ticket.predecessor_id == key.id]) == 1


def test_sweeps_of_several_replicas_do_everything_once(stage: Stage, clock: HeldClock) -> None:
    """Three replicas sweep at once: requests expire once, tickets lapse once, unseen keys become void once."""
    for number in range(4):
        stage.ask(name=f"request {number}")
    unseen = [stage.mint(stage.ticket(name=f"unseen {number}"))[0] for number in range(4)]
    clock.advance(minutes=3)
    _at_once(*[partial(stage.do, SWEEP, sweep_tickets)] * 3)
    assert _events(stage, "key.voided") == len(unseen)
    clock.advance(days=8)
    _at_once(*[partial(stage.do, SWEEP, sweep_requests)] * 3, *[partial(stage.do, SWEEP, sweep_tickets)] * 3)
    assert _events(stage, "request.expired") == 4
    assert _events(stage, "ticket.lapsed") == 4


def test_decisions_during_sweeps_neither_hang_nor_double(stage: Stage, clock: HeldClock) -> None:
    """Owners decide while replicas remind: nobody waits for a deadlock, and each request is decided once."""
    requests = [stage.ask(name=f"request {number}") for number in range(6)]
    clock.advance(hours=5)
    _at_once(
        *(partial(stage.do, OLIVIA, partial(approve, request_id=request.id)) for request in requests),
        *[partial(stage.do, SWEEP, sweep_requests)] * 3,
    )
    assert {stage.fresh(KeyRequest, request.id).status for request in requests} == {RequestStatus.APPROVED}
    assert len(stage.all(Ticket)) == 6
