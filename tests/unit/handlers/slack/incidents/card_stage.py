"""One page with components, people who may speak for it, and messages drawn from what the desk has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from desk.incidents.drafts.drafts import write_draft
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.slack.framework.blocks import Message
from handlers.slack.incidents import AREA
from sandbox.player import elements_of, text_of, words_of
from storage.models import (
    ComponentStatus,
    DraftKind,
    Incident,
    IncidentDraft,
    IncidentUpdate,
    Page,
    Role,
    SecondPerson,
    SlackMessage,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, OLIVIA, add_component, add_grant, add_member, add_owner, add_page
from tests.scenario.slack_checks import problems_of_message

T = TypeVar("T")
HOSTILE = "<!channel> <@U0EVIL0001> *b* _i_ `c` &lt; :boom: <#C0EVIL0001>"
DELIVERY = Actor.job(JobName.DELIVERY)


@dataclass(frozen=True, slots=True)
class CardStage:
    """A desk with an incident's people; Ines and Max may publish, Olivia owns."""

    desk: Desk
    page_id: str
    components: Mapping[str, str]
    """Names → ids."""

    def do(self, who: str | Actor, work: Callable[[Transaction], T]) -> T:
        """`work` in a write transaction of a member or another actor."""
        return self.desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)

    def open(self, who: str | Actor = INES, **values: Any) -> Incident:
        """An incident about which Ines said the first words, unless told otherwise."""
        new = NewIncident(**({"name": "Checkout errors", "body": "We are looking into it."} | values))
        return self.do(who, partial(create_incident, page_id=self.page_id, new=new))

    def say(self, incident: Incident, who: str | Actor = INES, **values: Any) -> IncidentUpdate:
        """An update."""
        said = self.do(who, partial(update_incident, incident_id=incident.id, change=IncidentChange(**values)))
        assert said is not None
        return said

    def states(self, **wanted: ComponentStatus) -> dict[str, ComponentStatus | None]:
        """States of components by name, as incidents take them."""
        return {self.components[name]: status for name, status in wanted.items()}

    def draft(self, incident: Incident | None = None, **values: Any) -> IncidentDraft:
        """A draft of Ines's: of a new incident or, given one, of its update."""
        if incident is None:
            content: Any = NewIncident(**({"name": "Checkout errors", "body": "We are looking into it."} | values))
            kind = DraftKind.INCIDENT
        else:
            content, kind = IncidentChange(**({"body": "Still looking."} | values)), DraftKind.UPDATE
        incident_id = incident.id if incident is not None else None
        return self.do(
            INES,
            lambda tx: write_draft(tx, page_id=self.page_id, kind=kind, content=content, incident_id=incident_id),
        )

    def rule(self, rule: SecondPerson, **values: Any) -> None:
        """The page's rule of the second person."""
        with self.desk.database.write() as session:
            page = session.get_one(Page, self.page_id)
            page.second_person = rule
            for name, value in values.items():
                setattr(page, name, value)

    def drawn(self, kind: str, subject_id: str, **values: Any) -> Message | None:
        """The message as it would go out now."""
        row: dict[str, Any] = {"facts": {}, "created_at": self.desk.clock.now(), "conversation": "C0"}
        card = SlackMessage(id="m", kind=kind, subject_id=subject_id, **(row | values))
        return self.desk.read_now(DELIVERY, lambda tx: dict(AREA.messages)[kind](tx, card))

    def says(self, kind: str, subject_id: str, **values: Any) -> str:
        """All its words, those of the notification first. Slack must be able to take it."""
        message = self.drawn(kind, subject_id, **values)
        assert message is not None
        return f"{message.text}\n{words_of({'blocks': message.blocks})}"

    def labels(self, kind: str, subject_id: str, **values: Any) -> list[str]:
        """The labels of its buttons."""
        message = self.drawn(kind, subject_id, **values)
        assert message is not None
        return [text_of(element) for _, element in elements_of(message.blocks) if element["type"] == "button"]


def problems(message: Message | None, incident: Incident) -> list[str]:
    """What Slack would object to, and what of people's text is alive; links to the incident's own page are ours."""
    assert message is not None
    found = problems_of_message(message.text, message.blocks)
    return [problem for problem in found if f"holds <{incident.shortlink}" not in problem]


def set_card_stage(desk: Desk, **page: Any) -> CardStage:
    """The page Acme: the group Europe with API, and Website and Checkout in no group."""
    with desk.database.write() as session:
        acme = add_page(session, NOW, **page)
        europe = add_component(session, acme, NOW, name="Europe", group=True, position=3)
        components = {
            "website": add_component(session, acme, NOW, name="Website", position=1).id,
            "checkout": add_component(session, acme, NOW, name="Checkout", position=2).id,
            "api": add_component(session, acme, NOW, name="API", group_id=europe.id, position=1).id,
        }
        add_owner(session, OLIVIA, NOW)
        for user_id in (INES, MAX):
            add_member(session, user_id, NOW)
            for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
                add_grant(session, user_id, role, NOW, page_id=acme.id)
        return CardStage(desk, acme.id, components)
