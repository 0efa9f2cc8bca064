"""A command's text, as Slack sends it and as people wrote it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.framework.command_line import as_written, cut


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("R&amp;D &lt;3", "R&D <3"),
        ("&amp;lt;", "&lt;"),
        ("ask <@U0MIA00001|mia>", "ask @mia"),
        ("ask <@U0MIA00001>", "ask @U0MIA00001"),
        ("ask <!subteam^S0PLATFORM|@platform>", "ask @platform"),
        ("ask <!subteam^S0PLATFORM>", "ask @S0PLATFORM"),
        ("in <#C0GENERAL1|general>", "in #general"),
        ("<!here>", "@here"),
        ("see <https://acme.example/a?b=1&amp;c=2>", "see https://acme.example/a?b=1&c=2"),
        ("see <https://acme.example|acme.example>", "see https://acme.example"),
    ],
)
def test_text_is_given_as_it_was_written(sent: str, written: str) -> None:
    """Escapes are undone, once; mentions and addresses become plain text."""
    assert as_written(sent) == written


@given(st.text(max_size=40))
def test_what_slack_escaped_comes_back(text: str) -> None:
    """Any text survives Slack's escaping."""
    assert as_written(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) == text


def test_words_are_cut_before_they_are_unescaped() -> None:
    """A mention that somebody wrote out, escaped by Slack, is a word and mentions nobody."""
    words = cut('&lt;@U0MIA00001&gt; "R&amp;D" page:a&amp;b <@U0MAX00001|max>')
    assert [(word.kind, word.text) for word in words] == [
        ("word", "<@U0MIA00001>"),
        ("quoted", "R&D"),
        ("pair", "a&b"),
        ("user", "U0MAX00001"),
    ]
