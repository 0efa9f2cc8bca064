"""What failures of Slack's calls mean, and when a delivery is tried again."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from desk.clock import SystemClock
from handlers.delivery.backoff import BackOff, decide_next
from handlers.delivery.deliverer import DeliveryError, Trouble
from handlers.delivery.slack.calls import SlackCalls
from handlers.delivery.slack.failures import failure_of
from tests.clock import MONDAY_MORNING as NOW

BACK_OFF = BackOff()


def answered(status: int, data: object, **headers: str) -> SlackApiError:
    """The exception that Slack's client raises for an answer."""
    response = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data=data,  # type: ignore[arg-type] # bodies that are no JSON as well
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        status_code=status,
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call] # the library has no types here


def refused(code: str) -> SlackApiError:
    """Slack's answer 200 with an error code."""
    return answered(200, {"ok": False, "error": code})


@pytest.mark.parametrize(
    ("error", "trouble", "uncertain"),
    [
        (answered(429, {"ok": False, "error": "ratelimited"}, Retry_After="3"), Trouble.WAIT, False),
        (refused("rate_limited"), Trouble.WAIT, False),
        (answered(500, {}), Trouble.OUTAGE, True),
        (answered(502, "<html>"), Trouble.OUTAGE, True),
        (answered(503, {"ok": False, "error": "service_unavailable"}), Trouble.OUTAGE, True),
        (refused("internal_error"), Trouble.OUTAGE, True),
        (refused("fatal_error"), Trouble.OUTAGE, True),
        (refused("request_timeout"), Trouble.OUTAGE, False),
        (TimeoutError(), Trouble.OUTAGE, True),
        (TimeoutError(), Trouble.OUTAGE, True),
        (aiohttp.ServerDisconnectedError(), Trouble.OUTAGE, True),
        (aiohttp.ClientPayloadError(), Trouble.OUTAGE, True),
        (ConnectionResetError(), Trouble.OUTAGE, True),
        (refused("channel_not_found"), Trouble.PLACE, False),
        (refused("invalid_blocks"), Trouble.MESSAGE, False),
        (refused("message_not_found"), Trouble.UNKNOWN, False),
        (refused("edit_window_closed"), Trouble.UNKNOWN, False),
        (refused("invalid_auth"), Trouble.ACCOUNT, False),
        (refused("missing_scope"), Trouble.CALL, False),
        (refused("something_new"), Trouble.UNKNOWN, False),
        (answered(200, {}), Trouble.UNKNOWN, True),
        (ValueError("a mistake"), Trouble.UNKNOWN, True),
    ],
    ids=str,
)
def test_each_failure_has_its_meaning(error: Exception, trouble: Trouble, uncertain: bool) -> None:
    """A failure is known by status, error code or exception; so is whether the call may have been carried out."""
    failure = failure_of("chat.postMessage", error)
    assert (failure.trouble, failure.uncertain) == (trouble, uncertain)


def test_a_limit_keeps_the_name_that_slack_gave_it() -> None:
    """What is logged and shown is Slack's own word; where it gave none, there is one for it."""
    assert failure_of("chat.postMessage", refused("rate_limited")).error == "rate_limited"
    assert failure_of("chat.postMessage", answered(429, {})).error == "ratelimited"


async def test_a_refused_connection_was_certainly_not_carried_out() -> None:
    """When nobody listens at Slack's address, the call cannot have been carried out."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token="x", base_url="http://127.0.0.1:9/", session=session, retry_handlers=[])
        with pytest.raises(aiohttp.ClientConnectorError) as caught:
            await client.api_test()
    failure = failure_of("chat.postMessage", caught.value)
    assert (failure.trouble, failure.error, failure.uncertain) == (Trouble.OUTAGE, "unreachable", False)


async def test_a_body_that_is_no_json_is_an_outage() -> None:
    """An answer 500 whose body only claims to be JSON, as a broken proxy sends it, is an outage like any other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<html>"
        head = f"HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token="x", base_url=f"http://127.0.0.1:{port}/", session=session, retry_handlers=[])
        with pytest.raises(SlackApiError) as caught:
            await client.api_test()
    failure = failure_of("chat.postMessage", caught.value)
    assert (failure.trouble, failure.error, failure.uncertain) == (Trouble.OUTAGE, "http_500", True)


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_any_more_is_gone(code: str) -> None:
    """Some refusals of an edit mean that only a new message helps."""
    assert failure_of("chat.update", refused(code)).is_gone
    assert not failure_of("chat.update", refused("something_new")).is_gone


