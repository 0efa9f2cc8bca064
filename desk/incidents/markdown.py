"""The Markdown that a page takes: one grammar, whoever draws it."""

from markdown_it import MarkdownIt


def make_parser(*, breaks: bool = True) -> MarkdownIt:
    """A parser of CommonMark with tables, strikethrough and bare addresses; without HTML and without pictures.

    `breaks`: a line's end is one, as in updates; otherwise it is a blank, as in postmortems.
    """
    # Pictures would be fetched from wherever they are; readers are sent to nobody whom they did not choose.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": breaks, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"]).disable("image")
    assert parser.linkify is not None
    # Whole addresses become links; a word with a dot in it stays a word.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    return parser
