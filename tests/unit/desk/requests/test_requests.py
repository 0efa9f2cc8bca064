"""Asking for a key, withdrawing, expiring and reminding."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.requests.approvals import deny
from desk.requests.lookup import get_request, list_pending_requests, list_requests_of
from desk.requests.requests import get_askable, make_request, sweep_requests, withdraw, withdraw_requests_of
from desk.transaction import Actor, Desk
from storage.models import AuditEvent, Delivery, KeyRequest, RequestStatus, Role
from tests.clock import HeldClock
from tests.factories import GUS, MAX, MIA, OLIVIA, OMAR, add_grant, add_page
from tests.unit.desk.stage import SWEEP, Stage, set_stage


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _with_policy(stage: Stage, **values: Any) -> Stage:
    return Stage(replace(stage.desk, policy=replace(stage.desk.policy, **values)), stage.page)


def test_a_request_is_kept_shown_and_recorded(stage: Stage, clock: HeldClock) -> None:
    """A request is kept as it was asked, owners and the requester get its card, and one event records it."""
    request = stage.ask(name="  terraform   prod ", lifetime_days=30)

    kept = stage.fresh(KeyRequest, request.id)
    assert (kept.status, kept.requester_id, kept.holder_id) == (RequestStatus.PENDING, MIA, MIA)
    assert (kept.name, kept.scopes, kept.pages) == ("terraform prod", ["read", "components:write"], [stage.page.id])
    assert (kept.lifetime_days, kept.expires_at) == (30, clock.now() + timedelta(days=7))
    assert [card.conversation for card in stage.shown("request.card")] == [OLIVIA, OMAR]
    assert [card.conversation for card in stage.shown("request.mine")] == [MIA]
    assert stage.actions(request.id) == ["request.made"]


def test_requests_go_to_the_owners_channel_where_there_is_one(stage: Stage) -> None:
    """With an owners' channel the card goes there and to no owner's direct messages."""
    _with_policy(stage, owners_channel="C0OWNERS01").ask()
    assert [card.conversation for card in stage.shown("request.card")] == ["C0OWNERS01"]


def test_the_same_form_makes_one_request(stage: Stage) -> None:
    """Submitting the same opened form twice is one request and one event."""
    first, second = (
        stage.do(MIA, partial(make_request, asked=stage.asked(), client_token="form-1")) for _ in range(2)
    )
    assert first.id == second.id
    assert len(stage.all(KeyRequest)) == 1
    assert stage.actions(first.id) == ["request.made"]


def test_forms_opened_anew_make_requests_of_their_own(stage: Stage) -> None:
    """Two opened forms are two requests, even with the same content."""
    tokens = ("form-1", "form-2")
    requests = [stage.do(MIA, partial(make_request, asked=stage.asked(), client_token=token)) for token in tokens]
    assert requests[0].id != requests[1].id


def test_guests_are_told_whom_to_ask(stage: Stage) -> None:
    """Who has no role `integrator` may not ask, and is given the owners' names."""
    with pytest.raises(NotAllowedError) as refusal:
        stage.ask(GUS, holder_id=MIA)
    assert refusal.value.hint == "Ask an owner: Olivia, Omar."


def test_without_a_default_role_members_need_a_grant(stage: Stage) -> None:
    """Where full members get no role by default, only a grant of `integrator` lets them ask."""
    strict = _with_policy(stage, default_role=None)
    with pytest.raises(NotAllowedError):
        strict.ask()
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INTEGRATOR, stage.desk.clock.now())
    assert strict.ask().status == RequestStatus.PENDING


def test_a_grant_on_one_page_lets_ask_for_that_page_alone(stage: Stage) -> None:
    """An integrator of one page is refused others and all pages beside the field, and told which page is theirs."""
    with stage.desk.database.write() as session:
        other = add_page(session, stage.desk.clock.now(), name="Beta", subdomain="beta")
        add_grant(session, MIA, Role.INTEGRATOR, stage.desk.clock.now(), page_id=stage.page.id)
    strict = _with_policy(stage, default_role=None)

    assert [page.name for page in strict.see(MIA, get_askable).pages] == ["Acme"]
    assert strict.ask().status == RequestStatus.PENDING
    for pages in (None, (other.id,), (stage.page.id, other.id)):
        with pytest.raises(InvalidInputError, match="You may for: Acme") as refusal:
            strict.ask(pages=pages)
        assert refusal.value.field == "pages"


