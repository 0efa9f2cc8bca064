"""Slack's Web API, as everything in Keydesk calls it."""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.error_codes import TOKEN_REFUSED, code_of, trouble_of
from handlers.slack.framework.retries import UNREACHABLE
from storage.deadline import find_seconds_left

_log = structlog.get_logger(__name__)

_ASK = "auth.test"
"""The method that needs nothing but a token that is taken."""
_POST = "chat.postMessage"
_POSTING = "chat:write"
"""The permission to post."""

REFUSED_HINT = "give the app the manifest that `keydesk manifest` writes, and install it in the workspace again"


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A method that Slack let us not call, the last time that it was asked."""

    method: str
    error: str
    needed: str
    """The permission that is missing, where Slack says so."""
    scopes: str | None
    """The permissions that the app had then."""

    def __str__(self) -> str:
        return f"{self.method} ({self.error}{f': {self.needed}' if self.needed else ''})"


class SlackClient(AsyncWebClient):
    """Slack's client, which remembers what Slack refuses: its token, or single methods.

    It tries nothing twice: whoever calls knows whether a call may be repeated. Where somebody waits, no call takes
    longer than what is left of their time.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._refused: dict[str, RefusedCall] = {}
        self._scopes: str | None = None

    @property
    def refused_calls(self) -> Sequence[RefusedCall]:
        """The methods that Slack refuses, while it takes the token."""
        return () if _ASK in self._refused else list(self._refused.values())

    def find_silence(self) -> str | None:
        """Slack's word for why this app posts nothing; None where nothing is known to stand against it."""
        if refused := self._refused.get(_ASK) or self._refused.get(_POST):
            return refused.error
        return "missing_scope" if self._scopes and _POSTING not in re.split(r"[,\s]+", self._scopes) else None

    async def find_refusal(self) -> str | None:
        """Slack's word for why it takes no call with this token; None while it takes some, or cannot be asked."""
        # When nothing is to be said, nothing else would notice that the app was installed again.
        if self._refused:
            with contextlib.suppress(*UNREACHABLE):
                await self.auth_test()
        refused = self._refused.get(_ASK)
        return refused.error if refused else None

    async def api_call(self, api_method: str, **named: Any) -> AsyncSlackResponse:
        """One call. Raises as Slack's client does, and TimeoutError at the deadline."""
        try:
            async with asyncio.timeout(find_seconds_left()):
                answer = await super().api_call(api_method, **named)
        except SlackApiError as error:
            self._note_refusal(api_method, error)
            raise
        except aiohttp.ClientHttpProxyError as error:
            # Its own words hold the proxy's address, password and all.
            raise aiohttp.ClientConnectionError(f"the proxy answered {error.status} {error.message}") from None
        self._scopes = _scopes_in(answer)
        if self._refused:
            self._note_success(api_method, self._scopes)
        return answer

    def _note_refusal(self, method: str, error: SlackApiError) -> None:
        code = code_of(error)
        self._scopes = _scopes_in(error.response) or self._scopes
        if trouble_of(code) not in {Trouble.ACCOUNT, Trouble.CALL}:
            return
        refused = RefusedCall(method, code, str(error.response.get("needed") or ""), _scopes_in(error.response))
        if refused == self._refused.get(method):
            return
        if method == _ASK:
            _log.error("slack_refuses_token", error=code)
        elif _ASK not in self._refused:
            _log.error("slack_refuses_call", method=method, error=code, needed=refused.needed)
        self._refused[method] = refused

    def _note_success(self, method: str, scopes: str | None) -> None:
        if self._refused.pop(_ASK, None):
            _log.info("slack_takes_token_again")
            self._refused = {name: each for name, each in self._refused.items() if each.error not in TOKEN_REFUSED}
        for name, refused in list(self._refused.items()):
            # Slack's permissions for one method differ between places: it is over when the app has others.
            if scopes != refused.scopes if refused.needed and refused.scopes is not None else name == method:
                del self._refused[name]
                _log.info("slack_takes_call_again", method=name)


def refused_calls(client: AsyncWebClient) -> Sequence[RefusedCall]:
    """Those of a client that remembers them."""
    return client.refused_calls if isinstance(client, SlackClient) else ()


def find_silence(client: AsyncWebClient) -> str | None:
    """As `SlackClient.find_silence`, of a client that remembers it."""
    return client.find_silence() if isinstance(client, SlackClient) else None


def _scopes_in(response: Any) -> str | None:
    headers = {str(name).lower(): value for name, value in dict(getattr(response, "headers", None) or {}).items()}
    return headers.get("x-oauth-scopes")
