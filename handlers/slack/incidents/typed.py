"""What a line about an incident may say, and what was understood of one. Pure."""

import re
from dataclasses import dataclass, field, replace

from desk.incidents.words import find_state
from desk.pages.status import Impact
from handlers.slack.framework.command_line import Word, as_written, peek_word
from storage.models import ComponentStatus, IncidentStatus

ID = re.compile(r"[a-z0-9]{12}")
_PERMALINK = re.compile(r"<?https?://[^\s<>|]*/incidents/([a-z0-9]{12})\b[^\s<>]*>?")
_COMMA = re.compile(r"\s*[,、，]")
_UNNAMED = re.compile(r"(<@[A-Z0-9]+\|?>|<!subteam\^[A-Z0-9]+\|?>)")


@dataclass(slots=True)
class TypedIncident:
    """What was understood of a line; None or empty for what was not said."""

    quoted: str | None = None
    """The first quoted words: a new incident's name, or which incident is meant."""
    bare: str = ""
    """Words in the place of a name without quotation marks, where the command takes such."""
    incident: str | None = None
    """An incident's id, where one stood at the beginning."""
    page: str | None = None
    components: list[tuple[str, ComponentStatus | None]] = field(default_factory=list)
    """What was typed for each, and the state that it takes on (None: it stays)."""
    status: IncidentStatus | None = None
    impact: Impact | None = None
    template: str | None = None
    remind: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    """For the placeholders of a template."""
    options: dict[str, str] = field(default_factory=dict)
    """Options that the command itself reads, such as `from` and `until`."""
    body: str = ""
    """As it was typed, with Slack's signs in it."""
    problems: list[str] = field(default_factory=list)
    doubt: str = ""
    """What was read as the status, and may be no more than the first word of the sentence that follows."""
    page_words: str = field(default="", compare=False)
    """The page as it was typed, where the words for the public follow at once: it may have been the first of them."""
    page_at: int | None = field(default=None, compare=False)
    """Where `on` stands, where a page was named so."""
    behind_page: str = field(default="", compare=False)
    """The first word behind the page and a comma, which may be another page."""
    status_words: str = field(default="", compare=False)
    """The same of the status."""

    def without_page(self) -> "TypedIncident":
        """The line with what was read as its page among the words for the public."""
        return replace(self, page=None, page_words="", body=f"{self.page_words} {self.body}".strip())

    def without_status(self) -> "TypedIncident":
        """The line with what was read as its status among the words for the public."""
        return replace(self, status=None, status_words="", body=f"{self.status_words} {self.body}".strip())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed at all."""
        return self == TypedIncident()


def quoted_words(text: str, word: Word) -> str:
    """What stands between quotation marks. A mention without a name stays Slack's: it is given one, with a warning,
    where the words become public."""
    return name_words(text[word.start + 1 : word.end - 1])


def name_words(text: str) -> str:
    """The words of a name as they were typed: see `quoted_words`."""
    pieces = _UNNAMED.split(text)
    return "".join(piece if _UNNAMED.fullmatch(piece) else as_written(piece) for piece in pieces).strip()


def before_comma(text: str, word: Word) -> Word:
    """A word without the comma or colon that is typed right behind it."""
    bare = word.text.rstrip(",;:") if text[word.end - 1] in ",;:" else word.text
    return replace(word, text=bare, end=word.end - len(word.text) + len(bare)) if bare else word


def behind_comma(text: str, position: int) -> str:
    """The first word of a line behind a comma that stands at a position; empty where none does."""
    comma = _COMMA.match(text, position)
    following = peek_word(text, comma.end()) if comma is not None else None
    return following.text.strip(".,;:!") if following is not None else ""


def find_incident_id(text: str, word: Word) -> str | None:
    """The id of an incident that a word is, or that the link names which it is."""
    if link := _PERMALINK.fullmatch(text[word.start : word.end]):
        return link[1]
    named = word.text.rstrip(":,")
    # Without a digit it is a word of the language.
    return named if ID.fullmatch(named) and any(mark.isdigit() for mark in named) else None


def split_reference(text: str) -> tuple[str, str]:
    """An incident's quoted name, id or link at the beginning of a line, and what follows; the whole line where it
    begins with words, of which nobody knows where a name ends."""
    word = peek_word(text, 0)
    if word is None or (word.kind != "quoted" and find_incident_id(text, word) is None):
        return text, ""
    return text[: word.end].rstrip(":,"), text[word.end :].strip()


def with_states(names: str, state: ComponentStatus | None) -> list[tuple[str, ComponentStatus | None]]:
    """`a,b=up,c` with the state of the last: each takes the state that stands behind it or, without, the next one."""
    found: list[tuple[str, ComponentStatus | None]] = []
    for typed in reversed([name for name in names.split(",") if name]):
        name, _, own = typed.partition("=")
        state = find_state(own) or state
        found.insert(0, (name if find_state(own) else typed, state))
    return found
