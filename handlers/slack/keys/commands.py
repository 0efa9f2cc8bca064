"""`/keys …`: which sub-command does what."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.keys.details import get_key_details, show_key
from desk.keys.lookup import find_key_by_word, get_key_by_word
from desk.keys.refusals import RecentlyUsedError
from desk.keys.rules import Change
from desk.permissions import is_person, roles_of_actor
from desk.transaction import Transaction
from handlers.slack.digest.actions import show_digest
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.keys.catalogue import CATALOGUE
from handlers.slack.keys.change import KeyChange, Usage
from handlers.slack.keys.inputs import TypedInputs
from handlers.slack.keys.listing import list_message
from handlers.slack.keys.parsing import Said, parse_said
from handlers.slack.keys.replies import (
    confirm_revoke_message,
    details_message,
    done_message,
    help_message,
    info_message,
    menu_message,
)
from handlers.slack.requests.commands import ask_by_command
from handlers.slack.requests.deciding import approve_command, deny_command, requests_command
from handlers.slack.requests.importing import import_by_command
from handlers.slack.upstreams.actions import open_keys_command
from storage.models import ApiKey


async def show(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys show KEY`."""

    def work(tx: Transaction) -> Message:
        key, _said = _named(tx, parse_said(rest), "show")
        return details_message(get_key_details(tx, key.id))

    return await slack.desk.read(command.actor, work)


async def change(row: KeyChange, name: str, slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys suspend KEY because …` and its like. Warns where somebody should know something first, unless `--yes` is
    said."""
    said = parse_said(rest)
    for word in said.parts.get("to", ()) if row.names_person else ():
        if word.kind == "user":
            await slack.ensure_known(slack.client, slack.desk, word.text)

    def work(tx: Transaction) -> Message:
        key, meant = _named(tx, said, name)
        _refuse_more(row, meant)
        way = row.chosen_for(tx, key)
        return done_message(tx, key.id, way.make(tx, key.id, TypedInputs(tx, key, meant)))

    try:
        return await slack.desk.write(command.actor, work)
    except InvalidInputError as error:
        if error.field != "reason" or said.reason:
            raise
        raise InvalidInputError(error.sentence, "Write it behind “because”.", field="reason") from error
    except RecentlyUsedError as warning:
        key_id, use = warning.key_id, warning.use
    return await slack.desk.read(
        command.actor, lambda tx: confirm_revoke_message(show_key(tx, key_id), use, said.reason)
    )


def _named(tx: Transaction, said: Said, name: str) -> tuple[ApiKey, Said]:
    """The key, and what is said of it: nothing where all of the line is its name, as “export to s3”."""
    if not said.key:
        raise InvalidInputError(
            "Which key?", f"Write: {slash(f'keys {name} “name of the key” …')}, or {slash('keys mine')} to see yours."
        )
    whole = find_key_by_word(tx, said.whole) if said.parts else None
    if whole is not None:
        return whole, replace(said, parts={})
    return get_key_by_word(tx, said.key), said


def _refuse_more(row: KeyChange, said: Said) -> None:
    """Raises InvalidInputError where more was typed than the change takes: who suspends a key “until monday” expects
    that it works then."""
    more = [part for part in said.parts if row.usage is None or part not in row.usage.takes]
    if more and row.usage is not None:
        name, typed = row.usage.line.partition(" ")[0], f"{more[0]} {said.text(more[0])}".strip()
        raise InvalidInputError(
            f"`{slash(f'keys {name}')}` knows no “{typed}”, so nothing was done.",
            f"Write: {slash(f'keys {row.usage.line}')}",
        )


def _sub_command(row: KeyChange, usage: Usage) -> SubCommand:
    name = usage.line.partition(" ")[0]
    return SubCommand(
        usage.line,
        usage.does,
        partial(change, row, name),
        usage.also,
        usage.owners_only,
        destroys=row.change in {Change.REVOKE, Change.SUSPEND},
    )


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
    return help_message(KEYS.help_lines(is_owner=roles_of_actor(tx).is_owner, is_guest=not is_person(tx)))


async def _digest(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    return await show_digest(slack, command)


async def _menu(slack: SlackContext, command: SlashCommand) -> Message:
    return await slack.desk.read(command.actor, menu_message)


def _instead() -> Mapping[str, str]:
    stops = f"A key is stopped with `{slash('keys suspend')}` KEY because …, which can be undone."
    again = f"One that is suspended works again with `{slash('keys restore')}` KEY."
    leaked = f"{stops} `{slash('keys rotate')}` KEY gives whoever answers for it a new one."
    fixed = f"What a key may do stays as it was approved: ask for another one with `{slash('keys request')}`."
    known = f"`{slash('keys show')}` KEY says how it is used, and what happened to it."
    once = f"A secret is shown once, to whoever collects it. `{slash('keys rotate')}` KEY makes a new one."
    return {
        **dict.fromkeys(("disable", "deactivate", "stop", "block", "lock", "freeze"), stops),
        **dict.fromkeys(("enable", "activate", "unblock", "unlock"), again),
        **dict.fromkeys(("leak", "leaked", "compromised", "stolen"), leaked),
        **dict.fromkeys(("scope", "scopes", "edit", "change", "update", "pages"), fixed),
        **dict.fromkeys(("history", "audit", "log", "usage", "uses", "who"), known),
        **dict.fromkeys(("reveal", "secret", "copy", "view"), once),
    }


_REQUEST = (
    'request ["name" scope:component_status:write page:acme components:Webhooks from:10.0.0.0/8 for 90d because …]'
)
_LIST = "list [all|unused|expiring|suspended|page:acme|holder:@max|text]"
_CHANGES = sorted(((row, row.usage) for row in CATALOGUE if row.usage), key=lambda pair: pair[1].place)
KEYS = CommandFamily(
    Command.KEYS,
    _menu,
    [
        SubCommand(_REQUEST, "ask for a key", ask_by_command, also=["ask", "new", "create", "add"], takes_page=True),
        SubCommand("mine", "the keys that you answer for", _mine, also=["my"]),
        SubCommand(_LIST, "keys, narrowed", _list, also=["ls"], takes_page=True),
        SubCommand("show KEY", "everything about a key", show, also=["get"]),
        *(_sub_command(row, usage) for row, usage in _CHANGES),
        SubCommand(
            "requests",
            "what waits for a decision",
            requests_command,
            also=["pending"],
            owners_only=True,
            takes_nothing=True,
        ),
        SubCommand("approve NAME", "grant what somebody asked for", approve_command, owners_only=True),
        SubCommand(
            "deny NAME because …", "refuse it", deny_command, also=["reject"], owners_only=True, destroys=True
        ),
        SubCommand("import", "let a key that somebody holds already work here", import_by_command, owners_only=True),
        SubCommand("digest", "what nobody uses, now", _digest, owners_only=True, takes_nothing=True),
        SubCommand("statuspage", "Keydesk's own keys of Statuspage", open_keys_command, owners_only=True),
        SubCommand(
            "info", "ids, base URL, owners, how to ask", _info, also=["about"], for_guests=True, takes_nothing=True
        ),
        SubCommand("help", "this", _help, also=["?"], for_guests=True),
    ],
    instead=_instead,
)
"""`/keys` and everything that may follow it."""
