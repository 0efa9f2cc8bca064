"""What can go wrong with a call to Slack, and what each failure means for a delivery."""

import asyncio
from datetime import timedelta
from enum import StrEnum
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

SHORTEST_WAIT = timedelta(seconds=1)


class Trouble(StrEnum):
    """Kinds of failure that are answered differently."""

    WAIT = "wait"
    """Slack asks to wait: too many calls."""
    OUTAGE = "outage"
    """Slack did not answer, or said that it is unwell: try again, for long."""
    REFUSED = "refused"
    """Slack will never take this message in this place."""
    GONE = "gone"
    """The message that was to be edited cannot be edited any more."""
    ACCOUNT = "account"
    """Slack takes nothing from this bot: nothing can be delivered until an operator acts."""
    UNKNOWN = "unknown"
    """Something else, perhaps a mistake of our own: try again, not for long."""


class CallError(Exception):
    """A call to Slack that failed. `error` is Slack's error code, or what else went wrong."""

    def __init__(
        self, trouble: Trouble, method: str, error: str, *, wait: timedelta = SHORTEST_WAIT, uncertain: bool = False
    ) -> None:
        super().__init__(f"{method}: {error}")
        self.trouble = trouble
        self.method = method
        self.error = error
        self.wait = wait
        """How long Slack asks to wait."""
        self.uncertain = uncertain
        """The call may have been carried out all the same."""


_OUTAGE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_MAYBE_CARRIED_OUT = frozenset({"internal_error", "fatal_error", "service_unavailable"})
_WAIT = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_ACCOUNT = frozenset(
    {
        "accesslimited",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "is_inactive",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
    }
)
REFUSED = frozenset(
    {
        "access_denied",
        "cannot_dm_bot",
        "channel_not_found",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "is_archived",
        "markdown_text_conflict",
        "messages_tab_disabled",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_in_channel",
        "not_in_dm",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "too_many_attachments",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
    }
)
"""Error codes of a place or a message that stay as they are, however often one tries."""


NO_THREAD = frozenset(
    {
        "cannot_reply_to_message",
        "invalid_thread_ts",
        "message_not_found",
        "restricted_action_non_threadable_channel",
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
    if status == 429 or code in _WAIT:
        return CallError(Trouble.WAIT, method, code or "ratelimited", wait=_retry_after(response))
    if status >= 500 or code in _OUTAGE:
        uncertain = not code or code in _MAYBE_CARRIED_OUT
        return CallError(Trouble.OUTAGE, method, code or f"http_{status}", uncertain=uncertain)
    if code in _GONE:
        return CallError(Trouble.GONE, method, code)
    if code in _ACCOUNT:
        return CallError(Trouble.ACCOUNT, method, code)
    if code in REFUSED:
        return CallError(Trouble.REFUSED, method, code)
    return CallError(Trouble.UNKNOWN, method, code or f"http_{status}", uncertain=not code)


def _retry_after(response: Any) -> timedelta:
    headers = {str(name).lower(): value for name, value in dict(getattr(response, "headers", {})).items()}
    value = headers.get("retry-after", "")
    seconds = value[0] if isinstance(value, list) else value
    return max(timedelta(seconds=int(seconds)), SHORTEST_WAIT) if str(seconds).isdigit() else SHORTEST_WAIT
