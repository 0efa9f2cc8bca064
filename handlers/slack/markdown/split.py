"""A long text of the public's in pieces that a section holds each."""

import re

from handlers.slack.framework.blocks import MAX_SECTION_TEXT
from handlers.slack.markdown.to_slack import render_mrkdwn

_ROOM = MAX_SECTION_TEXT - 100
_FENCE = "```"
_EVERYTHING = 10**6
_WHOLE = re.compile(r"<[^<>]*>|&[a-z]+;|\S", re.DOTALL)
"""What is not cut: links, escaped signs, any other sign."""


def render_parts(markdown: str, *, most: int) -> list[str]:
    """The text as mrkdwn in at most `most` pieces, cut between lines where that is possible and never in a link."""
    parts: list[str] = []
    lines: list[str] = []
    length, is_code = 0, False
    for line in _short_lines(render_mrkdwn(markdown, limit=_EVERYTHING)):
        if length + len(line) + 1 > _ROOM and lines:
            parts.append("\n".join([*lines, _FENCE] if is_code else lines))
            lines, length = ([_FENCE], len(_FENCE)) if is_code else ([], 0)
        lines.append(line)
        length += len(line) + 1
        is_code ^= line.count(_FENCE) % 2 == 1
    return [part for part in [*parts, "\n".join(lines)] if part.strip()][:most]


def _short_lines(markup: str) -> list[str]:
    return [short for line in markup.split("\n") for short in _shorten(line)]


def _shorten(line: str) -> list[str]:
    """A line in pieces with room to spare, between words where that is possible."""
    room = _ROOM - 2 * (len(_FENCE) + 1)
    pieces: list[str] = []
    while len(line) > room:
        ends = [match.end() for match in _WHOLE.finditer(line[: 2 * room]) if match.end() <= room]
        spaces = [end for end in ends if line[end : end + 1] == " "]
        end = (spaces or ends)[-1]
        pieces.append(line[:end])
        line = line[end:].lstrip(" ")
    return [*pieces, line]
