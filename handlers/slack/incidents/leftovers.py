"""What stands among the words for the public and looks as if it was meant for Keydesk. Pure.

Nothing is published that somebody typed as a command: such a line goes to its form, with a sentence, and whoever
meant it as text sends the form as it is.
"""

import difflib
import re
from collections.abc import Iterator

from desk.errors import InvalidInputError
from desk.incidents.words import find_state
from handlers.slack.framework.command_line import Word, next_word
from storage.models import IncidentStatus

OF_OTHERS = frozenset({"status", "state", "severity", "sev", "priority"})
"""What other tools have for options."""
_IS = frozenset({"is", "are", "now", "to"})
"""In small letters, with one of these begins no sentence."""
_NEVER_WORDS = OF_OTHERS | {"notify", "quiet", "quietly", "silent", "silently"}
_STATUSES = [status.value for status in IncidentStatus]
_SEVERAL = re.compile(r"[/|+&]")
_NEAR = 0.8
_FIRST_WORDS = 8
"""So far into a sentence a status may still be meant as one."""
_BEFORE_VERB = re.compile(
    "is|are|was|were|be|been|being|am|isn't|aren't|wasn't|has|have|had|hasn't|haven't|get|got|we|i|they|it|and|or|but"
    "|to|a|an|the|our|this|by|for|of|with|via|in|no|started|continues?|keep|kept",
    re.IGNORECASE,
)
"""Right before a status, with an adverb between or none, these make it a word of a sentence: “has been resolved”."""
_ADVERB = re.compile(r"\w+ly|still|now|not|also|all|already|mostly|been|being", re.IGNORECASE)
_CONTRACTED = re.compile(r"\w+'(?:s|re|ve|m|d)", re.IGNORECASE)
_BEFORE_NOUN = re.compile("the|this|that|our|your|a|an|each|every|affected|impacted|following", re.IGNORECASE)
"""A word or two before “page:”, these make it a noun of a sentence."""
DASHED = re.compile(r"(?:--|[—–])([A-Za-z][\w-]*)")
_SEVERITY = re.compile(
    r"(?:sev(?:erity)?[-_]?[0-5]|p[0-5])[.:,]?|\[(?:sev(?:erity)?[-_ ]?[0-5]|p[0-5]|critical|major|minor)\]",
    re.IGNORECASE,
)
_QUIETLY = frozenset({"quietly", "quiet", "silently", "silent"})
_WORDS = frozenset({"message", "msg", "body", "text", "description"})
"""What forms call the words for the public."""
_IMPACTS = frozenset({"minor", "major", "critical"})
_BEFORE_STATE = re.compile("is|are|was|now|to|at|has|in|→|->|=>|-&gt;|=&gt;|=|＝")
"""What people put between a component and its state."""
_NOT_SAID = re.compile(
    "all|both|everything|it|them|this|that|please|now|yes|ok|incident|confirm|cancel|cancell?ed|postponed|delayed"
    "|rescheduled|started|finished"
)
"""What people type for Keydesk, and nobody says to readers."""
_APART = re.compile(
    r"(?:impact|severity|sev|priority)\s+(?:none|minor|major|critical|[0-5])\b|remind(?:er)?\s+(?:(?:in|every|me)\b|\d)",
    re.IGNORECASE,
)
"""An option that is written as words."""
_INFLECTED = re.compile(
    "investigat(?:ions?|ors|ed?)|monitor(?:s|ed)?|identif(?:y|ies|ying)|resolv(?:es?|ing)|schedul(?:es?|ing)"
    "|verif(?:y|ies|ied)|complet(?:es?|ing)"
)
"""Words of the language that are merely like a status."""


def list_leftovers(body: str, options: frozenset[str], *, has_status: bool) -> list[str]:
    """A sentence for each thing in the words for the public that looks like an option, a status or a name.

    After a status everything is for the public but a pair of a name that a line knows, and what `_at_beginning` says.
    """
    words = list(_words(body))
    found = [
        _pair(word)
        for at, word in enumerate(words)
        if word.kind == "pair" and word.key in options and not (not word.text and _is_noun(words[:at]))
    ]
    found += [
        _unknown_pair(word, options)
        for word in words[1:]
        if _is_slip_of_option(word, options) or (word.kind == "pair" and word.text and word.key in _NEVER_WORDS)
    ]
    found += [_dashed(word) for at, word in enumerate(words) if _is_dashed(word, options, is_first=at == 0)]
    begins = _at_beginning(words, body, options, has_status=has_status) if words else None
    return [*found, begins] if begins is not None else found


def _at_beginning(words: list[Word], body: str, options: frozenset[str], *, has_status: bool) -> str | None:
    """The same of the first words, where most of it is typed."""
    first = words[0]
    if first.kind == "pair" and first.sign == "=" and find_state(first.text) is not None:
        said = first.as_typed
        return f"“{said}” looks like a component's state: write component:{said} before the words."
    if first.kind == "word" and first.text.rstrip(",:;") in _QUIETLY:
        return f"Should people read “{first.text}”? Whether they are notified is said by the button."
    if first.text in {"component", "components"} and any(_is_state(word) for word in words[1:_FIRST_WORDS]):
        return f"“{first.text}” looks like an option: write component:name=degraded before the words."
    if first.kind == "pair" and not first.text and first.key in _WORDS and body[0].islower():
        return f"Should people read “{first.as_typed}”? Else take it out."
    if (apart := _APART.match(body)) is not None:
        return f"“{apart[0]}” looks like an option: write impact:major or remind:4 before the words."
    if has_status:
        return None
    if len(words) == 1 and first.kind == "word" and _NOT_SAID.fullmatch(bare := first.text.strip(".,;:!").lower()):
        return f"Should people read “{bare}”? Else take it out."
    if first.kind == "pair" and first.text and not first.text.startswith("//") and first.key not in options:
        return _unknown_pair(first, options)
    if first.kind == "quoted":
        return f"“{first.text}” stands in quotation marks at the beginning, and I did not know what it names."
    if first.kind == "word" and first.text.startswith("="):
        return f"“{first.text}” stands at the beginning, and I did not know of what."
    if (first.kind == "word" and _SEVERITY.fullmatch(first.text)) or _is_impact(words):
        return f"If “{first.text or first.key}” is how bad it is, write impact:critical, major, minor or none."
    return _status(words)


