"""A key of one organization and the pages of another: they are nothing to each other."""

from dataclasses import replace

import pytest

from storage.models import AuditEvent, Page
from tests.databases import OTHER_ORGANIZATION, begin_other, url_on_sqlite
from tests.factories import OLIVIA, add_owner
from tests.unit.handlers.http.conftest import Site

database_url = url_on_sqlite
"""What calls ask the database is asked of both in `tests/unit/desk`; what only they ask is marked."""


@pytest.fixture
def theirs(site: Site) -> Page:
    """A page of the test's organization, with a component."""
    page = site.page(name="Theirs", subdomain="theirs")
    site.component(page, name="Their website")
    return page


@pytest.fixture
def other(site: Site, theirs: Page) -> Site:
    """The same application, seen by another organization, which has a page of its own."""
    begin_other(site.desk.database)
    other = replace(site, desk=site.desk.of(OTHER_ORGANIZATION))
    other.page(name="Own", subdomain="own")
    return other


@pytest.mark.parametrize("pages", [None, ["unknown00001"]], ids=["all pages", "some pages"])
async def test_a_page_of_another_organization_is_unknown(other: Site, theirs: Page, pages: list[str] | None) -> None:
    """Whatever is asked about it, the answer is to the letter that of a page that nobody has."""
    key_id, secret = other.key(pages=pages, scopes=["read", "components:write", "page_configuration:write"])
    for path in ("/v1/pages/{}", "/v1/pages/{}/components", "/v1/pages/{}.json"):
        foreign = await other.get(path.format(theirs.id), secret)
        unknown = await other.get(path.format("nobody000001"), secret)
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
        assert foreign.status_code == 404
        assert foreign.headers == unknown.headers
    assert (await other.marks(key_id)).failed == 6


async def test_pages_are_the_key_s_organization_s(site: Site, other: Site, theirs: Page) -> None:
    """A key for all pages lists all of its organization's, and no other."""
    _, own = other.key(pages=None)
    _, ours = site.key(pages=None)
    assert [page["name"] for page in (await other.get("/v1/pages", own)).json()] == ["Own"]
    assert [page["name"] for page in (await site.get("/v1/pages", ours)).json()] == ["Theirs"]
    assert (await site.get(f"/v1/pages/{theirs.id}/components", ours)).json()[0]["name"] == "Their website"


async def test_an_organization_without_pages_has_none(site: Site, theirs: Page) -> None:
    """Its keys find an empty list, not everybody's."""
    begin_other(site.desk.database)
    other = replace(site, desk=site.desk.of(OTHER_ORGANIZATION))
    _, secret = other.key(pages=None)
    assert (await other.get("/v1/pages", secret)).json() == []
    assert (await other.get(f"/v1/pages/{theirs.id}", secret)).status_code == 404


async def test_the_use_of_a_suspended_key_is_told_where_it_belongs(site: Site, other: Site) -> None:
    """To the owners of the key's organization, and in its audit trail; uses are counted there."""
    with other.desk.database.write() as session:
        add_owner(session, OLIVIA, other.desk.clock.now())
    key_id, secret = other.key(status="suspended", suspended_at=other.desk.clock.now())
    assert (await other.get("/v1/pages", secret)).status_code == 401
    assert await other.use(key_id) == (0, 0, 1)
    assert await site.use(key_id) == (0, 0, 0)
    with other.desk.database.read() as session:
        assert [event.action for event in session.query(AuditEvent)] == ["key.knocked"]
    with site.desk.database.read() as session:
        assert session.query(AuditEvent).all() == []


async def test_the_public_site_shows_the_pages_of_all(site: Site, other: Site) -> None:
    """A page's address leads to it, whosever it is."""
    site.app.public.refresh()
    for name in ("theirs", "own"):
        assert (await site.client.get(f"/{name}/")).status_code == 200
