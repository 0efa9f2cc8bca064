"""Channels as the contract of deliverers drives them: each with a real other side that fails at will.

A new channel adds one class here, and one row in `CHANNELS`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

import aiohttp

from desk.clock import Clock
from desk.identifiers import new_id
from desk.messages.outbox import enqueue
from desk.transaction import Desk
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.slack.deliverer import SlackDeliverer
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage.models import Channel
from tests.contract.webhook import WebhookDeliverer, WebhookFault, WebhookReceiver
from tests.factories import INES, MAX, MIA, OLIVIA
from tests.scenario.outbox_stage import ACTOR, OWNERS, RENDERERS, STATUS, make_client, say

NOBODY_LISTENS = "http://127.0.0.1:9"
"""The address of an other side that cannot be reached."""
SILENCE = 1.2
"""For how many seconds a silent other side says nothing: longer than any deliverer of these tests waits."""


class Fault(StrEnum):
    """What the other side does instead of taking a call."""

    MESSAGE = "refuses the message"
    PLACE = "refuses the place"
    ACCOUNT = "refuses the account"
    LIMITED = "asks to wait"
    UNWELL = "is unwell"
    CUT = "cuts the line"
    SILENT = "says nothing"
    UNWELL_DONE = "takes it and is unwell"
    CUT_DONE = "takes it and cuts the line"
    SILENT_DONE = "takes it and says nothing"


PASSING = (Fault.LIMITED, Fault.UNWELL, Fault.CUT, Fault.SILENT, Fault.UNWELL_DONE, Fault.CUT_DONE, Fault.SILENT_DONE)
"""Faults after which the other side is as before."""


class Way(ABC):
    """A channel with the other side that its deliveries go to."""

    channel: Channel
    address: str
    """Where the other side listens."""
    places: tuple[str, ...]
    """Lanes: more than are served at once, beside the last one."""
    waits = timedelta(seconds=7)
    """How long a limited place asks to wait."""

    @classmethod
    @abstractmethod
    def open(cls) -> AbstractContextManager["Way"]:
        """The channel, with its other side running within the block."""

    @abstractmethod
    def reset(self) -> None:
        """Let the other side forget everything."""

    @staticmethod
    @abstractmethod
    def connect(
        address: str, clock: Clock, *, patience: timedelta = timedelta(milliseconds=300)
    ) -> AbstractAsyncContextManager[Deliverer]:
        """A deliverer that waits for an answer no longer than `patience`, and serves two lanes at once."""

    @abstractmethod
    def owe(self, desk: Desk, place: str, *texts: str) -> None:
        """Put deliveries into the outbox, one transaction each."""

    @abstractmethod
    def owe_poison(self, desk: Desk, place: str) -> None:
        """Put a delivery into the outbox that cannot be drawn."""

    @abstractmethod
    def arrived(self, place: str) -> list[str]:
        """What the other side has at a place, in the order in which it stands there."""

    @abstractmethod
    def arm(self, fault: Fault, match: str, *, times: int = 1) -> None:
        """Let the other side fail for the next calls in which `match`, a text or a place, stands."""

    @abstractmethod
    def calls(self) -> int:
        """How often something was handed over to the other side, taken or not."""


class SlackWay(Way):
    """Slack, as the sandbox plays it."""

    channel = Channel.SLACK
    places = (STATUS, OWNERS, MIA, MAX, INES)
    _FAULTS: Mapping[Fault, Mapping[str, object]] = {
        Fault.MESSAGE: {"kind": "error", "error": "invalid_blocks"},
        Fault.PLACE: {"kind": "error", "error": "is_archived"},
        Fault.ACCOUNT: {"kind": "error", "error": "invalid_auth"},
        Fault.LIMITED: {"kind": "ratelimited", "retry_after": 7},
        Fault.UNWELL: {"kind": "http_500"},
        Fault.CUT: {"kind": "drop"},
        Fault.SILENT: {"kind": "timeout", "seconds": SILENCE},
        Fault.UNWELL_DONE: {"kind": "http_500", "carried_out": True},
        Fault.CUT_DONE: {"kind": "drop", "carried_out": True},
        Fault.SILENT_DONE: {"kind": "timeout", "seconds": SILENCE, "carried_out": True},
    }

    def __init__(self, server: SandboxServer) -> None:
        self.address = server.url
        self._server = server
        self._control = Control(server.url)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Way]:
        """A workspace of its own."""
        with SandboxServer(manifest=Path(__file__).parents[2] / "manifest.yml") as server:
            yield cls(server)

    def reset(self) -> None:
        """As seeded."""
        self._server.workspace.reset()

    @staticmethod
    @asynccontextmanager
    async def connect(
        address: str, clock: Clock, *, patience: timedelta = timedelta(milliseconds=300)
    ) -> AsyncIterator[Deliverer]:
        """Slack's deliverer."""
        async with aiohttp.ClientSession() as session:
            client = make_client(session, f"{address}/api/")
            yield SlackDeliverer(client, clock, RENDERERS, lanes=2, pace=timedelta(milliseconds=10), timeout=patience)

    def owe(self, desk: Desk, place: str, *texts: str) -> None:
        """Notes."""
        say(desk, place, *texts)

    def owe_poison(self, desk: Desk, place: str) -> None:
        """A note whose renderer raises."""
        say(desk, place, "mistake")

    def arrived(self, place: str) -> list[str]:
        """The bot's messages."""
        person = self._control.person(place if place.startswith("U") else OLIVIA)
        messages = person.direct_messages() if place.startswith("U") else person.messages(place)
        return [message["text"] for message in messages if message.get("bot_id")]

    def arm(self, fault: Fault, match: str, *, times: int = 1) -> None:
        """A fault of the sandbox's."""
        armed = {"method": "chat.postMessage", "match": match, "times": times, **self._FAULTS[fault]}
        self._control.call("POST", "faults", armed)

    def calls(self) -> int:
        """Posts."""
        return len(self._control.journal(kind="api", method="chat.postMessage"))


