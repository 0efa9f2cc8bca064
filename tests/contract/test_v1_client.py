"""An independent client of the management API, made by others from Statuspage's own description, against ours."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed
from tests.factories import add_key
from tests.public_story import Story, write_story
from tests.serving import Served, serving

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_PYTHON = Path(sys.prefix, "clients", "bin", "python")
"""The environment of clients whose pins are not ours: `make test` and `make setup` make it."""

_CLIENT = """\
import json, sys
from atlassian_statuspage import (
    ApiClient, ComponentGroupsApi, ComponentsApi, Configuration, IncidentsApi, PagesApi, SubscribersApi, TemplatesApi,
)
from atlassian_statuspage.rest import ApiException

host, secret, page_id = sys.argv[1:]


def client(secret):
    configuration = Configuration()
    configuration.host = host
    configuration.api_key["Authorization"] = secret
    configuration.api_key_prefix["Authorization"] = "OAuth"
    return ApiClient(configuration)


def refused(call, *arguments):
    try:
        call(*arguments)
    except ApiException as error:
        return [error.status, json.loads(error.body)]


pages, components = PagesApi(client(secret)), ComponentsApi(client(secret))
groups, incidents = ComponentGroupsApi(client(secret)), IncidentsApi(client(secret))
listed = incidents.get_pages_page_id_incidents(page_id, limit=100)
print(json.dumps({
    "pages": [page.to_dict() for page in pages.get_pages()],
    "page": pages.get_pages_page_id(page_id).to_dict(),
    "components": [row.to_dict() for row in components.get_pages_page_id_components(page_id)],
    "second": [row.to_dict() for row in components.get_pages_page_id_components(page_id, page=2, per_page=3)],
    "component": components.get_pages_page_id_components_component_id(
        page_id, components.get_pages_page_id_components(page_id)[0].id
    ).to_dict(),
    "groups": [row.to_dict() for row in groups.get_pages_page_id_component_groups(page_id)],
    "incidents": [row.to_dict() for row in listed],
    "incident": incidents.get_pages_page_id_incidents_incident_id(page_id, listed[0].id).to_dict(),
    "lists": {
        name: [row.id for row in getattr(incidents, f"get_pages_page_id_incidents_{name}")(page_id)]
        for name in ("unresolved", "scheduled", "upcoming", "active_maintenance")
    },
    "templates": TemplatesApi(client(secret)).get_pages_page_id_incident_templates(page_id),
    "missing": refused(SubscribersApi(client(secret)).get_pages_page_id_subscribers, page_id),
    "nowhere": refused(pages.get_pages_page_id, "nosuchpage00"),
    "stranger": refused(PagesApi(client("kd_nobody")).get_pages),
}, default=str))
"""


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
        add_key(tx.session, tx.now, sha256=secret.sha256, scopes=["read"])
        keys_changed(tx)

    desk.write_now(Actor.operator("test"), add)
    return secret.reveal()


async def test_the_package_atlassian_statuspage_reads_what_there_is(
    desk: Desk, served: Served, story: Story, tmp_path: Path
) -> None:
    """It lists pages, components, groups, incidents and templates, and takes our refusals for Statuspage's."""
    found = await asyncio.to_thread(_run, f"{served.url}/v1", add_reader(desk), story.page, tmp_path)
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


def _run(host: str, secret: str, page_id: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [_PYTHON, "-c", _CLIENT, host, secret, page_id],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