@pytest.mark.parametrize("error", [TimeoutError(), answered(500, {}), ValueError("a mistake")], ids=str)
def test_only_a_post_leaves_doubt(error: Exception) -> None:
    """An edit or a look that may have been carried out is done again without harm, so that it leaves no doubt."""
    assert failure_of("chat.postMessage", error).uncertain
    assert not failure_of("chat.update", error).uncertain


@pytest.mark.parametrize(("value", "seconds"), [("30", 30), ("0", 1), ("", 1), ("soon", 1)])
def test_retry_after_is_read(value: str, seconds: int) -> None:
    """Slack's own waiting time counts; without a sensible one it is a second."""
    failure = failure_of("chat.update", answered(429, {}, retry_after=value))
    assert failure.wait == timedelta(seconds=seconds)


def test_a_client_that_tries_again_by_itself_is_refused() -> None:
    """Slack's own retry handlers would post twice behind the outbox's back."""
    with pytest.raises(ValueError, match="retry_handlers"):
        SlackCalls(AsyncWebClient(token="x"), SystemClock())


def test_waits_double_and_have_an_end() -> None:
    """Waits grow from two seconds to a quarter of an hour, and the last try of an outage is about a day later."""
    rng = random.Random(1)  # noqa: S311 - a test's dice
    waits = [BACK_OFF.wait(attempt, rng) for attempt in range(1, BACK_OFF.attempts)]
    assert timedelta(seconds=1.6) <= waits[0] <= timedelta(seconds=2.4)
    assert max(waits) <= timedelta(minutes=18)
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=28)
    assert all(later > earlier for earlier, later in pairwise(waits[:8]))


def test_chance_keeps_messages_apart() -> None:
    """Messages that failed together are not tried again at the same instant."""
    rng = random.Random(1)  # noqa: S311 - a test's dice
    assert len({BACK_OFF.wait(5, rng) for _ in range(50)}) == 50


troubles = st.builds(
    DeliveryError,
    st.sampled_from(Trouble),
    st.just("chat.postMessage"),
    st.just("x"),
    wait=st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
)


@given(troubles, st.integers(1, 200), st.integers())
def test_a_next_try_is_always_later(failure: DeliveryError, attempt: int, seed: int) -> None:
    """Whatever failed, the row is tried later or given up; it is never given up for waiting or for the bot's sake."""
    rng = random.Random(seed)  # noqa: S311 - a test's dice
    following = decide_next(failure, attempt=attempt, now=NOW, back_off=BACK_OFF, rng=rng)
    if following.due_at is not None:
        assert following.due_at >= NOW + timedelta(seconds=1)
    patient = failure.trouble in {Trouble.WAIT, Trouble.ACCOUNT, Trouble.CALL}
    assert following.counted is not patient
    if patient:
        assert following.due_at is not None


@pytest.mark.parametrize(
    ("trouble", "attempt", "gives_up"),
    [
        (Trouble.MESSAGE, 1, True),
        (Trouble.PLACE, 1, True),
        (Trouble.OUTAGE, BACK_OFF.attempts - 1, False),
        (Trouble.OUTAGE, BACK_OFF.attempts, True),
        (Trouble.UNKNOWN, BACK_OFF.doubtful_attempts - 1, False),
        (Trouble.UNKNOWN, BACK_OFF.doubtful_attempts, True),
        (Trouble.WAIT, 1000, False),
        (Trouble.ACCOUNT, 1000, False),
        (Trouble.CALL, 1000, False),
    ],
)
def test_when_a_message_is_given_up(trouble: Trouble, attempt: int, gives_up: bool) -> None:
    """Refusals end it at once, outages after a day, doubtful cases after a few tries, waiting never."""
    rng = random.Random(1)  # noqa: S311 - a test's dice
    following = decide_next(
        DeliveryError(trouble, "chat.postMessage", "x"), attempt=attempt, now=NOW, back_off=BACK_OFF, rng=rng
    )
    assert (following.due_at is None) is gives_up
