"""What publishing a draft would do to components, as things are: the same as it does then."""

from collections.abc import Mapping

from desk.incidents.affected import foresee_effects
from desk.incidents.components import list_components
from desk.incidents.drafts.content import Content, content_of, is_scheduled
from desk.incidents.effects import Effect, Move, Wanted
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import find_incident
from desk.pages.status import Impact, impact_of
from desk.transaction import Transaction
from storage.models import DraftKind, IncidentDraft, IncidentStatus


def foresee(tx: Transaction, draft: IncidentDraft) -> Mapping[str, Effect]:
    """What a draft that nobody has decided on would do to each of the components that it names."""
    return foresee_content(tx, draft.page_id, content_of(draft), draft.incident_id)


def foresee_content(tx: Transaction, page_id: str, content: Content, incident_id: str | None) -> Mapping[str, Effect]:
    """The same of what a draft is to say."""
    if isinstance(content, str) or not content.components:
        return {}
    if isinstance(content, NewIncident):
        move, about = Move.of_new(content), None
    else:
        incident = find_incident(tx.session, incident_id) if incident_id else None
        if incident is None:
            return {}
        before = IncidentStatus(incident.status)
        move, about = Move.of(incident, before, content.status or before), incident.id
    rows = [row for row in list_components(tx.session, page_id) if row.id in content.components and not row.group]
    wanted = Wanted(content.components, content.seen_states)
    return {one.component.id: one for one in foresee_effects(tx.session, move, wanted, rows, incident_id=about)}


def expected_impact(tx: Transaction, draft: IncidentDraft) -> Impact:
    """The impact that publishing the draft gives its incident, as far as the draft itself says."""
    content = content_of(draft)
    if isinstance(content, str):
        return Impact.NONE
    if content.impact_override is not None:
        return content.impact_override
    scheduled = isinstance(content, NewIncident) and content.schedule is not None
    if scheduled or is_scheduled(tx, draft):
        return Impact.MAINTENANCE
    effects = foresee(tx, draft)
    brought = [effects[one].new for one, state in content.components.items() if state and one in effects]
    impact = impact_of(brought)
    incident = (
        find_incident(tx.session, draft.incident_id) if draft.kind == DraftKind.UPDATE and draft.incident_id else None
    )
    if incident is None:
        return impact
    assert isinstance(content, IncidentChange)
    if incident.impact_override is not None and not content.clear_impact_override:
        return Impact(incident.impact_override)
    return max(impact, Impact(incident.impact), key=list(Impact).index)
