"""`/keys …`: which sub-command does what."""

from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.action_ids import Command
from handlers.slack.blocks import Message
from handlers.slack.digest import show_digest
from handlers.slack.incoming import Front, Typed
from handlers.slack.keys import changes_in_words as words
from handlers.slack.keys.listing import list_message
from handlers.slack.keys.messages import help_message, info_message, menu_message
from handlers.slack.requests import ask_by_command
from handlers.slack.sub_commands import CommandFamily, SubCommand, Usage, split_command


async def _list(front: Front, typed: Typed, rest: str) -> Message:
    return await front.desk.read(typed.actor, lambda tx: list_message(tx, 0, rest))


async def _mine(front: Front, typed: Typed, rest: str) -> Message:
    return await front.desk.read(typed.actor, lambda tx: list_message(tx, 0, f"<@{typed.user_id}> {rest}".strip()))


async def _info(front: Front, typed: Typed, _rest: str) -> Message:
    return await front.desk.read(typed.actor, info_message)


async def _help(front: Front, typed: Typed, _rest: str) -> Message:
    return await front.desk.read(typed.actor, _help_for)


def _help_for(tx: Transaction) -> Message:
    return help_message(KEYS.help_lines(is_owner=roles_of_actor(tx).is_owner))


async def _digest(front: Front, typed: Typed, _rest: str) -> Message:
    return await show_digest(front, typed)


_SUB_COMMANDS: dict[str, SubCommand] = {
    "request": SubCommand(
        ask_by_command,
        Usage('request ["name" scope:read page:acme for 90d because …]', "ask for a key"),
    ),
    "mine": SubCommand(_mine, Usage("mine", "the keys that you answer for")),
    "list": SubCommand(
        _list, Usage("list [all|unused|expiring|suspended|page:acme|holder:@max|text]", "keys, narrowed")
    ),
    "show": SubCommand(words.show, Usage("show KEY", "everything about a key")),
    "rename": SubCommand(words.rename, Usage('rename KEY to "new name"', "call a key something else")),
    "extend": SubCommand(
        words.extend, Usage("extend KEY for 30d [because …]", "let it live longer; holders ask owners for it")
    ),
    "rotate": SubCommand(words.rotate, Usage("rotate KEY [grace 48h]", "replace its secret")),
    "suspend": SubCommand(words.suspend, Usage("suspend KEY because …", "stop it; can be undone")),
    "restore": SubCommand(words.restore, Usage("restore KEY", "let a suspended key work again")),
    "revoke": SubCommand(words.revoke, Usage("revoke KEY because … [--yes]", "end it for good")),
    "keep": SubCommand(words.keep, Usage("keep KEY until 2026-12-01 because …", "leave it out of digests")),
    "transfer": SubCommand(
        words.transfer, Usage("transfer KEY to @max", "make somebody else answer for it", owners_only=True)
    ),
    "digest": SubCommand(_digest, Usage("digest", "what nobody uses, now", owners_only=True)),
    "info": SubCommand(_info, Usage("info", "ids, base URL, owners, how to ask")),
    "help": SubCommand(_help, Usage("help", "this")),
}

_ALSO: dict[str, str] = {
    "ls": "list",
    "my": "mine",
    "ask": "request",
    "new": "request",
    "get": "show",
    "delete": "revoke",
    "remove": "revoke",
    "pause": "suspend",
    "resume": "restore",
    "unsuspend": "restore",
    "about": "info",
    "?": "help",
}


KEYS = CommandFamily(Command.KEYS, _SUB_COMMANDS, _ALSO)
"""`/keys` and everything that may follow it."""


async def keys_command(front: Front, typed: Typed) -> Message | None:
    """`/keys`: the menu, or what was typed. Raises InvalidInputError that names what may have been meant."""
    name, rest = split_command(typed.text)
    if not name:
        return await front.desk.read(typed.actor, menu_message)
    return await KEYS.get(name).handler(front, typed, rest)
