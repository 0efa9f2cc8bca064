"""Texts longer than an input takes, in several inputs one after the other."""

import re
from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.incidents.inputs import MAX_BODY
from desk.texts import clean_text
from handlers.slack.framework.blocks import Block, input_block, text_input
from handlers.slack.framework.payloads import ViewState

MAX_INPUT = 3000
"""Slack's limit of one input."""
_FEWEST, _MOST = 3, 10
_BLANK_LINES = re.compile(r"[ \t]*\n[ \t]*\n(?:[ \t]*\n)*")
_ENDS = ("\n\n", "\n", " ")
"""Where a text is cut, the best first."""


def fits_inputs(text: str) -> bool:
    """Whether inputs can hold the text as it is."""
    pieces = cut_text(text)
    joined = _joined([clean_text(piece) for piece in pieces])
    return len(pieces) <= _MOST and joined == _evenly(clean_text(text))


def one_or_more_inputs(label: str, text: str, *, hint: str, block_id: str, optional: bool = True) -> list[Block]:
    """One input where that is enough for the text, else as `text_inputs`. Raises InvalidInputError."""
    if len(text) <= MAX_INPUT:
        element = text_input(initial=text, multiline=True, max_length=MAX_INPUT)
        return [input_block(label, element, block_id=block_id, hint=hint, optional=optional)]
    inputs = text_inputs(label, text, hint=hint, block_id=block_id)
    if inputs is None:
        raise InvalidInputError(
            f"The text of {len(text):,} characters does not fit into Slack's inputs as it is: "
            "at most 3,000 in a paragraph, and ten inputs.",
            "Divide it into shorter paragraphs where it was written.",
        )
    return inputs


def text_inputs(label: str, text: str, *, hint: str, block_id: str = "body") -> list[Block] | None:
    """Inputs that hold the text and have room for more; None when they cannot hold it as it is."""
    if not fits_inputs(text):
        return None
    pieces = cut_text(text)
    pieces += [""] * (min(_MOST, max(_FEWEST, len(pieces) + 1)) - len(pieces))
    return [
        input_block(
            label if number == 0 else f"Continued ({number + 1})",
            text_input(initial=piece, multiline=True, max_length=MAX_INPUT),
            block_id=_block_id(block_id, number),
            hint=hint if number == 0 else None,
            optional=number > 0,
        )
        for number, piece in enumerate(pieces)
    ]


def read_text(entered: ViewState, block_id: str = "body") -> str:
    """What stands in the inputs together; each begins a new paragraph."""
    if not is_continued(entered, block_id):
        return entered.text(block_id)
    return _joined([entered.text(_block_id(block_id, number)) for number in range(_MOST)])


def is_continued(entered: ViewState, block_id: str = "body") -> bool:
    """Whether there is more than one input."""
    return _block_id(block_id, 1) in entered.values


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


def _block_id(first: str, number: int) -> str:
    return first if number == 0 else f"{first}.{number + 1}"


assert _MOST * MAX_INPUT >= MAX_BODY
