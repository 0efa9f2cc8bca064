"""The one form of a path that is decided on, and acted on.

Whoever decides on `/v1/pages/a/../b` and acts on `/v1/pages/b` has been talked round. So what programs read in two
ways is refused before anything is looked at, and what is left is the same for all of them.
"""

import re
from functools import lru_cache
from urllib.parse import quote

from handlers.http.answers import Scope

_LONGEST_REMEMBERED = 200
"""Bytes: anybody can ask for any number of long paths."""
_PLAIN = re.compile(rb"[A-Za-z0-9._~-]")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_ALLOWED = re.compile(rb"/[A-Za-z0-9._~/-]*")


def normal_path(scope: Scope) -> str | None:
    """The path of a request: letters, digits, `-`, `.`, `_`, `~` and single slashes, none of them escaped.

    None for every other one: with `//`, a part `.` or `..`, `;`, an escaped slash or backslash, or anything else that
    no address of this API has.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    return _remembered(raw) if len(raw) <= _LONGEST_REMEMBERED else _normal(raw)


def _normal(raw: bytes) -> str | None:
    path = _ESCAPED.sub(_unescape, raw)
    if not _ALLOWED.fullmatch(path) or b"//" in path:
        return None
    return None if {b".", b".."} & set(path.split(b"/")) else path.decode()


_remembered = lru_cache(2048)(_normal)


def _unescape(match: re.Match[bytes]) -> bytes:
    # RFC 3986, section 2.3: these alone mean the same with and without.
    meant = bytes.fromhex(match[1].decode())
    return meant if _PLAIN.fullmatch(meant) else match[0]
