"""An owner's approval in a process that kills itself on the way from the click to the messages.

`where` is
`commit-1` (just before the approval is committed), `approved` (just after), a step of the first delivery, `commit-2`
or `commit-3` (just before that delivery is claimed, or written down).
"""

from datetime import datetime
from functools import partial

import aiohttp

from desk.requests.approvals import approve
from desk.transaction import Actor, Desk
from handlers.delivery.worker import OutboxWorker, Step
from handlers.slack.app import all_renderers
from tests.clock import HeldClock
from tests.databases import open_database
from tests.factories import OMAR
from tests.policies import policy_of
from tests.scenario.dying_worker import BRISK, die, die_before_commit, make_brisk
from tests.scenario.outbox_stage import OWNERS, make_client


async def main(database_url: str, api_url: str, request_id: str, where: str, now: str) -> None:
    """Approve, deliver, and die on the way."""
    database = open_database(database_url)
    desk = Desk(database, HeldClock(datetime.fromisoformat(now)), policy_of(owners_channel=OWNERS))
    if where.startswith("commit-"):
        die_before_commit(database, int(where.removeprefix("commit-")))
    await desk.write(Actor.member(OMAR), partial(approve, request_id=request_id))
    if where == "approved":
        die()

    def on_step(step: Step, _row_id: int) -> None:
        if step == where:
            die()

    async with aiohttp.ClientSession() as session:
        client = make_client(session, api_url)
        deliverers = make_brisk(client, desk.clock, all_renderers())
        await OutboxWorker(desk, deliverers, on_step=on_step, timing=BRISK).deliver_due()
