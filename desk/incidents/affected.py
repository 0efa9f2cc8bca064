"""What an incident does to its components, at a preview and when it is published: by the same rule."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import ConflictError, InvalidInputError
from desk.incidents.components import bring_statuses, get_components
from desk.incidents.holding import (
    NOTHING,
    Holding,
    decide_state,
    decide_wish_at_end,
    decide_wish_at_start,
    forget_answered,
    is_worse,
    read_holding,
)
from desk.incidents.inputs import ENDED, RUNNING, NewIncident
from desk.pages.status import Impact, impact_of, worst
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, Incident, IncidentComponent, IncidentStatus

_IMPACTS = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)
_AT_WORK = ComponentStatus.UNDER_MAINTENANCE


class Turn(StrEnum):
    """What a change is to the components of its incident."""

    BEGINS = "begins"
    """From now on it holds them: it is opened, or opened again; a maintenance is in progress."""
    GOES_ON = "goes_on"
    ENDS = "ends"
    """It holds them no more: it is over, or a maintenance is planned again."""
    IS_OVER = "is_over"
    """A word to what is over, or was born so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of an incident's status, and what its maintenance does to components by itself."""

    before: IncidentStatus | None
    """None: it is new."""
    after: IncidentStatus
    scheduled: bool = False
    to_maintenance: bool = False
    to_operational: bool = False

    @classmethod
    def of(cls, incident: Incident, before: IncidentStatus | None, after: IncidentStatus) -> "Move":
        """That of an incident, with its own flags."""
        return cls(
            before=before,
            after=after,
            scheduled=incident.scheduled_for is not None,
            to_maintenance=incident.auto_transition_to_maintenance_state,
            to_operational=incident.auto_transition_to_operational_state,
        )

    @classmethod
    def of_new(cls, new: NewIncident) -> "Move":
        """That by which an incident begins."""
        schedule = new.schedule
        return cls(
            before=None,
            after=new.first_status,
            scheduled=schedule is not None,
            to_maintenance=schedule is not None and schedule.to_maintenance_state,
            to_operational=schedule is not None and schedule.to_operational_state,
        )

    @property
    def turn(self) -> Turn:
        """What it is to the components."""
        if self.scheduled:
            held, holds = self.before in RUNNING, self.after in RUNNING
        else:
            held, holds = self.before is not None and self.before not in ENDED, self.after not in ENDED
        if held != holds:
            return Turn.BEGINS if holds else Turn.ENDS
        return Turn.IS_OVER if self.after in ENDED else Turn.GOES_ON

    @property
    def is_step(self) -> bool:
        """Whether it is an end, or the start of a maintenance: judged by what holds the components at that moment."""
        return self.turn is Turn.ENDS or (self.turn is Turn.BEGINS and self.scheduled)

    def plan_of(self, now: ComponentStatus, others: Holding) -> ComponentStatus | None:
        """What a maintenance plans for a component with this step of it."""
        if not self.scheduled or self.turn is Turn.GOES_ON:
            return None
        if self.turn is Turn.BEGINS:
            return decide_wish_at_start(now, others) if self.to_maintenance else None
        is_planned = self.to_operational or self.after not in ENDED
        return decide_wish_at_end(now, others) if is_planned else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change does to one component."""

    component: Component
    now: ComponentStatus
    new: ComponentStatus
    holds: ComponentStatus | None
    """What the incident says of it from then on."""
    others: Holding
    spoken: ComponentStatus | None
    """The state in which it is, as somebody says, whatever a maintenance left it in."""
    was: ComponentStatus
    """As its author saw it."""
    is_stale: bool
    """Whether it would take on another state, and is not in the one any more in which its author saw it."""
    worsens: bool
    """Whether what is over would bring it into a worse state, with nobody left to bring it back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The states into which somebody brings components (None: they stay), and those in which they saw them."""

    states: Mapping[str, ComponentStatus | None]
    seen: Mapping[str, ComponentStatus]
    as_planned: bool = False
    """Whether the components that are not named follow their maintenance's own flags."""


