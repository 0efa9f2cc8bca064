"""Looking at the demo as a person does: waiting for what should come, and telling it in a line."""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from sandbox.player import Json, NotOnScreenError, Player, find_label, words_of

T = TypeVar("T")

_PATIENCE = 15.0
_NAMES = {
    "U0MIA00001": "@Mia",
    "U0OMAR0001": "@Omar",
    "U0OLIVIA01": "@Olivia",
    "U0INES0001": "@Ines",
    "U0MAX00001": "@Max",
}
_MENTION = re.compile(r"<@([A-Z0-9]+)>")
_DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
_LINK = re.compile(r"<https?://[^|>]*\|([^>]*)>")
_SIGNS = re.compile(r":[a-z_]+: ?|[*`]|^> ?", re.MULTILINE)


class StepFailedError(Exception):
    """A step of the tour was not seen to work; the text says what was missing."""


def check(condition: bool, otherwise: str) -> None:
    """Raises StepFailedError, saying what was missing, unless the condition holds."""
    if not condition:
        raise StepFailedError(otherwise)


def until(look: Callable[[], T | None], what: str) -> T:
    """What `look` finds, as soon as it finds something. Raises StepFailedError when it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.1)
    raise StepFailedError(f"waited {_PATIENCE:.0f} seconds in vain for {what}")


def with_button(messages: list[Json], label: str, *words: str) -> Json | None:
    """The newest message with these words and a button whose label begins so, or None."""
    for message in reversed(messages):
        if find_label(message, label) and all(word in words_of(message) for word in words):
            return message
    return None


def button_like(surface: Json, label: str) -> str:
    """The whole label of the button that begins so. Raises NotOnScreenError."""
    found = find_label(surface, label)
    if found is None:
        raise NotOnScreenError(f"no button “{label}…” in: {words_of(surface)}")
    return found


def close_all(player: Player) -> None:
    """Close every window of somebody's."""
    while player.views():
        player.close()


def ask(
    address: str, path: str, method: str = "GET", body: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """One call over HTTP: the status, and what it says."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def was_used(message: Json) -> bool:
    """Whether a key's details say that it was used."""
    return re.search(r"(?i)never used", words_of(message)) is None


def short(thing: Json, limit: int = 110, since: str = "") -> str:
    """The words of a message or modal in one line of a terminal, from `since` on."""
    words = re.sub(r"\s+", " ", _read_aloud(words_of(thing)))
    words = words[max(words.find(since), 0) :].strip()
    return words if len(words) <= limit else words[:limit].rstrip() + "…"


def _read_aloud(markup: str) -> str:
    """Slack's markup as a terminal can show it: people by name, dates in words, no signs."""
    markup = _MENTION.sub(lambda found: _NAMES.get(found[1], found[0]), markup)
    return _SIGNS.sub("", _LINK.sub(r"\1", _DATE.sub(r"\1", markup)))
