"""The forms of a template: opened, followed while they are filled in, and kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError
from desk.incidents.authority import require_publisher
from desk.incidents.drafts.leaks import Leak
from desk.incidents.templates import (
    change_template,
    create_template,
    create_template_from,
    get_template_to_change,
    list_placeholders,
)
from desk.pages.pages import get_page
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, Message, actions, button, context, escape, fit, section
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import (
    Answer,
    BlockAction,
    SlackContext,
    ViewSubmission,
)
from handlers.slack.incidents.drafts.writing import make_public
from handlers.slack.incidents.templates.views import (
    CONTINUED,
    TemplateCarried,
    TemplateWords,
    carry,
    edit_form,
    name_form,
    new_form,
    read_template_form,
    render_template_form,
    split_components,
)
from handlers.slack.incidents.text import name_text, on_page, plain_name, render_leaks
from storage.models import IncidentTemplate, Role

_MOST_ASKED = 1500


async def press_new(slack: SlackContext, action: BlockAction) -> None:
    """*New template*, on the page whose templates were listed or on the first."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: new_form(tx, action.subject)))


async def press_edit(slack: SlackContext, action: BlockAction) -> None:
    """*Edit*."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: edit_form(tx, action.subject)))


async def choose_page(slack: SlackContext, action: BlockAction) -> None:
    """Another page: other components."""

    def work(tx: Transaction) -> Block:
        page = get_page(tx.session, action.value)
        require_publisher(tx, Role.INCIDENT_MANAGER, page)
        words = read_template_form(action.entered, TemplateCarried.unpack(action.private_metadata))
        return render_template_form(tx, TemplateCarried(page.id), replace(words, components=()))

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def submit_form(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The template is kept; where somebody else changed it meanwhile, the form says so and holds what was typed."""
    carried = TemplateCarried.unpack(submission.private_metadata)
    words = read_template_form(submission.entered, carried)
    try:
        message = await slack.desk.write(submission.actor, lambda tx: _keep(tx, submission, carried, words))
    except InvalidInputError as error:
        field = carried.components_block if error.field == "components" else error.field
        raise InvalidInputError(error.sentence, error.hint, field=field) from error
    except ConflictError as error:
        if CONTINUED in submission.values:
            # Slack keeps what was entered by block, and the blocks may be fewer now.
            raise
        problem = f"{error.sentence} Keep replaces what it says now by what stands here."
        again = replace(words, problem=problem)
        return Answer(view=await slack.desk.read(submission.actor, lambda tx: _form_again(tx, carried, again)))
    return Answer(message=message)


def _form_again(tx: Transaction, carried: TemplateCarried, words: TemplateWords) -> Block:
    template = get_template_to_change(tx, carried.template_id or "")
    _, left = split_components(tx, template.page_id, template.component_ids)
    return render_template_form(tx, carry(template), replace(words, components=(*words.components, *left)))


def _keep(tx: Transaction, submission: ViewSubmission, carried: TemplateCarried, words: TemplateWords) -> Message:
    title = make_public(tx, " ".join(words.title.split()), field="title")
    body = make_public(tx, words.body, field="body")
    warnings = tuple(dict.fromkeys([*title.warnings, *body.warnings]))
    if carried.template_id is None:
        page_id = submission.choice("page") or carried.page_id
        made = create_template(
            tx,
            page_id,
            name=words.name,
            title=title.markdown,
            body=body.markdown,
            update_status=words.status,
            component_ids=words.components,
            should_send_notifications=words.notifies,
        )
        return kept_message(tx, made, "Kept as the template", warnings)
    earlier = get_template_to_change(tx, carried.template_id)
    _, left = split_components(tx, earlier.page_id, earlier.component_ids)
    changed = change_template(
        tx,
        earlier.id,
        seen_at=datetime.fromisoformat(carried.seen_at or ""),
        name=words.name,
        title=title.markdown,
        body=body.markdown,
        update_status=words.status,
        component_ids=[*words.components, *left],
        should_send_notifications=words.notifies,
    )
    return kept_message(tx, changed, "Changed the template", warnings)


def kept_message(tx: Transaction, template: IncidentTemplate, done: str, warnings: Sequence[Leak] = ()) -> Message:
    """What was done with a template, what in it to look at, and *Edit*."""
    blocks = [section(f":white_check_mark: {done} {name_text(template.name)}{on_page(tx, template.page_id)}.")]
    if warnings:
        blocks.append(section(render_leaks(warnings)))
    blocks += asked_blocks(template)
    blocks.append(context(f"Choose it in the form of `{slash('incident new')}`."))
    return Message(f"{done} “{plain_name(template.name)}”", [*blocks, edit_button(template)])


def asked_blocks(template: IncidentTemplate) -> list[Block]:
    """The placeholders that are filled in whenever the template is used; nothing where it has none."""
    asked = [f"`{escape(name)}`" for name in list_placeholders(template.title, template.body)]
    return [context(f"To be filled in: {', '.join(fit(asked, _MOST_ASKED))}")] if asked else []


def edit_button(template: IncidentTemplate) -> Block:
    """*Edit*, in a row of its own."""
    return actions(button("Edit", ActionId.TEMPLATE_EDIT, template.id), block_id=f"template.{template.id}")


async def press_template(slack: SlackContext, action: BlockAction) -> None:
    """*Keep as template*: asks for its name."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: name_form(tx, action.subject)))


async def submit_template(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The incident's words are a template."""
    message = await slack.desk.write(
        submission.actor, lambda tx: keep_words(tx, submission.private_metadata, submission.entered.name("name"))
    )
    return Answer(message=message)


def keep_words(tx: Transaction, incident_id: str, name: str) -> Message:
    """Keep what an incident first said as a template."""
    return kept_message(tx, create_template_from(tx, incident_id, name=name), "Kept as the template")
