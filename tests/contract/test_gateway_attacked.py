"""The gateway between callers and an upstream of whom neither means well."""

import asyncio
from collections.abc import Sequence

import pytest

from desk.transaction import Desk
from tests.contract.gateway_stage import EVERYTHING, mint
from tests.contract.hostile_stage import PAGE, SECRET, attacked
from tests.hostile_server import Behaviour, answering, json_answer, length_of
from tests.waiting import eventually

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CHANGE = {"incident": {"body": "More soon."}}


def raw(secret: str, method: str, path: str, *headers: bytes, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    first = f"{method} /v1/pages/{PAGE}{path} HTTP/1.1".encode()
    usual = (b"Host: x", b"Connection: close", b"Authorization: OAuth " + secret.encode())
    return b"\r\n".join([first, *usual, *headers, b"", b""]) + body


def by_method(reading: bytes, writing: bytes) -> Behaviour:
    """Answers GET with the one, everything else with the other."""

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        writer.write(reading if head.startswith(b"GET") else writing)

    return behave


def said(status: bytes, body: bytes) -> bytes:
    """An answer as it goes over the wire."""
    return b"HTTP/1.1 " + status + b"\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        (said(b"500 Oops", b"{}"), 500),
        (said(b"420 Slow", b"{}"), 420),
        (said(b"404 No", b"{}"), 404),
        (said(b"200 OK", b"<html>"), 502),
        (said(b"200 OK", b"[" + b" " * 1024 * 1100 + b"]"), 502),
        (said(b"302 Found", b""), 502),
    ],
)
async def test_what_might_be_of_the_other_kind_is_not_changed(desk: Desk, heard: bytes, status: int) -> None:
    """Where upstream does not say what an incident is, a key for one kind changes nothing; one for both may."""
    incidents, either = mint(desk, ["incidents:write"]), mint(desk, ["incidents:write", "maintenances:write"])
    async with attacked(desk, by_method(heard, said(b"200 OK", b"{}"))) as stage:
        assert (await stage.call(either, "PATCH", "/incidents/aaaaaaaaaaaa", json=CHANGE)).status_code == 200
        refused = await stage.call(incidents, "PATCH", "/incidents/aaaaaaaaaaaa", json=CHANGE)
        assert refused.status_code == status
        assert [head.split()[0] for head in stage.server.heads] == [b"PATCH", b"GET"]


async def test_calls_are_made_by_the_methods_that_there_are(desk: Desk) -> None:
    """TRACE would be answered with our key; nobody may make it, nor ask for a tunnel."""
    secret = mint(desk, EVERYTHING)
    async with attacked(desk, json_answer(b"{}")) as stage:
        for method in ("TRACE", "CONNECT", "PURGE", "PROPFIND"):
            assert b" 405 " in (await stage.send(raw(secret, method, "/components")))[:20]
        assert stage.server.heads == []


@pytest.mark.parametrize(
    "body",
    [
        {"incident": {"status": []}},
        {"incident": {"status": {"a": 1}}},
        {"incident": {"name": {}, "components": [[]], "component_ids": [{}]}},
    ],
)
async def test_a_body_of_odd_values_is_decided_on(desk: Desk, body: object) -> None:
    """Whatever upstream makes of it."""
    secret = mint(desk, EVERYTHING)
    async with attacked(desk, json_answer(b"{}")) as stage:
        assert (await stage.call(secret, "POST", "/incidents", json=body)).status_code == 200


async def test_what_hides_in_a_list_decides_too(desk: Desk) -> None:
    """Of an incident or component that is given as a list nobody knows what upstream takes."""
    incidents, states = mint(desk, ["incidents:write"]), mint(desk, ["component_status:write"])
    async with attacked(desk, json_answer(b"{}")) as stage:
        for secret, method, path, body in (
            (incidents, "POST", "/incidents", {"incident": [{"scheduled_for": "2026-05-01T20:00:00Z"}]}),
            (incidents, "POST", "/incidents", {"incident": [{"components": {"a": "major_outage"}}]}),
            (states, "PATCH", "/components/aaaaaaaaaaaa", {"component": [{"name": "x"}]}),
        ):
            assert (await stage.call(secret, method, path, json=body)).status_code == 403, body
        assert stage.server.heads == []