def decide_effect(
    component: Component, move: Move, wanted: Wanted, mine: ComponentStatus | None, others: Holding
) -> Effect:
    """What a change makes of a component of which its incident has said `mine` so far. Pure."""
    now, named = ComponentStatus(component.status), component.id in wanted.states
    if named:
        wish = wanted.states[component.id]
    else:
        # Whoever says that it is over, and nothing of its components, leaves none under it.
        follows = wanted.as_planned or (move.turn is Turn.ENDS and mine is not None)
        wish = move.plan_of(now, others) if follows else None
    ends = move.turn in {Turn.ENDS, Turn.IS_OVER}
    spoken = wish if named and not move.is_step else None
    counting = others.after(spoken) if spoken is not None else others
    new = decide_state(now, wish, counting, ends=ends and not move.scheduled)
    was = wanted.seen.get(component.id, now)
    # A step is judged when it is taken: what others made of a component meanwhile does not hold it up. Whoever wrote
    # down a state is told that it is another one.
    aim = new if move.is_step else wish
    is_explained = move.is_step and now == worst([mine or ComponentStatus.OPERATIONAL, others.state])
    return Effect(
        component=component,
        now=now,
        new=new,
        holds=_decide_hold(move, wish, mine, now, names=named or wanted.as_planned),
        others=others,
        spoken=spoken,
        was=was,
        is_stale=wish is not None and aim != now and was != now and not is_explained,
        worsens=move.after in ENDED and is_worse(new, now),
    )


def _decide_hold(
    move: Move, wish: ComponentStatus | None, mine: ComponentStatus | None, now: ComponentStatus, *, names: bool
) -> ComponentStatus | None:
    if move.turn in {Turn.ENDS, Turn.IS_OVER}:
        if not move.scheduled:
            # What it said until its end is what opening it again proposes.
            return mine
        return mine if wish is None and move.after in ENDED else None
    if wish is not None:
        return wish
    if move.turn is not Turn.BEGINS:
        return mine
    goes_below = move.scheduled and move.to_maintenance and is_worse(now, _AT_WORK)
    return _AT_WORK if goes_below and names else None


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
    if incident is None or move.turn is Turn.GOES_ON:
        return list(wanted)
    named = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident.id)
    own = select(Component.id).where(
        Component.id.in_(named), Component.page_id == incident.page_id, Component.group.is_(False)
    )
    order = Component.position, Component.id
    return list(dict.fromkeys([*wanted, *session.scalars(own.order_by(*order))]))


def bring_components(
    tx: Transaction, incident: Incident, wanted: Wanted, *, before: IncidentStatus | None
) -> list[dict[str, Any]] | None:
    """Bring the components of an incident, whose status was another `before`, into the states that follow.

    Gives what updates record. Raises InvalidInputError (field `components`), and ConflictError where a component is
    not as it was seen any more.
    """
    move = Move.of(incident, before, IncidentStatus(incident.status))
    touched = list_touched(tx.session, move, wanted.states, incident=incident)
    # Locked before what others say of them is read: nobody changes either before the commit.
    components = get_components(tx.session, incident.page_id, touched)
    effects = foresee_effects(tx.session, move, wanted, components, incident_id=incident.id)
    require_effects(effects)
    _keep_holds(tx, incident, effects)
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
    """A maintenance is deleted: components are not left under it. Gives what the audit trail is to hold."""
    if incident.status not in RUNNING:
        return []
    move = Move.of(incident, IncidentStatus(incident.status), IncidentStatus.SCHEDULED)
    touched = list_touched(tx.session, move, (), incident=incident)
    components = get_components(tx.session, incident.page_id, touched)
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
            forget_answered(tx.session, effect.component.id, effect.spoken, effect.others)
    tx.session.flush()


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


def states_before_end(session: Session, incident: Incident) -> Mapping[str, ComponentStatus]:
    """The components that a realtime incident which is over held in a state until its end, and that are well since or
    under a maintenance, each with that state; empty for an incident that is open."""
    if incident.scheduled_for is not None or incident.status not in ENDED:
        return {}
    own = (
        select(Component.id, IncidentComponent.holds)
        .join(IncidentComponent, IncidentComponent.component_id == Component.id)
        .where(
            IncidentComponent.incident_id == incident.id,
            IncidentComponent.holds.is_not(None),
            Component.status.in_([ComponentStatus.OPERATIONAL, _AT_WORK]),
        )
    )
    states = {component_id: ComponentStatus(holds) for component_id, holds in session.execute(own) if holds}
    return {component_id: holds for component_id, holds in states.items() if is_worse(holds, _AT_WORK)}
