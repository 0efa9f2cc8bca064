"""Slack through a proxy: all of it or nothing of it, and never what is on this machine unless that is said."""

import base64
import traceback
from collections.abc import Mapping

import aiohttp
import pytest
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import GivenSettings, Settings, load_settings
from bot.settings.masking import secrets_in
from bot.slack_link import SlackLink, make_client
from bot.slack_proxy import find_slack_proxy
from desk.clock import SystemClock
from desk.transaction import Desk
from handlers.slack.directory.reading import ensure_known
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.listeners import tell
from handlers.slack.framework.payloads import BlockAction, SlackContext
from sandbox.server import SandboxServer
from storage.database import Database
from tests.http_proxy import proxying
from tests.policies import policy_of
from tests.unit.bot.test_slack_link import Desk as Answers
from tests.unit.bot.test_slack_link import running, type_keys

ANN = "Basic " + base64.b64encode(b"ann:s3cret-of-ann").decode()
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
COMPANY = "http://proxy.example.com:3128"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the test's machine has for a proxy."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


def given(proxy: str) -> Settings:
    """Settings with this proxy between us and Slack itself."""
    return GivenSettings(slack_bot_token=SecretStr("xoxb-planted"), slack_proxy=SecretStr(proxy))


async def test_slack_is_reached_by_the_proxy_that_is_set(
    slack: SandboxServer, slack_settings: Settings, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Web API and the socket alike, with the password of the proxy, and commands come in."""
    async with proxying(wanted=ANN) as proxy:
        monkeypatch.setenv("KEYDESK_SLACK_PROXY", f"http://ann:s3cret-of-ann@127.0.0.1:{proxy.port}")
        settings = load_settings(None)
        client = make_client(settings, session)
        async with running(SlackLink(settings, client, Answers(client).make_app)):
            assert (await type_keys(slack))["text"] == "here you are"
        here = slack.url.removeprefix("http://")
        assert f"POST http://{here}/api/auth.test" in proxy.asked
        assert any(asked.startswith(f"GET ws://{here}/socket/") for asked in proxy.asked)


async def test_https_is_tunnelled(session: aiohttp.ClientSession) -> None:
    """Of what goes to Slack itself the proxy sees the host, and neither token nor text."""
    async with proxying(wanted="Basic nobody") as proxy:
        client = make_client(given(f"http://127.0.0.1:{proxy.port}"), session)
        with pytest.raises(aiohttp.ClientConnectionError, match="the proxy answered 407"):
            await client.auth_test()
        assert proxy.asked == ["CONNECT slack.com:443"]


async def test_answers_to_clicks_go_by_it(
    slack: SandboxServer, slack_settings: Settings, session: aiohttp.ClientSession, database: Database
) -> None:
    """A response address is Slack's, too."""
    async with proxying() as proxy:
        client = make_client(slack_settings, session)
        client.proxy = f"http://127.0.0.1:{proxy.port}"
        context = SlackContext(Desk(database, SystemClock(), policy_of()), client, ensure_known)
        url = f"{slack.url}/response/none/none"
        action = BlockAction("U0MIA00001", "key.show", "", "", url, None, {})
        await tell(context, action, Message("Done"))
        assert proxy.asked == [f"POST {url}"]


async def test_a_password_of_the_proxy_is_not_told(session: aiohttp.ClientSession) -> None:
    """What goes wrong between us and the proxy names no password."""
    async with proxying(wanted=ANN) as proxy:
        address = f"http://ann:another-one@127.0.0.1:{proxy.port}"
        client = make_client(given(address), session)
        with pytest.raises(aiohttp.ClientConnectionError) as refused:
            await client.auth_test()
        assert "another-one" not in "".join(traceback.format_exception(refused.value))
        assert "another-one" in set(secrets_in(given(address)))


@pytest.mark.parametrize(
    ("environment", "api_url", "proxy"),
    [
        ({}, "https://slack.com/api", None),
        ({"HTTPS_PROXY": COMPANY}, "https://slack.com/api", COMPANY),
        ({"https_proxy": "proxy.example.com:3128"}, "https://slack.com/api", COMPANY),
        ({"ALL_PROXY": COMPANY}, "https://slack.com/api", COMPANY),
        ({"HTTP_PROXY": COMPANY}, "https://slack.com/api", None),
        ({"HTTP_PROXY": COMPANY}, "http://slack.test/api", COMPANY),
        ({"HTTPS_PROXY": COMPANY, "NO_PROXY": "example.org, .slack.com"}, "https://slack.com/api", None),
        ({"HTTPS_PROXY": COMPANY, "NO_PROXY": "*"}, "https://slack.com/api", None),
        ({"HTTP_PROXY": COMPANY, "ALL_PROXY": COMPANY}, "http://127.0.0.1:3100/api", None),
        ({"HTTP_PROXY": COMPANY}, "http://localhost:3100/api", None),
        ({"HTTP_PROXY": COMPANY}, "http://[::1]:3100/api", None),
        ({"ALL_PROXY": "socks5://proxy.example.com:1080"}, "https://slack.com/api", None),
        ({"HTTPS_PROXY": "http://[proxy:3128"}, "https://slack.com/api", None),
        ({"HTTPS_PROXY": "http://proxy.example.com:port"}, "https://slack.com/api", None),
        ({"HTTPS_PROXY": "http://"}, "https://slack.com/api", None),
    ],
)
def test_what_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], api_url: str, proxy: str | None
) -> None:
    """As other programs read it: by the kind of address, but for what is exempt and for this machine."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert find_slack_proxy(GivenSettings(slack_api_url=api_url)) == proxy


async def test_the_sandbox_is_reached_directly(
    slack: SandboxServer, slack_settings: Settings, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where every variable names a proxy that is not there, and without NO_PROXY."""
    for variable in VARIABLES[:3]:
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    client: AsyncWebClient = make_client(slack_settings, session)
    async with running(SlackLink(slack_settings, client, Answers(client).make_app)):
        assert (await type_keys(slack))["text"] == "here you are"


async def test_a_refusal_of_slack_comes_through(
    slack: SandboxServer, slack_settings: Settings, session: aiohttp.ClientSession
) -> None:
    """The proxy changes nothing of what Slack says."""
    async with proxying() as proxy:
        client = make_client(slack_settings, session)
        client.proxy = f"http://127.0.0.1:{proxy.port}"
        with pytest.raises(SlackApiError, match="user_not_found"):
            await client.users_info(user="U0NOBODY00")