@pytest.mark.parametrize("query", ["api_key=x", "api_key[]=x", "%5Bapi_key%5D=x", "api%5Fkey[a]=x"])
async def test_no_key_goes_in_an_address_by_any_name(desk: Desk, query: str) -> None:
    """Upstream would take it for the one that the call is made with."""
    secret = mint(desk, EVERYTHING)
    async with attacked(desk, json_answer(b"{}")) as stage:
        assert (await stage.call(secret, "GET", f"/incidents?{query}")).status_code == 401
        assert (await stage.call(secret, "POST", "/incidents", json={"api_key": "x"})).status_code == 400
        assert stage.server.heads == []


async def test_an_address_has_the_same_parts_for_everybody(desk: Desk) -> None:
    """Some take `;` for a separator: it goes as what it was here, a character of a value."""
    secret = mint(desk, ["read"])
    async with attacked(desk, json_answer(b"[]")) as stage:
        await stage.call(secret, "GET", "/incidents?q=a+b%20c;api_key=x&limit=%ff&a[]=1&a[]=2")
    assert stage.server.heads[0].split()[1].partition(b"?")[2] == (
        b"q=a+b+c%3Bapi_key%3Dx&limit=%FF&a%5B%5D=1&a%5B%5D=2"
    )


async def test_a_call_that_is_not_taken_costs_nobody_our_key(desk: Desk) -> None:
    """401 that something in a call causes is looked into: the key stays, and is called with again at once."""

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        writer.write(said(b"401 Unauthorized", b"{}") if b"odd" in head else said(b"200 OK", b"[]"))

    secret = mint(desk, ["read"])
    async with attacked(desk, behave, wait_seconds=10.0) as stage:
        assert (await stage.call(secret, "GET", "/incidents?q=odd")).status_code == 502

        assert (await stage.call(secret, "GET", "/incidents")).status_code == 200
        await eventually(lambda: "upstream_key" not in {task.get_name() for task in asyncio.all_tasks()})
        assert stage.states_of_our_keys() == ["active"]


@pytest.mark.parametrize("status", [b"101 Switching Protocols", b"999 Odd", b"600 Odd"])
async def test_codes_that_are_none_are_not_passed_on(desk: Desk, status: bytes) -> None:
    """Whoever hears 101 takes what follows for something else than HTTP."""
    secret = mint(desk, ["read"])
    upgrade = b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello"
    async with attacked(desk, answering(upgrade, close=True)) as stage:
        heard = await stage.send(raw(secret, "GET", "/components"))
    assert heard.startswith(b"HTTP/1.1 502 ")
    assert b"upgrade" not in heard.lower().partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n", 304),
        (b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n{}", 204),
        (b"HTTP/1.1 200 OK\r\nX-A: \xff\xfe\r\nContent-Length: 2\r\n\r\n{}", 200),
        (b"HTTP/1.1 200 OK\r\nX-Accel-Redirect: /etc/passwd\r\nAuthorization: OAuth %s\r\n" % SECRET.encode()
         + b"Content-Length: 2\r\n\r\n{}", 200),
    ],
)  # fmt: skip
async def test_an_odd_answer_is_one_answer(desk: Desk, answer: bytes, code: int) -> None:
    """It ends where it ends, and orders nothing from a proxy before Keydesk."""
    secret = mint(desk, ["read"])
    async with attacked(desk, answering(answer, close=True)) as stage:
        heard = await stage.send(raw(secret, "GET", "/components"))
    head, _, body = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % code)
    assert body == (b"{}" if code == 200 else b"")
    assert (b"content-length" in head) == (code == 200)
    assert not any(word in head.lower() for word in (b"x-accel", SECRET.encode(), b"x-a:"))


async def test_a_body_that_does_not_come_is_not_waited_for(desk: Desk) -> None:
    """Nor is a call made with half of it."""
    secret = mint(desk, EVERYTHING)
    async with attacked(desk, json_answer(b"{}"), body_seconds=0.1) as stage:
        heard = await stage.send(raw(secret, "POST", "/incidents", b"Content-Length: 100", body=b"{"))
        assert b" 408 " in heard[:20]
        assert stage.server.heads == []


