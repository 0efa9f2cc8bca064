"""`/keys …`: which sub-command does what."""

from collections.abc import Callable

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.keys.changes import extend_key, rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.details import get_key_details, show_key
from desk.keys.lookup import get_key_by_word
from desk.keys.questions import ask_for_extension, keep_key
from desk.keys.refusals import RecentlyUsedError
from desk.keys.rotation import begin_rotation
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from handlers.slack.digest.actions import show_digest
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Message, day, escape, mention, plain
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.keys.listing import list_message
from handlers.slack.keys.parsing import Said, parse_said, read_person, read_until
from handlers.slack.keys.replies import (
    changed_message,
    confirm_revoke_message,
    details_message,
    handed_over_message,
    help_message,
    info_message,
    menu_message,
)
from handlers.slack.requests.commands import ask_by_command
from storage.models import ApiKey

Work = Callable[[Transaction, ApiKey, Said], Message]


async def show(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys show KEY`."""

    def work(tx: Transaction) -> Message:
        return details_message(get_key_details(tx, _named(tx, parse_said(rest), "show").id))

    return await slack.desk.read(command.actor, work)


async def rename(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys rename KEY to "new name"`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        name, before = said.text("to"), key.name
        if not name:
            raise InvalidInputError("What is its new name?", f'Write: /keys rename {key.start} to "new name".')
        rename_key(tx, key.id, name)
        return changed_message(f"Renamed; it was “{escape(plain(before, limit=100))}”.", show_key(tx, key.id))

    return await _change(slack, command, rest, "rename", work)


async def extend(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys extend KEY for 30d`: owners extend, holders ask them."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        until = read_until(tx, said, expires_at=key.expires_at)
        if roles_of_actor(tx).is_owner:
            extend_key(tx, key.id, until)
            return changed_message(f"It works until {day(until)}.", show_key(tx, key.id))
        ask_for_extension(tx, key.id, until, reason=said.reason)
        return changed_message(f"Owners were asked to extend it until {day(until)}.", show_key(tx, key.id))

    return await _change(slack, command, rest, "extend", work)


async def rotate(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys rotate KEY [grace 48h]`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        grace = parse_duration(said.text("grace")) if said.text("grace") else None
        ticket = begin_rotation(tx, key.id, grace)
        mine = ticket.collector_id == command.user_id
        return handed_over_message(show_key(tx, key.id), ticket.collector_id, ticket.id, is_collector=mine)

    return await _change(slack, command, rest, "rotate", work)


async def suspend(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys suspend KEY because …`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        suspend_key(tx, key.id, reason=said.reason)
        return changed_message("Suspended: it does not work until it is restored.", show_key(tx, key.id))

    return await _change(slack, command, rest, "suspend", work)


async def restore(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys restore KEY`."""

    def work(tx: Transaction, key: ApiKey, _said: Said) -> Message:
        restore_key(tx, key.id)
        return changed_message("Restored: it works again.", show_key(tx, key.id))

    return await _change(slack, command, rest, "restore", work)


async def revoke(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys revoke KEY because …`: warns when something uses the key, unless `--yes` is said."""
    said = parse_said(rest)

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        revoke_key(tx, key.id, reason=said.reason, warn=not said.confirmed)
        return changed_message("Revoked, for good.", show_key(tx, key.id))

    try:
        return await _change(slack, command, rest, "revoke", work)
    except RecentlyUsedError as warning:
        key_id, use = warning.key_id, warning.use
    return await slack.desk.read(
        command.actor, lambda tx: confirm_revoke_message(show_key(tx, key_id), use, said.reason)
    )


async def transfer(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys transfer KEY to @max`."""
    for word in parse_said(rest).parts.get("to", ()):
        if word.kind == "user":
            await slack.ensure_known(slack.client, slack.desk, word.text)

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        to = read_person(tx, said.parts.get("to", []))
        transfer_key(tx, key.id, to)
        return changed_message(f"{mention(to)} answers for it now.", show_key(tx, key.id))

    return await _change(slack, command, rest, "transfer", work)


async def keep(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys keep KEY until 2026-12-01 because …`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        until = read_until(tx, said)
        keep_key(tx, key.id, until, said.reason)
        return changed_message(f"Kept until {day(until)}; digests will say so.", show_key(tx, key.id))

    return await _change(slack, command, rest, "keep", work)


async def _change(slack: SlackContext, command: SlashCommand, rest: str, name: str, work: Work) -> Message:
    said = parse_said(rest)
    return await slack.desk.write(command.actor, lambda tx: work(tx, _named(tx, said, name), said))


def _named(tx: Transaction, said: Said, name: str) -> ApiKey:
    if not said.key:
        raise InvalidInputError("Which key?", f"Write: /keys {name} “name of the key” …, or /keys mine to see yours.")
    return get_key_by_word(tx, said.key)


async def _list(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    return await slack.desk.read(command.actor, lambda tx: list_message(tx, 0, rest))


async def _mine(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    return await slack.desk.read(
        command.actor, lambda tx: list_message(tx, 0, f"<@{command.user_id}> {rest}".strip())
    )


async def _info(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    return await slack.desk.read(command.actor, info_message)


async def _help(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    return await slack.desk.read(command.actor, _help_for)


def _help_for(tx: Transaction) -> Message:
    return help_message(KEYS.help_lines(is_owner=roles_of_actor(tx).is_owner))


async def _digest(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    return await show_digest(slack, command)


async def _menu(slack: SlackContext, command: SlashCommand) -> Message:
    return await slack.desk.read(command.actor, menu_message)


_REQUEST = 'request ["name" scope:read page:acme for 90d because …]'
_LIST = "list [all|unused|expiring|suspended|page:acme|holder:@max|text]"
_TRANSFER = SubCommand("transfer KEY to @max", "make somebody else answer for it", transfer, owners_only=True)
KEYS = CommandFamily(
    Command.KEYS,
    _menu,
    [
        SubCommand(_REQUEST, "ask for a key", ask_by_command, also=["ask", "new"]),
        SubCommand("mine", "the keys that you answer for", _mine, also=["my"]),
        SubCommand(_LIST, "keys, narrowed", _list, also=["ls"]),
        SubCommand("show KEY", "everything about a key", show, also=["get"]),
        SubCommand('rename KEY to "new name"', "call a key something else", rename),
        SubCommand("extend KEY for 30d [because …]", "let it live longer; holders ask owners for it", extend),
        SubCommand("rotate KEY [grace 48h]", "replace its secret", rotate),
        SubCommand("suspend KEY because …", "stop it; can be undone", suspend, also=["pause"]),
        SubCommand("restore KEY", "let a suspended key work again", restore, also=["resume", "unsuspend"]),
        SubCommand("revoke KEY because … [--yes]", "end it for good", revoke, also=["delete", "remove"]),
        SubCommand("keep KEY until 2026-12-01 because …", "leave it out of digests", keep),
        _TRANSFER,
        SubCommand("digest", "what nobody uses, now", _digest, owners_only=True),
        SubCommand("info", "ids, base URL, owners, how to ask", _info, also=["about"]),
        SubCommand("help", "this", _help, also=["?"]),
    ],
)
"""`/keys` and everything that may follow it."""
