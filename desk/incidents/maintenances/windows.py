"""Windows of maintenances as somebody says them who has no form: from when, until when or for how long."""

from desk.errors import InvalidInputError
from desk.incidents.inputs import RUNNING, IncidentChange, Schedule
from desk.incidents.maintenances.plans import check_move, plan_move, schedule_of
from desk.moments.typed import Moment
from desk.moments.window_instants import Window, read_new_end, read_window
from desk.moments.windows import parse_start, parse_stop
from desk.people import zone_of
from desk.transaction import Transaction


def schedule_as_said(
    tx: Transaction, starts: str, *, ends: str | None, lasts: str | None, by_itself: bool = True, remind: bool = True
) -> Schedule:
    """The window of a maintenance to come. Raises InvalidInputError."""
    start, end = read_moments(starts, ends or "", lasts or "")
    window = read_window(start, end, now=tx.now, zone=zone_of(tx))
    return as_schedule(window, by_itself=by_itself, remind=remind)


def plan_move_as_said(
    tx: Transaction,
    incident_id: str,
    *,
    starts: str | None,
    ends: str | None,
    lasts: str | None,
    body: str,
    adds: bool,
    auto_completed: bool | None = None,
) -> IncidentChange:
    """What moving a maintenance changes; `adds`: `lasts` is how much longer it takes. Raises as `plan_move`, and
    InvalidInputError where nothing is said or it is not understood."""
    incident = check_move(tx, incident_id)
    start, end = read_moments(starts or "", ends or "", lasts or "")
    kept, zone = schedule_of(incident), zone_of(tx)
    window = (kept.scheduled_for, kept.scheduled_until)
    if start is None and end is None:
        raise InvalidInputError("Say when.", "Until when or for how long; of one that has not begun also from when.")
    if incident.status in RUNNING or (adds and start is None):
        found = read_new_end(start, end, window, now=tx.now, zone=zone, adds=adds)
    else:
        found = read_window(start, end, now=tx.now, zone=zone, kept=window)
    new = as_schedule(found)
    moved = (new.scheduled_for, new.scheduled_until)
    return plan_move(tx, incident_id, *moved, body=body, auto_completed=auto_completed)


def read_moments(starts: str, ends: str, lasts: str) -> tuple[Moment | None, Moment | None]:
    """When it begins and ends, as far as that is said. Raises InvalidInputError."""
    if ends and lasts:
        raise InvalidInputError("An end and a length both say when it ends.", "Give one of them.")
    stop = f"until {ends}" if ends else f"for {lasts}" if lasts else ""
    return parse_start(starts) if starts else None, parse_stop(stop) if stop else None


def as_schedule(window: Window, *, by_itself: bool = True, remind: bool = True) -> Schedule:
    """The schedule of a window that was understood. Raises InvalidInputError."""
    if window.problems or window.start is None or window.end is None:
        raise InvalidInputError(" ".join(window.problems) or "Say from when and until when.", field="scheduled_for")
    return Schedule(
        scheduled_for=window.start,
        scheduled_until=window.end,
        remind_prior=remind,
        auto_in_progress=by_itself,
        auto_completed=by_itself,
    )
