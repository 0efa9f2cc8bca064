"""Slack's Web API, as everything in Keydesk calls it."""

import asyncio
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.slack.framework.error_codes import TOKEN_REFUSED
from storage.deadline import find_seconds_left

_log = structlog.get_logger(__name__)


class SlackClient(AsyncWebClient):
    """Slack's client, which remembers whether Slack takes its tokens.

    It tries nothing twice: whoever calls knows whether a call may be repeated. Where somebody waits, no call takes
    longer than what is left of their time.
    """

    refusal: str | None = None
    """Slack's word for why it took none at the last call; None while all is well."""

    async def api_call(self, *arguments: Any, **named: Any) -> AsyncSlackResponse:
        """One call. Raises as Slack's client does, and TimeoutError at the deadline."""
        try:
            async with asyncio.timeout(find_seconds_left()):
                answer = await super().api_call(*arguments, **named)
        except SlackApiError as error:
            code = code_of(error)
            if code in TOKEN_REFUSED and code != self.refusal:
                self.refusal = code
                _log.error("slack_refuses_token", error=code)
            raise
        except aiohttp.ClientHttpProxyError as error:
            # Its own words hold the proxy's address, password and all.
            raise aiohttp.ClientConnectionError(f"the proxy answered {error.status} {error.message}") from None
        if self.refusal is not None:
            self.refusal = None
            _log.info("slack_takes_token_again")
        return answer


def code_of(error: SlackApiError) -> str:
    """Slack's error code; without one, as from a proxy between us, the HTTP status."""
    response = error.response
    data = response.data if isinstance(response, AsyncSlackResponse) else response
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return f"http_{response.status_code}" if isinstance(response, AsyncSlackResponse) else "unknown"
