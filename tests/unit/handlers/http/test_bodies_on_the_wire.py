"""The limits of bodies on a real socket: who exceeds them is answered, and holds nobody up."""

import asyncio
import json

import pytest

from desk.transaction import Desk, Transaction
from handlers.http.app import HttpSettings
from handlers.http.bodies import MAX_BYTES
from storage.models import Scope
from tests.api_client import mint_key
from tests.factories import add_page
from tests.serving import Served, serving
from tests.unit.handlers.http.conftest import ACTOR

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SLOW = HttpSettings(body_seconds=0.3)


def _furnish(desk: Desk) -> tuple[str, str]:
    page = desk.write_now(ACTOR, lambda tx: _page(tx))
    return page, mint_key(desk, scopes=[Scope.INCIDENTS_WRITE])[1]


def _page(tx: Transaction) -> str:
    return add_page(tx.session, tx.now).id


async def _say(served: Served, head: str, *parts: bytes, pause: float = 0) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(served.host, served.port)
    # Whoever is refused while they still send reads why at once: what they send afterwards breaks the connection.
    heard = asyncio.create_task(reader.readuntil(b"}"))
    writer.write(head.encode())
    for part in parts:
        if not heard.done():
            writer.write(part)
            await asyncio.sleep(pause)
    async with asyncio.timeout(10):
        answer = await heard
    writer.close()
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split(b" ")[1]), body


async def test_what_is_too_large_or_too_slow_is_answered(desk: Desk) -> None:
    """413 by the length that is said and by what comes in chunks, 408 for what does not come; then others go on."""
    page, secret = _furnish(desk)

    def head(*lines: str) -> str:
        named = (f"POST /v1/pages/{page}/incidents HTTP/1.1", "Host: x", f"Authorization: OAuth {secret}", *lines)
        return "\r\n".join((*named, "Connection: close", "", ""))

    chunk = b"%x\r\n%s\r\n" % (64 * 1024, b"a" * 64 * 1024)
    async with serving(desk, settings=SLOW) as served:
        said = await _say(served, head(f"Content-Length: {MAX_BYTES + 1}"))
        assert (said[0], "256 KB" in json.loads(said[1])["error"]) == (413, True)
        assert (await _say(served, head("Transfer-Encoding: chunked"), *[chunk] * 5))[0] == 413
        stalled = await _say(served, head("Content-Length: 100"), b'{"incident":')
        assert (stalled[0], "0.3 seconds" in json.loads(stalled[1])["error"]) == (408, True)
        dripping = await _say(served, head("Content-Length: 100"), *[b" "] * 12, pause=0.05)
        assert dripping[0] == 408
        body = b'{"incident": {"name": "Slow"}}'
        parts = [body[at : at + 7] for at in range(0, len(body), 7)]
        made = await _say(served, head(f"Content-Length: {len(body)}"), *parts, pause=0.01)
        assert (made[0], b'"body":""' in made[1]) == (201, True)
        without = await _say(served, head(f"Content-Length: {len(body)}").replace(secret, "kd_nobody"), body)
        assert without[0] == 401
