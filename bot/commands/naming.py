"""What the commands of Slack are called on the command line, where it has them too."""

import re

from desk.commands import Naming, SlackNames

_SAME = {
    "keys": "import list show rename extend transfer rotate suspend restore revoke keep decline",
    "roles": "list who grant revoke sync",
    "incident": "new update resolve reopen list show postmortem backfill",
    "maintenance": "schedule start update complete reschedule extend reopen cancel list show",
}
"""Families and commands that are called here as they are in Slack."""
HERE = {f"{family} {name}": f"{family} {name}" for family, names in _SAME.items() for name in names.split()} | {
    "keys statuspage": "upstream show",
    "keys digest": "digest --dry-run",
    "keys info": "info",
    "keys request": "requests ask",
    "keys requests": "requests list",
    "keys approve": "requests approve",
    "keys deny": "requests deny",
    "page show": "components list",
    "page list": "pages list",
    "page add": "components add",
    "page group": "components add",
    "page change": "components rename",
    "page retire": "components retire",
    "page restore": "components restore",
    "page retired": "components list --retired",
    "page texts": "pages set",
    "page look": "pages set",
    "page policy": "pages set",
    "incident drafts": "drafts list",
    "incident template": "templates list",
    "incident template list": "templates list",
    "incident template show": "templates show",
    "incident template new": "templates new",
    "incident template edit": "templates edit",
    "incident template save": "templates save",
    "incident template delete": "templates delete",
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
        length = next((many for many in (3, 2) if " ".join(words[:many]) in HERE), 0)
        if not length:
            return f"{slack(line)} in Slack"
        here = HERE[" ".join(words[:length])]
        if words[length:] == ["all"]:
            return f"keydesk {here} --view all"
        rest = _OPTIONS.sub(lambda found: f" --{_NAMES[found[1]]} ", "".join(f" {word}" for word in words[length:]))
        return f"keydesk {here}{rest}"

    return name


def without_marks(hint: str) -> str:
    """A hint for a terminal: what is to be typed stands in quotation marks, where Slack would show it as code."""
    return _TO_TYPE.sub(r"'\1'\2", hint)
