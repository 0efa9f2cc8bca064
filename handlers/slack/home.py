"""The Home tab: what is open on the pages, somebody's keys and requests, and for owners what waits for them.

It is published when it is opened, and again after each click on it and each modal its owner submits. What others do
shows when it is opened next.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import structlog

from desk.commands import slash
from desk.keys.details import show_keys
from desk.keys.lookup import KeyFilter, KeyView
from desk.keys.tickets import list_collectable
from desk.messages.dead_letters import list_dead
from desk.pages.pages import list_pages, page_names
from desk.permissions import ask_an_owner, is_person, roles_of_actor
from desk.requests.lookup import list_pending_requests, list_requests_of, status_of
from desk.requests.requests import may_ask
from desk.transaction import Actor, Transaction
from handlers.slack.deliveries.messages import place_in_words, reason_in_words
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.areas import Area
from handlers.slack.framework.blocks import (
    MAX_VIEW_BLOCKS,
    Block,
    actions,
    bold,
    button,
    context,
    divider,
    escape,
    fit,
    header,
    plain,
    section,
    when,
)
from handlers.slack.framework.client import REFUSED_HINT, RefusedCall, refused_calls
from handlers.slack.framework.modals import problem_of
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.framework.retries import UNREACHABLE
from handlers.slack.incidents.home import guest_home_blocks, incident_home_blocks
from handlers.slack.keys.details import key_line
from handlers.slack.keys.listing import page_value, total_in_words
from handlers.slack.keys.replies import info_blocks
from handlers.slack.requests.deciding import request_text
from handlers.slack.requests.messages import collect_button
from handlers.slack.requests.owners_card import outcome_in_words, request_buttons
from handlers.slack.roles.text import role_text
from handlers.slack.upstreams.messages import upstream_home_blocks
from storage.models import RequestStatus, Role

_log = structlog.get_logger(__name__)

_SECONDS = 1.0
_OWN_KEYS, _TICKETS, _REQUESTS, _DECISIONS, _UNUSED, _DEAD, _REFUSED = 12, 5, 5, 10, 8, 5, 5
_ROLES_TEXT = 2500
"""Characters of the list of roles."""


def home_view(tx: Transaction, *, refused: Sequence[RefusedCall] = ()) -> Block:
    """The actor's Home tab. `refused`: what Slack lets Keydesk not do, for owners to read."""
    if not is_person(tx):
        blocks = _guest_blocks(tx)
    else:
        top = _welcome(tx)
        rest = [*_owner_blocks(tx, refused), *_own_blocks(tx), divider(), *info_blocks(tx)]
        room = MAX_VIEW_BLOCKS - len(top) - len(rest)
        blocks = [*top, *incident_home_blocks(tx, room=room), *rest]
    return {"type": "home", "blocks": blocks[:MAX_VIEW_BLOCKS]}


def _guest_blocks(tx: Transaction) -> list[Block]:
    text = "API keys are for full members of this workspace: one of them can ask for what you need."
    told = section(f"{text} {escape(ask_an_owner(tx))}")
    return [header("Keydesk"), told, *guest_home_blocks(tx), divider(), *info_blocks(tx)]


def _welcome(tx: Transaction) -> list[Block]:
    buttons = []
    # In an outage nobody shall have to look for it.
    if roles_of_actor(tx).has_anywhere(Role.INCIDENT_MANAGER) and list_pages(tx.session):
        buttons.append(button("New incident", ActionId.INCIDENT_NEW, style="primary"))
    if may_ask(tx):
        buttons.append(button("Ask for a key", ActionId.REQUEST_OPEN, style=None if buttons else "primary"))
    first = [actions(*buttons, block_id="home.first")] if buttons else []
    return [header("Keydesk"), section(f"You are {_roles_in_words(tx)}."), *first]


def _roles_in_words(tx: Transaction) -> str:
    roles = roles_of_actor(tx)
    if roles.is_owner:
        return f"{role_text(Role.OWNER, None)}: you decide requests, grant roles, and may do everything else"
    words = [role_text(role, None) for role in Role if role in roles.everywhere]
    for page_id, on_page in roles.on_page.items():
        name = page_names(tx.session, [page_id])
        words += [role_text(role, name) for role in Role if role in on_page and role not in roles.everywhere]
    return ", ".join(fit(words, _ROLES_TEXT)) or "a member without a role"


def _owner_blocks(tx: Transaction, refused: Sequence[RefusedCall]) -> list[Block]:
    if not roles_of_actor(tx).is_owner:
        return []
    return [*_refused(refused), *_decisions(tx), *upstream_home_blocks(tx), *_dead_letters(tx), *_unused(tx)]


def _refused(refused: Sequence[RefusedCall]) -> list[Block]:
    if not refused:
        return []
    listed = ", ".join(f"`{escape(plain(str(call), limit=200))}`" for call in refused[:_REFUSED])
    hint = f"{REFUSED_HINT[0].upper()}{REFUSED_HINT[1:]}."
    return [section(f":warning: *Slack does not let Keydesk do everything:* {listed}.\n{hint}")]


