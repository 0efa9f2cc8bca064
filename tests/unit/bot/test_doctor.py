"""What the doctor finds at Slack, at the database and at Keydesk's own address."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import text

from bot.doctor.finding import Finding, State
from bot.doctor.here import look_at_address, look_at_database, look_at_upstream
from bot.doctor.slack import look_at_commands, look_at_slack
from bot.settings import GivenSettings, Settings
from desk.transaction import Actor, Desk
from desk.upstreams.connecting import connect_upstream
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage.database import Database

NOBODY_LISTENS = "http://127.0.0.1:9"
OPERATOR = Actor.operator("root")


async def found(settings: Settings, channels: Mapping[str, Sequence[str]] | None = None) -> dict[str, Finding]:
    """What is found at Slack, by what it is about."""
    findings = [one async for one in look_at_slack(settings, channels or {})]
    assert len({one.what for one in findings}) == len(findings)
    return {one.what: one for one in findings}


def states(findings: Mapping[str, Finding]) -> dict[str, State]:
    """How each is."""
    return {what: finding.state for what, finding in findings.items()}


def arm(slack: SandboxServer, **fault: Any) -> None:
    """The next call of a method goes wrong."""
    Control(slack.url).call("POST", "faults", fault)


async def test_all_is_well(slack_settings: Settings) -> None:
    """Each part is looked at, and of the commands nobody but a person can tell."""
    findings = await found(slack_settings, {"C0OWNERS01": ["KEYDESK_OWNERS_CHANNEL"]})
    well = ("proxy", "SLACK_BOT_TOKEN", "clock", "permissions", "channel C0OWNERS01", "SLACK_APP_TOKEN")
    assert states(findings) == {**dict.fromkeys(well, State.OK), "commands": State.LOOK}
    assert all(one.hint for one in findings.values() if one.state is not State.OK)


async def test_tokens_that_slack_does_not_take(slack_settings: Settings) -> None:
    """Whichever of the two it is; without the first one nothing more can be asked."""
    wrong = slack_settings.model_copy(update={"slack_bot_token": SecretStr("xoxb-another")})
    findings = await found(wrong)
    assert findings["SLACK_BOT_TOKEN"].sentence == "Slack does not take it: invalid_auth."
    assert "SLACK_APP_TOKEN" not in findings
    wrong = slack_settings.model_copy(update={"slack_app_token": SecretStr("xapp-another")})
    assert (await found(wrong))["SLACK_APP_TOKEN"].state is State.PROBLEM


async def test_slack_that_is_not_reached(slack_settings: Settings) -> None:
    """Nobody takes that for a wrong token."""
    away = slack_settings.model_copy(update={"slack_api_url": f"{NOBODY_LISTENS}/api"})
    finding = (await found(away))["SLACK_BOT_TOKEN"]
    assert finding.state is State.PROBLEM
    assert finding.sentence.startswith("Slack does not answer: ")
    assert "KEYDESK_SLACK_PROXY" in finding.hint


async def test_channels_that_take_nothing(slack: SandboxServer, slack_settings: Settings) -> None:
    """One that is not there, and one of which Slack does not tell, each with what names it."""
    arm(slack, method="conversations.info", kind="error", error="fatal_error", times=9)
    findings = await found(slack_settings, {"C0GENERAL1": ["the page Acme"]})
    assert findings["channel C0GENERAL1"].sentence.startswith("Slack does not tell: ")
    Control(slack.url).call("POST", "faults", {"clear": True})
    findings = await found(slack_settings, {"C0NOWHERE1": ["the page Acme"]})
    assert findings["channel C0NOWHERE1"].sentence == "It takes no messages: channel_not_found."
    assert "the page Acme" in findings["channel C0NOWHERE1"].hint


@pytest.mark.parametrize(("apart", "state"), [(0, State.OK), (60, State.WARNING), (600, State.PROBLEM)])
async def test_a_clock_that_is_apart(
    slack_settings: Settings, monkeypatch: pytest.MonkeyPatch, apart: int, state: State
) -> None:
    """A minute is a warning; from five on, Slack's requests are not taken."""
    # The workspace is in this process too, and tells the time of each second anew: its clock stays.
    monkeypatch.setattr("bot.doctor.slack.time", SimpleNamespace(time=lambda: time.time() + apart))
    assert (await found(slack_settings))["clock"].state is state


async def test_permissions_that_are_missing(
    slack: SandboxServer, slack_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named."""
    has = tuple(scope for scope in slack.workspace.manifest.bot_scopes if scope != "usergroups:read")
    monkeypatch.setattr(slack.workspace, "manifest", replace(slack.workspace.manifest, bot_scopes=has))
    finding = (await found(slack_settings))["permissions"]
    assert (finding.state, finding.sentence) == (State.PROBLEM, "The app lacks usergroups:read.")


def test_commands_under_a_prefix() -> None:
    """They are named as they are set."""
    [finding] = look_at_commands(GivenSettings(command_prefix="acme-"))
    assert finding.state is State.LOOK
    assert "/acme-keys" in finding.sentence
    assert finding.hint.startswith("Type /acme-keys help in Slack.")


def test_a_database_that_is_not_ready(database: Database) -> None:
    """One of another release says what to type."""
    assert [one.state for one in look_at_database(database)] == [State.OK]
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    [finding] = look_at_database(database)
    assert finding.state is State.PROBLEM
    assert "keydesk db upgrade" in finding.hint


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/keydesk", "sqlite:////nowhere/keydesk.db"])
def test_a_database_that_is_not_there(url: str) -> None:
    """It is told in a line, without a password."""
    database = Database.from_url(url)
    [finding] = look_at_database(database)
    database.close()
    assert finding.state is State.PROBLEM
    assert finding.sentence.startswith("It does not answer: ")
    assert "\n" not in finding.sentence


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_statuspage_without_a_key(database: Database, desk: Desk) -> None:
    """What `/readyz` warns of is said here with what to do; nothing where there is no Statuspage."""
    settings = GivenSettings()
    assert look_at_upstream(settings, database, OPERATOR) == []
    desk.write_now(OPERATOR, lambda tx: connect_upstream(tx, "https://statuspage.example"))
    findings = look_at_upstream(settings, database, OPERATOR)
    assert "There is no key of Statuspage to call with." in {one.sentence for one in findings}
    assert {one.state for one in findings} == {State.WARNING}


async def test_an_address_at_which_somebody_else_answers() -> None:
    """And one at which nobody does, which may be reached from elsewhere all the same."""

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="It works!")

    app = web.Application()
    app.router.add_get("/{anything:.*}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    [finding] = await look_at_address(GivenSettings(base_url=f"http://{host}:{port}"))
    await runner.cleanup()
    assert finding.state is State.PROBLEM
    assert finding.sentence.startswith("Something else than Keydesk answers at ")
    [finding] = await look_at_address(GivenSettings(base_url=NOBODY_LISTENS))
    assert finding.state is State.WARNING
