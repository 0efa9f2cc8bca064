"""The manifest that a workspace takes an app by."""

from typing import Any

import pytest

from sandbox.manifest import parse_manifest


@pytest.mark.parametrize(
    ("document", "twice"),
    [
        (
            {"features": {"slash_commands": [{"command": "/keys"}, {"command": "/roles"}, {"command": "/keys"}]}},
            "slash command /keys",
        ),
        ({"oauth_config": {"scopes": {"bot": ["commands", "commands"]}}}, "scope commands"),
        ({"settings": {"event_subscriptions": {"bot_events": ["user_change", "user_change"]}}}, "event user_change"),
    ],
)
def test_nothing_is_declared_twice(document: dict[str, Any], twice: str) -> None:
    """Slack installs no app whose manifest names a command, a scope or an event twice."""
    with pytest.raises(ValueError, match=f"the {twice} is declared twice"):
        parse_manifest(document)


def test_each_kind_of_request_has_its_own_address() -> None:
    """In HTTP mode; with Socket Mode, or where none is declared, there is none."""
    commands = [{"command": "/keys", "url": "https://a.example/commands"}, {"command": "/roles"}]
    settings: dict[str, Any] = {
        "event_subscriptions": {"request_url": "https://a.example/events"},
        "interactivity": {"is_enabled": True, "request_url": "https://a.example/clicks"},
    }
    urls = parse_manifest({"features": {"slash_commands": commands}, "settings": settings}).request_urls
    assert urls is not None
    assert urls.find("slash_commands", {"command": "/keys"}) == "https://a.example/commands"
    assert urls.find("slash_commands", {"command": "/roles"}) is None
    assert urls.find("events_api", {"type": "event_callback"}) == "https://a.example/events"
    assert urls.find("interactive", {"type": "block_actions"}) == "https://a.example/clicks"
    assert urls.find("interactive", {"type": "block_suggestion"}) is None
    settings["interactivity"]["message_menu_options_url"] = "https://a.example/menus"
    urls = parse_manifest({"features": {"slash_commands": commands}, "settings": settings}).request_urls
    assert urls is not None
    assert urls.find("interactive", {"type": "block_suggestion"}) == "https://a.example/menus"
    socket = {"features": {"slash_commands": commands}, "settings": {**settings, "socket_mode_enabled": True}}
    assert parse_manifest(socket).request_urls is None
    assert parse_manifest({"features": {"slash_commands": [{"command": "/keys"}]}}).request_urls is None
