"""Identifiers as Statuspage shows them."""

import secrets
import string

_ALPHABET = string.ascii_lowercase + string.digits


def new_id() -> str:
    """A random identifier of 12 lower-case base-36 characters, beginning with a letter and never without a digit:
    typed in a line, it must not look like a word."""
    while True:
        found = secrets.choice(string.ascii_lowercase) + "".join(secrets.choice(_ALPHABET) for _ in range(11))
        if not found.isalpha():
            return found
