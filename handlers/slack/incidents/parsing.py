"""`/incident new …` and its like in one line: options first, then the words for the public up to the end.

"Checkout errors" on acme component:checkout=partial_outage investigating We are looking into it
"""

import re
from dataclasses import dataclass, field, replace

from desk.errors import InvalidInputError
from handlers.slack.framework.command_line import Word, next_word
from handlers.slack.framework.quotes import opens_double
from handlers.slack.incidents.leftovers import list_leftovers
from handlers.slack.incidents.typed import IMPACTS, STATES, STATUSES, TypedIncident, quoted_words
from storage.models import ComponentStatus, IncidentStatus

_BETWEEN = frozenset({":", "-", "–", "—", ",", ";"})
"""What people put between a name and what they say of it."""
_STOPS = ":.,;!"
"""What may stand right behind a status."""
_SENTENCE_GOES_ON = re.compile(
    "as|by|of|the|our|for|with|from|is|has|shows?|reports|and|that|why|whether|how|what|if|in|to|your|their|this"
    "|these|it|its|closely|further|now|again"
)
"""“Monitoring the fix” says the status, and is a sentence as well."""
_STATE = re.compile(r"\s*=\s*(\w+)")
_ID = re.compile(r"[a-z0-9]{12}")
_PERMALINK = re.compile(r"<?https?://[^\s<>|]*/incidents/([a-z0-9]{12})\b[^\s<>]*>?")
_COMPONENTS = frozenset({"component", "components", "c"})
OPTIONS = _COMPONENTS | {"page", "template", "impact", "remind", "incident"}
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
        self.found.status_words = self._before_body(*self.status_at)
        has_status = self.found.status is not None
        self.found.problems += list_leftovers(self.found.body, OPTIONS | self.options, has_status=has_status)
        if (state := self._stray_state()) is not None:
            self.found.problems.append(f"“{state}” looks like a state: write component:name={state}.")
        return self.found

    def _before_body(self, start: int, end: int) -> str:
        """What stands there, if nothing but blanks stands between it and the words for the public."""
        between = self.text[end : len(self.text.rstrip()) - len(self.found.body)]
        return self.text[start:end] if self.found.body and not between.strip() else ""

    def _stray_state(self) -> str | None:
        """A state with which the words for the public begin, where a component has none."""
        first = self.found.body.split(maxsplit=1)[:1]
        state = first[0].lower().strip(".,:") if first else ""
        is_meant = "_" in state or (self.found.components and self.found.components[-1][1] is None)
        return state if state in STATES and is_meant else None

    def _has_begun(self) -> bool:
        return bool(self.found.quoted or self.found.incident or self.found.status or self.found.components)

    def take(self, word: Word) -> bool:
        """Whether the word is an option; then it is read, and the position is behind it."""
        if word.text in _BETWEEN and self._has_begun() and not self._begins_line(word):
            pass
        elif word.kind == "quoted" and self.found.quoted is None and self.found.incident is None:
            self.found.quoted = quoted_words(self.text, word) or None
        elif word.kind == "word" and self._is_reference(word):
            pass
        elif self._is_bare_name(word):
            self.found.bare = self.text[: word.end].strip()
        elif self.found.status is None and (status := self._status_at(word)) is not None:
            self.found.status, end = status
            # Whatever follows the status is for the public, quotation marks, colons and all.
            if self._is_sentence(word, end):
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

    def _begins_line(self, word: Word) -> bool:
        """Whether a line of its own begins there: then a dash is the first of a list."""
        return self.text[: word.start].rstrip(" \t").endswith("\n")

    def _is_bare_name(self, word: Word) -> bool:
        """Whether the word goes on with a name that stands, without quotation marks, before everything else."""
        if not self.takes_bare_name or self._has_begun() or self._status_at(word) is not None:
            return False
        if word.kind not in {"word", "user", "group"} and (word.kind != "pair" or word.key in OPTIONS | self.options):
            return False
        return self.text[: word.start].strip() == self.found.bare

    def _status_at(self, word: Word) -> tuple[IncidentStatus, int] | None:
        """`monitoring`, `status:monitoring` or `in progress`, and where it is over."""
        if word.kind == "pair" and word.key == "status" and word.text.lower() in STATUSES:
            return STATUSES[word.text.lower()], word.end
        if word.kind == "pair" and word.sign == ":" and word.key in STATUSES:
            # “monitoring: the fix is out”, with or without a blank.
            return STATUSES[word.key], word.start + len(word.key) + 1
        if word.kind != "word":
            return None
        if word.text.lower().rstrip(_STOPS) in STATUSES:
            return STATUSES[word.text.lower().rstrip(_STOPS)], word.end
        following = self._peek(word.end)
        if following is None or following.kind not in {"word", "pair"}:
            return None
        second = (
            following.key if following.kind == "pair" and following.sign == ":" else following.text.rstrip(_STOPS)
        )
        two = f"{word.text}_{second}".lower()
        end = following.start + len(second) + 1 if following.kind == "pair" else following.end
        return (STATUSES[two], end) if two in STATUSES else None

    def _is_sentence(self, word: Word, end: int) -> bool:
        following = self._peek(end)
        goes_on = following is not None and _SENTENCE_GOES_ON.fullmatch(following.text) is not None
        # On a line of its own it is the status alone.
        is_apart = following is None or "\n" in self.text[end : following.start]
        return goes_on and not is_apart and word.kind == "word" and not word.text.endswith(tuple(_STOPS))

    def _take_options_after(self, end: int) -> str:
        """Options may stand behind the status too, as long as nothing else has come."""
        self.position = end
        if (mark := self._peek(end)) is not None and mark.text in _BETWEEN and not self._begins_line(mark):
            self.position = mark.end
        while (word := self._peek(self.position)) is not None and word.kind == "pair" and self._take_pair(word):
            pass
        return self.text[self.position :].strip()

    def _peek(self, position: int) -> Word | None:
        try:
            return next_word(self.text, position)
        except InvalidInputError:
            return None

    def _is_reference(self, word: Word) -> bool:
        if self._has_begun() or self.position != 0 or word.start != len(self.text) - len(self.text.lstrip()):
            return False
        whole = self.text[word.start : word.end]
        link = _PERMALINK.fullmatch(whole)
        if link:
            self.found.incident = link[1]
        elif _ID.fullmatch(named := word.text.rstrip(":,")) and any(mark.isdigit() for mark in named):
            self.found.incident = named
        return self.found.incident is not None

    def _take_page(self, word: Word) -> bool:
        following = next_word(self.text, word.end)
        if following is None or following.kind not in {"word", "quoted"}:
            return False
        self.found.page, self.position = following.text, following.end
        self.page_at = (word.start, following.end)
        return True

    def _take_pair(self, word: Word) -> bool:
        is_apart = not word.text and word.key in OPTIONS | self.options
        if is_apart:
            word = self._with_value(word)
        name, value = word.key, word.text
        if name in _COMPONENTS:
            self._take_component(word)
            return True
        if name == "incident" and _ID.fullmatch(value) and self.found.incident is None:
            self.found.incident, self.position = value, word.end
            return True
        if name == "impact" and is_apart and value.lower() not in IMPACTS:
            # “Impact: login fails” is for the public.
            return False
        if name == "page":
            self.found.page, self.page_at = value, (word.start, word.end)
        elif name == "template":
            self.found.template = value
        elif name == "impact":
            self._take_impact(value)
        elif name == "remind":
            self.found.remind = value
        elif name in self.options:
            self.found.options[name] = value
        elif self.found.template and not value.startswith("//"):
            self.found.values[name] = value
        else:
            return False
        self.position = word.end
        return True

    def _with_value(self, word: Word) -> Word:
        """A pair whose value stands behind a blank: `page: acme`."""
        following = self._peek(word.end)
        if following is None or following.kind not in {"word", "quoted", "pair"}:
            return word
        return replace(word, text=following.as_typed, end=following.end)

    def _take_component(self, word: Word) -> None:
        value, self.position = word.text, word.end
        while value.endswith(",") and (following := self._peek(self.position)) is not None:
            value, self.position = value + following.as_typed, following.end
        named, mark, state = value.rpartition("=")
        if not mark:
            named = value
            # The state stands behind the closing quotation mark.
            behind = _STATE.match(self.text, self.position)
            if behind:
                state, self.position = behind[1], behind.end()
            else:
                state = ""
        state = self._whole_state(state)
        if state and state.lower() not in STATES:
            known = ", ".join(status.value for status in ComponentStatus)
            self.found.problems.append(f"“{state}” is no state of a component. There is {known}.")
            state = ""
        is_quoted = opens_double(self.text, word.start + len(word.key) + len(word.sign))
        names = [named] if is_quoted else [name for name in named.split(",") if name]
        self.found.components += [(name, STATES.get(state.lower())) for name in names]

    def _whole_state(self, state: str) -> str:
        """A state with the word behind it, where it takes two: `partial outage`."""
        following = self._peek(self.position) if state else None
        two = f"{state}_{following.text}".lower() if following is not None and following.kind == "word" else ""
        if following is None or two not in STATES:
            return state
        self.position = following.end
        return two

    def _take_impact(self, value: str) -> None:
        if value.lower() in IMPACTS:
            self.found.impact = IMPACTS[value.lower()]
        else:
            self.found.problems.append(f"“{value}” is no impact. There is {', '.join(IMPACTS)}.")
