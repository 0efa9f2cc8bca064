"""The forms of a template: words for the next time, drawn and read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from desk.errors import InvalidInputError
from desk.incidents.authority import get_first_publishable_page, list_publishable_pages, require_publisher
from desk.incidents.components import list_components
from desk.incidents.inputs import MAX_NAME, REALTIME
from desk.incidents.lookup import get_incident
from desk.incidents.templates import get_template_to_change
from desk.pages.pages import get_page
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.blocks import (
    Block,
    context,
    escape,
    input_block,
    modal,
    option,
    section,
    static_select,
    text_input,
)
from handlers.slack.framework.metadata import unpack
from handlers.slack.framework.payloads import ViewState
from handlers.slack.incidents.form_state import MOST_COMPONENTS
from handlers.slack.incidents.inputs import components_select, page_select
from handlers.slack.incidents.text import STATUS_WORDS, count_of, list_named, name_text
from handlers.slack.markdown.inputs import MAX_INPUT, read_text, text_inputs
from storage.models import Incident, IncidentStatus, IncidentTemplate, Page, Role

_OPEN = "open"
"""The status' choice: whoever uses the template chooses it."""
_TELL, _QUIET = "tell", "quiet"
CONTINUED = "body.2"
"""The second input of a text that one input cannot hold; there is none otherwise."""
_HINT = (
    "Markdown, as on the page. Words in double braces, such as {{region}}, are asked for each time the template is "
    "used, and are filled in here and in the title."
)


@dataclass(frozen=True, slots=True)
class TemplateCarried:
    """What the form carries: ids, and which state of the template its author saw."""

    page_id: str
    template_id: str | None = None
    """The template that is edited."""
    seen_at: str | None = None

    def pack(self) -> str:
        """For a modal's private metadata."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def unpack(cls, text: str) -> "TemplateCarried":
        """From a modal's private metadata. Raises ForeignWindowError."""
        return unpack(cls, text)

    @property
    def components_block(self) -> str:
        """The block id of the menu of components."""
        # Of another page it is another input: Slack would go on showing the first one's components.
        return f"components.{self.page_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateWords:
    """What is filled in."""

    name: str = ""
    title: str = ""
    body: str = ""
    status: IncidentStatus | None = None
    components: tuple[str, ...] = ()
    notifies: bool = True
    problem: str = ""
    """Shown above the form."""


def new_form(tx: Transaction, page_id: str | None = None) -> Block:
    """The empty form, for that page or the first one on which the actor may. Raises NotAllowedError."""
    page = tx.session.get(Page, page_id) if page_id else None
    if page is None:
        page = get_first_publishable_page(tx, Role.INCIDENT_MANAGER)
    require_publisher(tx, Role.INCIDENT_MANAGER, page)
    return render_template_form(tx, TemplateCarried(page.id), TemplateWords())


def edit_form(tx: Transaction, template_id: str) -> Block:
    """The form filled in with a template. Raises NotFoundError, NotAllowedError, and InvalidInputError when Slack's
    inputs cannot hold its text."""
    template = get_template_to_change(tx, template_id)
    words = TemplateWords(
        name=template.name,
        title=template.title,
        body=template.body,
        status=IncidentStatus(template.update_status) if template.update_status else None,
        components=tuple(template.component_ids),
        notifies=template.should_send_notifications,
    )
    return render_template_form(tx, carry(template), words)


def carry(template: IncidentTemplate) -> TemplateCarried:
    """What the form of this template carries, as it is now."""
    return TemplateCarried(template.page_id, template.id, template.updated_at.isoformat())


def render_template_form(tx: Transaction, carried: TemplateCarried, words: TemplateWords) -> Block:
    """The form with these words. Raises InvalidInputError when Slack's inputs cannot hold the text."""
    return modal(
        "Edit the template" if carried.template_id else "New template",
        [
            *([section(f":warning: {escape(words.problem)}")] if words.problem else []),
            _page(tx, carried),
            input_block(
                "Name of the template",
                text_input(initial=words.name[:MAX_NAME], max_length=MAX_NAME, placeholder="Slow search"),
                block_id="name",
                hint="By it your colleagues choose it; the public never sees it.",
            ),
            input_block(
                "Title",
                text_input(initial=words.title, max_length=MAX_NAME, placeholder="Search is slow in {{region}}"),
                block_id="title",
                hint="The incident's name, as the public reads it.",
            ),
            *_text(words.body),
            input_block("Status", _status_select(words.status), block_id="status"),
            *_components(tx, carried, words.components),
            _notifications(notifies=words.notifies),
        ],
        callback_id=CallbackId.TEMPLATE,
        submit="Keep",
        close="Cancel",
        private_metadata=carried.pack(),
    )


