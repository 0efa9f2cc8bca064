"""Every slash command with its sub-commands, as `help` tells them."""

from docs.lists.marks import render_table
from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from handlers.slack.framework.commands import SubCommand


def render_commands() -> str:
    """A table for each command."""
    parts = []
    for family in join_areas(AREAS).commands:
        rows = [row for one in family.sub_commands for row in _rows(str(family.command), one)]
        parts.append(f"### {family.command}\n\n{render_table(('type', 'what it does', 'also'), rows)}")
    return "\n".join(parts)


def _rows(command: str, one: SubCommand) -> list[tuple[str, str, str]]:
    does = one.does + (" (owners)" if one.owners_only else "")
    also = ", ".join(f"`{word}`" for word in one.also)
    more = [(f"`{command} {usage}`", meaning, "") for usage, meaning in one.more]
    return [(f"`{command} {one.usage}`", does.strip(), also), *more]
