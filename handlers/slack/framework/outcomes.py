"""A change of which nobody knows whether it was kept: it is looked up later, and whoever made it is told."""

import asyncio
from functools import partial

import structlog

from desk.errors import KeydeskError, UnknownOutcomeError
from desk.messages.outcomes import tell_outcome
from desk.transaction import Actor, JobName
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.framework.refusals import as_refusal
from storage.attempts import UncertainError

_log = structlog.get_logger(__name__)

_ACTOR = Actor.job(JobName.DELIVERY)
_WAITS = (0.2, 1.0, 5.0, *(15.0,) * 120)
"""Seconds before each further look."""


def refuse(slack: SlackContext, error: Exception, user_id: str, what: str) -> KeydeskError:
    """What to tell of an error now. When nobody knows whether `what` was done, they are told by a message later."""
    if not isinstance(error, UnknownOutcomeError):
        return as_refusal(error)
    slack.afterwards.begin(_follow(slack, error, user_id, what))
    return KeydeskError(
        error.sentence, "I am looking, and write to you as soon as I know: please wait for that before you try again."
    )


async def _follow(slack: SlackContext, error: UnknownOutcomeError, user_id: str, what: str) -> None:
    _log.warning("outcome_unknown", user_id=user_id)
    for wait in _WAITS:
        try:
            done = await asyncio.to_thread(error.find_out)
        except UncertainError:
            await asyncio.sleep(wait)
            continue
        _log.warning("outcome_found", user_id=user_id, done=done)
        await slack.desk.write(_ACTOR, partial(tell_outcome, user_id=user_id, what=what, done=done))
        return
    _log.error("outcome_never_found", user_id=user_id)
