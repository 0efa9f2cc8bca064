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
