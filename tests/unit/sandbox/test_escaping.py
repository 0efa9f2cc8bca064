"""What the workspace makes of what people type, before the app has it."""

from __future__ import annotations

import pytest

from sandbox.keyboards import curl
from tests.unit.sandbox.probes import MIA, STATUS, Slack, SocketApp

TYPED = {
    "see api.acme.com.": "see <http://api.acme.com|api.acme.com>.",
    "api.acme.com:8080/v1?a=1&b=2": "<http://api.acme.com:8080/v1?a=1&amp;b=2|api.acme.com:8080/v1?a=1&amp;b=2>",
    "https://acme.com/x?a=1&b=2, ok": "<https://acme.com/x?a=1&amp;b=2>, ok",
    "http://acme.com|x and acme.com/a|b": "<http://acme.com%7Cx> and <http://acme.com/a%7Cb|acme.com/a%7Cb>",
    "a@acme.com,b@acme.com;c.acme.com": "<mailto:a@acme.com|a@acme.com>,<mailto:b@acme.com|b@acme.com>;"
    "<http://c.acme.com|c.acme.com>",
    "mailto:ops@acme.com.": "<mailto:ops@acme.com>.",
    "(http://127.0.0.1:3000/a)": "(<http://127.0.0.1:3000/a>)",
    "ops@acme.com": "<mailto:ops@acme.com|ops@acme.com>",
    '"Errors at acme.com" now': '"Errors at <http://acme.com|acme.com>" now',
    "version 1.2.3 of node.js, e.g. a.b": "version 1.2.3 of node.js, e.g. a.b",
    "`api.acme.com` <b> & c": "`api.acme.com` &lt;b&gt; &amp; c",
    "@here @channel @everyone @nobody": "<!here> <!channel> <!everyone> @nobody",
    "@mia @platform #status #nowhere": f"<@{MIA}|mia> <!subteam^S0PLATFORM|@platform> <#{STATUS}|status> #nowhere",
    f"<@{MIA}|mia> <https://a.com|a.com> &amp; &lt;": f"<@{MIA}|mia> <https://a.com|a.com> &amp; &lt;",
    "here @hereby me@mia": "here @hereby me@mia",
}


@pytest.mark.parametrize(("typed", "sent"), TYPED.items())
async def test_a_command_that_asks_for_it_is_escaped(slack: Slack, app: SocketApp, typed: str, sent: str) -> None:
    """Addresses become links, people and audiences references, and signs entities; once."""
    await slack.type(f"/escaped {typed}")
    assert slack.app[-1]["text"] == sent


async def test_other_commands_arrive_as_they_were_typed(slack: Slack, app: SocketApp) -> None:
    """Nothing is escaped, whatever it looks like."""
    await slack.type("/probe @here api.acme.com <b>")
    assert slack.app[-1]["text"] == "@here api.acme.com <b>"


async def test_keyboards_curl_what_is_typed(slack: Slack, app: SocketApp) -> None:
    """Marks, dashes and dots arrive as a phone sends them; a keyboard that nobody has is refused."""
    typed = {"user": MIA, "channel": STATUS, "text": '/probe new "It\'s slow" --force ...'}
    await slack.do("command", **typed, keyboard="german")
    assert slack.app[-1]["text"] == "new „It’s slow“ —force …"
    answer = await slack.http.post("/sandbox/command", json={**typed, "keyboard": "klingon"})
    assert (answer.status_code, "keyboard" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("keyboard", "sent"),
    [
        ("plain", "a \"b 'c'\" d's"),
        ("english", "a “b ‘c’” d’s"),
        ("french", "a «\u00a0b ‹\u00a0c\u00a0›\u00a0» d’s"),
        ("swedish", "a ”b ’c’” d’s"),
    ],
)
def test_each_keyboard_has_its_marks(keyboard: str, sent: str) -> None:
    """Outer and inner quotation marks, and an apostrophe between letters."""
    assert curl("a \"b 'c'\" d's", keyboard) == sent
