"""What an incident does to its components, at a preview and when it is published: by the same rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk.errors import ConflictError, InvalidInputError
from desk.incidents.components import bring_statuses, get_components
from desk.incidents.effects import Effect, Move, Turn, Wanted, decide_effect
from desk.incidents.holding import (
    NOTHING,
    forget_answered,
    read_holding,
)
from desk.incidents.inputs import ENDED
from desk.incidents.limits import require_states
from desk.pages.status import Impact, impact_of
from desk.transaction import Transaction
from storage.models import (
    Component,
    ComponentStatus,
    Incident,
    IncidentComponent,
    IncidentStatus,
)

_IMPACTS = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)
_AT_WORK = ComponentStatus.UNDER_MAINTENANCE


def foresee_effects(
    session: Session, move: Move, wanted: Wanted, components: Sequence[Component], *, incident_id: str | None = None
) -> Sequence[Effect]:
    """What a change makes of these components, as things are."""
    mine = _read_own(session, incident_id) if incident_id is not None else {}
    others = read_holding(session, [row.id for row in components], besides=incident_id)
    return [decide_effect(row, move, wanted, mine.get(row.id), others.get(row.id, NOTHING)) for row in components]


def list_touched(session: Session, move: Move, wanted: Collection[str], *, incident: Incident | None) -> list[str]:
    """The components whose state, or what is said of it, a change may change: those that it names and, where it
    begins or ends, all of its incident."""
    goes_on = move.turn is Turn.GOES_ON and not move.reopens
    own = [] if incident is None or goes_on else _list_own(session, incident)
    return list(dict.fromkeys([*wanted, *own]))


def _list_own(session: Session, incident: Incident) -> Sequence[str]:
    """The components that an incident is about and can change: those that are on its page, and no groups."""
    named = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident.id)
    own = select(Component.id).where(
        Component.id.in_(named),
        Component.page_id == incident.page_id,
        Component.group.is_(False),
        Component.retired_at.is_(None),
    )
    return session.scalars(own.order_by(Component.position, Component.id)).all()


def bring_components(
    tx: Transaction, incident: Incident, wanted: Wanted, *, before: IncidentStatus | None
) -> list[dict[str, Any]] | None:
    """Bring the components of an incident, whose status was another `before`, into the states that follow.

    Gives what updates record. Raises InvalidInputError (field `components`), ConflictError where a component is not
    as it was seen any more, and NotAllowedError for a key that is for other components.
    """
    require_states(tx, incident.page_id, wanted.states)
    move = Move.of(incident, before, IncidentStatus(incident.status))
    touched = list_touched(tx.session, move, wanted.states, incident=incident)
    # Locked before what others say of them is read: nobody changes either before the commit.
    components = get_components(tx.session, incident.page_id, touched)
    effects = foresee_effects(tx.session, move, wanted, components, incident_id=incident.id)
    require_effects(effects)
    _keep_holds(tx, incident, effects)
    if move.reopens:
        _forget_retired(tx, incident)
    told = [one for one in effects if wanted.as_planned or one.component.id in wanted.states or one.new != one.now]
    affected = bring_statuses(
        tx, incident.page_id, {one.component.id: one.new for one in told}, incident_id=incident.id
    )
    if incident.status not in ENDED or affected:
        _raise_impact(tx, incident)
    return affected or None


def require_effects(effects: Iterable[Effect]) -> None:
    """Raises ConflictError where a component is not as its author saw it, and InvalidInputError (field `components`)
    where what is over would leave it down."""
    for effect in effects:
        if effect.is_stale:
            raise ConflictError(
                f"“{effect.component.name}” was {_SPOKEN[effect.was]} when this was written, "
                f"and is {_SPOKEN[effect.now]} now.",
                "Edit the draft: its form shows the states as they are.",
            )
        if effect.worsens:
            raise InvalidInputError(
                f"It is over, and “{effect.component.name}” would be left {_SPOKEN[effect.new]} with nothing open.",
                "Let the component stay as it is, or choose a status in which somebody still works on it.",
                field="components",
            )


_SPOKEN: Mapping[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: "operational",
    ComponentStatus.UNDER_MAINTENANCE: "under maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "in degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "in a partial outage",
    ComponentStatus.MAJOR_OUTAGE: "in a major outage",
}


def release_components(tx: Transaction, incident: Incident) -> list[dict[str, Any]]:
    """An incident is deleted: no component is left under a maintenance that goes on. Gives what the audit trail is to
    hold."""
    # Of any incident, since whoever says something of its components changes what it said, before they lock the page.
    components = get_components(tx.session, incident.page_id, _list_own(tx.session, incident))
    move = Move.of(incident, IncidentStatus(incident.status), IncidentStatus.SCHEDULED)
    effects = foresee_effects(tx.session, move, Wanted({}, {}), components, incident_id=incident.id)
    freed = {one.component.id: one.new for one in effects if one.new != one.now}
    return bring_statuses(tx, incident.page_id, freed, incident_id=incident.id)


def _read_own(session: Session, incident_id: str) -> Mapping[str, ComponentStatus | None]:
    rows = select(IncidentComponent.component_id, IncidentComponent.holds)
    own = session.execute(rows.where(IncidentComponent.incident_id == incident_id)).all()
    return {component_id: ComponentStatus(holds) if holds else None for component_id, holds in own}


def _keep_holds(tx: Transaction, incident: Incident, effects: Sequence[Effect]) -> None:
    for effect in effects:
        key = incident.id, effect.component.id
        row = tx.session.get(IncidentComponent, key, populate_existing=True)
        if row is None:
            row = IncidentComponent(incident_id=incident.id, component_id=effect.component.id)
            tx.session.add(row)
        row.holds = effect.holds
        if effect.spoken is not None:
            forget_answered(tx.session, effect.component, effect.spoken, effect.others)
    tx.session.flush()


def _forget_retired(tx: Transaction, incident: Incident) -> None:
    """What is taken up again says nothing of components that are not on the page: brought back, they are well."""
    retired = select(Component.id).where(Component.page_id == incident.page_id, Component.retired_at.is_not(None))
    tx.session.execute(
        update(IncidentComponent)
        .where(IncidentComponent.incident_id == incident.id, IncidentComponent.component_id.in_(retired))
        .values(holds=None),
        execution_options={"synchronize_session": False},
    )


def _raise_impact(tx: Transaction, incident: Incident) -> None:
    """Impact follows the incident's own components while it is open, and does not fall again."""
    if incident.scheduled_for is not None:
        incident.impact = str(Impact.MAINTENANCE)
        return
    own = (
        select(Component.status)
        .join(IncidentComponent, IncidentComponent.component_id == Component.id)
        .where(IncidentComponent.incident_id == incident.id)
    )
    now = impact_of([ComponentStatus(status) for status in tx.session.scalars(own)])
    incident.impact = str(max(now, Impact(incident.impact), key=_IMPACTS.index))