@pytest.mark.parametrize("holder", [GUS, "U0NOBODY01"])
def test_only_full_members_answer_for_keys(stage: Stage, holder: str) -> None:
    """A guest, or somebody whom the desk never met, can't answer for a key."""
    with pytest.raises(InvalidInputError) as refusal:
        stage.ask(holder_id=holder)
    assert refusal.value.field == "holder"


def test_whoever_answers_may_hold_it(stage: Stage) -> None:
    """Where keys are for integrators, nobody is named to answer for a key that they may not hold."""
    strict = _with_policy(stage, default_role=None)
    with stage.desk.database.write() as session:
        add_grant(session, MIA, Role.INTEGRATOR, stage.desk.clock.now())
    with pytest.raises(InvalidInputError) as refusal:
        strict.ask(MIA, holder_id=MAX)
    assert refusal.value.field == "holder"
    with stage.desk.database.write() as session:
        add_grant(session, MAX, Role.INTEGRATOR, stage.desk.clock.now(), page_id=stage.page.id)
    assert strict.ask(MIA, holder_id=MAX).holder_id == MAX


def test_a_page_that_is_gone_is_refused_beside_its_field(stage: Stage) -> None:
    """A page that does not exist can't be asked for."""
    with pytest.raises(InvalidInputError) as refusal:
        stage.ask(pages=("nosuchpage00",))
    assert refusal.value.field == "pages"


def test_an_operator_asks_in_the_name_of_a_member(stage: Stage) -> None:
    """Whoever is to collect has to be named, and be one of ours; they are told, and owners decide."""
    ann = Actor.operator("ann")
    for nobody in (None, GUS, "U0NOBODY01"):
        with pytest.raises(InvalidInputError) as refusal:
            stage.do(ann, partial(make_request, asked=stage.asked(), requester_id=nobody))
        assert refusal.value.field == "requester"
    request = stage.do(ann, partial(make_request, asked=stage.asked(), requester_id=MIA))
    assert (request.requester_id, [card.conversation for card in stage.shown("request.mine")]) == (MIA, [MIA])
    [made] = [event for event in stage.all(AuditEvent) if event.action == "request.made"]
    assert (made.actor, made.data["requester_id"]) == ("operator:ann", MIA)


def test_the_requester_withdraws(stage: Stage) -> None:
    """The requester takes a pending request back; it is decided by them and every copy is brought up to date."""
    request = stage.ask()
    before = len(stage.all(Delivery))
    stage.do(MIA, partial(withdraw, request_id=request.id))

    kept = stage.fresh(KeyRequest, request.id)
    assert (kept.status, kept.decided_by) == (RequestStatus.WITHDRAWN, f"member:{MIA}")
    assert len(stage.all(Delivery)) == before + 3
    assert stage.actions(request.id) == ["request.made", "request.withdrawn"]


def test_nobody_else_withdraws(stage: Stage) -> None:
    """Another member, or an owner, can't withdraw somebody's request."""
    request = stage.ask()
    for other in (MAX, OLIVIA):
        with pytest.raises(NotAllowedError):
            stage.do(other, partial(withdraw, request_id=request.id))
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING


def test_what_is_decided_cannot_be_withdrawn(stage: Stage, clock: HeldClock) -> None:
    """Withdrawing after a decision says who decided what, when and why."""
    request = stage.ask()
    stage.do(OMAR, partial(deny, request_id=request.id, reason="Use the other key."))
    clock.advance(seconds=2)
    with pytest.raises(ConflictError, match=r"Omar denied this 2 seconds ago. The reason: Use the other key."):
        stage.do(MIA, partial(withdraw, request_id=request.id))


