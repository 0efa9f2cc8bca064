"""`/maintenance schedule` and *Schedule maintenance*: from a line or the form to a draft and its preview."""

from collections.abc import Callable
from dataclasses import replace

from desk.errors import InvalidInputError
from desk.incidents.authority import require_publisher
from desk.incidents.components import get_component_by_word
from desk.incidents.default_texts import words_for
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import NewIncident
from desk.incidents.templates import fill_in, get_template
from desk.masking import refuse_secrets
from desk.moments.window_instants import read_window
from desk.people import zone_of
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block
from handlers.slack.framework.modals import open_modal, show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import fill_form, make_public, write_down
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import beside_its_input, drawn_anew
from handlers.slack.incidents.starting import (
    below_template,
    find_named_template,
    get_typed_page,
    with_bare_name,
    with_page_or_words,
    with_whole_page,
)
from handlers.slack.maintenances.parsing import TypedMaintenance, parse_maintenance
from handlers.slack.maintenances.views import PlanValues, read_plan, render_plan, schedule_from, values_of_plan
from storage.models import DraftKind, IncidentDraft, IncidentStatus, IncidentTemplate, Page, Role

Begun = tuple[FormState, PlanValues]


async def schedule_command(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    """`/maintenance schedule`: the preview of what was typed, or the form where something is missing."""
    line = parse_maintenance(rest, plans=True)

    def work(tx: Transaction) -> Block:
        anew = with_whole_page(tx, rest, line.said.page_at)
        meant = line if anew is None else parse_maintenance(anew, plans=True)
        named = replace(meant, said=with_bare_name(tx, meant.said))
        return _draft_or_form(tx, *_begin(tx, named, token=command.token), is_empty=line.is_empty)

    await open_modal(slack, command.trigger_id, await slack.desk.write(command.actor, work))


async def press_new(slack: SlackContext, action: BlockAction) -> None:
    """*Schedule maintenance*."""
    empty = parse_maintenance("")
    view = await slack.desk.read(action.actor, lambda tx: render_plan(tx, *_begin(tx, empty)))
    await show_modal(slack, action, view)


def _begin(tx: Transaction, line: TypedMaintenance, *, token: str | None = None) -> Begun:
    said = line.said
    problems = list(said.problems)
    if said.status is not None or said.impact is not None or said.remind is not None:
        problems.append("A maintenance begins as scheduled, and its impact is maintenance: neither is typed.")
        said = said.without_status()
    page = get_typed_page(tx, Role.MAINTENANCE_MANAGER, said, problems, is_typed=not line.is_empty)
    state = FormState(DraftKind.MAINTENANCE, page.id)
    if token is not None:
        state = replace(state, token=token)
    values = PlanValues(
        name=said.quoted or "",
        body=with_page_or_words(tx, said).body,
        components=_read_components(tx, page.id, line, problems),
        values=said.values,
    )
    if not line.is_empty:
        window = read_window(line.start, line.end, now=tx.now, zone=zone_of(tx))
        values = replace(values, start=window.start, end=window.end)
        problems += window.problems
    template = find_named_template(tx, page.id, said.template, said.values, problems) if said.template else None
    if template is not None:
        state, values = _with_template(state, values, template)
        values = replace(values, name=said.quoted or values.name, body=below_template(values.body, said, problems))
    if not values.name and not line.is_empty:
        problems.append("Name it in quotation marks.")
    return state, replace(values, problems=tuple(problems))


def _read_components(tx: Transaction, page_id: str, line: TypedMaintenance, problems: list[str]) -> tuple[str, ...]:
    found = []
    for word, wanted in line.said.components:
        if wanted is not None:
            problems.append(f"Components go under maintenance by themselves: leave out “={wanted}”.")
        try:
            found.append(get_component_by_word(tx.session, page_id, word).id)
        except InvalidInputError as error:
            problems.append(str(error))
    return tuple(dict.fromkeys(found))


def _with_template(state: FormState, values: PlanValues, template: IncidentTemplate) -> Begun:
    chosen = replace(state, template_id=template.id).with_new_words().with_new_states()
    components = tuple(dict.fromkeys([*values.components, *template.component_ids]))
    return chosen, replace(values, name=template.title, body=template.body, components=components)


def _draft_or_form(tx: Transaction, state: FormState, values: PlanValues, *, is_empty: bool) -> Block:
    if not is_empty and not values.problems:
        try:
            return preview_view(tx, _keep(tx, state, values, escaped=True))
        except InvalidInputError as error:
            values = replace(values, problems=(str(error),))
    escaped = state.template_id is None
    state, name, body = fill_form(tx, state, values.name, values.body, values.problems, escaped=escaped)
    return render_plan(tx, state, replace(values, name=name, body=body))


def _keep(tx: Transaction, state: FormState, values: PlanValues, *, escaped: bool = False) -> IncidentDraft:
    """Write what is filled in as a draft, or change the one that is edited. Raises InvalidInputError."""
    # What is quoted in a line was unescaped when it was read.
    name = make_public(tx, " ".join(fill_in(values.name, values.values).split()), field="name")
    typed = escaped and state.template_id is None
    said = make_public(tx, fill_in(values.body, values.values), field="body", escaped=typed)
    content = NewIncident(
        name=name.markdown,
        body=words_for(IncidentStatus.SCHEDULED, said.markdown),
        components=dict.fromkeys(values.components),
        schedule=schedule_from(values),
    )
    return write_down(tx, state, content, (name, said))


def draw_plan_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a maintenance's draft."""
    content = content_of(draft)
    assert isinstance(content, NewIncident)
    problems = [f"It was sent back: {draft.decision_reason}"] if draft.decision_reason else []
    state = FormState(DraftKind.MAINTENANCE, draft.page_id).editing(draft)
    return render_plan(tx, state, values_of_plan(content, problems=problems))


async def choose_page(slack: SlackContext, action: BlockAction) -> None:
    """Another page: other components and templates."""

    def move(tx: Transaction, state: FormState, values: PlanValues) -> Begun:
        page = tx.session.get_one(Page, action.value)
        require_publisher(tx, Role.MAINTENANCE_MANAGER, page)
        moved = replace(state, page_id=page.id, template_id=None).with_new_states()
        return moved, replace(values, components=(), values={})

    await _follow(slack, action, move)


async def choose_template(slack: SlackContext, action: BlockAction) -> None:
    """A template: its words and components, and an input for each placeholder."""

    def use(tx: Transaction, state: FormState, values: PlanValues) -> Begun:
        return _with_template(state, values, get_template(tx.session, state.page_id, action.value))

    await _follow(slack, action, use)


async def follow_window(slack: SlackContext, action: BlockAction) -> None:
    """Another start or end: what the page's clock shows then."""
    await _follow(slack, action, lambda _tx, state, values: (state, values))


async def _follow(
    slack: SlackContext, action: BlockAction, follow: Callable[[Transaction, FormState, PlanValues], Begun]
) -> None:
    def work(tx: Transaction) -> Block:
        state = FormState.from_metadata(action.private_metadata)
        # The form may have been open for long: what it shows next is for those who may publish now.
        require_publisher(tx, Role.MAINTENANCE_MANAGER, tx.session.get_one(Page, state.page_id))
        values = read_plan(tx, state, action.entered)
        # What is drawn again goes to Slack once more.
        refuse_secrets(values.name, values.body, *values.values.values())
        return render_plan(tx, *follow(tx, drawn_anew(state, action.entered), values))

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def submit_plan(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The filled-in form becomes a draft, or changes one, and its preview is shown."""
    state = FormState.from_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        return preview_view(tx, _keep(tx, state, read_plan(tx, state, submission.entered)))

    try:
        return Answer(view=await slack.desk.write(submission.actor, work))
    except InvalidInputError as error:
        raise beside_its_input(error, state) from error
