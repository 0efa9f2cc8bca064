"""Asking for a key, withdrawing that, and deciding it: what buttons do, and what modals submit."""

from functools import partial

from desk.requests.approvals import Approved, approve, deny
from desk.requests.lookup import asked_extent, extent_of, get_request
from desk.requests.offers import policy_here
from desk.requests.requests import make_request, require_asker, withdraw
from desk.requests.terms import Extent, refuse_unoffered
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message, escape, section
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.requests.inputs import read_days, read_pages, read_scopes
from handlers.slack.requests.restrictions import read_restrictions
from handlers.slack.requests.text import asked_message, changes_in_words, name_in_words
from handlers.slack.requests.views import (
    Draft,
    draft_from_request,
    read_asked,
    render_change_modal,
    render_deny_modal,
    render_request_modal,
)


async def press_ask(slack: SlackContext, action: BlockAction) -> None:
    """*Ask for a key*, and *Ask again*: the modal, which an earlier request of the same person fills in."""
    view = await slack.desk.read(action.actor, partial(_draw_again, request_id=action.subject))
    await open_modal(slack, action.trigger_id, view)


def _draw_again(tx: Transaction, request_id: str) -> Block:
    require_asker(tx)
    earlier = get_request(tx, request_id) if request_id else None
    own = earlier is not None and earlier.requester_id == tx.actor.user_id
    return render_request_modal(tx, draft_from_request(earlier) if earlier is not None and own else Draft())


async def submit_request(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The filled-in modal becomes a request; a second submission of the same modal is the same request."""
    await slack.ensure_known(slack.client, slack.desk, submission.choice("holder") or submission.user_id)

    def work(tx: Transaction) -> Message:
        asked = read_asked(tx, submission)
        # A form that was open over a change of release may hold what is not offered any more.
        refuse_unoffered(asked.scopes, policy_here(tx))
        return asked_message(tx, make_request(tx, asked, client_token=submission.private_metadata or None))

    return Answer(message=await slack.desk.write(submission.actor, work))


async def press_approve(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Approve*: the cards show it; the owner is told more only when the request had changed meanwhile."""

    def work(tx: Transaction) -> Message | None:
        return _narrowed_note(tx, approve(tx, action.subject, seen_version=action.version))

    return await slack.desk.write(action.actor, work)


def _narrowed_note(tx: Transaction, approved: Approved) -> Message | None:
    if not approved.narrowed_meanwhile:
        return None
    request = approved.request
    changes = changes_in_words(tx, asked_extent(request), extent_of(request))
    text = f"You approved {name_in_words(request.name)} as it stands now: another owner had narrowed it.\n{changes}"
    told = f"You approved “{escape(request.name)}” as another owner had narrowed it"
    return Message(told, [section(f":information_source: {text}")])


async def press_change(slack: SlackContext, action: BlockAction) -> None:
    """*Change and approve*: a modal with what may be narrowed."""
    view = await slack.desk.read(action.actor, partial(render_change_modal, request_id=action.subject))
    await open_modal(slack, action.trigger_id, view)


async def submit_change(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """The narrowed request is approved."""
    request_id = submission.private_metadata.partition(":")[0]

    def work(tx: Transaction) -> None:
        pages = read_pages(submission)
        components, networks = read_restrictions(tx, pages, submission)
        narrower = Extent(
            scopes=read_scopes(submission),
            pages=pages,
            lifetime_days=read_days(submission),
            components=components,
            networks=networks,
        )
        approve(tx, request_id, narrower=narrower)

    await slack.desk.write(submission.actor, work)
    return None


async def press_deny(slack: SlackContext, action: BlockAction) -> None:
    """*Deny*: a modal that asks why."""
    view = await slack.desk.read(action.actor, partial(render_deny_modal, request_id=action.subject))
    await open_modal(slack, action.trigger_id, view)


async def submit_deny(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """The request is denied with the reason given."""
    reason = submission.text("reason")
    request_id = submission.private_metadata.partition(":")[0]
    await slack.desk.write(submission.actor, partial(deny, request_id=request_id, reason=reason))
    return None


async def press_withdraw(slack: SlackContext, action: BlockAction) -> None:
    """*Withdraw*: the requester takes the request back."""
    await slack.desk.write(action.actor, partial(withdraw, request_id=action.subject))
