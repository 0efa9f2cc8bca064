"""What comes in over HTTP and says that it is Slack's: refused, whatever it is, and never an error of ours."""

import asyncio
import copy
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from handlers.slack.framework.door import answer_slack, find_payload, is_signed
from handlers.slack.framework.shapes import is_well_formed

SECRET = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000
FORM, JSON = "application/x-www-form-urlencoded", "application/json"

VIEW: dict[str, Any] = {
    "id": "V1",
    "type": "modal",
    "callback_id": "c",
    "private_metadata": "",
    "hash": "1.a",
    "blocks": [{"type": "input", "block_id": "b"}],
    "state": {"values": {"b": {"a": {"type": "plain_text_input", "value": "x"}}}},
}
WHO: dict[str, Any] = {"user": {"id": "U1", "team_id": "T1"}, "team": {"id": "T1"}, "trigger_id": "1.2.a"}
ACTION: dict[str, Any] = {"action_id": "a", "block_id": "b", "type": "button", "value": "v"}


def event(**values: Any) -> dict[str, Any]:
    """An event as Slack sends it."""
    return {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": values}


PAYLOADS: dict[str, dict[str, Any]] = {
    "block_actions": {**WHO, "type": "block_actions", "actions": [ACTION], "view": VIEW, "response_url": None},
    "view_submission": {**WHO, "type": "view_submission", "view": VIEW},
    "view_closed": {**WHO, "type": "view_closed", "view": VIEW, "is_cleared": False},
    "block_suggestion": {
        **WHO,
        "type": "block_suggestion",
        "action_id": "a",
        "block_id": "b",
        "value": "",
        "view": VIEW,
    },
    "shortcut": {**WHO, "type": "shortcut", "callback_id": "c"},
    "user_change": event(type="user_change", user={"id": "U1", "updated": 1, "profile": {"display_name": "Mia"}}),
    "team_join": event(type="team_join", user={"id": "U1", "tz": None}),
    "subteam_updated": event(type="subteam_updated", subteam={"id": "S1", "users": ["U1"], "user_count": "1"}),
    "subteam_members_changed": event(type="subteam_members_changed", subteam_id="S1", added_users_count="1"),
    "app_home_opened": event(type="app_home_opened", user="U1", tab="home"),
    "app_uninstalled": event(type="app_uninstalled"),
    "url_verification": {"type": "url_verification", "challenge": "c", "token": "t"},
    "app_rate_limited": {"type": "app_rate_limited", "team_id": "T1"},
}
COMMAND = {
    "command": "/keys",
    "user_id": "U1",
    "channel_id": "C1",
    "trigger_id": "1.2.a",
    "text": "",
    "response_url": "",
}
NEEDED: Sequence[tuple[str, tuple[str | int, ...]]] = [
    ("block_actions", ("user",)),
    ("block_actions", ("user", "id")),
    ("block_actions", ("actions",)),
    ("block_actions", ("actions", 0)),
    ("block_actions", ("actions", 0, "action_id")),
    ("block_actions", ("view", "id")),
    ("view_submission", ("view",)),
    ("view_submission", ("view", "state")),
    ("view_submission", ("view", "state", "values")),
    ("view_submission", ("view", "callback_id")),
    ("view_submission", ("view", "blocks")),
    ("view_closed", ("view",)),
    ("block_suggestion", ("action_id",)),
    ("block_suggestion", ("value",)),
    ("shortcut", ("callback_id",)),
    ("user_change", ("event",)),
    ("user_change", ("event_id",)),
    ("user_change", ("event", "type")),
    ("user_change", ("event", "user")),
    ("team_join", ("event", "user", "id")),
    ("subteam_updated", ("event", "subteam", "id")),
    ("subteam_members_changed", ("event", "subteam_id")),
    ("app_home_opened", ("event", "user")),
    ("url_verification", ("challenge",)),
    ("view_submission", ("type",)),
]
WRONG: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", [], {}, [None], {"id": None}, [[]]]


def body_of(payload: Any) -> tuple[bytes, str]:
    """A payload as Slack sends it, and its content type."""
    if isinstance(payload, dict) and payload.get("type") in (None, "event_callback", "url_verification"):
        return json.dumps(payload).encode(), JSON
    return urlencode({"payload": json.dumps(payload)}).encode(), FORM


def understood(payload: Any) -> bool:
    """Whether the payload is taken."""
    return find_payload(*body_of(payload)) is not None


def without(payload: dict[str, Any], path: Sequence[str | int], *instead: Any) -> dict[str, Any]:
    """The payload without one of its parts, or with another in its place."""
    changed = copy.deepcopy(payload)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    if instead:
        parent[path[-1]] = instead[0]
    else:
        del parent[path[-1]]
    return changed


@pytest.mark.parametrize("kind", PAYLOADS)
def test_what_slack_sends_is_taken(kind: str) -> None:
    """Every kind of request, with what it may leave empty."""
    assert understood(PAYLOADS[kind])


def test_commands_are_taken_and_need_their_fields() -> None:
    """A slash command names itself, who typed it, where, and what may be opened."""
    assert find_payload(urlencode(COMMAND).encode(), f"{FORM}; charset=utf-8") is not None
    for field in ("user_id", "channel_id", "trigger_id"):
        for values in ({**COMMAND, field: ""}, {name: value for name, value in COMMAND.items() if name != field}):
            assert find_payload(urlencode(values).encode(), FORM) is None
    assert find_payload(urlencode([*COMMAND.items(), ("text", "again")]).encode(), FORM) is None
    assert find_payload(urlencode({**COMMAND, "command": "keys"}).encode(), FORM) is None


@pytest.mark.parametrize(("kind", "path"), NEEDED)
def test_what_every_request_of_a_kind_has_is_needed(kind: str, path: tuple[str | int, ...]) -> None:
    """Without it, or with something else in its place, a request is not Slack's."""
    assert not understood(without(PAYLOADS[kind], path))
    for value in (None, 7, 10**30, True):
        assert not understood(without(PAYLOADS[kind], path, value))


BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", FORM),
    "no UTF-8": (b"payload=%ff", FORM),
    "no UTF-8 at all": (b"\xff\xfe{}", JSON),
    "no JSON": (b"payload={", FORM),
    "a list": (b"[]", JSON),
    "a number": (b"payload=1", FORM),
    "no type": (b"{}", JSON),
    "another type": (b'{"type": "surprise"}', JSON),
    "no number": (b'{"type": "url_verification", "challenge": "a", "x": NaN}', JSON),
    "a number of ten thousand digits": (
        b'{"type": "url_verification", "challenge": "a", "x": %s}' % (b"9" * 10_000),
        JSON,
    ),
    "a name twice": (b'{"type": "event_callback", "type": "url_verification", "challenge": "a"}', JSON),
    "very deep": (
        b'{"type": "url_verification", "challenge": "a", "x": %s%s}' % (b"[" * 90_000, b"]" * 90_000),
        JSON,
    ),
    "deep": (b'{"type": "url_verification", "challenge": "a", "x": %s%s}' % (b"[" * 900, b"]" * 900), JSON),
    "another content type": (b'{"type": "url_verification", "challenge": "a"}', "text/plain"),
    "no content type": (b'{"type": "url_verification", "challenge": "a"}', ""),
    "JSON as a form": (b'{"type": "url_verification", "challenge": "a"}', FORM),
}


