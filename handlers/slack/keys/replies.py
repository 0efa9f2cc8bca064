"""What `/keys` says: its menu, its help, the API's facts, and what became of a change."""

from collections.abc import Sequence
from dataclasses import replace

from desk.commands import slash
from desk.keys.details import KeyDetails, ShownKey, show_key
from desk.keys.refusals import RecentUse
from desk.keys.rules import Change
from desk.pages.pages import find_organization, list_pages
from desk.permissions import ask_an_owner, is_person, list_owner_ids, roles_of_actor
from desk.requests.requests import may_ask
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    escape,
    fit,
    header,
    mention,
    modal,
    section,
    text_length,
)
from handlers.slack.framework.copies import upstream_lines
from handlers.slack.keys.change import Done
from handlers.slack.keys.details import key_blocks, key_buttons, key_line
from handlers.slack.keys.listing import page_value
from handlers.slack.keys.text import key_name, state_words, use_warning
from storage.models import Role, Ticket

_PAGES_TEXT = 2000
"""Characters of the list of pages: some 25 of them."""
_OWNERS_SHOWN = 10


def menu_message(tx: Transaction) -> Message:
    """`/keys` alone: what one can do, as buttons."""
    roles = roles_of_actor(tx)
    buttons = [button("Ask for a key", ActionId.REQUEST_OPEN, style="primary")] if may_ask(tx) else []
    if roles.is_owner:
        buttons.append(button("All keys", ActionId.KEYS_PAGE, page_value(0, "")))
        buttons.append(button("Unused keys", ActionId.KEYS_UNUSED, page_value(0, "unused")))
    elif is_person(tx):
        buttons.append(button("My keys", ActionId.KEYS_PAGE, page_value(0, "")))
    buttons.append(button("About the API", ActionId.KEYS_INFO))
    text = "*API keys of the status page.* What would you like to do?"
    typed = ("request", "mine", "show “terraform prod”", "help") if is_person(tx) else ("info", "help")
    words = [f"`{slash(f'keys {word}')}`" for word in typed if word != "request" or may_ask(tx)]
    hint = f"In words: {', '.join(words)}."
    return Message("API keys", [section(text), actions(*buttons, block_id="keys.menu"), context(hint)])


def help_message(lines: Sequence[str]) -> Message:
    """Every sub-command in a line."""
    named = "A key is named by its name, its id or the start of its secret (`kd_Ab12`)."
    return Message(
        f"Help for {slash('keys')}", [section(f"*`{slash('keys')}`*\n" + "\n".join(lines)), context(named)]
    )


def info_blocks(tx: Transaction) -> list[Block]:
    """The API's facts, for everyone."""
    organization, pages = find_organization(tx.session), list_pages(tx.session)
    base = tx.policy.base_url
    blocks = [header("The status page's API")]
    if organization is not None:
        blocks.append(section(f"Organization {bold(organization.name)}, id `{organization.id}`"))
    lines = [f"• {bold(page.name, limit=80)}, id `{page.id}`" for page in pages]
    blocks.append(section("*Pages*\n" + ("\n".join(fit(lines, _PAGES_TEXT)) or "none yet")))
    blocks += [context(line) for line in upstream_lines(tx)]
    page_id = pages[0].id if pages else "PAGE_ID"
    call = f'curl -H "Authorization: OAuth YOUR_KEY" {base}/v1/pages/{page_id}/components'
    blocks.append(section(f"*Base URL* `{base}/v1`\n```{escape(call)}```"))
    owners = list_owner_ids(tx)
    names = ", ".join(mention(owner) for owner in owners[:_OWNERS_SHOWN]) or "nobody yet"
    more = f" and {len(owners) - _OWNERS_SHOWN} more" if len(owners) > _OWNERS_SHOWN else ""
    blocks.append(section(f"*Owners*, who decide requests: {names}{more}"))
    if may_ask(tx):
        ask = f"Ask for a key with `{slash('keys request')}`."
        blocks.append(context(f"{ask} An owner approves, and you collect it once, in a window of your own."))
    elif is_person(tx):
        blocks.append(context(f"Asking for a key needs the role `{Role.INTEGRATOR}`. {escape(ask_an_owner(tx))}"))
    return blocks


def info_message(tx: Transaction) -> Message:
    """`/keys info`."""
    return Message("The status page's API", info_blocks(tx))


def details_message(details: KeyDetails) -> Message:
    """`/keys show`, with as much of its history as one message takes."""
    blocks = key_blocks(details)
    while text_length(blocks) > MAX_MESSAGE_TEXT and details.history:
        details = replace(details, history=details.history[:-1])
        blocks = key_blocks(details)
    state = state_words(details.shown).partition(" ")[2]
    return Message(f"Key “{escape(details.shown.key.name)}”: {state}", blocks)


def details_modal(details: KeyDetails, *, done: str = "") -> Block:
    """The same as a modal; `done` says what has just been changed."""
    blocks = key_blocks(details)
    if done:
        blocks.insert(0, section(f":white_check_mark: {done}"))
    return modal("Key", blocks, callback_id=CallbackId.KEY_SHOW)


def done_message(tx: Transaction, key_id: str, done: Done) -> Message:
    """What a change did, and the key as it is now."""
    if isinstance(done, Message):
        return done
    shown = show_key(tx, key_id)
    if isinstance(done, Ticket):
        return _handed_over_message(shown, done, is_collector=done.collector_id == tx.actor.user_id)
    return Message(f"“{escape(shown.key.name)}”: {done}", [section(f":white_check_mark: {done}"), *key_line(shown)])


def confirm_revoke_message(shown: ShownKey, use: RecentUse, reason: str) -> Message:
    """A key in use is about to be revoked by a command: warn first."""
    key = shown.key
    value = value_of(key.id, key.version)
    buttons = [button("Revoke all the same", ActionId.KEY_REVOKE_CONFIRM, f"{value}:{reason}", style="danger")]
    if Change.SUSPEND in shown.allowed:
        buttons.insert(0, button("Suspend instead", ActionId.KEY_SUSPEND, value, style="primary"))
    blocks = [section(f"{key_name(key)}\n{use_warning(use)}"), actions(*buttons, block_id=f"key.confirm.{key.id}")]
    return Message(f"“{escape(key.name)}” is in use: revoke it?", blocks)


def _handed_over_message(shown: ShownKey, ticket: Ticket, *, is_collector: bool) -> Message:
    """A rotation has begun: who collects the new secret, and how."""
    if is_collector:
        collect = button("Collect my key", ActionId.TICKET_COLLECT, ticket.id, style="primary")
        text = f"{key_name(shown.key)} can be replaced now. The old one works on until its grace period ends."
        blocks = [section(text), actions(collect, block_id=f"ticket.{ticket.id}")]
        return Message(
            f"Your new key “{escape(shown.key.name)}” is ready to be collected",
            [*blocks, context("You have the same button in your direct messages.")],
        )
    text = f"{mention(ticket.collector_id)} was told to collect the new secret of {key_name(shown.key)}."
    told = f"“{escape(shown.key.name)}” is being rotated: {mention(ticket.collector_id)} was told to collect it"
    return Message(told, [section(text), *key_buttons(shown)])
