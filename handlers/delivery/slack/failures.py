"""What can go wrong with a call to Slack, and what each failure means for a delivery."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from handlers.delivery.deliverer import SHORTEST_WAIT, DeliveryError, Trouble
from handlers.slack.framework.error_codes import CLASSES, MAYBE_CARRIED_OUT, TOKEN_REFUSED, trouble_of

UPDATE = "chat.update"
POST = "chat.postMessage"
"""The one call that may leave a message in Slack without our knowing where."""


class CallError(DeliveryError):
    """A call to Slack that failed. Only of a post does it matter whether it may have been carried out."""

    def __init__(
        self, trouble: Trouble, call: str, error: str, *, wait: timedelta = SHORTEST_WAIT, uncertain: bool = False
    ) -> None:
        super().__init__(trouble, call, error, wait=wait, uncertain=uncertain and call == POST)

    @property
    def is_gone(self) -> bool:
        """Whether the message that was to be edited cannot be edited any more."""
        # Where Slack lets us edit nothing, what an edit would show is better said anew than not at all. With a token
        # that was refused and is taken again, as when the app was put back, it lets us in a moment.
        is_forbidden = self.trouble is Trouble.CALL and self.call == UPDATE and self.error not in TOKEN_REFUSED
        return self.error in _GONE or is_forbidden


_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
OF_THE_PLACE = CLASSES[Trouble.PLACE]
"""Error codes of a conversation that takes no message, whatever it says."""
NO_THREAD = frozenset(
    {
        "cannot_reply_to_message",
        "invalid_thread_ts",
        "message_not_found",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "thread_not_found",
    }
)
"""Error codes of a post to which only its thread is a hindrance."""


def failure_of(method: str, error: Exception) -> CallError:
    """What an exception of Slack's client means."""
    if isinstance(error, SlackApiError):
        return _refusal(method, error.response)
    if isinstance(error, aiohttp.ClientConnectorError):
        return CallError(Trouble.OUTAGE, method, "unreachable")
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return CallError(Trouble.OUTAGE, method, "timeout", uncertain=True)
    if isinstance(error, aiohttp.ClientError | OSError):
        return CallError(Trouble.OUTAGE, method, "connection_lost", uncertain=True)
    return CallError(Trouble.UNKNOWN, method, type(error).__name__, uncertain=True)


def _refusal(method: str, response: Any) -> CallError:
    # A body that is not JSON leaves aiohttp's own response here instead of the client's.
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    code = str(data.get("error") or "") if isinstance(data, dict) else ""
    trouble = trouble_of(code)
    if status == 429 or trouble is Trouble.WAIT:
        return CallError(Trouble.WAIT, method, code or "ratelimited", wait=_retry_after(response))
    if status >= 500 or trouble is Trouble.OUTAGE:
        uncertain = not code or code in MAYBE_CARRIED_OUT
        return CallError(Trouble.OUTAGE, method, code or f"http_{status}", uncertain=uncertain)
    return CallError(trouble, method, code or f"http_{status}", uncertain=not code)


def _retry_after(response: Any) -> timedelta:
    headers = {str(name).lower(): value for name, value in dict(getattr(response, "headers", {})).items()}
    value = headers.get("retry-after", "")
    seconds = value[0] if isinstance(value, list) else value
    return max(timedelta(seconds=int(seconds)), SHORTEST_WAIT) if str(seconds).isdigit() else SHORTEST_WAIT
