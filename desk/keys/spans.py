"""Until when a key shall live or be kept, as people say it: in Slack and on a terminal alike."""

from datetime import datetime

from desk.errors import InvalidInputError
from desk.moments.instants import parse_end
from desk.people import zone_of
from desk.transaction import Transaction


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
