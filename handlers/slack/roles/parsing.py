"""`/roles <sub-command> …`: what a person typed, read. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.moments.typed import find_hour, find_moment, find_span
from desk.people import SubjectWord
from desk.roles.lists import find_role, get_role
from desk.roles.orders import GrantOrder, RevokeOrder
from desk.roles.roles import AnyPage, PageChoice
from handlers.slack.framework.command_line import Word, as_written, cut, split_reason
from handlers.slack.framework.quotes import unquoted
from storage.models import Role

_EXAMPLE = 'roles grant @mia incident_manager on "Acme" for 8h because she is on call'
_FILLERS = frozenset({"to", "as", "a", "an", "the", "role", ",", ":", "-", "–", "—", "→"})
"""Words and signs between those that say something."""
_FOREVER = frozenset({"good", "ever", "forever", "always"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What `/roles list` and `/roles who` ask for."""

    subject: SubjectWord | None = None
    role: Role | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedGrant:
    """A grant of which somebody has not said whom or which role yet."""

    subject: SubjectWord | None = None
    role: Role | None = None
    page: PageChoice = AnyPage.ANY
    ends: str | None = None
    reason: str = ""


@dataclass(slots=True)
class _Said:
    subject: SubjectWord | None = None
    role: Role | None = None
    page: PageChoice = AnyPage.ANY
    ends: str | None = None
    has_end: bool = False


def parse_grant(text: str) -> GrantOrder | StartedGrant:
    """Read `@mia incident_manager on "Acme" for 8h because …`. Raises InvalidInputError with an example."""
    head, reason = _split_reason(text)
    said = _read(head)
    if said.subject is None or said.role is None:
        return StartedGrant(subject=said.subject, role=said.role, page=said.page, ends=said.ends, reason=reason)
    return GrantOrder(subject=said.subject, role=said.role, page=said.page, ends=said.ends, reason=reason)


def parse_revoke(text: str) -> RevokeOrder:
    """Read `@mia incident_manager on "Acme"`. Raises InvalidInputError with an example."""
    said = _read(_split_reason(text)[0])
    example = f"For example: {slash('roles revoke @mia incident_manager')}"
    if said.subject is None:
        raise InvalidInputError("Whose role ends?", example, field="subject")
    if said.role is None:
        raise InvalidInputError("Which role ends?", example, field="role")
    if said.has_end:
        raise InvalidInputError("A revocation is at once and for good.", example, field="ends")
    return RevokeOrder(subject=said.subject, role=said.role, page=said.page)


def parse_query(text: str) -> Query:
    """Read what `/roles list` and `/roles who` may name: somebody, a role, a page. Raises InvalidInputError."""
    said = _read(text)
    if said.has_end:
        raise InvalidInputError("A list shows what holds now.", "Leave the time away.", field="ends")
    return Query(subject=said.subject, role=said.role, page=None if isinstance(said.page, AnyPage) else said.page)


def _example() -> str:
    return f"For example: {slash(_EXAMPLE)}"


def _split_reason(text: str) -> tuple[str, str]:
    head, reason = split_reason(text)
    return head, as_written(unquoted(reason or ""))


