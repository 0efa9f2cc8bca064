"""Buttons, menus and submitted forms of keys, in whichever message, modal or Home tab they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from desk.commands import slash
from desk.errors import ConflictError
from desk.keys.changes import check_change
from desk.keys.details import get_key_details, show_key
from desk.keys.refusals import RecentlyUsedError
from desk.keys.rules import Change
from desk.people import zone_of
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in
from handlers.slack.framework.blocks import Block, Message, modal
from handlers.slack.framework.modals import is_in_modal, show_modal
from handlers.slack.framework.payloads import ActionHandler, Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.keys.catalogue import BY_CHANGE, CATALOGUE
from handlers.slack.keys.change import KeyChange
from handlers.slack.keys.inputs import FormInputs, TypedInputs
from handlers.slack.keys.listing import list_message, list_modal, read_page_value
from handlers.slack.keys.parsing import Said
from handlers.slack.keys.replies import details_modal, done_message, info_blocks
from handlers.slack.keys.views import Form, read_metadata


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


async def press_change(row: KeyChange, slack: SlackContext, action: BlockAction) -> Message | None:
    """The button of a change: its form, or the change itself where it needs none."""
    if row.form is None:
        return await _change_now(row, Said("", confirmed=True), slack, action)
    value = read_value(action.value)

    def work(tx: Transaction) -> Block:
        shown = show_key(tx, value.key_id)
        way = row.chosen_for(tx, shown.key)
        check_change(tx, shown.key, way.change)
        assert way.form is not None, "both ways ask something"
        return way.form.render(tx, shown, value.extra)

    await show_modal(slack, action, await slack.desk.read(action.actor, work))
    return None


async def press_revoke_confirm(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Revoke all the same*, after a warning; the button carries the reason that was typed."""
    revoke, reason = BY_CHANGE[Change.REVOKE], read_value(action.value).extra
    if not reason:
        return await press_change(revoke, slack, action)
    return await _change_now(revoke, Said("", reason=reason, confirmed=True), slack, action)


async def _change_now(row: KeyChange, said: Said, slack: SlackContext, action: BlockAction) -> Message | None:
    value = read_value(action.value)

    def work(tx: Transaction) -> Block | Message:
        done = row.make(tx, value.key_id, TypedInputs(tx, show_key(tx, value.key_id).key, said, value.version))
        if is_in_modal(action) and isinstance(done, str):
            return details_modal(get_key_details(tx, value.key_id), done=done)
        return done_message(tx, value.key_id, done)

    answer = await slack.desk.write(action.actor, work)
    if isinstance(answer, Message):
        return answer
    await show_modal(slack, action, answer)
    return None


async def submit_change(row: KeyChange, form: Form, slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The form of a change: the key as it is then. When something began to use it since the form was drawn, and
    somebody should know that first, the form again, with a warning."""
    key_id, version, flags = read_metadata(submission.private_metadata)
    if row.names_person and (person := submission.choice("holder")):
        await slack.ensure_known(slack.client, slack.desk, person)

    def work(tx: Transaction) -> Block:
        way = row.chosen_for(tx, show_key(tx, key_id).key)
        given = FormInputs(submission.entered, zone_of(tx), version, confirmed="warned" in flags)
        done = way.make(tx, key_id, given)
        if isinstance(done, str):
            return details_modal(get_key_details(tx, key_id), done=done)
        return modal(form.title, done_message(tx, key_id, done).blocks, callback_id=CallbackId.NOTICE)

    try:
        return Answer(view=await slack.desk.write(submission.actor, work))
    except RecentlyUsedError:
        reason = submission.text("reason")
    return Answer(
        view=await slack.desk.read(submission.actor, lambda tx: form.render(tx, show_key(tx, key_id), reason))
    )


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
    await show_modal(slack, action, modal("About the API", blocks, callback_id=CallbackId.NOTICE))


KEY_BUTTONS: list[tuple[ActionId, ActionHandler]] = [
    (ActionId.KEY_SHOW, press_show),
    *((button, partial(press_change, row)) for row in CATALOGUE for button in (row.action_id, *row.other_buttons)),
]
"""What each button of a key does; the menu beside a key offers the same."""
_IN_MENU: Mapping[str, ActionHandler] = {str(action_id): press for action_id, press in KEY_BUTTONS}


async def choose_from_menu(slack: SlackContext, action: BlockAction) -> Message | None:
    """A choice of the menu beside a key: `<action id>:<id>:<version>`."""
    action_id, _, value = action.value.partition(":")
    press = _IN_MENU.get(action_id)
    if press is None:
        raise ConflictError(
            "This menu is from another release of Keydesk.", f"Type `{slash('keys list')}` for a new one."
        )
    return await press(slack, replace(action, value=value))
