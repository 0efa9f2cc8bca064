"""Secrets that others made, as keys of Statuspage are: which are good enough, and where one may stand. Pure.

They have no checksum, so nothing tells one from a file's digest but that it is known (`desk.masking.recognizing`).
"""

import re
from collections.abc import Collection

from desk.errors import InvalidInputError
from desk.secret import Secret, sha256

SHORTEST = 32
"""Characters: Statuspage's own keys have 36 or 64. A fast digest keeps a secret only where nobody can guess it."""
LONGEST = 256
_FEWEST_DIFFERENT = 8
_MOST_CANDIDATES = 200
_SCHEME = re.compile(r"oauth\s+", re.IGNORECASE)
_RUNS = tuple(
    re.compile(rf"{marks}{{{SHORTEST},{LONGEST}}}")
    for marks in (r"[!-~]", r"[0-9A-Za-z_.~+/=-]", r"[0-9A-Za-z_-]", r"[0-9A-Za-z]")
)


def check_foreign_secret(text: str) -> Secret:
    """A key's value as somebody holds it, without the name of a scheme before it.

    Raises InvalidInputError (field `key`), which repeats nothing, for what is no key or could be guessed.
    """
    value = _SCHEME.sub("", text.strip(), count=1)
    if not value:
        raise InvalidInputError("The key's value is missing.", field="key")
    if not all("!" <= mark <= "~" for mark in value):
        raise InvalidInputError(
            "That is no key's value: it holds blanks, or signs that no key has.",
            "Copy it alone, as it stands behind “OAuth” in the Authorization header.",
            field="key",
        )
    if len(value) < SHORTEST:
        raise InvalidInputError(
            f"That value is too short to be safe: it has {len(value)} characters, and {SHORTEST} are the least.",
            "Give whoever uses it a new key instead.",
            field="key",
        )
    if len(value) > LONGEST:
        raise InvalidInputError(f"That value is longer than {LONGEST} characters.", "It is no key.", field="key")
    if len(set(value)) < _FEWEST_DIFFERENT or _is_repetition(value):
        raise InvalidInputError(
            "That value is not random: it could be guessed.", "Give whoever uses it a new key instead.", field="key"
        )
    return Secret(value)


def _is_repetition(value: str) -> bool:
    return value in (value + value)[1:-1]


def list_digests(text: str) -> Collection[str]:
    """The digests of whatever in a text is long enough to be such a secret; none of most texts."""
    if len(text) < SHORTEST:
        return ()
    found = dict.fromkeys(run for runs in _RUNS for run in runs.findall(text))
    return {sha256(run) for run in list(found)[:_MOST_CANDIDATES]}
