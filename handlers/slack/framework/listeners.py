"""How Slack's requests come in: parsed, answered after the commit, and errors turned into words.

Every listener is made here, so that acknowledgement, permission of strangers, refusals and unknown errors are
handled in one place.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from desk.commands import slash
from desk.errors import InvalidInputError, KeydeskError, SecretError
from desk.masking import hides_secret, holds_secret, masked, may_be_known, refuse_secrets
from desk.reasons import refuse_broken, refuse_unseen
from desk.texts import clean_text
from handlers.slack.framework.action_ids import RETIRED
from handlers.slack.framework.areas import Area
from handlers.slack.framework.blocks import Block, Message, escape, plain, plain_text
from handlers.slack.framework.command_line import typed_text, unescape
from handlers.slack.framework.commands import CommandFamily
from handlers.slack.framework.messages import error_message, given_back, notice, without_secrets
from handlers.slack.framework.outcomes import refuse
from handlers.slack.framework.payloads import (
    UNTOLD,
    ActionHandler,
    Answer,
    BlockAction,
    ClosedHandler,
    EventHandler,
    OptionGroup,
    OptionsHandler,
    OptionsRequest,
    SlackContext,
    SlashCommand,
    ViewHandler,
    ViewSubmission,
    choice_in,
)
from handlers.slack.framework.refusals import as_refusal, find_done, in_time
from handlers.slack.framework.retries import UNREACHABLE

_log = structlog.get_logger(__name__)

_FEW_WORDS, _FEW_SIGNS = 2, 20
"""So many are typed again sooner than copied. A sentence in Japanese is one word."""
_MAX_OPTIONS = 100
"""Of an answer or a group of it, and groups of an answer."""
_OPTION_TEXT = 75
_TELL_SECONDS = 10


Ack = Callable[..., Awaitable[BoltResponse]]
Listener = Callable[[Ack, dict[str, Any]], Awaitable[None]]
"""Answers one kind of request by acknowledging it; it is given the request's body."""


async def _refresh(slack: SlackContext, area: Area, user_id: str) -> None:
    for refresher in area.refreshers:
        await refresher(slack, user_id)


def on_command(slack: SlackContext, family: CommandFamily) -> Listener:
    """Answer a slash command: what it answers is shown to the person alone."""

    async def listener(ack: Ack, body: dict[str, Any]) -> None:
        command = SlashCommand(
            user_id=body["user_id"],
            channel_id=body["channel_id"],
            text=clean_text(typed_text(body.get("text") or "")),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
        )
        try:
            refuse_unseen(body.get("text") or "")
            message = await in_time(_answer_command(slack, family, command))
        except Exception as error:
            message = await find_done(slack.desk, error)
            if message is None:
                refusal = refuse(slack, error, command.user_id, f"{family.name} {command.text}")
                kept = "" if isinstance(error, SecretError) else _worth_keeping(family, command.text)
                message = given_back(refusal, kept)
        if message is not None and holds_secret(command.text):
            message = without_secrets(message, command.text)
        if message is None:
            await ack()
        else:
            await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")

    return listener


async def _answer_command(slack: SlackContext, family: CommandFamily, command: SlashCommand) -> Message | None:
    await slack.ensure_known(slack.client, slack.desk, command.user_id)
    if hides_secret(command.text):
        # Pieces of it would stand in an answer.
        refuse_secrets(command.text)
    # Whose shape tells what it is, is masked wherever it is shown, and may be asked about: `/keys show` and a key.
    rest = masked(command.text)
    if may_be_known(rest):
        # A form that is filled in with what was typed would show it again.
        await slack.desk.read(command.actor, lambda _: refuse_secrets(rest))
    return await family.answer(slack, command)


def _worth_keeping(family: CommandFamily, text: str) -> str:
    """The line that was typed; nothing where it is a word or two."""
    is_short = len(text.split()) <= _FEW_WORDS and len(text) <= _FEW_SIGNS
    return "" if is_short else f"{family.name} {text}"


