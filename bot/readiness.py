"""What must answer for Keydesk to be ready, and what an operator has to see to besides."""

import asyncio
from collections.abc import Mapping
from functools import partial

from sqlalchemy import text

from bot.slack_link import SlackLink
from bot.upstream import can_open
from desk.messages.channels import list_channel_troubles
from desk.transaction import Desk
from desk.upstreams.troubles import list_upstream_troubles
from handlers.http.health import Check
from handlers.jobs.clock_watch import ClockWatch
from handlers.jobs.reconcile import RECONCILE
from handlers.slack.framework.client import REFUSED_HINT, SlackClient
from storage.sealing import Seal


def make_checks(
    desk: Desk, client: SlackClient, link: SlackLink, watch: ClockWatch, stopping: asyncio.Event
) -> Mapping[str, Check]:
    """What `/readyz` asks; the key ring's own check joins them."""

    async def ask_database() -> str | None:
        await desk.database.run_read(lambda session: session.execute(text("SELECT 1")))
        return await asyncio.to_thread(desk.database.room.find_problem)

    async def ask_slack() -> str | None:
        refusal = await client.find_refusal()
        if refusal is not None:
            return f"Slack refuses the token ({refusal}): install the app in the workspace again"
        return link.find_problem()

    async def ask_process() -> str | None:
        return "stopping" if stopping.is_set() else None

    return {
        "database": ask_database,
        "slack": ask_slack,
        "clock": watch.find_problem,
        "process": ask_process,
    }


def make_warnings(desk: Desk, client: SlackClient, watch: ClockWatch, seal: Seal | None) -> Mapping[str, Check]:
    """What `/readyz` says besides, and remains ready. `seal` opens what the database keeps of keys elsewhere."""
    opens = partial(can_open, seal)

    async def ask_upstream() -> str | None:
        return "; ".join(await desk.read(RECONCILE, partial(list_upstream_troubles, opens=opens))) or None

    async def ask_channels() -> str | None:
        return "; ".join(await desk.read(RECONCILE, list_channel_troubles)) or None

    async def ask_slack() -> str | None:
        refused = ", ".join(map(str, client.refused_calls))
        return f"Slack refuses {refused}: {REFUSED_HINT}" if refused else None

    return {"channels": ask_channels, "slack": ask_slack, "upstream": ask_upstream, "clock": watch.find_warnings}
