"""What people write, made safe."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.public.markdown import plain_text, render_body, render_inline, render_postmortem

_TAGS = re.compile(r"<\s*/?\s*([a-zA-Z0-9!?]+)([^>]*)>")
_ALLOWED = {
    *("p", "br", "strong", "em", "a", "ul", "ol", "li", "code", "pre", "blockquote", "hr", "s"),
    *("table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "h5", "h6"),
}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("We **see** it.", "<p>We <strong>see</strong> it.</p>\n"),
        ("one\ntwo", "<p>one<br />\ntwo</p>\n"),
        ("# Big", "<h4>Big</h4>\n"),
        ("> they said\nWe look.", "<blockquote>\n<p>they said</p>\n</blockquote>\n<p>We look.</p>\n"),
        ("> - one\ntwo", "<blockquote>\n<ul>\n<li>one</li>\n</ul>\n</blockquote>\n<p>two</p>\n"),
        ("- one\n  more\ntwo", "<ul>\n<li>one<br />\nmore</li>\n</ul>\n<p>two</p>\n"),
        ("1. one\n   - in it\ntwo", "<ol>\n<li>one\n<ul>\n<li>in it</li>\n</ul>\n</li>\n</ol>\n<p>two</p>\n"),
        ("[OPS-1]: all of it", "<p>[OPS-1]: all of it</p>\n"),
        ("<b>no</b>", "<p>&lt;b&gt;no&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("![x](https://elsewhere.example/p.png)", None),
        (
            "See https://a.example/x. And a.example.",
            '<p>See <a href="https://a.example/x" rel="nofollow noopener noreferrer">https://a.example/x</a>. '
            "And a.example.</p>\n",
        ),
        ("[x](https://a.example)", '<p><a href="https://a.example" rel="nofollow noopener noreferrer">x</a></p>\n'),
    ],
)
def test_markdown_as_statuspage_takes_it(text: str, html: str | None) -> None:
    """Emphasis, lines, lists and links; headings below the page's own; no HTML, no scripts, no pictures."""
    rendered = str(render_body(text))
    if html is None:
        assert "<img" not in rendered
    else:
        assert rendered == html


@given(st.text(alphabet=st.sampled_from("<>&\"'`*_[]()!#\n -:/jascriptdataonerror=x1"), max_size=80))
def test_nothing_but_known_tags_gets_through(text: str) -> None:
    """Whatever is typed, only tags that Markdown makes come out, without handlers and without strange addresses."""
    for render in (render_body, render_postmortem, render_inline):
        for name, attributes in _TAGS.findall(str(render(text))):
            assert name.lower() in _ALLOWED
            for attribute in re.findall(r'([a-z-]+)="[^"]*"', attributes):
                assert attribute in ("href", "rel", "start", "class", "style", "title")
            for address in re.findall(r'href="([^"]*)"', attributes):
                assert not re.match(r"\s*(javascript|vbscript|data|file):", address, re.IGNORECASE)


def test_words_without_marks() -> None:
    """Descriptions and calendars get the words on one line."""
    assert plain_text("We **see** it.\n\n- one\n- [two](https://a.example)") == "We see it. one two"
