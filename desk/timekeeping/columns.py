"""Which stored instants may lie ahead of now, and how far. What is not listed says when something happened."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import InstrumentedAttribute

from storage import jobs, outbox
from storage.models import (
    Announcement,
    ApiKey,
    AuditEvent,
    Base,
    Delivery,
    DeliveryLane,
    Digest,
    Grant,
    Incident,
    IncidentDraft,
    JobRun,
    KeyRequest,
    Ticket,
    UpstreamKey,
    UpstreamWarning,
)
from storage.models.base import UTCDateTime

Column = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]

WAITS: Mapping[Column, timedelta] = {
    Delivery.due_at: outbox.LONGEST_WAIT,
    Delivery.lease_until: outbox.LEASE,
    JobRun.lease_until: jobs.LEASE,
    # A snooze is the longest.
    Incident.update_due_at: timedelta(hours=24),
}
"""What something waits for, and the longest that it ever does. What is later was written by a wrong clock."""

ONLY_WITHOUT: Mapping[Column, InstrumentedAttribute[Any]] = {
    Delivery.due_at: Delivery.sent_at,
    JobRun.lease_until: JobRun.finished_at,
    # Who wrote intervals of their own may wait for longer.
    Incident.update_due_at: Incident.reminder_intervals,
}
"""What is waited for only where another column is empty."""

FOLLOWS: Mapping[Column, Column] = {
    Delivery.due_at: Delivery.created_at,
    KeyRequest.expires_at: KeyRequest.created_at,
    KeyRequest.next_reminder_at: KeyRequest.created_at,
    Ticket.expires_at: Ticket.created_at,
    Incident.update_due_at: Incident.updated_at,
    Announcement.act_on: Announcement.first_announced_at,
}
"""What is counted from an instant of the same row, and moves with it. An `api_key` does by a rule of its own."""

BEFORE: Mapping[Column, timedelta] = {
    # What may have arrived is looked for from then on.
    Delivery.first_tried_at: timedelta(hours=1),
}
"""What had better be too early by so much, since nobody knows when it really was."""

FREE: Mapping[Column, str] = {
    ApiKey.expires_at: "people choose it; of a new key it is counted from its making",
    ApiKey.retires_at: "the end of a grace period, at most the key's own",
    ApiKey.kept_until: "people choose it",
    AuditEvent.at: "the trail is never changed: it says what the clock said",
    DeliveryLane.due_at: "worked out from its deliveries",
    DeliveryLane.busy_until: "worked out from its deliveries",
    Digest.scheduled_for: "names the period, which has one digest",
    Grant.expires_at: "people choose it",
    Incident.scheduled_for: "people choose it",
    Incident.scheduled_until: "people choose it",
    IncidentDraft.kept_until: "its author chose it",
    UpstreamKey.expires_at: "its server said it",
    UpstreamWarning.expires_at: "the key's own",
}
"""What may lie ahead as far as it likes, and why."""


def list_columns(model: type[Base]) -> Sequence[Column]:
    """Every column of a table that holds an instant."""
    attributes = inspect(model).column_attrs
    return [getattr(model, each.key) for each in attributes if isinstance(each.columns[0].type, UTCDateTime)]


def list_stamps(model: type[Base]) -> Sequence[Column]:
    """The columns of a table that say when something happened: never later than now."""
    listed = {str(column) for column in (*WAITS, *FOLLOWS, *FREE)}
    return [column for column in list_columns(model) if str(column) not in listed]


def list_models() -> Iterator[type[Base]]:
    """Every table that holds instants, in the order of their names."""
    models: list[type[Base]] = [mapper.class_ for mapper in Base.registry.mappers]
    yield from (model for model in sorted(models, key=lambda model: model.__name__) if list_columns(model))
