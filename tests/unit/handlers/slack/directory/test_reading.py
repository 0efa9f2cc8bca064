"""Slack's objects and events in the desk's words, and patience with Slack."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientConnectionError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from desk.people import Standing, standing_of
from handlers.slack.directory.events import membership_change
from handlers.slack.directory.reading import seen_group, seen_user
from handlers.slack.framework.retries import is_passing, problem_of, read_patiently

TEAM = "T0SANDBOX01"


def user(**values: Any) -> dict[str, Any]:
    """A user object of Slack's."""
    return {"id": "U1", "team_id": TEAM, "name": "mia", "profile": {"display_name": "Mia"}, "updated": 7, **values}


@pytest.mark.parametrize(
    ("values", "standing"),
    [
        pytest.param({}, Standing.MEMBER, id="a member"),
        pytest.param({"is_restricted": True}, Standing.GUEST, id="a guest"),
        pytest.param({"is_ultra_restricted": True}, Standing.GUEST, id="a guest of one channel"),
        pytest.param({"is_bot": True}, Standing.BOT, id="a bot"),
        pytest.param({"id": "USLACKBOT"}, Standing.BOT, id="Slackbot, who does not say so"),
        pytest.param({"deleted": True}, Standing.DELETED, id="deactivated"),
        pytest.param({"deleted": True, "is_restricted": True}, Standing.DELETED, id="a guest who was deactivated"),
        pytest.param({"is_stranger": True}, Standing.FOREIGN, id="a stranger in a shared channel"),
        pytest.param({"team_id": "T0OTHER"}, Standing.FOREIGN, id="of another workspace"),
        pytest.param(
            {"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E1", "teams": [TEAM, "T0OTHER"]}},
            Standing.MEMBER,
            id="of another workspace of the same Grid, and of ours",
        ),
        pytest.param(
            {"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E1", "teams": ["T0OTHER"]}},
            Standing.FOREIGN,
            id="of another workspace of the same Grid only",
        ),
    ],
)
def test_what_somebody_is(values: dict[str, Any], standing: Standing) -> None:
    """Slack's flags, in the order in which they weigh."""
    assert standing_of(seen_user(user(**values), TEAM)) is standing


def test_an_organization_wide_installation_knows_its_people_by_the_enterprise() -> None:
    """There our own id is the enterprise's."""
    colleague = user(team_id="T0ANY", enterprise_user={"enterprise_id": "E1", "teams": ["T0ANY"]})
    assert standing_of(seen_user(colleague, "E1")) is Standing.MEMBER


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "Mia"),
        ({"profile": {"display_name": "", "real_name": "Mia Member"}}, "Mia Member"),
        ({"profile": {}, "real_name": "Mia M."}, "Mia M."),
        ({"profile": None}, "mia"),
    ],
)
def test_what_people_call_somebody(values: dict[str, Any], name: str) -> None:
    """Display name, else real name, else handle; deactivated people lack most of it."""
    assert seen_user(user(**values), TEAM).name == name


@pytest.mark.parametrize(
    ("values", "users"),
    [
        pytest.param({"users": ["U1", "U2"], "user_count": 2}, {"U1", "U2"}, id="complete"),
        pytest.param({"users": ["U1", "U2"], "user_count": "2"}, {"U1", "U2"}, id="counted in a text"),
        pytest.param({"users": [], "user_count": 0}, set(), id="really empty"),
        pytest.param({"users": ["U1"], "user_count": 600}, None, id="cut short"),
        pytest.param({"users": [], "user_count": 2}, None, id="empty against the count"),
        pytest.param({"users": []}, None, id="without a count"),
        pytest.param({}, None, id="without people"),
        pytest.param({"users": [], "user_count": 0, "date_delete": 5}, None, id="switched off"),
    ],
)
def test_a_groups_people_are_taken_only_when_all_are_named(values: dict[str, Any], users: set[str] | None) -> None:
    """A list that is short, missing or in doubt is None, never empty."""
    seen = seen_group({"id": "S1", "handle": "platform", "name": "Platform", **values})
    assert seen.users == (None if users is None else frozenset(users))
    assert seen.is_disabled == ("date_delete" in values)