@pytest.mark.parametrize(("body", "content_type"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_other_bodies_are_not_taken(body: bytes, content_type: str) -> None:
    """However they are signed."""
    assert find_payload(body, content_type) is None


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in parts:
        yield (*path, step)
        yield from _places(part, (*path, step))


PLACES = [(kind, place) for kind, payload in PAYLOADS.items() for place in _places(payload)]


def sign(body: bytes, timestamp: bytes = b"%d" % NOW, secret: str = SECRET) -> bytes:
    """Slack's signature."""
    return b"v0=" + hmac.new(secret.encode(), b"v0:%s:%s" % (timestamp, body), hashlib.sha256).hexdigest().encode()


def headers_of(timestamp: bytes, signature: bytes) -> list[tuple[bytes, bytes]]:
    """As they come in."""
    return [(b"x-slack-request-timestamp", timestamp), (b"x-slack-signature", signature)]


def test_only_one_fresh_signature_counts() -> None:
    """Of the body and of the time; five minutes are allowed either way."""
    good = headers_of(b"%d" % NOW, sign(b"a"))
    assert is_signed(b"a", good, SECRET, NOW)
    assert is_signed(b"a", good, SECRET, NOW + 300)
    assert is_signed(b"a", good, SECRET, NOW - 300)
    assert not is_signed(b"a", good, SECRET, NOW + 301)
    assert not is_signed(b"b", good, SECRET, NOW)
    assert not is_signed(b"a", good, "another", NOW)
    assert not is_signed(b"a", [*good, good[0]], SECRET, NOW)
    assert not is_signed(b"a", [good[1], *good], SECRET, NOW)
    assert not is_signed(b"a", good[:1], SECRET, NOW)
    assert not is_signed(b"a", good[1:], SECRET, NOW)
    assert not is_signed(b"a", headers_of(b"%d" % NOW, sign(b"a", secret="")), "", NOW)


ODD = [
    *(b"", b"soon", b"-1", b"+1800000000", b"1800000000.0", b"1e9", b"NaN", b"inf", b" 1800000000", b"1_800_000_000"),
    *(b"9" * 400, b"\xd9\xa1\xd9\xa8", b"\xff", b"0x6b49d200", b"1800000000\t", b"1800000000, 1800000000"),
]


@pytest.mark.parametrize("timestamp", ODD)
def test_an_odd_timestamp_is_not_signed(timestamp: bytes) -> None:
    """Nor an error, also with the right signature of it."""
    assert not is_signed(b"a", headers_of(timestamp, sign(b"a", timestamp)), SECRET, NOW)


@pytest.mark.parametrize(
    "signature", [b"", b"v0=", b"v1=" + sign(b"a")[3:], sign(b"a").upper(), b"\xff" * 67, b"v0=\xc3\xa9"]
)
def test_an_odd_signature_is_none(signature: bytes) -> None:
    """Nor an error."""
    assert not is_signed(b"a", headers_of(b"%d" % NOW, signature), SECRET, NOW)


@pytest.fixture
async def client() -> httpx.AsyncClient:
    """An app without listeners behind the door."""
    return behind_door()


def behind_door(**by: Any) -> httpx.AsyncClient:
    """The same, by another clock."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    app = AsyncApp(
        client=AsyncWebClient(),
        authorize=authorize,
        signing_secret=SECRET,
        process_before_response=True,
        # As the door has verified it.
        request_verification_enabled=False,
    )
    web = Starlette(routes=[Route("/", partial(answer_slack, app, SECRET, 0.2, **by), methods=["POST"])])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=web), base_url="http://testserver")


async def ask(client: httpx.AsyncClient, body: bytes, content_type: str, at: float | None = None) -> int:
    """The status of the answer to a request that was signed now, or at an instant."""
    now = b"%d" % (time.time() if at is None else at)
    named = {
        "content-type": content_type,
        "x-slack-request-timestamp": now.decode(),
        "x-slack-signature": sign(body, now).decode(),
    }
    return (await client.post("/", content=body, headers=named)).status_code


async def test_each_is_answered_in_its_way(client: httpx.AsyncClient) -> None:
    """What is not signed 401, what is not whole 400, and what is goes to Bolt."""
    odd = httpx.Headers([(b"x-slack-request-timestamp", b"\xb2"), (b"x-slack-signature", b"\xff")])
    assert (await client.post("/", content=b"\xff", headers=odd)).status_code == 401
    for body, content_type in BAD_BODIES.values():
        assert await ask(client, body, content_type) == 400
    assert await ask(client, *body_of(PAYLOADS["url_verification"])) == 200
    assert await ask(client, urlencode({"ssl_check": "1"}).encode(), FORM) == 200
    assert await ask(client, *body_of(PAYLOADS["shortcut"])) == 404


async def test_a_request_is_fresh_by_the_clock_that_keydesk_goes_by(client: httpx.AsyncClient) -> None:
    """Which is not always the machine's: one that is wrong does not turn Slack away."""
    there, whole = behind_door(seconds_now=lambda: NOW), body_of(PAYLOADS["url_verification"])
    assert [await ask(one, *whole, at=NOW) for one in (there, client)] == [200, 401]
    assert [await ask(one, *whole) for one in (there, client)] == [401, 200]


async def test_a_body_that_comes_late_has_no_answer_of_bolts(client: httpx.AsyncClient) -> None:
    """What has not come whole while Slack waits is not begun: nobody would see what it did."""
    body, content_type = body_of(PAYLOADS["url_verification"])
    now = b"%d" % time.time()
    signed = {"x-slack-request-timestamp": now.decode(), "x-slack-signature": sign(body, now).decode()}

    async def send() -> AsyncIterator[bytes]:
        yield body[:10]
        await asyncio.Event().wait()

    answer = await client.post("/", content=send(), headers={"content-type": content_type, **signed})
    assert answer.status_code == 408


@given(place=st.sampled_from(PLACES), value=st.sampled_from(WRONG))
def test_whatever_stands_in_its_places_is_no_error(place: tuple[str, tuple[str | int, ...]], value: Any) -> None:
    """A payload is taken or not; what is taken, Bolt can read."""
    kind, path = place
    payload = without(PAYLOADS[kind], path, value)
    if is_well_formed(payload):
        body, content_type = body_of(payload)
        AsyncBoltRequest(body=body.decode(), headers={"content-type": content_type})