class _Words:
    """The words of a line, one after another, some of which are read as a time instead."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words = cut(text)

    def __iter__(self) -> Iterator[Word]:
        return self

    def __next__(self) -> Word:
        if not self._words:
            raise StopIteration
        return self._words.pop(0)

    def take_words(self) -> Iterator[str]:
        """The words that stand next, up to the page, a role, a pair or a mention."""
        while self._words and self._words[0].kind == "word" and self._words[0].text.lower() != "on":
            if find_role(self._words[0].text) is not None:
                return
            yield self._words.pop(0).text

    def take_time(self, *, is_span: bool) -> str | None:
        """The moment that stands next, or the span, which goes first where `is_span`, taken as a whole; None where
        something else does."""
        if not self._words or self._words[0].kind not in {"word", "quoted"}:
            return None
        begin = self._words[0].start
        span = find_span(self.text, begin)
        found = None if is_span and span else find_moment(self.text, begin) or find_hour(self.text, begin)
        # “until 3 weeks” is no hour.
        end = found[1] if found is not None and (span is None or found[1] > span) else span
        if end is None:
            return None
        # Of “9-10” no half is lost.
        while self._words and self._words[0].start < end:
            end = max(end, self._words.pop(0).end)
        return self.text[begin:end].strip().rstrip(",;")


def _read(text: str) -> _Said:
    said = _Said()
    words = _Words(text)
    pending: Word | None = None
    while (word := pending or next(words, None)) is not None:
        pending = _take(said, word, words)
    return said


def _take(said: _Said, word: Word, words: _Words) -> Word | None:
    """Understand one word, with those that belong to it. Gives back a word that was read ahead."""
    bare = word.text.lower() if word.kind == "word" else ""
    if word.kind in {"user", "group"}:
        _set_subject(said, SubjectWord(word.kind, word.text))
    elif word.kind == "pair":
        _take_pair(said, word)
    elif bare == "from" and words.take_time(is_span=False) is not None:
        raise InvalidInputError("A role begins at once.", "Say until when it lasts; grant it when it is to begin.")
    elif bare in {"on", "from", "@"}:
        return _take_page(said, words)
    elif bare in {"for", "für", "until", "till", "bis"}:
        _take_end(said, "for" if bare == "für" else bare, words)
    elif bare not in _FILLERS:
        return _take_name(said, word, words)
    return None


def _take_pair(said: _Said, word: Word) -> None:
    if word.key in {"page", "on"}:
        _set_page(said, word.text)
    elif word.key == "role":
        _set_role(said, get_role(word.text))
    elif word.key in {"for", "until"}:
        _set_end(said, word.text)
    else:
        raise InvalidInputError(f"I don't understand “{word.key}:{word.text}”.", _example())


def _take_page(said: _Said, words: Iterator[Word]) -> Word | None:
    word = next(words, None)
    if word is None or word.kind not in {"word", "quoted", "pair"}:
        raise InvalidInputError("On which page?", 'Write: on "Acme", or on all.', field="page")
    if word.kind == "word" and word.text.lower() in {"all", "every"}:
        _set_page(said, None)
        following = next(words, None)
        is_filler = following is not None and following.kind == "word" and following.text.lower() in {"page", "pages"}
        return None if is_filler else following
    _set_page(said, word.text)
    return None


def _take_end(said: _Said, keyword: str, words: _Words) -> None:
    time = words.take_time(is_span=keyword == "for")
    if time is not None:
        _set_end(said, time if keyword == "for" else f"until {time}")
        return
    word = next(words, None)
    if word is None or word.kind not in {"word", "quoted"}:
        raise InvalidInputError("Until when?", "Write for example: for 8h, or until Dec 1.", field="ends")
    is_for_good = keyword == "for" and word.text.lower() in _FOREVER
    _set_end(said, None if is_for_good else " ".join([word.text, *words.take_words()]))


def _take_name(said: _Said, word: Word, words: Iterator[Word]) -> Word | None:
    role = None if word.text.startswith("@") else find_role(word.text)
    if role is not None:
        _set_role(said, role)
        return None
    if word.kind == "word" and word.text.lower() in {"incident", "maintenance", "page"}:
        following = next(words, None)
        joined = find_role(f"{word.text} {following.text}") if following and following.kind == "word" else None
        if joined is not None:
            _set_role(said, joined)
            return None
        _set_subject(said, SubjectWord("name", word.text))
        return following
    _set_subject(said, SubjectWord("name", word.text))
    return None


def _set_subject(said: _Said, subject: SubjectWord) -> None:
    if said.subject is not None:
        shown = [f"“{one.text}”" for one in (said.subject, subject) if one.kind == "name"]
        roles = f"Roles are: {', '.join(Role)}. " if said.role is None else ""
        raise InvalidInputError(
            f"I understood {' and '.join(shown)} as {'a name too' if len(shown) == 1 else 'names'}."
            if shown
            else "That names more than one.",
            f"{roles}Name one person or group at a time, and put names with blanks in quotation marks. {_example()}",
            field="subject",
        )
    if not subject.text.strip("@ "):
        raise InvalidInputError("That is no name.", _example(), field="subject")
    said.subject = subject


def _set_role(said: _Said, role: Role) -> None:
    if said.role is not None and said.role != role:
        raise InvalidInputError("One role at a time, please.", _example(), field="role")
    said.role = role


def _set_page(said: _Said, page: str | None) -> None:
    if not isinstance(said.page, AnyPage):
        raise InvalidInputError("One page at a time, please, or all.", _example(), field="page")
    if page is not None and not page.strip():
        raise InvalidInputError("On which page?", 'Write: on "Acme", or on all.', field="page")
    said.page = None if page is not None and page.strip().lower() == "all" else page


def _set_end(said: _Said, ends: str | None) -> None:
    if said.has_end:
        raise InvalidInputError("One end is enough.", _example(), field="ends")
    said.has_end, said.ends = True, ends
