"""Changing keys in words: `/keys suspend "terraform prod" because …` and its like."""

from collections.abc import Callable
from typing import TypeVar

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
from handlers.slack.blocks import Message, day, escape, mention, plain
from handlers.slack.incoming import Front, Typed
from handlers.slack.keys.messages import (
    changed_message,
    confirm_revoke_message,
    details_message,
    handed_over_message,
)
from handlers.slack.keys.parsing import Said, parse_said, read_person, read_until
from storage.models import ApiKey

T = TypeVar("T")
Work = Callable[[Transaction, ApiKey, Said], Message]


async def show(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys show KEY`."""

    def work(tx: Transaction) -> Message:
        return details_message(get_key_details(tx, _named(tx, parse_said(rest), "show").id))

    return await front.desk.read(typed.actor, work)


async def rename(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys rename KEY to "new name"`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        name, before = said.text("to"), key.name
        if not name:
            raise InvalidInputError("What is its new name?", f'Write: /keys rename {key.start} to "new name".')
        rename_key(tx, key.id, name)
        return changed_message(f"Renamed; it was “{escape(plain(before, limit=100))}”.", show_key(tx, key.id))

    return await _change(front, typed, rest, "rename", work)


async def extend(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys extend KEY for 30d`: owners extend, holders ask them."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        until = read_until(tx, said, expires_at=key.expires_at)
        if roles_of_actor(tx).is_owner:
            extend_key(tx, key.id, until)
            return changed_message(f"It works until {day(until)}.", show_key(tx, key.id))
        ask_for_extension(tx, key.id, until, reason=said.reason)
        return changed_message(f"Owners were asked to extend it until {day(until)}.", show_key(tx, key.id))

    return await _change(front, typed, rest, "extend", work)


async def rotate(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys rotate KEY [grace 48h]`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        grace = parse_duration(said.text("grace")) if said.text("grace") else None
        ticket = begin_rotation(tx, key.id, grace)
        mine = ticket.collector_id == typed.user_id
        return handed_over_message(show_key(tx, key.id), ticket.collector_id, ticket.id, is_collector=mine)

    return await _change(front, typed, rest, "rotate", work)


async def suspend(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys suspend KEY because …`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        suspend_key(tx, key.id, reason=said.reason)
        return changed_message("Suspended: it does not work until it is restored.", show_key(tx, key.id))

    return await _change(front, typed, rest, "suspend", work)


async def restore(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys restore KEY`."""

    def work(tx: Transaction, key: ApiKey, _said: Said) -> Message:
        restore_key(tx, key.id)
        return changed_message("Restored: it works again.", show_key(tx, key.id))

    return await _change(front, typed, rest, "restore", work)


async def revoke(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys revoke KEY because …`: warns when something uses the key, unless `--yes` is said."""
    said = parse_said(rest)

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        revoke_key(tx, key.id, reason=said.reason, warn=not said.confirmed)
        return changed_message("Revoked, for good.", show_key(tx, key.id))

    try:
        return await _change(front, typed, rest, "revoke", work)
    except RecentlyUsedError as warning:
        key_id, use = warning.key_id, warning.use
    return await front.desk.read(
        typed.actor, lambda tx: confirm_revoke_message(show_key(tx, key_id), use, said.reason)
    )


async def transfer(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys transfer KEY to @max`."""
    for word in parse_said(rest).parts.get("to", ()):
        if word.kind == "user":
            await front.ensure_known(front.client, front.desk, word.text)

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        to = read_person(tx, said.parts.get("to", []))
        transfer_key(tx, key.id, to)
        return changed_message(f"{mention(to)} answers for it now.", show_key(tx, key.id))

    return await _change(front, typed, rest, "transfer", work)


async def keep(front: Front, typed: Typed, rest: str) -> Message:
    """`/keys keep KEY until 2026-12-01 because …`."""

    def work(tx: Transaction, key: ApiKey, said: Said) -> Message:
        until = read_until(tx, said)
        keep_key(tx, key.id, until, said.reason)
        return changed_message(f"Kept until {day(until)}; digests will say so.", show_key(tx, key.id))

    return await _change(front, typed, rest, "keep", work)


async def _change(front: Front, typed: Typed, rest: str, name: str, work: Work) -> Message:
    said = parse_said(rest)
    return await front.desk.write(typed.actor, lambda tx: work(tx, _named(tx, said, name), said))


def _named(tx: Transaction, said: Said, name: str) -> ApiKey:
    if not said.key:
        raise InvalidInputError("Which key?", f"Write: /keys {name} “name of the key” …, or /keys mine to see yours.")
    return get_key_by_word(tx, said.key)
