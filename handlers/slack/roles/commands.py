"""`/roles` as it is typed: parse, one desk call, render."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import structlog

from desk.commands import slash
from desk.directory.sync_steps import confirm_sync, request_sync
from desk.errors import InvalidInputError, LateError
from desk.masking import refuse_secrets
from desk.pages.pages import get_page_by_word, list_pages
from desk.people import Subject, SubjectWord, get_subject
from desk.permissions import require_owner, require_person, roles_of_actor
from desk.roles.lists import NAMES, get_role, page_name
from desk.roles.orders import (
    GrantOrder,
    RevokeOrder,
    UnsureError,
    WhichPageError,
    grant_as_said,
    list_as_said,
    revoke_as_said,
    who_as_said,
)
from desk.transaction import Actor, Transaction
from handlers.jobs.reconcile import reconcile
from handlers.slack.directory.reading import ensure_group_known, ensure_known
from handlers.slack.framework.action_ids import Command
from handlers.slack.framework.blocks import Block, Message, section
from handlers.slack.framework.commands import CommandFamily, SubCommand
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.framework.retries import UNREACHABLE, problem_of
from handlers.slack.roles.parsing import Query, StartedGrant, parse_grant, parse_query, parse_revoke
from handlers.slack.roles.replies import (
    Sheet,
    granted_message,
    help_message,
    list_message,
    menu_message,
    revoked_message,
    sure_message,
    which_page_message,
    who_message,
)
from handlers.slack.roles.sync_card import sync_message
from handlers.slack.roles.views import grant_form
from storage.deadline import find_seconds_left
from storage.models import Role

_log = structlog.get_logger(__name__)
_PATIENCE_SECONDS = 2.0


async def menu(slack: SlackContext, command: SlashCommand) -> Message:
    """`/roles` alone."""
    return await slack.desk.read(command.actor, render_menu)


def render_menu(tx: Transaction) -> Message:
    """The actor's roles in words, and buttons. Raises NotAllowedError: guests have none."""
    require_person(tx)
    held = roles_of_actor(tx)
    own = [NAMES[role] for role in Role if role in held.everywhere]
    own += [f"{NAMES[role]} on some pages" for role in Role if held.has_anywhere(role) and not held.has(role)]
    return menu_message(is_owner=held.is_owner, own=own)


