"""Incidents, maintenances, templates and drafts: in Slack's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from desk.incidents.components import list_incident_components
from desk.incidents.drafts.posting import promised_id
from desk.incidents.listing import IncidentListView
from desk.incidents.lookup import list_updates
from desk.transaction import Transaction
from handlers.http.own.shapes.base import Given, Instant, Paged, Shape, Words
from storage.models import ComponentStatus, Incident, IncidentDraft, IncidentStatus, IncidentTemplate

Components = dict[str, ComponentStatus | None]
_COMPONENTS = "By id or name, the state that each takes on; null: it stays as it is."
_BODY = "In Markdown."


class ComponentOf(Shape):
    """A component that an incident is about, as it is now."""

    id: str
    name: str
    status: str


class Update(Shape):
    """Something that was said."""

    id: str
    status: str
    body: str
    display_at: Instant
    created_by: str
    deliver_notifications: bool


class IncidentShown(Shape):
    """An incident or a maintenance."""

    id: str
    version: int
    page_id: str
    name: str
    status: str
    impact: str
    created_at: Instant
    started_at: Instant
    resolved_at: Instant | None
    scheduled_for: Instant | None = Field(description="null: it is no maintenance.")
    scheduled_until: Instant | None
    backfilled: bool
    shortlink: str | None
    postmortem: str | None = Field(description="null: none is public.")
    components: Sequence[ComponentOf]
    updates: Sequence[Update] = Field(description="The newest first.")


class DraftShown(Shape):
    """What a key has said, and a person reads first."""

    id: str
    version: int
    kind: str
    status: str
    page_id: str
    incident_id: str | None = Field(description="Of which incident it is, or will be once it is published.")
    content: Mapping[str, Any]
    created_at: Instant
    updated_at: Instant
    decided_by: str | None
    decision_reason: str | None


class Posted(Shape):
    """What became of something that was said."""

    outcome: str = Field(description="`published`, or `waiting`: on this page a person reads first what a key says.")
    incident: IncidentShown | None = Field(description="As it is now; null: there is none yet.")
    draft: DraftShown | None = Field(description="What waits; null: nothing does.")


class Template(Shape):
    """Words kept for the next time."""

    id: str
    page_id: str
    name: str
    title: str
    body: str
    update_status: str | None
    component_ids: Sequence[str]
    should_send_notifications: bool
    updated_at: Instant


class IncidentsAsked(Paged):
    """Which incidents and maintenances."""

    view: IncidentListView = Field(IncidentListView.OPEN, description="`open` is what is not over.")
    q: str = Field("", max_length=200, description="Only those with this in the name.")


class Spoken(Given):
    """Something to say."""

    body: str = Field("", description=_BODY)
    components: Components = Field(default_factory=dict, description=_COMPONENTS)
    deliver_notifications: bool = True


class Opened(Spoken):
    """A new incident."""

    name: str = Field("", description="What people notice; a template has a name of its own.")
    status: IncidentStatus | None = None
    impact: Words | None = Field(
        None, description="`none`, `minor`, `major` or `critical`; null: as by its components."
    )
    template: Words | None = Field(None, description="The id or name of a template.")
    values: dict[str, str] = Field(default_factory=dict, description="For the template's placeholders.")
    reminder_intervals: str | None = None


class Updated(Spoken):
    """An update."""

    name: str = Field("", description="Call it something else.")
    status: IncidentStatus | None = Field(None, description="null: as it is.")
    impact: Words | None = None


class Backfilled(Given):
    """An incident of the past."""

    name: Words
    at: Words = Field(description="When it began, as `2026-03-01 14:00 UTC`.")
    body: str = Field("", description=_BODY)
    impact: Words | None = None


class Planned(Given):
    """A maintenance to come."""

    name: str = Field("", description="What is worked at; a template has a name of its own.")
    body: str = Field("", description=_BODY)
    start: Words = Field(description="As `2026-12-01 22:00 UTC`.")
    until: Words | None = Field(None, description="As `2026-12-02 01:00 UTC`; or say how long it takes.")
    length: Words | None = Field(None, description="As `3h`.")
    components: Sequence[str] = Field(default=(), description="By id or name.")
    template: Words | None = None
    values: dict[str, str] = Field(default_factory=dict)
    by_itself: bool = Field(True, description="Whether it begins and ends by itself.")
    remind: bool = Field(True, description="Whether people are reminded an hour before.")
    deliver_notifications: bool = True


class Moved(Given):
    """Another window; of one that goes on, another end."""

    start: Words | None = None
    until: Words | None = Field(None, description="As `2026-12-02 01:00 UTC`; or say how long.")
    length: Words | None = Field(None, description="As `3h`; where it is extended: how much longer.")
    body: str = Field("", description=_BODY)
    deliver_notifications: bool = True


class CalledOff(Given):
    """Why, where that is said."""

    body: str = Field("", description=_BODY)
    deliver_notifications: bool = True


class PostmortemText(Given):
    """What happened, whom it touched and what will change."""

    body: Words = Field(max_length=100_000, description=_BODY)
    deliver_notifications: bool = True


class TemplateWanted(Given):
    """Words for the next time; `{{region}}` in them is filled in then."""

    name: Words
    title: Words
    body: str = ""
    update_status: IncidentStatus | None = None
    components: Sequence[str] = Field(default=(), description="By id or name.")
    should_send_notifications: bool = True


class TemplateChanged(Given):
    """What is to be other than it is."""

    name: Words | None = None
    title: Words | None = None
    body: str | None = None
    components: Sequence[str] | None = None
    should_send_notifications: bool | None = None


class SavedAs(Given):
    """By which people choose the template."""

    name: Words


def incident_of(tx: Transaction, incident: Incident) -> IncidentShown:
    """An incident with everything that was said of it."""
    own = {name: getattr(incident, name) for name in IncidentShown.model_fields if hasattr(incident, name)}
    public = incident.postmortem_body if incident.postmortem_published_at is not None else None
    return IncidentShown(
        **own
        | {
            "status": str(incident.status),
            "impact": str(incident.shown_impact),
            "postmortem": public,
            "components": [
                ComponentOf(id=one.id, name=one.name, status=str(one.status))
                for one in list_incident_components(tx.session, incident.id)
            ],
            "updates": [
                Update(**{name: getattr(one, name) for name in Update.model_fields} | {"status": str(one.status)})
                for one in list_updates(tx.session, [incident.id])
            ],
        }
    )


def draft_of(draft: IncidentDraft) -> DraftShown:
    """A draft."""
    own = {name: getattr(draft, name) for name in DraftShown.model_fields}
    return DraftShown(
        **own | {"kind": str(draft.kind), "status": str(draft.status), "incident_id": promised_id(draft)}
    )


def posted_of(tx: Transaction, said: Incident | IncidentDraft) -> Posted:
    """What became of something that was said."""
    if isinstance(said, Incident):
        return Posted(outcome="published", incident=incident_of(tx, said), draft=None)
    about = tx.session.get(Incident, said.incident_id) if said.incident_id else None
    return Posted(
        outcome="waiting", incident=incident_of(tx, about) if about is not None else None, draft=draft_of(said)
    )


def template_of(template: IncidentTemplate) -> Template:
    """A template."""
    own = {name: getattr(template, name) for name in Template.model_fields}
    return Template(**own | {"update_status": str(template.update_status) if template.update_status else None})
