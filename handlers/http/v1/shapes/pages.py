"""Pages: every field, in the order of the specification, null where nothing is set."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from desk.pages.fields import COLUMN_FIELDS, PAGE_FIELDS, ZONE_AS_GIVEN
from desk.pages.rules import find_zone
from handlers.http.v1.shapes.times import instant
from storage.models import Page


def page_shape(page: Page) -> Mapping[str, Any]:
    """A page as `GET /pages/{page_id}` shows it."""
    zone = ZoneInfo(page.time_zone)
    values = page.configuration | {name: getattr(page, name) for name in COLUMN_FIELDS}
    given = values.get(ZONE_AS_GIVEN)
    # Whoever changed it otherwise since, by a file perhaps, gave it no such name.
    values["time_zone"] = given if given and find_zone(given) == page.time_zone else page.time_zone
    return {
        "id": page.id,
        "created_at": instant(page.created_at, zone),
        "updated_at": instant(page.updated_at, zone),
        "name": page.name,
        **{name: values.get(name) for name in PAGE_FIELDS},
    }
