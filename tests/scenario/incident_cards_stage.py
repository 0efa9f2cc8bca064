"""What stories about the cards of incidents have in common: a page whose channel is told, and who may publish."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from desk.incidents.announcements import DeliveryState, list_deliveries
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.policy import Policy
from desk.transaction import Actor
from sandbox.player import Json, text_of
from storage.models import (
    DraftKind,
    Incident,
    IncidentDraft,
    Page,
    Role,
    SecondPerson,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, add_component, add_grant
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario

STATUS = "C0STATUS01"
INES_, MAX_ = Actor.member(INES), Actor.member(MAX)
POLICY = Policy(
    owners_channel=OWNERS_CHANNEL, announcement_channel=STATUS, update_due_after_none=timedelta(minutes=30)
)
"""Incidents are announced in #status; whoever spoke last is reminded after 30 minutes."""


@dataclass(frozen=True, slots=True)
class Story:
    """The stage with a page, on which Ines and Max may publish."""

    scenario: Scenario
    page_id: str
    api: str
    """A component."""

    def open(self, who: Actor = INES_, **values: Any) -> Incident:
        """An incident, told to the channel."""
        new = NewIncident(**({"name": "Checkout errors", "body": "We are looking into it."} | values))
        return self.scenario.desk.write_now(who, partial(create_incident, page_id=self.page_id, new=new))

    def say(self, incident: Incident, who: Actor = INES_, **values: Any) -> None:
        """An update, a minute later."""
        self.scenario.clock.advance(minutes=1)
        change = IncidentChange(**values)
        self.scenario.desk.write_now(who, partial(update_incident, incident_id=incident.id, change=change))

    def hand_in(self, **values: Any) -> IncidentDraft:
        """A draft of Ines's that waits for a second person."""
        new = NewIncident(**({"name": "Checkout errors", "body": "We are looking into it."} | values))
        write = partial(write_draft, page_id=self.page_id, kind=DraftKind.INCIDENT, content=new)
        draft = self.scenario.desk.write_now(INES_, write)
        self.scenario.desk.write_now(INES_, partial(publish_draft, draft_id=draft.id))
        return draft

    def ask_second(self, rule: SecondPerson = SecondPerson.ALWAYS, **values: Any) -> None:
        """The page's rule of the second person, and other settings of it."""
        with self.scenario.database.write() as session:
            page = session.get_one(Page, self.page_id)
            page.second_person = rule
            for name, value in values.items():
                setattr(page, name, value)

    def channel(self) -> list[Json]:
        """What the bot shows in the channel itself, after delivery."""
        self.scenario.deliver()
        found = self.scenario.max.messages(STATUS)
        return [each for each in found if each.get("thread_ts", each["ts"]) == each["ts"]]

    def thread(self, head: Json) -> list[Json]:
        """The replies below a message."""
        return self.scenario.max.thread(STATUS, head["ts"])

    def draft(self, draft_id: str) -> IncidentDraft:
        """The draft as it is in the database."""
        with self.scenario.database.read() as session:
            return session.get_one(IncidentDraft, draft_id)

    def states(self, incident: Incident) -> list[DeliveryState]:
        """How far its announcements got."""
        read = partial(list_deliveries, incident_id=incident.id)
        return [delivery.state for delivery in self.scenario.desk.read_now(INES_, read)]


def set_story(scenario: Scenario) -> Story:
    """Ines and Max may publish on the page, which has one component."""
    with scenario.database.write() as session:
        page = session.query(Page).one()
        for user_id in (INES, MAX):
            add_grant(session, user_id, Role.INCIDENT_MANAGER, NOW, page_id=page.id)
        return Story(scenario, page.id, add_component(session, page, NOW, name="API").id)


def labels_of(message: Json) -> list[str]:
    """The labels of a message's buttons, in order."""
    return [
        text_of(element)
        for block in message["blocks"]
        for element in block.get("elements", [])
        if element.get("type") == "button"
    ]
