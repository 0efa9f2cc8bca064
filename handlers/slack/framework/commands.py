"""Slash commands with sub-commands: found by their name, near misses pointed out, and listed as help."""

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from desk.errors import InvalidInputError
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.payloads import SlackContext, SlashCommand

Handler = Callable[[SlackContext, SlashCommand, str], Awaitable[Message | None]]
"""Answers a sub-command; it is given what follows its name."""
_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class Usage:
    """How a sub-command is written, and what it does."""

    usage: str
    does: str
    owners_only: bool = False


@dataclass(frozen=True, slots=True)
class SubCommand:
    """A sub-command: its handler takes what follows it."""

    handler: Handler
    usage: Usage


@dataclass(frozen=True, slots=True)
class CommandFamily:
    """A slash command with its sub-commands. `also` has other names for them, which help does not list."""

    command: Command
    sub_commands: Mapping[str, SubCommand]
    also: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> SubCommand:
        """The sub-command of that name. Raises InvalidInputError that names what may have been meant."""
        found = self.sub_commands.get(self.also.get(name, name))
        if found is None:
            raise InvalidInputError(
                f"`{self.command} {name[:_MAX_NAME]}` is nothing I know.", self._meant_instead(name)
            )
        return found

    def _meant_instead(self, name: str) -> str:
        close = difflib.get_close_matches(name, [*self.sub_commands, *self.also], n=1)
        if not close:
            return f"`{self.command} help` lists what there is."
        meant = self.also.get(close[0], close[0])
        return f"Did you mean `{self.command} {meant}`? `{self.command} help` lists what there is."

    def help_lines(self, *, is_owner: bool) -> list[str]:
        """Every sub-command in a line of mrkdwn."""
        usages = [one.usage for one in self.sub_commands.values()]
        return [
            f"• `{self.command} {usage.usage}`  {usage.does}" for usage in usages if is_owner or not usage.owners_only
        ]


def split_command(text: str) -> tuple[str, str]:
    """The sub-command in lower case, and the rest."""
    first, _, rest = text.strip().partition(" ")
    return first.lower(), rest.strip()
