"""What the public sees of an incident or maintenance, as plain values that outlive the transaction."""

import hashlib
import string
from dataclasses import dataclass
from datetime import datetime

from desk.incidents.inputs import ENDED, RUNNING
from storage.models import Incident, IncidentStatus, IncidentUpdate

_ID_LENGTH, _DIGITS = 12, string.digits + string.ascii_lowercase
POSTMORTEM = "postmortem"
"""The status that API v2 gives an incident whose postmortem is public, and the postmortem as an update."""


@dataclass(frozen=True, slots=True)
class Affected:
    """What an update did to one component."""

    code: str
    name: str
    old_status: str
    new_status: str


@dataclass(frozen=True, slots=True)
class UpdateView:
    """One thing said about an incident."""

    id: str
    incident_id: str
    status: str
    """That of the incident then, or `postmortem`."""
    body: str
    created_at: datetime
    updated_at: datetime
    display_at: datetime
    affected: tuple[Affected, ...]
    deliver_notifications: bool
    custom_tweet: str | None

    @classmethod
    def of(cls, row: IncidentUpdate) -> "UpdateView":
        """From its row."""
        return cls(
            id=row.id,
            incident_id=row.incident_id,
            status=IncidentStatus(row.status),
            body=row.body,
            created_at=row.created_at,
            updated_at=row.updated_at,
            display_at=row.display_at,
            affected=tuple(Affected(**entry) for entry in row.affected_components or ()),
            deliver_notifications=row.deliver_notifications,
            custom_tweet=row.custom_tweet,
        )


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident or maintenance with what was said about it, the newest first."""

    id: str
    number: int
    version: int
    page_id: str
    name: str
    status: IncidentStatus
    impact: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    shortlink: str
    reminder_intervals: str | None
    scheduled_for: datetime | None
    scheduled_until: datetime | None
    postmortem: str | None
    """Its text, once it is published."""
    postmortem_at: datetime | None
    postmortem_notified: bool
    updates: tuple[UpdateView, ...]
    component_ids: tuple[str, ...]

    @classmethod
    def of(cls, row: Incident, updates: tuple[UpdateView, ...], component_ids: tuple[str, ...]) -> "IncidentView":
        """From its row."""
        return cls(
            id=row.id,
            number=row.number,
            version=row.version,
            page_id=row.page_id,
            name=row.name,
            status=IncidentStatus(row.status),
            impact=row.shown_impact,
            created_at=row.created_at,
            updated_at=row.updated_at,
            started_at=row.started_at,
            monitoring_at=row.monitoring_at,
            resolved_at=row.resolved_at,
            shortlink=row.shortlink,
            reminder_intervals=row.reminder_intervals,
            scheduled_for=row.scheduled_for,
            scheduled_until=row.scheduled_until,
            postmortem=row.postmortem_body if row.postmortem_published_at else None,
            postmortem_at=row.postmortem_published_at,
            postmortem_notified=row.postmortem_notified_subscribers,
            updates=updates,
            component_ids=component_ids,
        )

    @property
    def said(self) -> tuple[UpdateView, ...]:
        """What feeds and API v2 call its updates, the newest first: a postmortem is one of them."""
        if self.postmortem is None or self.postmortem_at is None:
            return self.updates
        at = self.postmortem_at
        postmortem = UpdateView(
            id=_derived_id(self.id, POSTMORTEM),
            incident_id=self.id,
            status=POSTMORTEM,
            body=self.postmortem,
            created_at=at,
            updated_at=at,
            display_at=at,
            affected=(),
            deliver_notifications=self.postmortem_notified,
            custom_tweet=None,
        )
        later = sum(update.display_at > at for update in self.updates)
        return (*self.updates[:later], postmortem, *self.updates[later:])

    @property
    def public_status(self) -> str:
        """As API v2 has it: `postmortem` once that is public, unless the incident was opened again."""
        return str(self.status) if self.postmortem is None or self.is_open else POSTMORTEM

    @property
    def dated_at(self) -> datetime:
        """The date under which feeds carry it: of its newest update; of what is planned, when it shall begin."""
        if self.is_upcoming and self.scheduled_for is not None:
            return self.scheduled_for
        return self.said[0].display_at if self.said else self.created_at

    @property
    def is_maintenance(self) -> bool:
        """Whether it was scheduled."""
        return self.scheduled_for is not None

    @property
    def is_open(self) -> bool:
        """Whether it goes on, or is yet to begin."""
        return self.status not in ENDED

    @property
    def is_upcoming(self) -> bool:
        """Whether it is a maintenance that has not begun."""
        return self.status == IncidentStatus.SCHEDULED

    @property
    def is_cancelled(self) -> bool:
        """Whether it is a maintenance that was called off: completed before its time, never in progress."""
        if self.scheduled_for is None or self.resolved_at is None or self.resolved_at >= self.scheduled_for:
            return False
        # One that was written down afterwards was never announced as scheduled.
        return {update.status for update in self.updates} == {IncidentStatus.SCHEDULED, IncidentStatus.COMPLETED}

    @property
    def began_at(self) -> datetime:
        """When it happened: for a maintenance, when it really began, or else the time for which it was scheduled."""
        if self.scheduled_for is None:
            return self.created_at
        ran = [update.display_at for update in self.updates if update.status in RUNNING]
        return self.scheduled_for if self.is_upcoming or not ran else ran[-1]

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """From when to when a maintenance ran or, as far as it has not, shall run; None for an incident."""
        if self.scheduled_for is None or self.scheduled_until is None:
            return None
        if self.is_cancelled:
            return self.scheduled_for, self.scheduled_until
        if self.resolved_at is not None and self.resolved_at > self.began_at:
            return self.began_at, self.resolved_at
        # One that was begun after its time, and goes on, has no end that anybody knows.
        return self.began_at, max(self.scheduled_until, self.began_at)


def _derived_id(*of: str) -> str:
    """An id that what has no row of its own always has, in the form of the others."""
    number = int.from_bytes(hashlib.sha256("/".join(of).encode()).digest()[:8])
    digits = ""
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    return digits
