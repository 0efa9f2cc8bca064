"""The judges of the largest world object to what they are there for."""

import pytest

from handlers.slack.framework.blocks import Block, actions, button, context, input_block, modal, section, text_input
from sandbox.player import Json
from tests.factories import MIA
from tests.scenario.slack_checks import problems_of_message, problems_of_view

FINE = [
    section(f"<@{MIA}> asked <!date^1772442000^{{date_short_pretty}} at {{time}}|2026-03-02 09:00 UTC>"),
    section("&lt;!channel&gt; &amp; <#C0OWNERS01>\n> a quotation"),
    actions(button("Go", "go", "1"), button("Stay", "stay", "1"), block_id="one"),
]
SHORTLINK = "https://keydesk.example/incidents/p31zjtct2jer"


def test_a_good_message_passes() -> None:
    """Mentions, dates, channels and escaped text as the bot writes them are nothing to object to."""
    assert problems_of_message("Key &lt;x&gt;", FINE) == []


def test_links_of_the_bot_and_of_markdown_pass() -> None:
    """The page's own links in the bot's words, and where Markdown for the public leads, are nothing to object to."""
    own = f"<{SHORTLINK}|On the page> <{SHORTLINK}#postmortem|Postmortem>"
    assert problems_of_message("x", [section(own)]) == []
    written = "<https://reader.example/a?b=1&amp;c=2|&lt;@U0EVIL0001&gt;> <mailto:us@reader.example|write>"
    assert problems_of_message("x", [section(written)]) == []


@pytest.mark.parametrize(
    ("text", "blocks", "objection"),
    [
        ("<!channel>", FINE, "<!channel>"),
        ("x", [section("*<!here>*")], "<!here>"),
        ("x", [section("<https://a.example|click>")], "<https://a.example|click>"),
        ("x", [section("<@U0EVIL0001>")], "<@U0EVIL0001>"),
        ("x", [section(f"<{SHORTLINK}|people's words>")], "people's words"),
        ("x", [section("<https://keydesk.example/elsewhere|On the page>")], "/elsewhere"),
        ("x", [section("<https://EVIL.example/incidents/p31zjtct2jer|On the page>")], "EVIL.example"),
        ("x", [section("<javascript://reader.example/|click>")], "javascript"),
        ("x", [section("<https://reader.example.evil/|click>")], "reader.example.evil"),
        ("x", [section("<https://reader.example/EVIL|click>")], "/EVIL"),
        ("x", [section("<https://reader.example/|a & b>")], "half an escaped sign"),
        ("x", [section("<https://reader.example/|<!here>>")], "<!here>"),
        ("x", [section("<!date^1772442000^{time}|now>")], "<!date"),
        ("x", [section("<!subteam^S0PLATFORM>")], "<!subteam^S0PLATFORM>"),
        ("x", [section("a < b")], "not escaped"),
        ("x", [section("a > b")], "not escaped"),
        ("x", [section("cut &am…")], "half an escaped sign"),
        ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "https://a.example"}}], "would make links"),
        ("x", [section("y", block_id="one"), *FINE], "a block_id twice"),
        ("x", [actions(button("Go", "go"), button("Go", "go"))], "an action_id twice"),
        ("x", [section("y")] * 51, "50"),
        ("x", [section("y" * 3000)] * 5, "msg_blocks_too_long"),
        ("x", [actions(*[button("Go", "go", "x" * 2001)])], "value attribute cannot exceed 2000 characters"),
        ("x", [context("x") | {"elements": []}], "no fewer than 1"),
    ],
)
def test_what_is_wrong_in_a_message_is_found(text: str, blocks: list[Block], objection: str) -> None:
    """What would be alive, refused or double is named."""
    assert objection in "\n".join(problems_of_message(text, blocks))


def _view(**values: object) -> Json:
    block = input_block("Name", text_input(), block_id="name")
    return modal("Ask", [block], callback_id="ask", submit="Ask") | values


def test_a_good_view_passes() -> None:
    """A modal with an input and a submit button is nothing to object to."""
    assert problems_of_view(_view()) == []


@pytest.mark.parametrize(
    ("values", "objection"),
    [
        ({"submit": None}, "inputs without submit"),
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "must be"),
        ({"blocks": [section("<!everyone>")]}, "<!everyone>"),
        ({"blocks": [section("x")] * 101}, "100"),
        ({"private_metadata": "x" * 3001}, "3000"),
    ],
)
def test_what_is_wrong_in_a_view_is_found(values: Json, objection: str) -> None:
    """What would be alive or refused is named."""
    assert objection in "\n".join(problems_of_view(_view(**values)))
