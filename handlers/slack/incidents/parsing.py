"""`/incident new …` and its like in one line: options first, then the words for the public up to the end.

"Checkout errors" on acme component:search=partial_outage investigating We are looking into it
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from desk.durations import find_duration, parse_duration
from desk.errors import InvalidInputError
from desk.incidents.words import IMPACTS, find_state, get_impact, get_state
from handlers.slack.framework.command_line import Word, next_word, peek_word
from handlers.slack.framework.quotes import opens_double
from handlers.slack.incidents.leftovers import DASHED, find_stray_state, list_leftovers
from handlers.slack.incidents.statuses import STOPS, find_status_at, goes_on
from handlers.slack.incidents.typed import (
    ID,
    TypedIncident,
    before_comma,
    behind_comma,
    find_incident_id,
    quoted_words,
    with_states,
)

T = TypeVar("T")
BETWEEN = frozenset({":", "-", "–", "—", "--", ",", ";", ".", "!", "->", "=>", "→"})
"""What people put between a name and what they say of it."""
_SIGNS = frozenset({":", "=", "：", "＝"})
_STATE = re.compile(r"\s*[=＝](\s*)([\w-]+)")
_EQUALS = re.compile(r"\s*[=＝]\s*")
_SECOND = re.compile(r"[^\n]*\n[ \t]*[-–—•*][ \t]")
_NAMES = frozenset({"name", "title"})
_COMPONENTS = frozenset({"component", "components", "c"})
OPTIONS = _COMPONENTS | {"page", "on", "template", "impact", "remind", "incident"}
"""What may stand as `name:value` in a line about an incident."""


def parse_incident(
    text: str, *, options: frozenset[str] = frozenset(), takes_bare_name: bool = False
) -> TypedIncident:
    """Read a line. `options` are further names that may stand as `name:value`. Never raises: see `problems`.

    With `takes_bare_name`, words before everything else are a name even without quotation marks.
    """
    return LineReader(text, options, takes_bare_name=takes_bare_name).read()


@dataclass(slots=True)
class LineReader:
    """Reads a line word by word. A command with words of its own overrides `take`."""

    text: str
    options: frozenset[str]
    found: TypedIncident = field(default_factory=TypedIncident)
    position: int = 0
    takes_bare_name: bool = False
    page_at: tuple[int, int] = (0, 0)
    status_at: tuple[int, int] = (0, 0)

    def read(self) -> TypedIncident:
        """All of it."""
        try:
            while (word := next_word(self.text, self.position)) is not None:
                if not self.take(word):
                    self.found.body = self.text[word.start :].strip()
                    break
        except InvalidInputError as error:
            # A quotation mark in the words for the public is theirs.
            self.found.body = self.text[self.position :].strip()
            if not self._has_begun():
                self.found.problems.append(str(error))
        self.found.page_words = self._before_body(*self.page_at)
        self.found.behind_page = behind_comma(self.text, self.page_at[1]) if self.found.page else ""
        self.found.status_words = self._before_body(*self.status_at)
        has_status = self.found.status is not None
        self.found.problems += list_leftovers(self.found.body, OPTIONS | self.options, has_status=has_status)
        is_stateless = bool(self.found.components) and self.found.components[-1][1] is None
        if (state := find_stray_state(self.found.body, is_stateless=is_stateless)) is not None:
            self.found.problems.append(f"“{state}” looks like a state: write component:name={state}.")
        return self.found

    def _before_body(self, start: int, end: int) -> str:
        """What stands there, if nothing but blanks stands between it and the words for the public."""
        between = self.text[end : len(self.text.rstrip()) - len(self.found.body)]
        return "" if between.strip() else self.text[start:end]

    def _has_begun(self) -> bool:
        return bool(self.found.quoted or self.found.incident or self.found.status or self.found.components)

    def take(self, word: Word) -> bool:
        """Whether the word is an option; then it is read, and the position is behind it."""
        word = self._undashed(word)
        if word.text in BETWEEN and self._has_begun() and not self._begins_list(word):
            pass
        elif word.kind == "quoted" and not self.found.bare and self.found.quoted is self.found.incident is None:
            self.found.quoted = quoted_words(self.text, word) or None
        elif word.kind == "word" and self._is_reference(word):
            pass
        elif self._is_page_before_name(word):
            return self._take_page(word)
        elif self._is_bare_name(word):
            self.found.bare = self._behind_page(word.end)
        elif self.found.status is None and (status := find_status_at(self.text, word)) is not None:
            self.found.status, end = status
            # Whatever follows the status is for the public, quotation marks, colons and all.
            if goes_on(self.text, word, end):
                self.found.body = self.text[word.start :].strip()
                if word.text[0].islower():
                    self.found.doubt = self.text[word.start : end]
            else:
                self.status_at = (word.start, end)
                self.found.body = self._take_options_after(end)
            self.position = len(self.text)
            return True
        elif word.kind == "word" and word.text.lower() == "on" and self.found.page is None:
            return self._take_page(word)
        elif word.kind == "pair":
            return self._take_pair(word)
        else:
            return False
        self.position = max(word.end, self.position)
        return True

    def _undashed(self, word: Word) -> Word:
        """`--component checkout`, as programs take it, as a pair."""
        dashed = DASHED.fullmatch(word.text) if word.kind == "word" else None
        names = OPTIONS | self.options | (_NAMES if self.takes_bare_name else frozenset())
        key = dashed[1].lower() if dashed else ""
        if (sign := self._sign_behind(word)) is not None and word.text.lower() in names:
            key, word = word.text.lower(), replace(word, end=sign.end)
        return replace(word, kind="pair", key=key, text="") if key in names else word

    def _sign_behind(self, word: Word) -> Word | None:
        """The sign of `component : search`, with blanks on both sides."""
        sign = peek_word(self.text, word.end) if word.kind == "word" else None
        return sign if sign is not None and sign.text in _SIGNS and not self._begins_line(sign) else None

    def _begins_line(self, word: Word) -> bool:
        """Whether a line of its own begins there: then a dash is the first of a list."""
        return self.text[: word.start].rstrip(" \t").endswith("\n")

    def _begins_list(self, word: Word) -> bool:
        """The same, or whether a second dash follows on the next line."""
        return self._begins_line(word) or _SECOND.match(self.text, word.end) is not None

    def _is_bare_name(self, word: Word) -> bool:
        """Whether the word goes on with a name that stands, without quotation marks, before everything else."""
        if not self.takes_bare_name or self._has_begun() or find_status_at(self.text, word) is not None:
            return False
        if word.kind == "pair" and word.key in OPTIONS | self.options | _NAMES:
            return False
        if word.kind == "quoted" and not self.found.bare:
            return False
        return self._behind_page(word.start) == self.found.bare

    def _behind_page(self, position: int) -> str:
        """What stands before a position, but for a page with which the line begins."""
        begins_with_page = self.found.page and not self.text[: self.page_at[0]].strip()
        begin = self.page_at[1] if begins_with_page else 0
        return self.text[begin:position].strip().lstrip(",;:-").strip()

    def _is_page_before_name(self, word: Word) -> bool:
        """Whether the line begins with `on acme "Checkout errors"`: “on call is slow” is a name."""
        if not self.takes_bare_name or word.text.lower() != "on" or self.text[: word.start].strip():
            return False
        page = peek_word(self.text, word.end)
        name = peek_word(self.text, page.end) if page is not None else None
        return name is not None and name.kind == "quoted"

    def _take_options_after(self, end: int) -> str:
        """Options may stand behind the status too, as long as nothing else has come."""
        self.position = end
        if (mark := peek_word(self.text, end)) is not None and mark.text in BETWEEN and not self._begins_list(mark):
            self.position = mark.end
        while (word := peek_word(self.text, self.position)) is not None and self._take_behind_status(word):
            pass
        return self.text[self.position :].strip()

    def _take_behind_status(self, word: Word) -> bool:
        if word.kind == "word" and word.text == "on" and self.found.page is None:
            return self._take_page(word)
        return word.kind == "pair" and self._take_pair(word)

    def _is_reference(self, word: Word) -> bool:
        if self._has_begun() or self.position != 0 or word.start != len(self.text) - len(self.text.lstrip()):
            return False
        self.found.incident = find_incident_id(self.text, word)
        return self.found.incident is not None

    def _take_page(self, word: Word) -> bool:
        following = next_word(self.text, word.end)
        if following is not None and following.kind == "pair" and not following.text:
            # “on acme: we look”
            following = replace(following, kind="word", text=following.key)
        if following is None or following.kind not in {"word", "quoted"}:
            return False
        named = before_comma(self.text, following)
        self.found.page, self.position = named.text, named.end
        self.page_at = (word.start, named.end)
        self.found.page_at = word.start
        return True

    def _take_pair(self, word: Word) -> bool:
        is_apart = not word.text and word.key in OPTIONS | self.options | _NAMES
        if is_apart:
            word = self._with_value(word)
        name, value = word.key, word.text
        if name in _COMPONENTS:
            self._take_components(word)
            return True
        if name == "incident" and ID.fullmatch(value) and self.found.incident is None:
            self.found.incident, self.position = value, word.end
            return True
        if name == "impact" and is_apart and value.lower() not in IMPACTS:
            # “Impact: login fails” is for the public.
            return False
        if name in _NAMES and self.takes_bare_name and value and not (self.found.quoted or self.found.template):
            self.found.quoted = value
        elif name in {"page", "on"} and value:
            word = before_comma(self.text, word)
            self.found.page, self.page_at = word.text, (word.start, word.end)
        elif name == "template":
            self.found.template = value
        elif name == "impact":
            self._take_impact(value)
        elif name == "remind":
            word = self._in_hours(word)
            self.found.remind = word.text
        elif name in self.options:
            self.found.options[name] = value
        elif self.found.template and not value.startswith("//"):
            self.found.values[name] = value
        else:
            return False
        self.position = word.end
        return True

    def _in_hours(self, word: Word) -> Word:
        """The hours of “remind:2 hours” and “remind:1 day”, as Statuspage writes them."""
        begin = self.text.rfind(word.text, word.start, word.end)
        over = find_duration(self.text, begin) if word.text[:1].isdigit() else None
        hours = int(parse_duration(self.text[begin:over]) / timedelta(hours=1)) if over is not None else 0
        return replace(word, text=str(hours), end=over) if hours and over is not None else word

    def _with_value(self, word: Word) -> Word:
        """A pair whose value stands behind a blank: `page: acme`."""
        following = peek_word(self.text, word.end)
        if following is None or following.kind not in {"word", "quoted", "pair"}:
            return word
        return replace(word, text=following.as_typed, end=following.end)

    def _take_components(self, word: Word) -> None:
        """One, and those that go on behind a comma: `c:"Node 7"=down,"Node 8"=up`."""
        following: Word | None = word
        while following is not None:
            self._take_component(following)
            has_more = self.text[self.position : self.position + 1] in {",", "、", "，"}
            following = peek_word(self.text, self.position + 1) if has_more else None
            if following is not None:
                following = replace(following, text=_named(following), key="", sign="")

    def _take_component(self, word: Word) -> None:
        value, self.position = word.text, word.end
        while value.endswith(",") and (following := peek_word(self.text, self.position)) is not None:
            value, self.position = value + _named(following), following.end
        named, mark, state = value.replace("＝", "=").rpartition("=")
        if not mark:
            named = value
            # The state stands behind the closing quotation mark.
            state = self._state_behind()
        state = self._whole_state(state)
        if state and find_state(state) is None:
            self._note(lambda: get_state(state))
            state = ""
        is_quoted = opens_double(self.text, word.start + len(word.key) + len(word.sign))
        if is_quoted:
            self.found.components.append((named, find_state(state)))
        else:
            self.found.components += with_states(named, find_state(state))

    def _state_behind(self) -> str:
        """What stands behind a name and `=`, in quotation marks or none."""
        begin = self.position
        if (behind := _STATE.match(self.text, begin)) is not None:
            self.position = behind.end()
            state = self._whole_state(behind[2])
            if not behind[1] or find_state(state) is not None:
                return state
            # Where it is none, it may be the first word for the public.
            self.position = begin
        sign = _EQUALS.match(self.text, self.position)
        quoted = peek_word(self.text, sign.end()) if sign is not None else None
        if quoted is None or quoted.kind != "quoted":
            return ""
        self.position = quoted.end
        return quoted.text

    def _whole_state(self, state: str) -> str:
        """A state with the word behind it, where it takes two: `partial outage`."""
        following = peek_word(self.text, self.position) if state else None
        second = following.text.rstrip(STOPS) if following is not None and following.kind == "word" else ""
        two = f"{state}_{second}" if second.isalpha() else ""
        if following is None or find_state(two) is None:
            return state
        self.position = following.end
        return two

    def _take_impact(self, value: str) -> None:
        self.found.impact = self._note(lambda: get_impact(value)) or self.found.impact

    def _note(self, read: Callable[[], T]) -> T | None:
        """What was read, or None with what is wrong with it among the problems."""
        try:
            return read()
        except InvalidInputError as error:
            self.found.problems.append(str(error))
            return None


def _named(word: Word) -> str:
    """What a word of a list of components names, before which the option may stand again."""
    return word.text if word.key in _COMPONENTS else word.as_typed
