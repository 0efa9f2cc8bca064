"""The sandbox draws every emoji that the bot sends."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_EMOJI = re.compile(r"(?<![\w/{]):([a-z][a-z0-9_+]{2,}):(?![\w/])")


def _sent() -> set[str]:
    found = set()
    for path in (ROOT / "handlers" / "slack").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= set(_EMOJI.findall(node.value))
    return found


def test_every_emoji_of_ours_is_drawn() -> None:
    """Each `:name:` in the bot's wording is in the sandbox page's table; otherwise people would read its name."""
    table = (ROOT / "sandbox" / "static" / "js" / "emoji.js").read_text()
    drawn = set(re.findall(r"(?:^|[|\n])([a-z0-9_+-]+) [^\x00-\x7f]", table))
    sent = _sent()
    assert len(sent) > 10
    assert sent - drawn == set()
