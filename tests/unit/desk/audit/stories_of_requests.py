"""What is recorded and told of requests and tickets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import update

from desk.audit.trail import Action
from desk.keys.changes import revoke_key
from desk.keys.collecting import mark_revealed, return_unseen, sweep_tickets
from desk.keys.questions import ask_holder
from desk.keys.rotation import begin_rotation
from desk.keys.sweep import sweep_keys
from desk.requests.approvals import approve, deny
from desk.requests.held_keys import HeldKey
from desk.requests.importing import import_keys
from desk.requests.requests import sweep_requests, withdraw
from desk.requests.terms import Extent
from storage.models import ApiKey, Grant, KeyRequest, Ticket
from tests.factories import MAX, MIA, OLIVIA, OMAR, add_key
from tests.unit.desk.audit.chronicle import CHANNEL, Event, Step, event, given, later, sent, story, under
from tests.unit.desk.stage import SWEEP, Stage

CARDS = sent("request.card", OLIVIA, OMAR) | sent("request.mine", MIA)
DECIDED = sent("request.decided", MIA)


def made(request: KeyRequest) -> Event:
    """Mia's usual request."""
    return event(
        MIA,
        Action.REQUEST_MADE,
        request.id,
        name="terraform prod",
        purpose="We automate the page.",
        scopes=["read", "components:write"],
        pages=request.pages,
        lifetime_days=90,
        holder_id=request.holder_id,
        approvals_needed=request.approvals_needed,
    )


def ticket_made(who: str, ticket: Ticket, collector: str = MIA) -> Event:
    """The ticket that somebody's approval or rotation made."""
    return event(
        who,
        Action.TICKET_MADE,
        ticket.id,
        collector_id=collector,
        request_id=ticket.request_id,
        predecessor_id=ticket.predecessor_id,
        expires_at=ticket.expires_at.isoformat(),
    )


def minted(ticket: Ticket, key: ApiKey) -> list[Event]:
    """What Mia's collecting records."""
    return [
        event(MIA, Action.TICKET_COLLECTED, ticket.id, key_id=key.id),
        event(
            MIA,
            Action.KEY_MINTED,
            key.id,
            name="terraform prod",
            scopes=key.scopes,
            pages=key.pages,
            holder_id=key.holder_id,
            expires_at=key.expires_at.isoformat(),
            ticket_id=ticket.id,
            predecessor_id=ticket.predecessor_id,
        ),
    ]


@story(Action.KEY_IMPORTED)
def an_owner_imports_a_key(stage: Stage) -> Iterator[Step]:
    """Somebody has it of Statuspage; nobody is found by the address."""
    row = HeldKey(key="89a229ce-1a8b-4e0e-8f4b-2f6f1f3c0a77", email="ida@acme.example", networks=("10.0.0.0/8",))
    [done] = stage.do(OLIVIA, partial(import_keys, rows=[row]))
    imported = event(
        OLIVIA,
        Action.KEY_IMPORTED,
        done.key.id,
        name="Key migrated from ida@acme.example",
        scopes=["read"],
        pages=None,
        networks=["10.0.0.0/8"],
        holder_id=None,
        expires_at=done.key.expires_at.isoformat(),
    )
    yield [imported], sent("key.imported", OLIVIA, OMAR)


@story(
    Action.REQUEST_MADE,
    Action.REQUEST_APPROVED,
    Action.TICKET_MADE,
    Action.TICKET_COLLECTED,
    Action.KEY_MINTED,
    Action.KEY_REVEALED,
)
def one_owner_approves_and_the_key_is_collected(stage: Stage) -> Iterator[Step]:
    """Mia asks for a key that Max will answer for, Olivia approves, Mia collects."""
    request = stage.ask(holder_id=MAX)
    yield [made(request)], CARDS
    stage.approve(request)
    [ticket] = stage.all(Ticket)
    approved = event(
        OLIVIA,
        Action.REQUEST_APPROVED,
        request.id,
        scopes=["read", "components:write"],
        pages=[stage.page.id],
        lifetime_days=90,
        approvals_needed=1,
        self_approved=False,
    )
    yield [approved, ticket_made(OLIVIA, ticket)], CARDS | DECIDED
    key, _ = stage.mint(ticket)
    yield minted(ticket, key), set()
    assert stage.do(MIA, partial(mark_revealed, key_id=key.id))
    revealed = event(MIA, Action.KEY_REVEALED, key.id, ticket_id=ticket.id)
    yield [revealed], CARDS | DECIDED | sent("request.holder_named", MAX)


