"""A gateway in a process of its own, which kills itself at a step of a POST (`Moment`, or `claiming` and `keeping`:
just before what it writes down then is committed), or goes on until it is killed."""

import asyncio
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import event

from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.app import HttpSettings
from handlers.http.gateway.assembly import UpstreamOptions
from storage.database import Database
from storage.sealing import Seal
from tests.clock import HeldClock
from tests.contract.hostile_stage import PATIENCE
from tests.databases import open_database
from tests.scenario.dying_worker import die
from tests.serving import serving

_WRITES = {"claiming": "INSERT INTO upstream_post", "keeping": "UPDATE upstream_post"}


def die_with(database: Database, statement: str) -> None:
    """Die when a transaction that has made such a statement is about to be committed."""

    @event.listens_for(database.engine, "before_cursor_execute")
    def execute(connection: Any, _cursor: object, text: str, *_: object) -> None:
        if text.startswith(statement):
            connection.info["is_last"] = True

    @event.listens_for(database.engine, "commit")
    def commit(connection: Any) -> None:
        if connection.info.get("is_last"):
            die()


async def main(database_url: str, where: str, now: str, sealing_key: str) -> None:
    """Print where it listens, and serve until death."""
    database = open_database(database_url)
    if where in _WRITES:
        die_with(database, _WRITES[where])

    def on_moment(moment: str) -> None:
        if moment == where:
            die()

    desk = Desk(database, HeldClock(datetime.fromisoformat(now)), Policy())
    options = UpstreamOptions(seal=Seal([sealing_key]), wait_seconds=0.0, on_moment=on_moment)
    async with serving(desk, settings=HttpSettings(upstreams=options, distrust_after=PATIENCE)) as served:
        sys.stdout.write(f"{served.url}\n")
        await asyncio.Event().wait()
