"""No answer sends anybody to a host that the caller named."""

import asyncio

import pytest

from desk.transaction import Desk
from tests.serving import Served, serving

TARGETS = ["/readyz/", "/healthz/", "/v1/pages/", "//evil.example", "//evil.example/readyz/", "/\\evil.example/"]
TARGETS += ["/%2f%2fevil.example/", "/%5cevil.example", "http://evil.example/readyz/", "/acme/", "/acme", "/history/"]
TARGETS += ["/slack/events/", "/api/v2/summary.json/", "/readyz/?x=https://evil.example", "/.//evil.example"]


async def _say(served: Served, target: str) -> str:
    reader, writer = await asyncio.open_connection(served.host, served.port)
    named = "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
    writer.write(
        f"GET {target} HTTP/1.1\r\n{named}X-Original-URL: //evil.example\r\nConnection: close\r\n\r\n".encode()
    )
    try:
        return (await reader.read()).decode()
    finally:
        writer.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_answer_names_a_foreign_host(desk: Desk) -> None:
    """Whichever header or target names it: there is no redirect, and the host stands nowhere."""
    async with serving(desk) as served:
        for target in TARGETS:
            answer = await _say(served, target)
            status = int(answer.split(" ")[1])
            assert status < 300 or status >= 400, target
            assert "location:" not in answer.lower(), target
            assert "evil.example" not in answer, target
