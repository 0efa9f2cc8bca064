"""`/keys requests`, `approve` and `deny`: deciding by typing what the buttons do."""

from collections.abc import Sequence

from desk.commands import slash
from desk.errors import InvalidInputError
from desk.requests.approvals import approve, deny
from desk.requests.lookup import extent_now, find_pending_called, list_pending_requests
from desk.transaction import Transaction
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    context,
    divider,
    escape,
    mention,
    plain,
    section,
    text_length,
)
from handlers.slack.framework.command_line import as_written, cut, split_reason
from handlers.slack.framework.messages import list_text
from handlers.slack.framework.payloads import SlackContext, SlashCommand
from handlers.slack.framework.quotes import unquoted
from handlers.slack.requests.owners_card import outcome_in_words, request_buttons
from handlers.slack.requests.text import (
    days_in_words,
    name_in_words,
    pages_in_words,
    restrictions_in_words,
    scopes_in_words,
)
from storage.models import KeyRequest, RequestStatus

_SHOWN = 15
_BELOW = 200
"""Characters of what stands below a list."""


async def requests_command(slack: SlackContext, command: SlashCommand, _rest: str) -> Message:
    """`/keys requests`: what waits for a decision, with its buttons."""
    return await slack.desk.read(command.actor, lambda tx: _list_message(tx, list_pending_requests(tx)))


async def approve_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys approve NAME`: the request as it stands; where several are meant, each with its buttons."""

    def work(tx: Transaction) -> Message:
        meant = _meant(tx, rest, "approve")
        if len(meant) > 1:
            return _list_message(tx, meant)
        return _decided(tx, approve(tx, meant[0].id).request)

    return await slack.desk.write(command.actor, work)


async def deny_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/keys deny NAME because …`."""
    head, reason = split_reason(rest)

    def work(tx: Transaction) -> Message:
        meant = _meant(tx, head, "deny")
        if len(meant) > 1:
            return _list_message(tx, meant)
        deny(tx, meant[0].id, reason=as_written(unquoted(reason or "")))
        return _decided(tx, meant[0])

    return await slack.desk.write(command.actor, work)


def _meant(tx: Transaction, typed: str, verb: str) -> Sequence[KeyRequest]:
    words = cut(typed)
    if not words:
        raise InvalidInputError(f"Which request do you want to {verb}?", f"`{slash('keys requests')}` lists them.")
    if len(words) == 1 and words[0].kind == "user":
        return find_pending_called(tx, words[0].text)
    return find_pending_called(tx, " ".join(word.as_typed for word in words))


def _decided(tx: Transaction, request: KeyRequest) -> Message:
    who, name = mention(request.requester_id), name_in_words(request.name)
    if request.status == RequestStatus.PENDING:
        text = f"Your approval of {name} for {who} counts. It waits for another owner."
        return Message(plain(text, limit=300), [section(f":white_check_mark: {text}")])
    outcome = "approved" if request.status == RequestStatus.APPROVED else "denied"
    about = f"The request of {who} for {escape(plain(request.name, limit=80))} is {outcome}"
    return Message(about, [section(f"{about}.\n{outcome_in_words(tx, request)}"), section(request_text(tx, request))])


def _list_message(tx: Transaction, requests: Sequence[KeyRequest]) -> Message:
    if not requests:
        text = "No request waits for a decision"
        return Message(text, [section(f":white_check_mark: {text}.")])
    text = f"Requests that wait for a decision: {len(requests)}"
    spoken = list_text(text, [request.name for request in requests])
    blocks: list[Block] = [section(f"*{text}*")]
    shown = 0
    for request in requests[:_SHOWN]:
        more = [divider(), section(request_text(tx, request)), request_buttons(request)]
        if text_length([*blocks, *more]) > MAX_MESSAGE_TEXT - _BELOW:
            break
        blocks += more
        shown += 1
    if len(requests) > shown:
        blocks.append(context(f"…and {len(requests) - shown} more: name the one that you mean."))
    return Message(spoken, blocks)


def request_text(tx: Transaction, request: KeyRequest) -> str:
    """A request in a few lines: what for, for whom, how long, and why."""
    extent = extent_now(tx, request)
    narrower = "".join(
        f", {label[0].lower()}{label[1:]} {words}"
        for label, words in restrictions_in_words(tx, extent.components, extent.networks)
    )
    return (
        f"{name_in_words(request.name)} for {mention(request.requester_id)}, "
        f"{days_in_words(extent.lifetime_days)} on {pages_in_words(tx, extent.pages)}{narrower}: "
        f"{scopes_in_words(extent.scopes)}\n> {escape(plain(' '.join(request.purpose.split()), limit=300))}"
    )
