"""The JSON of single incidents: page and incident, of which the page changes at every turn."""

import json
from collections.abc import Mapping
from typing import Any

from desk.status_page.components import ComponentView
from desk.status_page.incidents import IncidentView
from desk.status_page.pages import PageView
from handlers.http.public.shapes import list_affected, page_shape, render_v2_incident


class IncidentJson:
    """Renders an incident of any age as JSON; it carries its components as they are now.

    What is said of the incidents of a view is taken over from a renderer `before` it, while they and their components
    are as they were.
    """

    def __init__(self, view: PageView, url: str, before: "IncidentJson | None" = None) -> None:
        self._view = view
        self._page = to_json(page_shape(view, url, view.zone))
        self._zone = view.page.time_zone
        known = before._parts if before is not None and before._zone == self._zone else {}
        self._parts: dict[str, tuple[IncidentView, tuple[ComponentView, ...], bytes]] = {}
        for row in (*view.history, *view.incidents):
            about, same = list_affected(view, row), known.get(row.id)
            told = same[2] if same is not None and same[:2] == (row, about) else self._tell(row)
            self._parts[row.id] = (row, about, told)

    def render(self, incident: IncidentView) -> bytes:
        """The whole document."""
        known = self._parts.get(incident.id)
        told = known[2] if known is not None and known[0] == incident else self._tell(incident)
        return b'{"page":%s,"incident":%s}' % (self._page, told)

    def _tell(self, incident: IncidentView) -> bytes:
        return to_json(render_v2_incident(self._view, incident))


def to_json(shape: Mapping[str, Any]) -> bytes:
    """As every document of the API is written."""
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":")).encode()
