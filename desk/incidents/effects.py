"""What a change of an incident makes of a component: decided alike for a preview and for what is published. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from desk.incidents.holding import Holding, decide_state, decide_wish_at_end, decide_wish_at_start, is_worse
from desk.incidents.inputs import ENDED, RUNNING, NewIncident
from desk.pages.status import worst
from storage.models import Component, ComponentStatus, Incident, IncidentStatus

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
    def reopens(self) -> bool:
        """Whether it takes up again what was over: what that said of its components counts no more."""
        return self.before in ENDED and self.after not in ENDED

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
        # What is out of order besides a maintenance was not left so by it, nor by one that never was.
        leaves = move.turn is Turn.ENDS and (not move.to_operational or now == _AT_WORK)
        is_left = mine == _AT_WORK and (leaves or move.before in ENDED)
        return mine if wish is None and move.after in ENDED and is_left else None
    if wish is not None:
        return wish
    if move.turn is not Turn.BEGINS:
        return None if move.reopens else mine
    goes_below = move.scheduled and move.to_maintenance and is_worse(now, _AT_WORK)
    return _AT_WORK if goes_below and names else None
