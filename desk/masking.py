"""Secrets of every kind, cut out of what others send us and of what is logged. Pure."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from desk.encodings import list_readings
from desk.secret import holds_secret, without_pieces

MASK = "[masked]"
"""What stands in a secret's place; in that of a key behind its prefix."""
_NEW = rf"(?!{re.escape(MASK)})"
_QUOTE = r"\\*+[\"']?+"
_VALUE = rf"{_NEW}(?:(?<=[\"'])[^\"'\\]+|[^\s\"'&,;)}}\]\\]+)"
_ADDRESS = rf"{_NEW}[^\s\"'<>]{{1,512}}"
_SHAPES = (
    # A key by its prefix, whatever stands before it; the first characters alone are public: they name it.
    r"(kd_)[0-9A-Za-z_]{12,}",
    r"(xox[a-z][-.]|xapp-|xwfp-)[\w.%-]+",
    # A password in an address, which may hold anything but a blank.
    rf"(:\\?/\\?/[^/\s:@]{{0,255}}:){_ADDRESS}(?=@)",
    rf"((?:hooks\.slack\.com/|[?&](?:ticket|sig|signature)=)){_ADDRESS}",
    rf"(authorization{_QUOTE}\s*+[:=,]\s*+\(?+b?+{_QUOTE}(?:(?:oauth|bearer|basic|token)\s++)?+){_VALUE}",
    rf"((?:oauth|bearer|basic)\s++){_NEW}(?=\S{{0,512}}\d)[\w+/=.~-]{{8,}}",
    r"((?:password|passwd|pwd|api[_-]?key|(?:client|signing)_secret|(?:access|refresh)_token)"
    rf"{_QUOTE}\s*+[=:]\s*+b?+{_QUOTE}){_VALUE}",
)
_SECRET = re.compile("|".join(_SHAPES), re.IGNORECASE)
_SHORTEST_KNOWN = 6
"""Characters. A shorter password would be cut out of words."""


class Masker:
    """Cuts out of texts what looks like a secret (an API key of Keydesk's, a Slack token, a password in an address or
    behind its name, what an Authorization header holds), and the `known` ones whatever they look like."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = [secret for secret in known if len(secret) >= _SHORTEST_KNOWN]
        forms = sorted({form for secret in self._known for form in _forms(secret)}, key=len, reverse=True)
        self._forms = re.compile("|".join(map(re.escape, forms))) if forms else None

    def mask(self, text: str) -> str:
        """The text with nothing more of a secret than what names it. Of one that hides a secret, in an encoding or
        between other signs, the line goes, or all of it."""
        if len(text) < _SHORTEST_KNOWN:
            return text
        whole = without_pieces(text if self._forms is None else self._forms.sub(MASK, text), f"kd_{MASK}")
        if self._is_hiding(whole):
            whole = "\n".join(MASK if self._is_hiding(line) else line for line in whole.split("\n"))
            whole = MASK if self._is_hiding(whole) else whole
        return _cut(whole)

    def _is_hiding(self, text: str) -> bool:
        """Whether a text gives a secret to whoever decodes it, besides those that `_cut` finds at once."""
        if holds_secret(text):
            return True
        readings = list_readings(_cut(text))
        return any(_SECRET.search(one) or any(secret in one for secret in self._known) for one in readings)


def _cut(text: str) -> str:
    return _SECRET.sub(lambda found: f"{found[found.lastindex or 0]}{MASK}", text)


_masker = Masker()


def mask(text: str) -> str:
    """A text of others, fit to be kept and shown: with no secret in it that can be told by its shape."""
    return _masker.mask(text)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it stands in addresses, documents and dumps, to be cut out alone: where `list_readings` finds it, a
    whole line is lost."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield secret.encode().hex()
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
