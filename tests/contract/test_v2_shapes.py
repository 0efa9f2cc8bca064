"""What the public API v2 answers, field by field against what live Statuspage pages answered."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from desk.transaction import Desk
from tests.clock import HeldClock
from tests.public_story import Story, open_incident, write_story
from tests.serving import Served, serving

FACTS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "statuspage_v2.json").read_text(encoding="utf-8")
)
# What the documents say does not depend on the database; the reading of rows is tested on both elsewhere.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
_INDICATORS = {"none", "minor", "major", "critical", "maintenance"}


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with something of every kind."""
    return write_story(desk)


@pytest.fixture
async def served(desk: Desk, story: Story) -> AsyncIterator[Served]:
    """The page, served on a socket."""
    async with serving(desk) as served:
        yield served


async def read(served: Served, document: str) -> Any:
    """A document of the API."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{served.url}/api/v2/{document}")
    assert answer.status_code == 200
    return answer.json()


def check_shape(shown: dict[str, Any], name: str) -> None:
    """Every field that live pages have, in their order, with its type, and no other."""
    expected: dict[str, str] = FACTS[name]
    assert list(shown) == list(expected), name
    for field, kind in expected.items():
        assert _fits(shown[field], kind), f"{name}.{field}: {shown[field]!r} is no {kind}"


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return kind.endswith("?")
    kind = kind.rstrip("?")
    if kind == "date-time":
        return isinstance(value, str) and _INSTANT.fullmatch(value) is not None
    if kind == "date":
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    return type(value) is {"string": str, "boolean": bool, "integer": int, "array": list}[kind]


def check_incident(shown: dict[str, Any], name: str) -> None:
    """An incident with everything in it."""
    check_shape(shown, name)
    for component in shown["components"]:
        check_shape(component, "component")
    for update in shown["incident_updates"]:
        check_shape(update, "incident_update")
        for affected in update["affected_components"] or ():
            check_shape(affected, "affected_component")


@pytest.mark.parametrize("document", list(FACTS["documents"]))
async def test_every_document_has_the_keys_of_live_pages(served: Served, document: str) -> None:
    """Top-level keys, and those of everything within, are the live ones and in their order."""
    shown = await read(served, document)
    assert list(shown) == FACTS["documents"][document]
    check_shape(shown["page"], "page")
    for component in shown.get("components", ()):
        check_shape(component, "group" if component["group"] else "component")
    for incident in shown.get("incidents", ()):
        check_incident(incident, "incident")
    for maintenance in shown.get("scheduled_maintenances", ()):
        check_incident(maintenance, "scheduled_maintenance")
    if "status" in shown:
        check_shape(shown["status"], "status")
        assert shown["status"]["indicator"] in _INDICATORS


async def test_the_summary_has_what_is_open_only(served: Served, story: Story) -> None:
    """Unresolved incidents, maintenances that are planned or go on, and every component with the groups."""
    summary = await read(served, "summary.json")
    assert [row["id"] for row in summary["incidents"]] == [story.open]
    assert {row["id"] for row in summary["scheduled_maintenances"]} == {story.active, story.upcoming}
    assert {row["id"] for row in summary["components"]} == set(story.components.values())
    assert summary["status"] == {"indicator": "minor", "description": "Minor Service Outage"}


async def test_each_list_has_its_own(served: Served, story: Story) -> None:
    """Recent incidents include resolved ones; upcoming and active maintenances are told apart."""

    async def ids(document: str, key: str) -> list[str]:
        return [row["id"] for row in (await read(served, document))[key]]

    maintenances = "scheduled_maintenances"
    assert await ids("incidents.json", "incidents") == [story.open, story.resolved]
    assert await ids("incidents/unresolved.json", "incidents") == [story.open]
    assert await ids("scheduled-maintenances.json", maintenances) == [story.upcoming, story.active, story.completed]
    assert await ids("scheduled-maintenances/upcoming.json", maintenances) == [story.upcoming]
    assert await ids("scheduled-maintenances/active.json", maintenances) == [story.active]


async def test_groups_and_their_components(served: Served, story: Story) -> None:
    """A group names its components, is as bad as the worst of them, and rows are sorted by position alone."""
    rows = (await read(served, "components.json"))["components"]
    group = next(row for row in rows if row["group"])
    assert group["components"] == [story.components["API"], story.components["Search"]]
    assert group["status"] == "partial_outage"
    assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)


async def test_a_component_without_a_group_is_affected_by_its_own_name(served: Served, story: Story) -> None:
    """The prefix is that of a group, and a change back is told as well."""
    rows = (await read(served, "incidents.json"))["incidents"]
    [resolved] = [row for row in rows if row["id"] == story.resolved]
    affected = [one for update in resolved["incident_updates"] for one in update["affected_components"]]
    assert [(one["name"], one["old_status"], one["new_status"]) for one in affected] == [
        ("Website", "major_outage", "operational"),
        ("Website", "operational", "major_outage"),
    ]
    assert resolved["resolved_at"] == resolved["incident_updates"][0]["display_at"]


async def test_an_incident_in_full(served: Served, story: Story) -> None:
    """Updates come newest first, components are whole objects, times are in the page's zone."""
    [incident] = (await read(served, "incidents/unresolved.json"))["incidents"]
    assert [update["body"] for update in incident["incident_updates"]] == [
        "Still looking.",
        "We see it.\n\nMore *soon*.",
    ]
    assert incident["incident_updates"][0]["affected_components"] is None
    assert incident["incident_updates"][1]["affected_components"] == [
        {
            "code": story.components["API"],
            "name": "Europe - API",
            "old_status": "operational",
            "new_status": "partial_outage",
        }
    ]
    assert (incident["impact"], incident["status"], incident["resolved_at"]) == ("major", "investigating", None)
    assert [row["id"] for row in incident["components"]] == [story.components["API"]]
    assert incident["created_at"] == "2026-03-02T09:30:00.000+01:00"