async def test_nothing_of_the_caller_but_the_call_arrives(desk: Desk) -> None:
    """However a header is spelled that would make it another call, or its caller another."""
    secret = mint(desk, EVERYTHING)
    names: Sequence[bytes] = (
        *(b"X_HTTP_METHOD_OVERRIDE", b"X-Http_Method-Override", b"X-Original-URL", b"X-Rewrite-URL", b"X-Real-IP"),
        *(b"True-Client-IP", b"X-Original-Host", b"Authorization_", b"X-Api-Key", b"Transfer_Encoding"),
    )
    async with attacked(desk, json_answer(b"[]")) as stage:
        await stage.send(raw(secret, "GET", "/components", *(name + b": evil" for name in names), b"Accept: a"))
        assert b"evil" not in stage.server.heads[0]
        assert b"\r\nAccept: a\r\n" in stage.server.heads[0]


async def test_an_answer_without_an_end_is_not_read_for_nobody(desk: Desk) -> None:
    """Not when its caller has hung up, nor only to say of which kind an incident is, nor to be searched."""
    ended: list[bool] = []

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                await writer.drain()
        finally:
            ended.append(True)

    reading, narrow, writing = mint(desk, EVERYTHING), mint(desk, ["read"]), mint(desk, ["incidents:write"])
    async with attacked(desk, behave) as stage:
        caller, connection = await asyncio.open_connection(stage.served.host, stage.served.port)
        connection.write(raw(reading, "GET", "/components"))
        await caller.readexactly(100_000)
        connection.transport.abort()
        await eventually(lambda: len(ended) == 1)
        assert (await stage.call(writing, "PATCH", "/incidents/aaaaaaaaaaaa", json=CHANGE)).status_code == 502
        await eventually(lambda: len(ended) == 2)
        # Nor is it gathered, to look for what is not for everybody.
        assert (await stage.call(narrow, "GET", "/components")).status_code == 502
        await eventually(lambda: len(ended) == 3)


async def test_what_moves_states_shows_to_no_key_that_only_reads(desk: Desk) -> None:
    """It is asked for in a form in which it can be found, and shown to those who may use it."""
    reading, moving = mint(desk, ["read"]), mint(desk, ["read", "component_status:write"])
    body = b'[{"id":"aaaaaaaaaaaa","name":"API","automation_email":"api@automation.example"}]'
    async with attacked(desk, json_answer(body)) as stage:
        hidden = await stage.call(reading, "GET", "/components", headers={"Accept-Encoding": "gzip"})
        shown = await stage.call(moving, "GET", "/components", headers={"Accept-Encoding": "gzip"})
        assert hidden.json() == [{"id": "aaaaaaaaaaaa", "name": "API", "automation_email": None}]
        assert shown.content == body
        assert [b"gzip" in head for head in stage.server.heads] == [False, True]


@pytest.mark.parametrize("place", ["header", "short", "cut in two"])
async def test_our_key_is_told_to_nobody(desk: Desk, place: str) -> None:
    """By an upstream that says back what it was called with."""
    secret = mint(desk, EVERYTHING)
    begun, ours = b"[" + b" " * 600_000, SECRET.encode()

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        if place == "cut in two":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 600067\r\n\r\n" + begun + ours[:30])
            await writer.drain()
            writer.write(ours[30:] + b"]")
        else:
            body = b"{}" if place == "header" else b'{"you":"OAuth %s"}' % ours
            echoed = b"X-You: " + ours if place == "header" else b"X-A: a"
            writer.write(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n" % (echoed, len(body)) + body)

    async with attacked(desk, behave) as stage:
        heard = await stage.send(raw(secret, "GET", "/components"))
    assert ours not in heard
    assert ours[:30] not in heard or not heard.endswith(b"]")
    assert (b" 502 " in heard[:20]) == (place == "short")


async def test_a_key_in_a_long_body_does_not_arrive(desk: Desk) -> None:
    """Wherever it stands, and however its letters are written, upstream never gets it whole."""
    secret = mint(desk, EVERYTHING)
    long = b'{"data":"' + b"x" * 300_000 + b'"'
    bodies: list[bytes] = []

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.read())

    async with attacked(desk, behave) as stage:
        for key in (b'"api_key"', b'"api\\u005fkey"', b'"\\u0061pi_key"'):
            answer = await stage.call(secret, "POST", "/metrics/data", content=long + b"," + key + b':"k"}')
            assert answer.status_code in (400, 408), key
    assert not any(b"key" in body for body in bodies)
