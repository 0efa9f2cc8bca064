"""What Slack says: of both tokens, of permissions, channels and time; and what it is told of commands."""

import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import yaml
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.doctor.finding import Finding
from bot.manifest import render_manifest
from bot.settings import Settings
from bot.slack_link import make_client, make_session
from bot.slack_proxy import find_slack_proxy
from handlers.jobs.channels import find_hindrance
from handlers.slack.framework.door import FRESH_SECONDS
from handlers.slack.framework.error_codes import code_of
from handlers.slack.framework.retries import UNREACHABLE, problem_of

_SOCKET_SECONDS = 10.0
_APART_SECONDS = 30.0
"""So far from Slack's a clock may be, for a moment, without anything the matter."""
SLACKS_OWN = frozenset(
    (
        *("active", "apps", "archive", "away", "call", "collapse", "dm", "dnd", "expand", "feed", "feedback"),
        *("huddle", "invite", "join", "kick", "leave", "me", "msg", "mute", "open", "prefs", "remind", "remove"),
        *("rename", "search", "shortcuts", "shrug", "star", "status", "topic", "unarchive", "who"),
    )
)
"""Commands that Slack keeps for itself, by its help page."""

_ACCOUNT = (
    "Copy it again from your app's page at https://api.slack.com/apps, or install the app in the workspace anew."
)


async def look_at_slack(settings: Settings, channels: Mapping[str, Sequence[str]]) -> AsyncIterator[Finding]:
    """Each finding as it comes. `channels`: ids, and what names each of them."""
    yield _look_at_proxy(settings)
    for finding in look_at_commands(settings):
        yield finding
    async with make_session() as session:
        client = make_client(settings, session)
        began = time.time()
        try:
            identity = await client.auth_test()
        except UNREACHABLE as error:
            yield _not_reached("SLACK_BOT_TOKEN", error)
            return
        yield Finding.ok(
            "SLACK_BOT_TOKEN", f"It is {identity.get('user')}'s, in the workspace {identity.get('team')}."
        )
        yield _look_at_clock(identity, began)
        yield _look_at_scopes(settings, identity)
        async for finding in _look_at_channels(client, channels):
            yield finding
        yield await _look_at_socket(settings, client, session)


def _not_reached(what: str, error: Exception) -> Finding:
    if isinstance(error, SlackApiError):
        return Finding.problem(what, f"Slack does not take it: {code_of(error)}.", _ACCOUNT)
    return Finding.problem(
        what,
        f"Slack does not answer: {problem_of(error)}.",
        "Does this machine reach slack.com? Where it needs a proxy, set KEYDESK_SLACK_PROXY.",
    )


def _look_at_proxy(settings: Settings) -> Finding:
    proxy = find_slack_proxy(settings)
    # It may have a password.
    return Finding.ok("proxy", "Slack is called through one." if proxy else "Slack is called directly.")


def look_at_commands(settings: Settings) -> Sequence[Finding]:
    """Whether all commands can be ours."""
    manifest = yaml.safe_load(render_manifest(settings))
    names = [str(one["command"]).removeprefix("/") for one in manifest["features"]["slash_commands"]]
    twice = [name for name, count in Counter(names).items() if count > 1]
    taken = sorted(SLACKS_OWN.intersection(names))
    hint = "Set KEYDESK_COMMAND_PREFIX, and give Slack what 'keydesk manifest' writes."
    if twice or taken:
        which = ", ".join(f"/{name}" for name in (*twice, *taken))
        return [Finding.problem("commands", f"They cannot all be ours: {which}.", hint)]
    listed = ", ".join(f"/{name}" for name in names)
    seen = f"They are {listed}. Slack tells nobody whether another app has one of them too: the newest app wins."
    return [Finding.look("commands", seen, f"Type /{names[0]} help in Slack. If another app answers: {hint}")]


def _look_at_clock(answer: AsyncSlackResponse, began: float) -> Finding:
    headers: Mapping[str, str] = {name.lower(): value for name, value in answer.headers.items()}
    try:
        theirs = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        return Finding.look("clock", "Slack's answer has no time.", "Compare this machine's clock with another.")
    apart = max(began - theirs, theirs - time.time(), 0.0)
    hint = "Let the machine follow a time server (chrony, systemd-timesyncd)."
    if apart > FRESH_SECONDS:
        return Finding.problem("clock", f"It is {apart:.0f} seconds apart from Slack's: no request is taken.", hint)
    if apart > _APART_SECONDS:
        return Finding.warning("clock", f"It is {apart:.0f} seconds apart from Slack's.", hint)
    return Finding.ok("clock", f"It agrees with Slack's ({datetime.fromtimestamp(theirs, UTC):%H:%M:%S} UTC).")


def _look_at_scopes(settings: Settings, answer: AsyncSlackResponse) -> Finding:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if "x-oauth-scopes" not in headers:
        return Finding.look("permissions", "Slack does not say which ones the app has.", "Look at its OAuth page.")
    has = {one.strip() for one in headers["x-oauth-scopes"].split(",")}
    wanted = yaml.safe_load(render_manifest(settings))["oauth_config"]["scopes"]["bot"]
    lacks = [scope for scope in wanted if scope not in has]
    if lacks:
        return Finding.problem(
            "permissions",
            f"The app lacks {', '.join(lacks)}.",
            "Give Slack what 'keydesk manifest' writes, and install the app in the workspace anew.",
        )
    return Finding.ok("permissions", f"The app has the {len(wanted)} that it needs.")


async def _look_at_channels(client: AsyncWebClient, channels: Mapping[str, Sequence[str]]) -> AsyncIterator[Finding]:
    for channel, named in channels.items():
        what = f"channel {channel}"
        by = " and ".join(named)
        try:
            hindrance = await find_hindrance(client, channel)
        except UNREACHABLE as error:
            yield Finding.problem(what, f"Slack does not tell: {problem_of(error)}.", "Try again.")
            continue
        if hindrance is None:
            yield Finding.ok(what, f"It takes messages ({by}).")
        else:
            hint = f"Invite the app there (/invite), or correct {by}."
            yield Finding.problem(what, f"It takes no messages: {hindrance}.", hint)


async def _look_at_socket(settings: Settings, client: AsyncWebClient, session: aiohttp.ClientSession) -> Finding:
    if settings.slack_app_token is None:
        return Finding.ok("SLACK_APP_TOKEN", "There is none: Slack calls Keydesk over HTTP.")
    try:
        opened = await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
        async with session.ws_connect(str(opened["url"]), proxy=client.proxy) as socket:
            hello = json.loads(await socket.receive_str(timeout=_SOCKET_SECONDS))
    except UNREACHABLE as error:
        return _not_reached("SLACK_APP_TOKEN", error)
    except (TypeError, ValueError):
        return Finding.problem("socket", "Slack's socket closes without a word.", "Does a proxy stand between?")
    if hello.get("type") != "hello":
        return Finding.problem("socket", f"Slack's socket says {hello.get('type')!r}.", "Try again.")
    return Finding.ok("SLACK_APP_TOKEN", "Slack's socket opens.")
