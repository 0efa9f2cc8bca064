"""What publishing a draft would leave standing that its author may not want: said before, and never in the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from desk.incidents.components import list_components, list_incident_components
from desk.incidents.drafts.content import content_of, is_scheduled
from desk.incidents.drafts.effects import expected_impact, foresee
from desk.incidents.inputs import ENDED, IncidentChange, NewIncident
from desk.incidents.lookup import find_incident
from desk.pages.status import Impact, impact_of
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, DraftKind, DraftStatus, IncidentDraft

_LONG = timedelta(days=400)
_DECIDED = frozenset({DraftStatus.PUBLISHED, DraftStatus.DISCARDED})


class Concern(StrEnum):
    """Something to look at before a draft is public."""

    NO_COMPONENT = "no_component"
    """No component is affected, though the page has some."""
    IMPACT = "impact"
    """The impact is another one than its components have."""
    STILL_DOWN = "still_down"
    """It ends while components of it do not work."""
    FAR_OFF = "far_off"
    """It is so long ago, or so long until then, that another year may be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An incident as publishing a draft leaves it."""

    page_has_components: bool
    scheduled: bool
    ends: bool
    states: Sequence[ComponentStatus]
    """Of its components, once the draft is public."""
    impact: Impact
    """What readers are told."""
    own_impact: Impact
    """The worst that its components were, and will be then."""


@dataclass(frozen=True, slots=True)
class Concerns:
    """What there is to say of a draft, and what it is about."""

    found: Sequence[Concern]
    impact: Impact
    own_impact: Impact
    down: Sequence[tuple[Component, ComponentStatus]]
    """Components that do not work once it is public, with their states."""


def decide_concerns(outlook: Outlook) -> list[Concern]:
    """What to look at before the draft is public. Pure."""
    if not outlook.page_has_components:
        return []
    works = outlook.own_impact is Impact.NONE and not outlook.scheduled
    found = []
    if not outlook.ends and (works or not outlook.states):
        found.append(Concern.NO_COMPONENT)
    if not outlook.ends and not outlook.scheduled and outlook.impact is not outlook.own_impact:
        found.append(Concern.IMPACT)
    if outlook.ends and any(status != ComponentStatus.OPERATIONAL for status in outlook.states):
        found.append(Concern.STILL_DOWN)
    return found


def find_far_off(content: NewIncident | IncidentChange, now: datetime) -> datetime | None:
    """The instant in a draft for which another year may be meant, or None. Pure."""
    instants = [content.schedule.scheduled_for, content.schedule.scheduled_until] if content.schedule else []
    if isinstance(content, NewIncident) and content.backfilled_at is not None:
        instants.append(content.backfilled_at)
    return next((at for at in instants if abs(at - now) > _LONG), None)


def find_concerns(tx: Transaction, draft: IncidentDraft) -> Concerns:
    """What to look at in a draft as things are now; nothing in what is decided, or changes no component anyway."""
    content, kind = content_of(draft), DraftKind(draft.kind)
    nothing = Concerns((), Impact.NONE, Impact.NONE, ())
    if isinstance(content, str) or draft.status in _DECIDED:
        return nothing
    far_off = [Concern.FAR_OFF] if find_far_off(content, tx.now) is not None else []
    if kind is DraftKind.BACKFILL:
        return replace(nothing, found=far_off)
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if kind is DraftKind.UPDATE and incident is None:
        return nothing
    rows = {row.id: row for row in list_components(tx.session, draft.page_id) if not row.group}
    own = [row.id for row in list_incident_components(tx.session, incident.id)] if incident is not None else []
    about = [rows[one] for one in dict.fromkeys([*own, *content.components]) if one in rows]
    effects = foresee(tx, draft)
    states = [effects[row.id].new if row.id in effects else ComponentStatus(row.status) for row in about]
    status = content.status if isinstance(content, NewIncident) or content.status else incident and incident.status
    before = [Impact(incident.impact)] if incident is not None else []
    own_impact = max([impact_of(states), *before], key=list(Impact).index)
    impact = expected_impact(tx, draft)
    outlook = Outlook(
        page_has_components=bool(rows),
        scheduled=is_scheduled(tx, draft),
        ends=status in ENDED,
        states=states,
        impact=impact,
        own_impact=own_impact,
    )
    down = [pair for pair in zip(about, states, strict=True) if pair[1] != ComponentStatus.OPERATIONAL]
    return Concerns([*far_off, *decide_concerns(outlook)], impact, own_impact, down)
