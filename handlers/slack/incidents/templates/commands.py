"""`/incident template …`: words kept for the next time: listed, shown, written, kept from an incident, forgotten."""

from collections.abc import Awaitable, Callable, Mapping

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.incidents.components import full_name, list_components
from desk.incidents.lookup import get_incident_by_word
from desk.incidents.templates import (
    delete_template,
    get_template_by_word,
    list_usable_templates,
)
from desk.masking import refuse_secrets
from desk.pages.pages import get_page_by_word
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    escape,
    fit,
    section,
)
from handlers.slack.framework.command_line import Word, cut
from handlers.slack.framework.commands import split_command
from handlers.slack.framework.messages import list_text
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import (
    SlackContext,
    SlashCommand,
)
from handlers.slack.incidents.details import incident_word
from handlers.slack.incidents.templates.actions import asked_blocks, edit_button, keep_words
from handlers.slack.incidents.templates.starting import typed_form
from handlers.slack.incidents.templates.views import edit_form, name_form
from handlers.slack.incidents.text import (
    count_of,
    name_text,
    on_page,
    plain_name,
    said_blocks,
    status_text,
)
from storage.models import IncidentTemplate

_LIST_TEXT = 2900
_BODY = 2500
_SAVE = 'incident template save "Checkout errors" as "checkout"'


async def template_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/incident template list|new|show NAME|edit NAME|save INCIDENT as "name"|delete NAME`, and `on PAGE`."""
    name, following = split_command(rest)
    handler = _COMMANDS.get(name or "list")
    if handler is None:
        raise InvalidInputError(f"“{name[:40]}” is nothing that templates know.", _usage())
    return await handler(slack, command, following)


def _usage() -> str:
    verbs = "list, new, show NAME, edit NAME, delete NAME (each with on PAGE where there are several)"
    return f'{slash("incident template")} {verbs}, or save INCIDENT as "name".'


async def _list(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    return await slack.desk.read(command.actor, lambda tx: _list_message(tx, _split_page(tx, rest)[1]))


def _list_message(tx: Transaction, page_id: str | None) -> Message:
    templates = list_usable_templates(tx, page_id)
    new = button("New template", ActionId.TEMPLATE_NEW, page_id or "")
    ends = [
        actions(new, block_id="templates"),
        context(f"Keep an incident's words with `{slash(_SAVE)}`."),
    ]
    if not templates:
        none = "There is no template yet."
        return Message(none, [section(none), *ends])
    lines = [f"• {_line(tx, template)}" for template in templates]
    text = list_text("Templates", [template.name for template in templates])
    return Message(text, [section("\n".join(["*Templates*", *fit(lines, _LIST_TEXT)])), *ends])


def _line(tx: Transaction, template: IncidentTemplate) -> str:
    facts = [plain_name(template.title)]
    if template.update_status:
        facts.append(status_text(template.update_status))
    if template.component_ids:
        facts.append(count_of(template.component_ids, "component", "components"))
    if not template.should_send_notifications:
        facts.append("quietly")
    return f"{name_text(template.name)}{on_page(tx, template.page_id)}  {'  ·  '.join(facts)}"


async def _show(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    def work(tx: Transaction) -> Message:
        word, page_id = _split_page(tx, rest)
        return _show_message(tx, get_template_by_word(tx, _named(word), page_id=page_id))

    return await slack.desk.read(command.actor, work)


def _show_message(tx: Transaction, template: IncidentTemplate) -> Message:
    rows = list_components(tx.session, template.page_id)
    groups = {row.id: row.name for row in rows if row.group}
    names = [escape(full_name(row, groups)) for row in rows if row.id in template.component_ids]
    blocks = [
        section(f":page_facing_up: {_line(tx, template)}"),
        *said_blocks(template.body, limit=_BODY),
    ]
    if names:
        blocks.append(context(f"Components: {', '.join(fit(names, 1500))}"))
    blocks += [*asked_blocks(template), edit_button(template)]
    return Message(f"Template “{plain_name(template.name)}”", blocks)


async def _new(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(rest)

    view = await slack.desk.read(command.actor, lambda tx: typed_form(tx, rest))
    await open_modal(slack, command.trigger_id, view)


async def _edit(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    def work(tx: Transaction) -> Block:
        word, page_id = _split_page(tx, rest)
        return edit_form(tx, get_template_by_word(tx, _named(word), page_id=page_id).id)

    await open_modal(slack, command.trigger_id, await slack.desk.read(command.actor, work))


async def _delete(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    def work(tx: Transaction) -> Message:
        word, page_id = _split_page(tx, rest)
        template = get_template_by_word(tx, _named(word), page_id=page_id)
        delete_template(tx, template.page_id, template.id)
        done = f":wastebasket: The template {name_text(template.name)}{on_page(tx, template.page_id)} is deleted."
        return Message(f"The template “{plain_name(template.name)}” is deleted", [section(done)])

    return await slack.desk.write(command.actor, work)


async def _save(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    word, name = _split_name(rest)

    def keep(tx: Transaction) -> Message:
        return keep_words(tx, get_incident_by_word(tx.session, word).id, name)

    if name:
        return await slack.desk.write(command.actor, keep)
    view = await slack.desk.read(command.actor, lambda tx: name_form(tx, get_incident_by_word(tx.session, word).id))
    await open_modal(slack, command.trigger_id, view)
    return None


def _split_page(tx: Transaction, text: str) -> tuple[str, str | None]:
    """What stands before `on PAGE` at the end, and the page's id. A name may have an “on” in it."""
    words = cut(text)
    if len(words) >= 2 and _is(words[-2], "on"):
        return text[: words[-2].start], get_page_by_word(tx.session, words[-1].text).id
    return text, None


def _split_name(text: str) -> tuple[str, str]:
    """What stands before `as`, and the name after it; the second is empty without one."""
    words = cut(text)
    places = [number for number, word in enumerate(words) if _is(word, "as")]
    quoted = [number for number in places if words[number + 1 : number + 2] and words[number + 1].kind == "quoted"]
    if not places:
        return incident_word(text), ""
    at = words[(quoted or places)[0]]
    return incident_word(text[: at.start]), incident_word(text[at.end :])


def _is(word: Word, text: str) -> bool:
    return word.kind == "word" and word.text.lower() == text


def _named(text: str) -> str:
    name = incident_word(text)
    if not name:
        raise InvalidInputError("Say which template.", _usage())
    return name


_COMMANDS: Mapping[str, Callable[[SlackContext, SlashCommand, str], Awaitable[Message | None]]] = {
    "list": _list,
    "ls": _list,
    "show": _show,
    "new": _new,
    "create": _new,
    "edit": _edit,
    "change": _edit,
    "save": _save,
    "keep": _save,
    "delete": _delete,
    "remove": _delete,
}
