"""Feeds and calendar, read as feed readers and calendars do."""

import re
from typing import Any

import feedparser
import pytest

from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from storage.models import IncidentStatus
from tests.public_story import Story
from tests.unit.handlers.http.conftest import ACTOR, Site

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
URL = "https://status.acme.example"


async def read(site: Site, path: str) -> tuple[str, Any]:
    """A feed, as it is and as a reader understands it."""
    answer = await site.client.get(path)
    parsed = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert not parsed.bozo, parsed.get("bozo_exception")
    return answer.text, parsed


@pytest.mark.parametrize("path", ["/history.atom", "/history.rss"])
async def test_one_entry_per_incident(story: Story, site: Site, path: str) -> None:
    """Incidents and maintenances by date, which for what is planned is its start, each with its permalink."""
    _, feed = await read(site, path)
    assert feed.feed.title == "Acme Status - Incident History"
    assert [entry.link for entry in feed.entries] == [
        f"{URL}/incidents/{incident}"
        for incident in (story.upcoming, story.open, story.active, story.completed, story.resolved)
    ]
    assert feed.entries[1].title == "API answers <slowly>" or feed.entries[1].title == "API answers &lt;slowly&gt;"


async def test_atom_as_statuspage_writes_it(story: Story, site: Site) -> None:
    """Ids are tags with the incident's number, times are in the page's zone, the author is the page."""
    text, feed = await read(site, "/history.atom")
    assert feed.version == "atom10"
    assert feed.feed.id == "tag:status.acme.example,2005:/history"
    assert {link.rel: link.href for link in feed.feed.links} == {"alternate": URL, "self": f"{URL}/history.atom"}
    assert feed.feed.author_detail.name == "Acme"
    for entry in feed.entries:
        assert re.fullmatch(r"tag:status\.acme\.example,2005:Incident/\d+", entry.id)
    # When something was said last, and when what is planned begins.
    for at in ("2026-03-02T09:40:00+01:00", "2026-03-05T08:00:00+01:00"):
        assert f"<published>{at}</published>\n    <updated>{at}</updated>" in text
    assert '<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">' in text


async def test_rss_as_statuspage_writes_it(story: Story, site: Site) -> None:
    """The guid is the link, dates have the zone's offset, maintenances say when they end."""
    text, feed = await read(site, "/history.rss")
    assert feed.version == "rss20"
    assert feed.feed.description == "Statuspage"
    assert all(entry.id == entry.link for entry in feed.entries)
    assert "<pubDate>Mon, 02 Mar 2026 09:40:00 +0100</pubDate>" in text
    assert text.count("<maintenanceEndDate>") == 3


async def test_bodies_have_the_words_that_readers_key_on(story: Story, site: Site) -> None:
    """Each update has its day, time, zone and status in bold; `Update` where the status stayed."""
    site.desk.write_now(
        ACTOR,
        lambda tx: update_incident(
            tx, story.open, IncidentChange(status=IncidentStatus.RESOLVED, body="Fast again.\nThanks.")
        ),
    )
    site.app.public.refresh()
    # The parser cleans HTML, so the entry is looked at as it was sent.
    text = (await site.client.get("/history.atom")).text
    [content] = re.findall(r'API answers.*?<content type="html">(.*?)</content>', text, re.DOTALL)
    assert content.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == (
        "<p><small>Mar <var data-var='date'> 2</var>, <var data-var='time'>10:00</var> CET</small><br>"
        "<strong>Resolved</strong> - Fast again.<br />\nThanks.</p>"
        "<p><small>Mar <var data-var='date'> 2</var>, <var data-var='time'>09:40</var> CET</small><br>"
        "<strong>Update</strong> - Still looking.</p>"
        "<p><small>Mar <var data-var='date'> 2</var>, <var data-var='time'>09:30</var> CET</small><br>"
        "<strong>Investigating</strong> - We see it.<br />\n<br />\nMore <em>soon</em>.</p>"
    )


async def test_maintenances_begin_with_their_schedule(story: Story, site: Site) -> None:
    """From when to when, in the page's zone, before the updates."""
    text = (await site.client.get("/history.rss")).text.replace("&lt;", "<").replace("&gt;", ">")
    assert (
        "<p><strong>THIS IS A SCHEDULED EVENT Mar <var data-var='date'> 5</var>, <var data-var='time'>08:00</var> - "
        "<var data-var='time'>10:00</var> CET</strong></p><p><small>"
    ) in text


def unfold(text: str) -> list[str]:
    """The content lines of a calendar."""
    return text.replace("\r\n ", "").split("\r\n")


async def test_the_calendar(story: Story, site: Site) -> None:
    """Every maintenance is an event with a stable id, its window in UTC, and its words escaped."""
    answer = await site.client.get("/maintenances.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    lines = unfold(answer.text)
    assert (lines[0], lines[-2]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert [line for line in lines if line.startswith("UID:")] == [
        f"UID:{incident}@status.acme.example" for incident in (story.upcoming, story.active, story.completed)
    ]
    first = lines[lines.index("BEGIN:VEVENT") : lines.index("END:VEVENT")]
    assert "SUMMARY:Index\\, rebuilt\\; twice" in first
    assert "DTSTART:20260305T070000Z" in first
    assert "DTEND:20260305T090000Z" in first
    assert f"URL:{URL}/incidents/{story.upcoming}" in first


async def test_lines_are_folded_between_characters(story: Story, site: Site) -> None:
    """Long words of many bytes are cut at 75 octets, never within a character, and come back whole."""
    name = "Überprüfung der Schlüssel für 東京 und Zürich, " * 5
    site.desk.write_now(ACTOR, lambda tx: update_incident(tx, story.upcoming, IncidentChange(name=name)))
    site.app.public.refresh()
    content = (await site.client.get("/maintenances.ics")).content
    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert f"SUMMARY:{' '.join(name.split())}".replace(",", "\\,") in unfold(content.decode())


async def test_an_id_stays_and_its_sequence_rises(story: Story, site: Site) -> None:
    """A moved maintenance is the same event to a calendar, in a later edition."""

    def sequence(text: str) -> int:
        lines = unfold(text)
        return int(lines[lines.index(f"UID:{story.upcoming}@status.acme.example") + 1].removeprefix("SEQUENCE:"))

    before = sequence((await site.client.get("/maintenances.ics")).text)
    site.desk.write_now(ACTOR, lambda tx: update_incident(tx, story.upcoming, IncidentChange(body="Moved.")))
    site.app.public.refresh()
    assert sequence((await site.client.get("/maintenances.ics")).text) > before
