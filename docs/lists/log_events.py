"""Every event that Keydesk logs, with its level, what it means, and whether somebody should be woken."""

import ast
from collections.abc import Iterator

from docs.lists.marks import render_table, words_for
from docs.lists.modules import parse_modules

_LEVELS = {"exception": "error"}
_BY_OTHER_NAMES = {"directory_not_read", "channels_not_checked", "unheard_messages_not_sent"}
"""Events whose name stands in a table beside the call that logs them (`bot/program.py`)."""


def render_log_events() -> str:
    """A table of events in the order of their names."""
    found = _find_events()
    words = words_for(found, "log_events")
    rows = ((f"`{name}`", ", ".join(sorted(found[name])), words[name]) for name in sorted(found))
    return render_table(("event", "level", "what it means, and what to do"), rows)


def _find_events() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: {"error"} for name in _BY_OTHER_NAMES}
    for _, tree in parse_modules(r"log\."):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (level := _level(node)) and node.args:
                for name in _names(node.args[0]):
                    found.setdefault(name, set()).add(_LEVELS.get(level, level))
    return found


def _level(call: ast.Call) -> str | None:
    """By which method of a log this is; None for any other call."""
    if not (isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)):
        return None
    is_log = call.func.value.id in ("log", "_log")
    return call.func.attr if is_log and call.func.attr not in ("bind", "new", "unbind") else None


def _names(given: ast.expr) -> Iterator[str]:
    for node in ast.walk(given):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
