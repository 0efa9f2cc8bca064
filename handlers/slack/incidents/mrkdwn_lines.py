"""One paragraph of Markdown as lines of mrkdwn, in which only what is meant as a mark is one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from handlers.slack.blocks import escape

APART = "\u200b"
"""Nothing to see; it makes an edge of a word where Slack wants one."""
_MARKS = {"strong": "*", "em": "_", "s": "~"}
_BEFORE_MARK = re.compile(r"[\s(\[{\"'“‘.,;:!?/\u2010-\u2015\u200b-]")
_AFTER_MARK = re.compile(r"[\s)\]}\"'”’.,;:!?/\u2010-\u2015\u200b-]")
_EMOJI_NAME = re.compile(r"(?<!\d):(?=[a-z0-9_+'-]+:)")
_LITERAL = re.compile(r"(?<![^\W_])[*_~](?!\s|\Z)|(?<!\s)(?<!^)[*_~](?![^\W_])")
_LIKE = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})
"""Signs that look the same and mean nothing to Slack, which knows no way to escape its own."""
_LIVING = re.compile(r"(?:https?://|mailto:)[^\s<>|]+", re.IGNORECASE)


def inline_lines(tokens: Sequence[Token], *, is_bold: bool = False) -> list[str]:
    """A paragraph's lines; marks never reach over the end of a line."""
    spans = _Spans()
    if is_bold:
        spans.open("*")
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.type == "link_open":
            end = next(at for at in range(position, len(tokens)) if tokens[at].type == "link_close")
            spans.add(_link(str(token.attrGet("href") or ""), plain_words(tokens[position + 1 : end])))
            position = end
        else:
            _take(spans, token)
        position += 1
    return spans.finish()


def plain_words(tokens: Iterable[Token]) -> str:
    """The words of a paragraph without their marks, in one line."""
    words = (" " if token.type in ("softbreak", "hardbreak") else token.content for token in tokens)
    return " ".join("".join(words).split())


def _take(spans: "_Spans", token: Token) -> None:
    name, _, side = token.type.rpartition("_")
    if name in _MARKS:
        (spans.open if side == "open" else spans.close)(_MARKS[name])
    elif token.type in ("softbreak", "hardbreak"):
        spans.break_line()
    elif token.type == "code_inline" and token.content.strip():
        spans.add(code(token.content), is_marked=True)
    elif token.content:
        spans.add(literal(token.content))


def code(text: str) -> str:
    """A code span."""
    return f"`{escape(text.strip().replace('`', 'ˋ'))}`"


def literal(text: str) -> str:
    """Words of which Slack makes nothing: no mention, no mark, no emoji."""
    return escape(" ".join(_unmarked(word) for word in text.split(" ")))


def _unmarked(word: str) -> str:
    if "://" in word:
        return word
    named = _EMOJI_NAME.sub(f":{APART}", word)
    return _LITERAL.sub(lambda match: match[0].translate(_LIKE), named).replace("`", "ˋ")


def _link(href: str, label: str) -> str:
    if not _LIVING.fullmatch(href):
        return literal(label or href)
    shown = literal(label).replace("|", "∣") or escape(href)
    return f"<{escape(href)}|{shown}>"


@dataclass(slots=True)
class _Spans:
    """Writes lines. A mark is opened where its first words are, and closed where its last are."""

    lines: list[str] = field(default_factory=list)
    line: str = ""
    wanted: list[str] = field(default_factory=list)
    """Marks that are on, the outermost first, nested ones of a kind each by itself."""
    opened: list[str] = field(default_factory=list)
    """Those of them that stand in this line."""
    is_after_mark: bool = False

    def open(self, mark: str) -> None:
        """From here on, marked."""
        self.wanted.append(mark)

    def close(self, mark: str) -> None:
        """Up to here."""
        self.wanted.reverse()
        self.wanted.remove(mark)
        self.wanted.reverse()
        if mark in self.opened and mark not in self.wanted:
            self._end(self.opened.index(mark))

    def add(self, content: str, *, is_marked: bool = False) -> None:
        """Words, a link or code (`is_marked`), ready as Slack takes them."""
        missing = [mark for mark in dict.fromkeys(self.wanted) if mark not in self.opened]
        if missing or is_marked:
            is_inside = bool(self.opened) and self.line.endswith(self.opened[-1]) and not self.is_after_mark
            if self.line and not is_inside and not _BEFORE_MARK.match(self.line[-1]):
                self.line += APART
        elif self.is_after_mark and not _AFTER_MARK.match(content):
            self.line += APART
        if not self.line and content.startswith("&gt;"):
            self.line = APART
        self.line += "".join(missing) + content
        self.opened += missing
        self.is_after_mark = is_marked

    def break_line(self) -> None:
        """The next line; what is on stays on."""
        self._end(0)
        self.lines.append(self.line)
        self.line = ""
        self.is_after_mark = False

    def finish(self) -> list[str]:
        """All lines."""
        self.break_line()
        return self.lines

    def _end(self, first: int) -> None:
        if self.opened[first:]:
            self.line += "".join(reversed(self.opened[first:]))
            del self.opened[first:]
            self.is_after_mark = True
