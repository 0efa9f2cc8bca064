"""Requests, tickets and keys: asked for, decided, collected, used, changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.keys.changes import extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.collecting import mark_revealed, mint_for_ticket, return_unseen
from desk.keys.questions import ask_for_extension, ask_holder, decline_extension, keep_key
from desk.keys.suspended_use import tell_of_suspended_use
from desk.keys.uses import SuspendedUse, note_uses
from desk.requests.approvals import approve, deny
from desk.requests.requests import make_request, withdraw
from desk.requests.takeovers import rotate_or_ask
from desk.requests.terms import Asked
from desk.transaction import Actor, JobName
from storage.models import ApiKey, KeyRequest, KeyStatus, RequestStatus, Scope, Ticket, TicketStatus
from storage.uses import UseMark
from tests.factories import MAX, MIA, OLIVIA, OMAR
from tests.model.house import SWEEP, House, owners_mostly, people

KEY_CHECK = Actor.job(JobName.KEY_CHECK)
days = st.sampled_from([1, 10, 40, 100, 300])
hours = st.sampled_from([0, 24, 200])


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done with a key, by its name and what is chosen with it."""

    name: str
    chosen: Any
    of: Callable[[datetime], Callable[..., object]] = field(repr=False)
    """The function of the desk, at an instant; it takes the key's id."""


def _act(name: str, chosen: Any, work: Callable[..., object], **given: Any) -> Act:
    return Act(name, chosen, lambda _now: partial(work, **given))


def _until(name: str, lasts: int, work: Callable[..., object], **given: Any) -> Act:
    return Act(name, lasts, lambda now: partial(work, until=now + timedelta(days=lasts), **given))


# What ends a key is rarer than what goes on with it.
acts = st.lists(
    st.one_of(
        hours.map(lambda grace: _act("rotate", grace, rotate_or_ask, grace=timedelta(hours=grace))),
        hours.map(lambda grace: _act("rotate", grace, rotate_or_ask, grace=timedelta(hours=grace))),
        people.map(lambda to: _act("transfer", to, transfer_key, to_user_id=to)),
        days.map(lambda lasts: _until("extend", lasts, extend_key)),
        days.map(lambda lasts: _until("ask for more time", lasts, ask_for_extension, reason="Not done.")),
        days.map(lambda lasts: _until("keep", lasts, keep_key, reason="Needed.")),
        st.integers(1, 99).map(
            lambda number: Act("rename", number, lambda _: partial(rename_key, name=f"n{number}"))
        ),
        st.just(_act("decline more time", None, decline_extension, reason="It is enough.")),
        st.just(_act("ask whether it is needed", None, ask_holder)),
        st.sampled_from(
            [
                _act("suspend", None, suspend_key, reason="Why not."),
                _act("restore", None, restore_key),
                _act("revoke", None, revoke_key, reason="Why not."),
            ]
        ),
    ),
    min_size=1,
    max_size=3,
)


