"""Buttons, menus and the form of roles and people."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import or_, select

from desk.directory.sync_steps import cancel_sync
from desk.pages.pages import list_pages
from desk.people import SubjectWord, get_subject
from desk.permissions import require_owner
from desk.roles.lists import page_name
from desk.roles.orders import list_remaining
from desk.roles.roles import revoke_grant
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import Answer, Click, Front, Submission, Typing
from handlers.slack.roles.commands import carry_out_grant, confirm_and_sync, meet, show_list, show_who, sync_now
from handlers.slack.roles.leaver_card import leaver_sheet
from handlers.slack.roles.parsing import Query
from handlers.slack.roles.replies import Sheet, revoked_text
from handlers.slack.roles.views import grant_form, group_options, read_grant
from storage.models import Page, Role, SubjectKind, UserGroup


async def open_grant_form(front: Front, click: Click) -> Message | None:
    """*Grant a role…*."""
    pages = await front.desk.read(click.actor, _pages_for_owner)
    await open_modal(front, click.trigger_id, grant_form(pages))
    return None


def _pages_for_owner(tx: Transaction) -> Sequence[Page]:
    require_owner(tx)
    return list_pages(tx.session)


async def offer_groups(front: Front, typing: Typing) -> Sequence[Block]:
    """The user groups whose handle or name holds what was typed."""

    def find(tx: Transaction) -> Sequence[UserGroup]:
        wanted = f"%{typing.text.removeprefix('@')}%"
        groups = select(UserGroup).where(
            UserGroup.is_disabled.is_(False), or_(UserGroup.handle.ilike(wanted), UserGroup.name.ilike(wanted))
        )
        return tx.session.scalars(groups.order_by(UserGroup.handle).limit(100)).all()

    return group_options(await front.desk.read(typing.actor, find))


async def submit_grant(front: Front, submission: Submission) -> Answer:
    """The form, sent."""
    order = read_grant(submission)
    order = replace(order, subject=await meet(front, order.subject, submission.user_id))
    return Answer(message=await front.desk.write(submission.actor, partial(carry_out_grant, order=order)))


async def revoke(front: Front, click: Click) -> Message:
    """*Revoke* in a list: the list is shown again, with what happened above it."""
    sheet = Sheet.unpack(click.value.partition(":")[2])
    return await front.desk.write(click.actor, partial(_revoke, grant_id=click.subject, sheet=sheet))


def _revoke(tx: Transaction, grant_id: str, sheet: Sheet) -> Message:
    grant = revoke_grant(tx, grant_id)
    subject = get_subject(tx.session, SubjectWord(str(grant.subject_kind), grant.subject_id))
    remaining = list_remaining(tx, subject, Role(grant.role))
    return show_list(tx, sheet, revoked_text(subject, grant, page_name(tx, grant), remaining))


async def turn(front: Front, click: Click) -> Message:
    """*Previous*, *Next* and the buttons that open a list."""
    sheet = Sheet.unpack(click.value)
    show = show_list if sheet.query.role is None else show_who
    return await front.desk.read(click.actor, partial(show, sheet=sheet))


async def my_roles(front: Front, click: Click) -> Message:
    """*My roles*."""
    sheet = Sheet(Query(subject=SubjectWord(str(SubjectKind.USER), click.user_id)))
    return await front.desk.read(click.actor, partial(show_list, sheet=sheet))


async def sync(front: Front, click: Click) -> Message:
    """*Read Slack again*."""
    return await sync_now(front, click.actor)


async def confirm_sync(front: Front, click: Click) -> Message:
    """*Apply* on a sync that stopped."""
    return await confirm_and_sync(front, click.actor, click.subject, click.version)


async def leave_as_is(front: Front, click: Click) -> None:
    """*Leave as is* on a sync that stopped: the card says so."""
    await front.desk.write(click.actor, partial(cancel_sync, sync_id=click.subject, version=click.version))


async def leaver_keys(front: Front, click: Click) -> Message:
    """*Show the others* on the card of somebody who left, and turning those sheets."""
    number = click.version or 0

    def show(tx: Transaction) -> Message:
        require_owner(tx)
        return leaver_sheet(tx, click.subject, number)

    return await front.desk.read(click.actor, show)
