"""No text names a command by itself: what commands are called is set, and differs where it is read."""

import ast
import re
from collections.abc import Iterator

from docs.lists.modules import parse_modules
from handlers.slack.framework.action_ids import Command

_BARE = re.compile(rf"(?<![\w/.:>*])(?:{'|'.join(Command)})\b(?!/)")
_MAY = {
    "handlers/slack/framework/action_ids.py": "the commands themselves",
    "bot/settings/table.py": "explains what a prefix is",
}


def _bare_commands() -> Iterator[str]:
    for name, tree in parse_modules("|".join(Command)):
        # The demo's own workspace has no prefix.
        if name not in _MAY and not name.startswith("bot/demo/"):
            yield from (f"{name}: {text}" for text in _bare_texts(tree))


def _bare_texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module, but its docstrings, that names a command."""
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield from [node.value] if _BARE.search(node.value) else []


def test_texts_name_commands_as_they_are_set() -> None:
    """Hints, help, cards and errors go through `desk.commands.slash`, which knows where they are read."""
    assert list(_bare_commands()) == []


def test_a_command_in_a_text_is_seen() -> None:
    """In a text, a part of a formatted one and between backticks; not in a docstring or an address."""
    source = '"""`/keys`"""\nx = f"Type /keys {1}"\ny = "`/roles`"\nz = "https://x/keys"'
    assert sorted(_bare_texts(ast.parse(source))) == ["Type /keys ", "`/roles`"]
