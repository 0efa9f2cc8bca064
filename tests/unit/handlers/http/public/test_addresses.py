"""Addresses are for ever: what was once subscribed to goes on answering, whichever way pages change."""

import re
from datetime import timedelta

import pytest

from desk.transaction import Desk, pages_changed
from storage.models import IncidentStatus, Page
from tests.factories import add_page
from tests.public_story import ACTOR, Story, change_page, open_incident, write_story
from tests.unit.handlers.http.public.conftest import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SUBSCRIBED = [
    "/history.rss",
    "/history.atom",
    "/maintenances.ics",
    "/badge.svg",
    "/embed.js",
    "/history/",
    "/uptime/",
    "/history/2026-02/",
    "/history/2025-02/",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/incidents.json",
]


@pytest.fixture
def story(desk: Desk) -> Story:
    """The only page, at the root and without a domain, with something of long ago."""
    story = write_story(desk)
    desk.clock.advance(timedelta(days=-390))  # type: ignore[attr-defined]
    open_incident(desk, story.page, "Of long ago", status=IncidentStatus.RESOLVED)
    desk.clock.advance(timedelta(days=390))  # type: ignore[attr-defined]
    return story


def add_second(desk: Desk, **values: object) -> str:
    """One page more; gives its id."""

    def add(tx: object) -> str:
        page = add_page(tx.session, tx.now, name="Another", subdomain="another", **values)  # type: ignore[attr-defined]
        pages_changed(tx)  # type: ignore[arg-type]
        return page.id

    return desk.write_now(ACTOR, add)


async def names_of(web: Web, path: str) -> tuple[str, ...]:
    """What identifies entries in feeds and calendars, and the page in JSON."""
    text = (await web.client.get(path)).text
    return tuple(re.findall(r'<guid>.*?</guid>|<id>.*?</id>|UID:\S+|"page":\{"id":"\w+"', text))


@pytest.mark.parametrize("after", ["added", "hidden", "removed"])
async def test_what_was_subscribed_to_goes_on_answering(story: Story, web: Web, after: str) -> None:
    """A second page that comes, hides or goes changes neither what the first one's addresses answer nor any id."""
    paths = [*SUBSCRIBED, f"/incidents/{story.open}/", f"/api/v2/incidents/{story.open}.json"]
    web.app.public.refresh()
    before = {path: await names_of(web, path) for path in paths}
    second = add_second(web.desk)
    if after == "hidden":
        change_page(web.desk, second, configuration={"hidden_from_search": True})
    if after == "removed":
        web.app.public.refresh()
        web.desk.write_now(ACTOR, lambda tx: tx.session.delete(tx.session.get_one(Page, second)))
    web.app.public.refresh()
    for base in ("", "/acme"):
        for path in paths:
            answer = await web.client.get(base + path)
            assert answer.status_code == 200, base + path
            assert await names_of(web, base + path) == before[path]
    assert "Of long ago" in (await web.client.get("/history/2025-02/")).text
    assert ("another" in (await web.client.get("/")).text) is (after == "added")


async def test_a_page_that_was_below_its_path(story: Story, web: Web) -> None:
    """What was subscribed to below a page's path answers also once it is the only one, at the root."""
    second = add_second(web.desk)
    incident_id = open_incident(web.desk, second, "Elsewhere")
    web.app.public.refresh()
    guids = await names_of(web, "/another/history.rss")
    change_page(web.desk, story.page, configuration={"hidden_from_search": True})
    web.app.public.refresh()
    for base in ("", "/another"):
        assert await names_of(web, f"{base}/history.rss") == guids
        assert "Elsewhere" in (await web.client.get(f"{base}/incidents/{incident_id}/")).text
    assert "Orders fail" in (await web.client.get("/acme/history.rss")).text


async def test_the_folder_has_the_same(story: Story, web: Web) -> None:
    """Every address of the first page is among the documents that a file server has."""
    web.app.public.refresh()
    before = set(web.app.public.cache.shared)
    add_second(web.desk)
    web.app.public.refresh()
    gone = before - set(web.app.public.cache.shared)
    assert gone == set()
