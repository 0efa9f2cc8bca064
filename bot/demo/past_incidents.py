"""A past for the demo's page: incidents, a postmortem and maintenances of the last weeks, and one that is planned."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.transaction import Transaction
from storage.models import (
    Backend,
    Component,
    ComponentStatus,
    ComponentStatusChange,
    Incident,
    IncidentStatus,
    Page,
)

PAGE = "acmepage0001"
_LIVED = timedelta(days=400)
_OK, _DEGRADED = ComponentStatus.OPERATIONAL, ComponentStatus.DEGRADED_PERFORMANCE
_PARTIAL, _MAJOR = ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE

_POSTMORTEM = """\
A certificate that the sign-in service trusts expired. Sessions that were open went on working; everyone who signed
in anew saw an error.

## What went well
- The on-call engineer was paged within two minutes.
- Sessions that were open were never at risk.

## What we change
1. Certificates are renewed **30 days** before they end, by a job that alerts when it fails.
2. A probe signs in every minute, as customers do.
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """One update: minutes after the beginning, status, words, and the states that components take on."""

    after: int
    status: IncidentStatus
    body: str
    states: dict[str, ComponentStatus]


@dataclass(frozen=True, slots=True)
class _Story:
    """An incident of the past, so many days ago."""

    days_ago: float
    name: str
    said: tuple[_Said, ...]
    postmortem: str = ""


_STORIES = (
    _Story(
        58.3,
        "Search results are incomplete",
        (
            _Said(
                0,
                IncidentStatus.INVESTIGATING,
                "Some products do not appear in search. We are looking into it.",
                {"Search": _DEGRADED},
            ),
            _Said(50, IncidentStatus.IDENTIFIED, "One part of the index is stale. We are building it anew.", {}),
            _Said(170, IncidentStatus.RESOLVED, "Search finds everything again.", {"Search": _OK}),
        ),
    ),
    _Story(
        7.4,
        "Sign-in fails for some customers",
        (
            _Said(
                0,
                IncidentStatus.INVESTIGATING,
                "Some customers see an error when they sign in. Open sessions are not affected.",
                {"Sign-in": _PARTIAL},
            ),
            _Said(
                11,
                IncidentStatus.IDENTIFIED,
                "A certificate has expired. New sign-ins fail for everyone until it is replaced.",
                {"Sign-in": _MAJOR},
            ),
            _Said(
                36,
                IncidentStatus.MONITORING,
                "The certificate is replaced, and sign-ins succeed. We keep watching.",
                {"Sign-in": _DEGRADED},
            ),
            _Said(
                72, IncidentStatus.RESOLVED, "Sign-in has been working normally for half an hour.", {"Sign-in": _OK}
            ),
        ),
        _POSTMORTEM,
    ),
    _Story(
        2.2,
        "Webhooks arrive late",
        (
            _Said(
                0,
                IncidentStatus.INVESTIGATING,
                "Webhooks arrive up to **ten minutes** late. None is lost.",
                {"Webhooks": _DEGRADED},
            ),
            _Said(65, IncidentStatus.RESOLVED, "The queue is empty, webhooks arrive at once.", {"Webhooks": _OK}),
        ),
    ),
)


def write_incident_history(tx: Transaction) -> int:
    """Write the past of Acme's page and one maintenance to come; gives the number of incidents.

    Nothing is written where the page is not, or something has happened on it.
    """
    page = tx.session.get(Page, PAGE)
    if page is None or page.backend != Backend.LOCAL or _has_lived(tx):
        return 0
    components = {row.name: row for row in tx.session.scalars(select(Component).where(Component.page_id == PAGE))}
    for row in components.values():
        row.created_at = row.updated_at = tx.now - _LIVED
    tx.session.flush()
    for story in _STORIES:
        _tell(tx, story, components)
    _maintain(tx, components)
    _plan(tx, components)
    return len(_STORIES) + 2


def _has_lived(tx: Transaction) -> bool:
    incident = select(Incident.id).where(Incident.page_id == PAGE)
    change = select(ComponentStatusChange.id).join(Component).where(Component.page_id == PAGE)
    return any(tx.session.scalar(query.limit(1)) is not None for query in (incident, change))


def _tell(tx: Transaction, story: _Story, components: dict[str, Component]) -> None:
    began = tx.now - timedelta(days=story.days_ago)
    incident_id = ""
    for said in story.said:
        then = replace(tx, now=began + timedelta(minutes=said.after))
        states = {components[name].id: status for name, status in said.states.items()}
        if not incident_id:
            new = NewIncident(name=story.name, body=said.body, status=said.status, components=states)
            incident_id = create_incident(then, PAGE, new).id
        else:
            update_incident(then, incident_id, IncidentChange(body=said.body, status=said.status, components=states))
    if story.postmortem:
        later = replace(tx, now=began + timedelta(days=1))
        write_postmortem(later, incident_id, story.postmortem)
        publish_postmortem(later, incident_id)


def _maintain(tx: Transaction, components: dict[str, Component]) -> None:
    start = tx.now - timedelta(days=33)
    ids = [components[name].id for name in ("Website", "Public API")]
    new = NewIncident(
        name="Database upgrade",
        body="We move to a newer database. Orders are taken as usual; pages may load slowly for some minutes.",
        components=dict.fromkeys(ids),
        schedule=Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=2)),
    )
    incident = create_incident(replace(tx, now=start - timedelta(days=5)), PAGE, new)
    for after, status, body, state in (
        (0, IncidentStatus.IN_PROGRESS, "The upgrade has begun.", ComponentStatus.UNDER_MAINTENANCE),
        (84, IncidentStatus.COMPLETED, "The upgrade is complete.", _OK),
    ):
        change = IncidentChange(body=body, status=status, components=dict.fromkeys(ids, state))
        update_incident(replace(tx, now=start + timedelta(minutes=after)), incident.id, change)


def _plan(tx: Transaction, components: dict[str, Component]) -> None:
    start = (tx.now + timedelta(days=3)).replace(hour=20, minute=0, second=0, microsecond=0)
    new = NewIncident(
        name="Search index rebuild",
        body="We build the search index anew. New products may appear with some delay.",
        components={components["Search"].id: None},
        schedule=Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=3)),
    )
    create_incident(tx, PAGE, new)
