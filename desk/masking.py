"""Secrets of every kind: cut out of what others send us and of what is logged, refused where people type. Pure."""

import base64
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum, auto
from itertools import chain
from urllib.parse import quote, quote_plus

from desk.encodings import list_readings
from desk.errors import SecretError
from desk.foreign_secrets import SHORTEST, list_digests
from desk.secret import MASK as KEY_MASK
from desk.secret import holds_key, holds_mistyped_key, holds_nearly_bare, without_mistyped, without_pieces
from desk.secret_shapes import MASK, cut_shapes, cut_sure, has_shape, is_surely_one, unbroken

_SHORTEST_KNOWN = 6
"""Characters. A shorter password would be cut out of words."""
_SHORTEST_PART = 8
"""Characters: one more than is shown of any key."""
_WORD = re.compile(rf"\w{{{_SHORTEST_PART},}}")


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
        return cut_shapes(whole)

    def _is_hiding(self, text: str) -> bool:
        """Whether a text gives a secret to whoever decodes it, besides those that `cut_shapes` finds at once."""
        if holds_key(text):
            return True
        readings = list_readings(cut_shapes(text))
        whole = unbroken(text)
        if any(secret in whole for secret in self._known):
            return True
        return any(has_shape(one) or any(secret in one for secret in self._known) for one in readings)


_masker = Masker()
Recognizer = Callable[[Collection[str]], bool]
"""Whether one of these SHA-256 is that of a key's secret."""
_recognizer: ContextVar[Recognizer | None] = ContextVar("recognizer", default=None)
_own: ContextVar[Collection[str]] = ContextVar("own", default=())


@contextmanager
def recognizing(knows: Recognizer, own: Collection[str] = ()) -> Iterator[None]:
    """Inside, secrets that no shape tells are found by their SHA-256, in each transaction: keys that others made, and
    Keydesk's `own`, as its settings have them."""
    tokens = _recognizer.set(knows), _own.set(own)
    try:
        yield
    finally:
        _recognizer.reset(tokens[0])
        _own.reset(tokens[1])


class _Kind(Enum):
    """What stands in a text, the gravest first."""

    KEY = auto()
    NEARLY = auto()
    OTHER = auto()


def _find_secret(text: str) -> _Kind | None:
    """What a text holds that somebody typed, if it is a secret."""
    if len(text) < _SHORTEST_KNOWN:
        return None
    # To read it in every way takes longest.
    readings = list_readings(text)
    knows = _recognizer.get()
    digests = set() if knows is None else _list_digests(text, readings)
    if holds_key(text) or (digests and knows is not None and knows(digests)):
        return _Kind.KEY
    if any(map(holds_mistyped_key, readings)):
        return _Kind.NEARLY
    if not digests.isdisjoint(_own.get()) or any(map(is_surely_one, readings)):
        return _Kind.OTHER
    # Such letters stand in tokens of others as well.
    return _Kind.NEARLY if any(map(holds_nearly_bare, readings)) else None


def _list_digests(text: str, readings: Iterable[str]) -> set[str]:
    """Those of what may be a secret that no shape tells, whatever it is written in and broken by."""
    if len(text) < SHORTEST:
        return set()
    forms = dict.fromkeys((*readings, unbroken(text), "".join(text.split())))
    return set(chain.from_iterable(map(list_digests, forms)))


def mask(text: str) -> str:
    """A text of others, fit to be kept and shown: with no secret in it that can be told by its shape."""
    return _masker.mask(text)


def holds_secret(text: str) -> bool:
    """Whether a key's secret, nearly one, or one of another kind that is surely one stands anywhere in what somebody
    typed."""
    return _find_secret(text) is not None


def may_be_known(text: str) -> bool:
    """Whether something in a text is long enough to be a secret that no shape tells, so that a look into the database
    is worth its time."""
    return len(text) >= SHORTEST and bool(_list_digests(text, list_readings(text)))


def hides_secret(text: str) -> bool:
    """Whether one does, and not as one piece that `masked` finds."""
    return len(text) >= _SHORTEST_KNOWN and _is_hidden(_without_pieces(text))


def masked(text: str) -> str:
    """A typed text with no more than the start of each secret in it; nothing else of one that hides a secret."""
    plain = _without_pieces(text)
    return KEY_MASK if _is_hidden(plain) else without_mistyped(plain)


def _is_hidden(plain: str) -> bool:
    # One that is spread begins like one that is cut off.
    return _find_secret(plain) in (_Kind.KEY, _Kind.OTHER) or holds_secret(without_mistyped(plain))


def answer_without(typed: str) -> Callable[[str], str]:
    """What masks a text that answers `typed`: as `masked`, and every part of a secret in `typed` that is longer than
    what is shown of a key, in small letters or cut off too."""
    lost = _words(typed) - _words(masked(typed))

    def is_part(word: str) -> bool:
        return any(word in one or one[:_SHORTEST_PART] in word for one in lost)

    def mask_answer(text: str) -> str:
        return _WORD.sub(lambda found: KEY_MASK if is_part(found[0].lower()) else found[0], masked(text))

    return mask_answer


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _without_pieces(text: str) -> str:
    return cut_sure(without_pieces(text))


def refuse_secrets(*texts: str, field: str | None = None) -> None:
    """Raises SecretError, which repeats nothing, when a text that would be kept holds a secret."""
    found = {_find_secret(text) for text in texts}
    if _Kind.KEY in found:
        raise SecretError(
            "That holds the secret of an API key, so it was not kept.",
            "Type it again without the secret. Whoever can read where you typed it can use that key: rotate it.",
            field=field,
        )
    if _Kind.NEARLY in found:
        raise SecretError(
            "That holds what looks like the secret of an API key, mistyped or cut off, so it was not kept.",
            "Type it again without the secret. Whoever can read where you typed it nearly has that key: rotate it.",
            field=field,
        )
    if _Kind.OTHER in found:
        raise SecretError(
            "That holds a token or a password, so it was not kept.",
            "Type it again without it. Whoever can read where you typed it can use it: replace it where it is from.",
            field=field,
        )


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
