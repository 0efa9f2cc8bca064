"""Addresses are for ever: what was once subscribed to goes on answering, whichever way pages change."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from desk.errors import ConflictError
from desk.seeds.planting import plant_seed
from desk.seeds.shape import PageSeed, Seed
from desk.transaction import Desk, pages_changed
from handlers.http.app import HttpSettings, create_http_app
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


async def test_the_root_stays_the_first_ones(story: Story, web: Web) -> None:
    """The first page is hidden: below the root its feeds, API and badge go on answering for it, and nothing that was
    subscribed to is another page's now; that one answers below its own path."""
    web.app.public.refresh()
    paths = [*SUBSCRIBED, f"/incidents/{story.open}/"]
    before = {path: await names_of(web, path) for path in paths}
    second = add_second(web.desk)
    incident_id = open_incident(web.desk, second, "Elsewhere")
    web.app.public.refresh()
    guids = await names_of(web, "/another/history.rss")
    change_page(web.desk, story.page, configuration={"hidden_from_search": True})
    web.app.public.refresh()
    assert {path: await names_of(web, path) for path in paths} == before
    assert await names_of(web, "/another/history.rss") == guids
    for base in ("", "/another"):
        assert "Elsewhere" in (await web.client.get(f"{base}/incidents/{incident_id}/")).text
    assert "/another" in (await web.client.get("/")).text
    assert "Orders fail" in (await web.client.get("/acme/history.rss")).text


async def test_the_root_stays_the_first_ones_after_a_restart(story: Story, web: Web, desk: Desk) -> None:
    """Whose the root is was decided once: an older page that is shown later, while nobody looked, does not get it."""
    web.app.public.refresh()
    before = await names_of(web, "/history.rss")
    desk.clock.advance(timedelta(days=-900))  # type: ignore[attr-defined]
    add_second(desk)
    desk.clock.advance(timedelta(days=900))  # type: ignore[attr-defined]
    app = create_http_app(desk, settings=HttpSettings(use_flush_interval=timedelta(days=1)))
    app.public.refresh()
    document = app.public.cache.find("", "/history.rss")
    assert document is not None
    assert tuple(re.findall(r"<guid>.*?</guid>", document.body.decode())) == tuple(
        each for each in before if each.startswith("<guid>")
    )


async def test_a_renamed_page_answers_where_it_was(story: Story, web: Web) -> None:
    """Every path below an old subdomain says what the new one says, also once it has changed twice and back."""
    add_second(web.desk)
    web.app.public.refresh()
    before = {path: await names_of(web, f"/acme{path}") for path in SUBSCRIBED}
    for subdomain in ("acme-cloud", "acme2", "acme-cloud"):
        change_page(web.desk, story.page, subdomain=subdomain)
        web.app.public.refresh()
    for base in ("/acme", "/acme2", "/acme-cloud", ""):
        for path in SUBSCRIBED:
            answer = await web.client.get(base + path)
            assert answer.status_code == 200, base + path
            assert await names_of(web, base + path) == before[path]
    assert (await web.client.get("/acme-cloud/")).text == (await web.client.get("/acme/")).text
    # Nobody else gets what still leads to this page.
    for page in (PageSeed(name="New", subdomain="acme2"), PageSeed(name="Another", subdomain="acme")):
        with pytest.raises(ConflictError):
            web.desk.write_now(
                ACTOR, partial(plant_seed, seed=Seed(organization="Acme", organization_id=None, pages=(page,)))
            )
    back = PageSeed(name="Acme", subdomain="acme2", id=story.page)
    web.desk.write_now(
        ACTOR, partial(plant_seed, seed=Seed(organization="Acme", organization_id=None, pages=(back,)))
    )


async def test_a_page_answers_on_every_domain_that_it_had(story: Story, web: Web) -> None:
    """Until that is another page's; of a page that was removed the domain says so, and shows nobody else's."""
    for domain in ("status.acme.example", "Status.Acme.Dev", "status.acme.test"):
        change_page(web.desk, story.page, domain=domain)
        web.app.public.refresh()
    for host in ("status.acme.example", "status.acme.dev", "status.acme.test"):
        for path in ("/", "/history.rss", "/api/v2/summary.json", f"/incidents/{story.open}/"):
            answer = await web.client.get(path, headers={"Host": host})
            assert answer.status_code == 200, (host, path)
            assert story.page in answer.text or "Acme" in answer.text
    second = add_second(web.desk, domain="status.acme.dev")
    web.app.public.refresh()
    there, own = {"Host": "status.acme.dev"}, {"Host": "status.another.example"}
    assert "Another" in (await web.client.get("/", headers=there)).text
    change_page(web.desk, second, domain="status.another.example")
    web.app.public.refresh()
    assert "Another" in (await web.client.get("/", headers=own)).text
    web.desk.write_now(ACTOR, lambda tx: tx.session.delete(tx.session.get_one(Page, second)))
    web.app.public.refresh()
    assert "Another" not in (await web.client.get("/", headers=there)).text
    for path in ("/", "/history.rss", "/api/v2/summary.json"):
        assert (await web.client.get(path, headers=own)).status_code == 410, path


