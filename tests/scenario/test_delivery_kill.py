"""Workers killed by SIGKILL, in what is Slack's own and again and again: nothing is lost, nothing doubled.

A post that is killed at each of its steps is in the contract of every deliverer.
"""

import signal
from collections.abc import AsyncIterator
from functools import partial

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select

from desk.clock import SystemClock
from desk.transaction import Desk
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage.models import Delivery, DeliveryStatus
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA
from tests.forking import Fork
from tests.scenario import dying_worker
from tests.scenario.dying_worker import BRISK
from tests.scenario.outbox_stage import OWNERS, STATUS, OutboxStage, make_client, say
from tests.waiting import eventually, wait_until

pytestmark = both_databases


@pytest_asyncio.fixture
async def stage(slack_server: SandboxServer, desk: Desk, clock: HeldClock) -> AsyncIterator[OutboxStage]:
    """The outbox alone, before a fresh workspace."""
    slack_server.workspace.reset()
    async with aiohttp.ClientSession() as session:
        client = make_client(session, slack_server.api_url)
        yield OutboxStage(desk, clock, client, Control(slack_server.url))


def start_worker(database_url: str, server: SandboxServer, where: str, now: str) -> Fork:
    """A process of its own that delivers until it dies (see `dying_worker`)."""
    return Fork(dying_worker.main, database_url, server.api_url, where, now)


async def test_killed_after_a_post_to_a_person(
    stage: OutboxStage, slack_server: SandboxServer, database_url: str
) -> None:
    """A post into direct messages whose worker was killed before it noted it is found there, and is there once."""
    stage.say(MIA, "one", "two")
    dying = start_worker(database_url, slack_server, "answered", stage.clock.now().isoformat())
    assert await eventually(dying.poll, 60) == -signal.SIGKILL
    stage.clock.advance(BRISK.lease)
    await stage.deliver_all()
    assert stage.texts(MIA) == ["one", "two"]
    assert set(stage.statuses()) == {DeliveryStatus.SENT}


@pytest.mark.parametrize("step", ["claimed", "answered", "commit-2"])
async def test_killed_at_any_step_of_an_edit(
    stage: OutboxStage, slack_server: SandboxServer, database_url: str, step: str
) -> None:
    """However far an edit had come, the card shows its newest state in the end, in its one place."""
    stage.show(STATUS, "waiting")
    await stage.deliver_all()
    stage.show(STATUS, "approved")
    dying = start_worker(database_url, slack_server, step, stage.clock.now().isoformat())
    assert await eventually(dying.poll, 60) == -signal.SIGKILL
    stage.clock.advance(BRISK.lease)
    stage.show(STATUS, "collected")
    await stage.deliver_all()
    assert stage.texts() == ["collected"]


def test_killed_again_and_again(slack_server: SandboxServer, desk: Desk, database_url: str) -> None:
    """Two workers under load, each killed and replaced several times: every message arrives once and in order."""
    slack_server.workspace.reset()
    control = Control(slack_server.url)
    present = Desk(desk.database, SystemClock(), desk.policy)
    places = {STATUS: OLIVIA, OWNERS: OLIVIA, MIA: MIA, OLIVIA: OLIVIA}
    expected = [str(number) for number in range(10)]
    for text in expected:
        for place in places:
            say(present, place, text)

    def arrived(place: str) -> list[str]:
        person = control.person(places[place])
        messages = person.direct_messages() if place.startswith("U") else person.messages(place)
        return [message["text"] for message in messages]

    def reached(threshold: int) -> bool:
        return sum(len(arrived(place)) for place in places) >= threshold

    def all_sent() -> bool:
        with desk.database.read() as session:
            return set(session.scalars(select(Delivery.status))) == {DeliveryStatus.SENT}

    workers = [start_worker(database_url, slack_server, "never", "") for _ in range(2)]
    try:
        for threshold in (4, 11, 19, 28):
            wait_until(partial(reached, threshold), 60)
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            workers.append(start_worker(database_url, slack_server, "never", ""))
        wait_until(all_sent, 60)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert {place: arrived(place) for place in places} == dict.fromkeys(places, expected)