async def test_a_maintenance_in_full(served: Served, story: Story) -> None:
    """It starts when it is written down, is of the impact of its kind, and knows of no reminders."""
    [shown] = (await read(served, "scheduled-maintenances/active.json"))["scheduled_maintenances"]
    assert shown["started_at"] == shown["created_at"] == "2026-03-01T10:00:00.000+01:00"
    assert (shown["scheduled_for"], shown["scheduled_until"]) == (
        "2026-03-02T09:00:00.000+01:00",
        "2026-03-02T11:00:00.000+01:00",
    )
    assert (shown["impact"], shown["status"], shown["monitoring_at"]) == ("maintenance", "in_progress", None)
    assert [update["status"] for update in shown["incident_updates"]] == ["in_progress", "scheduled"]
    assert [row["name"] for row in shown["components"]] == ["Website"]
    begun, planned = (update["affected_components"] for update in shown["incident_updates"])
    assert begun is None
    assert [(one["name"], one["old_status"], one["new_status"]) for one in planned] == [
        ("Website", "operational", "operational")
    ]


async def test_every_time_is_in_the_zone_of_the_page(served: Served) -> None:
    """Each has the offset of Zurich on its own day, also long ago and across the changes of the clocks."""
    zone = ZoneInfo("Europe/Zurich")
    for document in FACTS["documents"]:
        found = [datetime.fromisoformat(text) for text in _instants(await read(served, document))]
        assert found, document
        assert [at for at in found if at.utcoffset() != at.astimezone(zone).utcoffset()] == [], document


def _instants(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _instants(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _instants(inner)]
    return [value] if isinstance(value, str) and _INSTANT.fullmatch(value) else []


async def test_positions_begin_in_every_group(served: Served, story: Story) -> None:
    """Children count from one within their group, which lists them in that order."""
    rows = {row["name"]: row for row in (await read(served, "components.json"))["components"]}
    assert [(name, rows[name]["position"]) for name in ("Website", "Europe", "API", "Search")] == [
        ("Website", 1),
        ("Europe", 2),
        ("API", 1),
        ("Search", 2),
    ]
    assert rows["API"]["group_id"] == rows["Search"]["group_id"] == story.components["Europe"]
    assert rows["Website"]["group_id"] is rows["Europe"]["group_id"] is None


async def test_the_lists_end_after_fifty(desk: Desk, story: Story) -> None:
    """Only the fifty most recent incidents are listed, the newest first; of what is open, all."""
    clock = desk.clock
    assert isinstance(clock, HeldClock)
    names = [f"Trouble {index}" for index in range(55)]
    for name in names:
        clock.advance(minutes=1)
        open_incident(desk, story.page, name)
    async with serving(desk) as served:
        listed = (await read(served, "incidents.json"))["incidents"]
        assert [row["name"] for row in listed] == names[:4:-1]
        for document in ("incidents/unresolved.json", "summary.json"):
            assert len((await read(served, document))["incidents"]) == 56


async def test_what_probes_and_browsers_ask_first(served: Served) -> None:
    """HEAD tells what GET would, and a page elsewhere may read, also one that asks before it does."""
    origin = {"Origin": "https://elsewhere.example"}
    async with httpx.AsyncClient(base_url=f"{served.url}/api/v2/") as client:
        for document in FACTS["documents"]:
            got, head = await client.get(document, headers=origin), await client.head(document)
            asked = await client.options(document, headers={**origin, "Access-Control-Request-Method": "GET"})
            assert (got.status_code, head.status_code, head.content, asked.status_code) == (200, 200, b"", 204)
            assert head.headers["content-length"] == got.headers["content-length"]
            assert got.headers["content-type"] == head.headers["content-type"] == "application/json; charset=utf-8"
            assert got.headers["access-control-allow-origin"] == asked.headers["access-control-allow-origin"] == "*"
            assert "GET" in asked.headers["access-control-allow-methods"]


async def test_an_independent_exporter_understands_the_summary(served: Served, story: Story, tmp_path: Path) -> None:
    """The package statuspage-prometheus-exporter reads the running page and finds what is open on it."""
    services = {"acme": {"name": "Acme", "type": "status_page", "url": f"{served.url}/api/v2/summary.json"}}
    (tmp_path / "services.json").write_text(json.dumps(services))
    code = (
        "import json, os\n"
        "from statuspage_prometheus_exporter.service_checker import SERVICES, check_service_status\n"
        "print(json.dumps(check_service_status('acme', SERVICES['acme']), default=str))\n"
    )
    process = await _run(code, tmp_path)
    found = json.loads(process.splitlines()[-1])
    # It shows the impact of what is open rather than the page's own indicator.
    assert (found["success"], found["raw_status"]) == (True, "major")
    assert [row["id"] for row in found["incident_metadata"]] == [story.open]
    assert {row["id"] for row in found["maintenance_metadata"]} == {story.active, story.upcoming}


async def _run(code: str, folder: Path) -> str:
    def call() -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SERVICES_JSON_PATH": str(folder / "services.json"),
        }
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return await asyncio.to_thread(call)
