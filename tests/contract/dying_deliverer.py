"""A worker process with the deliverer of one channel, which kills itself where it is told to (see `dying_worker`)."""

from datetime import datetime, timedelta

from desk.policy import Policy
from desk.transaction import Desk
from handlers.delivery.worker import OutboxWorker, Step, Timing
from storage.models import Channel
from tests.clock import HeldClock
from tests.contract.channels import CHANNELS
from tests.databases import open_database
from tests.scenario.dying_worker import die, die_before_commit

TIMING = Timing(lease=timedelta(seconds=60))
"""Long enough for a call of a process that is killed while it waits for an answer."""
PATIENCE = timedelta(seconds=30)


async def main(channel: str, database_url: str, address: str, where: str, now: str) -> None:
    """Deliver until death, once."""
    database = open_database(database_url)
    clock = HeldClock(datetime.fromisoformat(now))
    if where.startswith("commit-"):
        die_before_commit(database, int(where.removeprefix("commit-")))

    def on_step(step: Step, _delivery_id: int) -> None:
        if step == where:
            die()

    async with CHANNELS[Channel(channel)].connect(address, clock, patience=PATIENCE) as deliverer:
        desk = Desk(database, clock, Policy())
        worker = OutboxWorker(desk, {Channel(channel): deliverer}, on_step=on_step, timing=TIMING)
        await worker.deliver_due()
    database.close()
