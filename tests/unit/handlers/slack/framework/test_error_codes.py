"""What Slack's answers are read as that have no error code."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.slack.framework.error_codes import code_of
from handlers.slack.framework.retries import is_passing, problem_of, read_patiently


def answer(status: int, data: Any) -> SlackApiError:
    """What the library raises of an answer with this body."""
    response = AsyncSlackResponse(
        client=AsyncWebClient(), http_verb="POST", api_url="", req_args={}, data=data, headers={}, status_code=status
    )
    return SlackApiError("no", response)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("data", ["<html>Bad gateway</html>", "", {}, {"ok": False}, None, {"error": None}, ["?"]])
@pytest.mark.parametrize("status", [200, 403, 502])
async def test_an_answer_that_is_none_of_slacks(status: int, data: Any) -> None:
    """Whatever stands in it, as from a proxy between us: its HTTP status is told, and nothing breaks over it."""
    error = answer(status, data)
    assert code_of(error) == f"http_{status}"
    assert problem_of(error) == f"Slack answered “http_{status}”"
    # What is a proxy's trouble may pass.
    assert is_passing(error) == (status == 502)

    async def call() -> AsyncSlackResponse:
        raise error

    async def no_time(_seconds: float) -> None:
        pass

    with pytest.raises(SlackApiError):
        await read_patiently(call, sleep=no_time)
