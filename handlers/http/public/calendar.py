"""`/maintenances.ics`: maintenances as iCalendar (RFC 5545), for calendars to subscribe to."""

from collections.abc import Iterator
from datetime import UTC, datetime

from desk.status_page.incidents import IncidentView
from desk.status_page.pages import PageView
from handlers.http.public.markdown import plain_text
from handlers.http.public.sites import tag_host

_FOLD_AT = 75
_CONTROLS = {code: None for code in (*range(0x20), 0x7F) if code != 0x0A}


def render_calendar(view: PageView, permalinks: str, names: str) -> bytes:
    """The maintenances of a page, planned and past: below `permalinks`, and with ids after the address `names`."""
    host = tag_host(names)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Keydesk//Maintenances//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(f'{view.page.name} maintenances')}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    for row in view.maintenances:
        if row.window is None:
            continue
        lines += _event(row, host, permalinks)
    return "".join(_folded(line) for line in [*lines, "END:VCALENDAR"]).encode()


def _event(row: IncidentView, host: str, url: str) -> Iterator[str]:
    assert row.window is not None
    start, end = row.window
    yield "BEGIN:VEVENT"
    yield f"UID:{row.id}@{host}"
    yield f"SEQUENCE:{row.version}"
    yield f"DTSTAMP:{_stamp(row.updated_at)}"
    yield f"LAST-MODIFIED:{_stamp(row.updated_at)}"
    yield f"DTSTART:{_stamp(start)}"
    if end > start:
        yield f"DTEND:{_stamp(end)}"
    yield f"SUMMARY:{_text(row.name)}"
    if row.updates:
        yield f"DESCRIPTION:{_text(plain_text(row.updates[0].body))}"
    yield f"URL:{url}/incidents/{row.id}"
    yield f"STATUS:{'CANCELLED' if row.is_cancelled else 'CONFIRMED'}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A content line in pieces of at most 75 octets; no character is cut."""
    pieces, piece, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        # The blank that begins every further piece counts.
        if size + octets > _FOLD_AT:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += octets
    return "\r\n".join([*pieces, piece]) + "\r\n"
