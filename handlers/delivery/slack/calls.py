"""The calls to Slack that deliver: post, edit, and look for a message that may have been posted already."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from desk.clock import Clock
from handlers.delivery.deliverer import Trouble
from handlers.delivery.slack.failures import POST, UPDATE, CallError, failure_of
from handlers.slack.framework.blocks import Message, trim
from handlers.slack.framework.retries import UNREACHABLE
from storage.slack_messages import Place

_log = structlog.get_logger(__name__)

EVENT_TYPE = "keydesk"
"""The type of the metadata by which Keydesk knows its messages again."""

_MAX_TEXT = 3_000
_PAGE = 100
_PAGES = 10
_CLOCKS_APART = timedelta(minutes=5)
_REFUSED_SECONDS = 60.0
"""So long a call that Slack refuses us is not made again."""


class SlackCalls:
    """Posts and edits messages. Every failure is raised as CallError; no call takes longer than `timeout`.

    `client` must make each call once: trying again is for the outbox, which knows what was tried before.
    """

    def __init__(self, client: AsyncWebClient, clock: Clock, *, timeout: timedelta = timedelta(seconds=10)) -> None:
        if client.retry_handlers:
            raise ValueError("the outbox's client must not try again by itself: give it retry_handlers=[]")
        self._client = client
        self._clock = clock
        self._timeout = timeout
        # By the steady clock: one that was set must not close anything for as long as it was wrong.
        self._closed_until: dict[str, float] = {}
        self._limited_posts: dict[str, float] = {}
        self._refused: dict[str, tuple[str, float]] = {}

    async def post(
        self, conversation: str, message: Message, message_id: str, *, thread: Place | None = None
    ) -> Place:
        """Post a message into a channel, into a thread there or, given a user id, into that person's direct
        messages."""
        answer = await self._call(
            POST,
            self._client.chat_postMessage,
            limited=conversation,
            channel=conversation,
            thread_ts=thread.ts if thread else None,
            text=trim(message.text, limit=_MAX_TEXT),
            blocks=message.blocks or None,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"message_id": message_id}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return Place(answer["channel"], answer["ts"])

    async def update(self, place: Place, message: Message) -> None:
        """Bring a posted message up to date; its metadata stays."""
        await self._call(
            UPDATE,
            self._client.chat_update,
            channel=place.channel_id,
            ts=place.ts,
            text=trim(message.text, limit=_MAX_TEXT),
            blocks=message.blocks or None,
        )

    async def find_posted(
        self,
        conversation: str,
        message_id: str,
        *,
        since: datetime,
        after: Place | None = None,
        thread: Place | None = None,
    ) -> Place | None:
        """A copy of the message that was posted about or after `since` (and after the copy at `after`), if any.

        A message that goes into a thread is looked for there first, since Slack's history of a channel leaves replies
        out, and then beside it, where it was said if its thread had no head at that time.

        Where history cannot be read it is taken as absent, and the log says so: a double is better than a loss.
        """
        oldest = f"{(since - _CLOCKS_APART).timestamp():.6f}"
        if after is not None and float(after.ts) > float(oldest):
            oldest = after.ts
        try:
            found = await self._search(thread.channel_id, message_id, oldest, thread) if thread else None
            return found or await self._search(await self._channel_of(conversation), message_id, oldest, None)
        except CallError as error:
            if error.trouble not in {Trouble.MESSAGE, Trouble.PLACE, Trouble.CALL}:
                raise
            _log.warning("history_unreadable", conversation=conversation, message_id=message_id, error=error.error)
            return None

    async def _channel_of(self, conversation: str) -> str:
        if not conversation.startswith(("U", "W")):
            return conversation
        answer = await self._call("conversations.open", self._client.conversations_open, users=conversation)
        return str(answer["channel"]["id"])

    async def _search(self, channel: str, message_id: str, oldest: str, thread: Place | None) -> Place | None:
        cursor = ""
        for _ in range(_PAGES):
            page: dict[str, Any] = {
                "channel": channel,
                "oldest": oldest,
                "limit": _PAGE,
                "include_all_metadata": True,
            }
            if cursor:
                page["cursor"] = cursor
            answer = await self._read(page, thread)
            for found in answer["messages"]:
                metadata = found.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if metadata.get("event_type") == EVENT_TYPE and payload.get("message_id") == message_id:
                    return Place(channel, found["ts"])
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return None
        _log.warning("history_too_long", conversation=channel, message_id=message_id, pages=_PAGES)
        return None

    async def _read(self, page: dict[str, Any], thread: Place | None) -> dict[str, Any]:
        if thread is None:
            return await self._call("conversations.history", self._client.conversations_history, **page)
        try:
            return await self._call("conversations.replies", self._client.conversations_replies, ts=thread.ts, **page)
        except CallError as error:
            if error.error != "thread_not_found":
                raise
            # Its head was deleted before anybody had replied.
            return {"messages": []}

    async def _call(
        self, name: str, method: Callable[..., Awaitable[AsyncSlackResponse]], *, limited: str = "", **arguments: Any
    ) -> dict[str, Any]:
        """One Web API call. `limited` is the conversation whose own limit the call falls under, if one does."""
        now = self._clock.steady()
        wait = self._closed_until.get(name, now) - now
        if wait > 0:
            raise CallError(Trouble.WAIT, name, "ratelimited", wait=timedelta(seconds=wait))
        refusal, until = self._refused.get(name, ("", now))
        if until > now:
            raise CallError(Trouble.CALL, name, refusal)
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                response = await method(**arguments)
        except Exception as error:
            failure = failure_of(name, error)
            if failure.trouble is Trouble.WAIT:
                self._note_limit(name, limited, self._clock.steady() + failure.wait.total_seconds())
            if failure.trouble is Trouble.ACCOUNT and await self._is_token_taken():
                failure = CallError(Trouble.CALL, name, failure.error)
            if failure.trouble is Trouble.CALL and name in (POST, UPDATE):
                # What may be read differs from one kind of conversation to the other.
                self._refused[name] = failure.error, self._clock.steady() + _REFUSED_SECONDS
            raise failure from error
        assert isinstance(response.data, dict)
        return response.data

    async def _is_token_taken(self) -> bool:
        """Whether Slack says so: where it cannot be asked, what was said last holds."""
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                await self._client.auth_test()
        except UNREACHABLE:
            return False
        return True

    def _note_limit(self, name: str, conversation: str, until: float) -> None:
        # Posts are limited per channel first. A second channel that is limited meanwhile means the whole workspace;
        # every other method is limited for the workspace at once.
        now = self._clock.steady()
        if conversation:
            self._limited_posts = {place: end for place, end in self._limited_posts.items() if end > now}
            self._limited_posts[conversation] = until
        if not conversation or len(self._limited_posts) > 1:
            self._closed_until[name] = until
