"""The app was taken out of the workspace, or its tokens were revoked."""

from typing import Any

import structlog

from handlers.slack.framework.payloads import SlackContext
from handlers.slack.framework.retries import UNREACHABLE, problem_of

_log = structlog.get_logger(__name__)


async def installation_ended(slack: SlackContext, event_id: str, event: dict[str, Any]) -> None:
    """Look whether Slack takes the bot's token still: what it answers stands in the log and in `/readyz`, and what is
    owed to people waits until the app is installed again.

    An event may come late, after the app was installed again, or be about tokens that are none of ours.
    """
    try:
        await slack.client.auth_test()
    except UNREACHABLE as error:
        _log.error("installation_ended", kind=event.get("type"), event_id=event_id, answer=problem_of(error))
    else:
        _log.info("installation_goes_on", kind=event.get("type"), event_id=event_id)
