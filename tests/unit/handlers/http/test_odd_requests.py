"""Whatever a stranger sends over HTTP, it is their mistake or finds nothing: never an error of ours."""

import asyncio
from itertools import cycle

import pytest

from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.transaction import Desk, Transaction
from tests.factories import add_page
from tests.serving import Served, serving
from tests.unit.handlers.http.conftest import ACTOR

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
TARGETS = [
    *("/", "*", "/%00", "/%ff%fe", "/%", "/%zz", "/\x7f", "/" + "a/" * 2000, "/..%2f..%2fetc/passwd", "/?%ff=%00"),
    *("/v1/", "/v1/%00", "/v1/pages/%00", "/v1/pages/%ff/components", "/v1/pages?api_key=%ff%00", "/v1//pages"),
    *("/v1/pages?" + "&" * 4000, "/v1/pages?page=99999999999999999999", "/v1/" + "%F0%9F%98%80" * 20),
    *("/incidents/%00", "/incidents/aaaaaaaaaaaa%00", "/incidents/aaaaaaaaaaaa/", "/incidents/\u0661", "/#x"),
    *("/history/0000-01", "/history/9999-12", "/history/\u0662\u0660\u0662\u0666-01", "/api/v2/%00"),
    *("/acme/api/v2/incidents/aaaaaaaaaaaa.json", "/slack/events", "/slack/events?x=%ff", "/healthz?%00"),
    *("/readyz/%00", "/badge.svg?%00", "/history.rss?page=-1"),
]
HEADERS = [
    "",
    "Host: \xff\r\n",
    "Host: [::1\r\nHost: b\r\n",
    "Authorization: OAuth \xff\xfe\r\nUser-Agent: \xff\r\n",
    "Authorization: OAuth\r\nAuthorization: OAuth a\r\n",
    'If-None-Match: W/"\xff\r\nIf-Modified-Since: yesterday\r\nRange: bytes=9-1\r\nAccept-Encoding: \xff;q=x\r\n',
    "X-Slack-Request-Timestamp: \xb2\r\nX-Slack-Signature: v0=\xff\r\nContent-Type: \xff\r\nContent-Length: 2\r\n",
    "Transfer-Encoding: chunked\r\nContent-Type: application/json; charset=klingon\r\n",
    'X-Forwarded-For: \xff, 1.2.3.4:99999999, [::1%25x]\r\nForwarded: for="\xff"\r\nUpgrade: websocket\r\n',
]


async def _say(served: Served, method: str, target: str, headers: str) -> int | None:
    reader, writer = await asyncio.open_connection(served.host, served.port)
    wire = "0\r\n\r\n" if "chunked" in headers else "{}" if "Content-Length" in headers else ""
    head = f"{method} {target} HTTP/1.1\r\n".encode() + headers.encode("latin-1")
    writer.write(head + b"Connection: close\r\n\r\n" + wire.encode())
    try:
        async with asyncio.timeout(10):
            answer = await reader.read()
    except ConnectionError:
        return None
    finally:
        writer.close()
    return int(answer.split(b" ")[1]) if answer else None


async def test_no_request_is_an_error(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Odd targets, headers and methods: an answer below 500, and no traceback."""

    def begin(tx: Transaction) -> None:
        create_incident(tx, add_page(tx.session, tx.now).id, NewIncident(name="Slow", body="We look."))

    desk.write_now(ACTOR, begin)
    odd = [("GET", target, headers) for target, headers in zip(TARGETS, cycle(HEADERS), strict=False)]
    odd += [("GET", TARGETS[-1], headers) for headers in HEADERS]
    odd += [(method, target, HEADERS[0]) for method, target in zip(cycle(METHODS), TARGETS, strict=False)]
    async with serving(desk) as served:
        for at in range(0, len(odd), 20):
            said = await asyncio.gather(*(_say(served, *request) for request in odd[at : at + 20]))
            for request, status in zip(odd[at : at + 20], said, strict=True):
                assert status is not None, request
                assert status < 500, request
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
