"""When owners are reminded of a request that waits: later and later, and only while people work. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from desk.policy import Policy

_DAYS_AHEAD = 15
"""Days that are looked through for the next working hour: two weeks, so that a gap in one of them does not matter."""


def next_reminder_at(policy: Policy, *, since: datetime, sent: int, expires_at: datetime) -> datetime | None:
    """The instant of the next reminder, when `sent` have gone out and the last (or the request) was at `since`.

    The wait doubles with each one sent; what falls outside working time moves to where that begins next. None when
    the request expires before, or when policy knows no working time.
    """
    # Beyond any expiry there is nothing to compute, and doubling for ever would overflow.
    wait = min(policy.reminder_after * 2 ** min(sent, 16), timedelta(days=3650))
    at = next_working_time(policy, since + wait)
    return at if at is not None and at < expires_at else None


def is_working_time(policy: Policy, instant: datetime) -> bool:
    """Whether people work at an instant, by the clock on the wall in policy's time zone."""
    local = instant.astimezone(policy.time_zone)
    return local.weekday() in policy.working_days and _is_between(policy, local.time())


def _is_between(policy: Policy, wall: time) -> bool:
    start, end = policy.working_hours
    if start < end:
        return start <= wall < end
    return wall >= start or wall < end


def next_working_time(policy: Policy, instant: datetime) -> datetime | None:
    """The first instant from `instant` on at which people work; None when policy knows no working time."""
    if is_working_time(policy, instant):
        return instant
    today = instant.astimezone(policy.time_zone).date()
    for offset in range(_DAYS_AHEAD):
        for opening in _openings(policy, today + timedelta(days=offset)):
            if opening >= instant and is_working_time(policy, opening):
                return opening
    return None


def _openings(policy: Policy, day: date) -> Iterator[datetime]:
    """Instants of a day at which work may begin, in order.

    Where clocks are put back the same wall time comes twice; where they are put forward past the start, work begins
    when they have jumped. Hours that span midnight also begin with the day.
    """
    start, end = policy.working_hours
    walls = [start] if start < end else sorted({time(0), start})
    for wall in walls:
        local = datetime.combine(day, wall, tzinfo=policy.time_zone)
        yield from sorted({local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)})
