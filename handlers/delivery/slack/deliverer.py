"""Slack's deliverer: draws a message and posts it into its conversation, or edits the copy that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from desk.clock import Clock
from desk.messages.readers import close_copy
from desk.transaction import Transaction
from handlers.delivery.deliverer import Begin, Drawn, Trouble
from handlers.delivery.slack.calls import SlackCalls
from handlers.delivery.slack.failures import NO_THREAD, CallError
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.messages import Renderer
from storage import outbox
from storage.models import SlackMessage
from storage.outbox import Claim
from storage.slack_messages import Place, keep_place, place_of


class SlackDeliverer:
    """Delivers messages to Slack, each drawn when it leaves. `client` must make each call once."""

    def __init__(
        self,
        client: AsyncWebClient,
        clock: Clock,
        renderers: Mapping[str, Renderer],
        *,
        lanes: int = 4,
        pace: timedelta = timedelta(seconds=1),
        timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        self.lanes = lanes
        self.pace = pace
        """Between two messages of a conversation, as Slack asks."""
        self.timeout = timeout
        self._renderers = renderers
        self._calls = SlackCalls(client, clock, timeout=timeout)

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        """The message as it is now; it covers whatever else waits to show it."""
        # The deliveries come first: whatever made them is committed, so the drawing that follows shows it.
        covers = outbox.list_waiting(tx.session, claim.subject)
        row = tx.session.get(SlackMessage, claim.subject)
        if row is None:
            # It was long over, and went in the instant in which somebody wanted it brought up to date.
            return Drawn(None, covers=covers)
        # A lane keeps its order, so the head of a thread is there before its replies, unless it was given up: then
        # they are said outside of it rather than not at all.
        head = tx.session.get(SlackMessage, row.thread_of) if row.thread_of else None
        message = self._renderers[row.kind](tx, row)
        if message is None:
            return Drawn(None, covers=covers)
        thread = place_of(head) if head else None
        parcel = _Posting(self._calls, row.conversation, row.id, message, thread, place_of(row))
        return Drawn(parcel, message.text, covers)

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """Owners are told, and nobody else."""


@dataclass(slots=True)
class _Posting:
    """A message on its way into a conversation."""

    calls: SlackCalls
    conversation: str
    message_id: str
    message: Message
    thread: Place | None
    """The message in whose thread it goes, where that one is in Slack."""
    place: Place | None
    """Where the newest copy is, as far as is known."""
    is_gone: bool = False
    """Whether that copy cannot be edited any more."""

    async def find_arrived(self, since: datetime) -> bool:
        """Edit the copy whose place is known or, where that is gone, one that may have been posted since."""
        if await self._edited(self.place):
            return True
        found = await self.calls.find_posted(
            self.conversation, self.message_id, since=since, after=self.place, thread=self.thread
        )
        return await self._edited(found)

    async def send(self, begin: Begin) -> None:
        """Edit the copy that is there, or post one where none is."""
        edited = not self.is_gone and await self._edited(self.place)
        if not edited and not self.message.closes:
            self.place = await self._post(begin)

    def note(self, tx: Transaction, *, won: bool) -> None:
        """Keep where the message is, and that it is closed."""
        if self.message.closes and won:
            close_copy(tx, self.message_id)
        assert self.place is not None
        keep_place(tx.session, self.message_id, self.place, won=won)

    async def _post(self, begin: Begin) -> Place:
        """Post it into its thread or, where Slack takes no replies, beside it rather than not at all."""
        if self.thread is not None:
            begin()
            try:
                return await self.calls.post(self.conversation, self.message, self.message_id, thread=self.thread)
            except CallError as failure:
                if failure.error not in NO_THREAD:
                    raise
        begin()
        return await self.calls.post(self.conversation, self.message, self.message_id)

    async def _edited(self, place: Place | None) -> bool:
        """Edit a posted message; False when there is none, or it is gone, and it must be posted anew."""
        if place is None:
            return False
        try:
            await self.calls.update(place, self.message)
        except CallError as failure:
            if not failure.is_gone:
                raise
            if failure.trouble is Trouble.CALL and self.message.closes:
                # Nothing new takes its place: owners decide, and what comes behind it in its conversation goes on.
                raise CallError(Trouble.UNKNOWN, failure.call, failure.error) from failure
            self.is_gone = True
            return False
        self.place = place
        return True
