"""What the keyboards of Slack's clients put in place of what a person typed, as macOS and iOS do."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLAIN = "plain"
_MARKS: Mapping[str, tuple[str, str, str, str]] = {
    "english": ("“", "”", "‘", "’"),
    "german": ("„", "“", "‚", "‘"),
    "french": ("«\u00a0", "\u00a0»", "‹\u00a0", "\u00a0›"),
    "swedish": ("”", "”", "’", "’"),
}
KEYBOARDS = frozenset({PLAIN, *_MARKS})
_OPENING = re.compile(r"(^|[\s(\[{:=—-])([\"'])", re.MULTILINE)


def curl(text: str, keyboard: str) -> str:
    """The text as it is sent: with the keyboard's quotation marks, an apostrophe between letters, one dash for
    two, and one sign for three dots.

    Raises KeyError for a keyboard that nobody has.
    """
    if keyboard == PLAIN:
        return text
    opening, closing, inner, outer = _MARKS[keyboard]
    begun = _OPENING.sub(lambda found: found[1] + (opening if found[2] == '"' else inner), text)
    curled = re.sub(r"(?<=\w)'(?=\w)", "’", begun).replace('"', closing).replace("'", outer)
    return curled.replace("...", "…").replace("--", "—")
