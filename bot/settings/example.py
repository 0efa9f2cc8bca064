"""The file `.env.example`, written from the table of settings."""

import textwrap

from bot.settings.loading import list_settings

_HEAD = """\
# Settings of Keydesk: copy this file to .env and change what differs. The environment comes before .env.
# A line that begins with # shows the default. Written by `keydesk config --example`.
"""


def render_env_example() -> str:
    """The text of `.env.example`: every setting with its help, its form and its default."""
    lines = [_HEAD]
    group = ""
    for entry in list_settings(env_file=None):
        if entry.group != group:
            group = entry.group
            lines.append(f"# ---- {group} ----\n")
        comment = textwrap.wrap(f"{entry.help} Expected: {entry.expects}.", width=110)
        lines += [f"# {line}" for line in comment]
        # Slack's three are what nobody can do without, so they stand there to be filled in.
        mark = "" if entry.variable.startswith("SLACK_") else "#"
        lines.append(f"{mark}{entry.variable}={entry.default}\n")
    return "\n".join(lines)
