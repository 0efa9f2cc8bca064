"""The buttons of dead letters."""

from functools import partial

from desk.messages.dead_letters import drop_delivery, retry_delivery
from handlers.slack.framework.payloads import BlockAction, SlackContext


async def retry(slack: SlackContext, action: BlockAction) -> None:
    """*Retry*."""
    await slack.desk.write(action.actor, partial(retry_delivery, subject=action.subject))


async def drop(slack: SlackContext, action: BlockAction) -> None:
    """*Drop*."""
    await slack.desk.write(action.actor, partial(drop_delivery, subject=action.subject))
