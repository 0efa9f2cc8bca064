"""A stage for the outbox alone: messages of our own making, the real worker, and Slack failing on demand."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select

from desk.messages.outbox import refresh_card, send_card, send_note
from desk.transaction import Actor, Desk, Transaction
from handlers.delivery.backoff import BackOff
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker, Step
from handlers.slack import deliveries
from handlers.slack.framework.blocks import Message, section
from handlers.slack.framework.messages import Renderer
from sandbox.player import Control, Json
from storage.models import Channel, Delivery, DeliveryStatus, SlackMessage
from tests.clock import HeldClock
from tests.factories import OLIVIA

STATUS = "C0STATUS01"
OWNERS = "C0OWNERS01"
ACTOR = Actor.operator("test")
PATIENCE = timedelta(milliseconds=300)
"""How long the worker of a test waits for an answer of Slack's, in real time."""


def make_client(session: aiohttp.ClientSession, api_url: str) -> AsyncWebClient:
    """A client such as the bot's, which makes each call once."""
    return AsyncWebClient(token="xoxb-sandbox", base_url=api_url, session=session, retry_handlers=[])


def say(desk: Desk, conversation: str, *texts: str) -> None:
    """Put notes into the outbox, one transaction each."""
    for text in texts:
        note = partial(send_note, kind="test.note", subject_id="s", conversations=[conversation], text=text)
        desk.write_now(ACTOR, note)


def show(desk: Desk, conversation: str, text: str, *, subject: str = "card") -> None:
    """Send a card, or bring it up to date, with a text as its subject's state."""
    desk.write_now(ACTOR, lambda tx: send_card(tx, "test.card", subject, [conversation], text=text))


def refresh(desk: Desk, *, subject: str = "card") -> None:
    """Ask for a card to be brought up to date."""
    desk.write_now(ACTOR, lambda tx: refresh_card(tx, "test.card", subject))


def _render(_tx: Transaction, row: SlackMessage) -> Message | None:
    text = str(row.facts["text"])
    if text == "nothing":
        return None
    if text == "mistake":
        raise LookupError("a mistake in a renderer")
    return Message(text, [section(text)])


RENDERERS: Mapping[str, Renderer] = {"test.note": _render, "test.card": _render, **dict(deliveries.AREA.messages)}


class OutboxStage:
    """A desk, a client and any number of workers; Slack's own view of what arrived."""

    def __init__(self, desk: Desk, clock: HeldClock, client: AsyncWebClient, control: Control) -> None:
        self.desk = desk
        self.clock = clock
        self.client = client
        self.control = control
        self.worker = self.make_worker()

    def make_worker(
        self,
        *,
        name: str | None = None,
        on_step: Callable[[Step, int], None] | None = None,
        back_off: BackOff | None = None,
        wait_until: Callable[[datetime], Awaitable[None]] | None = None,
        **times: Any,
    ) -> OutboxWorker:
        """Another worker on the same outbox; `times` are those of Slack's deliverer."""
        deliverer = SlackDeliverer(self.client, self.clock, RENDERERS, **({"timeout": PATIENCE} | times))
        return OutboxWorker(
            self.desk,
            {Channel.SLACK: deliverer},
            name=name,
            on_step=on_step,
            back_off=back_off,
            wait_until=wait_until,
        )

    def say(self, conversation: str, *texts: str) -> None:
        """See `say`."""
        say(self.desk, conversation, *texts)

    def show(self, conversation: str, text: str, *, subject: str = "card") -> None:
        """See `show`."""
        show(self.desk, conversation, text, subject=subject)

    def refresh(self, *, subject: str = "card") -> None:
        """See `refresh`."""
        refresh(self.desk, subject=subject)

    async def deliver_all(self, *, worker: OutboxWorker | None = None, passes: int = 400) -> None:
        """Deliver, moving the clock on to whatever is due next, until nothing waits."""
        for _ in range(passes):
            if not await self.deliver_some(worker=worker):
                return
        raise AssertionError(f"still not done after {passes} passes")

    async def deliver_some(self, *, worker: OutboxWorker | None = None) -> bool:
        """Deliver what is due, and move the clock on to what is due next; False when nothing waits."""
        worker = worker or self.worker
        await worker.deliver_due()
        due = await worker.find_next_due()
        if due is None:
            return False
        self.clock.advance(max(due - self.clock.now(), timedelta(seconds=1)))
        return True

    def texts(self, channel: str = STATUS, *, reader: str = OLIVIA) -> list[str]:
        """What the bot said in a channel, oldest first, as Slack has it now."""
        return [message["text"] for message in self.messages(channel, reader=reader)]

    def messages(self, channel: str = STATUS, *, reader: str = OLIVIA) -> list[Json]:
        """The bot's messages in a channel, or (given the person's id as channel) in their direct messages."""
        person = self.control.person(channel if channel.startswith("U") else reader)
        found = person.direct_messages() if channel.startswith("U") else person.messages(channel)
        return [message for message in found if message.get("bot_id")]

    def calls(self, method: str) -> list[Json]:
        """The calls of a Web API method so far."""
        return self.control.journal(kind="api", method=method)

    def fault(self, **fault: Any) -> None:
        """Arm a fault in Slack."""
        self.control.call("POST", "faults", fault)

    def rows(self) -> list[Delivery]:
        """The whole outbox."""
        with self.desk.database.read() as session:
            rows = list(session.scalars(select(Delivery).order_by(Delivery.id)))
            session.expunge_all()
        return rows

    def statuses(self) -> list[DeliveryStatus]:
        """Where each row stands, oldest first."""
        return [row.status for row in self.rows()]
