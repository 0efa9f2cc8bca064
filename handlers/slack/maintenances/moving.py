"""`/maintenance reschedule` and *Reschedule*: another window, with words for the public and a preview."""

from dataclasses import replace
from datetime import datetime

from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.incidents.drafts.content import content_of
from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.plans import check_move, complete_by_itself, plan_move, schedule_of
from desk.masking import refuse_secrets
from desk.moments.window_instants import read_new_end, read_window
from desk.people import zone_of
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block, Message, modal, section
from handlers.slack.framework.commands import split_command
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import (
    Answer,
    BlockAction,
    SlackContext,
    SlashCommand,
    ViewState,
    ViewSubmission,
)
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import fill_form
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.inputs import beside_its_input, drawn_anew, problem_blocks
from handlers.slack.incidents.text import name_text, plain_name, public_link
from handlers.slack.maintenances.choosing import Draw, about_one, keep_update, state_of, words_alone
from handlers.slack.maintenances.parsing import TypedMaintenance, with_new_time, with_shift
from handlers.slack.maintenances.views import (
    ENDS,
    STARTS,
    PlanValues,
    flags_of,
    read_body,
    schedule_from,
    text_blocks,
    window_blocks,
)
from storage.models import Incident, IncidentDraft, IncidentStatus

_MOVABLE = RUNNING | {IncidentStatus.SCHEDULED}
_POSTPONING = frozenset({"postpone", "delay"})
_MOVED = "that it has been rescheduled, and to when"
_ENDS_THEN = "when it is now expected to end"


async def reschedule_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance reschedule`: the preview of what was typed, the form, or the choice of what can be moved. Of one
    that runs, the end moves."""
    typed, _ = split_command(command.text)
    verb = typed if typed in _POSTPONING else "reschedule"
    draw = _drawing(command, adds=False, postpones=verb in _POSTPONING)
    return await about_one(slack, command, rest, verb, draw, _MOVABLE, takes_times=True)


async def extend_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance extend`: it takes longer, `for 2h` more or `until 23:00`. Unnamed, one that runs."""
    return await about_one(slack, command, rest, "extend", _drawing(command, adds=True), RUNNING, takes_times=True)


def _drawing(command: SlashCommand, *, adds: bool, postpones: bool = False) -> Draw:
    def draw(tx: Transaction, incident_id: str, line: TypedMaintenance) -> Block:
        incident = check_move(tx, incident_id)
        line = line if adds else with_shift(line, postpones=postpones)
        line = line if line.shift else with_new_time(line, adds=adds)
        said = words_alone(line.said)
        values = PlanValues(body=said.body, problems=tuple(said.problems))
        if line.shift:
            values = _shifted(values, incident, line.shift, now=tx.now)
        elif line.has_window:
            kept = schedule_of(incident)
            window, own = (kept.scheduled_for, kept.scheduled_until), zone_of(tx)
            if line.is_to and line.start is None and not adds and incident.status not in RUNNING:
                # “reschedule … to friday 22:00” says when it begins.
                found = read_window(line.end, None, now=tx.now, zone=own, kept=window)
            elif incident.status in RUNNING or (adds and line.start is None):
                found = read_new_end(line.start, line.end, window, now=tx.now, zone=own, adds=adds)
            else:
                found = read_window(line.start, line.end, now=tx.now, zone=own, kept=window)
            values = replace(values, start=found.start, end=found.end, problems=(*values.problems, *found.problems))
        return _moved_or_form(
            tx, incident, state_of(incident, command.token), values, is_complete=line.has_window or bool(line.shift)
        )

    return draw


def _shifted(values: PlanValues, incident: Incident, shift: str, *, now: datetime) -> PlanValues:
    """The window later by so much, with its length; of one that runs, its end, or now where that is over."""
    kept = schedule_of(incident)
    try:
        span = parse_duration(shift)
    except InvalidInputError as error:
        return replace(values, problems=(*values.problems, str(error)))
    if incident.status in RUNNING:
        return replace(values, start=kept.scheduled_for, end=max(kept.scheduled_until, now) + span)
    return replace(values, start=kept.scheduled_for + span, end=kept.scheduled_until + span)


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


def _move_form(
    tx: Transaction, incident: Incident, state: FormState, values: PlanValues, flags: frozenset[str] | None = None
) -> Block:
    kept, runs = schedule_of(incident), incident.status in RUNNING
    shown = replace(
        values,
        start=values.start or kept.scheduled_for,
        end=values.end or kept.scheduled_until,
        flags=flags_of(kept) if flags is None else flags,
    )
    title = "It takes longer" if runs else "Reschedule maintenance"
    return modal(
        "Edit the draft" if state.draft_id else title,
        [
            *problem_blocks(values.problems),
            section(f"{name_text(incident.name)}  ·  {public_link(tx, incident)}"),
            *window_blocks(tx, incident.page_id, shown, has_begun=runs),
            *text_blocks(state, values.body, hint=f"Left empty: {_ENDS_THEN if runs else _MOVED}."),
        ],
        callback_id=CallbackId.MAINTENANCE_RESCHEDULE,
        submit="Preview",
        close="Back",
        private_metadata=state.as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


async def follow_move(slack: SlackContext, action: BlockAction) -> None:
    """Another start or end: what the page's clock shows then."""

    def work(tx: Transaction) -> Block:
        state = FormState.from_metadata(action.private_metadata)
        entered = action.entered
        values = _entered(state, entered)
        # What is drawn again goes to Slack once more.
        refuse_secrets(values.body)
        incident = check_move(tx, state.incident_id or "")
        return _move_form(tx, incident, drawn_anew(state, entered), values, values.flags)

    await show_modal(slack, action, await slack.desk.read(action.actor, work))


