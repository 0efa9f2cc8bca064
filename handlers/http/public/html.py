"""The HTML of one page at one place."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk.status_page.incidents import IncidentView
from desk.status_page.months import Month, recent_months
from desk.status_page.pages import PageView
from handlers.http.public.assets import Assets
from handlers.http.public.bars import UptimeReader
from handlers.http.public.contexts import component_rows, incident_context, is_large, uptime_sections
from handlers.http.public.markdown import render_body
from handlers.http.public.naming import Naming
from handlers.http.public.sites import Site
from handlers.http.public.words import day_time, headline_look, month_time, month_words, when
from handlers.http.v1.shapes.times import instant

RECENT_DAYS = 14


@cache
def templates() -> Environment:
    """The templates; what they are given is escaped unless it says that it is markup."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class HtmlRenderer:
    """Renders the HTML documents of a page as of an instant, with links below the site's base.

    What there is to tell of incidents is taken over from a renderer `before` it, of the same frame, while they are as
    they were.
    """

    def __init__(
        self, view: PageView, site: Site, assets: Assets, as_of: datetime, before: "HtmlRenderer | None" = None
    ) -> None:
        self._view = view
        self._site = site
        self._as_of = as_of
        self._zone = view.zone
        self._naming = Naming(view)
        self._uptime = UptimeReader(view, as_of)
        self._context = _context_of(view, site, assets)
        self._told: dict[str, tuple[IncidentView, Mapping[str, Any]]] = {}
        known = before._told if before is not None else {}
        for row in (*view.history, *view.incidents):
            same = known.get(row.id)
            self._told[row.id] = same if same is not None and same[0] == row else (row, self._tell(row))

    def page(self) -> bytes:
        """The page itself: what is so now, and the last two weeks."""
        view = self._view
        return self._render(
            "page.html",
            "/",
            section="now",
            live=True,
            as_of=when(self._as_of, self._zone),
            open_incidents=[self._incident(row) for row in view.open_incidents],
            active=[self._incident(row) for row in view.active],
            upcoming=[self._incident(row) for row in view.upcoming],
            rows=component_rows(view, self._uptime),
            is_large=is_large(view),
            recent=self._days(self._recent(), of=_ended_at),
            recent_days=RECENT_DAYS,
        )

    def history(self) -> bytes:
        """This month and the two before."""
        months = recent_months(self._as_of, self._zone)
        rows = [(month, self._rows_of(month)) for month in months]
        return self._history("/history/", rows, only="", older=self._older(months[-1]), newer=None)

    def month(self, month: Month, incidents: Sequence[IncidentView]) -> bytes:
        """One month, with its incidents."""
        newer = month.next() if month < Month.at(self._as_of, self._zone) else None
        return self._history(
            f"/history/{month}/",
            [(month, incidents)],
            only=month_words(month),
            older=self._older(month),
            newer=newer,
        )

    def incident(self, incident: IncidentView) -> bytes:
        """One incident, with its postmortem once that is public."""
        return self._render(
            "incident.html",
            f"/incidents/{incident.id}/",
            section="history",
            live=False,
            incident=self._incident(incident),
        )

    def uptime(self) -> bytes:
        """Ninety days of every component, with each day of which there is something to tell."""
        sections = uptime_sections(self._view, self._uptime)
        return self._render("uptime.html", "/uptime/", section="uptime", live=False, sections=sections)

    def _history(
        self,
        path: str,
        months: Iterable[tuple[Month, Sequence[IncidentView]]],
        *,
        only: str,
        older: Month | None,
        newer: Month | None,
    ) -> bytes:
        return self._render(
            "history.html",
            path,
            section="history",
            live=False,
            only=only,
            months=[_month(month) | {"days": self._days(rows)} for month, rows in months],
            older=_month(older) if older else None,
            newer=_month(newer) if newer else None,
        )

    def _older(self, month: Month) -> Month | None:
        first = self._view.first_incident_at
        return month.previous() if first is not None and first < month.start else None

    def _rows_of(self, month: Month) -> Sequence[IncidentView]:
        return [row for row in self._view.history if month.start <= row.began_at < month.end]

    def _recent(self) -> Sequence[IncidentView]:
        """What ended in the last days, whenever it began, the latest first."""
        since = self._as_of - timedelta(days=RECENT_DAYS)
        rows = {row.id: row for row in (*self._view.history, *self._view.incidents) if not row.is_open}
        ended = (row for row in rows.values() if since <= _ended_at(row))
        return sorted(ended, key=lambda row: (_ended_at(row), row.number), reverse=True)

    def _days(
        self, rows: Iterable[IncidentView], *, of: Callable[[IncidentView], datetime] = lambda row: row.began_at
    ) -> list[Mapping[str, Any]]:
        days = groupby(rows, key=lambda row: of(row).astimezone(self._zone).date())
        return [
            {"id": day.isoformat(), "words": day_time(day), "incidents": [self._incident(row) for row in group]}
            for day, group in days
        ]

    def _incident(self, incident: IncidentView) -> Mapping[str, Any]:
        told = self._told.get(incident.id)
        return told[1] if told is not None and told[0] == incident else self._tell(incident)

    def _tell(self, incident: IncidentView) -> Mapping[str, Any]:
        return incident_context(self._naming, self._zone, incident)

    def _render(self, template: str, path: str, **values: Any) -> bytes:
        return (
            templates()
            .get_template(template)
            .render(site=self._context, base=self._site.base, path=path, **values)
            .encode()
        )


