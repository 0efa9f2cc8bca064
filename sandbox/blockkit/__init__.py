"""Would Slack accept this? Block Kit's rules and limits, with Slack's own sentences."""

from __future__ import annotations

from typing import Any


def check_options(body: dict[str, Any]) -> list[str]:
    """What is wrong with an answer to block_suggestion; empty when Slack would take it."""
    return [] if "options" in body or "option_groups" in body else ["missing required field: options"]
