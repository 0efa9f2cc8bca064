"""`/maintenance reschedule` and *Reschedule*: another window, with words for the public and a preview."""

from dataclasses import replace

from desk.errors import InvalidInputError
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import IncidentChange
from desk.incidents.maintenances.plans import check_move, plan_move, schedule_of
from desk.people import zone_of
from desk.secret import refuse_secrets
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block, Message, modal, section
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import fill_form
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import beside_its_input, drawn_anew, problem_blocks
from handlers.slack.incidents.text import name_text, public_link
from handlers.slack.maintenances.choosing import about_one, keep_update, state_of
from handlers.slack.maintenances.parsing import TypedMaintenance, read_window
from handlers.slack.maintenances.views import (
    ENDS,
    STARTS,
    PlanValues,
    read_body,
    schedule_from,
    text_blocks,
    window_blocks,
)
from storage.models import Incident, IncidentDraft


async def reschedule_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance reschedule`: the preview of what was typed, the form, or the choice of what is planned."""

    def draw(tx: Transaction, incident_id: str, line: TypedMaintenance) -> Block:
        incident = check_move(tx, incident_id)
        state = state_of(incident, command.token)
        values = PlanValues(body=line.said.body, problems=tuple(line.said.problems))
        if line.has_window:
            kept = schedule_of(incident)
            window = read_window(
                line.start, line.end, now=tx.now, zone=zone_of(tx), kept=(kept.scheduled_for, kept.scheduled_until)
            )
            values = replace(
                values, start=window.start, end=window.end, problems=(*values.problems, *window.problems)
            )
        return _moved_or_form(tx, incident, state, values, is_complete=line.has_window)

    return await about_one(slack, command, rest, "reschedule", draw)


async def press_reschedule(slack: SlackContext, action: BlockAction) -> None:
    """*Reschedule*: the form with the window as it is."""

    def work(tx: Transaction) -> Block:
        incident = check_move(tx, action.subject)
        return _move_form(tx, incident, state_of(incident), PlanValues())

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


def _moved_or_form(
    tx: Transaction, incident: Incident, state: FormState, values: PlanValues, *, is_complete: bool
) -> Block:
    if is_complete and not values.problems:
        try:
            return preview_view(tx, _move(tx, state, values, escaped=True))
        except InvalidInputError as error:
            values = replace(values, problems=(str(error),))
    state, _, body = fill_form(tx, state, "", values.body, values.problems, escaped=True)
    return _move_form(tx, incident, state, replace(values, body=body))


def _move_form(tx: Transaction, incident: Incident, state: FormState, values: PlanValues) -> Block:
    kept = schedule_of(incident)
    shown = replace(values, start=values.start or kept.scheduled_for, end=values.end or kept.scheduled_until)
    return modal(
        "Edit the draft" if state.draft_id else "Reschedule maintenance",
        [
            *problem_blocks(values.problems),
            section(f"{name_text(incident.name)}  ·  {public_link(tx, incident)}"),
            *window_blocks(tx, incident.page_id, shown),
            *text_blocks(state, values.body, hint="Left empty: that it has been rescheduled, and to when."),
        ],
        callback_id=CallbackId.MAINTENANCE_RESCHEDULE,
        submit="Preview",
        close="Back",
        private_metadata=state.as_metadata(),
    )


async def follow_move(slack: SlackContext, action: BlockAction) -> None:
    """Another start or end: what the page's clock shows then."""

    def work(tx: Transaction) -> Block:
        state = FormState.from_metadata(action.private_metadata)
        entered = action.entered
        values = PlanValues(body=read_body(state, entered), start=entered.instant(STARTS), end=entered.instant(ENDS))
        # What is drawn again goes to Slack once more.
        refuse_secrets(values.body)
        incident = check_move(tx, state.incident_id or "")
        return _move_form(tx, incident, drawn_anew(state, entered), values)

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def submit_move(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The new window becomes a draft, and its preview is shown."""
    state = FormState.from_metadata(submission.private_metadata)
    values = PlanValues(
        body=read_body(state, submission.entered),
        start=submission.instant(STARTS),
        end=submission.instant(ENDS),
    )
    try:
        view = await slack.desk.write(submission.actor, lambda tx: preview_view(tx, _move(tx, state, values)))
    except InvalidInputError as error:
        raise beside_its_input(error, state) from error
    return Answer(view=view)


def _move(tx: Transaction, state: FormState, values: PlanValues, *, escaped: bool = False) -> IncidentDraft:
    incident_id, new = state.incident_id or "", schedule_from(values)
    window = (new.scheduled_for, new.scheduled_until)
    return keep_update(
        tx, state, values.body, lambda body: plan_move(tx, incident_id, *window, body=body), escaped=escaped
    )


def is_move(draft: IncidentDraft) -> bool:
    """Whether the draft moves a maintenance to another window."""
    content = content_of(draft)
    return isinstance(content, IncidentChange) and content.schedule is not None


def draw_move_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a draft that moves a maintenance."""
    content = content_of(draft)
    assert isinstance(content, IncidentChange)
    assert content.schedule is not None
    incident = check_move(tx, draft.incident_id or "")
    state = replace(state_of(incident), draft_id=draft.id)
    problems = (f"It was sent back: {draft.decision_reason}",) if draft.decision_reason else ()
    values = PlanValues(
        body=content.body or "",
        start=content.schedule.scheduled_for,
        end=content.schedule.scheduled_until,
        problems=problems,
    )
    return _move_form(tx, incident, state, values)
