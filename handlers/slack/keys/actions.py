"""Buttons and menus of keys, in whichever message, modal or Home tab they are."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from desk.errors import ConflictError
from desk.keys.changes import find_recent_use, restore_key, revoke_key
from desk.keys.details import ShownKey, get_key_details, show_key
from desk.keys.questions import ask_holder
from desk.keys.refusals import refusal_error
from desk.keys.rules import Change, decide_change, person_of, standing_of
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in
from handlers.slack.framework.blocks import Block, Message, mention, modal, section
from handlers.slack.framework.modals import is_in_modal, show_modal
from handlers.slack.framework.payloads import Click, ClickHandler, Front
from handlers.slack.keys.listing import list_message, list_modal, read_page_value
from handlers.slack.keys.replies import changed_message, details_modal, info_blocks
from handlers.slack.keys.views import (
    extend_form,
    keep_form,
    rename_form,
    revoke_form,
    rotate_form,
    suspend_form,
    transfer_form,
)

DrawForm = Callable[[Transaction, ShownKey, Click], Block]


@dataclass(frozen=True, slots=True)
class KeyValue:
    """A key button's value: the key, the version that was shown, and what else the button carries."""

    key_id: str
    version: int | None
    extra: str


def read_value(value: str) -> KeyValue:
    """Read `id`, `id:version` or `id:version:more`."""
    key_id, _, rest = value.partition(":")
    version, _, extra = rest.partition(":")
    return KeyValue(key_id, number_in(version), extra)


async def press_show(front: Front, click: Click) -> None:
    """*Show everything*."""
    details = await front.desk.read(click.actor, lambda tx: get_key_details(tx, read_value(click.value).key_id))
    await show_modal(front, click, details_modal(details))


async def open_form(front: Front, click: Click, change: Change, draw: DrawForm) -> None:
    """A button that opens a form, unless the change is refused already."""

    def work(tx: Transaction) -> Block:
        shown = show_key(tx, read_value(click.value).key_id)
        refusal = decide_change(change, standing_of(tx, shown.key), person_of(tx))
        if refusal is not None:
            raise refusal_error(tx, shown.key, refusal)
        return draw(tx, shown, click)

    await show_modal(front, click, await front.desk.read(click.actor, work))


async def press_rename(front: Front, click: Click) -> None:
    """*Rename…*."""
    await open_form(front, click, Change.RENAME, lambda tx, shown, _: rename_form(shown))


async def press_extend(front: Front, click: Click) -> None:
    """*Extend…*, or *Ask for more time…* for a holder."""
    asked = read_value(click.value).extra
    seconds = number_in(asked)
    until = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    change = await front.desk.read(
        click.actor, lambda tx: Change.EXTEND if person_of(tx).is_owner else Change.ASK_EXTENSION
    )
    await open_form(front, click, change, lambda tx, shown, _: extend_form(shown, tx.policy, tx.now, until=until))


async def press_rotate(front: Front, click: Click) -> None:
    """*Rotate…*."""
    await open_form(front, click, Change.ROTATE, lambda tx, shown, _: rotate_form(shown, tx.policy, click.user_id))


async def press_suspend(front: Front, click: Click) -> None:
    """*Suspend…*."""
    await open_form(front, click, Change.SUSPEND, lambda tx, shown, _: suspend_form(shown))


async def press_revoke(front: Front, click: Click) -> None:
    """*Revoke…*, with a warning when something uses the key."""
    await open_form(
        front, click, Change.REVOKE, lambda tx, shown, _: revoke_form(shown, find_recent_use(tx, shown.key))
    )


async def press_transfer(front: Front, click: Click) -> None:
    """*Transfer to…*."""
    await open_form(front, click, Change.TRANSFER, lambda tx, shown, _: transfer_form(shown))


async def press_keep(front: Front, click: Click) -> None:
    """*Keep until…*, and *Still needed…* in the question to a holder."""
    await open_form(front, click, Change.KEEP, lambda tx, shown, _: keep_form(shown, tx.policy, tx.now))


