"""A command's text, as Slack sends it and as people wrote it."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.framework.command_line import as_written, cut, split_reason, typed_text


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
        ("<http://api.acme.com|api.acme.com> is slow", "api.acme.com is slow"),
        ("ask <mailto:ops@acme.com|ops@acme.com>", "ask ops@acme.com"),
        ("<https://acme.com/a|https://acme.com/a>", "https://acme.com/a"),
        ("see <https://acme.example/long|the plan>", "see https://acme.example/long"),
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


@pytest.mark.parametrize(
    "typed",
    [
        '"Checkout errors" rest',
        "“Checkout errors” rest",
        "„Checkout errors“ rest",
        "„Checkout errors” rest",
        "»Checkout errors« rest",
        "«Checkout errors» rest",
        "‘Checkout errors’ rest",
        "‚Checkout errors‘ rest",
        "'Checkout errors' rest",
        "‹Checkout errors› rest",
        "「Checkout errors」 rest",
        "『Checkout errors』 rest",
        "＂Checkout errors＂ rest",
        '“Checkout errors" rest',
        '"Checkout errors” rest',
        '„Checkout errors" rest',
        "\n“Checkout errors”\trest",
        "“Checkout errors”\u00a0rest",
    ],
)
def test_every_keyboards_quotation_marks_quote(typed: str) -> None:
    """Whichever marks a phone or a word processor has set, mixed ones too, what they enclose is one name."""
    words = cut(typed_text(typed))
    assert [(word.kind, word.text) for word in words] == [("quoted", "Checkout errors"), ("word", "rest")]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ('"The “big” outage" rest', "The “big” outage"),
        ('"The "big" outage" rest', 'The "big" outage'),
        ("„Das „große“ Fest“ rest", "Das „große“ Fest"),
        ("“It’s down” rest", "It’s down"),
        ("'it's down' rest", "it's down"),
        ("«L’«API» tombe» rest", "L’«API» tombe"),
    ],
)
def test_marks_within_marks_belong_to_the_name(typed: str, name: str) -> None:
    """A nested quotation does not end the one around it, and an apostrophe ends none."""
    first, second = cut(typed)
    assert (first.kind, first.text, second.text) == ("quoted", name, "rest")


@pytest.mark.parametrize("typed", ["don't stop", "'tis down", '6" pipe', "rock ’n’roll"])
def test_an_apostrophe_quotes_nothing(typed: str) -> None:
    """Words with apostrophes or inches in them stay words."""
    assert [word.text for word in cut(typed)] == typed.split()
    assert {word.kind for word in cut(typed)} == {"word"}


def test_a_value_takes_any_quotation_and_any_address() -> None:
    """Pairs are read like names: whatever marks enclose their value, and whatever Slack took for an address."""
    words = cut("component:„Checkout API“=down page:<http://status.acme.com|status.acme.com> env=prod")
    assert [(word.kind, word.key, word.text) for word in words] == [
        ("pair", "component", "Checkout API"),
        ("word", "", "=down"),
        ("pair", "page", "status.acme.com"),
        ("pair", "env", "prod"),
    ]
    assert words[-1].as_typed == "env=prod"


def test_what_nobody_sees_changes_nothing() -> None:
    """Letters are composed, blanks and line ends are of one kind, and lines stay."""
    typed = "U\u0308bung\u00a0\u2009x\u200b\u2028\r\ny"
    assert typed_text(typed) == "Übung  x\n\ny"


@pytest.mark.parametrize(
    ("typed", "head", "reason"),
    [
        ("k because it leaked", "k", "it leaked"),
        ("k because: it leaked", "k", "it leaked"),
        ("k\nBecause\nit leaked", "k", "it leaked"),
        ("„made because of x“ because y", "„made because of x“", "y"),
        ("'made because of x' because y", "'made because of x'", "y"),
        ("k", "k", None),
    ],
)
def test_a_reason_follows_because(typed: str, head: str, reason: str | None) -> None:
    """The first “because” outside quotation marks begins it."""
    assert split_reason(typed) == (head, reason)


@pytest.mark.parametrize("marks", ['"a ', "„a ", "«a", "'a ", "‚a ", "a:'b ", 'a:"b', "“ ", "<@", "because "])
def test_no_line_takes_long(marks: str) -> None:
    """A line of nothing but marks that are never closed is read in one go, however long."""
    began = process_time()
    split_reason((marks * 40_000)[:40_000])
    assert process_time() - began < 5
