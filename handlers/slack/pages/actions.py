"""Buttons of pages and components, and their forms, submitted."""

from collections.abc import Callable

from desk.commands import slash
from desk.configuration.components import create_component, edit_component, restore_component, retire_component
from desk.configuration.groups import create_group, edit_group
from desk.configuration.lookup import get_component, get_configurable_page, list_namesakes
from desk.configuration.pages import edit_page
from desk.errors import ConflictError
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message, bold, context, escape, plain, section
from handlers.slack.framework.messages import notice
from handlers.slack.framework.modals import is_in_modal, show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.pages.inputs import Carried
from handlers.slack.pages.lists import page_message, pages_message, retired_message
from handlers.slack.pages.settings import PARTS, POLICY, draw_settings, read_settings, settings_form
from handlers.slack.pages.views import (
    RESTORES,
    Filled,
    again,
    component_fields,
    edit_form,
    filled_with,
    group_fields,
    new_form,
    read_filled,
)
from storage.models import Component

_TITLE = 80


async def open_page(slack: SlackContext, action: BlockAction) -> Message:
    """*Open*, *Previous* and *Next*: a sheet of a page, or of the list of pages."""

    def look(tx: Transaction) -> Message:
        offset = action.version or 0
        return page_message(tx, action.subject, offset) if action.subject else pages_message(tx, offset)

    return await slack.desk.read(action.actor, look)


async def open_retired(slack: SlackContext, action: BlockAction) -> Message:
    """*Retired*, and turning its sheets."""
    return await slack.desk.read(action.actor, lambda tx: retired_message(tx, action.subject, action.version or 0))


async def new_component(slack: SlackContext, action: BlockAction) -> None:
    """*New component*."""
    await _open(slack, action, lambda tx: new_form(tx, action.subject, group=False))


async def new_group(slack: SlackContext, action: BlockAction) -> None:
    """*New group*."""
    await _open(slack, action, lambda tx: new_form(tx, action.subject, group=True))


async def change_component(slack: SlackContext, action: BlockAction) -> None:
    """*Change*."""
    await _open(slack, action, lambda tx: edit_form(tx, action.subject))


async def open_texts(slack: SlackContext, action: BlockAction) -> None:
    """*Texts*."""
    await _open(slack, action, lambda tx: settings_form(tx, action.subject, "texts"))


async def open_look(slack: SlackContext, action: BlockAction) -> None:
    """*Look*."""
    await _open(slack, action, lambda tx: settings_form(tx, action.subject, "look"))


async def open_policy(slack: SlackContext, action: BlockAction) -> None:
    """*Policy*."""
    await _open(slack, action, lambda tx: settings_form(tx, action.subject, "policy"))


async def _open(slack: SlackContext, action: BlockAction, draw: Callable[[Transaction], Block]) -> None:
    await show_modal(slack, action, await slack.desk.read(action.actor, draw))


async def retire(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Retire*, confirmed: the form makes place for what was done."""

    def work(tx: Transaction) -> Message:
        return done_message(tx, retire_component(tx, action.subject, version=action.version), "retired")

    message = await slack.desk.write(action.actor, work)
    if not is_in_modal(action):
        return message
    await show_modal(slack, action, notice("Done", message))
    return None


async def restore(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Bring back*: at once; a group asks first what it is to have."""

    def work(tx: Transaction) -> Message | Block:
        if get_component(tx, action.subject).group:
            return edit_form(tx, action.subject)
        return done_message(tx, restore_component(tx, action.subject), "on the page again")

    done = await slack.desk.write(action.actor, work)
    if isinstance(done, Message):
        return done
    await show_modal(slack, action, done)
    return None


async def submit_component(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """A component is made or changed; where somebody else changed it meanwhile, the form says so and holds what was
    typed."""
    carried = Carried.unpack(submission.private_metadata)

    def work(tx: Transaction) -> Message:
        seen = _seen(tx, carried)
        filled = read_filled(submission.entered, seen or Filled())
        fields = component_fields(filled, seen)
        if carried.component_id is None:
            return done_message(tx, create_component(tx, carried.page_id, fields), "on the page")
        if carried.part == RESTORES:
            restore_component(tx, carried.component_id)
            return done_message(tx, edit_component(tx, carried.component_id, fields), "on the page again")
        row = edit_component(tx, carried.component_id, fields, version=carried.version)
        return done_message(tx, row, "changed")

    return await _submit(slack, submission, carried, work)


async def submit_group(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The same of a group, which may also come back with what it is to have."""
    carried = Carried.unpack(submission.private_metadata)

    def work(tx: Transaction) -> Message:
        seen = _seen(tx, carried)
        filled = read_filled(submission.entered, seen or Filled())
        fields = group_fields(filled, seen)
        if carried.component_id is None:
            return done_message(tx, create_group(tx, carried.page_id, fields), "on the page")
        if carried.part == RESTORES:
            restore_component(tx, carried.component_id, members=list(filled.members))
            fields.pop("components", None)
            return done_message(tx, edit_group(tx, carried.component_id, fields), "on the page again")
        return done_message(tx, edit_group(tx, carried.component_id, fields, version=carried.version), "changed")

    return await _submit(slack, submission, carried, work)


def _seen(tx: Transaction, carried: Carried) -> Filled | None:
    if carried.component_id is None:
        return None
    return filled_with(tx, get_component(tx, carried.component_id, page_id=carried.page_id))


async def _submit(
    slack: SlackContext, submission: ViewSubmission, carried: Carried, work: Callable[[Transaction], Message]
) -> Answer:
    try:
        return Answer(message=await slack.desk.write(submission.actor, work))
    except ConflictError as error:
        conflict = error

    def draw(tx: Transaction) -> Block:
        return again(tx, carried, read_filled(submission.entered, _seen(tx, carried) or Filled()), conflict)

    return Answer(view=await slack.desk.read(submission.actor, draw))


async def submit_settings(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """Settings of a page are changed; where somebody else changed it meanwhile, or has what was asked for, the form
    says so and holds what was typed."""
    carried = Carried.unpack(submission.private_metadata)
    values = read_settings(submission.entered, carried.part)

    def work(tx: Transaction) -> Message:
        page = edit_page(tx, carried.page_id, values, version=carried.version)
        part = PARTS[carried.part][0]
        said = f":white_check_mark: {part} of {bold(page.name, limit=_TITLE)}: kept."
        return Message(f"{part} of {escape(plain(page.name, limit=_TITLE))}: kept", [section(said)])

    try:
        return Answer(message=await slack.desk.write(submission.actor, work))
    except ConflictError as error:
        problem = f"{error} What you typed stands below."

    def draw(tx: Transaction) -> Block:
        page = get_configurable_page(tx, carried.page_id, policy_only=carried.part == POLICY)
        return draw_settings(page, carried.part, values, problem=problem)

    return Answer(view=await slack.desk.read(submission.actor, draw))


def done_message(tx: Transaction, row: Component, done: str) -> Message:
    """What was done with a component or group; that another one is called the same, if so."""
    blocks = [section(f":white_check_mark: {bold(row.name, limit=_TITLE)} is {done}.")]
    if row.retired_at is None and list_namesakes(tx.session, row):
        blocks.append(section(":warning: Another one beside it has that name: readers cannot tell them apart."))
    if row.retired_at is not None:
        blocks.append(context(f"It comes back with `{slash('page restore')}`, with all that is known of its past."))
    return Message(f"{escape(plain(row.name, limit=_TITLE))} is {done}", blocks)
