"""`/history.atom` and `/history.rss`, in the forms that readers of Statuspage's feeds rely on."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from desk.status_page.incidents import POSTMORTEM, IncidentView, UpdateView
from desk.status_page.pages import PageView
from handlers.http.public.markdown import render_inline, render_postmortem
from handlers.http.public.sites import tag_host
from handlers.http.public.words import label, zone_words

ENTRIES = 50
_NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535))


def list_entries(view: PageView) -> Sequence[IncidentView]:
    """The incidents and maintenances that the feeds carry, in the order of their dates: the latest, and all open."""
    rows = sorted(view.incidents, key=lambda row: (row.dated_at, row.number), reverse=True)
    return [row for place, row in enumerate(rows) if place < ENTRIES or row.is_open]


def render_atom(view: PageView, url: str, permalinks: str, names: str) -> bytes:
    """The history as an Atom feed; `url` is the page's own address, its incidents are below `permalinks`, and their
    ids are after the address `names`."""
    host = tag_host(names)
    entries = list_entries(view)
    updated = max([view.page.updated_at, *(row.updated_at for row in entries)])
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">\n',
        f"  <id>tag:{_text(host)},2005:/history</id>\n",
        f'  <link rel="alternate" type="text/html" href={_attribute(url)}/>\n',
        f'  <link rel="self" type="application/atom+xml" href={_attribute(f"{url}/history.atom")}/>\n',
        f"  <title>{_text(view.page.name)} Status - Incident History</title>\n",
        f"  <updated>{_iso(updated, view)}</updated>\n",
        f"  <author>\n    <name>{_text(view.page.name)}</name>\n  </author>\n",
    ]
    for row in entries:
        link = f"{permalinks}/incidents/{row.id}"
        parts.append(
            f"  <entry>\n    <id>tag:{_text(host)},2005:Incident/{row.number}</id>\n"
            f"    <published>{_iso(row.dated_at, view)}</published>\n"
            f"    <updated>{_iso(row.dated_at, view)}</updated>\n"
            f'    <link rel="alternate" type="text/html" href={_attribute(link)}/>\n'
            f"    <title>{_text(row.name)}</title>\n"
            f'    <content type="html">{_text(render_entry(view, row))}</content>\n  </entry>\n'
        )
    return "".join([*parts, "</feed>\n"]).encode()


def render_rss(view: PageView, url: str, permalinks: str, names: str) -> bytes:
    """The history as an RSS feed; see `render_atom`."""
    entries = list_entries(view)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">\n  <channel>\n',
        f"    <title>{_text(view.page.name)} Status - Incident History</title>\n",
        f"    <link>{_text(url)}</link>\n    <description>Statuspage</description>\n",
        f"    <pubDate>{_rfc822(view.page.updated_at, view)}</pubDate>\n",
    ]
    # An id that is no address any more says so.
    opening = "<guid>" if names == permalinks else '<guid isPermaLink="false">'
    for row in entries:
        link = f"{permalinks}/incidents/{row.id}"
        guid = f"{names}/incidents/{row.id}"
        end = ""
        if row.window is not None:
            end = f"      <maintenanceEndDate>{_rfc822(row.window[1], view)}</maintenanceEndDate>\n"
        parts.append(
            f"    <item>\n      <title>{_text(row.name)}</title>\n"
            f"      <description>{_text(render_entry(view, row))}</description>\n"
            f"      <pubDate>{_rfc822(row.dated_at, view)}</pubDate>\n{end}"
            f"      <link>{_text(link)}</link>\n      {opening}{_text(guid)}</guid>\n    </item>\n"
        )
    return "".join([*parts, "  </channel>\n</rss>\n"]).encode()


def render_entry(view: PageView, row: IncidentView) -> Markup:
    """What one entry says: the schedule of a maintenance, then each update, the newest first."""
    said = Markup("").join(
        _update(view, update, is_same=_status_before(row, index) == update.status)
        for index, update in enumerate(row.said)
    )
    return _schedule(view, row) + said


def _schedule(view: PageView, row: IncidentView) -> Markup:
    if row.window is None:
        return Markup("")
    start, end = (at.astimezone(view.zone) for at in row.window)
    until = _clock(end) if start.date() == end.date() else Markup("{}, {}").format(_day(end), _clock(end))
    # On a night on which clocks change, both ends say which clock they mean.
    change = f" {zone_words(start, view.zone)}" if start.utcoffset() != end.utcoffset() else ""
    return Markup("<p><strong>THIS IS A SCHEDULED EVENT {}, {}{} - {} {}</strong></p>").format(
        _day(start), _clock(start), change, until, zone_words(end, view.zone)
    )


def _update(view: PageView, update: UpdateView, *, is_same: bool) -> Markup:
    at = update.display_at.astimezone(view.zone)
    return Markup("<p><small>{}, {} {}</small><br><strong>{}</strong> - {}</p>").format(
        _day(at),
        _clock(at),
        zone_words(update.display_at, view.zone),
        "Update" if is_same else label(update.status),
        render_postmortem(update.body) if update.status == POSTMORTEM else render_inline(update.body),
    )


def _status_before(row: IncidentView, index: int) -> str | None:
    return row.said[index + 1].status if index + 1 < len(row.said) else None


def _day(at: datetime) -> Markup:
    return Markup("{} <var data-var='date'>{}</var>").format(f"{at:%b}", f"{at.day:2}")


def _clock(at: datetime) -> Markup:
    return Markup("<var data-var='time'>{}</var>").format(f"{at:%H:%M}")


def _iso(at: datetime, view: PageView) -> str:
    local = at.astimezone(view.zone).isoformat(timespec="seconds")
    return local.removesuffix("+00:00") + "Z" if local.endswith("+00:00") else local


def _rfc822(at: datetime, view: PageView) -> str:
    return format_datetime(at.astimezone(view.zone).replace(microsecond=0))


def _text(text: str) -> str:
    return escape(str(text).translate(_NOT_XML))


def _attribute(text: str) -> str:
    return quoteattr(text.translate(_NOT_XML))