def _decisions(tx: Transaction) -> list[Block]:
    waiting = list_pending_requests(tx)
    if not waiting:
        return [context(":white_check_mark: No request waits for a decision.")]
    blocks = [divider(), section(f"*Waiting for a decision: {len(waiting)}*")]
    for request in waiting[:_DECISIONS]:
        blocks += [section(request_text(tx, request)), request_buttons(request)]
    return [*blocks, *_more(len(waiting), _DECISIONS, "They are in the owners' messages.")]


def _dead_letters(tx: Transaction) -> list[Block]:
    letters = list_dead(tx, limit=_DEAD + 1)
    if not letters:
        return []
    blocks = [divider(), section("*Messages that could not be delivered*")]
    for letter in letters[:_DEAD]:
        what = f"\n> {escape(plain(' '.join(letter.what.split()), limit=200))}" if letter.what else ""
        where, why = place_in_words(letter.channel, letter.lane), reason_in_words(letter.error, letter.channel)
        retry = button("Retry", ActionId.DELIVERY_RETRY, value_of(letter.subject))
        blocks.append(section(f"To {where}: {why}{what}", accessory=retry))
    return blocks + ([context("…and more.")] if len(letters) > _DEAD else [])


def _unused(tx: Transaction) -> list[Block]:
    page = show_keys(tx, KeyFilter(view=KeyView.UNUSED), offset=0, limit=_UNUSED)
    if not page.total:
        return []
    blocks = [divider(), section(f"*Unused keys: {total_in_words(page)}*")]
    for shown in page.keys:
        blocks += key_line(shown, place="unused")
    if page.total > len(page.keys):
        every = "Show all" if page.is_more else f"Show all {page.total}"
        show = button(every, ActionId.KEYS_UNUSED, page_value(0, "unused"))
        blocks.append(actions(show, block_id="home.unused"))
    return blocks


def _own_blocks(tx: Transaction) -> list[Block]:
    user_id = tx.actor.user_id
    assert user_id is not None
    return [*_own_tickets(tx), *_own_requests(tx, user_id), *_own_keys(tx, user_id)]


def _own_keys(tx: Transaction, user_id: str) -> list[Block]:
    page = show_keys(tx, KeyFilter(holder_id=user_id), offset=0, limit=_OWN_KEYS)
    if not page.total:
        return [divider(), section("*Your keys*\nYou answer for no key yet.")]
    blocks = [divider(), section(f"*Your keys: {total_in_words(page)}*")]
    for shown in page.keys:
        blocks += key_line(shown, place="own")
    if page.total > len(page.keys):
        more = "" if page.is_more else f" {page.total - len(page.keys)}"
        blocks.append(context(f"…and{more} more: `{slash('keys mine')}`."))
    return blocks


def _own_tickets(tx: Transaction) -> list[Block]:
    waiting = list_collectable(tx)
    if not waiting:
        return []
    blocks = [divider(), section("*Ready for you to collect*")]
    for ticket, name in waiting[:_TICKETS]:
        text = f"{bold(name)}, until {when(ticket.expires_at)}"
        blocks.append(section(text, accessory=collect_button(ticket)))
    return [*blocks, *_more(len(waiting), _TICKETS, "They are in your direct messages.")]


def _own_requests(tx: Transaction, user_id: str) -> list[Block]:
    requests = list_requests_of(tx, user_id, limit=_REQUESTS)
    if not requests:
        return []
    blocks = [divider(), section("*Your latest requests*")]
    for request in requests:
        if status_of(request, tx.now) is RequestStatus.PENDING:
            withdraw = button("Withdraw", ActionId.REQUEST_WITHDRAW, value_of(request.id, request.version))
            text = f"{bold(request.name)}: :hourglass_flowing_sand: waits since {when(request.created_at)}"
            blocks.append(section(text, accessory=withdraw))
        else:
            blocks.append(section(f"{bold(request.name)}: {outcome_in_words(tx, request)}"))
    return blocks


def _more(total: int, shown: int, where: str) -> Sequence[Block]:
    return [context(f"…and {total - shown} more. {where}")] if total > shown else []


async def publish_home(slack: SlackContext, user_id: str) -> None:
    """Show a person their Home tab as it is now. A failure is logged: it is shown anew when they open it."""
    view = await slack.desk.read(Actor.member(user_id), partial(home_view, refused=refused_calls(slack.client)))
    try:
        async with asyncio.timeout(_SECONDS):
            await slack.client.views_publish(user_id=user_id, view=view)
    except UNREACHABLE as error:
        _log.warning("home_not_published", user_id=user_id, problem=problem_of(error))


async def open_home(slack: SlackContext, _event_id: str, event: dict[str, Any]) -> None:
    """Publish the Home tab when it is opened."""
    if event.get("tab") == "home":
        await slack.ensure_known(slack.client, slack.desk, event["user"])
        await publish_home(slack, event["user"])


AREA = Area(events=[("app_home_opened", open_home)], refreshers=[publish_home])
