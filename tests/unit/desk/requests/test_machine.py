"""Requests and tickets under every order of events: what must hold holds after each step."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text

from desk.errors import KeydeskError
from desk.keys.collecting import mark_revealed, mint_for_ticket, return_unseen, sweep_tickets
from desk.keys.tickets import make_ticket, withdraw_tickets_of
from desk.policy import Policy
from desk.requests.approvals import approve, deny
from desk.requests.requests import sweep_requests, withdraw, withdraw_requests_of
from desk.requests.terms import Extent
from desk.transaction import Desk, Transaction
from storage.models import ApiKey, Approval, KeyRequest, KeyStatus, KeyUse, RequestStatus, Ticket, TicketStatus
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, add_use
from tests.machines import as_found
from tests.policies import policy_of
from tests.unit.desk.stage import SWEEP, Stage, set_stage

people = st.sampled_from([MIA, MAX, INES, OLIVIA, OMAR])
owners = st.sampled_from([OLIVIA, OMAR])
FINAL = {RequestStatus.DENIED, RequestStatus.WITHDRAWN, RequestStatus.EXPIRED, RequestStatus.APPROVED}


class RequestsAndTickets(RuleBasedStateMachine):
    """People ask, decide, collect, lose windows and wait, in any order."""

    new_stage: Callable[[Policy], Stage]

    def __init__(self) -> None:
        super().__init__()
        self.stage = type(self).new_stage(policy_of(approvals_needed=2, sole_owner_may_approve_own=True))
        assert isinstance(self.stage.desk.clock, HeldClock)
        self.clock = self.stage.desk.clock
        self.decided: dict[str, tuple[Any, ...]] = {}
        self.revealed: dict[str, Any] = {}

    def teardown(self) -> None:
        """Let the database go."""
        self.stage.desk.database.close()

    def _do(self, who: Any, work: Callable[[Transaction], Any]) -> Any:
        with suppress(KeydeskError):
            return self.stage.do(who, work)
        return None

    @initialize()
    def begin(self) -> None:
        """One request waits, one is approved, the key of a third is being shown, that of a fourth was seen."""
        for name in ("waiting", "approved", "shown", "seen"):
            request = self.stage.ask(name=name)
            if name != "waiting":
                self.approve_together(request.id)
            if name in {"shown", "seen"}:
                self.stage.mint(self._ticket_of(request))
        (seen,) = [key for key in self.stage.all(ApiKey) if key.name == "seen"]
        self.stage.do(MIA, partial(mark_revealed, key_id=seen.id))

    def _ticket_of(self, request: KeyRequest) -> Ticket:
        (ticket,) = [ticket for ticket in self.stage.all(Ticket) if ticket.request_id == request.id]
        return ticket

    def _any(self, data: st.DataObject, model: type[Any]) -> Any:
        # In order of making: ids are random, and the same draw must mean the same row each time.
        with self.stage.desk.database.read() as session:
            rows = session.scalars(select(model).order_by(text("rowid"))).all()
        return data.draw(st.sampled_from(rows))

    @rule(who=people, days=st.integers(1, 365))
    def ask(self, who: str, days: int) -> None:
        """Somebody asks."""
        self.stage.ask(who, lifetime_days=days)

    @rule(data=st.data(), owner=people, narrow=st.booleans())
    def approve(self, data: st.DataObject, owner: str, narrow: bool) -> None:
        """Somebody presses *Approve*."""
        extent = Extent(scopes=("read",), pages=(self.stage.page.id,), lifetime_days=1) if narrow else None
        self._do(owner, partial(approve, request_id=self._any(data, KeyRequest).id, narrower=extent))

    @rule(data=st.data())
    def approve_twice(self, data: st.DataObject) -> None:
        """Both owners press *Approve*."""
        self.approve_together(self._any(data, KeyRequest).id)

    def approve_together(self, request_id: str) -> None:
        """Both owners approve, if they may."""
        for owner in (OLIVIA, OMAR):
            self._do(owner, partial(approve, request_id=request_id))

    @rule(data=st.data(), owner=people)
    def deny(self, data: st.DataObject, owner: str) -> None:
        """Somebody presses *Deny*."""
        self._do(owner, partial(deny, request_id=self._any(data, KeyRequest).id, reason="no"))

    @rule(data=st.data(), who=people)
    def withdraw(self, data: st.DataObject, who: str) -> None:
        """Somebody presses *Withdraw*."""
        self._do(who, partial(withdraw, request_id=self._any(data, KeyRequest).id))

    @rule(data=st.data())
    def rotate(self, data: st.DataObject) -> None:
        """An owner rotates a key."""
        self._do(OLIVIA, partial(make_ticket, collector_id=MIA, predecessor_id=self._any(data, ApiKey).id))

    @rule(data=st.data(), stranger=st.none() | people)
    def collect(self, data: st.DataObject, stranger: str | None) -> None:
        """Who may, or anybody else, presses *Collect my key*."""
        ticket = self._any(data, Ticket)
        self._do(stranger or ticket.collector_id, partial(mint_for_ticket, ticket_id=ticket.id))

    @rule(data=st.data(), who=st.sampled_from([SWEEP, MIA, MAX]))
    def confirm(self, data: st.DataObject, who: Any) -> None:
        """A window showed the key, as somebody says."""
        self._do(who, partial(mark_revealed, key_id=self._any(data, ApiKey).id))

    @rule(data=st.data())
    def lose_window(self, data: st.DataObject) -> None:
        """No window showed the key."""
        self._do(SWEEP, partial(return_unseen, key_id=self._any(data, ApiKey).id))

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        """Somebody calls with a key that works."""
        key = self._any(data, ApiKey)
        if key.status != KeyStatus.ACTIVE or any(use.key_id == key.id for use in self.stage.all(KeyUse)):
            return
        with self.stage.desk.database.write() as session:
            add_use(session, session.get_one(ApiKey, key.id), reads=1)

    @rule(who=people)
    def leave(self, who: str) -> None:
        """Somebody's requests and tickets are withdrawn, as when they leave."""
        self._do(SWEEP, partial(withdraw_requests_of, user_id=who, reason="left"))
        self._do(SWEEP, partial(withdraw_tickets_of, user_id=who, reason="left"))

    @rule(hours=st.sampled_from([0, 1, 5, 30, 80, 200]), minutes=st.integers(0, 5))
    def wait(self, hours: int, minutes: int) -> None:
        """Time passes, and the sweep runs."""
        self.clock.advance(hours=hours, minutes=minutes)
        self._do(SWEEP, sweep_requests)
        self._do(SWEEP, sweep_tickets)

    @invariant()
    def decided_stays_decided(self) -> None:
        """What was decided never changes again: neither the outcome nor who, when and what was granted."""
        for request in self.stage.all(KeyRequest):
            if request.status not in FINAL:
                continue
            facts = (
                request.status,
                request.decided_by,
                request.decided_at,
                tuple(request.granted_scopes or ()),
                request.granted_lifetime_days,
            )
            assert self.decided.setdefault(request.id, facts) == facts

    @invariant()
    def no_key_without_two_owners(self) -> None:
        """Every key goes back to an approved request with two owners' approvals, neither of them the requester."""
        requests = {request.id: request for request in self.stage.all(KeyRequest)}
        approvals = self.stage.all(Approval)
        for key in self.stage.all(ApiKey):
            request = requests[str(key.request_id)]
            approvers = {approval.approver_id for approval in approvals if approval.request_id == request.id}
            assert request.status == RequestStatus.APPROVED
            assert len(approvers - {request.requester_id}) >= 2
            assert set(key.scopes) <= set(request.granted_scopes or ())
            assert set(request.granted_scopes or ()) <= set(request.scopes)

    @invariant()
    def never_two_live_keys_of_one_ticket(self) -> None:
        """A ticket has at most one key that is not void; it is collected exactly while it has one."""
        live = Counter(str(key.ticket_id) for key in self.stage.all(ApiKey) if key.voided_at is None)
        assert all(count == 1 for count in live.values())
        for ticket in self.stage.all(Ticket):
            assert (ticket.status == TicketStatus.COLLECTED) == (live[ticket.id] == 1)

    @invariant()
    def approved_requests_have_one_ticket(self) -> None:
        """One ticket for each approved request, none for any other."""
        tickets = Counter(str(ticket.request_id) for ticket in self.stage.all(Ticket) if ticket.request_id)
        for request in self.stage.all(KeyRequest):
            assert tickets[request.id] == int(request.status == RequestStatus.APPROVED)

    @invariant()
    def what_was_seen_is_never_void(self) -> None:
        """A key that was confirmed stays confirmed, and is never void; a void one does not work."""
        for key in self.stage.all(ApiKey):
            assert key.revealed_at is None or key.voided_at is None
            assert key.voided_at is None or key.status == KeyStatus.REVOKED
            if key.id in self.revealed:
                assert key.revealed_at == self.revealed[key.id]
            elif key.revealed_at is not None:
                self.revealed[key.id] = key.revealed_at


def test_requests_and_tickets_hold_their_promises(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever people do in whatever order, the promises of the desk hold after every step."""

    def new_stage(policy: Policy) -> Stage:
        url = copy_sqlite(sqlite_template, tmp_path_factory.mktemp("machine"))
        return set_stage(Desk(open_database(url), HeldClock(), policy))

    machine = type("Machine", (RequestsAndTickets,), {"new_stage": staticmethod(new_stage)})
    run_state_machine_as_test(machine, settings=as_found(lives=20))
