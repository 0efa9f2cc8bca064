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
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import find_incident
from desk.incidents.port import port_of
from desk.messages.outbox import enqueue
from desk.transaction import Desk, Transaction
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.upstream.client import ReqwestClient
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage.models import Backend, Channel, Page
from tests.contract.failing_statuspage import PAGE, FailingStatuspage, StatuspageFault
from tests.contract.statuspage_elsewhere import connection_to, deliverer_to
from tests.contract.webhook import WebhookDeliverer, WebhookFault, WebhookReceiver
from tests.factories import INES, MAX, MIA, OLIVIA, add_page
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
    limits_places = True
    """Whether a limit is a place's own. Of a key, it is all that the key is called with for."""

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

    def what(self, text: str) -> str:
        """How owners read of a delivery that carries a text."""
        return text

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


class AtlassianWay(Way):
    """A Statuspage elsewhere: each place is an incident there, of which things are said."""

    channel = Channel.ATLASSIAN
    limits_places = False
    _INCIDENTS = tuple(letter * 12 for letter in "abcde")
    places = tuple(f"{PAGE}/incidents/{incident_id}" for incident_id in _INCIDENTS)
    _FAULTS: Mapping[Fault, Callable[..., StatuspageFault]] = {
        Fault.MESSAGE: partial(StatuspageFault, status=422, body={"error": ["Body is not taken"]}),
        Fault.PLACE: partial(StatuspageFault, status=403),
        Fault.ACCOUNT: partial(StatuspageFault, status=401, refuses_key=True),
        Fault.LIMITED: partial(StatuspageFault, status=420),
        Fault.UNWELL: partial(StatuspageFault, status=500),
        Fault.CUT: partial(StatuspageFault),
        Fault.SILENT: partial(StatuspageFault, seconds=SILENCE),
        Fault.UNWELL_DONE: partial(StatuspageFault, status=500, takes_it=True),
        Fault.CUT_DONE: partial(StatuspageFault, takes_it=True),
        Fault.SILENT_DONE: partial(StatuspageFault, seconds=SILENCE, takes_it=True),
    }

    def __init__(self, statuspage: FailingStatuspage) -> None:
        self.address = statuspage.url
        self._statuspage = statuspage

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Way]:
        """A Statuspage of its own."""
        statuspage = FailingStatuspage()
        statuspage.start()
        try:
            yield cls(statuspage)
        finally:
            statuspage.stop()

    def reset(self) -> None:
        """The incidents are there, and nothing was said of them."""
        self._statuspage.reset()
        for incident_id in self._INCIDENTS:
            self._statuspage.open(incident_id)

    @staticmethod
    @asynccontextmanager
    async def connect(
        address: str, clock: Clock, *, patience: timedelta = timedelta(milliseconds=300)
    ) -> AsyncIterator[Deliverer]:
        """Its deliverer, with one key."""
        client = ReqwestClient()
        yield deliverer_to(client, connection_to(address, clock, "7" * 64), clock, timeout=patience)
        await client.close()

    def owe(self, desk: Desk, place: str, *texts: str) -> None:
        """Updates of an incident."""
        for text in texts:
            said = IncidentChange(body=text)
            desk.write_now(ACTOR, partial(self._say, incident_id=place.rpartition("/")[2], change=said))

    def _say(self, tx: Transaction, incident_id: str, change: IncidentChange) -> None:
        if find_incident(tx.session, incident_id) is None:
            if tx.session.get(Page, PAGE) is None:
                add_page(tx.session, tx.now, id=PAGE, backend=Backend.ATLASSIAN)
            new = NewIncident(id=incident_id, name="Slow")
            create_incident(tx, PAGE, new).upstream_id = incident_id
        port_of(tx, PAGE).update_incident(tx, incident_id, change)

    def owe_poison(self, desk: Desk, place: str) -> None:
        """A change of which nobody knows."""
        desk.write_now(ACTOR, partial(enqueue, channel=self.channel, lane=place, subject=new_id()))

    def what(self, text: str) -> str:
        """With what it is about."""
        return f"Update “Slow” on Acme: {text}"

    def arrived(self, place: str) -> list[str]:
        """What was said of the incident there."""
        return self._statuspage.said(place.rpartition("/")[2])

    def arm(self, fault: Fault, match: str, *, times: int = 1) -> None:
        """A fault of the Statuspage's."""
        self._statuspage.faults.append(self._FAULTS[fault](match=match, times=times))

    def calls(self) -> int:
        """Writes."""
        return len(self._statuspage.writes)


CHANNELS: Mapping[Channel, type[Way]] = {
    Channel.SLACK: SlackWay,
    Channel.WEBHOOK: WebhookWay,
    Channel.ATLASSIAN: AtlassianWay,
}
"""The channels that keep the contract."""
