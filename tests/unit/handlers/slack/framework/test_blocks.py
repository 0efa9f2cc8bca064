"""What blocks are made of: people's words, safe in Slack's markup."""

import re
from pathlib import Path

import handlers.slack
from handlers.slack.framework.blocks import bold

_BY_HAND = re.compile(r"\*\{(?:escape|plain|shown)\(")


def test_a_name_in_bold_keeps_its_asterisks() -> None:
    """As signs that look like them: Slack would end the bold at the first, and show the others."""
    assert bold("*night* <b>") == "*∗night∗ &lt;b&gt;*"
    assert bold("n" * 200, limit=10) == f"*{'n' * 9}…*"


def test_no_name_is_put_in_bold_by_hand() -> None:
    """Whatever shows a name in bold leaves that to what takes its asterisks out."""
    sources = Path(handlers.slack.__path__[0]).rglob("*.py")
    lines = [line.strip() for path in sources for line in path.read_text("utf-8").splitlines()]
    assert [line for line in lines if _BY_HAND.search(line) and ".replace('*'" not in line] == []
