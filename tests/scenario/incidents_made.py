"""Incidents and maintenances that stories begin with, made by the desk rather than in Slack."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.transaction import Actor, Transaction
from storage.models import DraftKind, Incident, IncidentStatus
from tests.factories import INES, OLIVIA
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import Stage

INES_ = Actor.member(INES)


def open_incident(stage: Stage, name: str = "Checkout errors", body: str = "We look into it.", **values: Any) -> str:
    """An incident that Ines opens now; gives its id. `page_id` names another page, which takes an owner."""
    page_id = values.pop("page_id", stage.page_id)
    return _open(
        stage, page_id, NewIncident(name=name, body=body, **values), by=INES if page_id == stage.page_id else OLIVIA
    )


def _open(stage: Stage, page_id: str, new: NewIncident, *, by: str) -> str:
    return stage.scenario.desk.write_now(Actor.member(by), lambda tx: create_incident(tx, page_id, new).id)


def open_incidents(stage: Stage, names: Sequence[str], body: str = "We look into it.") -> list[str]:
    """Incidents that Ines opens a minute after each other; gives their ids."""

    def write(tx: Transaction) -> list[str]:
        laters = [replace(tx, now=tx.now + timedelta(minutes=number)) for number in range(len(names))]
        return [
            create_incident(later, stage.page_id, NewIncident(name=name, body=body)).id
            for later, name in zip(laters, names, strict=True)
        ]

    ids = stage.scenario.desk.write_now(INES_, write)
    stage.scenario.clock.advance(minutes=len(names))
    return ids


def say(stage: Stage, incident_id: str, body: str, **values: Any) -> None:
    """What Ines says a minute later."""
    stage.scenario.clock.advance(minutes=1)
    change = IncidentChange(body=body, **values)
    stage.scenario.desk.write_now(INES_, lambda tx: update_incident(tx, incident_id, change))


def say_often(stage: Stage, incident_id: str, bodies: Sequence[str]) -> None:
    """What Ines says, a minute after each other."""

    def write(tx: Transaction) -> None:
        for number, body in enumerate(bodies, 1):
            later = replace(tx, now=tx.now + timedelta(minutes=number))
            update_incident(later, incident_id, IncidentChange(body=body))

    stage.scenario.desk.write_now(INES_, write)
    stage.scenario.clock.advance(minutes=len(bodies))


def resolve(stage: Stage, incident_id: str) -> None:
    """It is over, says Ines a minute later."""
    say(stage, incident_id, "It works again.", status=IncidentStatus.RESOLVED)


def plan(stage: Stage, name: str = "Database upgrade", *, days: int = 1, **values: Any) -> str:
    """A maintenance of two hours, some days from now, planned by an owner; gives its id."""
    start = stage.scenario.clock.now() + timedelta(days=days)
    window = Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=2))
    page_id = values.pop("page_id", stage.page_id)
    return _open(stage, page_id, NewIncident(name=name, body="We upgrade.", schedule=window, **values), by=OLIVIA)


def draft_update(stage: Stage, incident_id: str, body: str, *, waits: bool = False) -> str:
    """An update that Ines drafts; where it `waits`, for a second person. Gives the draft's id."""

    def write(tx: Transaction) -> str:
        draft = write_draft(
            tx,
            page_id=stage.page_id,
            kind=DraftKind.UPDATE,
            content=IncidentChange(body=body),
            incident_id=incident_id,
        )
        if waits:
            publish_draft(tx, draft.id)
        return draft.id

    return stage.scenario.desk.write_now(INES_, write)


def stored_incident(scenario: Scenario, incident_id: str) -> Incident:
    """The incident as it is stored now."""
    with scenario.database.read() as session:
        return session.get_one(Incident, incident_id)
