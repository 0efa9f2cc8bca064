"""How Slack's requests come in: parsed, answered after the commit, and errors turned into words.

Everything is registered here, so that acknowledgement, permission of strangers, refusals and unknown errors are
handled in one place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from desk.commands import slash
from desk.errors import InvalidInputError, KeydeskError
from desk.masking import hides_secret, holds_secret, refuse_secrets
from desk.reasons import refuse_broken, refuse_unseen
from desk.texts import clean_text
from handlers.slack.framework.action_ids import RETIRED
from handlers.slack.framework.areas import Area
from handlers.slack.framework.blocks import Block, Message, escape, plain, plain_text
from handlers.slack.framework.command_line import typed_text
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
from handlers.slack.framework.refusals import as_refusal, in_time
from handlers.slack.framework.retries import UNREACHABLE

_log = structlog.get_logger(__name__)

_ANYTHING = re.compile(".*")
_FEW_WORDS = 2
"""So many are typed again sooner than copied."""
_MAX_OPTIONS = 100
"""Of an answer or a group of it, and groups of an answer."""
_OPTION_TEXT = 75
_TELL_SECONDS = 10


def listen(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Connect everything that the area answers with Bolt. The acknowledgement follows the answer."""
    # One listener of each kind, what is most frequent first: Bolt tries one after another until one fits.
    _on_actions(app, slack, area)
    _on_commands(app, slack, area)
    _on_submissions(app, slack, area)
    _on_closed(app, slack, area)
    _on_options(app, slack, area)
    for event_type, take in area.events:
        _on_event(app, slack, event_type, take)


def _one_of(names: Iterable[str]) -> re.Pattern[str]:
    """What fits these names and no other: Bolt itself answers what nobody listens to."""
    any_of_them = "|".join(map(re.escape, names))
    return re.compile(rf"\A(?:{any_of_them})\Z")


async def _refresh(slack: SlackContext, area: Area, user_id: str) -> None:
    for refresher in area.refreshers:
        await refresher(slack, user_id)


