"""What the doctor says of one thing."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    LOOK = "look"
    """Nothing that can be seen from here: somebody has to look."""
    WARNING = "warning"
    """It works, and will not for long, or not for everybody."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is called, how it is in a sentence, and what to do."""

    what: str
    state: State
    sentence: str
    hint: str = ""

    @classmethod
    def ok(cls, what: str, sentence: str) -> "Finding":
        """It is as it must be."""
        return cls(what, State.OK, sentence)

    @classmethod
    def problem(cls, what: str, sentence: str, hint: str) -> "Finding":
        """It keeps Keydesk, or a part of it, from working."""
        return cls(what, State.PROBLEM, sentence, hint)

    @classmethod
    def warning(cls, what: str, sentence: str, hint: str) -> "Finding":
        """It works all the same."""
        return cls(what, State.WARNING, sentence, hint)

    @classmethod
    def look(cls, what: str, sentence: str, hint: str) -> "Finding":
        """The doctor cannot tell."""
        return cls(what, State.LOOK, sentence, hint)
