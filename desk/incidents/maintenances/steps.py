"""What a maintenance does by itself: which step is due, and the words in which it is said. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from desk.incidents.inputs import RUNNING, IncidentChange
from storage.models import Incident, IncidentStatus

REMIND_BEFORE = timedelta(minutes=60)
_JUST_SAID = timedelta(minutes=5)
LATE = timedelta(minutes=5)
"""From here on a step says that it comes late."""

REMINDER = "Maintenance will begin as scheduled in {minutes}."
STARTED = "Scheduled maintenance is currently in progress. We will provide updates as necessary."
COMPLETED = "The scheduled maintenance has been completed."

_STEPS: Mapping[str, Collection[IncidentStatus]] = {
    IncidentStatus.SCHEDULED: (IncidentStatus.SCHEDULED, IncidentStatus.IN_PROGRESS, IncidentStatus.COMPLETED),
    **dict.fromkeys(RUNNING, (IncidentStatus.COMPLETED,)),
}
_MINUTE = timedelta(minutes=1)


class Step(StrEnum):
    """What is due."""

    NOTHING = "nothing"
    REMIND = "remind"
    START = "start"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What decides about one maintenance: its window, its flags, and what has happened in this window."""

    status: IncidentStatus
    created_at: datetime
    scheduled_for: datetime
    scheduled_until: datetime | None
    remind_prior: bool
    auto_in_progress: bool
    auto_completed: bool
    reminded_at: datetime | None = None
    was_started: bool = False
    """Whether it was in progress since the window's start, whatever somebody made of it after that."""
    was_completed: bool = False
    """Whether it was completed since the window's end, whatever somebody made of it after that."""

    @classmethod
    def of(cls, row: Incident, *, was_started: bool, was_completed: bool) -> "Plan":
        """From its row. The row must have a schedule."""
        assert row.scheduled_for is not None
        return cls(
            status=IncidentStatus(row.status),
            created_at=row.created_at,
            scheduled_for=row.scheduled_for,
            scheduled_until=row.scheduled_until,
            remind_prior=row.scheduled_remind_prior,
            auto_in_progress=row.scheduled_auto_in_progress,
            auto_completed=row.scheduled_auto_completed,
            reminded_at=row.scheduled_reminded_at,
            was_started=was_started,
            was_completed=was_completed,
        )


def is_step(before: str, change: IncidentChange) -> bool:
    """Whether a change of a maintenance that is `before` in some status is one of its steps, and nothing else."""
    said = IncidentChange(
        status=change.status,
        body=change.body,
        components=change.components,
        as_planned=change.as_planned,
        deliver_notifications=change.deliver_notifications,
    )
    return change == said and change.status in _STEPS.get(before, ())


@dataclass(frozen=True, slots=True)
class Due:
    """A step that is due; `is_late` when its instant passed more than a few minutes ago."""

    step: Step
    is_late: bool = False
    is_unreported: bool = False
    """It is over, and nobody said that it had begun."""


NOTHING = Due(Step.NOTHING)


def decide_step(plan: Plan, now: datetime) -> Due:
    """What the maintenance should do by itself now. Each step is due once in a window, and never before its time.

    Where people took a step or took one back, they are left to it.
    """
    if plan.status in RUNNING:
        return _decide_end(plan, now)
    if plan.status != IncidentStatus.SCHEDULED:
        return NOTHING
    if now < plan.scheduled_for:
        return _decide_reminder(plan, now)
    if not plan.auto_in_progress or plan.was_started:
        # Nobody began it. To complete it would tell people of work that perhaps never was.
        return NOTHING
    if plan.scheduled_until is None or now < plan.scheduled_until:
        return Due(Step.START, is_late=now - plan.scheduled_for > LATE)
    end = _decide_end(plan, now)
    return Due(end.step, end.is_late, is_unreported=True) if end.step is Step.COMPLETE else NOTHING


def _decide_end(plan: Plan, now: datetime) -> Due:
    if not plan.auto_completed or plan.was_completed:
        return NOTHING
    if plan.scheduled_until is None or now < plan.scheduled_until:
        return NOTHING
    return Due(Step.COMPLETE, is_late=now - plan.scheduled_until > LATE)


def _decide_reminder(plan: Plan, now: datetime) -> Due:
    opens = plan.scheduled_for - REMIND_BEFORE
    # One that was made or moved within the hour, or right before it, has just been announced. A reminder of an
    # earlier time was of an earlier window, and the new one has its own.
    was_said = max(plan.created_at, plan.reminded_at or plan.created_at) >= opens - _JUST_SAID
    if not plan.remind_prior or was_said or now < opens:
        return NOTHING
    return Due(Step.REMIND, is_late=now - opens > LATE)


def reminder_text(plan: Plan, now: datetime) -> str:
    """“Maintenance will begin as scheduled in 60 minutes.”, or in as many as there are."""
    left = -((now - plan.scheduled_for) // _MINUTE)
    return REMINDER.format(minutes="1 minute" if left == 1 else f"{left} minutes")


def start_text(plan: Plan, due: Due, zone: ZoneInfo) -> str:
    """What is said at the start; late, also since when it goes on."""
    if not due.is_late:
        return STARTED
    return f"{STARTED}\n\nIt began as scheduled on {zoned_text(plan.scheduled_for, zone)}; this update comes late."


def end_text(plan: Plan, due: Due, zone: ZoneInfo) -> str:
    """What is said at the end; late, also since when it is over and whether its start was missed."""
    if plan.scheduled_until is None or not (due.is_late or due.is_unreported):
        return COMPLETED
    end = zoned_text(plan.scheduled_until, zone)
    if due.is_unreported:
        start = zoned_text(plan.scheduled_for, zone)
        return f"{COMPLETED}\n\nIt was scheduled from {start}, until {end}; this page could not report on it then."
    return f"{COMPLETED}\n\nIt was scheduled until {end}; this update comes late."


def zoned_text(at: datetime, zone: ZoneInfo) -> str:
    """An instant by the page's clock, for the public: `2 March 2026, 20:00 CET`."""
    local = at.astimezone(zone)
    name = local.tzname() or ""
    name = name if name.isalpha() else f"UTC{local.isoformat()[-6:]}"
    return f"{local.day} {local:%B %Y, %H:%M} {name}"
