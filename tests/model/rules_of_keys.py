"""Requests, tickets and keys: asked for, decided, collected, used, changed."""

from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from desk.keys.changes import extend_key, restore_key, revoke_key, suspend_key, transfer_key
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


class RulesOfKeys(RuleBasedStateMachine):
    """The life of keys. Often whoever may does it, sometimes anybody tries."""

    house: House

    @initialize()
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

    @rule(data=st.data(), stranger=st.none() | people, arrives=st.booleans())
    def collect(self, data: st.DataObject, stranger: str | None, arrives: bool) -> None:
        """Who may, or anybody else, presses *Collect my key*; the window opens or is lost."""
        ticket = self.house.any(data, Ticket, Ticket.status == TicketStatus.WAITING)
        if ticket is not None:
            self._collect(ticket, stranger, arrives=arrives)

    def _collect(self, ticket: Ticket, stranger: str | None, *, arrives: bool) -> None:
        minted = self.house.act(stranger or ticket.collector_id, partial(mint_for_ticket, ticket_id=ticket.id))
        if minted is not None:
            key, _ = minted
            self.house.act(SWEEP, partial(mark_revealed if arrives else return_unseen, key_id=key.id))

    def _key(self, data: st.DataObject) -> ApiKey | None:
        return self.house.any(data, ApiKey, ApiKey.voided_at.is_(None))

    @rule(data=st.data(), who=st.none() | owners_mostly, graces=st.lists(hours, min_size=1, max_size=2))
    def rotate(self, data: st.DataObject, who: str | None, graces: list[int]) -> None:
        """Its holder, or anybody else, rotates a key, and perhaps again for another grace period."""
        key = self._key(data)
        for grace in graces if key is not None else ():
            assert key is not None
            work = partial(rotate_or_ask, key_id=key.id, grace=timedelta(hours=grace))
            self.house.act(who or str(key.holder_id), work)

    @rule(
        data=st.data(), who=st.none() | owners_mostly, change=st.sampled_from([suspend_key, restore_key, revoke_key])
    )
    def change(self, data: st.DataObject, who: str | None, change: object) -> None:
        """Its holder, or anybody else, suspends, restores or revokes a key."""
        key = self._key(data)
        if key is None:
            return
        actor = who or str(key.holder_id)
        if change is restore_key:
            self.house.act(actor, partial(restore_key, key_id=key.id))
        else:
            end = suspend_key if change is suspend_key else revoke_key
            self.house.act(actor, partial(end, key_id=key.id, reason="Why not."))

    @rule(data=st.data(), who=owners_mostly, to=people)
    def transfer(self, data: st.DataObject, who: str, to: str) -> None:
        """Somebody makes somebody answer for a key."""
        key = self._key(data)
        if key is not None:
            self.house.act(who, partial(transfer_key, key_id=key.id, to_user_id=to))

    @rule(data=st.data(), who=st.none() | owners_mostly, lasts=days, asks=st.booleans())
    def want_more_time(self, data: st.DataObject, who: str | None, lasts: int, asks: bool) -> None:
        """Somebody extends a key, or asks for that."""
        key = self._key(data)
        if key is not None:
            until = self.house.clock.now() + timedelta(days=lasts)
            work = partial(ask_for_extension, reason="Not done.") if asks else extend_key
            self.house.act(who or str(key.holder_id), partial(work, key_id=key.id, until=until))

    @rule(data=st.data(), who=owners_mostly)
    def decline_more_time(self, data: st.DataObject, who: str) -> None:
        """Somebody declines a wish for more time."""
        key = self._key(data)
        if key is not None:
            self.house.act(who, partial(decline_extension, key_id=key.id, reason="It is enough."))

    @rule(data=st.data(), who=st.none() | owners_mostly, lasts=days)
    def keep(self, data: st.DataObject, who: str | None, lasts: int) -> None:
        """Somebody says that a key is to be left alone for a while."""
        key = self._key(data)
        if key is not None:
            until = self.house.clock.now() + timedelta(days=lasts)
            self.house.act(who or str(key.holder_id), partial(keep_key, key_id=key.id, until=until, reason="Needed."))

    @rule(data=st.data(), who=owners_mostly)
    def ask_whether_needed(self, data: st.DataObject, who: str) -> None:
        """Somebody asks the holder whether a key is needed."""
        key = self._key(data)
        if key is not None:
            self.house.act(who, partial(ask_holder, key_id=key.id))

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
