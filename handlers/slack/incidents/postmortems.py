"""`/incident postmortem`: written in a modal, previewed, published; and taken back."""

from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.steps import find_changes
from desk.incidents.lookup import get_incident, get_incident_by_word
from desk.incidents.port import port_of
from desk.incidents.postmortems import check_postmortem, mark_of, postmortem_of
from desk.masking import refuse_secrets
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import Block, actions, button, confirm, context, modal, section, when
from handlers.slack.framework.command_line import as_written
from handlers.slack.framework.modals import open_modal, show_modal
from handlers.slack.framework.payloads import (
    Answer,
    BlockAction,
    SlackContext,
    SlashCommand,
    ViewSubmission,
)
from handlers.slack.incidents.details import details_view, incident_word
from handlers.slack.incidents.drafts.text import theirs_blocks
from handlers.slack.incidents.drafts.views import preview_view
from handlers.slack.incidents.drafts.writing import make_public, write_down
from handlers.slack.incidents.form_state import FormState
from handlers.slack.incidents.text import public_link, titled
from handlers.slack.incidents.typed import split_reference
from handlers.slack.markdown.inputs import read_text, text_inputs
from storage.models import DraftKind, Incident, IncidentDraft

_HINT = (
    "Markdown: # headings, lists, **bold**, [links](https://…). What happened, whom it touched, why, and what will "
    "change. An input takes 3,000 characters: go on in the next one, which begins a new paragraph."
)


async def postmortem_command(slack: SlackContext, command: SlashCommand, rest: str) -> None:
    """`/incident postmortem INCIDENT`; what stands behind a name in quotation marks, an id or a link begins the
    text."""
    # Before anything else: the form would show it again.
    refuse_secrets(rest)
    named, words = split_reference(rest)

    def work(tx: Transaction) -> Block:
        return postmortem_form(tx, get_incident_by_word(tx.session, incident_word(named)).id, as_written(words))

    await open_modal(slack, command.trigger_id, await slack.desk.read(command.actor, work))


async def press_postmortem(slack: SlackContext, action: BlockAction) -> None:
    """*Postmortem*."""
    await show_modal(
        slack, action, await slack.desk.read(action.actor, lambda tx: postmortem_form(tx, action.subject))
    )


def postmortem_form(tx: Transaction, incident_id: str, words: str = "") -> Block:
    """The form, with what is drafted or public already, and `words` behind it.

    Raises ConflictError while the incident is open, and NotAllowedError.
    """
    incident = check_postmortem(tx, incident_id)
    return _form(tx, incident, f"{postmortem_of(incident)}\n\n{words}".strip(), _state_of(incident))


def edit_form(tx: Transaction, draft: IncidentDraft) -> Block:
    """The form of a postmortem's draft. Raises as `postmortem_form` does."""
    incident = check_postmortem(tx, draft.incident_id or "")
    changed = find_changes(tx, draft)
    theirs = theirs_blocks(tx, changed) if changed is not None else []
    state = _state_of(incident).editing(draft)
    return _form(tx, incident, str(content_of(draft)), state, theirs)


def _state_of(incident: Incident) -> FormState:
    seen = mark_of(postmortem_of(incident))
    return FormState(DraftKind.POSTMORTEM, incident.page_id, incident_id=incident.id, seen=seen)


def _form(tx: Transaction, incident: Incident, text: str, state: FormState, theirs: Sequence[Block] = ()) -> Block:
    inputs = text_inputs("Postmortem", text, hint=_HINT)
    if inputs is None:
        raise InvalidInputError(
            f"The text of {len(text):,} characters does not fit into Slack's inputs as it is: "
            "at most 3,000 in a paragraph, and ten inputs.",
            f"Change it through the API: PUT /v1/pages/{incident.page_id}/incidents/{incident.id}/postmortem",
        )
    return modal(
        "Postmortem",
        [
            section(f"{titled(tx, incident, sign=':white_check_mark:')}  ·  {public_link(tx, incident)}"),
            *_published(incident),
            *theirs,
            *inputs,
        ],
        callback_id=CallbackId.INCIDENT_POSTMORTEM,
        submit="Preview",
        close="Cancel",
        private_metadata=state.as_metadata(),
        notify_on_close=state.draft_id is not None,
    )


def _published(incident: Incident) -> list[Block]:
    if incident.postmortem_published_at is None:
        return []
    since = f":memo: A postmortem is public since {when(incident.postmortem_published_at)}; publishing replaces it."
    back = button(
        "Take back",
        ActionId.INCIDENT_POSTMORTEM_BACK,
        value_of(incident.id, incident.version),
        style="danger",
        ask=confirm(
            "Take the postmortem back?",
            "The page shows it no more. Its text stays as a draft. Who read it has read it.",
            "Take back",
            danger=True,
        ),
    )
    return [section(since), actions(back, block_id="postmortem.back"), context("*Take back* is done at once.")]


async def submit_postmortem(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """What was written becomes a draft, and its preview follows."""
    state = FormState.from_metadata(submission.private_metadata)
    typed = read_text(submission.entered)

    def work(tx: Transaction) -> Block:
        text = make_public(tx, typed, field="body")
        return preview_view(tx, write_down(tx, state, text.markdown, [text]))

    return Answer(view=await slack.desk.write(submission.actor, work))


async def press_take_back(slack: SlackContext, action: BlockAction) -> None:
    """*Take back*: the page shows the postmortem no more."""

    def work(tx: Transaction) -> Block:
        incident = get_incident(tx.session, action.subject)
        port_of(tx, incident.page_id).revert_postmortem(tx, incident.id)
        return details_view(tx, incident.id, done="Taken back: the page does not show the postmortem any more.")

    await show_modal(slack, action, await slack.desk.write(action.actor, work))
