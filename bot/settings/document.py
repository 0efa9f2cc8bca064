"""`docs/settings.md`, written from the table of settings."""

from bot.settings.loading import list_settings
from bot.settings.table import OWN_TO_A_REPLICA

_HEAD = """\
# Settings

Settings come from the environment and, where that says nothing, from the file `.env`. `keydesk config` shows every
setting with its present value and where it comes from, secrets masked. Wrong settings stop the start, with one
sentence each, all at once. This page is written from the same table that is read at the start.

Replicas are set alike, since any of them may answer, but for what is marked with ✓ in the last column: each may
have its own there.
"""


def render_settings_page() -> str:
    """The text of `docs/settings.md`: every setting with its default and help, group by group."""
    lines = [_HEAD]
    group = ""
    for entry in list_settings(env_file=None):
        if entry.group != group:
            group = entry.group
            lines += [f"## {group}\n", "| variable | default | what it does | own |", "| --- | --- | --- | --- |"]
        default = f"`{entry.default}`" if entry.default else "none"
        own = "✓" if entry.variable in OWN_TO_A_REPLICA else ""
        lines.append(f"| `{entry.variable}` | {default} | {entry.help} Expected: {entry.expects}. | {own} |")
    text = "\n".join(lines) + "\n"
    return text.replace("|\n## ", "|\n\n## ")
