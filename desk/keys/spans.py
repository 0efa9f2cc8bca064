"""Until when a key shall live or be kept, as people say it: in Slack and on a terminal alike."""

from datetime import datetime

from desk.errors import InvalidInputError
from desk.keys.changes import extend_key
from desk.keys.lookup import get_key
from desk.keys.questions import ask_for_extension
from desk.moments.instants import parse_end
from desk.people import zone_of
from desk.transaction import Transaction
from storage.models import ApiKey


def extend_as_said(tx: Transaction, key_id: str, text: str, *, version: int | None = None) -> ApiKey:
    """Let a key live until the end that somebody means. Raises as `end_said` and `extend_key`."""
    return extend_key(tx, key_id, _longer_said(tx, key_id, text), version=version)


def ask_for_extension_as_said(tx: Transaction, key_id: str, text: str, *, reason: str) -> ApiKey:
    """Ask owners to let a key live until the end that somebody means. Raises as `end_said`, `ask_for_extension`."""
    return ask_for_extension(tx, key_id, _longer_said(tx, key_id, text), reason=reason)


def _longer_said(tx: Transaction, key_id: str, text: str) -> datetime:
    return end_said(tx, text, expires_at=get_key(tx, key_id).expires_at)


def end_said(tx: Transaction, text: str, *, expires_at: datetime | None = None) -> datetime:
    """The instant of “for 30d”, “30d” or “until friday”. Of a key that is to live longer than until `expires_at`, a
    span counts from there, where that is to come.

    Raises InvalidInputError (field `until`).
    """
    spans_from = max(expires_at, tx.now) if expires_at is not None else None
    try:
        return parse_end(text, now=tx.now, zone=zone_of(tx), spans_from=spans_from)
    except InvalidInputError as error:
        raise InvalidInputError(error.sentence, error.hint, field="until") from None
