"""`/keys <sub-command> …`: what a person typed, read."""

import contextlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime

from desk.errors import InvalidInputError
from desk.keys.lookup import KeyFilter, KeyView
from desk.keys.spans import end_said
from desk.pages.pages import get_page_by_word
from desk.people import SubjectWord, get_answerer
from desk.transaction import Transaction
from handlers.slack.framework.command_line import Word, as_written, cut, split_reason, without_dashes
from handlers.slack.framework.quotes import unquoted

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_PARTS = frozenset({"to", "for", "until", "grace"})
_SAME = {"till": "until", "bis": "until"}
_MORE = re.compile(
    r"\s+(?:\+\s*|by\s+)(?=\d+(?:[.,]\d+)?\s*(?:d|days?|w|weeks?|h|hours?|months?|years?)\s*$)", re.IGNORECASE
)
_CONFIRMED = frozenset({"yes", "confirm", "confirmed"})
_ME = frozenset({"me", "myself"})
_OF = frozenset({"of", "by", "from", "for"})
"""What stands before a person in a list, and says nothing more."""
_VIEWS: dict[str, KeyView] = {view.value: view for view in KeyView} | {"everything": KeyView.ALL}


@dataclass(frozen=True, slots=True)
class Said:
    """A sub-command about one key: which, and what follows `to`, `for`, `until`, `grace` and `because`."""

    key: str
    parts: dict[str, list[Word]] = field(default_factory=dict)
    reason: str = ""
    confirmed: bool = False
    whole: str = ""
    """All that stands before `because`: a name may hold the words of the parts."""

    def text(self, part: str) -> str:
        """The words after `part`, joined; empty when it was not said."""
        return " ".join(word.as_typed for word in self.parts.get(part, ()))


def parse_said(text: str) -> Said:
    """Read `"terraform prod" for 30d because …`. The key's name may stand without quotation marks.

    Raises InvalidInputError when a quotation mark is not closed.
    """
    head, reason, confirmed = _split(text)
    key: list[Word] = []
    parts: dict[str, list[Word]] = {}
    current = key
    words = cut(_with_for(head))
    for word in words:
        bare = word.text.lower() if word.kind == "word" else ""
        part = _part_of(word) if key else None
        if without_dashes(bare) in _CONFIRMED and (key or bare != without_dashes(bare)):
            confirmed = True
        elif part is not None:
            current = parts.setdefault(part, [])
            if word.kind == "pair" and word.text:
                current.append(replace(word, kind="word"))
        elif (word.kind == "user" and key) or (word.kind == "quoted" and current is key and key):
            parts.setdefault("to", []).append(word)
        else:
            current.append(word)
    whole = " ".join(word.as_typed for word in words)
    return Said(" ".join(word.as_typed for word in key), parts, reason, confirmed, whole)


def _with_for(text: str) -> str:
    """A line in which `+30d` and `by 30 days` stand as what they mean."""
    return _MORE.sub(" for ", text)


def _part_of(word: Word) -> str | None:
    """What a word begins, as `until`, `till`, `--until` or `until:`."""
    named = without_dashes(word.text) if word.kind == "word" else word.key if word.kind == "pair" else ""
    named = _SAME.get(named, named)
    return named if named in _PARTS else None


def _split(text: str) -> tuple[str, str, bool]:
    """What stands before “because”, the reason, and whether “--yes” stands behind it."""
    head, reason = split_reason(text, also=frozenset({"reason"}))
    words = (reason or "").split()
    confirmed = bool(words) and words[-1] != without_dashes(words[-1]) and without_dashes(words[-1]) == "yes"
    if reason and confirmed:
        reason = reason[: -len(words[-1])]
    return head, as_written(unquoted(reason or "")), confirmed


def read_person(tx: Transaction, words: list[Word]) -> str:
    """The Slack user id of the one person who is named. Raises InvalidInputError (field `holder`)."""
    if not words:
        raise InvalidInputError("To whom?", "Mention the person, for example @max.", field="holder")
    word = words[0]
    kind = word.kind if word.kind in {"user", "group"} else "name"
    more = " ".join(one.as_typed for one in words[1:] if kind != "name" and any(map(str.isalnum, one.text)))
    if more:
        raise InvalidInputError(
            f"One person answers for a key, so nothing is done with “{more}” behind the first.",
            "Name one, for example @max.",
            field="holder",
        )
    text = word.text if kind != "name" else " ".join(one.as_typed for one in words)
    if kind == "name" and text.lower().rstrip(".!") in _ME and tx.actor.user_id is not None:
        return get_answerer(tx.session, SubjectWord("user", tx.actor.user_id))
    return get_answerer(tx.session, SubjectWord(kind, text))


def read_until(tx: Transaction, said: Said, *, expires_at: datetime | None = None) -> datetime:
    """The instant after `for` or `until`, as `end_said`. Raises InvalidInputError (field `until`)."""
    text = f"until {said.text('until')}" if said.text("until") else said.text("for")
    if not text:
        raise InvalidInputError(
            "Until when?", "Write for example: for 30d, until friday, until Dec 1 18:00.", field="until"
        )
    return end_said(tx, text, expires_at=expires_at)


def read_filter(tx: Transaction, text: str) -> KeyFilter:
    """`unused`, `expiring`, `suspended`, `all` …, `page:acme` or `on acme`, `holder:@max`, and text to look for, in
    any order.

    Raises InvalidInputError.
    """
    view, page_id, holder_id, rest = KeyView.LIVE, None, None, []
    words = cut(text)
    while words:
        word = words.pop(0)
        if word.text.lower() == "on" and words and (found := _find_page(tx, words[0])) is not None:
            page_id = found
            words.pop(0)
        elif word.kind == "word" and word.text.lower() in _VIEWS:
            view = _VIEWS[word.text.lower()]
        elif word.kind == "pair" and word.key in {"page", "pages"}:
            page_id = get_page_by_word(tx.session, word.text).id
        elif word.kind == "user" or (word.kind == "pair" and word.key == "holder"):
            if holder_id is not None:
                raise InvalidInputError("A list is of one holder's keys, or of everybody's.", "Name one of them.")
            holder_id = _read_holder(tx, word)
        elif word.text.lower() in _OF and words and words[0].kind == "user":
            pass
        elif word.kind == "word" and word.text.lower() == "mine":
            holder_id = tx.actor.user_id
        elif word.text not in {",", ";"}:
            rest.append(word.as_typed)
    return KeyFilter(view=view, page_id=page_id, holder_id=holder_id, text=" ".join(rest))


def _find_page(tx: Transaction, word: Word) -> str | None:
    with contextlib.suppress(InvalidInputError):
        return get_page_by_word(tx.session, word.text).id
    return None


def _read_holder(tx: Transaction, word: Word) -> str:
    mentioned = _MENTION.fullmatch(word.text.rstrip(",;"))
    if mentioned or word.kind == "user":
        return mentioned[1] if mentioned else word.text
    return read_person(tx, [Word("word", word.text)])
