"""The public's Markdown as Slack shows it, for previews and announcements."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import zip_longest

from markdown_it.token import Token

from desk.incidents.markdown import make_parser
from handlers.slack.framework.blocks import escape, trim

_PARSER = make_parser()
_RULE = "─" * 12
_FENCE = "```"


def render_mrkdwn(markdown: str, *, limit: int) -> str:
    """The text as mrkdwn of at most `limit` characters. Links live; nothing else that somebody wrote does."""
    markup = _render(markdown)
    cut = trim(markup, limit=limit)
    room = limit - len(_FENCE) - 1
    if not _is_open(cut) or room < 1:
        return cut
    # Code that was cut ends where the text does.
    shorter = trim(markup, limit=room)
    return f"{shorter}\n{_FENCE}" if _is_open(shorter) else shorter


@lru_cache(256)
def _render(markdown: str) -> str:
    """The same text is shown over and over: in Home tabs, lists, cards and forms."""
    writer = _Writer()
    for token in _PARSER.parse(markdown):
        writer.take(token)
    return "\n".join(writer.lines).strip("\n")


def _is_open(markup: str) -> bool:
    return markup.count(_FENCE) % 2 == 1


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table's rows in columns; the first row is its head."""
    widths = [max(len(cell) for cell in column) for column in zip_longest(*rows, fillvalue="")]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    return [lines[0], "─" * len(lines[0]), *lines[1:]] if lines else []


@dataclass(slots=True)
class _List:
    """A list that is being written: the number of its next item, or None for bullets."""

    number: int | None
    bullet: str = ""


@dataclass(slots=True)
class _Writer:
    lines: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    quotes: list[int] = field(default_factory=list)
    """For each quotation that is open, how many lists were open when it began."""
    is_heading: bool = False
    rows: list[list[str]] = field(default_factory=list)

    def take(self, token: Token) -> None:
        """Write one block's token."""
        name, _, side = token.type.rpartition("_")
        if name in ("bullet_list", "ordered_list"):
            self._list(token, opens=side == "open")
        elif token.type == "list_item_open":
            self._item()
        elif name == "blockquote":
            self._quote(opens=side == "open")
        elif name == "heading":
            self.is_heading = side == "open"
        elif token.type == "inline":
            self._inline(token)
        elif token.type in ("fence", "code_block"):
            self._code(token.content.removesuffix("\n").split("\n"))
        elif token.type == "hr":
            self._write([_RULE])
        elif token.type == "tr_open":
            self.rows.append([])
        elif token.type == "table_close":
            self._code(_aligned(self.rows))
            self.rows = []
        if side == "close" and token.level == 0:
            self._end()

    def _list(self, token: Token, *, opens: bool) -> None:
        if not opens:
            self.lists.pop()
            return
        start = token.attrGet("start")
        first = 1 if start is None else int(start)
        self.lists.append(_List(first if token.type.startswith("ordered") else None))

    def _item(self) -> None:
        current = self.lists[-1]
        if current.number is None:
            current.bullet = "• " if len(self.lists) % 2 else "◦ "
        else:
            current.bullet = f"{current.number}. "
            current.number += 1

    def _quote(self, *, opens: bool) -> None:
        if opens:
            self.quotes.append(len(self.lists))
        else:
            self.quotes.pop()

    def _inline(self, token: Token) -> None:
        if self.rows:
            self.rows[-1].append(" ".join(plain_words(token.children or ()).split()))
            return
        self._write(inline_lines(token.children or (), is_bold=self.is_heading))

    def _code(self, lines: Sequence[str]) -> None:
        if self.quotes:
            # Slack knows no code block within a quotation.
            self._write([code(line) if line.strip() else "" for line in lines])
            return
        if self.lists and self.lists[-1].bullet:
            self._write([""])
        # Three backticks in a row would end the block.
        safe = [escape(line).replace("``", f"`{APART}`") for line in lines]
        self.lines += [_FENCE, *(line.replace("``", f"`{APART}`") for line in safe), _FENCE]
        self._end_paragraph()

    def _write(self, lines: Sequence[str]) -> None:
        first, rest = self._margins()
        self.lines += [f"{rest if index else first}{line}" for index, line in enumerate(lines)]
        self._end_paragraph()

    def _margins(self) -> tuple[str, str]:
        """What stands before the first line of a paragraph, and before its others."""
        depth = len(self.lists)
        indent = "    " * max(depth - 1, 0)
        bullet = self.lists[-1].bullet if self.lists else ""
        if self.lists:
            self.lists[-1].bullet = ""
        # Slack quotes whole lines only: a quotation within an item is drawn beside a bar.
        mark = "> " if self.quotes and self.quotes[0] == 0 else ""
        bar = "│ " if self.quotes and not mark else ""
        rest = " " * 3 if self.lists else ""
        return f"{mark}{indent}{bullet or rest}{bar}", f"{mark}{indent}{rest}{bar}"

    def _end_paragraph(self) -> None:
        if not self.lists and self.quotes:
            self.lines.append(">")
        elif not self.lists:
            self.lines.append("")

    def _end(self) -> None:
        while self.lines and self.lines[-1] in ("", ">"):
            self.lines.pop()
        self.lines.append("")


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
