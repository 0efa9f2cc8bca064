"""All documents of a page at one place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from desk.status_page.incidents import IncidentView
from desk.status_page.months import Month, recent_months
from desk.status_page.pages import PageView
from handlers.http.public.assets import Assets, make_assets, render_embed, render_icon
from handlers.http.public.badge import render_badge
from handlers.http.public.calendar import render_calendar
from handlers.http.public.document import Document, make_document
from handlers.http.public.feeds import render_atom, render_rss
from handlers.http.public.headers import HTML_HEADERS, NO_INDEX, PICTURE_HEADERS, PUBLIC_DATA_HEADERS
from handlers.http.public.html import HtmlRenderer
from handlers.http.public.incident_json import IncidentJson, to_json
from handlers.http.public.shapes import render_v2_shapes
from handlers.http.public.sites import Site

_HTML = "text/html; charset=utf-8"
_JSON = "application/json; charset=utf-8"
_INCIDENT = re.compile(r"/incidents/([a-z0-9]{12})/?")
_JSON_INCIDENT = re.compile(r"/api/v2/incidents/([a-z0-9]{12})\.json")
_MONTH = re.compile(r"/history/(\d{4})-(0[1-9]|1[0-2])/?")

_OLD = re.compile(rf"({_INCIDENT.pattern}|{_MONTH.pattern})\Z")

Documents = Mapping[str, Document]
"""By path below the page; those that end with a slash are also found without it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page at one place: its documents, and what renders those that lie further back."""

    view: PageView
    site: Site
    as_of: datetime
    html: HtmlRenderer
    json: IncidentJson
    documents: Documents
    frame: tuple[object, ...]
    """What old documents show besides their own incidents: when it changes, they change."""


def render_page(view: PageView, site: Site, now: datetime, before: Rendered | None = None) -> Rendered:
    """Every document of a page but old incidents and old months; incidents as they were are taken over."""
    assets = make_assets(view.page, site.base)
    instant = view.as_of(now)
    frame = _frame(view, site, assets, instant)
    same = before if before is not None and before.frame == frame else None
    html = HtmlRenderer(view, site, assets, instant, same.html if same is not None else None)
    documents: dict[str, Document] = {**assets.documents, **_data(view, site)}
    for path, body in (("/", html.page()), ("/history/", html.history()), ("/uptime/", html.uptime())):
        documents[path] = html_document(body, view)
    for month in recent_months(instant, view.zone):
        path, rows = f"/history/{month}/", _rows_of(view, month)
        if same is not None and path in same.documents and _rows_of(same.view, month) == rows:
            documents[path] = same.documents[path]
        else:
            documents[path] = html_document(html.month(month, rows), view)
    data = IncidentJson(view, site.url, before.json if before is not None else None)
    known = _incidents_of(same.view) if same is not None else {}
    for incident in _incidents_of(view).values():
        path = f"/incidents/{incident.id}/"
        own = f"/api/v2/incidents/{incident.id}.json"
        written = before.documents.get(own) if before is not None else None
        body = data.render(incident)
        same_body = written is not None and written.body == body
        documents[own] = written if written is not None and same_body else _data_document(body, _JSON, view)
        if same is not None and known.get(incident.id) == incident:
            documents[path] = same.documents[path]
        else:
            documents[path] = html_document(html.incident(incident), view)
    return Rendered(view, site, instant, html, data, documents, same.frame if same is not None else frame)


def _rows_of(view: PageView, month: Month) -> list[IncidentView]:
    return [row for row in view.history if month.start <= row.began_at < month.end]


def _incidents_of(view: PageView) -> Mapping[str, IncidentView]:
    return {row.id: row for row in (*view.history, *view.incidents)}


def _frame(view: PageView, site: Site, assets: Assets, instant: datetime) -> tuple[object, ...]:
    return (
        site.url,
        replace(view.page, updated_at=instant.min),
        view.first_incident_at,
        (assets.style, assets.script, assets.favicon, assets.logo),
        tuple((row.id, row.group_id, row.name) for row in (*view.components, *view.retired)),
        Month.at(instant, view.zone),
    )


def html_document(body: bytes, view: PageView) -> Document:
    """HTML with the headers of the page."""
    headers = (*HTML_HEADERS, NO_INDEX) if view.page.hidden else HTML_HEADERS
    return make_document(body, _HTML, headers=headers)


def render_incident(rendered: Rendered, incident: IncidentView) -> Document:
    """The permalink of an incident of any age."""
    return html_document(rendered.html.incident(incident), rendered.view)


def render_json_incident(rendered: Rendered, incident: IncidentView) -> Document:
    """An incident of any age as JSON; it carries its components as they are now."""
    return _data_document(rendered.json.render(incident), _JSON, rendered.view)


def _data_document(body: bytes, content_type: str, view: PageView) -> Document:
    headers = (*PUBLIC_DATA_HEADERS, NO_INDEX) if view.page.hidden else PUBLIC_DATA_HEADERS
    return make_document(body, content_type, headers=headers)


def render_month(rendered: Rendered, month: Month, incidents: list[IncidentView]) -> Document:
    """The history of a month of any age."""
    return html_document(rendered.html.month(month, incidents), rendered.view)


def is_old(path: str) -> bool:
    """Whether a path, below whatever page, can be that of an old document."""
    return _OLD.search(path) is not None


def may_be_asked_for(path: str) -> bool:
    """Whether a path can be that of a document which is rendered for whoever asks."""
    return is_old(path) or _JSON_INCIDENT.search(path) is not None


def is_whole(path: str) -> bool:
    """Whether a path below a page is that of a document which is rendered for whoever asks, and nothing more."""
    return any(form.fullmatch(path) for form in (_INCIDENT, _MONTH, _JSON_INCIDENT))


def incident_in(path: str) -> str | None:
    """The id in the path of a permalink."""
    found = _INCIDENT.fullmatch(path)
    return found.group(1) if found else None


def json_incident_in(path: str) -> str | None:
    """The id in the address of an incident's JSON."""
    found = _JSON_INCIDENT.fullmatch(path)
    return found.group(1) if found else None


