"""Failures on demand and rate limits."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.errors import RefusedError
from tests.unit.sandbox.probes import MIA, STATUS, Json, Slack


async def post(slack: Slack, text: str = "hello") -> httpx.Response:
    """One chat.postMessage, seen as HTTP."""
    body = {"channel": STATUS, "text": text, "token": "xoxb-sandbox"}
    return await slack.http.post("/api/chat.postMessage", json=body)


async def test_ratelimited_answers_429_with_a_time(slack: Slack) -> None:
    """The fault ratelimited is a 429 with Retry-After, and the call is not carried out."""
    slack.workspace.add_fault(method="chat.postMessage", kind="ratelimited", retry_after=7)
    refused = await post(slack)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert refused.json() == {"ok": False, "error": "ratelimited"}
    assert await slack.messages(STATUS) == []
    assert (await post(slack)).status_code == 200


async def test_an_error_code_can_be_ordered(slack: Slack) -> None:
    """The fault error answers with the code asked for, once per `times`."""
    slack.workspace.add_fault(method="*", kind="error", error="fatal_error", times=2)
    errors = [(await post(slack)).json().get("error") for _ in range(3)]
    assert errors == ["fatal_error", "fatal_error", None]


async def test_a_fault_can_wait_for_a_certain_call(slack: Slack) -> None:
    """`match` lets calls pass until the text occurs in the arguments."""
    slack.workspace.add_fault(method="chat.postMessage", kind="http_500", match="second")
    statuses = [(await post(slack, text)).status_code for text in ("first", "second", "second")]
    assert statuses == [200, 500, 200]


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_server_error_may_have_been_carried_out(slack: Slack, carried_out: bool) -> None:
    """http_500 with carried_out posts the message all the same: the caller cannot tell."""
    slack.workspace.add_fault(method="chat.postMessage", kind="http_500", carried_out=carried_out)
    assert (await post(slack)).status_code == 500
    assert len(await slack.messages(STATUS)) == carried_out


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_dropped_call_is_a_broken_connection(slack: Slack, carried_out: bool) -> None:
    """drop cuts the connection without an answer, whether or not the message went out."""
    slack.workspace.add_fault(method="chat.postMessage", kind="drop", carried_out=carried_out)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await post(slack)
    assert len(await slack.messages(STATUS)) == carried_out
    [entry] = slack.workspace.journal(kind="api", method="chat.postMessage")
    assert (entry["status"], entry["fault"], entry["ok"]) == (None, "drop", carried_out)


async def test_a_timeout_keeps_the_caller_waiting(slack: Slack) -> None:
    """timeout holds the answer back and then breaks off; with carried_out the message is there meanwhile."""
    slack.workspace.add_fault(method="chat.postMessage", kind="timeout", seconds=30, carried_out=True)
    waiting = asyncio.create_task(post(slack))
    async with asyncio.timeout(5):
        while not await slack.messages(STATUS):
            pass
    assert not waiting.done()
    slack.workspace.reset()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await waiting


async def test_slacks_own_client_retries_a_dropped_call_once(slack: Slack) -> None:
    """The SDK's default handler repeats a call whose connection broke, so that a carried out one doubles."""
    slack.workspace.add_fault(method="chat.postMessage", kind="drop", carried_out=True)
    client = AsyncWebClient(token="xoxb-sandbox", base_url=slack.server.api_url)
    await client.chat_postMessage(channel=STATUS, text="twice")
    assert [message["text"] for message in await slack.messages(STATUS)] == ["twice", "twice"]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "explosion"},
        {"kind": "duplicate", "method": "chat.postMessage"} | {"colour": "red"},
        {"kind": "ratelimited", "method": "delivery"},
        {},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(slack: Slack, fields: Json) -> None:
    """Unknown kinds, fields and combinations are refused with a sentence, here and over HTTP."""
    with pytest.raises(RefusedError):
        slack.workspace.add_fault(**fields)
    answer = await slack.http.post("/sandbox/faults", json=fields)
    assert answer.status_code == 400 and answer.json()["error"]


async def test_faults_are_listed_and_cleared(slack: Slack) -> None:
    """POST /sandbox/faults lists what is armed; clear disarms it, and rate limits too."""
    armed = (await slack.do("faults", kind="error", error="x", times=3))["faults"]
    assert [(fault["kind"], fault["times"]) for fault in armed] == [("error", 3)]
    assert (await slack.do("faults", clear=True)) == {"faults": [], "rate_limits": "tiers"}
    assert (await post(slack)).json()["ok"] is True


async def test_slacks_tiers_hold_when_switched_on(slack: Slack) -> None:
    """With rate limits on, one message a second per channel passes, and twenty calls a minute of tier two."""
    slack.workspace.add_fault(kind="rate_limits", enabled=True)
    assert [(await post(slack)).status_code for _ in range(2)] == [200, 429]
    assert (await slack.api("chat.postMessage", channel=MIA, text="elsewhere"))["ok"] is True
    slack.workspace.clock.advance(1.0)
    assert (await post(slack)).status_code == 200
    answers = [await slack.api("usergroups.list") for _ in range(21)]
    assert [answer["ok"] for answer in answers] == [True] * 20 + [False]
    body = {"token": "xoxb-sandbox"}
    assert int((await slack.http.post("/api/usergroups.list", json=body)).headers["retry-after"]) > 30
    slack.workspace.clock.advance(60)
    assert (await slack.api("usergroups.list"))["ok"] is True


async def test_tiers_hold_unless_told_otherwise(slack: Slack) -> None:
    """By default a test may post as often as it likes, and call no method more often than Slack lets it."""
    assert [(await post(slack)).status_code for _ in range(30)] == [200] * 30
    assert [(await slack.api("usergroups.list"))["ok"] for _ in range(21)] == [True] * 20 + [False]
    slack.workspace.add_fault(kind="rate_limits", enabled=False)
    assert [(await slack.api("usergroups.list"))["ok"] for _ in range(21)] == [True] * 21
