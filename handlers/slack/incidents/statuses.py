"""A status in a line, and whether it is a word of the sentence that follows. Pure."""

import re

from desk.incidents.words import STATUSES, find_status
from handlers.slack.framework.command_line import Word, peek_word
from storage.models import IncidentStatus

STOPS = ":.,;!…"
"""What may stand right behind a status."""
_MARKS = "*_`"
"""Of Slack's formatting."""
_SENTENCE_GOES_ON = re.compile(
    "as|by|of|the|our|for|with|from|is|has|shows?|reports|and|that|why|whether|how|what|if|in|to|your|their|this"
    "|these|it|its|closely|further|now|again"
)
"""“Monitoring the fix” says the status, and is a sentence as well."""


def find_status_at(text: str, word: Word) -> tuple[IncidentStatus, int] | None:
    """`monitoring`, `status:monitoring` or `in progress`, and where it is over."""
    if word.kind == "pair" and word.key == "status" and (status := find_status(word.text)) is not None:
        return status, word.end
    if word.kind == "pair" and word.sign == ":" and word.key in STATUSES:
        # “monitoring: the fix is out”, with or without a blank.
        return STATUSES[word.key], word.start + len(word.key) + 1
    if word.kind != "word":
        return None
    if (status := find_status(word.text.strip(_MARKS).rstrip(STOPS))) is not None:
        return status, word.end
    following = peek_word(text, word.end)
    if following is None or following.kind not in {"word", "pair"}:
        return None
    second = following.key if following.kind == "pair" and following.sign == ":" else following.text.rstrip(STOPS)
    two = f"{word.text}_{second}".lower()
    end = following.start + len(second) + 1 if following.kind == "pair" else following.end
    return (STATUSES[two], end) if two in STATUSES else None


def goes_on(text: str, word: Word, end: int) -> bool:
    """Whether a status begins a sentence that goes on behind it: “identified as a bad deploy”."""
    following = peek_word(text, end)
    is_continued = following is not None and _SENTENCE_GOES_ON.fullmatch(following.text) is not None
    # On a line of its own it is the status alone.
    is_apart = following is None or "\n" in text[end : following.start]
    return is_continued and not is_apart and word.kind == "word" and not word.text.endswith(tuple(STOPS))
