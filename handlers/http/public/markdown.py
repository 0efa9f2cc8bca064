"""What people write about incidents, as HTML that is safe to show: Markdown without HTML and without pictures."""

from collections.abc import Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from desk.incidents.markdown import make_parser

_LOWEST_HEADING = 6


def _make(heading_offset: int, *, breaks: bool) -> MarkdownIt:
    parser = make_parser(breaks=breaks)

    def keep_outline(tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(int(token.tag[1]) + heading_offset, _LOWEST_HEADING)}"
            for child in token.children or ():
                if child.type == "link_open":
                    child.attrSet("rel", "nofollow noopener noreferrer")

    parser.core.ruler.push("keep_outline", lambda state: keep_outline(state.tokens))
    return parser


_UPDATES = _make(heading_offset=3, breaks=True)
_POSTMORTEMS = _make(heading_offset=2, breaks=False)


# An update stands in several documents, and they are drawn anew whenever one of them changes.
@lru_cache(maxsize=512)
def render_body(text: str) -> Markup:
    """An update's text."""
    return Markup(_UPDATES.render(text))  # noqa: S704 - the parser escapes everything that is not its own


def render_postmortem(text: str) -> Markup:
    """A postmortem's text; its headings fit below one of the second level."""
    return Markup(_POSTMORTEMS.render(text))  # noqa: S704 - as above


def render_inline(text: str) -> Markup:
    """A text within one paragraph, lines kept apart by `<br>`: for feeds."""
    return Markup(_UPDATES.renderInline(text.strip()))  # noqa: S704 - as above


def plain_text(text: str) -> str:
    """The words without their marks, on one line: for descriptions and calendars."""
    words = []
    for token in _UPDATES.parse(text):
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                words.append(" ")
            else:
                words.append(child.content)
        if token.type in ("fence", "code_block"):
            words.append(token.content)
        if token.type.endswith("_close") or token.type in ("fence", "code_block"):
            words.append(" ")
    return " ".join("".join(words).split())