@story(
    Action.REQUEST_MADE,
    Action.REQUEST_APPROVAL,
    Action.REQUEST_CHANGED,
    Action.REQUEST_APPROVED,
    Action.TICKET_MADE,
)
def two_owners_approve_and_one_of_them_narrows(stage: Stage) -> Iterator[Step]:
    """It needs two, and the first leaves less of it."""
    stage = under(stage, approvals_needed=2)
    request = stage.ask(pages=None)
    yield [made(request)], CARDS
    narrower = Extent(scopes=("read",), pages=(stage.page.id,), lifetime_days=30)
    stage.do(OLIVIA, partial(approve, request_id=request.id, narrower=narrower))
    after = {"scopes": ["read"], "pages": [stage.page.id], "lifetime_days": 30}
    before = {"scopes": ["read", "components:write"], "pages": None, "lifetime_days": 90}
    changed = event(OLIVIA, Action.REQUEST_CHANGED, request.id, before=before, after=after)
    yield [changed, event(OLIVIA, Action.REQUEST_APPROVAL, request.id, approvals_needed=2)], CARDS
    stage.approve(request, OMAR)
    [ticket] = stage.all(Ticket)
    approved = event(OMAR, Action.REQUEST_APPROVED, request.id, **after, approvals_needed=2, self_approved=False)
    yield [approved, ticket_made(OMAR, ticket)], CARDS | DECIDED


@story(Action.REQUEST_MADE, Action.REQUEST_APPROVED, Action.TICKET_MADE)
def the_only_owner_approves_their_own(stage: Stage) -> Iterator[Step]:
    """Where policy lets them, and it is said aloud in the owners' channel."""
    stage = under(stage, sole_owner_may_approve_own=True, owners_channel=CHANNEL)
    with stage.desk.database.write() as session:
        session.execute(update(Grant).where(Grant.subject_id == OMAR).values(ended_at=stage.desk.clock.now()))
    request = stage.ask(OLIVIA)
    cards = sent("request.card", CHANNEL) | sent("request.mine", OLIVIA)
    yield [replace(made(request), actor=f"member:{OLIVIA}")], cards
    stage.approve(request)
    [ticket] = stage.all(Ticket)
    approved = event(
        OLIVIA,
        Action.REQUEST_APPROVED,
        request.id,
        scopes=["read", "components:write"],
        pages=[stage.page.id],
        lifetime_days=90,
        approvals_needed=1,
        self_approved=True,
    )
    yield [approved, ticket_made(OLIVIA, ticket, collector=OLIVIA)], cards | sent("request.self_approved", CHANNEL)


@story(Action.REQUEST_MADE, Action.REQUEST_DENIED, Action.REQUEST_WITHDRAWN)
def requests_that_come_to_nothing(stage: Stage) -> Iterator[Step]:
    """One is denied with a reason, one taken back."""
    denied, taken_back = stage.ask(), stage.ask()
    yield [made(denied), made(taken_back)], CARDS
    stage.do(OMAR, partial(deny, request_id=denied.id, reason="Use the old one."))
    yield [event(OMAR, Action.REQUEST_DENIED, denied.id, reason="Use the old one.")], CARDS | DECIDED
    stage.do(MIA, partial(withdraw, request_id=taken_back.id))
    yield [event(MIA, Action.REQUEST_WITHDRAWN, taken_back.id, reason=None)], CARDS


@story(Action.REQUEST_MADE, Action.REQUEST_REMINDED, Action.REQUEST_EXPIRED)
def a_request_that_nobody_decides(stage: Stage) -> Iterator[Step]:
    """Owners are reminded of it twice, and in the end it expires on all of their cards."""
    request = stage.ask()
    yield [made(request)], CARDS
    for number, hours in ((1, 4), (2, 24)):
        later(stage, hours=hours)
        assert stage.do(SWEEP, sweep_requests) == 1
        reminded = event(SWEEP, Action.REQUEST_REMINDED, request.id, number=number)
        yield [reminded], sent("request.reminder", OLIVIA, OMAR)
    later(stage, days=7)
    assert stage.do(SWEEP, sweep_requests) == 1
    expired = event(SWEEP, Action.REQUEST_EXPIRED, request.id, reason=None)
    yield [expired], CARDS | DECIDED | sent("request.reminder", OLIVIA, OMAR)


@story(Action.TICKET_COLLECTED, Action.KEY_MINTED, Action.KEY_VOIDED, Action.TICKET_RETURNED, Action.TICKET_LAPSED)
def a_ticket_whose_key_reached_nobody(stage: Stage) -> Iterator[Step]:
    """The key is void, its collector is told so, and the ticket waits again until its time is over."""
    ticket = stage.ticket()
    yield None
    key, _ = stage.mint(ticket)
    yield minted(ticket, key), set()
    assert stage.do(MIA, partial(return_unseen, key_id=key.id))
    voided = event(MIA, Action.KEY_VOIDED, key.id, ticket_id=ticket.id, reason="Its secret was not seen to arrive.")
    returned = event(MIA, Action.TICKET_RETURNED, ticket.id, key_id=key.id)
    yield [voided, returned], CARDS | DECIDED | sent("ticket.void", MIA)
    later(stage, days=4)
    assert stage.do(SWEEP, sweep_tickets) == 1
    yield (
        [event(SWEEP, Action.TICKET_LAPSED, ticket.id, reason=None)],
        CARDS | DECIDED | sent("ticket.void", MIA) | sent("ticket.ended", MIA),
    )