def month_in(path: str, view: PageView, instant: datetime) -> Month | None:
    """The month in the path of a month's history, if the page has lived in it."""
    found = _MONTH.fullmatch(path)
    first = view.first_incident_at
    if found is None or first is None:
        return None
    month = Month(int(found.group(1)), int(found.group(2)), view.zone)
    return month if Month.at(first, view.zone) <= month <= Month.at(instant, view.zone) else None


def _data(view: PageView, site: Site) -> dict[str, Document]:
    url = site.url

    def data(body: bytes, content_type: str) -> Document:
        return _data_document(body, content_type, view)

    documents = {
        f"/api/v2/{name}": data(to_json(shape), _JSON) for name, shape in render_v2_shapes(view, url).items()
    }
    calendar = render_calendar(view, site.permalinks, site.names)
    documents["/maintenances.ics"] = data(calendar, "text/calendar; charset=utf-8")
    kind, icon = render_icon(view.page)
    documents["/favicon.ico"] = make_document(icon, kind, headers=PICTURE_HEADERS)
    documents["/badge.svg"] = data(render_badge(view), "image/svg+xml")
    documents["/embed.js"] = data(render_embed(view.page), "text/javascript; charset=utf-8")
    documents["/robots.txt"] = data(_robots(view), "text/plain; charset=utf-8")
    if view.page.has_feeds:
        atom, rss = (render(view, url, site.permalinks, site.names) for render in (render_atom, render_rss))
        documents["/history.atom"] = data(atom, "application/atom+xml; charset=utf-8")
        documents["/history.rss"] = data(rss, "application/rss+xml; charset=utf-8")
    return documents


def _robots(view: PageView) -> bytes:
    return b"User-agent: *\nDisallow:%s\n" % (b" /" if view.page.hidden else b"")
