"""Identifiers as Statuspage shows them."""

import hashlib
import secrets
import string

_ALPHABET = string.ascii_lowercase + string.digits
_COUNT = 26 * len(_ALPHABET) ** 11


def new_id() -> str:
    """A random identifier of 12 lower-case base-36 characters, beginning with a letter and never without a digit:
    typed in a line, it must not look like a word."""
    while True:
        found = _spell(secrets.randbelow(_COUNT))
        if not found.isalpha():
            return found


def stable_id(*of: str) -> str:
    """An identifier of the same form for something that has another: the same one each time, and nobody can read from
    it what it stands for."""
    return _spell(int.from_bytes(hashlib.sha256("\0".join(of).encode()).digest()))


def _spell(number: int) -> str:
    found = string.ascii_lowercase[number % 26]
    number //= 26
    for _ in range(11):
        number, place = divmod(number, len(_ALPHABET))
        found += _ALPHABET[place]
    return found