def _is_state(word: Word) -> bool:
    return word.kind == "word" and find_state(word.text.lower().strip(".,;:!")) is not None


def _is_impact(words: list[Word]) -> bool:
    """Whether the words begin with how bad it is: “major We look”, and not “major parts are slow”."""
    first = words[0]
    if first.kind == "pair":
        return not first.text and first.key in _IMPACTS
    goes_on = len(words) > 1 and not words[1].text[:1].isupper() and first.text.isalpha()
    return first.text.strip(".,;:") in _IMPACTS and not goes_on


def find_stray_state(body: str, *, is_stateless: bool) -> str | None:
    """A component's state with which the words for the public begin, as in “is degraded”, where the last component
    before them `is_stateless`, or it can be no other word."""
    words = [word.lower().strip(".,:") for word in body.split()[:_FIRST_WORDS]]
    while is_stateless and words and _BEFORE_STATE.fullmatch(words[0]):
        words.pop(0)
    said = next((" ".join(words[:count]) for count in (2, 1) if words and find_state("".join(words[:count]))), None)
    return said if said is not None and (is_stateless or "_" in said) else None


def list_in_name(name: str, options: frozenset[str]) -> list[str]:
    """The same of words that became a name because nothing else stood before them."""
    words = list(_words(name))
    pairs = [word for word in words if word.kind == "pair" and word.text and not word.text.startswith("//")]
    found = [
        _unknown_pair(word, options)
        for word in pairs
        if word.key in options | OF_OTHERS or _is_slip_of_option(word, options)
    ]
    dashed = [
        word
        for word in words
        if word.kind == "word"
        and (named := DASHED.fullmatch(word.text))
        and (named[1].lower() in options | OF_OTHERS | {"name", "title"})
    ]
    return [*found, *map(_dashed, dashed)]


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


def _is_dashed(word: Word, options: frozenset[str], *, is_first: bool) -> bool:
    """Whether a word is written as options of programs are, which keyboards make one dash of."""
    named = DASHED.fullmatch(word.text) if word.kind == "word" else None
    return named is not None and (
        named[1].lower() in options | {"name", "title"} | _NEVER_WORDS or (is_first and word.text[0] == "-")
    )


def _dashed(word: Word) -> str:
    return f"“{word.text}” looks like an option: those are written before the words, as name:value."


def _is_noun(before: list[Word]) -> bool:
    """Whether “page:” goes on with “use the old …”, with a noun that a colon happens to follow."""
    return any(_BEFORE_NOUN.fullmatch(word.text) for word in before[-2:])


def _is_slip_of_option(word: Word, options: frozenset[str]) -> bool:
    if word.kind != "pair" or word.key in options or not word.text or word.text.startswith("//"):
        return False
    return bool(difflib.get_close_matches(word.key, options, n=1, cutoff=_NEAR))


def _unknown_pair(word: Word, options: frozenset[str]) -> str:
    close = difflib.get_close_matches(word.key, sorted(options), n=1)
    meant = f"Did you mean “{close[0]}:”?" if close else "Leave it if people should read it."
    return f"I did not understand “{word.as_typed}”. {meant}"


def _status(words: list[Word]) -> str | None:
    for at, word in enumerate(words[:_FIRST_WORDS]):
        # “to monitoring: …”
        said = word.key if word.kind == "pair" and not word.text else word.text
        bare = said.lower().strip(".,;:!") if word.kind == "word" or said != word.text else ""
        several = _SEVERAL.split(bare) if at == 0 else []
        if len(several) > 1 and all(one in _STATUSES for one in several):
            return f"“{bare}” is more than one status. Write the one that it has."
        is_said = at == 1 and words[0].text in _IS
        if bare in _STATUSES and (is_said or not _goes_on(words[:at])):
            return f"“{bare}” stands among the words for the public: if it is the status, it comes right before them."
    first = words[0].text.lower().strip(".,;:!")
    is_like_one = words[0].kind == "word" and not _INFLECTED.fullmatch(first)
    close = difflib.get_close_matches(first, _STATUSES, n=1, cutoff=_NEAR) if is_like_one else []
    return f"“{words[0].text}” is no status. Did you mean “{close[0]}”?" if close else None


def _goes_on(before: list[Word]) -> bool:
    """Whether a sentence goes on with the next word: “We are currently …” does, “checkout errors …” does not."""
    typed = [word.text for word in before]
    if typed and typed[-1].endswith((".", ",", ";", "!", "?")):
        return True
    while typed and _ADVERB.fullmatch(typed[-1]) and not _BEFORE_VERB.fullmatch(typed[-1]):
        typed.pop()
    last = typed[-1].replace("’", "'") if typed else ""
    return any(pattern.fullmatch(last) for pattern in (_BEFORE_VERB, _CONTRACTED))
