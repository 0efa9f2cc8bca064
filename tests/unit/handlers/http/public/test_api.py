"""The JSON API to those who call it from anywhere: each incident by itself, and errors that they can read."""

from datetime import timedelta

import pytest

from tests.factories import add_page
from tests.public_story import ACTOR, Story, change_page, open_later
from tests.unit.handlers.http.public.conftest import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOWHERE = [
    "/api/v2",
    "/api/v2/",
    "/api/v2/nothing.json",
    "/api/v2/incidents/zzzzzzzzzzzz.json",
    "/api/v2/incidents/no-id.json",
    "/acme/api/v2/nothing.json",
    "/api/v2/subscribers.json",
]


async def test_an_incident_by_itself(story: Story, web: Web) -> None:
    """Every incident and maintenance has its JSON, as it stands in the lists; an unknown one has none."""
    listed = (await web.read("/api/v2/incidents.json")).json()
    planned = (await web.read("/api/v2/scheduled-maintenances.json")).json()
    rows = [*listed["incidents"], *planned["scheduled_maintenances"]]
    assert len(rows) == 5
    for row in rows:
        answer = await web.client.get(f"/api/v2/incidents/{row['id']}.json")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json() == {"page": listed["page"], "incident": row}


async def test_an_incident_of_long_ago(story: Story, web: Web) -> None:
    """However old it is, and whether or not all of the past is rendered, with its components as they are now."""
    web.desk.clock.advance(timedelta(days=800))  # type: ignore[attr-defined]
    open_later(web.desk, story.page, 60)
    for _ in range(2):
        path = f"/api/v2/incidents/{story.resolved}.json"
        found = (await web.read(path)).json()
        assert found["incident"]["name"] == "Orders fail"
        assert path not in web.app.public.cache.shared
        change_page(web.desk, story.page, name="Acme again")
        assert (await web.read(path)).json()["page"]["name"] == "Acme again"
        while web.app.public.catch_up():
            pass
    assert (await web.client.get("/api/v2/incidents/zzzzzzzzzzzz.json")).status_code == 404


@pytest.mark.parametrize("several", [False, True])
async def test_errors_are_json_for_everybody(story: Story, web: Web, several: bool) -> None:
    """What is not there, and what is not possible, is said in JSON that a page elsewhere may read; HEAD is as GET."""
    if several:
        web.desk.write_now(ACTOR, lambda tx: add_page(tx.session, tx.now, name="Other", subdomain="other"))
    for path in NOWHERE:
        got, head = await web.read(path), await web.client.head(path)
        assert (got.status_code, got.headers["access-control-allow-origin"]) == (404, "*"), path
        assert got.json()["error"]
        assert (head.status_code, head.content, dict(head.headers)) == (404, b"", dict(got.headers))
        asked = await web.client.options(path)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, "*")
        posted = await web.client.post(path)
        assert (posted.status_code, posted.headers["access-control-allow-origin"]) == (405, "*")
        assert (posted.json()["error"] != "", posted.headers["allow"]) == (True, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/incidents/zzzzzzzzzzzz/", "/history/1999-01/", "/nothing", "/", "/history.rss"])
async def test_head_equals_get(story: Story, web: Web, path: str) -> None:
    """The same answer without its body, where there is something and where there is nothing."""
    got, head = await web.read(path), await web.client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    left = {"date", "server"}
    assert {k: v for k, v in head.headers.items() if k not in left} == {
        k: v for k, v in got.headers.items() if k not in left
    }
