"""Buttons, menus and the form of roles and people."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from desk.directory.sync_steps import cancel_sync
from desk.people import SubjectWord, get_subject
from desk.roles.lists import list_usable_groups, page_name
from desk.roles.orders import list_remaining
from desk.roles.roles import revoke_grant
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message
from handlers.slack.framework.payloads import Answer, BlockAction, OptionsRequest, SlackContext, ViewSubmission
from handlers.slack.roles.commands import (
    carry_out,
    confirm_and_sync,
    meet,
    open_grant_form,
    show_list,
    show_who,
    sync_now,
)
from handlers.slack.roles.leaver_card import leaver_sheet
from handlers.slack.roles.parsing import Query, StartedGrant
from handlers.slack.roles.replies import Sheet, read_order, revoked_text
from handlers.slack.roles.views import group_options, read_grant
from storage.models import Role, SubjectKind


async def press_grant(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Grant a role…*."""
    await open_grant_form(slack, action.actor, action.trigger_id, StartedGrant())
    return None


async def offer_groups(slack: SlackContext, request: OptionsRequest) -> Sequence[Block]:
    """The user groups whose handle or name holds what was typed."""
    return group_options(await slack.desk.read(request.actor, partial(list_usable_groups, text=request.text)))


async def submit_grant(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The form, sent."""
    order = read_grant(submission)
    order = replace(order, subject=await meet(slack, order.subject, submission.user_id))
    return Answer(message=await carry_out(slack, submission.actor, order))


async def press_sure(slack: SlackContext, action: BlockAction) -> Message:
    """*Do it*: a change of owners that was asked about."""
    return await carry_out(slack, action.actor, replace(read_order(action.value), sure=True))


async def revoke(slack: SlackContext, action: BlockAction) -> Message:
    """*Revoke* in a list: the list is shown again, with what happened above it."""
    sheet = Sheet.unpack(action.value.partition(":")[2])
    return await slack.desk.write(action.actor, partial(_revoke, grant_id=action.subject, sheet=sheet))


def _revoke(tx: Transaction, grant_id: str, sheet: Sheet) -> Message:
    grant = revoke_grant(tx, grant_id)
    subject = get_subject(tx.session, SubjectWord(str(grant.subject_kind), grant.subject_id))
    remaining = list_remaining(tx, subject, Role(grant.role))
    return show_list(tx, sheet, revoked_text(subject, grant, page_name(tx, grant), remaining))


async def turn(slack: SlackContext, action: BlockAction) -> Message:
    """*Previous*, *Next* and the buttons that open a list."""
    sheet = Sheet.unpack(action.value)
    show = show_list if sheet.query.role is None else show_who
    return await slack.desk.read(action.actor, partial(show, sheet=sheet))


async def my_roles(slack: SlackContext, action: BlockAction) -> Message:
    """*My roles*."""
    sheet = Sheet(Query(subject=SubjectWord(str(SubjectKind.USER), action.user_id)))
    return await slack.desk.read(action.actor, partial(show_list, sheet=sheet))


async def sync(slack: SlackContext, action: BlockAction) -> Message:
    """*Read Slack again*."""
    return await sync_now(slack, action.actor)


async def confirm_sync(slack: SlackContext, action: BlockAction) -> Message:
    """*Apply* on a sync that stopped."""
    return await confirm_and_sync(slack, action.actor, action.subject, action.version)


async def leave_as_is(slack: SlackContext, action: BlockAction) -> None:
    """*Leave as is* on a sync that stopped: the card says so."""
    await slack.desk.write(action.actor, partial(cancel_sync, sync_id=action.subject, version=action.version))


async def leaver_keys(slack: SlackContext, action: BlockAction) -> Message:
    """*Show the others* on the card of somebody who left, and turning those sheets."""
    show = partial(leaver_sheet, departure_id=action.subject, number=action.version or 0)
    return await slack.desk.read(action.actor, show)
