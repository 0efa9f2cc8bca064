"""Inputs of forms: components by searching, a state for each that is chosen, statuses, impacts, pages, templates and
what they leave to be filled in."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from desk.errors import InvalidInputError
from desk.incidents.components import full_name, list_components
from desk.incidents.inputs import REALTIME, SCHEDULED
from desk.incidents.templates import list_placeholders
from desk.pages.status import Impact
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import (
    Block,
    escape,
    input_block,
    option,
    plain,
    section,
    static_select,
    text_input,
)
from handlers.slack.framework.payloads import OptionGroup, OptionsRequest, SlackContext, ViewState
from handlers.slack.incidents.form_state import COMPUTED, KEEP, MOST_COMPONENTS, FormState, page_in
from handlers.slack.incidents.text import IMPACT_WORDS, STATE_WORDS, STATUS_WORDS
from handlers.slack.markdown.inputs import is_continued
from storage.folding import fold
from storage.models import Component, ComponentStatus, IncidentStatus, IncidentTemplate, Page

_MOST_OPTIONS = 100
_MAX_VALUE = 200
_OWN = "On their own"


def group_names(session: Session, page_id: str) -> dict[str, str]:
    """The names of a page's groups by id."""
    return {row.id: row.name for row in list_components(session, page_id) if row.group}


def component_option(row: Component, groups: Mapping[str, str]) -> Block:
    """A component as a choice; its state is said where it is not well."""
    status = ComponentStatus(row.status)
    said = None if status is ComponentStatus.OPERATIONAL else STATE_WORDS[status]
    return option(full_name(row, groups), row.id, said)


def components_select(tx: Transaction, page_id: str, chosen: Sequence[str]) -> Block:
    """A searched menu of a page's components."""
    groups = group_names(tx.session, page_id)
    rows = {row.id: row for row in list_components(tx.session, page_id) if not row.group}
    element: Block = {
        "type": "multi_external_select",
        "action_id": ActionId.FORM_COMPONENTS,
        "min_query_length": 0,
        "max_selected_items": MOST_COMPONENTS,
        "placeholder": {"type": "plain_text", "text": "Type a name"},
    }
    initial = [component_option(rows[component_id], groups) for component_id in chosen if component_id in rows]
    if initial:
        element["initial_options"] = initial[:MOST_COMPONENTS]
    return element


async def component_options(slack: SlackContext, request: OptionsRequest) -> Sequence[OptionGroup]:
    """Components whose name or group's name holds what was typed, under their groups."""
    # Options answer a person's typing only; what is chosen is checked when it is submitted.
    page_id = page_in(request.private_metadata)
    wanted = fold(" ".join(request.text.split()))

    def find(tx: Transaction) -> list[OptionGroup]:
        groups = group_names(tx.session, page_id)
        found: dict[str, list[Block]] = {}
        count = 0
        for row in list_components(tx.session, page_id):
            if row.group or wanted not in fold(full_name(row, groups)) or count >= _MOST_OPTIONS:
                continue
            count += 1
            found.setdefault(groups.get(row.group_id or "", _OWN), []).append(component_option(row, groups))
        return [OptionGroup(plain(label, limit=75), options) for label, options in found.items()]

    return await slack.desk.read(request.actor, find)


def state_input(form: FormState, row: Component, groups: Mapping[str, str], chosen: str | None) -> Block:
    """The menu of the state that a chosen component takes on; empty where it is yet to be chosen."""
    stays = f"Stays as it is ({STATE_WORDS[ComponentStatus(row.status)].lower()})"
    choices = [option(words, str(status)) for status, words in STATE_WORDS.items()] + [option(stays, KEEP)]
    return input_block(
        full_name(row, groups),
        static_select(choices, chosen=chosen, placeholder="Choose its state"),
        block_id=form.state_block(f"state.{row.id}"),
    )


