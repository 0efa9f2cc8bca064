"""`/keys request …`: a request in one line, or the modal."""

from functools import partial

from desk.errors import InvalidInputError
from desk.masking import refuse_secrets
from desk.requests.requests import make_request
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.requests.parsing import parse_request
from handlers.slack.requests.text import asked_message
from handlers.slack.requests.views import (
    Draft,
    asked_from_draft,
    draft_from_line,
    render_request_modal,
)


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
            return await slack.desk.write(command.actor, partial(_make, draft=draft, client_token=command.token))
        except InvalidInputError as error:
            draft = draft.with_problem(str(error))
    view = await slack.desk.read(command.actor, partial(render_request_modal, draft=draft))
    await open_modal(slack, command.trigger_id, view)
    return None


def _make(tx: Transaction, draft: Draft, client_token: str) -> Message:
    return asked_message(tx, make_request(tx, asked_from_draft(tx, draft), client_token=client_token))
