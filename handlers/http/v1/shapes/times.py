"""Instants in the API."""

from datetime import datetime
from zoneinfo import ZoneInfo

from storage.models import Page


def instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as Statuspage writes it: ISO 8601 with milliseconds, in the page's zone; `Z` for UTC."""
    local = at.astimezone(zone)
    text = local.isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if local.tzname() == "UTC" else text


def zone_of(page: Page) -> ZoneInfo:
    """The zone in which a page's instants are told."""
    return ZoneInfo(page.time_zone)
