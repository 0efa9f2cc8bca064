"""What becomes of components, in words: at the preview, and once it is public."""

from desk.incidents.components import full_name, list_components, list_incident_components
from desk.incidents.drafts.effects import foresee
from desk.incidents.effects import Effect
from desk.incidents.holding import NOTHING, Holding, read_holding
from desk.incidents.inputs import ENDED, IncidentChange, NewIncident
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, escape, fit, section
from handlers.slack.incidents.text import name_text, state_text
from storage.models import ComponentStatus, Incident, IncidentDraft

_MAX_COMPONENTS = 2500
_MOST_HOLDS = 3
_WHILE_IT_RUNS = f"{state_text(ComponentStatus.UNDER_MAINTENANCE)} while it goes on"


def component_blocks(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange) -> list[Block]:
    """What publishing a draft makes of components, as things are."""
    rows = {row.id: row for row in list_components(tx.session, draft.page_id)}
    groups = {row.id: row.name for row in rows.values() if row.group}
    planned = (
        isinstance(content, NewIncident) and content.schedule is not None and content.schedule.to_maintenance_state
    )
    lines, effects = [], foresee(tx, draft)
    for component_id, wanted in content.components.items():
        row = rows.get(component_id)
        if row is not None and component_id in effects:
            name = escape(full_name(row, groups))
            change = _WHILE_IT_RUNS if planned else _change(effects[component_id], wanted)
            lines.append(f"{name}: {change}")
    return [section("*Components*\n" + "\n".join(fit(lines, _MAX_COMPONENTS)))] if lines else []


def _change(effect: Effect, wanted: ComponentStatus | None) -> str:
    """What becomes of a component; where something else holds it, what that is."""
    goes = f"{state_text(effect.now)} → {state_text(effect.new)}"
    said = f"stays {state_text(effect.now)}" if effect.new == effect.now else goes
    if wanted is None or effect.new == wanted:
        return said
    return f"{said}: {_holders(effect.others, effect.new)}"


def _holders(others: Holding, state: ComponentStatus) -> str:
    """What holds a component in a state; empty where nothing does."""
    names = [name_text(hold.name) for hold in others.holds if hold.status in {None, state}]
    return f"{', '.join(names[:_MOST_HOLDS])} {'holds' if len(names) == 1 else 'hold'} it so" if names else ""


def still_held_text(tx: Transaction, incident: Incident) -> str:
    """The components of what is over that something else holds: nobody may have known when it was written."""
    if incident.status not in ENDED:
        return ""
    rows = list_incident_components(tx.session, incident.id)
    others = read_holding(tx.session, [row.id for row in rows], besides=incident.id)
    groups = {row.id: row.name for row in list_components(tx.session, incident.page_id) if row.group}
    lines = [
        f"\n{escape(full_name(row, groups))} stays {state_text(row.status)}: {held}"
        for row in rows
        if row.status != ComponentStatus.OPERATIONAL
        and (held := _holders(others.get(row.id, NOTHING), ComponentStatus(row.status)))
    ]
    return "".join(fit(lines, _MAX_COMPONENTS))
