"""What holds a component in its state, and which state follows when somebody brings it into another one.

Whatever is open and has brought a component into a state says that state of it until it says another one, or is over.
A component is never better than the worst that is said of it; who says something better changes what they say alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from desk.incidents.inputs import ENDED
from desk.pages.status import worst
from storage.models import Component, ComponentStatus, Incident, IncidentComponent, IncidentStatus

_AT_WORK = ComponentStatus.UNDER_MAINTENANCE


@dataclass(frozen=True, slots=True)
class Hold:
    """What one incident or maintenance says of a component."""

    incident_id: str
    name: str
    status: ComponentStatus | None
    """None: an open incident is about it, and brought it into no state."""
    is_over: bool = False
    """Whether it is a maintenance that left the component so when it was completed."""


@dataclass(frozen=True, slots=True)
class Holding:
    """All that others say of a component: open incidents, maintenances, and maintenances that left it as it was."""

    holds: tuple[Hold, ...] = ()

    @property
    def state(self) -> ComponentStatus:
        """The best that the component can be."""
        return worst([hold.status for hold in self.holds if hold.status is not None])

    def after(self, spoken: ComponentStatus) -> "Holding":
        """What still counts once somebody says in which state the component is: who is at work on it, and what was
        left in no worse state than that."""
        return Holding(tuple(hold for hold in self.holds if not _is_answered(hold, spoken)))

    @property
    def is_watched(self) -> bool:
        """Whether an open incident is about it that brought it into no state: it takes it as it is."""
        return any(hold.status is None for hold in self.holds)


NOTHING = Holding()


def _is_answered(hold: Hold, spoken: ComponentStatus) -> bool:
    return hold.is_over and hold.status is not None and is_worse(hold.status, spoken)


def is_worse(one: ComponentStatus, other: ComponentStatus) -> bool:
    """Whether one state is worse than another."""
    return one != other and worst([one, other]) == one


def decide_state(
    now: ComponentStatus, wanted: ComponentStatus | None, others: Holding, *, ends: bool = False
) -> ComponentStatus:
    """The state of a component that is `now` in one and is brought into the `wanted` one (None: left as it is), with
    what all others say of it. Pure.

    `ends`: by the end of an incident, which leaves what is out of order to the others that are about it.
    """
    if wanted is None:
        return now
    if ends and others.is_watched and is_worse(now, _AT_WORK):
        return worst([now, wanted, others.state])
    return worst([wanted, others.state])


def decide_wish_at_start(now: ComponentStatus, others: Holding) -> ComponentStatus | None:
    """What the start of a maintenance makes of a component: it makes nothing better. Pure."""
    return None if is_worse(now, worst([_AT_WORK, others.state])) else _AT_WORK


def decide_wish_at_end(now: ComponentStatus, others: Holding) -> ComponentStatus | None:
    """What the end of a maintenance makes of a component: of what is out of order besides it, nothing. Pure."""
    if now == ComponentStatus.OPERATIONAL or is_worse(now, worst([_AT_WORK, others.state])):
        return None
    return ComponentStatus.OPERATIONAL


_SAYS = IncidentComponent.holds.is_not(None)
# A maintenance that was to leave its components as they are has the last word on them until somebody says more.
_LEFT = and_(Incident.status == IncidentStatus.COMPLETED, _SAYS)
_IS_OPEN = Incident.status.not_in(list(ENDED))
# Made once: a look at a draft asks for it a dozen times, and making it takes longer than carrying it out.
_HOLDS = (
    select(IncidentComponent.component_id, Incident.id, Incident.name, IncidentComponent.holds, _LEFT)
    .join(Incident, Incident.id == IncidentComponent.incident_id)
    .where(
        IncidentComponent.component_id.in_(bindparam("among", expanding=True)),
        Incident.id != bindparam("besides"),
        or_(and_(_IS_OPEN, or_(_SAYS, Incident.scheduled_for.is_(None))), _LEFT),
    )
    .order_by(Incident.created_at, Incident.id)
)


def read_holding(
    session: Session, component_ids: Collection[str], *, besides: str | None = None
) -> Mapping[str, Holding]:
    """What is said of each of some components, but by the incident `besides`; nothing of those that nothing holds."""
    rows = session.execute(_HOLDS, {"among": list(component_ids), "besides": besides or ""}).all()
    found: dict[str, list[Hold]] = {}
    for component_id, incident_id, name, holds, is_over in rows:
        hold = Hold(incident_id, name, ComponentStatus(holds) if holds else None, bool(is_over))
        found.setdefault(component_id, []).append(hold)
    return {component_id: Holding(tuple(holds)) for component_id, holds in found.items()}


def forget_answered(session: Session, component: Component, spoken: ComponentStatus, others: Holding) -> None:
    """Somebody said in which state a component is: what maintenances left it in, and is worse, counts no more."""
    answered = [hold.incident_id for hold in others.holds if _is_answered(hold, spoken)]
    if not answered:
        return
    session.execute(
        update(IncidentComponent)
        .where(IncidentComponent.component_id == component.id, IncidentComponent.incident_id.in_(answered))
        .values(holds=None),
        execution_options={"synchronize_session": False},
    )
