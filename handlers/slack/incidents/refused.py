"""What a Statuspage elsewhere did not take of what was said here: told to who wrote it, and tried again."""

from functools import partial

from desk.errors import InvalidInputError
from desk.incidents.elsewhere.amending import Words, amend_and_retry, get_amendable, words_of
from desk.incidents.elsewhere.refused import find_progress, retry_changes
from desk.incidents.inputs import MAX_NAME
from desk.incidents.lookup import find_incident
from desk.masking import refuse_secrets
from desk.transaction import Transaction
from handlers.slack.deliveries.messages import reason_in_words
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    escape,
    input_block,
    modal,
    plain,
    section,
    text_input,
)
from handlers.slack.framework.messages import notice
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.incidents.drafts.writing import make_public
from handlers.slack.incidents.progress import DEEDS, retry_buttons
from handlers.slack.incidents.text import name_text, plain_name
from handlers.slack.markdown.inputs import read_text, text_inputs
from storage.models import ChangeKind, Channel, Page, SlackMessage, UpstreamChange

_TYPED = 2500
_AGAIN = "It is tried again now."


def render_refused(tx: Transaction, note: SlackMessage) -> Message | None:
    """To who wrote it: what was not taken, in the other side's own words, and what was typed."""
    progress = find_progress(tx, note.subject_id.partition(":")[0])
    if progress is None:
        return None
    change = progress.change
    page = tx.session.get_one(Page, change.page_id)
    reason = reason_in_words(str(note.facts.get("error") or ""), Channel.ATLASSIAN)
    deed = DEEDS[ChangeKind(change.kind)]
    where = f" on {escape(plain(page.name, limit=150))}"
    text = f":x: Statuspage did not take {deed} {name_text(change.name)}{where}. {reason}"
    blocks = [section(text), *_typed(change)]
    is_there = change.incident_id is None or find_incident(tx.session, change.incident_id) is not None
    if buttons := retry_buttons(progress) if is_there else []:
        blocks.append(actions(*buttons, block_id=f"upstream.{change.id}"))
    return Message(f"Statuspage did not take {deed} “{plain_name(change.name)}”{where}. {reason}", blocks)


def _typed(change: UpstreamChange) -> list[Block]:
    words = str(change.body.get("body") or change.body.get("body_draft") or "")
    if not words:
        return []
    shown = escape(plain(words, limit=_TYPED)).replace("```", "'''")
    return [section(f"This was written:\n```\n{shown}\n```")]


async def press_retry(slack: SlackContext, action: BlockAction) -> Message:
    """*Retry*: what was not taken is tried again, as it is."""
    await slack.desk.write(action.actor, partial(retry_changes, change_id=action.subject))
    return Message(_AGAIN, [section(f":hourglass_flowing_sand: {_AGAIN}")])


async def press_edit(slack: SlackContext, action: BlockAction) -> None:
    """*Edit and retry*: the words, to be written anew."""
    await show_modal(slack, action, await slack.desk.read(action.actor, lambda tx: _edit_form(tx, action.subject)))


def _edit_form(tx: Transaction, change_id: str) -> Block:
    progress = find_progress(tx, change_id)
    change = get_amendable(tx, change_id)
    words = words_of(change)
    # What is drawn goes to Slack once more.
    refuse_secrets(words.name or "", words.body or "")
    reason = reason_in_words(progress.error if progress else "", Channel.ATLASSIAN)
    blocks: list[Block] = [section(f"{name_text(change.name)}: {reason}")]
    if words.name is not None:
        name = text_input(initial=words.name, max_length=MAX_NAME)
        blocks.append(input_block("Name", name, block_id="name"))
    if words.body is not None:
        inputs = text_inputs("Text", words.body, hint="What the public will read.")
        if inputs is None:
            raise InvalidInputError(
                "The text does not fit into Slack's inputs as it is: at most 3,000 in a paragraph, and ten inputs.",
                "Write it anew: keydesk incident retry",
            )
        blocks += inputs
    return modal(
        "Edit and retry",
        blocks,
        callback_id=CallbackId.UPSTREAM_EDIT,
        submit="Retry",
        close="Cancel",
        private_metadata=change.id,
    )


async def submit_edit(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The words are kept here, and tried there."""
    entered = submission.entered

    def work(tx: Transaction) -> None:
        before = words_of(get_amendable(tx, submission.private_metadata))
        name = " ".join(entered.name("name").split())
        words = Words(
            make_public(tx, name, field="name").markdown if before.name is not None else None,
            make_public(tx, read_text(entered), field="body").markdown if before.body is not None else None,
        )
        amend_and_retry(tx, submission.private_metadata, words)

    await slack.desk.write(submission.actor, work)
    return Answer(view=notice("Retry", Message(_AGAIN, [section(f":hourglass_flowing_sand: {_AGAIN}")])))
