"""The form of an incident: opened, followed while it is filled in, and submitted; and announcements, sent again."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from desk.errors import InvalidInputError
from desk.incidents.announcements import retry_announcement
from desk.incidents.authority import require_publisher
from desk.incidents.drafts.duplicates import give_up
from desk.incidents.lookup import get_incident, require_over
from desk.incidents.templates import get_template
from desk.masking import refuse_secrets
from desk.pages.pages import get_page
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message, section
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.incidents.drafts.writing import draft_view, keep_draft
from handlers.slack.incidents.form_state import FormState, FormValues
from handlers.slack.incidents.inputs import beside_its_input, drawn_anew
from handlers.slack.incidents.starting import Begun, begin_new, begin_update, in_status, with_template
from handlers.slack.incidents.typed import TypedIncident
from handlers.slack.incidents.views import check_form, read_form, render_form, role_of_form
from storage.models import IncidentStatus, Role

Follow = Callable[[Transaction, FormState, FormValues, str], Begun]
"""What a choice in the form makes of it: (…, the chosen value)."""


async def press_new(slack: SlackContext, action: BlockAction) -> None:
    """*New incident*."""
    await _open(slack, action, lambda tx: begin_new(tx, TypedIncident()))


async def press_update(slack: SlackContext, action: BlockAction) -> None:
    """*Update*."""
    await _open(slack, action, lambda tx: begin_update(tx, action.subject))


async def press_resolve(slack: SlackContext, action: BlockAction) -> None:
    """*Resolve*: the form with the status and the components' return filled in."""
    await _open(slack, action, lambda tx: begin_update(tx, action.subject, status=_end_of(tx, action.subject)))


async def press_reopen(slack: SlackContext, action: BlockAction) -> None:
    """*Reopen*."""

    def begin(tx: Transaction) -> Begun:
        incident = get_incident(tx.session, action.subject)
        planned = incident.scheduled_for is not None
        again = IncidentStatus.IN_PROGRESS if planned else IncidentStatus.INVESTIGATING
        begun = begin_update(tx, incident.id, status=again)
        require_over(tx.session, incident)
        return begun

    await _open(slack, action, begin)


def _end_of(tx: Transaction, incident_id: str) -> IncidentStatus:
    scheduled = get_incident(tx.session, incident_id).scheduled_for is not None
    return IncidentStatus.COMPLETED if scheduled else IncidentStatus.RESOLVED


async def _open(slack: SlackContext, action: BlockAction, begin: Callable[[Transaction], Begun]) -> None:
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: render_form(tx, *begin(tx))))


async def choose_page(slack: SlackContext, action: BlockAction) -> None:
    """Another page: other components and templates."""
    await _follow(slack, action, _on_page)


def _on_page(tx: Transaction, state: FormState, values: FormValues, chosen: str) -> Begun:
    page = get_page(tx.session, chosen)
    require_publisher(tx, Role.INCIDENT_MANAGER, page)
    moved = replace(state, page_id=page.id, template_id=None).with_new_states()
    return moved, replace(values, states={}, values={})


async def choose_template(slack: SlackContext, action: BlockAction) -> None:
    """A template: its words and components, and an input for each placeholder."""
    await _follow(slack, action, _by_template)


def _by_template(tx: Transaction, state: FormState, values: FormValues, chosen: str) -> Begun:
    return with_template(state, values, get_template(tx.session, state.page_id, chosen))


async def choose_components(slack: SlackContext, action: BlockAction) -> None:
    """Other components: a menu of its state for each."""
    await _follow(slack, action, lambda _tx, state, values, _chosen: (state, values))


async def choose_status(slack: SlackContext, action: BlockAction) -> None:
    """Another status of an update: ending an incident offers its components' return, a maintenance's start their
    going under maintenance, and another choice takes the offer back."""
    await _follow(slack, action, _in_status)


def _in_status(tx: Transaction, state: FormState, values: FormValues, chosen: str) -> Begun:
    return in_status(tx, state, values, IncidentStatus(chosen)) if state.incident_id else (state, values)


async def _follow(slack: SlackContext, action: BlockAction, follow: Follow) -> None:
    def work(tx: Transaction) -> Block:
        state = FormState.from_metadata(action.private_metadata)
        # The form may have been open for long: what it shows next is for those who may publish now.
        require_publisher(tx, role_of_form(tx, state), get_page(tx.session, state.page_id))
        values = read_form(tx, state, action.entered)
        # What is drawn again goes to Slack once more.
        refuse_secrets(values.name, values.body, *values.values.values())
        return render_form(tx, *follow(tx, drawn_anew(state, action.entered), values, action.value))

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def submit_form(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The filled-in form becomes a draft, or changes one, and its preview is shown."""
    state = FormState.from_metadata(submission.private_metadata)

    def work(tx: Transaction) -> Block:
        values = read_form(tx, state, submission.entered)
        check_form(state, values)
        draft = keep_draft(tx, state, values)
        if state.gives_up is not None:
            give_up(tx, state.gives_up)
        return draft_view(tx, draft)

    try:
        return Answer(view=await slack.desk.write(submission.actor, work))
    except InvalidInputError as error:
        raise beside_its_input(error, state) from error


async def press_retry(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Retry*: an announcement that was given up is tried again."""
    await slack.desk.write(action.actor, partial(retry_announcement, message_id=action.subject))
    text = "It is tried again now."
    return Message(text, [section(f":hourglass_flowing_sand: {text}")])
