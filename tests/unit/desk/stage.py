"""A small organization for tests of requests and tickets: one page, two owners, three members, a guest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import select

from desk.keys.collecting import mint_for_ticket
from desk.keys.tickets import find_ticket_of_request
from desk.requests.approvals import Approved, approve
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.secret import Secret
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import ApiKey, AuditEvent, KeyRequest, Page, Scope, SlackMessage, Ticket
from tests.factories import GUS, INES, MAX, MIA, OLIVIA, OMAR, add_member, add_owner, add_page

T = TypeVar("T")
SWEEP = Actor.job(JobName.SWEEP)


@dataclass(frozen=True, slots=True)
class Stage:
    """A desk with people on it. `do` and `see` run one function in one transaction, as somebody."""

    desk: Desk
    page: Page

    def do(self, who: str | Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in a write transaction of a member or another actor."""
        return self.desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)

    def see(self, who: str | Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in a read transaction of a member or another actor."""
        return self.desk.read_now(Actor.member(who) if isinstance(who, str) else who, work)

    def asked(self, **values: Any) -> Asked:
        """Mia's usual request, unless told otherwise."""
        defaults: dict[str, Any] = {
            "name": "terraform prod",
            "purpose": "We automate the page.",
            "scopes": (Scope.READ, Scope.COMPONENTS_WRITE),
            "pages": (self.page.id,),
            "lifetime_days": 90,
            "holder_id": MIA,
        }
        return Asked(**(defaults | values))

    def ask(self, who: str = MIA, **values: Any) -> KeyRequest:
        """A request that was made just now."""
        return self.do(who, partial(make_request, asked=self.asked(**({"holder_id": who} | values))))

    def approve(self, request: KeyRequest, who: str = OLIVIA, **values: Any) -> Approved:
        """An owner's approval."""
        return self.do(who, partial(approve, request_id=request.id, **values))

    def ticket(self, who: str = MIA, **values: Any) -> Ticket:
        """A ticket that waits for whoever asked."""
        request = self.ask(who, **values)
        self.approve(request)
        ticket = self.see(OLIVIA, partial(find_ticket_of_request, request_id=request.id))
        assert ticket is not None
        return ticket

    def mint(self, ticket: Ticket, who: str = MIA) -> tuple[ApiKey, Secret]:
        """The ticket's key, just made and not yet revealed."""
        return self.do(who, partial(mint_for_ticket, ticket_id=ticket.id))

    def fresh(self, model: type[T], row_id: str) -> T:
        """A row as it is in the database now."""
        with self.desk.database.read() as session:
            return session.get_one(model, row_id)

    def all(self, model: type[T]) -> Sequence[T]:
        """Every row of a table."""
        with self.desk.database.read() as session:
            return session.scalars(select(model)).all()

    def actions(self, subject_id: str) -> list[str]:
        """What was recorded of a subject, in order."""
        with self.desk.database.read() as session:
            events = select(AuditEvent.action).where(AuditEvent.subject_id == subject_id).order_by(AuditEvent.seq)
            return list(session.scalars(events))

    def shown(self, kind: str) -> list[SlackMessage]:
        """Messages of a kind that were sent or are on their way, in order of conversation."""
        with self.desk.database.read() as session:
            cards = select(SlackMessage).where(SlackMessage.kind == kind).order_by(SlackMessage.conversation)
            return list(session.scalars(cards))


def set_stage(desk: Desk) -> Stage:
    """Olivia and Omar are owners, Mia, Max and Ines members, Gus is a guest; the page is Acme."""
    with desk.database.write() as session:
        page = add_page(session, desk.clock.now())
        for owner, name in ((OLIVIA, "Olivia"), (OMAR, "Omar")):
            add_owner(session, owner, desk.clock.now(), name=name)
        for member, name in ((MIA, "Mia"), (MAX, "Max"), (INES, "Ines")):
            add_member(session, member, desk.clock.now(), name=name)
        add_member(session, GUS, desk.clock.now(), name="Gus", is_guest=True)
    return Stage(desk, page)
