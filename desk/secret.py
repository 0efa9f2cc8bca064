"""The secret of an API key: made once, shown once, kept nowhere."""

import hashlib
import re
import secrets
import string
import zlib

from desk.encodings import list_readings

PREFIX = "kd_"
MASK = f"{PREFIX}…"
"""What is shown in a secret's place."""
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 32
_CHECK_LENGTH = 6
_START_LENGTH = 7
_FOREIGN_START_LENGTH = 4
_LONGEST_SPLIT = 120
"""So many characters without a blank a secret may be spread over."""


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


class Secret:
    """An API key's plaintext. Only `reveal()` gives it away; `repr`, `str` and formatting are masked."""

    __slots__ = ("_plaintext",)

    def __init__(self, plaintext: str) -> None:
        self._plaintext = plaintext

    @classmethod
    def generate(cls) -> "Secret":
        """A new secret: `kd_`, 32 random base-62 characters, and 6 of their CRC-32, all word characters."""
        body = PREFIX + "".join(secrets.choice(_BASE62) for _ in range(_RANDOM_LENGTH))
        return cls(body + _checksum(body))

    def reveal(self) -> str:
        """The plaintext."""
        return self._plaintext

    @property
    def sha256(self) -> str:
        """What is stored of it, in hexadecimal."""
        return sha256(self._plaintext)

    @property
    def start(self) -> str:
        """Its first characters, to recognise it by: `kd_` and four more; four of one that others made."""
        return self._plaintext[: _START_LENGTH if looks_genuine(self._plaintext) else _FOREIGN_START_LENGTH]

    def __repr__(self) -> str:
        return "Secret('kd_…')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not to be stored")


def sha256(plaintext: str) -> str:
    """The digest by which a presented key is looked up. Random 190-bit secrets need no slow hash."""
    return hashlib.sha256(plaintext.encode("utf-8", "surrogateescape")).hexdigest()


_CANDIDATE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECK_LENGTH}}}")


_BETWEEN = re.compile(r"[^0-9A-Za-z_]")
_NO_LETTER = re.compile(r"[^0-9A-Za-z]+")
_BEGINNING = re.compile(PREFIX.rstrip("_"))
_PIECE = re.compile(rf"{PREFIX}[^\s]{{{_RANDOM_LENGTH + _CHECK_LENGTH},{_LONGEST_SPLIT}}}")
_MISTYPED = re.compile(
    r"(?:(?<![0-9A-Za-z_-])kd[_-][0-9A-Za-z]{8,}|kd_[0-9A-Za-z]{30,})[0-9A-Za-z_-]*+", re.IGNORECASE | re.ASCII
)
"""Twice as much of one as is shown of any key, or more."""
_LINE_END = re.compile(r"(?<=[0-9A-Za-z_-])[ \t]*\r?\n[ \t>]*(?=[0-9A-Za-z])")
_GOES_ON = re.compile("[\\s>\"'*`\u00ad\u200b-\u200f\u2060\ufeff]{1,6}([0-9A-Za-z_-]{4,})")
"""What follows a piece of one that is broken over lines, or had signs set between by whoever copied it."""
_BARE = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECK_LENGTH}}}(?![0-9A-Za-z])", re.ASCII)
_NEARLY_BARE = re.compile(r"(?<![0-9A-Za-z/+.,:-])[0-9A-Za-z]{30,41}(?![0-9A-Za-z/+=-])", re.ASCII)
"""As long as one without its prefix, or its random part, give or take a few letters, and no piece of an address."""
_RUN = re.compile(r"[0-9]+|[a-z]+|[A-Z]+")
_FEWEST_RUNS = 8
"""So often digits, small and capital letters take turns in half a secret, and not in the name of a key."""
_WORD = re.compile(r"[A-Z]?[a-z]{2,}")
_FEWEST_ODD = 0.25
"""So much of random letters is no word, as in `DeployKeyOfAcme` all of them are."""
_KINDS, _FEWEST_TURNS, _FEWEST_ODD_BARE = 3, 0.38, 0.3
"""The same of what has no prefix, where more is asked for: one secret in two hundred has less."""


