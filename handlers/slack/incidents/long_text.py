"""Texts longer than an input takes, in several inputs one after the other."""

import re
from collections.abc import Sequence

from desk.incidents.inputs import MAX_BODY
from desk.texts import clean_text
from handlers.slack.blocks import Block, input_block, text_input
from handlers.slack.entered import Entered

MAX_INPUT = 3000
"""Slack's limit of one input."""
_FIRST = "body"
_FEWEST, _MOST = 3, 10
_BLANK_LINES = re.compile(r"[ \t]*\n[ \t]*\n(?:[ \t]*\n)*")
_ENDS = ("\n\n", "\n", " ")
"""Where a text is cut, the best first."""


def text_inputs(label: str, text: str, *, hint: str) -> list[Block] | None:
    """Inputs that hold the text and have room for more; None when they cannot hold it as it is."""
    pieces = cut_text(text)
    if len(pieces) > _MOST or _joined([clean_text(piece) for piece in pieces]) != _evenly(clean_text(text)):
        return None
    pieces += [""] * (min(_MOST, max(_FEWEST, len(pieces) + 1)) - len(pieces))
    return [
        input_block(
            label if number == 0 else f"Continued ({number + 1})",
            text_input(initial=piece, multiline=True, max_length=MAX_INPUT),
            block_id=_block_id(number),
            hint=hint if number == 0 else None,
            optional=number > 0,
        )
        for number, piece in enumerate(pieces)
    ]


def read_text(entered: Entered) -> str:
    """What stands in the inputs together; each begins a new paragraph."""
    return _joined([entered.text(_block_id(number)) for number in range(_MOST)])


def cut_text(text: str) -> list[str]:
    """A text in pieces that an input holds, cut between paragraphs where that is possible."""
    pieces, rest = [], text.strip()
    while len(rest) > MAX_INPUT:
        end = next((place for mark in _ENDS if (place := rest.rfind(mark, 1, MAX_INPUT)) > 0), MAX_INPUT)
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip("\n") if rest[end] == "\n" else rest[end:].lstrip(" ")
    return [*pieces, rest]


def _joined(pieces: Sequence[str]) -> str:
    return _evenly("\n\n".join(piece for piece in pieces if piece.strip()))


def _evenly(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", text)


def _block_id(number: int) -> str:
    return _FIRST if number == 0 else f"{_FIRST}.{number + 1}"


assert _MOST * MAX_INPUT >= MAX_BODY
