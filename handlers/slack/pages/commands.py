"""`/page …`: which sub-command does what."""

import re
from collections.abc import Callable
from functools import partial

from desk.commands import slash
from desk.configuration.components import restore_component, retire_component
from desk.configuration.lookup import (
    SeveralPagesError,
    get_by_word,
    get_configurable_page_by_word,
    list_configurable_pages,
)
from desk.errors import InvalidInputError
from desk.masking import refuse_secrets
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, Command
from handlers.slack.framework.blocks import Block, Message, section
from handlers.slack.framework.command_line import as_written, cut
from handlers.slack.framework.commands import CommandFamily, SubCommand, split_command
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.framework.quotes import unquoted
from handlers.slack.pages.actions import done_message
from handlers.slack.pages.lists import page_message, pages_message, retired_message, which_page_message
from handlers.slack.pages.settings import POLICY, settings_form
from handlers.slack.pages.views import edit_form, new_form
from storage.models import Page

_ASKED = {
    ActionId.PAGE_RETIRED: "Retired",
    ActionId.COMPONENT_NEW: "New component",
    ActionId.COMPONENT_GROUP_NEW: "New group",
    ActionId.PAGE_TEXTS: "Texts",
    ActionId.PAGE_LOOK: "Look",
    ActionId.PAGE_POLICY: "Policy",
}
"""What the button says of each page where several may be meant."""
_KIND = re.compile(r"\A\s*(component|group)\s+(?=\S)")
"""What people put before the name, as the thing is called: in quotation marks it is a part of the name."""
_RENAMED = re.compile(r"(.+?)\s+(?:to|->|=>)\s+(.+)", re.DOTALL | re.IGNORECASE)
_SETTINGS = {"texts": ActionId.PAGE_TEXTS, "look": ActionId.PAGE_LOOK, POLICY: ActionId.PAGE_POLICY}


async def _overview(slack: SlackContext, command: SlashCommand) -> Message:
    return await _show(slack, command, "")


