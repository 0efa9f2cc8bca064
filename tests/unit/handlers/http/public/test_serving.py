"""How public documents are answered, and how soon they follow a change."""

import base64
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from desk.incidents.incidents import delete_incident, update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.transaction import Desk, Transaction
from storage.models import Component
from tests.factories import add_page
from tests.public_story import Story, change_page, open_incident, open_later
from tests.unit.handlers.http.conftest import ACTOR, Site
from tests.waiting import eventually

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PATHS = [
    "/",
    "/history",
    "/history/",
    "/history/2026-03/",
    "/uptime/",
    "/api/v2/summary.json",
    "/history.atom",
    "/history.rss",
    "/maintenances.ics",
    "/badge.svg",
    "/embed.js",
    "/robots.txt",
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_document_and_its_headers(story: Story, site: Site, path: str) -> None:
    """GET, HEAD and a second look: the same headers, no cookie, and 304 for who has it."""
    got = await site.client.get(path)
    head = await site.client.head(path)
    assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
    assert dict(got.headers) == dict(head.headers)
    assert got.headers["cache-control"] == "public, max-age=0, stale-if-error=86400"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in got.headers
    again = await site.client.get(path, headers={"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", got.headers["etag"])
    other = await site.client.get(path, headers={"If-None-Match": '"something-else"'})
    assert other.status_code == 200


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_encodings_have_the_same_content(story: Story, site: Site, coding: str) -> None:
    """Every coding unpacks to the plain document, under a tag of its own."""
    plain = await site.client.get("/", headers={"Accept-Encoding": "identity"})
    packed = await site.client.get("/", headers={"Accept-Encoding": coding})
    assert packed.headers["content-encoding"] == coding
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]


async def test_nothing_from_elsewhere_and_nothing_inline(story: Story, site: Site) -> None:
    """The policy allows the page's own files only, and the page has no style or script in its markup."""
    page = await site.client.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for banned in ("style=", "<style", "onclick", "javascript:", "http-equiv"):
        assert banned not in page.text
    assert page.text.count("<script") == page.text.count('<script src="/assets/page-') == 1


async def test_data_may_be_read_from_other_sites(story: Story, site: Site) -> None:
    """JSON and feeds allow every origin, also to a browser that asks first; HTML does not."""
    for path in ("/api/v2/status.json", "/history.atom", "/badge.svg"):
        answer = await site.client.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
        asked = await site.client.options(path, headers={"Origin": "https://a.example"})
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
    assert "access-control-allow-origin" not in (await site.client.get("/")).headers


async def test_nobody_writes_here(story: Story, site: Site) -> None:
    """Any other method gets 405 with what is allowed."""
    answer = await site.client.post("/api/v2/status.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_assets_never_change_under_their_address(story: Story, site: Site) -> None:
    """Stylesheet and script are kept for a year; a page with other colours has another stylesheet."""

    def style(text: str) -> str:
        return text.split('rel="stylesheet" href="')[1].split('"')[0]

    first = style((await site.client.get("/")).text)
    answer = await site.client.get(first)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    change_page(site.desk, story.page, configuration={"css_greens": "123456"})
    site.app.public.refresh()
    assert style((await site.client.get("/")).text) != first


async def test_a_change_shows_by_itself(story: Story, site: Site) -> None:
    """A new incident is in HTML, JSON and feeds within a moment of its commit, without anybody asking for it."""
    before = site.app.public.cache
    incident_id = open_incident(site.desk, story.page, "Late letters")
    await eventually(lambda: site.app.public.cache is not before)
    for path in ("/", "/api/v2/incidents/unresolved.json", "/history.atom", "/history.rss"):
        assert "Late letters" in (await site.client.get(path)).text
    assert (await site.client.get(f"/incidents/{incident_id}/")).status_code == 200


async def test_what_did_not_change_is_not_rendered_again(story: Story, site: Site) -> None:
    """A refresh without a change keeps every document as it is."""
    before = site.app.public.cache
    site.app.public.refresh()
    assert site.app.public.cache is before


async def test_days_turn_by_themselves(story: Story, site: Site) -> None:
    """The last bar is today's in the page's zone, also when nothing happened since."""
    assert "2 March 2026" in (await site.client.get("/uptime/")).text.split('class="days"')[1].split("</div>")[0]
    clock = site.desk.clock
    clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    site.app.public.refresh()
    bars = (await site.client.get("/uptime/")).text.split('class="days"')[1].split("</div>")[0]
    assert "3 March 2026" in bars


async def test_a_page_is_found_by_its_host(story: Story, site: Site) -> None:
    """With several pages the domain shows its own page, other hosts the list, and both paths work."""
    site.change(lambda tx: add_page(tx.session, tx.now, name="Other", subdomain="other"))
    site.app.public.refresh()
    listed = (await site.client.get("/")).text
    assert 'href="/acme/"' in listed
    assert 'href="/other/"' in listed
    assert "Open Incident with Major Impact" in listed
    own = await site.client.get("/", headers={"Host": "status.acme.example:8080"})
    assert "API answers" in own.text
    assert 'href="/history/"' in own.text
    below = await site.client.get("/acme")
    assert "API answers" in below.text
    assert 'href="/acme/history/"' in below.text
    assert (await site.client.get(f"/incidents/{story.open}")).status_code == 200


async def test_hidden_and_closed_pages(story: Story, site: Site) -> None:
    """A hidden page asks search engines to leave it out; one for members only is not public at all."""
    hidden = {"hidden_from_search": True}
    change_page(site.desk, story.page, configuration=hidden)
    site.app.public.refresh()
    page = await site.client.get("/")
    assert (page.status_code, page.headers["x-robots-tag"]) == (200, "noindex")
    assert '<meta name="robots" content="noindex, nofollow">' in page.text
    assert (await site.client.get("/robots.txt")).text.endswith("Disallow: /\n")
    for closed in ({"viewers_must_be_team_members": True}, {"ip_restrictions": "192.0.2.0/24"}):
        change_page(site.desk, story.page, configuration=closed)
        site.app.public.refresh()
        for path in ("/", "/api/v2/summary.json", f"/incidents/{story.open}/"):
            assert (await site.client.get(path)).status_code == 404


async def test_a_page_looks_as_its_owner_wishes(story: Story, site: Site) -> None:
    """Logo, favicon, words above and below, help and home; pictures on other servers are left out."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    given = {
        "transactional_logo": f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}",
        "favicon_logo": "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E",
        "headline": "We run the shop.",
        "footer_text": "Ask *us*.",
        "support_url": "https://help.example",
    }
    change_page(site.desk, story.page, configuration=given, url="https://www.acme.example")
    site.app.public.refresh()
    page = (await site.client.get("/")).text
    for words in (
        "We run the shop.",
        "Ask <em>us</em>.",
        'href="https://help.example"',
        'href="https://www.acme.example"',
    ):
        assert words in page
    for mark in ('<link rel="icon" href="', '<img src="'):
        picture = await site.client.get(page.split(mark)[1].split('"')[0])
        assert (picture.content, picture.headers["content-type"]) == (svg, "image/svg+xml")
        assert "sandbox" in picture.headers["content-security-policy"]
    elsewhere = {"transactional_logo": "https://elsewhere.example/logo.png", "favicon_logo": "data:text/html,x"}
    change_page(site.desk, story.page, configuration=elsewhere)
    site.app.public.refresh()
    page = (await site.client.get("/")).text
    assert "elsewhere.example" not in page
    assert "<img" not in page


async def test_an_empty_desk_has_no_page(site: Site) -> None:
    """Before the first seed there is nothing to show, and nothing breaks."""
    assert (await site.client.get("/")).status_code == 404
    assert (await site.client.get("/healthz")).status_code == 200


async def test_components_that_show_in_trouble_only(story: Story, site: Site) -> None:
    """A component may be left out while it is well, and one may show no uptime."""

    def change(tx: Transaction) -> None:
        tx.session.get_one(Component, story.components["Search"]).only_show_if_degraded = True
        tx.session.get_one(Component, story.components["Website"]).showcase = False

    site.change(change)
    site.app.public.refresh()
    page = (await site.client.get("/")).text
    assert page.count('class="component-name"') == 2
    assert page.count('class="days"') == 1
    assert {row["name"] for row in (await site.client.get("/api/v2/components.json")).json()["components"]} == {
        *story.components
    }


async def test_feeds_can_be_switched_off(story: Story, site: Site) -> None:
    """A page that does not offer feeds has none, and does not speak of them."""
    change_page(site.desk, story.page, configuration={"allow_rss_atom_feeds": False})
    site.app.public.refresh()
    assert (await site.client.get("/history.atom")).status_code == 404
    assert "history.rss" not in (await site.client.get("/")).text


async def test_old_incidents_and_months_stay_reachable(story: Story, site: Site) -> None:
    """What lies years back is rendered when somebody asks, follows later changes, and unknown ids are 404."""
    clock = site.desk.clock
    clock.advance(timedelta(days=800))  # type: ignore[attr-defined]
    open_later(site.desk, story.page, 60)
    site.app.public.refresh()
    path = f"/incidents/{story.resolved}/"
    assert path not in site.app.public.cache.shared
    old = await site.client.get(path)
    assert (old.status_code, "Orders fail" in old.text) == (200, True)
    month = await site.client.get("/history/2026-02/")
    assert (month.status_code, "Orders fail" in month.text) == (200, True)

    def review(tx: object) -> None:
        write_postmortem(tx, story.resolved, "A **fuse** blew.")  # type: ignore[arg-type]
        publish_postmortem(tx, story.resolved)  # type: ignore[arg-type]

    site.desk.write_now(ACTOR, review)
    site.app.public.refresh()
    assert "<strong>fuse</strong>" in (await site.client.get(path)).text
    for nowhere in ("/incidents/zzzzzzzzzzzz", "/history/2020-01", "/history/2026-13"):
        answer = await site.client.get(nowhere)
        assert (answer.status_code, "Nothing here" in answer.text) == (404, True)
    site.desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.resolved))
    site.app.public.refresh()
    assert (await site.client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/", "/nowhere", "/acme/nowhere/"])
async def test_nothing_is_said_in_the_reader_s_form(site: Site, path: str) -> None:
    """Where nothing is, a browser gets a page, also before there is any page; a program gets JSON."""
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    seen, read = await site.client.get(path, headers=browser), await site.client.get(path)
    assert (seen.status_code, seen.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Nothing here" in seen.text
    assert (read.status_code, set(read.json())) == (404, {"error", "message"})
    assert (await site.client.post(path, headers=browser)).headers["content-type"] == "application/json"
    assert (await site.client.get("/healthz", headers=browser)).status_code == 200


async def test_hostile_names_are_words(story: Story, site: Site) -> None:
    """Markup in names, texts and settings is shown as it was typed, everywhere."""
    bad = "</title><script>alert(1)</script>\"'&]]>"
    change_page(
        site.desk,
        story.page,
        name=bad,
        page_description=bad,
        url="javascript:alert(1)",
        configuration={"headline": bad, "support_url": "data:text/html,x", "footer_text": bad},
    )
    site.desk.write_now(ACTOR, lambda tx: update_incident(tx, story.open, IncidentChange(name=bad, body=bad)))
    site.app.public.refresh()
    for path in ("/", "/history/", "/uptime/", f"/incidents/{story.open}/", "/badge.svg"):
        text = (await site.client.get(path)).text
        assert "<script>alert" not in text
        assert "javascript:" not in text
        assert "data:text" not in text
    for path in ("/history.atom", "/history.rss"):
        assert "<script" not in (await site.client.get(path)).text


async def test_a_database_that_fails_leaves_the_page_standing(story: Story, site: Site) -> None:
    """Readers keep the last documents while the database does not answer; the change shows when it does again."""
    _rename(site.desk, "component_status_change", "away")
    site.desk.write_now(ACTOR, lambda tx: update_incident(tx, story.open, IncidentChange(body="Nearly done.")))
    with pytest.raises(OperationalError):
        site.app.public.refresh()
    for path in ("/", "/api/v2/summary.json", f"/incidents/{story.open}/"):
        answer = await site.client.get(path)
        assert (answer.status_code, "Nearly done." in answer.text) == (200, False)
    _rename(site.desk, "away", "component_status_change")
    await eventually(lambda: b"Nearly done." in site.app.public.cache.shared["/"].body)


def _rename(desk: Desk, before: str, after: str) -> None:
    with desk.database.write() as session:
        session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


async def test_api_health_and_slack_keep_their_addresses(story: Story, site: Site) -> None:
    """The public page takes no address that means something else."""
    assert (await site.client.get("/v1/pages")).status_code == 401
    assert (await site.client.get("/healthz")).json() == {"status": "alive"}
    unknown = await site.client.get("/nothing")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/json")
