"""The Markdown that a page takes: one grammar, whoever draws it."""

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, paragraph


def make_parser(*, breaks: bool = True) -> MarkdownIt:
    """A parser of CommonMark with tables, strikethrough and bare addresses; without HTML and without pictures.

    `breaks`: a line's end is one, as in updates: it ends a quotation and a list's item, and no line is a definition
    that readers would not see. Otherwise it is a blank, as in postmortems.
    """
    # Pictures would be fetched from wherever they are; readers are sent to nobody whom they did not choose.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": breaks, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"]).disable("image")
    assert parser.linkify is not None
    # Whole addresses become links; a word with a dot in it stays a word.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    if breaks:
        parser.block.ruler.at("paragraph", _paragraph)
        parser.disable("reference")
    return parser


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph without what CommonMark calls lazy continuation: a line outside a quotation is none of it."""
    most = state.lineMax
    over = (line for line in range(start + 1, most) if state.isEmpty(line) or state.sCount[line] < state.blkIndent)
    state.lineMax = next(over, most)
    try:
        return paragraph(state, start, end, silent)
    finally:
        state.lineMax = most