def holds_key(text: str) -> bool:
    """Whether a key's secret stands anywhere in a text, also over several lines, with signs between that nobody sees
    or that style it, in wide letters, or escaped or encoded."""
    return any(_stands_in(reading) or _has_bare(reading) for reading in list_readings(text))


def _has_bare(text: str) -> bool:
    """Whether one stands there that was copied without its prefix."""
    return any(looks_genuine(PREFIX + found[0]) for found in _BARE.finditer(text))


def _stands_in(text: str) -> bool:
    letters = _NO_LETTER.sub("", text)
    length = _RANDOM_LENGTH + _CHECK_LENGTH
    # A checksum of 32 bits: no words are taken for one by chance.
    return any(looks_genuine(PREFIX + letters[at.end() : at.end() + length]) for at in _BEGINNING.finditer(letters))


def holds_mistyped_key(text: str) -> bool:
    """Whether something in a text is one but for a few letters: mistyped, cut off, in small letters, also where it is
    broken over lines. Whoever reads it has much of the real one."""
    whole = _LINE_END.sub("", text)
    return any(_is_random(found[0]) for one in dict.fromkeys((text, whole)) for found in _MISTYPED.finditer(one))


def holds_nearly_bare(text: str) -> bool:
    """Whether one without its prefix stands there, mistyped or cut off: letters that nothing but chance made."""
    return any(_is_random_bare(found[0]) for found in _NEARLY_BARE.finditer(text))


def _is_random(piece: str) -> bool:
    letters = piece[len(PREFIX) :]
    runs = _RUN.findall(letters)
    if len(runs) < min(_FEWEST_RUNS, len(letters) // 2):
        return False
    return any(run.isdigit() for run in runs) or len(_WORD.sub("", letters)) >= len(letters) * _FEWEST_ODD


def _is_random_bare(piece: str) -> bool:
    """Whether chance made it: digits, small and capital letters in turns, and hardly a word among them."""
    runs = _RUN.findall(piece)
    kinds = {(run.isdigit(), run.isupper()) for run in runs}
    odd = len(_WORD.sub("", piece))
    return len(kinds) == _KINDS and len(runs) >= len(piece) * _FEWEST_TURNS and odd >= len(piece) * _FEWEST_ODD_BARE


def _is_spread(piece: str) -> bool:
    return looks_genuine(_BETWEEN.sub("", piece)[: len(PREFIX) + _RANDOM_LENGTH + _CHECK_LENGTH])


def without_pieces(text: str, mask: str = MASK) -> str:
    """The text without the secrets that stand in it as one piece, each but its prefix."""
    plain = _CANDIDATE.sub(lambda found: mask if looks_genuine(found[0]) else found[0], text)
    plain = _BARE.sub(lambda found: mask if looks_genuine(PREFIX + found[0]) else found[0], plain)
    return _PIECE.sub(lambda found: mask if _is_spread(found[0]) else found[0], plain)


def without_mistyped(text: str) -> str:
    """The text without what `holds_mistyped_key` and `holds_nearly_bare` find, each but its prefix."""
    text = _NEARLY_BARE.sub(lambda found: MASK if _is_random_bare(found[0]) else found[0], text)
    kept, position = "", 0
    for found in _MISTYPED.finditer(text):
        if found.start() >= position and _is_random(found[0]):
            kept += text[position : found.start()] + MASK
            position = found.end()
            while (more := _GOES_ON.match(text, position)) is not None and _is_random(PREFIX + more[1]):
                position = more.end()
    return kept + text[position:]


def looks_genuine(text: str) -> bool:
    """True when `text` has the form of one of Keydesk's own secrets, checksum included."""
    length = len(PREFIX) + _RANDOM_LENGTH + _CHECK_LENGTH
    if len(text) != length or not text.startswith(PREFIX):
        return False
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    return all(character in _BASE62 for character in text[len(PREFIX) :]) and _checksum(body) == check
