"""Ways to ask for a key: the command in one line, the modal, and *Ask again*."""

from functools import partial

from desk.errors import InvalidInputError
from desk.requests.lookup import get_request
from desk.requests.requests import make_request, require_asker
from desk.secret import refuse_secrets
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message, section
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import Answer, BlockAction, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.requests.parsing import parse_request
from handlers.slack.requests.text import name_in_words
from handlers.slack.requests.views import (
    Draft,
    asked_from_draft,
    draft_from_line,
    draft_from_request,
    read_asked,
    render_request_modal,
)
from storage.models import KeyRequest


async def ask_by_command(slack: SlackContext, command: SlashCommand, line: str) -> Message | None:
    """`/keys request` followed by `line`: a request, or the modal when something is missing."""
    # Before anything else: a form filled in with what was typed would show it again.
    refuse_secrets(line)
    found = parse_request(line)
    if found.holder is not None and found.holder.kind == "user":
        await slack.ensure_known(slack.client, slack.desk, found.holder.text)
    draft = await slack.desk.read(command.actor, partial(draft_from_line, typed=found))
    if not draft.problems and not found.is_empty:
        try:
            request = await slack.desk.write(command.actor, partial(_make, draft=draft, client_token=command.token))
            return _asked(request)
        except InvalidInputError as error:
            draft = draft.with_problem(str(error))
    view = await slack.desk.read(command.actor, partial(render_request_modal, draft=draft))
    await open_modal(slack, command.trigger_id, view)
    return None


def _make(tx: Transaction, draft: Draft, client_token: str) -> KeyRequest:
    return make_request(tx, asked_from_draft(tx, draft), client_token=client_token)


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
    asked = read_asked(submission)
    await slack.ensure_known(slack.client, slack.desk, asked.holder_id)
    work = partial(make_request, asked=asked, client_token=submission.private_metadata or None)
    return Answer(message=_asked(await slack.desk.write(submission.actor, work)))


def _asked(request: KeyRequest) -> Message:
    text = f":envelope: Owners were asked for {name_in_words(request.name)}."
    return Message(
        "Owners were asked for your API key",
        [section(f"{text} I tell you in your direct messages with me when they have decided.")],
    )