class WebhookWay(Way):
    """Webhooks, taken by a receiver of this process."""

    channel = Channel.WEBHOOK
    places = ("/one", "/two", "/three", "/four", "/five")
    _FAULTS: Mapping[Fault, Callable[..., WebhookFault]] = {
        Fault.MESSAGE: partial(WebhookFault, status=422),
        Fault.PLACE: partial(WebhookFault, status=410),
        Fault.ACCOUNT: partial(WebhookFault, status=401),
        Fault.LIMITED: partial(WebhookFault, status=429),
        Fault.UNWELL: partial(WebhookFault, status=500),
        Fault.CUT: partial(WebhookFault),
        Fault.SILENT: partial(WebhookFault, seconds=SILENCE),
        Fault.UNWELL_DONE: partial(WebhookFault, status=500, takes_it=True),
        Fault.CUT_DONE: partial(WebhookFault, takes_it=True),
        Fault.SILENT_DONE: partial(WebhookFault, seconds=SILENCE, takes_it=True),
    }

    def __init__(self, receiver: WebhookReceiver) -> None:
        self.address = receiver.url
        self._receiver = receiver

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Way]:
        """A receiver of its own."""
        receiver = WebhookReceiver()
        receiver.start()
        try:
            yield cls(receiver)
        finally:
            receiver.stop()

    def reset(self) -> None:
        """Nothing taken, nothing wrong."""
        self._receiver.taken.clear()
        self._receiver.faults.clear()
        self._receiver.calls = 0

    @staticmethod
    @asynccontextmanager
    async def connect(
        address: str, clock: Clock, *, patience: timedelta = timedelta(milliseconds=300)
    ) -> AsyncIterator[Deliverer]:
        """The tests' own deliverer."""
        async with aiohttp.ClientSession() as session:
            yield WebhookDeliverer(session, address, timeout=patience)

    def owe(self, desk: Desk, place: str, *texts: str) -> None:
        """Calls that carry a text."""
        for text in texts:
            call = partial(enqueue, channel=Channel.WEBHOOK, lane=place, subject=new_id(), payload={"text": text})
            desk.write_now(ACTOR, call)

    def owe_poison(self, desk: Desk, place: str) -> None:
        """A call without the text that it should carry."""
        desk.write_now(ACTOR, partial(enqueue, channel=Channel.WEBHOOK, lane=place, subject=new_id()))

    def arrived(self, place: str) -> list[str]:
        """The texts that the receiver took."""
        return list(self._receiver.taken.get(place, {}).values())

    def arm(self, fault: Fault, match: str, *, times: int = 1) -> None:
        """A fault of the receiver's."""
        self._receiver.faults.append(self._FAULTS[fault](match=match, times=times))

    def calls(self) -> int:
        """Calls."""
        return self._receiver.calls


CHANNELS: Mapping[Channel, type[Way]] = {Channel.SLACK: SlackWay, Channel.WEBHOOK: WebhookWay}
"""The channels that keep the contract."""
