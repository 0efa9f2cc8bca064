"""`/keys request …` in one line: what a person typed, read as a request for a key."""

import difflib
import re
from dataclasses import dataclass, field
from datetime import timedelta

from desk.durations import find_duration, parse_duration
from desk.errors import InvalidInputError
from desk.people import SubjectWord
from handlers.slack.framework.command_line import (
    Word,
    as_written,
    cut,
    peek_word,
    split_reason,
    without_dashes,
)
from handlers.slack.framework.quotes import find_closing
from storage.models import Scope

_LIFETIME = re.compile(r"(\d{1,5})(d|days?|w|weeks?|mo|months?|y|years?)?", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_LONGEST_SPAN = 4
"""Words."""
_UNITS = re.compile(r"days?|weeks?|months?|years?", re.IGNORECASE)
_FIELDS = {
    "scope": "scopes",
    "scopes": "scopes",
    "page": "pages",
    "pages": "pages",
    "component": "components",
    "components": "components",
    "from": "networks",
    "for": "lifetime",
    "lifetime": "lifetime",
    "holder": "holder",
    "name": "name",
    "because": "purpose",
    "reason": "purpose",
    "purpose": "purpose",
}
_LISTS = frozenset({"scopes", "pages", "components", "networks"})
_ACTS = frozenset({"read", "write"})
_SCOPES = frozenset(scope.value for scope in Scope)


@dataclass(slots=True)
class TypedRequest:
    """What was understood of a line, in the words that were typed; None or empty for what was not said."""

    name: str | None = None
    purpose: str | None = None
    scopes: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    """Addresses and ranges from which it is called."""
    lifetime_days: int | None = None
    holder: SubjectWord | None = None
    problems: list[str] = field(default_factory=list)
    """What was not understood, in sentences."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed at all."""
        return self == TypedRequest()


def parse_request(text: str) -> TypedRequest:
    """Read a line such as `"terraform prod" scope:components:write page:acme for 90d because …`, in any order.

    The reason follows `because`, quoted or up to the end. Never raises: what is not understood is in `problems`.
    """
    head, reason = _split_reason(text)
    found = TypedRequest(purpose=reason)
    try:
        words = cut(head)
    except InvalidInputError as error:
        found.problems.append(str(error))
        return found
    bare: list[str] = []
    position = 0
    while position < len(words):
        position = _read(words, position, found, bare)
    _settle_name(found, bare)
    return found


def _split_reason(text: str) -> tuple[str, str | None]:
    head, tail = split_reason(text)
    if tail is None:
        head, tail = _behind_reason(text)
    if tail is None:
        return text, None
    closed = find_closing(tail, 0)
    if closed is not None and _is_all_fields(tail[closed + 1 :]):
        return f"{head} {tail[closed + 1 :]}", as_written(tail[1:closed].strip()) or None
    return head, as_written(tail) or None


def _behind_reason(text: str) -> tuple[str, str | None]:
    """The same of “reason: we automate it”, which goes on to the end as “because” does."""
    position = 0
    while (word := peek_word(text, position)) is not None:
        if word.kind == "pair" and not word.text and _FIELDS.get(word.key) == "purpose":
            return text[: word.start].strip(), text[word.end :].strip()
        position = word.end
    return text, None


def _is_all_fields(text: str) -> bool:
    """Whether the words after a quoted reason belong to the request, and not to the reason."""
    try:
        words = cut(text)
    except InvalidInputError:
        return False
    found, bare, position = TypedRequest(), list[str](), 0
    while position < len(words):
        position = _read(words, position, found, bare)
    return not bare and not found.problems


def _read(words: list[Word], position: int, found: TypedRequest, bare: list[str]) -> int:
    """Read the word at `position` and those that belong to it; gives the position after them."""
    word = words[position]
    if word.kind == "pair" and word.sign == "=" and word.key not in _FIELDS:
        # “env=prod” is a name.
        bare.append(word.as_typed)
        return position + 1
    if word.kind == "pair":
        return _read_pair(words, position, found)
    if word.kind in {"user", "group"}:
        found.holder = SubjectWord(word.kind, word.text)
    elif word.kind == "quoted":
        _set_name(found, word.text)
    elif without_dashes(word.text) == "for" and (after := _read_lifetime(words, position + 1, found)) is not None:
        return after
    elif word.text.lower() == "on" and position + 1 < len(words) and words[position + 1].kind in {"word", "quoted"}:
        return _read_page(words, position + 1, found)
    elif word.text.lower() in {"until", "till"}:
        return _read_until(words, position, found)
    else:
        bare.append(word.text)
    return position + 1


def _read_pair(words: list[Word], position: int, found: TypedRequest) -> int:
    word = words[position]
    whole = f"{word.key}:{word.text}"
    if whole.lower().rstrip(",") in _SCOPES:
        found.scopes.append(whole.rstrip(","))
        return position + 1
    name = _FIELDS.get(word.key)
    if name is None or (name == "components" and word.text.lower().rstrip(",") in _ACTS):
        close = difflib.get_close_matches(whole.lower().rstrip(","), sorted(_SCOPES), n=1, cutoff=0.75)
        meant = f" Did you mean “{close[0]}”?" if close else ""
        found.problems.append(f"I did not understand “{word.as_typed}”.{meant}")
        return position + 1
    value, position = word.text, position + 1
    while position < len(words):
        following = words[position]
        # A comma may also stand behind a closing quotation mark.
        if value and not value.endswith(",") and not following.as_typed.startswith(","):
            break
        if following.kind == "pair" and f"{following.key}:{following.text}".lower().rstrip(",") not in _SCOPES:
            break
        value += following.as_typed
        position += 1
    _set_field(found, name, value)
    return position


def _set_field(found: TypedRequest, name: str, value: str) -> None:
    value = value.strip()
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if not parts:
        found.problems.append(f"Nothing follows “{name}:”.")
    elif name in _LISTS:
        getattr(found, name).extend(parts)
    elif name == "name":
        _set_name(found, value)
    elif name == "purpose":
        found.purpose = value
    elif name == "holder":
        mention = re.fullmatch(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>", value)
        found.holder = SubjectWord("user", mention[1]) if mention else SubjectWord("name", value)
    elif (days := _lifetime(value)) is not None:
        found.lifetime_days = days
    else:
        found.problems.append(f"“{value}” is not a lifetime: write for example 90d or 12w.")


def _set_name(found: TypedRequest, name: str) -> None:
    if found.name:
        found.problems.append(f"I did not understand “{name}” beside the name “{found.name}”.")
    else:
        found.name = name.strip() or None


def _read_lifetime(words: list[Word], position: int, found: TypedRequest) -> int | None:
    """The position after `90d`, `90 days` or `90`; None when no lifetime stands there."""
    if position >= len(words) or words[position].kind != "word":
        return None
    text, after = words[position].text, position + 1
    if text.isdigit() and after < len(words) and _UNITS.fullmatch(words[after].text):
        text, after = text + words[after].text, after + 1
    days = _lifetime(text)
    if days is None:
        after, days = _read_span(words, position)
    if days is None:
        return None
    found.lifetime_days = days
    return after


def _lifetime(text: str) -> int | None:
    match = _LIFETIME.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    return int(match[1]) * _DAYS[(match[2] or "d")[0].lower()]


def _read_span(words: list[Word], position: int) -> tuple[int, int | None]:
    """`three months`, `a year`: where it is over, and its days."""
    for end in range(min(position + _LONGEST_SPAN, len(words)), position, -1):
        if (days := _span(words[position:end])) is not None:
            return end, days
    return position, None


def _span(words: list[Word]) -> int | None:
    text = " ".join(word.text for word in words)
    if find_duration(text, 0) != len(text):
        return None
    try:
        days = parse_duration(text) / timedelta(days=1)
    except InvalidInputError:
        return None
    return int(days) if days >= 1 and days == int(days) else None


def _read_page(words: list[Word], position: int, found: TypedRequest) -> int:
    """The position after `on acme`, `on all` or `on all pages`."""
    word, after = words[position], position + 1
    found.pages.append(word.text)
    is_all = word.text.lower() == "all" and after < len(words) and words[after].text.lower() in {"page", "pages"}
    return after + 1 if is_all else after


def _read_until(words: list[Word], position: int, found: TypedRequest) -> int:
    """A lifetime counts from a day that nobody knows yet, so that it has no end to be named."""
    after = position + 1
    while after < len(words) and words[after].kind == "word" and words[after].text.lower() not in {"on", "for"}:
        after += 1
    until = " ".join(word.as_typed for word in words[position:after])
    found.problems.append(f"“{until}”: a lifetime counts from when the key is collected. Write for example for 90d.")
    return after


def _settle_name(found: TypedRequest, bare: list[str]) -> None:
    if bare and found.name is None:
        found.name = " ".join(bare)
    elif bare:
        found.problems.append(f"I did not understand “{' '.join(bare)}”.")