async def submit_move(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The new window becomes a draft, and its preview is shown."""
    state = FormState.from_metadata(submission.private_metadata)
    values = _entered(state, submission.entered)

    def work(tx: Transaction) -> Block | Message:
        incident = check_move(tx, state.incident_id or "")
        kept = schedule_of(incident)
        completes = "auto_completed" in values.flags if incident.status in RUNNING else kept.auto_completed
        if completes != kept.auto_completed and values.end == kept.scheduled_until and not values.body.strip():
            # Nothing of it is for the public, so there is nothing to preview.
            return _set_completion(tx, incident, does=completes)
        moved = replace(values, start=values.start or kept.scheduled_for)
        return preview_view(tx, _move(tx, state, moved, auto_completed=completes))

    try:
        answer = await slack.desk.write(submission.actor, work)
    except InvalidInputError as error:
        raise beside_its_input(error, state) from error
    return Answer(message=answer) if isinstance(answer, Message) else Answer(view=answer)


def _entered(state: FormState, entered: ViewState) -> PlanValues:
    return PlanValues(
        body=read_body(state, entered),
        start=entered.instant(STARTS),
        end=entered.instant(ENDS),
        flags=frozenset(entered.choices("flags")),
    )


def _set_completion(tx: Transaction, incident: Incident, *, does: bool) -> Message:
    complete_by_itself(tx, incident.id, does=does)
    name = name_text(incident.name)
    words = (
        "completes by itself when its time is over" if does else "does not complete by itself: somebody must do it"
    )
    return Message(f"{plain_name(incident.name)} {words}", [section(f":white_check_mark: {name} {words}.")])


def _move(
    tx: Transaction,
    state: FormState,
    values: PlanValues,
    *,
    escaped: bool = False,
    auto_completed: bool | None = None,
) -> IncidentDraft:
    incident_id, new = state.incident_id or "", schedule_from(values)

    def plan(body: str) -> IncidentChange:
        window = (new.scheduled_for, new.scheduled_until)
        return plan_move(tx, incident_id, *window, body=body, auto_completed=auto_completed)

    return keep_update(tx, state, values.body, plan, escaped=escaped)


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
    state = state_of(incident).editing(draft)
    problems = (f"It was sent back: {draft.decision_reason}",) if draft.decision_reason else ()
    values = PlanValues(
        body=content.body or "",
        start=content.schedule.scheduled_for,
        end=content.schedule.scheduled_until,
        problems=problems,
    )
    return _move_form(tx, incident, state, values, flags_of(content.schedule))
