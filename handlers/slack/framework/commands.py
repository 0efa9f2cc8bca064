"""Slash commands with sub-commands: found by their name, near misses pointed out, and listed as help."""

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.masking import holds_secret, masked
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import MAX_MESSAGE_BLOCKS, Message, context, escape
from handlers.slack.framework.payloads import CommandHandler, SlackContext, SlashCommand
from handlers.slack.framework.quotes import DOUBLE
from handlers.slack.framework.whole_names import may_name, with_whole_names

Handler = Callable[[SlackContext, SlashCommand, str], Awaitable[Message | None]]
"""Answers a sub-command; it is given what follows its name."""
_NO_VERB = ("<@", "<!", "@", "#", "<#")
"""How people, groups and channels begin, as Slack sends them."""
_MAX_NAME, _MAX_SHOWN = 40, 200
_MARKS = re.escape("".join(DOUBLE))
_FIRST = re.compile(rf"([^\s{_MARKS}]*)(.*)", re.DOTALL)
"""The first word, which a blank of any kind ends, or the quotation mark of the next."""


@dataclass(frozen=True, slots=True)
class SubCommand:
    """A sub-command: how it is written, its name first, what it does, and its handler."""

    usage: str
    does: str
    handler: Handler
    also: Sequence[str] = ()
    """Other names for it, which help does not list."""
    owners_only: bool = False
    for_guests: bool = False
    """Whether it answers those, too, who are no full members."""
    takes_page: bool = False
    """Whether `on` is followed by a page in it, and is no word of a name or of words for the public."""
    destroys: bool = False
    """Whether what it does cannot be undone, or stops or starts something: only a slip of the finger means it."""
    takes_nothing: bool = False
    """Whether nothing can follow it: what does is said to be left out."""
    more: Sequence[tuple[str, str]] = ()
    """Further examples, each with what it does, in a help that has some."""

    @property
    def name(self) -> str:
        """The word that it is called by."""
        return self.usage.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class CommandFamily:
    """A slash command: what it does by itself (`alone`), and with each of its sub-commands."""

    command: Command
    alone: CommandHandler
    sub_commands: Sequence[SubCommand]
    check: Callable[[str], None] = lambda _text: None
    """Refuses what must not be typed, before anything is made of it: lists, forms and refusals would repeat it."""
    instead: Callable[[], Mapping[str, str]] = dict
    """What to do instead, for words that other tools have and this one has not."""

    @property
    def name(self) -> str:
        """The command as people type it."""
        return slash(self.command.removeprefix("/"))

    async def answer(self, slack: SlackContext, command: SlashCommand) -> Message | None:
        """Answer what was typed. Raises InvalidInputError that names what may have been meant."""
        self.check(command.text)
        name, rest = split_command(command.text)
        if (not name and rest.strip()) or name.startswith(_NO_VERB):
            raise InvalidInputError(
                "Say first what to do, as the first word.",
                f"That is one of: {', '.join(one.name for one in self.sub_commands)}. `{self.name} help` says more.",
            )
        if not name:
            return await self.alone(slack, command)
        found = self.get(name)
        if may_name(rest, takes_page=found.takes_page):
            whole = partial(with_whole_names, text=rest, takes_page=found.takes_page)
            rest = await slack.desk.read(command.actor, whole)
        message = await found.handler(slack, command, rest)
        if found.takes_nothing and rest and message is not None:
            left_out = f"“{masked(rest)[:_MAX_SHOWN]}” is left out: `{self.name} {found.name}` takes nothing more."
            blocks = [context(escape(left_out)), *message.blocks]
            return replace(message, blocks=blocks[:MAX_MESSAGE_BLOCKS])
        return message

    def names(self) -> list[str]:
        """Every word that may follow the command."""
        return [name for one in self.sub_commands for name in (one.name, *one.also)]

    def get(self, name: str) -> SubCommand:
        """The sub-command of that name. Raises InvalidInputError that names what may have been meant."""
        found = self._find(name)
        if found is None:
            raise InvalidInputError(f"`{self.name} {_shown(name)}` is nothing I know.", self._meant_instead(name))
        return found

    def _find(self, name: str) -> SubCommand | None:
        return next((one for one in self.sub_commands if name in (one.name, *one.also)), None)

    def _meant_instead(self, name: str) -> str:
        listed = f"`{self.name} help` lists what there is."
        if instead := self.instead().get(name):
            return f"{instead} {listed}"
        close = difflib.get_close_matches(name, self.names(), n=1)
        meant = self._find(close[0]) if close else None
        if meant is not None and meant.destroys and not _is_slip(name, close[0]):
            # Nobody is pointed at what cannot be undone by a word that is merely like it.
            meant = None
        return f"Did you mean `{self.name} {meant.name}`? {listed}" if meant else listed

    def help_lines(self, *, is_owner: bool, is_guest: bool = False) -> list[str]:
        """Every sub-command that the reader may use, in a line of mrkdwn."""
        usable = [one for one in self.sub_commands if one.for_guests or not is_guest]
        shown = [one for one in usable if is_owner or not one.owners_only]
        return [f"• `{self.name} {one.usage}`  {one.does}" for one in shown]


def _shown(name: str) -> str:
    """A word as it may be repeated: who pastes a secret does not read it again."""
    if holds_secret(name):
        return "…"
    return name[:_MAX_NAME]


def _is_slip(typed: str, meant: str) -> bool:
    """Whether a word is another with one letter left out, doubled, mistaken, or two of them exchanged."""
    short, long = sorted((typed, meant), key=len)
    if len(long) - len(short) == 1:
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    if len(long) != len(short):
        return False
    other = [at for at in range(len(long)) if typed[at] != meant[at]]
    if len(other) == 2 and other[1] == other[0] + 1:
        return typed[other[0]] == meant[other[1]] and typed[other[1]] == meant[other[0]]
    return len(other) == 1


def split_command(text: str) -> tuple[str, str]:
    """The sub-command in lower case, and the rest."""
    named = _FIRST.match(text.strip())
    assert named is not None, "any text fits"
    return named[1].lower().rstrip(":,.?!") or named[1], named[2].strip()
