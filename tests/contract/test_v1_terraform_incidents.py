"""Incidents as the two Terraform providers send them: whole bodies, in the order of their calls."""

from typing import Any

import pytest

from tests.contract.test_v1_incident_writes import Client, client_at
from tests.unit.handlers.http.conftest import Site, http_settings, site

__all__ = ["http_settings", "site"]

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def client(site: Site) -> Client:
    """With every scope that incidents need."""
    return client_at(site)


async def test_as_the_one_of_sbecker59(client: Client) -> None:
    """Each change carries everything, also the impact and flags of maintenances; what is read is what was written."""
    flags = dict.fromkeys(("scheduled_remind_prior", "scheduled_auto_in_progress", "scheduled_auto_completed"), False)
    first: dict[str, Any] = {
        "name": "tf-testacc",
        "status": "investigating",
        "impact_override": "maintenance",
        "body": "-",
        "component_ids": None,
        "components": {},
        **flags,
    }
    made = await client.ok("POST", "incidents", {"incident": first}, code=201)
    path = f"incidents/{made['id']}"
    wanted = {name: first[name] for name in ("name", "status", "impact_override", *flags)}
    assert {name: made[name] for name in wanted} == wanted
    second = first | {
        "status": "identified",
        "impact_override": "critical",
        "component_ids": [client.api.id],
        "components": {client.api.id: "operational"},
    }
    changed = await client.ok("PATCH", path, {"incident": second})
    assert changed == await client.ok("GET", path)
    assert (changed["status"], changed["impact_override"]) == ("identified", "critical")
    assert [(row["id"], row["status"]) for row in changed["components"]] == [(client.api.id, "operational")]
    assert await client.ok("PATCH", path, {"incident": second | {"impact_override": "none"}})
    assert (await client.ok("GET", path))["impact_override"] == "none"
    assert (await client.ok("DELETE", path))["id"] == made["id"]
    gone = await client.send("GET", path)
    assert (gone.status_code, set(gone.json())) == (404, {"error", "message"})


async def test_as_the_one_of_yannh(client: Client) -> None:
    """Empty texts for what is unset, null for lists, and no Content-Type; 201, 200, 200 and 404 once it is gone."""
    empty = dict.fromkeys(("impact_override", "scheduled_for", "scheduled_until", "body"), "")
    body: dict[str, Any] = {"name": "Slow", "status": "", "component_ids": None, "components": None, **empty}
    made = await client.ok("POST", "incidents", {"incident": body}, code=201, kind="")
    assert (made["name"], made["status"], made["impact_override"]) == ("Slow", "investigating", None)
    path = f"incidents/{made['id']}"
    changed = await client.ok("PATCH", path, {"incident": body | {"name": "Slower"}}, kind="")
    assert (changed["name"], len(changed["incident_updates"])) == ("Slower", 1)
    assert (await client.ok("GET", path))["name"] == "Slower"
    await client.ok("DELETE", path, kind="application/x-www-form-urlencoded")
    assert (await client.send("GET", path)).status_code == 404


async def test_as_old_bots_send_them(client: Client) -> None:
    """The name of the text before 2019, flags as letters, and a list of components where there are no changes."""
    body = {"name": "Slow", "status": "investigating", "message": "We look.", "wants_twitter_update": "f"}
    made = await client.ok("POST", "incidents.json", {"incident": body, "wants_twitter_update": "f"}, code=201)
    assert [one["body"] for one in made["incident_updates"]] == ["We look."]
    path = f"incidents/{made['id']}.json"
    answered = await client.ok("PATCH", path, {"incident": {"status": "resolved", "components": None}})
    assert answered["status"] == "resolved"
    echoed = await client.ok("PUT", path, {"incident": {**answered, "components": answered["components"]}})
    assert echoed["status"] == "resolved"
