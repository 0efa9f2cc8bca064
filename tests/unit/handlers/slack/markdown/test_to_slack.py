"""The public's Markdown as Slack shows it: the same to the eye, and nothing in it alive but links."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.markdown.to_slack import render_mrkdwn

Z = "\u200b"

CASES = [
    ("plain words", "plain words"),
    ("**bold**, *italic*, ~~struck~~, `code`", "*bold*, _italic_, ~struck~, `code`"),
    ("***both*** and **a _b_ c**", "_*both*_ and *a _b_ c*"),
    ("**a **b** c**", "*a b c*"),
    ("in**side**of", f"in{Z}*side*{Z}of"),
    ("**a**_b_`c`", f"*a*{Z}_b_{Z}`c`"),
    ("(**a**), **b**.", "(*a*), *b*."),
    ("**two\nlines**", "*two*\n*lines*"),
    ("a\nb\\\nc  \nd\n\ne", "a\nb\nc\nd\n\ne"),
    ("# Head **on**\ntext", "*Head on*\n\ntext"),
    ("Head\n---\ntext", "*Head*\n\ntext"),
    ("[our *page*](https://acme.example/?a=1&b=2)", "<https://acme.example/?a=1&amp;b=2|our page>"),
    ("**[page](https://acme.example)**", "*<https://acme.example|page>*"),
    ("<https://acme.example>", "<https://acme.example|https://acme.example>"),
    ("[](https://acme.example)", "<https://acme.example|https://acme.example>"),
    ("[a\nb](mailto:ops@acme.example)", "<mailto:ops@acme.example|a b>"),
    ("[x](https://acme.example/a|b 'title')", "<https://acme.example/a%7Cb|x>"),
    ("[x](/up) [y](ftp://acme.example) [z](#below)", "x y z"),
    ("[<@U1> | \\*x\\*](https://acme.example)", "<https://acme.example|&lt;@U1&gt; ∣ ∗x∗>"),
    ("![cat](https://acme.example/x.png)", "!<https://acme.example/x.png|cat>"),
    ("<b>&lt;@U1&gt;</b> &amp;lt;", "&lt;b&gt;&lt;@U1&gt;&lt;/b&gt; &amp;lt;"),
    ("`<!here>` ``a`b``", "`&lt;!here&gt;` `aˋb`"),
    ("- a\n- b\n  - c\n    1. d\n\n- e", "• a\n• b\n    ◦ c\n        1. d\n• e"),
    ("3. a\n   more\n4. b", "3. a\n   more\n4. b"),
    ("0. a", "0. a"),
    ("- a\n\ntext", "• a\n\ntext"),
    ("> a\n> **b\n> c**\n\nd", "> a\n> *b*\n> *c*\n\nd"),
    ("> a\n>\n> > b", "> a\n>\n> b"),
    ("> - a\n> - b", "> • a\n> • b"),
    ("- > a", "• │ a"),
    ("> ```\n> <x>\n> ```", "> `&lt;x&gt;`"),
    ("```py\na < b\n  **c**\n```\nd", "```\na &lt; b\n  **c**\n```\n\nd"),
    ("    indented", "```\nindented\n```"),
    ("~~~\n```\n~~~", f"```\n`{Z}`{Z}`\n```"),
    ("|a|bb|\n|-|-|\n|**ccc**|<d>|", "```\na    bb\n───────\nccc  &lt;d&gt;\n```"),
    ("a\n\n---\n\nb", "a\n\n────────────\n\nb"),
    ("\\*a\\* \\_b\\_ \\~c\\~ \\`d\\`", "∗a∗ ˍbˍ ∼c∼ ˋdˋ"),
    ("my_file_name, 2 * 3", "my_file_name, 2 * 3"),
    ("At https://acme.example/_a_/.", "At <https://acme.example/_a_/|https://acme.example/_a_/>."),
    (":tada: at 12:30:45", f":{Z}tada: at 12:30:45"),
    ("\\> no quote", f"{Z}&gt; no quote"),
    ("", ""),
]


@pytest.mark.parametrize(("markdown", "mrkdwn"), CASES)
def test_markdown_as_mrkdwn(markdown: str, mrkdwn: str) -> None:
    """What the page shows, in Slack's own marks; what only looks like a mark of Slack's becomes none."""
    assert render_mrkdwn(markdown, limit=3000) == mrkdwn


_LINK = re.compile(r"<(?:https?://|mailto:)[^\s<>|]+\|[^<>|\n]+>", re.IGNORECASE)
_ESCAPE = re.compile(r"&(?!(?:amp|lt|gt);)")

_HOSTILE = st.lists(
    st.sampled_from(
        [
            *(
                "<@U0EVIL00001>",
                "<!here>",
                "<!date^1^x|y>",
                "<#C0EVIL0001>",
                "&lt;!channel&gt;",
                "&#60;@U0EVIL00001&#62;",
            ),
            *(
                "<",
                ">",
                "&",
                "&lt;",
                "&amp;lt;",
                "|",
                "@",
                "!",
                "[",
                "](",
                "](https://acme.example",
                "](<",
                ")",
                "https://",
            ),
            *(
                "`",
                "``",
                "```\n",
                "~~~\n",
                "*",
                "**",
                "_",
                "~~",
                "\n",
                "\n\n",
                "> ",
                "- ",
                "1. ",
                "    ",
                "# ",
                "\\",
                "---\n",
            ),
            *("|a|b|\n|-|-|\n|", "word", " ", ":tada:", "[x]: <https://acme.example/<!here>>\n"),
        ]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


def _is_dead(markup: str) -> bool:
    rest = re.sub(r"^>(?: |…|$)", "", _LINK.sub("", markup), flags=re.MULTILINE)
    return "<" not in rest and ">" not in rest and not _ESCAPE.search(markup)


@given(_HOSTILE)
def test_nothing_that_somebody_wrote_is_alive(markdown: str) -> None:
    """Whatever the text, Slack finds links in it and no mention, broadcast or date."""
    assert _is_dead(render_mrkdwn(markdown, limit=100_000))


@given(_HOSTILE, st.integers(1, 120))
def test_a_cut_leaves_nothing_half(markdown: str, limit: int) -> None:
    """A text that is cut fits, and ends with a whole sign, a whole link and a closed block of code."""
    markup = render_mrkdwn(markdown, limit=limit)
    assert len(markup) <= limit
    assert _is_dead(markup)
    # A block and its end need some room.
    assert markup.count("```") % 2 == 0 or limit < 12


def test_long_code_is_cut_and_closed() -> None:
    """The end of the code is missed, not the end of the block."""
    markup = render_mrkdwn("```\n" + "line\n" * 100 + "```", limit=50)
    assert markup.endswith("…\n```")
    assert len(markup) <= 50


def test_what_fits_exactly_is_not_cut() -> None:
    """A text as long as the limit is whole; one character less, and it ends with an ellipsis."""
    assert render_mrkdwn("a **b**", limit=5) == "a *b*"
    assert render_mrkdwn("a **b**", limit=4) == "a *…"