async def help_(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/roles help`."""
    await slack.desk.read(command.actor, require_person)
    return help_message(ROLES)


async def grant(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/roles grant @somebody role …`; without whom or which role, the form with what was said."""
    order = parse_grant(rest)
    if isinstance(order, StartedGrant):
        # A form filled in with what was typed would show it again.
        refuse_secrets(rest)
        await open_grant_form(slack, command.actor, command.trigger_id, order)
        return None
    order = replace(order, subject=await meet(slack, order.subject, command.user_id))
    return await carry_out(slack, command.actor, order)


async def open_grant_form(slack: SlackContext, actor: Actor, trigger_id: str, started: StartedGrant) -> None:
    """The form in which owners grant a role. Raises NotAllowedError, and as `meet` where somebody is named."""
    if started.subject is not None:
        await slack.desk.read(actor, require_owner)
        started = replace(started, subject=await meet(slack, started.subject, actor.author_id))
    await open_modal(slack, trigger_id, await slack.desk.read(actor, partial(_draw_form, started=started)))


def _draw_form(tx: Transaction, started: StartedGrant) -> Block:
    require_owner(tx)
    subject = get_subject(tx.session, started.subject) if started.subject else None
    if isinstance(started.page, str):
        started = replace(started, page=get_page_by_word(tx.session, started.page).id)
    return grant_form(list_pages(tx.session), started, subject=subject)


async def carry_out(slack: SlackContext, actor: Actor, order: GrantOrder | RevokeOrder) -> Message:
    """Do what was said, or ask first whether it is meant, or on which page."""

    def work(tx: Transaction) -> Message:
        return _grant(tx, order) if isinstance(order, GrantOrder) else _revoke(tx, order)

    try:
        return await slack.desk.write(actor, work)
    except UnsureError as question:
        return sure_message(question, order)
    except WhichPageError as question:
        assert isinstance(order, GrantOrder)
        return which_page_message(question, order)


def _grant(tx: Transaction, order: GrantOrder) -> Message:
    """Grant and say what it came to."""
    subject, granted = grant_as_said(tx, order)
    return granted_message(subject, granted, page_name(tx, granted.grant))


async def revoke(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/roles revoke @somebody role …`."""
    order = parse_revoke(rest)
    order = replace(order, subject=await meet(slack, order.subject, command.user_id))
    return await carry_out(slack, command.actor, order)


def _revoke(tx: Transaction, order: RevokeOrder) -> Message:
    subject, ended, remaining = revoke_as_said(tx, order)
    return revoked_message(subject, ended, page_name(tx, ended), remaining)


async def list_(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/roles list [@somebody] [on page]`."""
    query = parse_query(rest)
    if query.role is not None:
        raise InvalidInputError(
            "A list shows every role.", f"For one role: {slash(f'roles who {query.role}')}", field="role"
        )
    if query.subject is not None:
        query = replace(query, subject=await meet(slack, query.subject, command.user_id))
    return await slack.desk.read(command.actor, partial(show_list, sheet=Sheet(query)))


def show_list(tx: Transaction, sheet: Sheet, news: str | None = None) -> Message:
    """One sheet of grants, read anew."""
    listing = list_as_said(tx, sheet.query.subject, sheet.query.page)
    query = Query(subject=_as_word(listing.subject), page=listing.page_id)
    return list_message(listing, Sheet(query, sheet.number), default_role=tx.policy.default_role, news=news)


def _as_word(subject: Subject | None) -> SubjectWord | None:
    return SubjectWord(str(subject.kind), subject.id) if subject else None


async def who(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/roles who role [on page]`."""
    query = parse_query(rest)
    if query.role is None:
        if query.subject is not None:
            get_role(query.subject.text)
        raise InvalidInputError("Which role?", f"Roles are: {', '.join(Role)}.", field="role")
    return await slack.desk.read(command.actor, partial(show_who, sheet=Sheet(query)))


def show_who(tx: Transaction, sheet: Sheet) -> Message:
    """One sheet of people who have a role, read anew."""
    found = who_as_said(tx, sheet.query.role or Role.OWNER, sheet.query.page)
    query = Query(role=found.role, page=found.page_id)
    return who_message(found, Sheet(query, sheet.number), default_role=tx.policy.default_role)


async def sync(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/roles sync`."""
    return await sync_now(slack, command.actor)


async def meet(slack: SlackContext, word: SubjectWord, user_id: str) -> SubjectWord:
    """Make sure that the desk knows whom a mention means; “me” is who typed it."""
    if word.kind == "user":
        await ensure_known(slack.client, slack.desk, word.text)
    elif word.kind == "group":
        await ensure_group_known(slack.client, slack.desk, word.text)
    elif word.text.lower() in {"me", "myself"}:
        return SubjectWord("user", user_id)
    return word


async def sync_now(slack: SlackContext, actor: Actor) -> Message:
    """Read Slack's directory for an owner. Raises NotAllowedError."""
    asked = await slack.desk.write(actor, request_sync)
    return await _carry_out(slack, actor, asked.id) or _later("write to you when it is done")


async def confirm_and_sync(slack: SlackContext, actor: Actor, sync_id: str, version: int | None) -> Message:
    """An owner's yes to a stopped sync, carried out at once if nothing has changed. Raises as `confirm_sync`."""
    await slack.desk.write(actor, partial(confirm_sync, sync_id=sync_id, version=version))
    return await _carry_out(slack, actor, sync_id) or _later("bring the owners' card up to date when it is done")


async def _carry_out(slack: SlackContext, actor: Actor, sync_id: str) -> Message | None:
    """What the sync came to; None when Slack takes too long, and the job goes on with it."""
    try:
        async with asyncio.timeout(find_seconds_left(most=_PATIENCE_SECONDS)):
            report = await reconcile(slack.client, slack.desk, told=sync_id)
    except (*UNREACHABLE, LateError) as error:
        _log.info("sync_left_to_job", sync_id=sync_id, error=problem_of(error))
        return None
    return await slack.desk.read(actor, partial(sync_message, report=report))


def _later(then: str) -> Message:
    text = f":hourglass: Reading Slack takes longer than I may let you wait. I go on with it and {then}."
    return Message("The sync goes on.", [section(text)])


def _instead() -> Mapping[str, str]:
    lists = f"`{slash('roles list')}` shows all grants, `{slash('roles list me')}` your own, and so for @somebody."
    again = f"`{slash('roles grant')}` once more, with another end, changes when a role ends."
    moves = f"Grant it to the one with `{slash('roles grant')}`, then end the other's with `{slash('roles revoke')}`."
    return {
        **dict.fromkeys(("mine", "me", "my", "show", "get"), lists),
        **dict.fromkeys(("extend", "change", "edit", "update", "prolong"), again),
        **dict.fromkeys(("transfer", "move", "swap"), moves),
    }


_GRANT = 'grant @mia incident_manager on "Acme" for 8h because she is on call'
_MORE_GRANTS = (
    ("grant @platform integrator on all", "a whole user group, on all pages, for good"),
    ("grant @mia page_configuration on acme until Dec 1", "until a date, by your own clock"),
)
_FEWER = (("list @mia", "those that reach one person or group"), ("list on acme", "those that hold on one page"))
_SYNC = "read people and groups from Slack again, and say what changed"
ROLES = CommandFamily(
    Command.ROLES,
    menu,
    [
        SubCommand(
            _GRANT,
            "a role, on a page or on all, for good or for a time",
            grant,
            also=["add", "give", "assign"],
            more=_MORE_GRANTS,
            takes_page=True,
        ),
        SubCommand(
            "revoke @mia incident_manager on acme",
            "take it away",
            revoke,
            also=["remove", "take"],
            destroys=True,
            takes_page=True,
        ),
        SubCommand("list", "all grants", list_, more=_FEWER, takes_page=True),
        SubCommand("who incident_manager on acme", "who has a role, and where from", who, takes_page=True),
        SubCommand("sync", _SYNC, sync, takes_nothing=True),
        SubCommand("help", "this", help_),
    ],
    instead=_instead,
)
"""`/roles` and everything that may follow it."""
