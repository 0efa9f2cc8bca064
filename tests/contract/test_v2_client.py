"""An independent client of the public page's JSON, made by others in another language, against ours."""

import asyncio
from pathlib import Path

import pytest

from desk.transaction import Desk
from tests.clients.running import run_client
from tests.public_story import write_story
from tests.serving import serving

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_the_npm_package_statuspage_io_reads_the_page(desk: Desk, tmp_path: Path) -> None:
    """Each document that it reads has what it looks for; what it wants of subscribers is refused in JSON."""
    story = write_story(desk)
    async with serving(desk) as served:
        found = await asyncio.to_thread(run_client, "statuspage.io", "story.js", served.url, folder=tmp_path)
    summary = found["summary"]["answer"]
    assert summary["page"]["id"] == story.page
    assert found["status"]["answer"]["status"] == summary["status"]
    assert found["components"]["answer"]["components"] == summary["components"]
    assert {row["id"] for row in summary["components"]} == set(story.components.values())
    assert [row["id"] for row in found["unresolved"]["answer"]["incidents"]] == [story.open]
    assert story.resolved in {row["id"] for row in found["incidents"]["answer"]["incidents"]}
    # All three of its calls about maintenances ask for those to come.
    for name in ("maintenances", "upcoming", "active"):
        planned = found[name]["answer"]["scheduled_maintenances"]
        assert [row["id"] for row in planned] == [story.upcoming], name
    refused = [found[name] for name in ("subscribe", "subscribeToComponent", "subscribeToIncident", "subscription")]
    assert {one["status"] for one in refused} == {404}
    assert found["unsubscribe"]["status"] == 405
    assert all(one["body"]["message"] for one in [*refused, found["unsubscribe"]])
