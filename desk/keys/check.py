"""May this call go on? From what the client presented to a decision, in memory alone.

A secret is looked up by its SHA-256. Comparing in constant time would add nothing: whoever could measure how far
two digests agree would have to steer the digest of a guess, and a guess at 190 random bits has no gradient.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desk.keys.restrictions import is_within
from desk.keys.ring import RingKey
from desk.keys.rules import KeyState, state_of
from desk.keys.scopes import allows, scope_for

MAX_SECRET_LENGTH = 512
"""Longer values are nobody's key: an imported secret has up to 64 characters, one of Keydesk's own has 41."""


class Verdict(StrEnum):
    """The outcome of a check."""

    ADMITTED = "admitted"
    NOT_ACTIVE = "not_active"
    """To be answered exactly as an unknown key is, so that nobody learns that the key exists."""
    SCOPE_MISSING = "scope_missing"
    PAGE_OUTSIDE = "page_outside"
    ADDRESS_OUTSIDE = "address_outside"
    """To be answered as an unknown key is, too: whoever took a key learns neither that it is good nor where."""


ADMITTED = Verdict.ADMITTED
_ACTIVE = KeyState.ACTIVE


@dataclass(frozen=True, slots=True)
class Need:
    """What a call needs: to read or to write one kind of resource."""

    resource: str
    """As in scopes: `components`, `incidents`, `page_configuration`, …"""
    write: bool
    besides: tuple[str, ...] = ()
    """Resources of which it may be instead: its body, or what it is about, says of which."""

    @property
    def resources(self) -> tuple[str, ...]:
        """What it may be of."""
        return (self.resource, *self.besides)

    def is_met(self, scopes: frozenset[str]) -> bool:
        """Whether a key with `scopes` may."""
        # Nearly always it is of one resource, and this is asked at every call.
        if allows(scopes, resource=self.resource, write=self.write):
            return True
        return any(allows(scopes, resource=one, write=self.write) for one in self.besides)

    @property
    def scope(self) -> str:
        """The scope to ask an owner for."""
        return scope_for(resource=self.resource, write=self.write)


def find_secret(authorization: Sequence[bytes]) -> bytes | None:
    """The secret in a call's `Authorization` headers: `OAuth <key>`, the word in any case, or the bare key.

    None without such a header, with more than one, and with any other scheme: Statuspage refuses `Bearer` too.
    """
    if len(authorization) != 1:
        return None
    words = authorization[0].split()
    if len(words) == 2 and words[0].lower() == b"oauth":
        secret = words[1]
    elif len(words) == 1 and words[0].lower() not in (b"oauth", b"bearer", b"basic"):
        secret = words[0]
    else:
        return None
    return secret if len(secret) <= MAX_SECRET_LENGTH else None


def digest_of(secret: bytes) -> bytes:
    """What the key ring knows a secret by."""
    return hashlib.sha256(secret).digest()


def decide_call(
    key: RingKey, need: Need | None, page_id: str | None, now: datetime, *, address: str | None = None
) -> Verdict:
    """Whether a call with `key` may go on.

    `need` is None where any active key will do, `page_id` where the call names no page, `address` where it is not
    known from where it comes.
    """
    if state_of(key, now) is not _ACTIVE:
        return Verdict.NOT_ACTIVE
    if key.networks is not None and not is_within(address, key.networks):
        return Verdict.ADDRESS_OUTSIDE
    if need is not None and not need.is_met(key.scopes):
        return Verdict.SCOPE_MISSING
    if page_id is not None and key.pages is not None and page_id not in key.pages:
        return Verdict.PAGE_OUTSIDE
    return ADMITTED
