"""The form of a new maintenance: drawn, and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from desk.errors import InvalidInputError
from desk.incidents.authority import list_publishable_pages
from desk.incidents.default_texts import FIRST_WORDS
from desk.incidents.inputs import MAX_NAME, NewIncident, Schedule
from desk.incidents.templates import list_templates
from desk.people import zone_of
from desk.transaction import Transaction
from desk.zones import clock_in
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.blocks import (
    Block,
    context,
    escape,
    input_block,
    modal,
    option,
    text_input,
)
from handlers.slack.framework.copies import age_of_copies
from handlers.slack.framework.payloads import ViewState
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import (
    components_select,
    page_hint,
    page_select,
    placeholder_inputs,
    problem_blocks,
    read_placeholders,
    template_select,
)
from handlers.slack.incidents.text import name_text
from handlers.slack.markdown.inputs import one_or_more_inputs, read_text
from storage.models import IncidentStatus, Page, Role

STARTS, ENDS = "scheduled_for", "scheduled_until"
FLAGS: Mapping[str, str] = {
    "remind_prior": "Remind people 60 minutes before",
    "auto_in_progress": "Start by itself",
    "auto_completed": "Complete by itself",
    "to_maintenance_state": "Components go under maintenance when it starts",
    "to_operational_state": "Components are operational again when it ends",
    "notify_at_start": "Tell subscribers that it starts",
    "notify_at_end": "Tell subscribers that it ends",
}
"""The flags of a schedule in the words of the form."""
_AHEAD, _LASTS = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanValues:
    """What is filled in of a plan for a maintenance."""

    name: str = ""
    body: str = ""
    components: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    flags: frozenset[str] = frozenset(FLAGS)
    values: dict[str, str] = field(default_factory=dict)
    """What stands for the placeholders of a template."""
    problems: tuple[str, ...] = ()
    """Shown above the form."""


def schedule_from(values: PlanValues, flags: frozenset[str] | None = None) -> Schedule:
    """The window and what happens by itself. Raises InvalidInputError beside a time that is missing."""
    if values.start is None:
        raise InvalidInputError("Choose when it begins.", field=STARTS)
    if values.end is None:
        raise InvalidInputError("Choose when it ends.", field=ENDS)
    chosen = values.flags if flags is None else flags
    return Schedule(
        scheduled_for=values.start, scheduled_until=values.end, **{name: name in chosen for name in FLAGS}
    )


def flags_of(schedule: Schedule) -> frozenset[str]:
    """The flags that are on."""
    return frozenset(name for name in FLAGS if getattr(schedule, name))


def values_of_plan(content: NewIncident, *, problems: Sequence[str] = ()) -> PlanValues:
    """What a draft says, as the form shows it."""
    assert content.schedule is not None
    return PlanValues(
        name=content.name,
        body=content.body,
        components=tuple(content.components),
        start=content.schedule.scheduled_for,
        end=content.schedule.scheduled_until,
        flags=flags_of(content.schedule),
        problems=tuple(problems),
    )


def with_a_window(values: PlanValues, now: datetime) -> PlanValues:
    """The same; where no window is known, one hour tomorrow is shown to begin with."""
    start = values.start or (now + _AHEAD).replace(minute=0, second=0, microsecond=0)
    return replace(values, start=start, end=values.end or start + _LASTS)


def render_plan(tx: Transaction, state: FormState, values: PlanValues) -> Block:
    """The form of a new maintenance."""
    return modal(
        "Edit the draft" if state.draft_id else "Schedule maintenance",
        [
            *problem_blocks(values.problems),
            *_page(tx, state),
            *_templates(tx, state),
            *_words(tx, state, values),
            _components(tx, state, values),
            *window_blocks(tx, state.page_id, with_a_window(values, tx.now)),
            _flags(values),
        ],
        callback_id=CallbackId.MAINTENANCE_SCHEDULE,
        submit="Preview",
        close="Cancel",
        private_metadata=state.as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


def _page(tx: Transaction, state: FormState) -> list[Block]:
    pages = list_publishable_pages(tx, Role.MAINTENANCE_MANAGER)
    if len(pages) < 2 or state.draft_id:
        chosen = tx.session.get_one(Page, state.page_id)
        return [context(f"On {name_text(chosen.name)}"), *age_of_copies(tx, [chosen])]
    menu = page_select(pages, state.page_id) | {"action_id": ActionId.MAINTENANCE_PAGE}
    choice = input_block("Page", menu, block_id="page", hint=page_hint(pages), dispatch=True)
    return [choice, *age_of_copies(tx, pages)]


def _templates(tx: Transaction, state: FormState) -> list[Block]:
    templates = list_templates(tx.session, state.page_id)
    if not templates or state.draft_id:
        return []
    menu = template_select(templates, state.template_id) | {"action_id": ActionId.MAINTENANCE_TEMPLATE}
    return [input_block("Template", menu, block_id=f"template.{state.page_id}", optional=True, dispatch=True)]


def _words(tx: Transaction, state: FormState, values: PlanValues) -> list[Block]:
    name = text_input(initial=values.name[:MAX_NAME], max_length=MAX_NAME, placeholder="What you are going to do")
    words = input_block("Name", name, block_id=state.word_block("name"))
    hint = f"Left empty: “{FIRST_WORDS[IncidentStatus.SCHEDULED]}”"
    return [words, *text_blocks(state, values.body, hint=hint), *placeholder_inputs(tx, state, values.values)]


def text_blocks(state: FormState, body: str, *, hint: str) -> list[Block]:
    """The inputs of the words for the public. Raises InvalidInputError when they cannot hold the text."""
    return one_or_more_inputs(
        "What do you tell people?",
        body,
        block_id=state.word_block("body"),
        hint=f"{hint} Markdown, as on the page.",
    )


def read_body(state: FormState, entered: ViewState) -> str:
    """The words for the public."""
    return read_text(entered, state.word_block("body"))


def _components(tx: Transaction, state: FormState, values: PlanValues) -> Block:
    return input_block(
        "Components",
        components_select(tx, state.page_id, values.components),
        block_id=state.state_block("components"),
        hint="Type to search. They go under maintenance when it starts, and come back when it ends.",
        optional=True,
    )


def window_blocks(tx: Transaction, page_id: str, values: PlanValues, *, has_begun: bool = False) -> list[Block]:
    """The inputs of start and end, by the person's own clock, and below them what the page's clock shows. Of what
    `has_begun`, the end alone, and whether it is completed then by itself."""
    own, zone = zone_of(tx), ZoneInfo(tx.session.get_one(Page, page_id).time_zone)
    shown = [clock_in(zone, instant) for instant in (values.start, values.end) if instant is not None]
    by_page = f" The page says: {' to '.join(shown)}." if own.key != zone.key else ""
    return [
        *([] if has_begun else [_picker("Begins", STARTS, values.start)]),
        _picker("Ends", ENDS, values.end),
        *([_completes(values)] if has_begun else []),
        context(escape(f"By your own clock, {own.key}.{by_page}")),
    ]


def _completes(values: PlanValues) -> Block:
    choice = option(FLAGS["auto_completed"], "auto_completed")
    element: Block = {"type": "checkboxes", "action_id": "value", "options": [choice]}
    if "auto_completed" in values.flags:
        element["initial_options"] = [choice]
    return input_block("What happens by itself", element, block_id="flags", optional=True)


def _picker(label: str, block_id: str, shown: datetime | None) -> Block:
    element: Block = {"type": "datetimepicker", "action_id": ActionId.MAINTENANCE_WINDOW}
    if shown is not None:
        element["initial_date_time"] = int(shown.timestamp())
    return input_block(label, element, block_id=block_id, dispatch=True)


def _flags(values: PlanValues) -> Block:
    options = [option(words, name) for name, words in FLAGS.items()]
    element: Block = {"type": "checkboxes", "action_id": "value", "options": options}
    if values.flags:
        element["initial_options"] = [one for one in options if one["value"] in values.flags]
    return input_block("What happens by itself", element, block_id="flags", optional=True)


def read_plan(tx: Transaction, state: FormState, entered: ViewState) -> PlanValues:
    """What is filled in so far."""
    return PlanValues(
        name=entered.name(state.word_block("name")),
        body=read_body(state, entered),
        components=tuple(entered.choices(state.state_block("components"))),
        start=entered.instant(STARTS),
        end=entered.instant(ENDS),
        flags=frozenset(entered.choices("flags")) & frozenset(FLAGS),
        values=read_placeholders(tx, state, entered),
    )
