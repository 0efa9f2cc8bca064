"""How far a Statuspage elsewhere has what was said of an incident here, and the buttons of what it did not take."""

from collections.abc import Mapping

from desk.incidents.elsewhere.amending import may_be_amended
from desk.incidents.elsewhere.refused import Progress, Standing, list_progress
from desk.transaction import Transaction
from handlers.slack.deliveries.messages import reason_in_words
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import Block, actions, button, context, section
from storage.models import Backend, ChangeKind, Channel, Incident, Page

DEEDS: Mapping[ChangeKind, str] = {
    ChangeKind.CREATE: "the new incident",
    ChangeKind.UPDATE: "the update of",
    ChangeKind.STEP: "the next step of",
    ChangeKind.CORRECT: "the correction of",
    ChangeKind.DELETE: "the deletion of",
    ChangeKind.STATES: "the new state of",
    ChangeKind.WRITE_POSTMORTEM: "the draft of the postmortem of",
    ChangeKind.PUBLISH_POSTMORTEM: "the postmortem of",
    ChangeKind.REVERT_POSTMORTEM: "that you took back the postmortem of",
    ChangeKind.DELETE_POSTMORTEM: "the end of the postmortem of",
}
"""What was not taken, before the name of what it is about."""


def progress_of(tx: Transaction, incident: Incident) -> Progress | None:
    """How far the Statuspage has what was said of an incident: the last that it did not take or, where there is none,
    that waits, or the latest; None on pages of Keydesk's own."""
    page = tx.session.get_one(Page, incident.page_id)
    if page.backend == Backend.LOCAL:
        return None
    made = list_progress(tx, incident.id)
    for standing in (Standing.FAILED, Standing.QUEUED):
        if found := [one for one in made if one.standing is standing]:
            return found[-1]
    return made[-1] if made else None


def progress_text(progress: Progress) -> str:
    """The same in a line of mrkdwn."""
    if progress.standing is Standing.FAILED:
        deed = DEEDS[ChangeKind(progress.change.kind)].removesuffix(" of")
        reason = reason_in_words(progress.error, Channel.ATLASSIAN)
        return f":x: Failed: Statuspage has not taken {deed}. {reason}"
    if progress.standing is Standing.THERE:
        return ":white_check_mark: On Statuspage"
    again = " It did not take it yet; it is tried again." if progress.error else ""
    return f":hourglass_flowing_sand: Queued for Statuspage.{again}"


def retry_buttons(progress: Progress | None) -> list[Block]:
    """*Retry* and, of what has words, *Edit and retry*, for what was not taken."""
    if progress is None or progress.standing is not Standing.FAILED:
        return []
    value = value_of(progress.change.id)
    buttons = [button("Retry", ActionId.UPSTREAM_RETRY, value)]
    if may_be_amended(progress.change):
        buttons.insert(0, button("Edit and retry", ActionId.UPSTREAM_EDIT, value))
    return buttons


def progress_blocks(tx: Transaction, incident: Incident) -> list[Block]:
    """How far the Statuspage has it, with the buttons of what it did not take; nothing on pages of our own."""
    progress = progress_of(tx, incident)
    if progress is None:
        return []
    buttons = retry_buttons(progress)
    if not buttons:
        return [context(progress_text(progress))]
    return [section(progress_text(progress)), actions(*buttons, block_id=f"upstream.{progress.change.id}")]
