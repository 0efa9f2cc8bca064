"""What time alone changes: maintenances run, reminders go out, requests, tickets, grants and keys reach their end."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from desk.digest.unused_policy import sweep_announcements
from desk.incidents.drafts.forgotten import sweep_forgotten
from desk.incidents.drafts.waiting import sweep_waiting
from desk.incidents.maintenances.runs import sweep_maintenances
from desk.incidents.reminders import sweep_reminders
from desk.keys.collecting import sweep_tickets
from desk.keys.sweep import sweep_keys
from desk.messages.dead_letters import sweep_unheard
from desk.requests.requests import sweep_requests
from desk.roles.roles import sweep_roles
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.signals import Topic

_log = structlog.get_logger(__name__)

Sweep = Callable[[Transaction], int]
"""Does a batch of what is due at the transaction's instant; gives how many things it dealt with."""

AREAS: Mapping[str, Sweep] = {
    "maintenances": sweep_maintenances,
    "requests": sweep_requests,
    "tickets": sweep_tickets,
    "roles": sweep_roles,
    "keys": sweep_keys,
    "announcements": sweep_announcements,
    "incident reminders": sweep_reminders,
    "drafts": sweep_waiting,
    "forgotten drafts": sweep_forgotten,
    "unheard messages": sweep_unheard,
}
_BATCHES = 200


async def sweep(desk: Desk, _scheduled_at: datetime, *, areas: Mapping[str, Sweep] = AREAS) -> Mapping[str, int]:
    """Do what is due in every area, batch by batch; how many things in each.

    An area that fails is logged and does not hold up the others: the next minute sweeps it again.
    """
    return {area: await _sweep_area(desk, area, work) for area, work in areas.items()}


async def sweep_unheard_now(desk: Desk) -> int:
    """At the start: what nobody saw at a place that was named wrongly does not wait for the next minute."""
    return await _sweep_area(desk, "unheard messages", sweep_unheard)


async def follow_people(desk: Desk, find_doubt: Callable[[], str | None] = lambda: None) -> None:
    """Until it is cancelled: sweep requests as soon as roles changed in this process, by which approvals may count
    again. Of what others changed, and of all while the clock is in doubt, the next minute's sweep learns."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def hear(topics: frozenset[Topic]) -> None:
        if Topic.PEOPLE in topics:
            # Whoever committed must not fail for a loop that is closed in this instant.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(changed.set)

    desk.database.listen(hear)
    while True:
        await changed.wait()
        changed.clear()
        if find_doubt() is None:
            await _sweep_area(desk, "requests", sweep_requests)


async def _sweep_area(desk: Desk, area: str, work: Sweep) -> int:
    total = 0
    try:
        for _ in range(_BATCHES):
            done = await desk.write(Actor.job(JobName.SWEEP), work)
            total += done
            if not done:
                break
    except Exception as error:
        _log.error("sweep_failed", area=area, reference=secrets.token_hex(4), exc_info=error)
    return total
