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
from handlers.slack.framework.payloads import ActionHandler, BlockAction, SlackContext
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

DrawForm = Callable[[Transaction, ShownKey, BlockAction], Block]


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


async def press_show(slack: SlackContext, action: BlockAction) -> None:
    """*Show everything*."""
    details = await slack.desk.read(action.actor, lambda tx: get_key_details(tx, read_value(action.value).key_id))
    await show_modal(slack, action, details_modal(details))


async def open_form(slack: SlackContext, action: BlockAction, change: Change, draw: DrawForm) -> None:
    """A button that opens a form, unless the change is refused already."""

    def work(tx: Transaction) -> Block:
        shown = show_key(tx, read_value(action.value).key_id)
        refusal = decide_change(change, standing_of(tx, shown.key), person_of(tx))
        if refusal is not None:
            raise refusal_error(tx, shown.key, refusal)
        return draw(tx, shown, action)

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def press_rename(slack: SlackContext, action: BlockAction) -> None:
    """*Rename…*."""
    await open_form(slack, action, Change.RENAME, lambda tx, shown, _: rename_form(shown))


async def press_extend(slack: SlackContext, action: BlockAction) -> None:
    """*Extend…*, or *Ask for more time…* for a holder."""
    asked = read_value(action.value).extra
    seconds = number_in(asked)
    until = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    change = await slack.desk.read(
        action.actor, lambda tx: Change.EXTEND if person_of(tx).is_owner else Change.ASK_EXTENSION
    )
    await open_form(slack, action, change, lambda tx, shown, _: extend_form(shown, tx.policy, tx.now, until=until))


async def press_rotate(slack: SlackContext, action: BlockAction) -> None:
    """*Rotate…*."""
    await open_form(slack, action, Change.ROTATE, lambda tx, shown, _: rotate_form(shown, tx.policy, action.user_id))


async def press_suspend(slack: SlackContext, action: BlockAction) -> None:
    """*Suspend…*."""
    await open_form(slack, action, Change.SUSPEND, lambda tx, shown, _: suspend_form(shown))


async def press_revoke(slack: SlackContext, action: BlockAction) -> None:
    """*Revoke…*, with a warning when something uses the key."""
    await open_form(
        slack, action, Change.REVOKE, lambda tx, shown, _: revoke_form(shown, find_recent_use(tx, shown.key))
    )


async def press_transfer(slack: SlackContext, action: BlockAction) -> None:
    """*Transfer to…*."""
    await open_form(slack, action, Change.TRANSFER, lambda tx, shown, _: transfer_form(shown))


async def press_keep(slack: SlackContext, action: BlockAction) -> None:
    """*Keep until…*, and *Still needed…* in the question to a holder."""
    await open_form(slack, action, Change.KEEP, lambda tx, shown, _: keep_form(shown, tx.policy, tx.now))


async def press_restore(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Restore*: done at once."""
    value = read_value(action.value)
    return await _change_now(
        slack, action, "Restored: it works again.", lambda tx: restore_key(tx, value.key_id, version=value.version)
    )


async def press_revoke_confirm(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Revoke all the same*, after a warning; the button carries the reason that was typed."""
    value = read_value(action.value)
    if not value.extra:
        await press_revoke(slack, action)
        return None
    return await _change_now(
        slack,
        action,
        "Revoked, for good.",
        lambda tx: revoke_key(tx, value.key_id, reason=value.extra, version=value.version),
    )


async def press_ask(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Ask its holder*."""
    key_id = read_value(action.value).key_id

    def work(tx: Transaction) -> Message:
        key = ask_holder(tx, key_id)
        return Message("Asked", [section(f":speech_balloon: {mention(key.holder_id)} was asked.")])

    return await slack.desk.write(action.actor, work)


async def _change_now(
    slack: SlackContext, action: BlockAction, done: str, change: Callable[[Transaction], object]
) -> Message | None:
    key_id = read_value(action.value).key_id

    def work(tx: Transaction) -> Block | Message:
        change(tx)
        if is_in_modal(action):
            return details_modal(get_key_details(tx, key_id), done=done)
        return changed_message(done, show_key(tx, key_id))

    answer = await slack.desk.write(action.actor, work)
    if not isinstance(answer, Message):
        await show_modal(slack, action, answer)
        return None
    return answer


async def press_page(slack: SlackContext, action: BlockAction) -> None:
    """*All keys*, *My keys* and the like: a list in a modal."""
    offset, text = read_page_value(action.value)
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: list_modal(tx, offset, text)))


async def press_turn(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Previous* and *Next*: the list turns where it is shown."""
    if is_in_modal(action):
        await press_page(slack, action)
        return None
    offset, text = read_page_value(action.value)
    return await slack.desk.read(action.actor, lambda tx: list_message(tx, offset, text))


async def press_info(slack: SlackContext, action: BlockAction) -> None:
    """*About the API*."""
    blocks = await slack.desk.read(action.actor, info_blocks)
    await show_modal(slack, action, modal("About the API", blocks, callback_id=str(CallbackId.NOTICE)))


BUTTONS: dict[ActionId, ActionHandler] = {
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


async def choose_from_menu(slack: SlackContext, action: BlockAction) -> Message | None:
    """A choice of the menu beside a key: `<action id>:<id>:<version>`."""
    action_id, _, value = action.value.partition(":")
    press = BUTTONS.get(ActionId(action_id)) if action_id in set(ActionId) else None
    if press is None:
        raise ConflictError("This menu is from another release of Keydesk.", "Type `/keys list` for a new one.")
    return await press(slack, replace(action, value=value))
