"""Buttons of the owners' card, and *Withdraw* on the requester's."""

from functools import partial

from desk.errors import InvalidInputError
from desk.keys.scopes import parse_scopes
from desk.pages.pages import list_pages
from desk.requests.approvals import Approved, approve, check_approval, check_denial, deny
from desk.requests.lookup import asked_extent, extent_of, get_request
from desk.requests.requests import withdraw
from desk.requests.terms import MAX_REASON, Extent
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId, value_of
from handlers.slack.framework.blocks import Block, Message, context, input_block, mention, modal, section, text_input
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, ViewSubmission
from handlers.slack.requests.text import changes_in_words, name_in_words, quotation
from handlers.slack.requests.views import days_input, pages_select, read_days, read_pages, scope_checkboxes


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
    return Message("You approved it as another owner had narrowed it", [section(f":information_source: {text}")])


async def press_change(slack: SlackContext, action: BlockAction) -> None:
    """*Change and approve*: a modal with what may be narrowed."""
    view = await slack.desk.read(action.actor, partial(render_change_modal, request_id=action.subject))
    await open_modal(slack, action.trigger_id, view)


def render_change_modal(tx: Transaction, request_id: str) -> Block:
    """The modal in which an owner narrows a request. Raises when they could not approve it now."""
    request = get_request(tx, request_id)
    check_approval(tx, request)
    extent = extent_of(request)
    pages = [page for page in list_pages(tx.session) if extent.pages is None or page.id in extent.pages]
    scopes = parse_scopes(extent.scopes)
    return modal(
        "Change and approve",
        [
            section(f"{mention(request.requester_id)} asks for {name_in_words(request.name)}."),
            input_block(
                "Pages",
                pages_select(pages, chosen=extent.pages, all_pages=extent.pages is None),
                block_id="pages",
            ),
            input_block("What may it do?", scope_checkboxes(scopes, chosen=scopes), block_id="scopes"),
            input_block(
                "Lifetime in days", days_input(extent.lifetime_days, extent.lifetime_days), block_id="lifetime_days"
            ),
            context("An approval can narrow what was asked, never widen it. Who asked is shown what you changed."),
        ],
        callback_id=str(CallbackId.REQUEST_CHANGE),
        submit="Approve",
        close="Cancel",
        private_metadata=value_of(request.id, request.version),
    )


async def submit_change(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """The narrowed request is approved."""
    narrower = Extent(
        scopes=tuple(str(scope) for scope in parse_scopes(submission.choices("scopes"))),
        pages=read_pages(submission),
        lifetime_days=read_days(submission),
    )
    request_id = submission.private_metadata.partition(":")[0]
    await slack.desk.write(submission.actor, partial(approve, request_id=request_id, narrower=narrower))
    return None


async def press_deny(slack: SlackContext, action: BlockAction) -> None:
    """*Deny*: a modal that asks why."""
    view = await slack.desk.read(action.actor, partial(render_deny_modal, request_id=action.subject))
    await open_modal(slack, action.trigger_id, view)


def render_deny_modal(tx: Transaction, request_id: str) -> Block:
    """The modal in which an owner says why. Raises when they could not deny it now."""
    request = get_request(tx, request_id)
    check_denial(tx, request)
    return modal(
        "Deny this request",
        [
            section(f"{mention(request.requester_id)} asks for {name_in_words(request.name)}:"),
            *quotation(request.purpose),
            input_block(
                "Why not?",
                text_input(multiline=True, max_length=MAX_REASON),
                block_id="reason",
                hint="Who asked is told this, and by whom.",
            ),
        ],
        callback_id=str(CallbackId.REQUEST_DENY),
        submit="Deny",
        close="Cancel",
        private_metadata=value_of(request.id, request.version),
    )


async def submit_deny(slack: SlackContext, submission: ViewSubmission) -> Answer | None:
    """The request is denied with the reason given."""
    reason = submission.text("reason")
    if not reason:
        raise InvalidInputError("Say why, so that they can ask better.", field="reason")
    request_id = submission.private_metadata.partition(":")[0]
    await slack.desk.write(submission.actor, partial(deny, request_id=request_id, reason=reason))
    return None


async def press_withdraw(slack: SlackContext, action: BlockAction) -> None:
    """*Withdraw*: the requester takes the request back."""
    await slack.desk.write(action.actor, partial(withdraw, request_id=action.subject))