class RulesOfKeys(RuleBasedStateMachine):
    """The life of keys. Often whoever may does it, sometimes anybody tries."""

    house: House

    def all_holds(self) -> None:
        """What must hold after each act."""

    def begin_with_keys(self) -> None:
        """One request waits for the second of its approvals, three keys were collected: long ago, and just now."""
        for name, lifetime in (("old", 300), ("older", 40), ("new", 100), ("asked", 10)):
            self.ask(MIA if name != "older" else MAX, None, lifetime, False)
            [*_, request] = self.house.rows(KeyRequest)
            approvers = (OLIVIA,) if name == "asked" else (OLIVIA, OMAR)
            for who in approvers:
                self.house.act(who, partial(approve, request_id=request.id))
            for ticket in self.house.rows(Ticket, Ticket.status == TicketStatus.WAITING):
                self._collect(ticket, None, arrives=True)
            if name == "older":
                self.house.pass_time(timedelta(days=20))

    @rule(who=people, holder=st.none() | people, lifetime=days, everywhere=st.booleans())
    def ask(self, who: str, holder: str | None, lifetime: int, everywhere: bool) -> None:
        """Somebody asks for a key."""
        asked = Asked(
            name=self.house.word("key"),
            purpose="We automate.",
            scopes=(Scope.READ, Scope.INCIDENTS_WRITE),
            pages=None if everywhere else (self.house.page,),
            lifetime_days=lifetime,
            holder_id=holder or who,
        )
        self.house.act(who, partial(make_request, asked=asked))

    @rule(data=st.data(), who=people, grace=hours)
    def ask_in_its_place(self, data: st.DataObject, who: str, grace: int) -> None:
        """Somebody asks for a key that takes the place of another one."""
        key = self.house.any(data, ApiKey, ApiKey.status != KeyStatus.REVOKED)
        if key is not None:
            asked = Asked(
                name=self.house.word("key"),
                purpose="We took that over.",
                scopes=(Scope.READ,),
                pages=(self.house.page,),
                lifetime_days=40,
                holder_id=who,
                replaces_id=key.id,
                grace=timedelta(hours=grace),
            )
            self.house.act(who, partial(make_request, asked=asked))

    @rule(data=st.data(), approvers=st.lists(owners_mostly, min_size=1, max_size=3))
    def approve(self, data: st.DataObject, approvers: list[str]) -> None:
        """Some press *Approve*."""
        request = self.house.any(data, KeyRequest, KeyRequest.status == RequestStatus.PENDING)
        for who in approvers if request else ():
            self.house.act(who, partial(approve, request_id=request.id if request else ""))

    @rule(data=st.data(), who=owners_mostly, says_no=st.booleans())
    def decline(self, data: st.DataObject, who: str, says_no: bool) -> None:
        """Somebody presses *Deny* or *Withdraw*."""
        request = self.house.any(data, KeyRequest)
        if request is not None:
            work = partial(deny, reason="No.") if says_no else withdraw
            self.house.act(who, partial(work, request_id=request.id))

    @rule(data=st.data(), stranger=st.none() | people, arrives=st.sampled_from([True, False, None]))
    def collect(self, data: st.DataObject, stranger: str | None, arrives: bool | None) -> None:
        """Who may, or anybody else, presses *Collect my key*; the window opens or is lost, or nobody says which."""
        ticket = self.house.any(data, Ticket, Ticket.status == TicketStatus.WAITING)
        if ticket is not None:
            self._collect(ticket, stranger, arrives=arrives)

    def _collect(self, ticket: Ticket, stranger: str | None, *, arrives: bool | None) -> None:
        minted = self.house.act(stranger or ticket.collector_id, partial(mint_for_ticket, ticket_id=ticket.id))
        if minted is not None and arrives is not None:
            key, _ = minted
            self.house.act(SWEEP, partial(mark_revealed if arrives else return_unseen, key_id=key.id))

    @rule(data=st.data(), who=st.none() | owners_mostly, acts=acts)
    def change(self, data: st.DataObject, who: str | None, acts: list[Act]) -> None:
        """The holder, an owner or anybody else does something with a key, and perhaps more."""
        self._change(data, who, acts)

    @rule(data=st.data(), acts=acts)
    def change_as_its_holder(self, data: st.DataObject, acts: list[Act]) -> None:
        """The same, by whoever answers for it."""
        self._change(data, None, acts)

    @rule(data=st.data(), who=st.sampled_from([OLIVIA, OMAR]), acts=acts)
    def change_as_an_owner(self, data: st.DataObject, who: str, acts: list[Act]) -> None:
        """The same, by an owner as long as that one is."""
        self._change(data, who, acts)

    def _change(self, data: st.DataObject, who: str | None, acts: list[Act]) -> None:
        key = self.house.any(data, ApiKey, ApiKey.voided_at.is_(None))
        for act in acts if key is not None else ():
            assert key is not None
            self.house.act(who or str(key.holder_id), partial(act.of(self.house.clock.now()), key_id=key.id))
            self.all_holds()

    @rule(data=st.data(), arrives=st.booleans())
    def settle(self, data: st.DataObject, arrives: bool) -> None:
        """It turns out whether a window that was open for a while had opened."""
        unseen = (ApiKey.revealed_at.is_(None), ApiKey.voided_at.is_(None), ApiKey.ticket_id.is_not(None))
        key = self.house.any(data, ApiKey, *unseen)
        if key is not None:
            self.house.act(SWEEP, partial(mark_revealed if arrives else return_unseen, key_id=key.id))

    @rule(data=st.data())
    def use(self, data: st.DataObject) -> None:
        """A client calls with a key; while that is suspended it is turned away."""
        key = self.house.any(data, ApiKey, ApiKey.status != KeyStatus.REVOKED)
        if key is None:
            return
        now = self.house.clock.now()
        if key.status == KeyStatus.SUSPENDED or key.expires_at <= now:
            mark = UseMark(key.id, now.date(), refused=1, last_refused_at=now)
        else:
            mark = UseMark(key.id, now.date(), reads=1, first_used_at=now, last_used_at=now, last_read_at=now)
        self.house.act(KEY_CHECK, partial(note_uses, marks=[mark]))
        if key.status == KeyStatus.SUSPENDED:
            knock = SuspendedUse(key.id, key.version, now, "10.0.0.1", "curl")
            self.house.act(KEY_CHECK, partial(tell_of_suspended_use, use=knock))
