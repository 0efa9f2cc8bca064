"""`/maintenance …` in one line: as `/incident`, and when it begins and ends.

"Database upgrade" on acme component:search from 2026-12-01 22:00 until 2026-12-02 01:00 We move to …
"""

import re
from dataclasses import dataclass, replace
from itertools import islice

from desk.masking import refuse_secrets
from desk.moments.calendar import is_vague
from desk.moments.doubts import find_doubt
from desk.moments.typed import Moment, find_span, in_its_part
from desk.moments.windows import find_window
from handlers.slack.framework.command_line import Word
from handlers.slack.incidents.parsing import LineReader
from handlers.slack.incidents.typed import TypedIncident

_REPEATED = re.compile(
    r"(?:every|each)\s+(?:other\s+)?(?:day|week|month|night|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
    r"|daily\b|weekly\b|monthly\b|nightly\b|(?:mon|tues|wednes|thurs|fri|satur|sun)days\b",
    re.IGNORECASE,
)
_DAYS = re.compile(r"(\d{1,3})\s*(d|days?|w|weeks?)", re.IGNORECASE)
_WORD = re.compile(r"[^\s/]+")
_AND = re.compile(r"(?:(?:and|or|then|plus|&amp;|&)\s+|[,;+]\s*)+", re.IGNORECASE)
_FIRST_WORDS = 8
_BY = re.compile(r"by\b|\+", re.IGNORECASE)
_LATER = re.compile(r"\s*later\b", re.IGNORECASE)
_NUMBER_AFTER_HOURS = re.compile(r"([0-5]?\d)(?![\w:./,-])")


@dataclass(frozen=True, slots=True)
class TypedMaintenance:
    """What was understood of a line; None for what was not said."""

    said: TypedIncident
    start: Moment | None = None
    end: Moment | None = None
    is_to: bool = False
    """See `Said.is_to`."""
    shift: str = ""
    """By how much one is moved as a whole, where that was said instead."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed at all."""
        return self.said.is_empty and self.start is None and self.end is None

    @property
    def has_window(self) -> bool:
        """Whether a start or an end was typed."""
        return self.start is not None or self.end is not None


@dataclass(slots=True)
class _Reader(LineReader):
    start: Moment | None = None
    end: Moment | None = None
    is_to: bool = False

    def take(self, word: Word) -> bool:
        """Whether the word begins an option or a time."""
        said = find_window(self.text, word.start) if word.kind in {"word", "pair"} else None
        if said is not None and said.start and self.start and (day := _day_before(self.start, said.start)):
            # “tomorrow from 22:00”, “in 2 days at 22:00”, “tonight from 11”
            begins = replace(said.start, day=day, said=f"{self.start.said} {said.start.said}")
            part = "" if begins.within else self.start.part
            said = replace(said, start=in_its_part(begins, part) if part else begins)
            self.start = None
        if said is None or (said.start and self.start) or (said.end and self.end):
            # Not super(): a dataclass with slots is made anew, and super() looks for the one before.
            return LineReader.take(self, word)
        self.start, self.end = self.start or said.start, self.end or said.end
        self.is_to = self.is_to or said.is_to
        self.position = said.over
        return True


def _day_before(first: Moment, clock: Moment) -> str:
    """The day that stands by itself before a time without one; empty where something else does."""
    if not clock.clock or clock.day or first.clock:
        return ""
    span = _DAYS.fullmatch(first.span)
    if span is None:
        return first.day
    weeks = span[2].lower().startswith("w")
    return f"+{int(span[1]) * (7 if weeks else 1)}"


def _late_window(body: str) -> str | None:
    """A start or end with which the words for the public begin, which nothing else has made of it."""
    said = find_window(body, 0)
    if said is None or any(one is not None and (one.part or is_vague(one.day)) for one in (said.start, said.end)):
        # “This morning” and “next week” are words of people.
        return None
    return body[: said.over].strip()


def _second_window(body: str) -> str | None:
    """A time with which the words for the public begin behind an “and”: “… and friday 22:00 for 2h”."""
    joined = _AND.match(body)
    said = find_window(body, joined.end()) if joined is not None else None
    if joined is None or said is None or not any(one and (one.clock or one.span) for one in (said.start, said.end)):
        return None
    return body[joined.end() : said.over].strip()


