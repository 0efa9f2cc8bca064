"""A public document: its bytes in every encoding, and the headers that go with them, ready to be sent."""

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import brotli

from handlers.http.answers import Header

BROTLI, GZIP, IDENTITY = b"br", b"gzip", b""
_SMALL = 400
"""Bodies of fewer bytes are sent as they are: encoding them gains nothing."""

_LONGEST = 256
"""Bytes of a header that are read, and remembered: anybody can send any number of long ones."""

READ_AGAIN = b"public, max-age=0, stale-if-error=86400"
"""Ask whether it changed each time, which costs a 304; while nobody answers, an old page is better than none."""
FOREVER = b"public, max-age=31536000, immutable"
"""For addresses that name their content."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One form of a document: body, entity tag and headers."""

    body: bytes
    etag: bytes
    headers: tuple[Header, ...]
    not_modified: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What one address says."""

    status: int
    content_type: bytes
    body: bytes = field(repr=False)
    forms: tuple[tuple[bytes, Encoded], ...] = field(repr=False)
    """By content coding, the best one first; the plain one is last."""

    @property
    def size(self) -> int:
        """Bytes of all its forms."""
        return sum(len(encoded.body) for _, encoded in self.forms)

    def form(self, accept_encoding: bytes) -> Encoded:
        """The best form that a reader understands."""
        if len(accept_encoding) > _LONGEST:
            accept_encoding = accept_encoding[:_LONGEST].rpartition(b",")[0]
        accepted = _accepted(accept_encoding)
        for coding, encoded in self.forms:
            if coding in accepted:
                return encoded
        return self.forms[-1][1]


def make_document(
    body: bytes,
    content_type: str,
    *,
    cache: bytes = READ_AGAIN,
    headers: Iterable[Header] = (),
    status: int = 200,
) -> Document:
    """A document with its encodings, each with a strong entity tag of its own."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    usual = ((b"cache-control", cache), (b"vary", b"accept-encoding"), (b"x-content-type-options", b"nosniff"))
    kind = content_type.encode()
    forms = []
    for coding, encoded in _encodings(body):
        suffix = f"-{coding.decode()}" if coding else ""
        etag = f'"{digest}{suffix}"'.encode()
        shared = (*usual, *headers, (b"etag", etag))
        full = (*shared, (b"content-type", kind), (b"content-length", b"%d" % len(encoded)))
        if coding:
            full = (*full, (b"content-encoding", coding))
        forms.append((coding, Encoded(encoded, etag, full, shared)))
    return Document(status, kind, body, tuple(forms))


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether a reader holds this form already; weak tags of proxies count, as the standard says for reading."""
    if if_none_match.strip() == b"*":
        return True
    return any(tag.strip().removeprefix(b"W/") == etag for tag in if_none_match.split(b","))


def _encodings(body: bytes) -> Iterable[tuple[bytes, bytes]]:
    if len(body) >= _SMALL:
        yield BROTLI, brotli.compress(body, quality=5)
        yield GZIP, gzip.compress(body, 6, mtime=0)
    yield IDENTITY, body


@lru_cache(maxsize=256)
def _accepted(header: bytes) -> frozenset[bytes]:
    accepted = set()
    for part in header.lower().split(b","):
        coding, _, parameters = part.strip().partition(b";")
        weight = parameters.replace(b" ", b"")
        if weight.startswith(b"q=") and not weight[2:].strip(b"0."):
            continue
        accepted.add(coding.strip())
    return frozenset({BROTLI, GZIP} if b"*" in accepted else accepted & {BROTLI, GZIP})
