"""`/maintenance cancel` and *Cancel*: it will not run, and the public reads why, after a preview."""

from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.incidents.default_texts import CANCELLED
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import IncidentChange
from desk.incidents.maintenances.plans import check_move, plan_cancellation
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block, Message, context, modal, section
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import fill_form
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import beside_its_input, problem_blocks
from handlers.slack.incidents.text import name_text, public_link
from handlers.slack.maintenances.choosing import about_one, keep_update, state_of, words_alone
from handlers.slack.maintenances.parsing import TypedMaintenance
from handlers.slack.maintenances.views import read_body
from handlers.slack.markdown.inputs import one_or_more_inputs
from storage.models import Incident, IncidentDraft, IncidentStatus


async def cancel_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance cancel`: the preview of what was typed, the form, or the choice of what is planned."""

    def draw(tx: Transaction, incident_id: str, line: TypedMaintenance) -> Block:
        said = words_alone(line.said)
        state = state_of(_get_cancellable(tx, incident_id), command.token)
        if said.body and not said.problems:
            return preview_view(tx, _call_off(tx, state, said.body, escaped=True))
        state, _, reason = fill_form(tx, state, "", said.body, said.problems, escaped=True)
        return _cancel_form(tx, state, reason, said.problems)

    return await about_one(slack, command, rest, "cancel", draw)


async def press_cancel(slack: SlackContext, action: BlockAction) -> None:
    """*Cancel*: the form that asks why."""

    def work(tx: Transaction) -> Block:
        return _cancel_form(tx, state_of(_get_cancellable(tx, action.subject)))

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


def _get_cancellable(tx: Transaction, incident_id: str) -> Incident:
    plan_cancellation(tx, incident_id)
    return check_move(tx, incident_id)


def _cancel_form(tx: Transaction, state: FormState, reason: str = "", problems: Sequence[str] = ()) -> Block:
    incident = check_move(tx, state.incident_id or "")
    asked = one_or_more_inputs(
        "Why is it cancelled?",
        reason,
        block_id=state.word_block("body"),
        hint=f"Everybody reads it, as an update: “{CANCELLED}” and your words.",
        optional=False,
    )
    hint = context("It does not run then. To let it run at another time, use *Reschedule*.")
    return modal(
        "Cancel maintenance",
        [
            *problem_blocks(problems),
            section(f"{name_text(incident.name)}  ·  {public_link(tx, incident)}"),
            *asked,
            hint,
        ],
        callback_id=CallbackId.MAINTENANCE_CANCEL,
        submit="Preview",
        close="Back",
        private_metadata=state.as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


async def submit_cancel(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The reason becomes a draft, and its preview is shown."""
    state = FormState.from_metadata(submission.private_metadata)
    reason = read_body(state, submission.entered)

    def work(tx: Transaction) -> Block:
        return preview_view(tx, _call_off(tx, state, reason))

    try:
        return Answer(view=await slack.desk.write(submission.actor, work))
    except InvalidInputError as error:
        raise beside_its_input(error, state) from error


def _call_off(tx: Transaction, state: FormState, reason: str, *, escaped: bool = False) -> IncidentDraft:
    incident_id = state.incident_id or ""
    return keep_update(
        tx, state, reason, lambda text: plan_cancellation(tx, incident_id, reason=text), escaped=escaped
    )


def is_cancellation(draft: IncidentDraft) -> bool:
    """Whether the draft calls a maintenance off."""
    content = content_of(draft)
    if not isinstance(content, IncidentChange) or content.status != IncidentStatus.COMPLETED:
        return False
    return (content.body or "").startswith(CANCELLED)


def draw_cancel_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a draft that calls a maintenance off. Raises ConflictError once it has begun."""
    content = content_of(draft)
    assert isinstance(content, IncidentChange)
    state = state_of(_get_cancellable(tx, draft.incident_id or "")).editing(draft)
    return _cancel_form(tx, state, (content.body or "").removeprefix(CANCELLED).strip())
