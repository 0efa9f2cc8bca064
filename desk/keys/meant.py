"""What may have been meant by a name that no key has."""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

from sqlalchemy import and_, or_, select

from desk.keys.visible import visible_to_actor
from desk.masking import holds_secret
from desk.moments.typed import find_moment, find_span
from desk.permissions import roles_of_actor
from desk.texts import clean_text
from desk.transaction import ActorKind, Transaction
from storage.folding import begins_with, fold, is_called
from storage.models import ApiKey, KeyRequest, RequestStatus, Ticket, TicketStatus

_MOST_COMPARED = 500
"""Names that a word is compared with, to find what may have been meant."""
_SHORTEST_PART = 3
_WORD_BEFORE = (
    "What follows a name is written with a word before it: “for 30d”, “until 2026-12-01”, “to …” or “because …”."
)


def meant_instead(tx: Transaction, word: str, list_them: str = "") -> str:
    """What may have been meant: a key and something behind its name, or names that are nearly the same."""
    words = clean_text(word).split()
    if not words or holds_secret(word):
        return list_them
    if (waiting := _what_is_waited_for(tx, clean_text(word))) is not None:
        return waiting
    for length in range(len(words) - 1, max(0, len(words) - 6), -1):
        name = " ".join(words[:length])
        key = tx.session.scalars(select(ApiKey).where(is_called(ApiKey.name, name), *visible_to_actor(tx))).first()
        if key is not None:
            if tx.actor.kind is ActorKind.OPERATOR:
                return f"There is “{key.name}”."
            return f"There is “{key.name}”. {_WORD_BEFORE}"
    # Quoted by the shell, nothing can have run into a name.
    named = words if tx.actor.kind is ActorKind.OPERATOR else _without_time(words)
    meant = _near_names(tx, named) or list_them
    return meant if named == words else f"{meant} {_WORD_BEFORE}"


def _what_is_waited_for(tx: Transaction, word: str) -> str | None:
    """What there is of a key that is none yet: a request that waits for a decision, or for whoever collects it."""
    mine = [] if roles_of_actor(tx).is_owner else [KeyRequest.requester_id == tx.actor.user_id]
    asked = (
        select(KeyRequest.name, KeyRequest.status)
        .outerjoin(Ticket, and_(Ticket.request_id == KeyRequest.id, Ticket.status == TicketStatus.WAITING))
        .where(
            is_called(KeyRequest.name, word),
            or_(
                and_(KeyRequest.status == RequestStatus.PENDING, KeyRequest.expires_at > tx.now),
                and_(KeyRequest.status == RequestStatus.APPROVED, Ticket.expires_at > tx.now),
            ),
            *mine,
        )
        .order_by(KeyRequest.created_at.desc())
    )
    found = tx.session.execute(asked.limit(1)).first()
    if found is None:
        return None
    waits = "a decision" if found.status == RequestStatus.PENDING else "whoever asked for it to collect it"
    return f"“{found.name}” is asked for, and waits for {waits}."


def _without_time(words: list[str]) -> list[str]:
    """The words before a length of time or an instant that they end with."""
    for place in range(1, len(words)):
        rest = " ".join(words[place:])
        moment = find_moment(rest, 0)
        if len(rest) in {find_span(rest, 0), moment and moment[1]}:
            return words[:place]
    return words


def _near_names(tx: Transaction, words: Sequence[str]) -> str:
    # Of very many names, those with the same beginning.
    begins = begins_with(ApiKey.name, words[0][:2])
    query = (
        select(ApiKey.name).where(*visible_to_actor(tx)).group_by(ApiKey.name).order_by(begins.desc(), ApiKey.name)
    )
    return near_names(" ".join(words), tx.session.scalars(query.limit(_MOST_COMPARED)))


def near_names(word: str, names: Iterable[str]) -> str:
    """Which of the names may have been meant, as a question; empty where none is like it. Pure."""
    by_letters = {_letters(name): name for name in names}
    typed = _letters(word)
    begun = [name for name in by_letters if len(typed) >= _SHORTEST_PART and name.startswith(typed)]
    close = begun[:3] or difflib.get_close_matches(typed, list(by_letters), n=3, cutoff=0.7)
    return f"Did you mean {' or '.join(f'“{by_letters[name]}”' for name in close)}?" if close else ""


def _letters(name: str) -> str:
    """A name as it is typed on a keyboard without its accents."""
    return "".join(mark for mark in unicodedata.normalize("NFD", fold(name)) if not unicodedata.combining(mark))