async def test_what_was_removed_is_gone(web: Web, desk: Desk) -> None:
    """The page that had the root is removed: its addresses say so, as JSON where they were JSON, and are no other
    page's; whoever asks for what never was is told that there is nothing."""
    first = add_second(desk)
    web.app.public.refresh()
    desk.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    write_story(desk)
    web.app.public.refresh()
    web.desk.write_now(ACTOR, lambda tx: tx.session.delete(tx.session.get_one(Page, first)))
    web.app.public.refresh()
    for base in ("", "/another"):
        for path in SUBSCRIBED:
            answer = await web.client.get(base + path)
            assert answer.status_code == 410, base + path
            assert ("removed" in answer.json()["error"]) if "/api/" in path else ("removed" in answer.text)
    assert (await web.client.get("/acme/history.rss")).status_code == 200
    assert "/acme" in (await web.client.get("/")).text
    assert (await web.client.get("/never/api/v2/status.json")).status_code == 404
    assert (await web.client.get("/v1/pages")).status_code == 401
    head = await web.client.head("/history.rss")
    assert (head.status_code, head.content) == (410, b"")


async def test_the_folder_has_the_same(story: Story, web: Web) -> None:
    """Every address of the first page is among the documents that a file server has."""
    web.app.public.refresh()
    before = set(web.app.public.cache.shared)
    add_second(web.desk)
    web.app.public.refresh()
    gone = before - set(web.app.public.cache.shared)
    assert gone == set()


def entries(desk: Desk, base_url: str) -> tuple[str, ...]:
    """What names entries and the feed itself, in a Keydesk that starts with this address."""
    moved = Desk(desk.database, desk.clock, replace(desk.policy, base_url=base_url))
    app = create_http_app(moved, settings=HttpSettings(use_flush_interval=timedelta(days=1)))
    app.public.refresh()
    documents = [
        app.public.cache.find("", path)
        for path in ("/acme/history.rss", "/acme/history.atom", "/acme/maintenances.ics")
    ]
    text = "".join(document.body.decode() for document in documents if document is not None)
    return tuple(re.findall(r"<guid(?: isPermaLink=\"false\")?>(.*?)</guid>|<id>(.*?)</id>|UID:(\S+)", text))


async def test_entries_keep_their_ids_when_the_address_changes(story: Story, desk: Desk) -> None:
    """Another base address, or a domain of its own: nothing that a feed reader or a calendar knows comes twice."""
    before = entries(desk, "https://keydesk.acme.example")
    assert len(before) > 5
    assert entries(desk, "https://status.acme.example") == before
    change_page(desk, story.page, domain="status.acme.example")
    assert entries(desk, "https://keydesk.acme.example") == before


async def test_links_go_to_the_new_address(story: Story, desk: Desk) -> None:
    """An id that cannot be called any more says that it is none to call; links are to where the page is now."""
    entries(desk, "https://keydesk.acme.example")
    change_page(desk, story.page, domain="status.acme.example")
    app = create_http_app(desk, settings=HttpSettings(use_flush_interval=timedelta(days=1)))
    app.public.refresh()
    document = app.public.cache.find("status.acme.example", "/history.rss")
    assert document is not None
    where = f"/incidents/{story.open}"
    assert f"<link>https://status.acme.example{where}</link>" in document.body.decode()
    assert f'<guid isPermaLink="false">https://keydesk.acme.example{where}</guid>' in document.body.decode()


@pytest.mark.parametrize("tried", ["http://127.0.0.1:3000", "http://localhost:3000", "http://[::1]:3000"])
async def test_an_address_of_this_machine_names_nothing_for_good(story: Story, desk: Desk, tried: str) -> None:
    """Who tried it out on their own machine has ids of the real address later."""
    entries(desk, tried)
    assert all("keydesk.acme.example" in "".join(each) for each in entries(desk, "https://keydesk.acme.example"))
