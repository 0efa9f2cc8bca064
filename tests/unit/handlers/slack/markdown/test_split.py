"""A long text in pieces that Slack takes: nothing is lost, and no link or code block is torn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.framework.blocks import MAX_SECTION_TEXT, section
from handlers.slack.markdown.split import render_parts
from handlers.slack.markdown.to_slack import render_mrkdwn
from tests.scenario.slack_checks import problems_of_message

_EVERYTHING = 10**6
LINK = "[a & b](https://reader.example/a?b=1&c=2)"


def _squeezed(markup: str) -> str:
    return "".join(markup.replace("```", "").split())


@pytest.mark.parametrize(
    "text",
    [
        f"{LINK} " * 600,
        LINK * 600,
        "&" * 9000,
        "x" * 9000,
        "one\n\ntwo " * 900,
        "```\n" + "a & b\n" * 2000 + "```\n\nafter",
        "> quoted " * 900,
    ],
    ids=["links", "links in a row", "signs", "one word", "paragraphs", "code", "a quotation"],
)
def test_a_long_text_is_cut_where_it_may_be(text: str) -> None:
    """Each piece is a section that Slack takes, with whole links and closed code; together they are the text."""
    parts = render_parts(text, most=99)
    assert len(parts) > 1
    assert all(len(part) <= MAX_SECTION_TEXT and part.count("```") % 2 == 0 for part in parts)
    assert [problem for part in parts for problem in problems_of_message("x", [section(part)])] == []
    assert _squeezed("".join(parts)) == _squeezed(render_mrkdwn(text, limit=_EVERYTHING))


@given(st.text(max_size=200), st.integers(1, 40))
def test_no_text_is_too_odd(text: str, often: int) -> None:
    """Whatever is written comes in pieces of a length that Slack takes, at most so many."""
    parts = render_parts(text * often, most=2)
    assert len(parts) <= 2
    assert all(part.strip() and len(part) <= MAX_SECTION_TEXT for part in parts)


def test_a_short_text_is_one_piece() -> None:
    """What fits is as it is, and nothing is nothing."""
    assert render_parts("One\n\ntwo", most=9) == ["One\n\ntwo"]
    assert render_parts("  \n", most=9) == []
