"""What a text is for whoever opens it, copies it or has it decoded. Pure."""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

_MAX_LAYERS = 4
"""What is escaped in an address may be escaped in another."""
_SHORTEST_RUN = 12
"""Characters: fewer are words, and hold no secret in any encoding."""
_CODES = re.compile(
    r"(?<!\\)\\++(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|([0-7]{3}))"
)
_STYLE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""How terminals are told of colours."""
_NUMBERS = re.compile(r"\b\d{1,3}(?:[,;]?\s?\b\d{1,3}){11,}")
_BETWEEN = re.compile(r"[\s:]+")
"""What stands between the parts of long encodings."""
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_SHORTEST_RUN},}}")
_HEX = re.compile(rf"[0-9A-Fa-f]{{{2 * _SHORTEST_RUN},}}")


def list_readings(text: str) -> Sequence[str]:
    """The text, and what it says without wide letters, escapes (of addresses, markup, JSON, Python, mail) and
    encodings (Base64, hexadecimal), each once."""
    return list(dict.fromkeys(_read(text)))


def _read(text: str) -> Iterator[str]:
    yield text
    yield from _decoded(text)
    # Decomposed: a mark behind a letter would make another letter of both.
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    plain = _STYLE.sub("", plain)
    yield plain
    for _ in range(_MAX_LAYERS):
        before = plain
        plain = _CODES.sub(_character, unquote(html.unescape(plain), errors="replace"))
        if plain == before:
            break
        yield plain
        yield from _decoded(plain)
    yield _QUOTED_PRINTABLE.sub(lambda found: chr(int(found[1], 16)), plain.replace("=\n", "").replace("=\r\n", ""))
    for run in _NUMBERS.findall(plain):
        yield "".join(chr(int(number)) for number in re.findall(r"\d+", run))


def _character(found: re.Match[str]) -> str:
    code = int(found[5], 8) if found[5] else int(next(filter(None, found.groups())), 16)
    return chr(code) if code <= 0x10FFFF else found[0]


def _decoded(text: str) -> Iterator[str]:
    for one in dict.fromkeys((text, _BETWEEN.sub("", text))):
        yield from _decoded_runs(one, again=True)


def _decoded_runs(text: str, *, again: bool) -> Iterator[str]:
    for run in _BASE64.findall(text):
        # What stands before it may be letters, too: then it begins at any of four places.
        for start in range(4):
            decoded = _from_base64(run[start:])
            yield decoded
            if again:
                yield from _decoded_runs(decoded, again=False)
    for run in _HEX.findall(text):
        for start in range(2):
            digits = run[start:]
            yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1")


def _from_base64(run: str) -> str:
    if len(run) % 4 == 1:
        run = run[:-1]
    return base64.b64decode(run.replace("-", "+").replace("_", "/") + "=" * (-len(run) % 4)).decode("latin-1")
