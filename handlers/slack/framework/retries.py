"""Reading from Slack in the background: patient with its limits, and trying again when a call got lost."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from desk.masking import mask
from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.error_codes import code_of, trouble_of
from storage.deadline import find_seconds_left

Sleep = Callable[[float], Awaitable[None]]

UNREACHABLE = (SlackApiError, ClientError, TimeoutError, OSError)
"""What a call to Slack raises when Slack refuses it or cannot be reached."""
_WAITS = (0.5, 1.0, 2.0)
"""Seconds before each further try after a lost call."""
_MOST_REFUSALS = 30
_LONGEST_WAIT = 60.0


async def read_patiently(
    call: Callable[[], Awaitable[AsyncSlackResponse]], *, sleep: Sleep = asyncio.sleep
) -> AsyncSlackResponse:
    """The answer to a call that changes nothing at Slack. Waits when Slack says so; raises as in `UNREACHABLE`."""
    lost = refused = 0
    while True:
        try:
            return await call()
        except UNREACHABLE as error:
            retry_after = _retry_after(error)
            if retry_after is not None and refused < _MOST_REFUSALS:
                refused += 1
                wait = min(retry_after, _LONGEST_WAIT)
            elif retry_after is None and is_passing(error) and lost < len(_WAITS):
                wait = _WAITS[lost]
                lost += 1
            else:
                raise
            left = find_seconds_left()
            if left is not None and left <= wait:
                # Whoever waits would not hear of the next try any more.
                raise
            await sleep(wait)


def is_passing(error: Exception) -> bool:
    """Whether trying again may help: the call got lost, or Slack is in trouble of its own."""
    if not isinstance(error, SlackApiError):
        return True
    status = getattr(error.response, "status_code", None)
    return (status is not None and int(status) >= 500) or _is_outage(error)


def _is_outage(error: SlackApiError) -> bool:
    return trouble_of(code_of(error)) is Trouble.OUTAGE


def _retry_after(error: Exception) -> float | None:
    if not isinstance(error, SlackApiError) or not isinstance(error.response, AsyncSlackResponse):
        return None
    if error.response.status_code != 429 and code_of(error) != "ratelimited":
        return None
    headers = {name.lower(): value for name, value in (error.response.headers or {}).items()}
    try:
        return max(float(headers.get("retry-after", 1)), 0.0)
    except ValueError:
        return 1.0


def problem_of(error: Exception) -> str:
    """Why Slack could not be read, in a few words."""
    if isinstance(error, SlackApiError):
        return f"Slack answered “{mask(code_of(error))}”"
    return "Slack did not answer in time" if isinstance(error, TimeoutError) else "Slack could not be reached"