def _missed_window(body: str) -> str | None:
    """A time or a length of time within the first words for the public, which may be what is missing."""
    for word in islice(_WORD.finditer(body), _FIRST_WORDS):
        said = find_window(body, word.start())
        if said is not None and any(one is not None and (one.clock or one.span) for one in (said.start, said.end)):
            return body[word.start() : said.over].strip()
        if (over := find_span(body, word.start())) is not None:
            return body[word.start() : over]
    return None


def with_new_time(line: TypedMaintenance, *, adds: bool) -> TypedMaintenance:
    """A line that moves a maintenance: with `adds`, “30m” and “23:30” alone say when it ends. What may say when, and
    was not understood, is asked about."""
    said, over = line.said, find_span(line.said.body, 0)
    if adds and line.start is not None and line.end is None:
        return replace(line, start=None, end=line.start)
    if adds and not line.has_window and over is not None:
        length = said.body[:over]
        return replace(line, said=replace(said, body=said.body[over:].strip()), end=Moment(length, span=length))
    if not line.has_window and (missed := _missed_window(said.body)) is not None:
        problem = f"Does “{missed}” say when? It stands among the words for the public."
        return replace(line, said=replace(said, problems=[*said.problems, problem]))
    return line


def with_shift(line: TypedMaintenance, *, postpones: bool) -> TypedMaintenance:
    """A line that moves a maintenance as a whole: “by 2 hours”, “+2h”, “2h later” or, where the verb `postpones`, any
    length of time."""
    end, said = line.end, line.said
    if line.start is None and end is not None:
        is_shift = bool(end.span) and (postpones or _BY.match(end.said) is not None)
        return replace(line, end=None, shift=end.span) if is_shift else line
    over = find_span(said.body, 0) if not line.has_window else None
    later = _LATER.match(said.body, over) if over is not None else None
    if over is None or not (later or postpones):
        return line
    body = said.body[later.end() if later else over :].strip()
    return replace(line, said=replace(said, body=body), shift=said.body[:over])


def _stray_minutes(end: Moment | None, body: str) -> str | None:
    """The `30` of “for 1h 30”."""
    found = _NUMBER_AFTER_HOURS.match(body) if end is not None and end.span.lower().endswith("h") else None
    return found[1] if found else None


def parse_maintenance(text: str, *, plans: bool = False, takes_times: bool = True) -> TypedMaintenance:
    """Read a line. Raises InvalidInputError for a secret alone: for everything else see `problems`.

    With `plans`, the line is about a new one: words before everything else are its name even without quotation marks.
    Without `takes_times`, a time is one of the words for the public.
    """
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(text)
    reader = _Reader(text, frozenset(), takes_bare_name=plans)
    said = reader.read() if takes_times else LineReader(text, frozenset()).read()
    if takes_times and (repeated := _REPEATED.match(said.body)) is not None:
        said.problems.append(f"“{repeated[0]}”: a maintenance happens once. Schedule each one by itself.")
    if takes_times and (second := _second_window(said.body)) is not None:
        said.problems.append(f"“{second}” looks like a second time: a maintenance has one. Schedule each by itself.")
    elif (late := _late_window(said.body)) is not None:
        said.problems.append(
            f"“{late}” stands among the words for the public: times come before them."
            if takes_times
            else f"“{late}” looks like a time, and this happens now. Leave it if people should read it."
        )
    elif takes_times and reader.start and reader.end and (doubt := find_doubt(said.body, reader.start, reader.end)):
        said.problems.append(doubt)
    elif plans and not (reader.start and reader.end) and (missed := _missed_window(said.body)) is not None:
        said.problems.append(f"Does “{missed}” say when? It stands among the words for the public.")
    if (minutes := _stray_minutes(reader.end, said.body)) is not None and reader.end is not None:
        whole = f"{reader.end.span}{minutes:0>2}"
        said.problems.append(f"Does “{minutes}” belong to “{reader.end.span}”? Then write {whole}.")
    return TypedMaintenance(said, reader.start, reader.end, reader.is_to)
