"""The digest: shown on request, sent each week, turned page by page."""

from collections.abc import Mapping

from desk.digest.findings import DigestView
from desk.digest.sent import current_digest, get_digest
from desk.keys.lookup import daily_counts
from desk.transaction import Transaction
from desk.upstreams.troubles import list_expiring
from handlers.slack.digest.messages import MESSAGE_LINES, MODAL_LINES, digest_message, digest_modal
from handlers.slack.framework.blocks import Block, Message
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from storage.models import SlackMessage


async def show_digest(slack: SlackContext, command: SlashCommand) -> Message:
    """`/keys digest`: the digest as it is now, to owners only."""
    return await slack.desk.read(command.actor, lambda tx: _message(tx, current_digest(tx)))


async def show_all(slack: SlackContext, action: BlockAction) -> None:
    """*Show all*: the whole digest in a modal, for this owner alone."""
    view = await slack.desk.read(action.actor, lambda tx: _modal(tx, action))
    await show_modal(slack, action, view)


async def turn_page(slack: SlackContext, action: BlockAction) -> None:
    """*Previous* and *Next* in that modal."""
    assert action.view is not None
    view = await slack.desk.read(action.actor, lambda tx: _modal(tx, action))
    # Without its hash: of two quick clicks the second one draws the same page again, which is no error.
    await show_modal(slack, action, view)


def _daily(tx: Transaction, view: DigestView, first: int, count: int) -> Mapping[str, tuple[int, ...]]:
    shown = [line.key.id for line in view.lines[first : first + count] if line.key]
    return daily_counts(tx.session, shown, today=tx.now.date())


def _message(tx: Transaction, view: DigestView) -> Message:
    elsewhere = [one.in_words for one in list_expiring(tx)]
    return digest_message(view, _daily(tx, view, 0, MESSAGE_LINES), tx.policy, elsewhere)


def _modal(tx: Transaction, action: BlockAction) -> Block:
    view = current_digest(tx) if action.subject == "now" else get_digest(tx, action.subject)
    page = action.version or 0
    return digest_modal(view, page, _daily(tx, view, page * MODAL_LINES, MODAL_LINES), tx.policy)


def render_card(tx: Transaction, message: SlackMessage) -> Message:
    """The weekly digest, as its keys are now."""
    return _message(tx, get_digest(tx, message.subject_id))