def _written_in(submission: ViewSubmission) -> list[str]:
    """The texts that somebody wrote into a form, but for numbers: of a form that is gone, short ones are gone too."""
    told = (block for block_id, block in submission.values.items() if block_id != UNTOLD)
    states = [state for block in told for state in block.values()]
    texts = [str(state.get("value") or "") for state in states if state.get("type") == "plain_text_input"]
    return [escape(text) for text in texts if any(map(str.isalpha, text))]


def on_actions(slack: SlackContext, area: Area) -> Listener:
    """Answer every button and menu; those of earlier releases with what to do now. A message that the handler
    returns is shown to the person alone."""
    handlers: Mapping[str, ActionHandler] = {str(action_id): handler for action_id, handler in area.actions}

    async def listener(ack: Ack, body: dict[str, Any]) -> None:
        action = body["actions"][0]
        done = BlockAction(
            user_id=body["user"]["id"],
            action_id=action["action_id"],
            value=choice_in(action) or str(action.get("value") or ""),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url"),
            view=body.get("view"),
            body=body,
            label=unescape(str((action.get("text") or {}).get("text") or "")),
        )
        message = await _answer_action(slack, done, handlers.get(done.action_id))
        await ack()
        if message is not None:
            await slack.afterwards.show(tell(slack, done, message))
        if done.view is not None and done.view.get("type") == "home":
            await slack.afterwards.show(_refresh(slack, area, done.user_id))

    return listener


async def _answer_action(slack: SlackContext, action: BlockAction, handler: ActionHandler | None) -> Message | None:
    if handler is None:
        sentence = RETIRED.get(action.action_id, "This button is from another release of Keydesk.")
        hint = f"Open Keydesk's Home tab or type {slash('keys')} to see where things stand."
        return error_message(KeydeskError(sentence, hint))
    try:
        return await in_time(_act(slack, action, handler))
    except Exception as error:
        done = await find_done(slack.desk, error)
        return done or error_message(refuse(slack, error, action.user_id, action.label))


async def _act(slack: SlackContext, action: BlockAction, handler: ActionHandler) -> Message | None:
    await slack.ensure_known(slack.client, slack.desk, action.user_id)
    return await handler(slack, action)


def on_submission(slack: SlackContext, area: Area, handler: ViewHandler) -> Listener:
    """Answer a submitted modal. An InvalidInputError whose `field` is an input's block id is shown beside it."""

    async def listener(ack: Ack, body: dict[str, Any]) -> None:
        view = body["view"]
        submission = ViewSubmission(
            user_id=body["user"]["id"],
            view_id=view["id"],
            private_metadata=view.get("private_metadata", ""),
            values=view["state"]["values"],
            body=body,
        )
        try:
            answer = await in_time(_submit(slack, submission, handler))
        except InvalidInputError as error:
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if error.field in inputs:
                # Slack shows these as they are, without its markup.
                await ack(response_action="errors", errors={error.field: str(error).replace("`", "")})
            else:
                refusal = given_back(error, *_written_in(submission))
                await ack(response_action="update", view=notice("That did not work", refusal))
            return
        except Exception as error:
            if (done := await find_done(slack.desk, error)) is not None:
                await ack(response_action="update", view=notice("Done", done))
                return
            sent = str((view.get("title") or {}).get("text") or "")
            refusal = given_back(refuse(slack, error, submission.user_id, sent), *_written_in(submission))
            await ack(response_action="update", view=notice("That did not work", refusal))
            return
        await _acknowledge(ack, answer)
        await slack.afterwards.show(_refresh(slack, area, submission.user_id))

    return listener


async def _submit(slack: SlackContext, submission: ViewSubmission, handler: ViewHandler) -> Answer | None:
    await slack.ensure_known(slack.client, slack.desk, submission.user_id)
    return await handler(slack, submission)