@pytest.mark.parametrize("form", [str, int])
@pytest.mark.parametrize(("named", "counted", "complete"), [(2, 2, True), (2, 3, False), (0, 0, True)])
def test_counts_of_an_event_are_numbers_or_texts(
    form: Callable[[int], Any], named: int, counted: int, complete: bool
) -> None:
    """An event that names fewer people than it counts is incomplete, however the count is written."""
    event = {
        "subteam_id": "S1",
        "added_users": [f"U{number}" for number in range(named)],
        "added_users_count": form(counted),
        "removed_users_count": form(0),
        "date_update": form(20),
        "date_previous_update": form(10),
    }
    change = membership_change(event)
    assert change.is_complete is complete
    assert (change.date_update, change.date_previous_update) == (20, 10)


def answer(status: int, *, headers: dict[str, str] | None = None, **data: Any) -> AsyncSlackResponse:
    """A response of Slack's."""
    return AsyncSlackResponse(
        client=AsyncWebClient(), http_verb="POST", api_url="", req_args={}, data=data, headers=headers or {},
        status_code=status,
    )  # fmt: skip


def refusal(status: int = 200, error: str = "ratelimited", **headers: str) -> SlackApiError:
    """An error of Slack's."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = answer(status, headers=named, ok=False, error=error)
    return SlackApiError("refused", response)  # type: ignore[no-untyped-call] # the SDK has no type here


class Calls:
    """A call that raises what it is given, one after another, and then answers; and a clock that notes waits."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.waits: list[float] = []

    async def call(self) -> AsyncSlackResponse:
        """One attempt."""
        if self.errors:
            raise self.errors.pop(0)
        return answer(200, ok=True)

    async def sleep(self, seconds: float) -> None:
        """A wait that takes no time."""
        self.waits.append(seconds)

    def read(self) -> Awaitable[AsyncSlackResponse]:
        """The patient reading of this call."""
        return read_patiently(self.call, sleep=self.sleep)


async def test_slacks_wish_to_wait_is_obeyed() -> None:
    """As long as Retry-After says, but a minute at most; again and again."""
    calls = Calls(refusal(429, Retry_After="7"), refusal(429, Retry_After="900"), refusal(429, Retry_After="soon"))
    assert (await calls.read())["ok"]
    assert calls.waits == [7.0, 60.0, 1.0]


async def test_lost_calls_are_made_again_for_a_while() -> None:
    """Dropped connections, time-outs and Slack's own troubles: three more tries, further and further apart."""
    calls = Calls(ClientConnectionError(), TimeoutError(), refusal(503, "service_unavailable"))
    assert (await calls.read())["ok"]
    assert calls.waits == [0.5, 1.0, 2.0]


async def test_patience_ends() -> None:
    """A call that is lost a fourth time is given up."""
    calls = Calls(*[ClientConnectionError()] * 4)
    with pytest.raises(ClientConnectionError):
        await calls.read()


async def test_a_plain_no_is_not_asked_again() -> None:
    """What trying again will not mend is raised at once."""
    calls = Calls(refusal(error="missing_scope"))
    with pytest.raises(SlackApiError):
        await calls.read()
    assert calls.waits == []


def test_problems_are_told_in_a_few_words() -> None:
    """Slack's own word, or what became of the call."""
    assert problem_of(refusal(error="no_such_subteam")) == "Slack answered “no_such_subteam”"
    assert problem_of(TimeoutError()) == "Slack did not answer in time"
    assert problem_of(ClientConnectionError()) == "Slack could not be reached"
    assert not is_passing(refusal(error="no_such_subteam"))
