"""What the commands of Slack are called where a program reads of them: the operations that do the same."""

from collections.abc import Mapping

from desk.commands import Naming
from handlers.http.description.own import PREFIX
from handlers.http.own.operations import OPERATIONS

_LONGEST = 3
_BY_TWIN: Mapping[str, str] = {
    twin: f"{one.method} {PREFIX}{one.path}" for one in reversed(OPERATIONS) for twin in one.twins
}
"""Slack's command and sub-command → the first operation that does the same."""


def on_api(slack: Naming) -> Naming:
    """The names for a program; a command that only Slack has is called as it is called there."""

    def name(line: str) -> str:
        words = line.split()
        length = next((many for many in range(_LONGEST, 1, -1) if " ".join(words[:many]) in _BY_TWIN), 0)
        if not length:
            return f"{slack(line)} in Slack"
        return _BY_TWIN[" ".join(words[:length])] + ("?view=all" if words[length:] == ["all"] else "")

    return name
