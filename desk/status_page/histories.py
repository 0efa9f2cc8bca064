"""The states of components over time, as far as they are told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.clock import CLOCKS_APART
from desk.status_page.uptime import Change
from storage.models import Component, ComponentStatus, ComponentStatusChange


def read_histories(
    session: Session, rows: Sequence[Component], start: datetime, now: datetime, zone: ZoneInfo
) -> Mapping[str, tuple[Change, ...]]:
    """The changes of each of these components' states from `start` on, in order of time, the state then first. `zone`
    is the page's. Groups have none."""
    leaves = [row for row in rows if not row.group]
    ids = [row.id for row in leaves]
    before, changes = _read_states_before(session, ids, start), _read_changes(session, ids, start, now)
    return {row.id: _history(row, before.get(row.id), changes.get(row.id, ()), start, zone) for row in leaves}


def _read_states_before(session: Session, ids: Collection[str], start: datetime) -> Mapping[str, ComponentStatus]:
    # One step down an index for each component, however long its history is.
    last = (
        select(ComponentStatusChange.status)
        .where(ComponentStatusChange.component_id == Component.id, ComponentStatusChange.at < start)
        .order_by(ComponentStatusChange.at.desc(), ComponentStatusChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(select(Component.id, last).where(Component.id.in_(ids))).all()
    return {component_id: ComponentStatus(status) for component_id, status in rows if status is not None}


def _read_changes(
    session: Session, ids: Collection[str], start: datetime, now: datetime
) -> Mapping[str, Sequence[Change]]:
    changed = ComponentStatusChange
    rows: Sequence[Any] = session.execute(
        select(changed.component_id, changed.at, changed.status)
        .where(changed.component_id.in_(ids), changed.at >= start)
        .order_by(changed.component_id, changed.at, changed.id)
    ).all()
    return {
        component_id: [Change(_told(at, now), ComponentStatus(status)) for _, at, status in group]
        for component_id, group in groupby(rows, key=lambda row: row[0])
    }


def _told(at: datetime, now: datetime) -> datetime:
    # A clock that is further ahead is wrong, and when it happened is not known: by now.
    return at if at <= now + CLOCKS_APART else now


def _history(
    row: Component, before: ComponentStatus | None, changes: Sequence[Change], start: datetime, zone: ZoneInfo
) -> tuple[Change, ...]:
    """The changes with what was before them: a component counts as operational from its first day on.

    That is its start date, a day of the page's zone, where it has one: what was earlier is not told, and days before
    it was made count as well.
    """
    if row.start_date is None:
        return _known(row, before, changes, start, max(row.created_at, start))
    first = max(datetime.combine(row.start_date, time(), zone).astimezone(UTC), start)
    known = _known(row, before, changes, start, min(first, max(row.created_at, start)))
    earlier = [change for change in known if change.at <= first]
    return (*(Change(first, change.status) for change in earlier[-1:]), *known[len(earlier) :])


def _known(
    row: Component, before: ComponentStatus | None, changes: Sequence[Change], start: datetime, began: datetime
) -> tuple[Change, ...]:
    if before is not None:
        return (Change(start, before), *changes)
    if not changes:
        status = ComponentStatus(row.status)
        known = (Change(began, ComponentStatus.OPERATIONAL), Change(max(row.created_at, began), status))
        return known if status != ComponentStatus.OPERATIONAL else known[:1]
    if began < changes[0].at:
        return (Change(began, ComponentStatus.OPERATIONAL), *changes)
    return tuple(changes)
