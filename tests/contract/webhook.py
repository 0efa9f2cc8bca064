"""A second way out, small but real: it posts payloads to addresses, which know each again by its id.

It shows that nothing of the outbox is about Slack. There is no webhook in Keydesk yet; when there is, it takes this
one's place in the contract's suite.
"""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
from aiohttp import web

from desk.transaction import Transaction
from handlers.delivery.deliverer import Begin, DeliveryError, Drawn, Trouble
from storage.outbox import Claim

ID = "Webhook-Id"
_OF_THE_ACCOUNT, _OF_THE_MESSAGE, _OF_THE_PLACE = {401, 403}, {400, 422}, {404, 410}


class WebhookDeliverer:
    """Posts the payload of each delivery to its lane, which is a path below `address`."""

    def __init__(self, session: aiohttp.ClientSession, address: str, *, timeout: timedelta) -> None:
        self.lanes = 2
        self.pace = timedelta(milliseconds=10)
        self.timeout = timeout
        self._session = session
        self._address = address

    def draw(self, _tx: Transaction, claim: Claim) -> Drawn:
        """The payload's text."""
        text = str(claim.payload["text"])
        return Drawn(_Call(self, self._address + claim.lane, claim.subject, text), text)

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """Owners are told, and nobody else."""

    async def post(self, url: str, call_id: str, text: str) -> None:
        """One call."""
        limit = aiohttp.ClientTimeout(total=self.timeout.total_seconds())
        try:
            async with self._session.post(url, data=text.encode(), headers={ID: call_id}, timeout=limit) as answer:
                if answer.status >= 400:
                    raise _refusal(answer)
        except aiohttp.ClientConnectorError as error:
            raise DeliveryError(Trouble.OUTAGE, "POST", "unreachable") from error
        except TimeoutError as error:
            raise DeliveryError(Trouble.OUTAGE, "POST", "timeout", uncertain=True) from error
        except (aiohttp.ClientError, OSError) as error:
            raise DeliveryError(Trouble.OUTAGE, "POST", "connection_lost", uncertain=True) from error


def _refusal(answer: aiohttp.ClientResponse) -> DeliveryError:
    code = f"http_{answer.status}"
    if answer.status == 429:
        return DeliveryError(Trouble.WAIT, "POST", code, wait=timedelta(seconds=int(answer.headers["Retry-After"])))
    if answer.status >= 500:
        return DeliveryError(Trouble.OUTAGE, "POST", code, uncertain=True)
    for trouble, statuses in (
        (Trouble.ACCOUNT, _OF_THE_ACCOUNT),
        (Trouble.MESSAGE, _OF_THE_MESSAGE),
        (Trouble.PLACE, _OF_THE_PLACE),
    ):
        if answer.status in statuses:
            return DeliveryError(trouble, "POST", code)
    return DeliveryError(Trouble.UNKNOWN, "POST", code)


@dataclass(frozen=True, slots=True)
class _Call:
    deliverer: WebhookDeliverer
    url: str
    call_id: str
    text: str

    async def find_arrived(self, since: datetime) -> bool:
        """The other side knows a call again by its id: it is made again."""
        return False

    async def send(self, begin: Begin) -> None:
        """Post it."""
        begin()
        await self.deliverer.post(self.url, self.call_id, self.text)

    def note(self, tx: Transaction, *, won: bool) -> None:
        """There is nothing to remember."""


@dataclass(slots=True)
class WebhookFault:
    """What the receiver does with the next calls in which `match` stands, instead of taking them."""

    match: str
    times: int
    status: int = 0
    """Answers so; 0: cuts the line."""
    seconds: float = 0
    """Answers only after so long."""
    takes_it: bool = False
    """Takes the call all the same."""


@dataclass(slots=True)
class WebhookReceiver:
    """The other side, in a thread of its own: takes a call once, however often it is made."""

    taken: dict[str, dict[str, str]] = field(default_factory=dict)
    """Path → id → text, in order of arrival."""
    calls: int = 0
    faults: list[WebhookFault] = field(default_factory=list)
    url: str = ""
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a free port of this machine."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready.set,), name="webhooks")
        self._thread.start()
        assert ready.wait(30)

    def stop(self) -> None:
        """Stop listening, whatever is held."""
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(30)

    def _run(self, ready: Callable[[], None]) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], None]) -> None:
        app = web.Application()
        app.router.add_post("/{place}", self._take)
        serving = web.AppRunner(app, shutdown_timeout=0)
        await serving.setup()
        site = web.TCPSite(serving, "127.0.0.1", 0)
        await site.start()
        host, port = serving.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        ready()
        await self._stopping.wait()
        await serving.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        text = (await request.read()).decode()
        self.calls += 1
        fault = next((one for one in self.faults if one.match in f"{request.path} {text}"), None)
        if fault is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        if fault is None or fault.takes_it:
            self.taken.setdefault(request.path, {}).setdefault(request.headers[ID], text)
        if fault is None:
            return web.Response()
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if not fault.status and request.transport is not None:
            request.transport.abort()
        return web.Response(status=fault.status or 200, headers={"Retry-After": "7"})