def _page(tx: Transaction, carried: TemplateCarried) -> Block:
    pages = list_publishable_pages(tx, Role.INCIDENT_MANAGER)
    if carried.template_id or len(pages) < 2:
        return context(f"On {name_text(get_page(tx.session, carried.page_id).name)}")
    menu = page_select(pages, carried.page_id) | {"action_id": ActionId.TEMPLATE_PAGE}
    return input_block("Page", menu, block_id="page", dispatch=True)


def _text(body: str) -> list[Block]:
    if len(body) <= MAX_INPUT:
        text = text_input(initial=body, multiline=True, max_length=MAX_INPUT)
        return [input_block("What do you tell people?", text, block_id="body", hint=_HINT, optional=True)]
    inputs = text_inputs("What do you tell people?", body, hint=_HINT)
    if inputs is None:
        raise InvalidInputError(
            f"The text of {len(body):,} characters does not fit into Slack's inputs as it is.",
            "Make a new template with a shorter text, and delete this one.",
        )
    return inputs


def _status_select(chosen: IncidentStatus | None) -> Block:
    # A template kept from a maintenance has a status of its own kind, and keeps it.
    statuses = REALTIME if chosen is None or chosen in REALTIME else (*REALTIME, chosen)
    choices = [option(STATUS_WORDS[status], str(status)) for status in statuses]
    return static_select([option("Chosen when it is used", _OPEN), *choices], chosen=str(chosen) if chosen else _OPEN)


def _components(tx: Transaction, carried: TemplateCarried, chosen: Sequence[str]) -> list[Block]:
    shown, left = split_components(tx, carried.page_id, chosen)
    more = f"{len(left)} more components of the template have no room here and stay in it."
    return [
        input_block(
            "Components",
            components_select(tx, carried.page_id, shown),
            block_id=carried.components_block,
            hint="Type to search. Their states are chosen each time the template is used.",
            optional=True,
        ),
        *([context(more)] if left else []),
    ]


def split_components(tx: Transaction, page_id: str, chosen: Sequence[str]) -> tuple[list[str], list[str]]:
    """The components that the form shows, and those beyond; without what there is no more."""
    rows = {row.id for row in list_components(tx.session, page_id) if not row.group}
    known = [component_id for component_id in chosen if component_id in rows]
    return known[:MOST_COMPONENTS], known[MOST_COMPONENTS:]


def _notifications(*, notifies: bool) -> Block:
    choices = [option("Subscribers are notified", _TELL), option("Nobody is notified", _QUIET)]
    return input_block(
        "When it is used",
        static_select(choices, chosen=_TELL if notifies else _QUIET),
        block_id="notifications",
        hint="Where nobody is, the form of the incident recalls it. What is pressed in its preview decides.",
    )


def read_template_form(entered: ViewState, carried: TemplateCarried) -> TemplateWords:
    """What is filled in so far."""
    status = entered.choice("status")
    return TemplateWords(
        name=entered.name("name"),
        title=entered.name("title"),
        body=read_text(entered) if CONTINUED in entered.values else entered.text("body"),
        status=IncidentStatus(status) if status in set(IncidentStatus) else None,
        components=tuple(entered.choices(carried.components_block)),
        notifies=entered.choice("notifications") != _QUIET,
    )


def name_form(tx: Transaction, incident_id: str) -> Block:
    """The form that asks how an incident's words are to be called. Raises NotFoundError, NotAllowedError."""
    incident = get_incident(tx.session, incident_id)
    require_publisher(tx, Role.INCIDENT_MANAGER, tx.session.get_one(Page, incident.page_id))
    return modal(
        "Keep as template",
        [
            section(f"Keeps what {name_text(incident.name)} first said{_with_components(tx, incident)}."),
            input_block(
                "Name of the template",
                text_input(initial=incident.name, max_length=MAX_NAME),
                block_id="name",
                hint="{{region}} and the like in its text are asked for when it is used.",
            ),
        ],
        callback_id=CallbackId.INCIDENT_TEMPLATE,
        submit="Keep",
        close="Cancel",
        private_metadata=incident.id,
    )


def _with_components(tx: Transaction, incident: Incident) -> str:
    named = list_named(tx, incident)
    return f", and its {count_of(named, 'component', 'components')}" if named else ""