async def _list(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    return await slack.desk.read(command.actor, pages_message)


async def _show(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    def look(tx: Transaction) -> Message:
        word = _split(rest)[1] or _written(rest)
        if not word and len(list_configurable_pages(tx)) != 1:
            return pages_message(tx)
        return page_message(tx, get_configurable_page_by_word(tx, word or None).id)

    return await slack.desk.read(command.actor, look)


async def _retired(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    def look(tx: Transaction) -> Message:
        word = _split(rest)[1] or _written(rest)
        return retired_message(tx, get_configurable_page_by_word(tx, word or None).id)

    return await _answer(slack, command, look, ActionId.PAGE_RETIRED)


async def _answer(
    slack: SlackContext, command: SlashCommand, draw: Callable[[Transaction], Block | Message], ask: ActionId | None
) -> Message | None:
    """Open the form, or give the message; where several pages may be meant, ask which one by a button of `ask`."""

    def work(tx: Transaction) -> Block | Message:
        try:
            return draw(tx)
        except SeveralPagesError:
            if ask is None:
                raise
            return which_page_message(tx, _ASKED[ask], ask, command.text.strip())

    drawn = await slack.desk.read(command.actor, work)
    if isinstance(drawn, Message):
        return drawn
    await open_modal(slack, command.trigger_id, drawn)
    return None


async def _add(slack: SlackContext, command: SlashCommand, rest: str, *, group: bool = False) -> Message | None:
    kind = _KIND.match(rest)
    group = group or (kind is not None and kind[1] == "group")

    def draw(tx: Transaction) -> Block:
        name, word = _split(_KIND.sub("", rest))
        page = get_configurable_page_by_word(tx, word)
        return new_form(tx, page.id, group=group, name=name)

    ask = ActionId.COMPONENT_GROUP_NEW if group else ActionId.COMPONENT_NEW
    return await _answer(slack, command, draw, ask)


async def _change(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    is_renaming = split_command(command.text)[0] == "rename"

    def draw(tx: Transaction) -> Block:
        name, word = _split(rest)
        renamed = _RENAMED.fullmatch(name) if is_renaming else None
        try:
            return _form_of(tx, name, word)
        except InvalidInputError:
            if renamed is None:
                raise
            return _form_of(tx, unquoted(renamed[1]), word, new_name=unquoted(renamed[2]))

    return await _answer(slack, command, draw, None)


def _form_of(tx: Transaction, name: str, page_word: str | None, *, new_name: str = "") -> Block:
    page = get_configurable_page_by_word(tx, page_word, component=name)
    return edit_form(tx, get_by_word(tx, page.id, _named(name)).id, name=new_name)


async def _settings(slack: SlackContext, command: SlashCommand, rest: str, *, part: str) -> Message | None:
    def draw(tx: Transaction) -> Block:
        typed, word = _split(rest)
        page = get_configurable_page_by_word(tx, word or typed or None, policy_only=part == POLICY)
        left_out = f"“{typed}” is left out: say it below." if word and typed else ""
        return settings_form(tx, page.id, part, problem=left_out)

    return await _answer(slack, command, draw, _SETTINGS[part])


async def _retire(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    def work(tx: Transaction) -> Message:
        name, page = _meant(tx, rest)
        return done_message(tx, retire_component(tx, get_by_word(tx, page.id, name).id), "retired")

    return await slack.desk.write(command.actor, work)


async def _restore(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    def work(tx: Transaction) -> Message | Block:
        name, page = _meant(tx, rest)
        row = get_by_word(tx, page.id, name, retired=True)
        if row.group:
            return edit_form(tx, row.id)
        return done_message(tx, restore_component(tx, row.id), "on the page again")

    done = await slack.desk.write(command.actor, work)
    if isinstance(done, Message):
        return done
    await open_modal(slack, command.trigger_id, done)
    return None


async def _help(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    await slack.desk.read(command.actor, list_configurable_pages)
    lines = [f"*`{PAGES.name}`*  what is on your page", *PAGES.help_lines(is_owner=False)]
    return Message("What can be typed", [section("\n".join(lines))])


def _meant(tx: Transaction, text: str) -> tuple[str, Page]:
    """The component that was typed, and its page: behind `on`, or the only one that has it."""
    name, word = _split(text)
    page = get_configurable_page_by_word(tx, word, component=name)
    return _named(name), page


def _split(text: str) -> tuple[str, str | None]:
    """What stands before `on PAGE` or `page:PAGE` at the end, and the page. A name may have an “on” in it."""
    words = cut(text)
    if words and words[-1].kind == "pair" and words[-1].key in {"page", "on"}:
        return _written(text[: words[-1].start]), words[-1].text
    if len(words) >= 2 and words[-2].kind == "word" and words[-2].text.lower() == "on":
        return _written(text[: words[-2].start]), words[-1].text
    if len(words) == 2 and words[0].kind == "word" and words[0].text.lower() == "on":
        return "", words[1].text
    return _written(text), None


def _written(text: str) -> str:
    """A name as it was typed: Slack escapes signs and marks addresses."""
    return as_written(unquoted(text))


def _named(name: str) -> str:
    if not name:
        raise InvalidInputError("Say which component.", "By its name, or its id.")
    return name


PAGES = CommandFamily(
    Command.PAGE,
    _overview,
    [
        SubCommand(
            "show [PAGE]", "what is on it, with a button for everything", _show, also=["open"], takes_page=True
        ),
        SubCommand("list", "the pages that you configure", _list, also=["ls"], takes_nothing=True),
        SubCommand('add ["NAME" on PAGE]', "a component", _add, also=["new", "create"], takes_page=True),
        SubCommand('group ["NAME" on PAGE]', "a group of components", partial(_add, group=True), takes_page=True),
        SubCommand(
            "change COMPONENT [on PAGE]",
            "its name, place and more",
            _change,
            also=["edit", "rename", "move"],
            takes_page=True,
        ),
        SubCommand(
            "retire COMPONENT [on PAGE]",
            "off the page; what is past keeps its name",
            _retire,
            also=["remove"],
            destroys=True,
            takes_page=True,
        ),
        SubCommand("restore COMPONENT [on PAGE]", "bring it back", _restore, takes_page=True),
        SubCommand("retired [PAGE]", "what is not on it any more", _retired, takes_page=True),
        SubCommand("texts [PAGE]", "name, texts and addresses", partial(_settings, part="texts"), takes_page=True),
        SubCommand("look [PAGE]", "colours", partial(_settings, part="look"), takes_page=True),
        SubCommand(
            "policy [PAGE]", "who publishes, and who is reminded", partial(_settings, part="policy"), takes_page=True
        ),
        SubCommand("help", "this", _help, also=["?"]),
    ],
    check=refuse_secrets,
    instead=lambda: dict.fromkeys(
        ("delete", "erase", "hide"), f"A component is taken off the page with `{slash('page retire')}`."
    ),
)
"""`/page` and everything that may follow it."""