def status_select(*, scheduled: bool, chosen: IncidentStatus | None) -> Block:
    """The menu of statuses of one kind of incident."""
    statuses = SCHEDULED if scheduled else REALTIME
    choices = [option(STATUS_WORDS[status], str(status)) for status in statuses]
    return static_select(choices, chosen=str(chosen or statuses[0]), action_id=ActionId.FORM_STATUS)


def impact_select(chosen: Impact | None) -> Block:
    """The menu of impacts."""
    choices = [option("As its components are", COMPUTED)]
    choices += [option(words, str(impact)) for impact, words in IMPACT_WORDS.items() if impact != Impact.MAINTENANCE]
    return static_select(choices, chosen=str(chosen) if chosen else COMPUTED)


def page_select(pages: Sequence[Page], chosen: str) -> Block:
    """The menu of pages; of more than a hundred, the chosen one is among those that are offered."""
    ordered = sorted(pages, key=lambda page: page.id != chosen)[:_MOST_OPTIONS]
    choices = [option(page.name, page.id) for page in sorted(ordered, key=lambda page: page.name.lower())]
    return static_select(choices, chosen=chosen, action_id=ActionId.FORM_PAGE)


def page_hint(pages: Sequence[Page]) -> str | None:
    """What to do where the menu cannot offer all pages; None where it does."""
    if len(pages) <= _MOST_OPTIONS:
        return None
    return "There are more pages than a menu shows. For another one, type the command with on PAGE behind it."


def template_select(templates: Sequence[IncidentTemplate], chosen: str | None) -> Block:
    """The menu of a page's templates."""
    choices = [option(template.name, template.id) for template in templates]
    return static_select(choices, chosen=chosen, action_id=ActionId.FORM_TEMPLATE, placeholder="None")


def problem_blocks(problems: Sequence[str]) -> list[Block]:
    """What was not understood, or why a draft was sent back."""
    text = "\n".join(f":warning: {escape(problem)}" for problem in problems)
    return [section(text)] if problems else []


def placeholder_inputs(tx: Transaction, state: FormState, values: Mapping[str, str]) -> list[Block]:
    """An input for each placeholder of the chosen template."""
    return [
        input_block(
            plain(f"{{{{{name}}}}}", limit=75),
            text_input(initial=values.get(name), max_length=_MAX_VALUE, placeholder="Stands in name and text"),
            block_id=state.word_block(f"value{number}"),
            optional=True,
        )
        for number, name in enumerate(placeholders_of(tx, state))
    ]


def placeholders_of(tx: Transaction, state: FormState) -> tuple[str, ...]:
    """What the chosen template leaves to be filled in, up to ten."""
    template = find_chosen_template(tx, state)
    return list_placeholders(template.title, template.body)[:10] if template else ()


def find_chosen_template(tx: Transaction, state: FormState) -> IncidentTemplate | None:
    """The template that was chosen, or None, also when it was deleted meanwhile: its words are in the form."""
    return tx.session.get(IncidentTemplate, state.template_id) if state.template_id else None


def read_placeholders(tx: Transaction, state: FormState, entered: ViewState) -> dict[str, str]:
    """What is filled in of them."""
    names = enumerate(placeholders_of(tx, state))
    values = {name: entered.text(state.word_block(f"value{number}")) for number, name in names}
    return {name: value for name, value in values.items() if value}


def drawn_anew(state: FormState, entered: ViewState) -> FormState:
    """What the form carries when it is drawn again."""
    # There may be fewer inputs now, and Slack keeps what was entered in each of them.
    return state.with_new_words() if is_continued(entered, state.word_block("body")) else state


def beside_its_input(error: InvalidInputError, state: FormState) -> InvalidInputError:
    """The same refusal, naming the form's own input."""
    blocks = {
        "name": state.word_block("name"),
        "body": state.word_block("body"),
        "status": state.word_block("status"),
        "components": state.state_block("components"),
    }
    return InvalidInputError(error.sentence, error.hint, field=blocks.get(error.field or "", error.field))
