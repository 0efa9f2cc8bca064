"""What the commands of Slack are called on the command line, where it has them too."""

import re

from desk.commands import Naming, SlackNames

HERE = {
    "keys list": "keys list",
    "keys show": "keys show",
    "keys rename": "keys rename",
    "keys extend": "keys extend",
    "keys transfer": "keys transfer",
    "keys rotate": "keys rotate",
    "keys suspend": "keys suspend",
    "keys restore": "keys restore",
    "keys revoke": "keys revoke",
    "keys digest": "digest --dry-run",
    "roles list": "roles list",
    "roles who": "roles who",
    "roles grant": "roles grant",
    "roles revoke": "roles revoke",
    "roles sync": "roles sync",
}
"""Slack's command and sub-command → the one that does the same here."""
_TO_TYPE = re.compile(r"`([^`]*?)( in Slack)?`")
_OPTIONS = re.compile(r" (on|until|because) ")
_NAMES = {"on": "page", "until": "until", "because": "reason"}


def on_terminal(prefix: str) -> Naming:
    """The names for somebody at a terminal; a command that only Slack has is called as it is called there."""
    slack = SlackNames(prefix)

    def name(line: str) -> str:
        words = line.split()
        here = HERE.get(" ".join(words[:2]))
        if here is None:
            return f"{slack(line)} in Slack"
        if words[1:] == ["list", "all"]:
            return f"keydesk {here} --view all"
        rest = _OPTIONS.sub(lambda found: f" --{_NAMES[found[1]]} ", "".join(f" {word}" for word in words[2:]))
        return f"keydesk {here}{rest}"

    return name


def without_marks(hint: str) -> str:
    """A hint for a terminal: what is to be typed stands in quotation marks, where Slack would show it as code."""
    return _TO_TYPE.sub(r"'\1'\2", hint)
