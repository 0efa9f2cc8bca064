"""The form of a new incident and of an update: drawn, followed as it is filled in, and read."""

from dataclasses import replace

from desk.errors import InvalidInputError
from desk.incidents.authority import list_publishable_pages
from desk.incidents.components import list_components
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.drafts.decision import role_for
from desk.incidents.inputs import MAX_NAME
from desk.incidents.lookup import get_incident
from desk.incidents.templates import list_templates
from desk.pages.status import Impact
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block, context, input_block, modal, section, text_input
from handlers.slack.framework.copies import age_of_copies
from handlers.slack.framework.payloads import ViewState
from handlers.slack.incidents.form_state import MOST_COMPONENTS, FormState, FormValues
from handlers.slack.incidents.inputs import (
    components_select,
    find_chosen_template,
    group_names,
    impact_select,
    page_hint,
    page_select,
    placeholder_inputs,
    problem_blocks,
    read_placeholders,
    state_input,
    status_select,
    template_select,
)
from handlers.slack.incidents.text import impact_of as impact_of_incident
from handlers.slack.incidents.text import impact_text, name_text, public_link, standing_of
from handlers.slack.markdown.inputs import one_or_more_inputs, read_text
from storage.models import DraftKind, IncidentStatus, Role

_MARKDOWN = "Markdown, as on the page. Links and emoji are turned into what the page takes; mentions are pointed out."


def render_form(tx: Transaction, state: FormState, values: FormValues) -> Block:
    """The form. Raises NotFoundError when the incident of an update is gone, and InvalidInputError when Slack's
    inputs cannot hold the text."""
    update = state.kind is DraftKind.UPDATE
    state = replace(state, remind=values.remind, status=values.status)
    title = "Edit the draft" if state.draft_id else "Update" if update else "New incident"
    return modal(
        title,
        [
            *problem_blocks(values.problems),
            *(_about(tx, state) if update else _page(tx, state)),
            *_templates(tx, state),
            *_words(tx, state, values),
            *_components(tx, state, values),
            _impact(state, values.impact),
        ],
        callback_id=str(CallbackId.INCIDENT_UPDATE if update else CallbackId.INCIDENT_NEW),
        submit="Preview",
        close="Cancel",
        private_metadata=state.as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


def _about(tx: Transaction, state: FormState) -> list[Block]:
    incident = get_incident(tx.session, state.incident_id or "")
    impact = impact_text(impact_of_incident(incident))
    now = f"{standing_of(tx, incident)}  ·  {impact}  ·  {public_link(tx, incident)}"
    return [section(f"{name_text(incident.name)}\n{now}")]


def _page(tx: Transaction, state: FormState) -> list[Block]:
    pages = list_publishable_pages(tx, role_of_form(tx, state))
    if len(pages) < 2 or state.draft_id:
        chosen = next((page for page in pages if page.id == state.page_id), None)
        return [context(f"On {name_text(chosen.name)}"), *age_of_copies(tx, [chosen])] if chosen is not None else []
    menu = page_select(pages, state.page_id)
    choice = input_block("Page", menu, block_id="page", hint=page_hint(pages), dispatch=True)
    return [choice, *age_of_copies(tx, pages)]


def _templates(tx: Transaction, state: FormState) -> list[Block]:
    templates = list_templates(tx.session, state.page_id)
    if state.kind is not DraftKind.INCIDENT or not templates or state.draft_id:
        return []
    select = template_select(templates, state.template_id)
    blocks = [input_block("Template", select, block_id=f"template.{state.page_id}", optional=True, dispatch=True)]
    chosen = find_chosen_template(tx, state)
    if chosen is not None and not chosen.should_send_notifications:
        blocks.append(
            context("This template is meant to notify nobody: where there is *Publish quietly*, choose it.")
        )
    return blocks


def _words(tx: Transaction, state: FormState, values: FormValues) -> list[Block]:
    scheduled = _is_scheduled(tx, state)
    status = values.status or (None if scheduled else IncidentStatus.INVESTIGATING)
    hint = f"Left empty: “{FIRST_WORDS[status]}” {_MARKDOWN}" if status and not values.body else _MARKDOWN
    return [
        input_block(
            "Name",
            text_input(initial=values.name[:MAX_NAME], max_length=MAX_NAME, placeholder="What people notice"),
            block_id=state.word_block("name"),
        ),
        input_block(
            "Status",
            status_select(scheduled=scheduled, chosen=status),
            block_id=state.word_block("status"),
            dispatch=state.kind is DraftKind.UPDATE,
        ),
        *one_or_more_inputs("What do you tell people?", values.body, hint=hint, block_id=state.word_block("body")),
        *placeholder_inputs(tx, state, values.values),
    ]


def _components(tx: Transaction, state: FormState, values: FormValues) -> list[Block]:
    groups = group_names(tx.session, state.page_id)
    rows = {row.id: row for row in list_components(tx.session, state.page_id) if not row.group}
    known = [component_id for component_id in values.states if component_id in rows]
    chosen, left = known[:MOST_COMPONENTS], known[MOST_COMPONENTS:]
    more = f"{len(left)} more components have no room here and stay as they are."
    return [
        input_block(
            "Components",
            components_select(tx, state.page_id, chosen),
            block_id=state.state_block("components"),
            hint="Type to search. Each one that you choose gets a menu for its state.",
            optional=True,
            dispatch=True,
        ),
        *(state_input(state, rows[one], groups, values.states[one] or None) for one in chosen),
        *([context(more)] if left else []),
    ]


def _impact(state: FormState, chosen: Impact | None) -> Block:
    return input_block("Impact", impact_select(chosen), block_id=state.word_block("impact"))


def role_of_form(tx: Transaction, state: FormState) -> Role:
    """The role, on the form's page, that publishing what it says needs. Raises NotFoundError when the incident of an
    update is gone."""
    return role_for(state.kind, scheduled=_is_scheduled(tx, state))


def _is_scheduled(tx: Transaction, state: FormState) -> bool:
    if state.incident_id is None:
        return False
    return get_incident(tx.session, state.incident_id).scheduled_for is not None


def read_form(tx: Transaction, state: FormState, entered: ViewState) -> FormValues:
    """What is filled in so far."""
    chosen = entered.choices(state.state_block("components"))
    status = entered.choice(state.word_block("status"))
    impact = entered.choice(state.word_block("impact"))
    return FormValues(
        name=entered.name(state.word_block("name")),
        status=IncidentStatus(status) if status else None,
        body=read_text(entered, state.word_block("body")),
        states={one: entered.choice(state.state_block(f"state.{one}")) or "" for one in chosen},
        impact=Impact(impact) if impact in set(Impact) else None,
        remind=state.remind,
        values=read_placeholders(tx, state, entered),
    )


def check_form(state: FormState, values: FormValues) -> None:
    """Raises InvalidInputError beside the menu of a component whose state is yet to be chosen."""
    for component_id, wanted in values.states.items():
        if not wanted:
            # Its menu came after the last look at the form, so it may not even be drawn.
            raise InvalidInputError(
                "Choose the state of each component.", field=state.state_block(f"state.{component_id}")
            )