def test_unknown_requests_are_not_found(stage: Stage) -> None:
    """A button of a request that does not exist gets a sentence that says so."""
    with pytest.raises(NotFoundError):
        stage.see(MIA, partial(get_request, request_id="nosuchreq000"))


def test_requests_of_a_leaver_are_withdrawn_with_the_reason(stage: Stage) -> None:
    """Only the leaver's pending requests are withdrawn; those of others and decided ones stay."""
    mine, decided, others = stage.ask(), stage.ask(name="old"), stage.ask(MAX)
    stage.do(OLIVIA, partial(deny, request_id=decided.id, reason="no"))

    assert stage.do(SWEEP, partial(withdraw_requests_of, user_id=MIA, reason="Mia left the workspace.")) == 1

    kept = stage.fresh(KeyRequest, mine.id)
    assert (kept.status, kept.decision_reason) == (RequestStatus.WITHDRAWN, "Mia left the workspace.")
    assert stage.fresh(KeyRequest, decided.id).status == RequestStatus.DENIED
    assert stage.fresh(KeyRequest, others.id).status == RequestStatus.PENDING


def test_requests_expire_once(stage: Stage, clock: HeldClock) -> None:
    """A request that nobody decided in time expires at the next sweep, once, and is pending until that instant."""
    request = stage.ask()
    clock.advance(days=7, seconds=-1)
    stage.do(SWEEP, sweep_requests)
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING

    clock.advance(seconds=1)
    assert stage.see(OLIVIA, list_pending_requests) == []
    assert stage.do(SWEEP, sweep_requests) == 1
    assert stage.do(SWEEP, sweep_requests) == 0
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.EXPIRED
    assert stage.actions(request.id)[-1] == "request.expired"


def test_owners_are_reminded_later_and_later(stage: Stage, clock: HeldClock) -> None:
    """Reminders go out after four hours, then eight and so on, in working time, each as a card of its own."""
    request = stage.ask()
    sent_at = []
    while stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING:
        clock.advance(hours=1)
        before = stage.fresh(KeyRequest, request.id).reminders_sent
        stage.do(SWEEP, sweep_requests)
        if stage.fresh(KeyRequest, request.id).reminders_sent > before:
            sent_at.append(clock.now().strftime("%a %H:%M"))

    # Eight hours after Monday 13:00 nobody works any more, nor 16 after Tuesday 09:00, nor 32 after Wednesday 09:00.
    assert sent_at == ["Mon 13:00", "Tue 09:00", "Wed 09:00", "Fri 09:00"]
    subjects = {card.subject_id for card in stage.shown("request.reminder")}
    assert subjects == {f"{request.id}:{number}" for number in range(1, 5)}


def test_no_reminder_comes_at_night_after_a_downtime(stage: Stage, clock: HeldClock) -> None:
    """What fell due while Keydesk was down goes out once, when people work again."""
    request = stage.ask()
    clock.advance(hours=14)
    stage.do(SWEEP, sweep_requests)
    assert stage.shown("request.reminder") == []
    clock.advance(hours=10)
    stage.do(SWEEP, sweep_requests)
    assert {card.subject_id for card in stage.shown("request.reminder")} == {f"{request.id}:1"}


def test_decided_requests_are_not_reminded_of(stage: Stage, clock: HeldClock) -> None:
    """After a decision no reminder goes out, however much time passes."""
    request = stage.ask()
    stage.do(OLIVIA, partial(deny, request_id=request.id, reason="no"))
    clock.advance(days=3)
    assert stage.do(SWEEP, sweep_requests) == 0
    assert stage.shown("request.reminder") == []


def test_requests_are_listed_newest_first_and_what_waits_oldest_first(stage: Stage, clock: HeldClock) -> None:
    """A person's list begins with the newest request, the owners' with the one that has waited longest."""
    first = stage.ask(name="first")
    clock.advance(minutes=1)
    second = stage.ask(name="second")
    assert [r.id for r in stage.see(MIA, partial(list_requests_of, user_id=MIA))] == [second.id, first.id]
    assert [r.id for r in stage.see(OLIVIA, list_pending_requests)] == [first.id, second.id]