async def _acknowledge(ack: Ack, answer: Answer | None) -> None:
    if answer is None:
        await ack()
    elif answer.view is not None:
        await ack(response_action="update", view=answer.view)
    elif answer.message is not None:
        await ack(response_action="update", view=notice("Done", answer.message))
    elif answer.clear:
        await ack(response_action="clear")
    else:
        await ack()


def on_closed(slack: SlackContext, handler: ClosedHandler) -> Listener:
    """Learn that a person closed a modal that says so."""

    async def listener(ack: Ack, body: dict[str, Any]) -> None:
        try:
            await in_time(handler(slack, body["user"]["id"], body["view"].get("private_metadata", "")))
        except Exception as error:
            # The window is gone, so there is nowhere to say it.
            as_refusal(error)
        await ack()

    return listener


def on_options(slack: SlackContext, handler: OptionsHandler) -> Listener:
    """Answer a menu that is searched: the handler gives up to 100 options, or up to 100 groups of as many."""

    async def listener(ack: Ack, body: dict[str, Any]) -> None:
        request = OptionsRequest(
            user_id=body["user"]["id"],
            text=clean_text(body.get("value") or ""),
            block_id=body.get("block_id", ""),
            private_metadata=(body.get("view") or {}).get("private_metadata") or "",
        )
        try:
            refuse_broken(body.get("value") or "")
            offered = _offered(await in_time(handler(slack, request)))
        except Exception as error:
            offered = _offered([_unavailable(as_refusal(error))])
        await ack(**offered)

    return listener


def _unavailable(error: KeydeskError) -> Block:
    """What stands in a menu that cannot be filled. Whoever chooses it is told that there is no such thing."""
    return {"text": plain_text(plain(error.sentence, limit=_OPTION_TEXT)), "value": "unavailable"}


def on_event(app: AsyncApp, slack: SlackContext, event_type: str, handler: EventHandler) -> None:
    """Take what Slack tells unasked. When that raises, Bolt answers 500 (or does not acknowledge, in Socket Mode) and
    Slack sends the event again."""

    @app.event(event_type)
    async def listener(body: dict[str, Any], event: dict[str, Any]) -> None:
        try:
            taken = await in_time(handler(slack, body["event_id"], event))
        except Exception:
            _log.exception("event_failed", event_id=body.get("event_id"), event_type=event_type)
            raise
        _log.debug("event_taken", event_id=body["event_id"], event_type=event_type, taken=str(taken))


def _offered(choices: Sequence[Block] | Sequence[OptionGroup]) -> dict[str, list[Block]]:
    groups = [choice for choice in choices if isinstance(choice, OptionGroup) and choice.options]
    if groups:
        return {
            "option_groups": [
                {"label": plain_text(group.label), "options": list(group.options)[:_MAX_OPTIONS]}
                for group in groups[:_MAX_OPTIONS]
            ]
        }
    return {"options": [choice for choice in choices if not isinstance(choice, OptionGroup)][:_MAX_OPTIONS]}


async def tell(slack: SlackContext, action: BlockAction, message: Message) -> None:
    """Tell the person alone: beside the message they clicked in, or in a modal. Never the only copy of a decision."""
    try:
        if action.response_url:
            own = bool((action.body.get("container") or {}).get("is_ephemeral"))
            webhook = AsyncWebhookClient(action.response_url, timeout=_TELL_SECONDS)
            webhook.proxy = slack.client.proxy
            await webhook.send(
                text=message.text,
                blocks=message.blocks,
                response_type="ephemeral",
                replace_original=message.replaces and own,
            )
        elif action.view is not None and action.view.get("type") == "modal":
            await slack.client.views_push(trigger_id=action.trigger_id, view=notice("Keydesk", message))
        else:
            await slack.client.views_open(trigger_id=action.trigger_id, view=notice("Keydesk", message))
    except UNREACHABLE as error:
        _log.warning("answer_not_shown", user_id=action.user_id, action_id=action.action_id, error=str(error))
