"""A worker process for tests, which kills itself where it is told to.

`where` is a step of the
delivery (`claimed`, `calling`, `answered`, `stored`), `commit-1` or `commit-2` (just before the claim, or what became
of it, is committed), or `never`: then it runs by the machine's clock until it is killed.
"""

import os
import signal
from collections.abc import Mapping
from datetime import datetime, timedelta

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import event

from desk.clock import Clock, SystemClock
from desk.policy import Policy
from desk.transaction import Desk
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker, Step, Timing
from handlers.slack.framework.messages import Renderer
from storage.database import Database
from storage.models import Channel
from tests.clock import HeldClock
from tests.databases import open_database
from tests.scenario.outbox_stage import RENDERERS, make_client

BRISK = Timing(lease=timedelta(seconds=2), look_every=timedelta(milliseconds=100))


def make_brisk(
    client: AsyncWebClient, clock: Clock, renderers: Mapping[str, Renderer]
) -> Mapping[Channel, Deliverer]:
    """Slack's deliverer alone, with little patience."""
    slack = SlackDeliverer(client, clock, renderers, timeout=timedelta(seconds=1), pace=timedelta(milliseconds=20))
    return {Channel.SLACK: slack}


def die() -> None:
    """As if the machine lost its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_commit(database: Database, number: int) -> None:
    """Die when the transaction of this number, from 1, is about to be committed."""
    commits = 0

    @event.listens_for(database.engine, "commit")
    def commit(_connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            die()


async def main(database_url: str, api_url: str, where: str, now: str) -> None:
    """Deliver until death."""
    database = open_database(database_url)
    clock = SystemClock() if where == "never" else HeldClock(datetime.fromisoformat(now))
    if where.startswith("commit-"):
        die_before_commit(database, int(where.removeprefix("commit-")))

    def on_step(step: Step, _row_id: int) -> None:
        if step == where:
            die()

    async with aiohttp.ClientSession() as session:
        client = make_client(session, api_url)
        deliverers = make_brisk(client, clock, RENDERERS)
        worker = OutboxWorker(Desk(database, clock, Policy()), deliverers, on_step=on_step, timing=BRISK)
        await (worker.run() if where == "never" else worker.deliver_due())
    database.close()