def _on_commands(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Answer the slash commands: what one answers is shown to the person alone."""
    name_command = slack.desk.policy.name_command
    families = {name_command(family.command.removeprefix("/")): family for family in area.commands}

    @app.command(_one_of(families))
    async def listener(ack: Any, body: dict[str, Any]) -> None:
        family = families[body["command"]]
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
            refusal = refuse(slack, error, command.user_id, f"{family.name} {command.text}")
            message = given_back(refusal, _worth_keeping(family, command.text))
        if message is not None and holds_secret(command.text):
            message = without_secrets(message, command.text)
        if message is None:
            await ack()
        else:
            await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


async def _answer_command(slack: SlackContext, family: CommandFamily, command: SlashCommand) -> Message | None:
    await slack.ensure_known(slack.client, slack.desk, command.user_id)
    if hides_secret(command.text):
        # Pieces of it would stand in an answer.
        refuse_secrets(command.text)
    return await family.answer(slack, command)


def _worth_keeping(family: CommandFamily, text: str) -> str:
    """The line that was typed; nothing where it is a word or two."""
    return f"{family.name} {text}" if len(text.split()) > _FEW_WORDS else ""


def _written_in(submission: ViewSubmission) -> list[str]:
    """The texts that somebody wrote into a form."""
    told = (block for block_id, block in submission.values.items() if block_id != UNTOLD)
    states = [state for block in told for state in block.values()]
    texts = [str(state.get("value") or "") for state in states if state.get("type") == "plain_text_input"]
    return [escape(text) for text in texts if len(text.split()) > _FEW_WORDS]


def _on_actions(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Answer every button and menu; those of earlier releases with what to do now. A message that the handler
    returns is shown to the person alone."""
    handlers: Mapping[str, ActionHandler] = {str(action_id): handler for action_id, handler in area.actions}

    @app.action({"action_id": _ANYTHING})
    async def listener(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        done = BlockAction(
            user_id=body["user"]["id"],
            action_id=action["action_id"],
            value=choice_in(action) or str(action.get("value") or ""),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url"),
            view=body.get("view"),
            body=body,
            label=str((action.get("text") or {}).get("text") or ""),
        )
        message = await _answer_action(slack, done, handlers.get(done.action_id))
        await ack()
        if message is not None:
            await slack.afterwards.show(tell(slack, done, message))
        if done.view is not None and done.view.get("type") == "home":
            await slack.afterwards.show(_refresh(slack, area, done.user_id))


async def _answer_action(slack: SlackContext, action: BlockAction, handler: ActionHandler | None) -> Message | None:
    if handler is None:
        sentence = RETIRED.get(action.action_id, "This button is from another release of Keydesk.")
        hint = f"Open Keydesk's Home tab or type {slash('keys')} to see where things stand."
        return error_message(KeydeskError(sentence, hint))
    try:
        return await in_time(_act(slack, action, handler))
    except Exception as error:
        return error_message(refuse(slack, error, action.user_id, action.label))


async def _act(slack: SlackContext, action: BlockAction, handler: ActionHandler) -> Message | None:
    await slack.ensure_known(slack.client, slack.desk, action.user_id)
    return await handler(slack, action)


def _on_submissions(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Answer submitted modals. An InvalidInputError whose `field` is an input's block id is shown beside it."""
    handlers: Mapping[str, ViewHandler] = {str(callback_id): handler for callback_id, handler in area.views}

    @app.view(_one_of(handlers))
    async def listener(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        submission = ViewSubmission(
            user_id=body["user"]["id"],
            view_id=view["id"],
            private_metadata=view.get("private_metadata", ""),
            values=view["state"]["values"],
            body=body,
        )
        try:
            answer = await in_time(_submit(slack, submission, handlers[view["callback_id"]]))
        except InvalidInputError as error:
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if error.field in inputs:
                await ack(response_action="errors", errors={error.field: str(error)})
            else:
                refusal = given_back(error, *_written_in(submission))
                await ack(response_action="update", view=notice("That did not work", refusal))
            return
        except Exception as error:
            sent = str((view.get("title") or {}).get("text") or "")
            refusal = given_back(refuse(slack, error, submission.user_id, sent), *_written_in(submission))
            await ack(response_action="update", view=notice("That did not work", refusal))
            return
        await _acknowledge(ack, answer)
        await slack.afterwards.show(_refresh(slack, area, submission.user_id))


async def _submit(slack: SlackContext, submission: ViewSubmission, handler: ViewHandler) -> Answer | None:
    await slack.ensure_known(slack.client, slack.desk, submission.user_id)
    return await handler(slack, submission)


async def _acknowledge(ack: Any, answer: Answer | None) -> None:
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


def _on_closed(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Learn that a person closed a modal that says so."""
    handlers: Mapping[str, ClosedHandler] = {str(callback_id): handler for callback_id, handler in area.closed}

    @app.view_closed(_one_of(handlers))
    async def listener(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        handler = handlers[view["callback_id"]]
        try:
            await in_time(handler(slack, body["user"]["id"], view.get("private_metadata", "")))
        except Exception as error:
            # The window is gone, so there is nowhere to say it.
            as_refusal(error)
        await ack()


def _on_options(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Answer menus that are searched: a handler gives up to 100 options, or up to 100 groups of as many."""
    handlers: Mapping[str, OptionsHandler] = {str(action_id): handler for action_id, handler in area.options}

    @app.options({"action_id": _one_of(handlers)})
    async def listener(ack: Any, body: dict[str, Any]) -> None:
        handler = handlers[body["action_id"]]
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


def _unavailable(error: KeydeskError) -> Block:
    """What stands in a menu that cannot be filled. Whoever chooses it is told that there is no such thing."""
    return {"text": plain_text(plain(error.sentence, limit=_OPTION_TEXT)), "value": "unavailable"}


def _on_event(app: AsyncApp, slack: SlackContext, event_type: str, handler: EventHandler) -> None:
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
