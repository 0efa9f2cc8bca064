"""Why those who are asked something do not hear of it, for whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.messages.reach import find_troubles
from desk.transaction import Transaction
from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.blocks import escape, mention
from handlers.slack.framework.error_codes import trouble_of

_LASTING = {Trouble.ACCOUNT, Trouble.CALL, Trouble.PLACE}
"""Anything else passes by itself."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What stands against a message."""

    place: str | None
    """The conversation in which it is so; None: wherever a message goes."""
    error: str
    """Slack's word."""


def find_hindrance(tx: Transaction, places: Sequence[str]) -> Hindrance | None:
    """Why a message to these conversations reaches none of them now; None as long as one may take it."""
    if tx.silence is not None:
        return Hindrance(None, tx.silence)
    troubles = find_troubles(tx, places)
    if not places or any(place not in troubles or trouble_of(troubles[place]) not in _LASTING for place in places):
        return None
    return Hindrance(places[0], troubles[places[0]])


def why_unheard(tx: Transaction, places: Sequence[str]) -> str | None:
    """The same in words, in mrkdwn."""
    found = find_hindrance(tx, places)
    if found is None:
        return None
    if found.place is None:
        return f"Slack lets me post nothing at present (`{escape(found.error)}`)"
    is_person = found.place.startswith(("U", "W"))
    where = f"the direct messages of {mention(found.place)}" if is_person else f"<#{found.place}>"
    return f"Slack takes no message of mine in {where} (`{escape(found.error)}`)"
