"""`/maintenance …` in one line: as `/incident`, and when it begins and ends.

"Database upgrade" on acme component:search from 2026-12-01 22:00 until 2026-12-02 01:00 We move to …
"""

from dataclasses import dataclass

from desk.secret import refuse_secrets
from handlers.slack.incidents.parsing import LineReader, TypedIncident
from handlers.slack.maintenances.times import Moment, find_moment
from handlers.slack.words import Word


@dataclass(frozen=True, slots=True)
class TypedMaintenance:
    """What was understood of a line; None for what was not said."""

    said: TypedIncident
    start: Moment | None = None
    end: Moment | None = None

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

    def take(self, word: Word) -> bool:
        """Whether the word begins an option or a time."""
        if word.kind != "word" or (found := find_moment(self.text, self.position)) is None:
            # Not super(): a dataclass with slots is made anew, and super() looks for the one before.
            return LineReader.take(self, word)
        moment, end = found
        if moment.is_start and self.start is None:
            self.start = moment
        elif not moment.is_start and self.end is None:
            self.end = moment
        else:
            return False
        self.position = end
        return True


def parse_maintenance(text: str) -> TypedMaintenance:
    """Read a line. Raises InvalidInputError for a secret alone: for everything else see `problems`."""
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(text)
    reader = _Reader(text, frozenset())
    said = reader.read()
    return TypedMaintenance(said, reader.start, reader.end)
