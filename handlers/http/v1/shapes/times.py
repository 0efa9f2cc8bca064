"""Instants and days in the API."""

from datetime import date, datetime
from typing import NewType
from zoneinfo import ZoneInfo

from storage.models import Page

Instant = NewType("Instant", str)
"""ISO 8601, as Statuspage writes it."""
Day = NewType("Day", str)


def instant(at: datetime, zone: ZoneInfo) -> Instant:
    """An instant as Statuspage writes it: ISO 8601 with milliseconds, in the page's zone; `Z` for UTC."""
    local = at.astimezone(zone)
    text = local.isoformat(timespec="milliseconds")
    return Instant(text.removesuffix("+00:00") + "Z" if local.tzname() == "UTC" else text)


def instant_or_none(at: datetime | None, zone: ZoneInfo) -> Instant | None:
    """The same, where there is one."""
    return instant(at, zone) if at is not None else None


def day(on: date) -> Day:
    """A day, as in 2026-11-28."""
    return Day(on.isoformat())


def zone_of(page: Page) -> ZoneInfo:
    """The zone in which a page's instants are told."""
    return ZoneInfo(page.time_zone)
