"""Clients that others made, unchanged: straight at the API of an embedded page, and through the gateway to it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from desk.requests.held_keys import HeldKey
from desk.requests.importing import import_keys
from desk.transaction import Desk, Transaction
from storage.models import Scope
from tests.clients.running import run_client
from tests.contract.gateway_stage import OPERATOR, TwoKeydesks, two_keydesks
from tests.databases import ORGANIZATION
from tests.factories import MIA, add_member

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Found = Mapping[str, Mapping[str, Any]]
WAYS = pytest.mark.parametrize("way", ["straight", "through the gateway"])


@pytest.fixture
async def both(desk: Desk, there: Desk) -> AsyncIterator[TwoKeydesks]:
    """That desk, and one that is a gateway before it; somebody uses each."""

    def add(tx: Transaction) -> None:
        add_member(tx.session, MIA, tx.now, name="Mia")

    for one in (desk, there):
        one.write_now(OPERATOR, add)
    async with two_keydesks(desk, there) as both:
        yield both


def migrate(both: TwoKeydesks) -> str:
    """A key as Statuspage makes them, which somebody goes on using here: only the base URL is another one."""
    value = secrets.token_hex(32)
    row = HeldKey(key=value, email="ci@acme.example", scopes=("all", str(Scope.USERS_READ), str(Scope.USERS_WRITE)))
    both.desk.write_now(OPERATOR, lambda tx: import_keys(tx, [row]))
    return value


async def tell(client: str, both: TwoKeydesks, way: str, folder: Path) -> Found:
    """What the client's story came to."""
    straight = way == "straight"
    url = both.upstream_url if straight else both.served.url
    secret = both.upstream_secret if straight else migrate(both)
    arguments = (url, secret, both.story.page, ORGANIZATION)
    return await asyncio.to_thread(run_client, client, "story.py", *arguments, folder=folder)


def refused(found: Found) -> set[str]:
    """The steps that were not answered well."""
    return {name for name, came in found.items() if "answer" not in came}


@WAYS
async def test_crunch_statuspageio(both: TwoKeydesks, way: str, tmp_path: Path) -> None:
    """It calls each path with `.json`, and says form of what has no body."""
    found = await tell("crunch-statuspageio", both, way, tmp_path)
    assert refused(found) == {"component gone", "refused name", "subscribers", "metrics"}
    assert found["refused name"]["error"] == "ResourceError"
    assert found["component gone"]["error"] == "RequestError"
    assert found["subscribers"]["error"] == found["metrics"]["error"] == "ServerError"
    said = {name: came["answer"] for name, came in found.items() if "answer" in came}
    assert said["page renamed"][2]["name"] == "Acme Status"
    assert said["component down"]["status"] == "major_outage"
    assert said["component said nothing of"]["status"] == "major_outage", "an empty status resets nothing"
    assert said["component said nothing of"]["description"] == "Finds things fast"
    assert said["component made"]["id"] in {row["id"] for row in said["components"]} | {said["component"]["id"]}
    assert said["group made"]["id"] in {row["id"] for row in said["groups"]}
    # The gateway's own mark, by which it knows the incident again, stands beside what the client wrote.
    assert {**said["incident made"]["metadata"], "keydesk": None} == {"jira": {"issue": "OPS-1"}, "keydesk": None}
    assert said["incident made"]["id"] in {row["id"] for row in said["incidents"]}
    assert said["incident updated"]["status"] == "identified"
    assert said["update corrected"]["body"] == "The index."
    assert said["maintenance made"]["status"] == "scheduled"
    assert said["maintenance made"]["id"] in {row["id"] for row in said["upcoming"]}
    assert said["maintenance made"]["id"] in {row["id"] for row in said["scheduled"]}
    assert said["incident resolved"]["status"] == "resolved"
    assert {said[name] for name in ("incident deleted", "maintenance deleted", "group deleted")} == {200}
    assert said["component deleted"] == 204
    assert [user["first_name"] for user in said["users"]] == ["Mia"]


@WAYS
async def test_atlassian_python_api(both: TwoKeydesks, way: str, tmp_path: Path) -> None:
    """Its class StatusPage, which has spellings, methods and envelopes of its own for some operations."""
    found = await tell("atlassian-python-api", both, way, tmp_path)
    assert refused(found) == {"component gone", "subscribers", "metrics"}
    assert [found[name]["status"] for name in ("component gone", "subscribers", "metrics")] == [404, 501, 501]
    said = {name: came["answer"] for name, came in found.items() if "answer" in came}
    assert [page["id"] for page in said["pages"]] == [both.story.page]
    assert said["page changed"]["page_description"] == "How Acme is doing"
    assert said["embed changed"]["position"] == "top-left"
    assert said["component down"]["status"] == "partial_outage"
    assert said["uptime"]["id"] == said["component made"]["id"]
    assert said["group made"]["components"] == [said["component made"]["id"]]
    assert (said["group renamed"]["name"], said["group renamed"]["description"]) == ("Finding things", "All of it")
    assert said["group uptime"]["name"] == "Finding things"
    assert [row["id"] for row in said["templates"]] == [said["template made"]["id"]]
    assert said["incident made"]["impact"] == "critical"
    assert said["incident updated"]["status"] == "monitoring"
    assert said["incident made"]["id"] in {row["id"] for row in said["incidents"]}
    assert said["update corrected"]["body"] == "An index is missing."
    assert said["postmortem published"]["published_at"] is not None
    assert said["postmortem"]["body"] == "An index was missing."
    assert said["postmortem taken back"]["published_at"] is None
    assert said["incident deleted"]["id"] == said["incident made"]["id"]
    assert [user["first_name"] for user in said["users"]] == ["Mia"]
    assert said["permissions"]["data"]["user_id"] == said["users"][0]["id"]
