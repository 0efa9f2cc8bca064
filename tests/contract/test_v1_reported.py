"""Calls that people have reported trouble with, at other servers too, as their clients send them."""

from typing import Any

import pytest

from storage.models import Page
from tests.contract.test_v1_incident_writes import Client, client_at
from tests.unit.handlers.http.conftest import Site, http_settings, site

__all__ = ["http_settings", "site"]

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def client(site: Site) -> Client:
    """With every scope that incidents need."""
    return client_at(site, time_zone="America/New_York")


async def test_a_bot_that_resolves_by_naming_every_row(client: Client) -> None:
    """A group beside a component of its own is passed over, and one alone is refused: its state follows."""
    group = client.site.component(client.page, name="Europe", group=True)
    inside = client.site.component(client.page, name="Search", group_id=group.id)
    made = await client.open(components={inside.id: "major_outage"})
    path = f"incidents/{made['id']}"
    for alone in ({"components": {group.id: "operational"}}, {"component_ids": [group.id, client.api.id]}):
        assert (await client.send("PATCH", path, {"incident": alone})).status_code == 422
    rows = {row["id"]: "operational" for row in await client.ok("GET", "components")}
    assert group.id in rows
    body = {"status": "resolved", "body": "All is well.", "components": rows, "component_ids": list(rows)}
    resolved = await client.ok("PATCH", path, {"incident": body})
    assert {row["id"] for row in resolved["components"]} == rows.keys() - {group.id}
    assert await client.state(inside) == "operational"
    made = await client.ok("POST", "incidents", {"incident": {"name": "Down", "component_ids": list(rows)}}, code=201)
    assert {row["id"] for row in made["components"]} == rows.keys() - {group.id}


async def test_the_documented_example_as_a_webhook_sends_it(client: Client) -> None:
    """The word that stands for a day of the past in it says nothing where nothing is backfilled."""
    example: dict[str, Any] = {
        "status": "investigating",
        "impact_override": "critical",
        "metadata": {},
        "auto_tweet_on_creation": False,
        "backfill_date": "string",
        "backfilled": False,
        "components": {},
        "component_ids": [],
        "scheduled_auto_transition": False,
    }
    assert (await client.open(**example))["backfilled"] is False
    refused = await client.send("POST", "incidents", {"incident": {"name": "Slow", **example, "backfilled": "t"}})
    assert refused.status_code == 422


async def test_a_day_is_that_of_the_page(client: Client) -> None:
    """What was on a day is shown on that day, wherever the page is."""
    made = await client.open(backfilled=True, backfill_date="2026-02-10", body="It was slow.")
    assert made["created_at"] == "2026-02-10T00:00:00.000-05:00"
    planned = await client.open(scheduled_for="2026-04-10", scheduled_until="2026-04-10T06:00:00Z")
    assert planned["scheduled_for"] == "2026-04-10T00:00:00.000-04:00"
    [said] = made["incident_updates"]
    path = f"incidents/{made['id']}/incident_updates/{said['id']}"
    corrected = await client.ok("PATCH", path, {"incident_update": {"display_at": "2026-02-11"}})
    assert corrected["display_at"] == "2026-02-11T00:00:00.000-05:00"


async def test_a_script_whose_form_loses_the_plus(client: Client) -> None:
    """A time with an offset, written into a form as it is: what comes for the plus is a space."""
    window = (
        "incident[scheduled_for]=2031-01-02T03:00:00.0000000+01:00&incident[scheduled_until]=2031-01-03T03:00+0100"
    )
    response = await client.site.client.post(
        f"/v1/pages/{client.page.id}/incidents.json",
        content=f"incident[name]=Disks&{window}",
        headers={"Authorization": f"OAuth {client.secret}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    made = response.json()
    assert (made["scheduled_for"], made["scheduled_until"]) == (
        "2031-01-01T21:00:00.000-05:00",
        "2031-01-02T21:00:00.000-05:00",
    )


@pytest.mark.parametrize(
    ("path", "body", "wrong"),
    [
        ("components", {"component": {"name": "x" * 256, "status": "down", "start_date": "soon"}}, 3),
        ("component-groups", {"component_group": {"name": "", "position": "last"}}, 2),
        (
            "incident_templates",
            {"template": {"name": "x" * 256, "title": "x" * 256, "body": "x" * 25_001, "component_ids": ["none"]}},
            4,
        ),
        ("incident_templates", {"template": {"name": "x", "update_status": "bad"}}, 3),
    ],
)
async def test_who_is_shown_one_problem_mends_one(client: Client, path: str, body: Any, wrong: int) -> None:
    """Whatever is made, all that is wrong with it is said at once, and none of it is kept."""
    before = await client.ok("GET", path)
    refused = await client.send("POST", path, body)
    assert (refused.status_code, len(refused.json()["error"])) == (422, wrong), refused.text
    assert await client.ok("GET", path) == before


async def test_what_is_changed_is_refused_as_a_whole(client: Client) -> None:
    """Of a change of which a part is wrong, nothing is kept."""
    path = f"components/{client.api.id}"
    before = await client.ok("GET", path)
    refused = await client.send("PATCH", path, {"component": {"name": "Public API", "status": "down"}})
    assert (refused.status_code, await client.ok("GET", path)) == (422, before)


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/New_York"])
async def test_a_program_that_sends_a_time_that_was_never_set(client: Client, zone: str) -> None:
    """The year 1 is refused wherever a day or a time is said, and nothing on the page fails over it."""
    client.site.change(lambda tx: setattr(tx.session.get_one(Page, client.page.id), "time_zone", zone))
    [said] = (made := await client.open())["incident_updates"]
    unset = "0001-01-01T00:00:00Z"
    for method, path, body in (
        ("PATCH", f"components/{client.api.id}", {"component": {"start_date": unset}}),
        ("POST", "components", {"component": {"name": "Search", "start_date": unset}}),
        ("POST", "incidents", {"incident": {"name": "x", "scheduled_for": unset, "scheduled_until": unset}}),
        ("POST", "incidents", {"incident": {"name": "x", "backfilled": True, "backfill_date": unset}}),
        (
            "PATCH",
            f"incidents/{made['id']}/incident_updates/{said['id']}",
            {"incident_update": {"display_at": unset}},
        ),
    ):
        assert (await client.send(method, path, body)).status_code == 422, body
    await client.ok("GET", f"components/{client.api.id}/uptime?end=0001-01-01")