def render_pages(title: str, words: str, pages: Sequence[Mapping[str, str]], assets: Assets, back: str = "") -> bytes:
    """A list of pages, or the few words that an address without a document is answered with."""
    return (
        templates()
        .get_template("pages.html")
        .render(title=title, words=words, pages=pages, style=assets.style, favicon=assets.favicon, back=back)
        .encode()
    )


def _ended_at(incident: IncidentView) -> datetime:
    return incident.resolved_at or incident.began_at


def headline(view: PageView) -> Mapping[str, str]:
    """The page's status in one line, and how it looks."""
    return {"words": view.headline.words, "look": headline_look(view.headline)}


def _month(month: Month) -> dict[str, Any]:
    return {"id": str(month), "words": month_words(month), "time": month_time(month)}


def _context_of(view: PageView, site: Site, assets: Assets) -> Mapping[str, Any]:
    page = view.page
    return {
        "name": page.name,
        "url": site.url,
        "zone": page.time_zone.replace("_", " "),
        "hidden": page.hidden,
        "feeds": page.has_feeds,
        "home": safe_link(page.url),
        "support": safe_link(page.setting("support_url")),
        "intro": page.setting("headline"),
        "about": page.description or "",
        "about_html": render_body(page.description or ""),
        "footer": render_body(page.setting("footer_text")),
        "headline": view.headline.words,
        "summary": _summary(view),
        "look": headline_look(view.headline),
        "seen": instant(page.updated_at, view.zone),
        "assets": assets,
    }


def _summary(view: PageView) -> str:
    def count(rows: Sequence[Any], words: str) -> list[str]:
        return [f"{len(rows)} {words}{'' if len(rows) == 1 else 's'}"] if rows else []

    parts = count(view.open_incidents, "open incident")
    if parts and view.headline.why:
        parts = [f"{parts[0]} ({view.headline.why})"]
    if view.active:
        parts += [f"{len(view.active)} maintenance{'' if len(view.active) == 1 else 's'} in progress"]
    return ", ".join(parts)


def safe_link(address: str | None) -> str:
    """An address that may become a link; empty for anything but http, https and mail."""
    address = (address or "").strip()
    return address if address.lower().startswith(("https://", "http://", "mailto:")) else ""
