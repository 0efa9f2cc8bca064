"""What clients send again, because no answer came, is there once: not only incidents."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from desk.identifiers import new_id
from desk.transaction import Desk
from desk.upstreams.posts import DONE_WITHIN
from tests.clock import HeldClock
from tests.contract.gateway_stage import EVERYTHING, mint
from tests.contract.hostile_stage import PAGE, Attacked, attacked
from tests.hostile_server import json_answer, length_of
from tests.public_story import Story, write_story
from tests.serving import serving

# What it says does not depend on the database: that of two processes one sends, `test_gateway_once` shows for both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_TRIES = 5
"""Both Terraform providers try four times more, whatever the method."""


@dataclass(slots=True)
class Losing:
    """Before an upstream at `url`: of the next writes it loses so many answers, and lets others through."""

    url: str
    secret: str
    losses: int = 0
    mute: bool = False
    """It says nothing to writes, which are carried out."""
    writes: int = 0

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await reader.readexactly(length_of(head))
        method, target = (word.decode() for word in head.split()[:2])
        async with httpx.AsyncClient(base_url=self.url) as client:
            # Statuspage makes another one whenever something is posted.
            headers = {"Authorization": f"OAuth {self.secret}", "Idempotency-Key": new_id()}
            found = await client.request(method, target, content=body, headers=headers)
        self.writes += method != "GET"
        if method != "GET" and self.mute:
            await asyncio.Event().wait()
        if method != "GET" and self.losses:
            self.losses -= 1
            writer.close()
            return
        await json_answer(found.content, f"{found.status_code} Said".encode())(b"", reader, writer)


@dataclass(slots=True)
class Stage:
    """A gateway before a real upstream that loses answers, and a client that tries again as Terraform does."""

    gateway: Attacked
    losing: Losing
    story: Story
    clock: HeldClock
    secret: str

    async def apply(self, method: str, path: str, body: Mapping[str, Any], *, losses: int) -> Any:
        """What the client has in the end; each time it waits for as long as it is told."""
        self.losing.losses = losses
        for _ in range(_TRIES):
            answer = await self.gateway.call(self.secret, method, path, json=body)
            if answer.is_success:
                return answer.json()
            assert answer.status_code in (502, 503), answer.text
            self.clock.advance(timedelta(seconds=int(answer.headers.get("retry-after", 1))))
        raise AssertionError(answer.text)

    async def there(self, path: str) -> Any:
        """What the upstream has."""
        async with httpx.AsyncClient(base_url=self.losing.url) as client:
            headers = {"Authorization": f"OAuth {self.losing.secret}"}
            return (await client.get(f"/v1/pages/{PAGE}{path}", headers=headers)).json()


@asynccontextmanager
async def losing(desk: Desk, there: Desk, clock: HeldClock) -> AsyncIterator[Stage]:
    """Both served within the block."""
    story = write_story(there, id=PAGE)
    async with serving(there) as upstream:
        losing = Losing(upstream.url, mint(there, EVERYTHING))
        async with attacked(desk, losing) as gateway:
            yield Stage(gateway, losing, story, clock, mint(desk, EVERYTHING))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/components", {"component": {"name": "New", "description": "d", "status": "", "group_id": None}}),
        ("/component-groups", {"description": "d", "component_group": {"name": "Core", "components": ["Website"]}}),
        ("/incident_templates", {"template": {"name": "Slow", "title": "Slow", "body": "We look."}}),
        ("/incidents", {"incident": {"name": "tf-testacc", "status": "investigating", "components": None}}),
    ],
)
async def test_what_terraform_makes_is_there_once(
    desk: Desk, there: Desk, clock: HeldClock, path: str, body: dict[str, Any]
) -> None:
    """Though the first answer is lost, and those of what is tried again; and again when all was said."""
    async with losing(desk, there, clock) as stage:
        body = json.loads(json.dumps(body).replace("Website", stage.story.components["Website"]))
        before = {row["id"] for row in await stage.there(path)}
        made = await stage.apply("POST", path, body, losses=2)
        again = await stage.apply("POST", path, body, losses=0)
        new = {row["id"] for row in await stage.there(path)} - before
        assert {made["id"], again["id"]} == new
        assert len(new) == 1
        assert stage.losing.writes == 1


async def test_what_terraform_says_of_an_incident_is_said_once(desk: Desk, there: Desk, clock: HeldClock) -> None:
    """A change that says something makes an update each time that Statuspage gets it; one that says something else is
    another one."""
    async with losing(desk, there, clock) as stage:
        path = f"/incidents/{stage.story.open}"
        change = {"incident": {"status": "identified", "body": "A *cable*."}}
        before = len((await stage.there(path))["incident_updates"])
        changed = await stage.apply("PATCH", path, change, losses=1)
        assert await stage.apply("PATCH", path, change, losses=0) == changed
        assert len(changed["incident_updates"]) == before + 1
        other = {"incident": {"status": "identified", "body": "Another cable."}}
        assert len((await stage.apply("PUT", path, other, losses=1))["incident_updates"]) == before + 2
        assert len((await stage.apply("PATCH", path, change, losses=1))["incident_updates"]) == before + 3
        assert stage.losing.writes == 3


async def test_what_others_made_is_not_taken_for_it(desk: Desk, there: Desk, clock: HeldClock) -> None:
    """Neither what was there before nor what another key has just made has been made by this call."""
    body = {"component": {"name": "Website"}}
    async with losing(desk, there, clock) as stage:
        clock.advance(timedelta(minutes=1))
        there.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        other = mint(desk, EVERYTHING, name="other")
        theirs = (await stage.gateway.call(other, "POST", "/components", json=body)).json()["id"]
        ours = (await stage.apply("POST", "/components", body, losses=1))["id"]
        assert len({theirs, ours, stage.story.components["Website"]}) == 3


@dataclass(slots=True)
class Shelves:
    """An upstream that keeps whatever is posted below its path, and loses the answer to the first POST."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    losses: int = 1
    lost: bool = True

    async def __call__(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await reader.readexactly(length_of(head))
        method, target = (word.decode() for word in head.split()[:2])
        path = target.partition("?")[0]
        if method == "GET":
            at, _, last = path.rpartition("/")
            found: Any = self.rows.get(path)
            if found is None:
                every = [row for rows in self.rows.values() for row in rows]
                found = next((row for row in every if row["id"] == last), [] if not at else None)
            await json_answer(json.dumps(found or []).encode())(b"", reader, writer)
            return
        [said] = json.loads(body).values()
        row = {**said, "id": new_id(), "created_at": "2030-01-01T00:00:00Z"}
        self.rows.setdefault(path, []).append(row)
        if self.losses:
            self.losses -= 1
            writer.close()
            return
        await json_answer(json.dumps(row).encode(), b"201 Created")(b"", reader, writer)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/subscribers", {"subscriber": {"email": "a+b@acme.example"}}),
        ("/incidents/aaaaaaaaaaaa/subscribers", {"subscriber": {"email": "a@acme.example"}}),
        ("/metrics_providers", {"metrics_provider": {"type": "Self"}}),
        ("/metrics_providers/aaaaaaaaaaaa/metrics", {"metric": {"name": "Latency", "metric_identifier": "x"}}),
        ("/page_access_groups", {"page_access_group": {"name": "Customers"}}),
        ("/page_access_users", {"page_access_user": {"email": "a@acme.example"}}),
    ],
)
async def test_what_an_embedded_page_has_not_is_there_once(desk: Desk, path: str, body: dict[str, Any]) -> None:
    """Found by what tells it."""
    there, secret = Shelves(), mint(desk, EVERYTHING)
    async with attacked(desk, there) as stage:
        assert (await stage.call(secret, "POST", path, json=body)).status_code == 502
        answers = [await stage.call(secret, "POST", path, json=body) for _ in range(2)]
    [row] = there.rows[f"/v1/pages/{PAGE}{path}"]
    assert [one.json()["id"] for one in answers] == [row["id"]] * 2
    assert {one.status_code for one in answers} == {200 if "users" in path else 201}


async def test_what_cannot_be_found_again_goes_on_each_time(desk: Desk, clock: HeldClock) -> None:
    """Points of a metric and what people are reminded of: twice the same does what once does."""
    there, secret = Shelves(losses=0), mint(desk, EVERYTHING)
    async with attacked(desk, there) as stage:
        for _ in range(2):
            await stage.call(secret, "POST", "/metrics/aaaaaaaaaaaa/data", json={"data": {"timestamp": 1}})
        clock.advance(DONE_WITHIN)
    assert len(there.rows[f"/v1/pages/{PAGE}/metrics/aaaaaaaaaaaa/data"]) == 2
