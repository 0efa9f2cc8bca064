"""What stands among the words for the public and looks as if it was meant for Keydesk. Pure.

Nothing is published that somebody typed as a command: such a line goes to its form, with a sentence, and whoever
meant it as text sends the form as it is.
"""

import difflib
from collections.abc import Iterator

from desk.errors import InvalidInputError
from handlers.slack.framework.command_line import Word, next_word
from storage.models import IncidentStatus

_STATUSES = [status.value for status in IncidentStatus]
_NEAR = 0.8
_FIRST_WORDS = 8
"""So far into a sentence a status may still be meant as one."""


def list_leftovers(body: str, options: frozenset[str], *, has_status: bool) -> list[str]:
    """A sentence for each thing in the words for the public that looks like an option, a status or a name.

    After a status everything is for the public but a pair of a name that a line knows.
    """
    words = list(_words(body))
    found = [_pair(word) for word in words if word.kind == "pair" and word.key in options]
    if has_status or not words:
        return found
    first = words[0]
    if first.kind == "pair" and first.text and not first.text.startswith("//") and first.key not in options:
        found.append(_unknown_pair(first, options))
    elif first.kind == "quoted":
        found.append(f"“{first.text}” stands in quotation marks at the beginning, and I did not know what it names.")
    elif (status := _status(words)) is not None:
        found.append(status)
    return found


def _words(body: str) -> Iterator[Word]:
    position = 0
    while position < len(body):
        try:
            word = next_word(body, position)
        except InvalidInputError:
            # A quotation mark in the words for the public is theirs.
            position += len(body[position:]) - len(body[position:].lstrip()) + 1
            continue
        if word is None:
            return
        yield word
        position = word.end


def _pair(word: Word) -> str:
    return f"“{word.as_typed}” stands among the words for the public: options come before them."


def _unknown_pair(word: Word, options: frozenset[str]) -> str:
    close = difflib.get_close_matches(word.key, sorted(options), n=1)
    meant = f"Did you mean “{close[0]}:”?" if close else "Leave it if people should read it."
    return f"I did not understand “{word.as_typed}”. {meant}"


def _status(words: list[Word]) -> str | None:
    for word in words[:_FIRST_WORDS]:
        bare = word.text.lower().strip(".,;:!") if word.kind == "word" else ""
        if bare in _STATUSES:
            return f"“{bare}” stands among the words for the public: if it is the status, it comes right before them."
    first = words[0].text.lower().strip(".,;:!")
    close = difflib.get_close_matches(first, _STATUSES, n=1, cutoff=_NEAR) if words[0].kind == "word" else []
    return f"“{words[0].text}” is no status. Did you mean “{close[0]}”?" if close else None