async def press_restore(front: Front, click: Click) -> Message | None:
    """*Restore*: done at once."""
    value = read_value(click.value)
    return await _change_now(
        front, click, "Restored: it works again.", lambda tx: restore_key(tx, value.key_id, version=value.version)
    )


async def press_revoke_confirm(front: Front, click: Click) -> Message | None:
    """*Revoke all the same*, after a warning; the button carries the reason that was typed."""
    value = read_value(click.value)
    if not value.extra:
        await press_revoke(front, click)
        return None
    return await _change_now(
        front,
        click,
        "Revoked, for good.",
        lambda tx: revoke_key(tx, value.key_id, reason=value.extra, version=value.version),
    )


async def press_ask(front: Front, click: Click) -> Message | None:
    """*Ask its holder*."""
    key_id = read_value(click.value).key_id

    def work(tx: Transaction) -> Message:
        key = ask_holder(tx, key_id)
        return Message("Asked", [section(f":speech_balloon: {mention(key.holder_id)} was asked.")])

    return await front.desk.write(click.actor, work)


async def _change_now(
    front: Front, click: Click, done: str, change: Callable[[Transaction], object]
) -> Message | None:
    key_id = read_value(click.value).key_id

    def work(tx: Transaction) -> Block | Message:
        change(tx)
        if is_in_modal(click):
            return details_modal(get_key_details(tx, key_id), done=done)
        return changed_message(done, show_key(tx, key_id))

    answer = await front.desk.write(click.actor, work)
    if not isinstance(answer, Message):
        await show_modal(front, click, answer)
        return None
    return answer


async def press_page(front: Front, click: Click) -> None:
    """*All keys*, *My keys* and the like: a list in a modal."""
    offset, text = read_page_value(click.value)
    await show_modal(front, click, await front.desk.read(click.actor, lambda tx: list_modal(tx, offset, text)))


async def press_turn(front: Front, click: Click) -> Message | None:
    """*Previous* and *Next*: the list turns where it is shown."""
    if is_in_modal(click):
        await press_page(front, click)
        return None
    offset, text = read_page_value(click.value)
    return await front.desk.read(click.actor, lambda tx: list_message(tx, offset, text))


async def press_info(front: Front, click: Click) -> None:
    """*About the API*."""
    blocks = await front.desk.read(click.actor, info_blocks)
    await show_modal(front, click, modal("About the API", blocks, callback_id=str(CallbackId.NOTICE)))


BUTTONS: dict[ActionId, ClickHandler] = {
    ActionId.KEY_SHOW: press_show,
    ActionId.KEY_RENAME: press_rename,
    ActionId.KEY_EXTEND: press_extend,
    ActionId.KEY_ROTATE: press_rotate,
    ActionId.KEY_SUSPEND: press_suspend,
    ActionId.KEY_RESTORE: press_restore,
    ActionId.KEY_REVOKE: press_revoke,
    ActionId.KEY_REVOKE_CONFIRM: press_revoke_confirm,
    ActionId.KEY_TRANSFER: press_transfer,
    ActionId.KEY_KEEP: press_keep,
    ActionId.KEY_ASK: press_ask,
    ActionId.KEY_STILL_NEEDED: press_keep,
    ActionId.KEY_NOT_NEEDED: press_revoke,
}
"""What each button of a key does; the menu beside a key offers the same."""


async def choose_from_menu(front: Front, click: Click) -> Message | None:
    """A choice of the menu beside a key: `<action id>:<id>:<version>`."""
    action_id, _, value = click.value.partition(":")
    press = BUTTONS.get(ActionId(action_id)) if action_id in set(ActionId) else None
    if press is None:
        raise ConflictError("This menu is from another release of Keydesk.", "Type `/keys list` for a new one.")
    return await press(front, replace(click, value=value))
