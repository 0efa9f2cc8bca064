"""Keys that people hold already, as a file or a form describes them, made fit to be kept.

A value that was made elsewhere is known to others, so it never gets power over Keydesk itself: no scope for keys, the
audit trail or deliveries. Where nothing is said of scopes, it may only read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from desk.errors import InvalidInputError
from desk.keys.scopes import parse_scopes
from desk.policy import Policy
from desk.reasons import MAXIMUM_KEY_NAME
from desk.requests.terms import refuse_unoffered
from desk.transaction import Transaction
from storage.models import Scope

ALL = "all"
"""Written for scopes: all that a key of Statuspage may on pages. Written for pages: all, those to come included."""
OURS = frozenset({Scope.KEYS_READ, Scope.KEYS_WRITE, Scope.AUDIT_READ, Scope.DELIVERIES_WRITE})
"""Scopes of Keydesk's own, which no imported key gets."""
_NOT_IN_ALL = OURS | {Scope.USERS_READ, Scope.USERS_WRITE}
"""What `all` leaves out: also people's addresses, and the roles that they have here."""
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key that somebody holds, as a row of a file or a form says it."""

    key: str = field(repr=False)
    email: str = ""
    """Of whom it was at Statuspage."""
    name: str = ""
    purpose: str = ""
    scopes: tuple[str, ...] = ()
    """None: it may read. `all`: see `ALL`."""
    pages: tuple[str, ...] = ()
    """Ids, short names or names; none: all pages, as at Statuspage."""
    networks: tuple[str, ...] = ()
    expires: str = ""
    """Its last day (UTC), like 2027-01-31."""
    lifetime_days: int | None = None
    """Without a last day, for how long; None: as policy says."""
    holder: str = ""
    """Who answers for it, before whoever has the address: a Slack id, a name or a handle."""
    line: int | None = None
    """Where it stands in the file."""


def check_email(text: str) -> str:
    """An e-mail address, which is not repeated. Raises InvalidInputError (field `email`)."""
    name, at, host = text.partition("@")
    if not at or not name or not host or "@" in host or len(text) > _LONGEST_EMAIL or not text.isprintable():
        raise InvalidInputError("That is no e-mail address.", "Without one, a key needs a name.", field="email")
    if any(mark.isspace() for mark in text):
        raise InvalidInputError("There is a blank in the e-mail address.", field="email")
    return text


def name_after(email: str) -> str:
    """What a key is called of which only this is known."""
    name = f"Key migrated from {email}"
    return name if len(name) <= MAXIMUM_KEY_NAME else f"{name[: MAXIMUM_KEY_NAME - 1]}…"


def read_scopes(words: Sequence[str], policy: Policy) -> tuple[Scope, ...]:
    """The scopes that are said of a key; to read, where nothing is. Raises InvalidInputError (field `scopes`)."""
    if not words:
        return (Scope.READ,)
    named = [word for word in words if word.lower() != ALL]
    everything = [] if len(named) == len(words) else [one for one in policy.offered_scopes if one not in _NOT_IN_ALL]
    scopes = parse_scopes([*named, *everything])
    ours = [scope for scope in scopes if scope in OURS]
    if ours:
        raise InvalidInputError(
            f"An imported key never has `{ours[0]}`: its value was made elsewhere.",
            "Ask for a key of Keydesk's own.",
            field="scopes",
        )
    refuse_unoffered(scopes, policy)
    return scopes


def list_importable(policy: Policy) -> Sequence[Scope]:
    """The scopes that an imported key may have."""
    return [scope for scope in policy.offered_scopes if scope not in OURS]


def read_end(tx: Transaction, text: str) -> datetime | None:
    """The end of a key's last day, which a file may name. Raises InvalidInputError (field `expires`)."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("That is no day.", "Write it like 2027-01-31.", field="expires") from None
    end, latest = datetime.combine(day, time(23, 59), UTC), tx.now + tx.policy.maximum_lifetime
    if not tx.now < end or day > latest.date():
        raise InvalidInputError(
            f"Its last day has to be one of the next {tx.policy.maximum_lifetime.days}.",
            "It can be extended or rotated later.",
            field="expires",
        )
    return min(end, latest)