@story(
    Action.TICKET_MADE,
    Action.TICKET_COLLECTED,
    Action.KEY_MINTED,
    Action.KEY_REVEALED,
    Action.KEY_ROTATED,
    Action.KEY_RETIRED,
)
def a_rotation(stage: Stage) -> Iterator[Step]:
    """Olivia rotates Mia's key; what shows the old one follows when she has the new one and when it ends."""
    old = given(stage, add_key)
    stage.do(OLIVIA, partial(ask_holder, key_id=old.id))
    yield None
    ticket = stage.do(OLIVIA, partial(begin_rotation, key_id=old.id))
    yield [ticket_made(OLIVIA, ticket)], sent("ticket.mine", MIA) | sent("key.ask", MIA)
    key, _ = stage.mint(ticket)
    yield minted(ticket, key), set()
    assert stage.do(MIA, partial(mark_revealed, key_id=key.id))
    retires_at = (stage.desk.clock.now() + timedelta(hours=24)).isoformat()
    revealed = event(MIA, Action.KEY_REVEALED, key.id, ticket_id=ticket.id)
    rotated = event(MIA, Action.KEY_ROTATED, old.id, successor_id=key.id, retires_at=retires_at)
    yield [revealed, rotated], sent("ticket.mine", MIA) | sent("key.ask", MIA)
    later(stage, hours=24)
    assert stage.do(SWEEP, sweep_keys) == 1
    retired = event(SWEEP, Action.KEY_RETIRED, old.id, name="terraform prod")
    yield [retired], sent("key.retired", MIA) | sent("key.ask", MIA) | sent("ticket.mine", MIA)


@story(Action.TICKET_CHANGED)
def a_rotation_with_another_grace(stage: Stage) -> Iterator[Step]:
    """Mia rotates again while it waits: the card says how long the old one works now; the same once more is none."""
    old = given(stage, add_key)
    ticket = stage.do(MIA, partial(begin_rotation, key_id=old.id))
    yield None
    stage.do(MIA, partial(begin_rotation, key_id=old.id, grace=timedelta(hours=1)))
    yield [event(MIA, Action.TICKET_CHANGED, ticket.id, before=86400, grace_seconds=3600)], sent("ticket.mine", MIA)
    stage.do(MIA, partial(begin_rotation, key_id=old.id, grace=timedelta(hours=1)))
    yield [], set()


@story(Action.KEY_VOIDED, Action.TICKET_WITHDRAWN)
def a_rotation_whose_window_was_lost_when_its_key_was_gone(stage: Stage) -> Iterator[Step]:
    """What reached nobody does not wait again for a key that was revoked meanwhile; its collector is told once."""
    old = given(stage, add_key)
    ticket = stage.do(MIA, partial(begin_rotation, key_id=old.id))
    key, _ = stage.mint(ticket)
    stage.do(OLIVIA, partial(revoke_key, key_id=old.id, reason="Leaked."))
    yield None
    assert stage.do(MIA, partial(return_unseen, key_id=key.id))
    voided = event(MIA, Action.KEY_VOIDED, key.id, ticket_id=ticket.id, reason="Its secret was not seen to arrive.")
    gone = event(MIA, Action.TICKET_WITHDRAWN, ticket.id, reason="The key that it was to follow was revoked.")
    yield [voided, gone], sent("ticket.mine", MIA) | sent("ticket.void", MIA)


@story(Action.KEY_REVOKED, Action.TICKET_WITHDRAWN)
def a_rotation_that_the_key_does_not_live_to_see(stage: Stage) -> Iterator[Step]:
    """What waits to be collected is taken back, with the reason."""
    old = given(stage, add_key)
    ticket = stage.do(MIA, partial(begin_rotation, key_id=old.id))
    yield None
    stage.do(MIA, partial(revoke_key, key_id=old.id, reason="Leaked."))
    why = "The key that it was to follow was revoked: Leaked."
    withdrawn = event(MIA, Action.TICKET_WITHDRAWN, ticket.id, reason=why)
    revoked = event(MIA, Action.KEY_REVOKED, old.id, name="terraform prod", reason="Leaked.", used_lately=False)
    yield [withdrawn, revoked], sent("ticket.mine", MIA) | sent("key.changed", OLIVIA, OMAR)
