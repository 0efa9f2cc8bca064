"""An independent client of the management API, made by others from Statuspage's own description, against ours."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed
from storage.models import Scope
from tests.api_client import mint_key
from tests.clients.running import run_client
from tests.factories import add_key
from tests.public_story import Story, write_story
from tests.serving import Served, serving

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with something of every kind."""
    return write_story(desk)


@pytest.fixture
async def served(desk: Desk, story: Story) -> AsyncIterator[Served]:
    """The API, served on a socket."""
    async with serving(desk) as served:
        yield served


def add_reader(desk: Desk) -> str:
    """The secret of a key that may read."""
    secret = Secret.generate()

    def add(tx: Transaction) -> None:
        key = add_key(tx.session, tx.now, sha256=secret.sha256, scopes=["read"])
        keys_changed(tx, key.id)

    desk.write_now(Actor.operator("test"), add)
    return secret.reveal()


async def test_the_package_atlassian_statuspage_reads_what_there_is(
    desk: Desk, served: Served, story: Story, tmp_path: Path
) -> None:
    """It lists pages, components, groups, incidents and templates, and takes our refusals for Statuspage's."""
    found = await asyncio.to_thread(
        run_client,
        "atlassian-statuspage",
        "reading.py",
        f"{served.url}/v1",
        add_reader(desk),
        story.page,
        folder=tmp_path,
    )
    assert [page["id"] for page in found["pages"]] == [found["page"]["id"]] == [story.page]
    assert (found["page"]["name"], found["page"]["time_zone"]) == ("Acme", "Europe/Zurich")
    rows = {row["name"]: row for row in found["components"]}
    assert {name: row["id"] for name, row in rows.items()} == story.components
    assert (rows["API"]["status"], rows["API"]["group_id"]) == ("partial_outage", story.components["Europe"])
    assert (rows["Europe"]["group"], rows["API"]["group"]) == (True, False)
    assert [row["id"] for row in found["second"]] == [row["id"] for row in found["components"]][3:]
    assert found["component"] == found["components"][0]
    assert [group["id"] for group in found["groups"]] == [story.components["Europe"]]
    shown = {row["id"]: row for row in found["incidents"]}
    assert found["incident"] == found["incidents"][0]
    assert len(shown[story.open]["incident_updates"]) == 2
    assert found["lists"]["unresolved"] == [story.open]
    assert (found["lists"]["active_maintenance"], found["lists"]["upcoming"]) == ([story.active], [story.upcoming])
    assert len(found["lists"]["scheduled"]) == 3
    assert found["templates"] == []
    refusals = [found["nowhere"], found["stranger"], found["missing"]]
    assert [code for code, _ in refusals] == [404, 401, 501]
    assert all("error" in body for _, body in refusals)


async def test_the_package_atlassian_statuspage_writes_incidents(
    desk: Desk, served: Served, story: Story, tmp_path: Path
) -> None:
    """Each of its operations on incidents, updates, postmortems and templates, and what is wrong with one."""
    writes = [Scope.READ, Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE, Scope.COMPONENT_STATUS_WRITE]
    component = story.components["Website"]
    found = await asyncio.to_thread(
        run_client,
        "atlassian-statuspage",
        "writing_incidents.py",
        f"{served.url}/v1",
        mint_key(desk, scopes=writes)[1],
        story.page,
        component,
        folder=tmp_path,
    )
    made, changed, ended = found["made"], found["changed"], found["ended"]
    assert (made["impact_override"], made["metadata"]) == ("minor", {"jira": {"issue": "X-1"}})
    assert [(row["id"], row["status"]) for row in made["components"]] == [(component, "partial_outage")]
    assert [one["body"] for one in changed["incident_updates"]] == ["A cable.", "We look."]
    assert (ended["status"], ended["components"][0]["status"]) == ("resolved", "operational")
    assert (found["corrected"]["body"], found["replaced"]["id"]) == (
        "The cable.",
        changed["incident_updates"][0]["id"],
    )
    assert (found["written"]["body_draft"], found["published"]["body"]) == ("Why.", "Why.")
    assert found["read"] == found["published"]
    assert found["reverted"].get("published_at") is None
    assert (found["template"]["name"], found["template"]["components"][0]["id"]) == ("slow", component)
    assert found["wrong"][0] == 422
    assert len(found["wrong"][1]["error"]) == 2
    assert (found["planned"]["status"], found["deleted"]["id"]) == ("scheduled", found["planned"]["id"])
    assert found["gone"][0] == 404
