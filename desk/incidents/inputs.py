"""What people and clients hand in about an incident, checked before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desk.errors import UNKEPT, InvalidInputError, Problems
from desk.moments.instants import FURTHEST
from desk.pages.intervals import reminder_hours
from desk.pages.status import Impact
from desk.reasons import check_name
from desk.texts import can_be_kept, clean_text
from storage.models import ComponentStatus, IncidentStatus

REALTIME = (
    IncidentStatus.INVESTIGATING,
    IncidentStatus.IDENTIFIED,
    IncidentStatus.MONITORING,
    IncidentStatus.RESOLVED,
)
SCHEDULED = (
    IncidentStatus.SCHEDULED,
    IncidentStatus.IN_PROGRESS,
    IncidentStatus.VERIFYING,
    IncidentStatus.COMPLETED,
)
ENDED = frozenset({IncidentStatus.RESOLVED, IncidentStatus.COMPLETED})
RUNNING = frozenset({IncidentStatus.IN_PROGRESS, IncidentStatus.VERIFYING})
"""What is said of a maintenance while it goes on."""
MAX_NAME = 255
MAX_BODY = 25_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A maintenance's window, and what happens by itself."""

    scheduled_for: datetime
    scheduled_until: datetime
    remind_prior: bool = True
    auto_in_progress: bool = True
    auto_completed: bool = True
    to_maintenance_state: bool = True
    to_operational_state: bool = True
    notify_at_start: bool = True
    notify_at_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """A new realtime incident or, with a schedule, a maintenance; with `backfilled_at`, one of the past."""

    name: str
    id: str | None = None
    """The id that it was promised; None: any."""
    body: str = ""
    status: IncidentStatus | None = None
    """None: `investigating`, or `scheduled` for a maintenance."""
    impact_override: Impact | None = None
    components: Mapping[str, ComponentStatus | None] = field(default_factory=dict)
    """The components it is about → the state that each takes on; None leaves the state as it is."""
    seen_states: Mapping[str, ComponentStatus] = field(default_factory=dict)
    """The states in which the person saw components that take on another one."""
    deliver_notifications: bool = True
    schedule: Schedule | None = None
    backfilled_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    reminder_intervals: str | None = None

    @property
    def first_status(self) -> IncidentStatus:
        """The status with which it begins."""
        if self.status is not None:
            return self.status
        if self.backfilled_at is not None:
            return IncidentStatus.COMPLETED if self.schedule else IncidentStatus.RESOLVED
        return IncidentStatus.SCHEDULED if self.schedule else IncidentStatus.INVESTIGATING


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentChange:
    """A change of an incident. What is None stays; `status` or `body` make an update that people read."""

    name: str | None = None
    body: str | None = None
    status: IncidentStatus | None = None
    impact_override: Impact | None = None
    clear_impact_override: bool = False
    components: Mapping[str, ComponentStatus | None] = field(default_factory=dict)
    seen_states: Mapping[str, ComponentStatus] = field(default_factory=dict)
    """As in `NewIncident`."""
    as_planned: bool = False
    """Whether a maintenance's components that are not named follow its own flags."""
    deliver_notifications: bool = True
    schedule: Schedule | None = None
    metadata: Mapping[str, Any] | None = None
    reminder_intervals: str | None = None

    @property
    def says_something(self) -> bool:
        """Whether it makes an update."""
        return self.status is not None or bool(self.body)


def check_incident_name(name: str, *, field: str = "name") -> str:
    """An incident's name, in one line. Raises InvalidInputError (`field`)."""
    hint, too_long = "Say in a few words what people notice.", "Put details into the text."
    return check_name(name, of="An incident", limit=MAX_NAME, hint=hint, too_long=too_long, field=field)


def check_body(body: str) -> str:
    """An update's text without what no screen shows. Raises InvalidInputError (field `body`)."""
    if not can_be_kept(body):
        raise InvalidInputError(*UNKEPT, field="body")
    body = clean_text(body)
    if len(body) > MAX_BODY:
        raise InvalidInputError(
            f"The text has {len(body)} characters, and at most {MAX_BODY} fit.", "Shorten it.", field="body"
        )
    return body


def check_status(status: IncidentStatus, *, scheduled: bool) -> None:
    """Raises InvalidInputError (field `status`) when the status is of the other kind of incident."""
    allowed = SCHEDULED if scheduled else REALTIME
    if status not in allowed:
        kind = "A maintenance" if scheduled else "An incident"
        raise InvalidInputError(f"{kind} cannot be “{status}”.", f"It can be: {', '.join(allowed)}.", field="status")


def check_schedule(schedule: Schedule) -> None:
    """Raises InvalidInputError (field `scheduled_until`) unless the window ends after it begins."""
    if schedule.scheduled_until <= schedule.scheduled_for:
        raise InvalidInputError(
            "A maintenance must end after it begins.", "Choose a later end.", field="scheduled_until"
        )


def check_backfill(began_at: datetime, now: datetime) -> None:
    """Raises InvalidInputError (field `backfill_date`) unless it began in the last ten years."""
    if began_at > now:
        raise InvalidInputError(
            "A backfilled incident lies in the past.", "Choose an earlier day.", field="backfill_date"
        )
    if now - began_at > FURTHEST:
        raise InvalidInputError(
            f"That is in the year {began_at.year}, more than ten years ago.",
            f"Is another year meant, such as {now.year}?",
            field="backfill_date",
        )


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Statuspage takes groups of values only. Raises InvalidInputError (field `metadata`)."""
    if not all(isinstance(group, dict) for group in metadata.values()):
        raise InvalidInputError(
            "Each value of metadata must itself be an object.", 'As in {"jira": {"issue": "X-1"}}.', field="metadata"
        )


def check_new(new: NewIncident, now: datetime) -> None:
    """Raises InvalidInputError, whose `field` names it, for all in a new incident that cannot be, at once."""
    scheduled, problems = new.schedule is not None, Problems()
    with problems.gathered():
        check_incident_name(new.name)
    _check_words(problems, new.body, new.status, new.metadata, new.reminder_intervals, scheduled=scheduled)
    if new.schedule is not None:
        with problems.gathered():
            check_schedule(new.schedule)
    if new.backfilled_at is not None:
        with problems.gathered():
            check_backfill(new.backfilled_at, now)
        if new.first_status not in ENDED:
            problems.add(
                f"What is written down afterwards is over: it cannot be “{new.status}”.",
                "Leave its status out, or open a new incident instead.",
                field="status",
            )
        if new.components:
            problems.add("A backfilled incident cannot change components.", field="components")
    problems.refuse()


def check_change(change: IncidentChange, *, scheduled: bool) -> None:
    """The same for a change of an incident."""
    problems = Problems()
    if change.name is not None:
        with problems.gathered():
            check_incident_name(change.name)
    body, metadata = change.body or "", change.metadata or {}
    _check_words(problems, body, change.status, metadata, change.reminder_intervals, scheduled=scheduled)
    if change.schedule is not None:
        with problems.gathered():
            check_schedule(change.schedule)
        if not scheduled:
            problems.add("An incident has no schedule.", "Schedule a maintenance instead.", field="scheduled_for")
    problems.refuse()


def _check_words(
    problems: Problems,
    body: str,
    status: IncidentStatus | None,
    metadata: Mapping[str, Any],
    reminder_intervals: str | None,
    *,
    scheduled: bool,
) -> None:
    with problems.gathered():
        check_body(body)
    if status is not None:
        with problems.gathered():
            check_status(status, scheduled=scheduled)
    with problems.gathered():
        check_metadata(metadata)
    with problems.gathered():
        reminder_hours(reminder_intervals)
