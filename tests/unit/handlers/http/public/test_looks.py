"""What readers see of days, windows and words in other scripts."""

import base64
import re
import struct
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.transaction import Desk, Transaction, pages_changed
from storage.models import Component, ComponentStatus, ComponentStatusChange
from tests.factories import add_component, add_page
from tests.public_story import ACTOR, Story, change_page
from tests.unit.handlers.http.public.conftest import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def add_shop(desk: Desk, *changes: tuple[float, ComponentStatus], **values: Any) -> str:
    """A page in Auckland with one component, which took on these states so many days ago; gives the page's id."""

    def add(tx: Transaction) -> str:
        made = tx.now - timedelta(days=60)
        page = add_page(tx.session, made, time_zone="Pacific/Auckland")
        component = add_component(tx.session, page, made, **values)
        for days, status in changes:
            at = tx.now - timedelta(days=days)
            tx.session.add(ComponentStatusChange(component_id=component.id, at=at, status=status, actor="test"))
        pages_changed(tx)
        return page.id

    return desk.write_now(ACTOR, add)


async def read_days(web: Web) -> list[str]:
    """How each of the ninety days looks, the oldest first."""
    page = (await web.read("/uptime/")).text
    bars = page.split('class="days"')[1].split("</div>")[0]
    return re.findall(r'<(?:i|span) class="(?:day )?(operational|unknown|degraded|partial|major|maintenance)"', bars)


@pytest.mark.parametrize(
    ("start_date", "known"),
    [(None, 61), (date(2026, 2, 20), 11), (date(2025, 12, 20), 73), (date(2020, 1, 1), 90), (date(2026, 3, 9), 0)],
)
async def test_uptime_begins_with_the_start_date(web: Web, start_date: date | None, known: int) -> None:
    """A day of the page's zone, before or after the component was made; what was earlier is not told."""
    add_shop(web.desk, start_date=start_date)
    days = await read_days(web)
    assert (len(days), days.count("operational"), days.count("unknown")) == (90, known, 90 - known)


async def test_a_start_date_takes_along_the_state(web: Web) -> None:
    """An outage that went on when it began goes on; one that was over is not told."""
    add_shop(
        web.desk,
        (30, ComponentStatus.PARTIAL_OUTAGE),
        (29, ComponentStatus.OPERATIONAL),
        (12, ComponentStatus.MAJOR_OUTAGE),
        (8, ComponentStatus.OPERATIONAL),
        start_date=date(2026, 2, 20),
    )
    days = await read_days(web)
    assert set(days[:79]) == {"unknown"}
    assert (days[79], days[-1], days.count("partial")) == ("major", "operational", 0)


async def test_a_window_over_a_change_of_clocks(web: Web) -> None:
    """Both ends name their offset on that night, in page and feeds; on any other the zone is said once."""

    def plan(tx: Transaction) -> None:
        page = add_page(tx.session, tx.now, time_zone="Europe/Zurich")
        for day in (28, 27):
            start = datetime(2026, 3, day, 23, 30, tzinfo=UTC)
            schedule = Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=3))
            create_incident(tx, page.id, NewIncident(name=f"On {day}", body="Soon.", schedule=schedule))

    web.desk.write_now(ACTOR, plan)
    page = re.sub(r"<[^>]*>", "", (await web.read("/")).text)
    assert "29 March 2026, 00:30 CET – 04:30 CEST" in page
    assert "28 March 2026, 00:30 – 03:30 CET" in page
    for path in ("/history.atom", "/history.rss"):
        text = re.sub(r"&lt;.*?&gt;", "", (await web.client.get(path)).text)
        assert "Mar 29, 00:30 CET - 04:30 CEST" in text
        assert "Mar 28, 00:30 - 03:30 CET" in text


async def test_words_of_other_scripts(story: Story, web: Web) -> None:
    """Names and texts tell a browser to find out which way they are read."""
    name = "خدمة الدفع"

    def rename(tx: Transaction) -> None:
        tx.session.get_one(Component, story.components["API"]).name = name
        pages_changed(tx)

    web.desk.write_now(ACTOR, rename)
    page = (await web.read("/")).text
    assert f'<h3 class="component-name" dir="auto">{name}</h3>' in page
    assert f"<bdi>Europe – {name}</bdi>" in page
    assert 'class="incident-name" dir="auto"' in page
    permalink = (await web.client.get(f"/incidents/{story.open}/")).text
    assert '<h1 class="plain" dir="auto">' in permalink
    for text in (page, permalink):
        assert '<div class="prose">' not in text


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "image/x-icon", None])
async def test_an_icon_is_where_browsers_look(story: Story, web: Web, kind: str | None) -> None:
    """An ICO that holds the page's own picture where it can, and three bars of its green where it cannot."""
    own = b"\x89PNG\r\n\x1a\n-of-its-own"
    logo = f"data:{kind};base64,{base64.b64encode(own).decode()}" if kind else ""
    change_page(web.desk, story.page, configuration={"favicon_logo": logo, "css_greens": "006400"})
    answer = await web.read("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/x-icon")
    if kind == "image/x-icon":
        assert answer.content == own
        return
    reserved, is_icon, count, *_, size, offset = struct.unpack("<3H4B2H2I", answer.content[:22])
    picture = answer.content[offset:]
    assert (reserved, is_icon, count, size) == (0, 1, 1, len(picture))
    if kind == "image/png":
        assert picture == own
        return
    assert struct.unpack(">2I", picture[16:24]) == (32, 32)
    start = picture.index(b"IDAT") + 4
    pixels = zlib.decompress(picture[start : start + struct.unpack(">I", picture[start - 8 : start - 4])[0]])
    assert (len(pixels), pixels.count(bytes.fromhex("006400ff"))) == (32 * 129, 3 * 6 * 24)


async def read_badge(web: Web, page_id: str, name: str) -> tuple[int, float]:
    """How much room the badge gives a page's name, and its whole width."""
    change_page(web.desk, page_id, name=name)
    badge = (await web.read("/badge.svg")).text
    lengths = re.findall(r'textLength="(\d+)"', badge)
    width = re.search(r'<svg[^>]* width="(\d+)"', badge)
    assert width is not None
    assert int(width.group(1)) == sum(map(int, lengths)) + 30
    return int(lengths[0]), float(width.group(1))


async def test_the_badge_measures_wide_letters(story: Story, web: Web) -> None:
    """Letters that fill a square get that room, also composed of parts; accents of their own get none."""
    plain, _ = await read_badge(web, story.page, "aaaa")
    assert (await read_badge(web, story.page, "決済基盤"))[0] >= 4 * 11
    assert (await read_badge(web, story.page, "🚀🚀🚀🚀"))[0] >= 4 * 11
    assert (await read_badge(web, story.page, "a\u0301a\u0301a\u0301a\u0301"))[0] == plain
    assert (await read_badge(web, story.page, "ÄÖÜÑ"))[0] == (await read_badge(web, story.page, "AOUN"))[0]
    assert (await read_badge(web, story.page, "ЖШЩЮ"))[0] == 36
