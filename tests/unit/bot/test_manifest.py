"""What Slack is told of the app: with the names and addresses of one installation."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.manifest import render_manifest
from bot.settings import GivenSettings
from desk.errors import InvalidInputError
from handlers.slack.framework.action_ids import Command

ROOT = Path(__file__).parents[3]
URL = "https://keys.example.com/slack/events"


def read(*, over_http: bool = False, **values: Any) -> dict[str, Any]:
    """The manifest under these settings, as Slack reads it."""
    found: dict[str, Any] = yaml.safe_load(render_manifest(GivenSettings(**values), over_http=over_http))
    return found


def test_the_file_is_what_the_command_writes() -> None:
    """`manifest.yml` is the output of `keydesk manifest` without any setting."""
    assert (ROOT / "manifest.yml").read_text(encoding="utf-8") == render_manifest(GivenSettings())


def test_socket_mode_names_no_address() -> None:
    """Slack calls nobody."""
    assert "url" not in render_manifest(GivenSettings(base_url="https://keys.example.com"))
    assert read()["settings"]["socket_mode_enabled"] is True


def test_over_http_every_kind_of_request_has_its_address() -> None:
    """Commands, events, clicks and searched menus come to the one address, and Socket Mode is off. The rest is the
    same."""
    manifest = read(over_http=True, base_url="https://keys.example.com/")
    settings = manifest["settings"]
    assert settings.pop("socket_mode_enabled") is False
    assert [command.pop("url") for command in manifest["features"]["slash_commands"]] == [URL] * len(Command)
    assert settings["event_subscriptions"].pop("request_url") == URL
    interactivity = settings["interactivity"]
    assert (interactivity.pop("request_url"), interactivity.pop("message_menu_options_url")) == (URL, URL)
    in_socket_mode = read()
    del in_socket_mode["settings"]["socket_mode_enabled"]
    assert manifest == in_socket_mode


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:3000", "http://keys.example.com"])
def test_slack_calls_nothing_but_https(base_url: str) -> None:
    """The refusal names the setting and the way without an address."""
    with pytest.raises(InvalidInputError, match=r"https:// only.*KEYDESK_BASE_URL is http://.*leave out --http"):
        read(over_http=True, base_url=base_url)


def test_commands_bear_the_prefix_everywhere() -> None:
    """Each command once, and in what the app says of itself."""
    text = render_manifest(GivenSettings(command_prefix="acme-"))
    declared = [command["command"] for command in yaml.safe_load(text)["features"]["slash_commands"]]
    assert declared == [f"/acme-{command[1:]}" for command in Command]
    assert text.replace("/acme-", "/") == render_manifest(GivenSettings())


@pytest.mark.parametrize("name", ["Status desk", 'The "desk": #1', "no", "Pförtner 🚪", "{{ name }}"])
def test_any_name_comes_back(name: str) -> None:
    """The name that was set is the app's and its bot's, whatever YAML would make of it."""
    manifest = read(app_name=name)
    assert (manifest["display_information"]["name"], manifest["features"]["bot_user"]["display_name"]) == (name, name)


def test_the_longest_name_of_a_command_fits() -> None:
    """Slack takes 32 characters with the slash."""
    longest = read(command_prefix="p" * 20)["features"]["slash_commands"]
    assert max(len(command["command"]) for command in longest) == 32
