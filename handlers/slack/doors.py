"""How Slack's requests come in: parsed, answered after the commit, and errors turned into words.

Every listener is registered through these doors, so that acknowledgement, permission of strangers, refusals and
unknown errors are handled in one place.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from desk.errors import InvalidInputError, KeydeskError
from desk.texts import clean_text
from desk.transaction import Actor, Desk
from handlers.slack.action_ids import RETIRED, ActionId, CallbackId, Command, number_in
from handlers.slack.blocks import Block, Message, escape, modal, section

_log = structlog.get_logger(__name__)

_ANYTHING = re.compile(".*")
_TELL_SECONDS = 2
"""Slack waits three seconds for the acknowledgement, which comes after the telling."""

EnsureKnown = Callable[[AsyncWebClient, Desk, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Front:
    """What handlers work with. `client` is for opening modals; everything else that goes out is an outbox row."""

    app: AsyncApp
    desk: Desk
    client: AsyncWebClient
    ensure_known: EnsureKnown
    """Called before anything is decided for a person whom the desk may not have met yet."""
    refreshers: list[Callable[[str], Awaitable[None]]] = field(default_factory=list)
    """Each is called with a person's id after a click on the Home tab or a submission of theirs, and shows anew what
    only they see. They raise nothing and hold nothing up for long."""

    async def refresh(self, user_id: str) -> None:
        """Show a person anew what only they see."""
        for refresher in self.refreshers:
            await refresher(user_id)


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command as a person typed it."""

    user_id: str
    channel_id: str
    text: str
    """What follows the command, without blanks around it and without what no database wants."""
    trigger_id: str
    response_url: str

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)


@dataclass(frozen=True, slots=True)
class Click:
    """A press of a button, or a choice made in a menu."""

    user_id: str
    action_id: str
    value: str
    """The button's value, or that of the chosen option."""
    trigger_id: str
    response_url: str | None
    """None for clicks in modals and on the Home tab."""
    view: dict[str, Any] | None
    body: dict[str, Any]

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)

    @property
    def subject(self) -> str:
        """The id of what the button acts on."""
        return self.value.partition(":")[0]

    @property
    def version(self) -> int | None:
        """The version of the subject that the person saw, where the button carries one."""
        return number_in(self.value.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitted modal."""

    user_id: str
    view_id: str
    private_metadata: str
    values: dict[str, dict[str, Any]]
    """Slack's `view.state.values`: block id → action id → state."""
    body: dict[str, Any]

    @property
    def actor(self) -> Actor:
        """The person."""
        return Actor.member(self.user_id)

    def _state(self, block_id: str) -> dict[str, Any]:
        return next(iter(self.values.get(block_id, {}).values()), {})

    def text(self, block_id: str) -> str:
        """A text input's value, fit to be kept (see `desk.texts`); empty when nothing was typed."""
        return clean_text(str(self._state(block_id).get("value") or ""))

    def choice(self, block_id: str) -> str | None:
        """The value of a select, radio group, date, user or conversation that was chosen."""
        state = self._state(block_id)
        if state.get("selected_option"):
            return str(state["selected_option"]["value"])
        for name in ("selected_user", "selected_date", "selected_conversation", "selected_channel"):
            if state.get(name):
                return str(state[name])
        return None

    def choices(self, block_id: str) -> list[str]:
        """The values chosen in a multi-select or checkbox group."""
        state = self._state(block_id)
        return [str(choice["value"]) for choice in state.get("selected_options") or []] + [
            str(user) for user in state.get("selected_users") or []
        ]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a submitted modal becomes: closed (the default), replaced by `view`, or all closed (`clear`)."""

    view: Block | None = None
    clear: bool = False
    message: Message | None = None


CommandHandler = Callable[[Front, Typed], Awaitable[Message | None]]
ClickHandler = Callable[[Front, Click], Awaitable[Message | None]]
SubmissionHandler = Callable[[Front, Submission], Awaitable[Answer | None]]
ClosedHandler = Callable[[Front, str, str], Awaitable[None]]
OptionsHandler = Callable[[Front, str, str], Awaitable[Sequence[Block]]]


def error_message(error: KeydeskError) -> Message:
    """A refusal as people see it."""
    text = f":warning: {escape(error.sentence)}"
    blocks = [section(f"{text}\n{escape(error.hint)}" if error.hint else text)]
    return Message(escape(error.sentence), blocks)


def _unknown(error: Exception) -> KeydeskError:
    reference = secrets.token_hex(4)
    _log.error("unexpected_error", reference=reference, exc_info=error)
    return KeydeskError(
        "Something went wrong on our side; nothing was changed by this click.",
        f"Please try again, and tell an operator the reference {reference} if it stays so.",
    )


def _as_refusal(error: Exception) -> KeydeskError:
    return error if isinstance(error, KeydeskError) else _unknown(error)


def on_command(front: Front, command: Command, handler: CommandHandler) -> None:
    """Answer a slash command: what the handler returns is shown to the person alone."""

    @front.app.command(str(command))
    async def listener(ack: Any, body: dict[str, Any]) -> None:
        typed = Typed(
            user_id=body["user_id"],
            channel_id=body["channel_id"],
            text=clean_text(body.get("text") or ""),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url", ""),
        )
        try:
            await front.ensure_known(front.client, front.desk, typed.user_id)
            message = await handler(front, typed)
        except Exception as error:
            message = error_message(_as_refusal(error))
        if message is None:
            await ack()
        else:
            await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")


def on_action(front: Front, action_id: ActionId, handler: ClickHandler) -> None:
    """Answer a button or menu. A message that the handler returns is shown to the person alone."""

    @front.app.action(str(action_id))
    async def listener(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        click = Click(
            user_id=body["user"]["id"],
            action_id=action["action_id"],
            value=_action_value(action),
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url"),
            view=body.get("view"),
            body=body,
        )
        try:
            await front.ensure_known(front.client, front.desk, click.user_id)
            message = await handler(front, click)
        except Exception as error:
            message = error_message(_as_refusal(error))
        await ack()
        if message is not None:
            await tell(front, click, message)
        if click.view is not None and click.view.get("type") == "home":
            await front.refresh(click.user_id)


def _action_value(action: dict[str, Any]) -> str:
    chosen = action.get("selected_option")
    if chosen:
        return str(chosen["value"])
    for name in ("selected_user", "selected_date", "value"):
        if action.get(name):
            return str(action[name])
    return ""


def on_submission(front: Front, callback_id: CallbackId, handler: SubmissionHandler) -> None:
    """Answer a submitted modal. An InvalidInputError whose `field` is an input's block id is shown beside it."""

    @front.app.view(str(callback_id))
    async def listener(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        submission = Submission(
            user_id=body["user"]["id"],
            view_id=view["id"],
            private_metadata=view.get("private_metadata", ""),
            values=view["state"]["values"],
            body=body,
        )
        try:
            await front.ensure_known(front.client, front.desk, submission.user_id)
            answer = await handler(front, submission)
        except InvalidInputError as error:
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if error.field in inputs:
                await ack(response_action="errors", errors={error.field: str(error)})
            else:
                await ack(response_action="update", view=notice("That did not work", error_message(error)))
            return
        except Exception as error:
            refusal = error_message(_as_refusal(error))
            await ack(response_action="update", view=notice("That did not work", refusal))
            return
        await _acknowledge(ack, answer)
        await front.refresh(submission.user_id)


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


def on_closed(front: Front, callback_id: CallbackId, handler: ClosedHandler) -> None:
    """Learn that a person closed a modal that asked for it: handler(front, user id, private metadata)."""

    @front.app.view_closed(str(callback_id))
    async def listener(ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        try:
            await handler(front, body["user"]["id"], view.get("private_metadata", ""))
        except Exception as error:
            # The window is gone, so there is nowhere to say it.
            _as_refusal(error)
        await ack()


def on_options(front: Front, action_id: str, handler: OptionsHandler) -> None:
    """Answer an external select: handler(front, user id, what was typed) gives up to 100 options."""

    @front.app.options(action_id)
    async def listener(ack: Any, body: dict[str, Any]) -> None:
        options = await handler(front, body["user"]["id"], clean_text(body.get("value") or ""))
        await ack(options=list(options)[:100])


def on_retired(front: Front) -> None:
    """Answer buttons of earlier releases with what to do now. Register it after everything else."""

    @front.app.action({"action_id": _ANYTHING})
    async def listener(ack: Any, body: dict[str, Any], action: dict[str, Any]) -> None:
        sentence = RETIRED.get(action["action_id"], "This button is from another release of Keydesk.")
        await ack()
        click = Click(
            user_id=body["user"]["id"],
            action_id=action["action_id"],
            value="",
            trigger_id=body.get("trigger_id", ""),
            response_url=body.get("response_url"),
            view=body.get("view"),
            body=body,
        )
        hint = "Open Keydesk's Home tab or type /keys to see where things stand."
        await tell(front, click, error_message(KeydeskError(sentence, hint)))


async def tell(front: Front, click: Click, message: Message) -> None:
    """Tell the person alone: beside the message they clicked in, or in a modal. Never the only copy of a decision."""
    try:
        if click.response_url:
            own = bool((click.body.get("container") or {}).get("is_ephemeral"))
            await AsyncWebhookClient(click.response_url, timeout=_TELL_SECONDS).send(
                text=message.text,
                blocks=message.blocks,
                response_type="ephemeral",
                replace_original=message.replaces and own,
            )
        elif click.view is not None and click.view.get("type") == "modal":
            await front.client.views_push(trigger_id=click.trigger_id, view=notice("Keydesk", message))
        else:
            await front.client.views_open(trigger_id=click.trigger_id, view=notice("Keydesk", message))
    except (SlackApiError, aiohttp.ClientError, OSError) as error:
        _log.warning("answer_not_shown", user_id=click.user_id, action_id=click.action_id, error=str(error))


def notice(title: str, message: Message) -> Block:
    """A message as a modal without a submit button."""
    return modal(title, message.blocks or [section(message.text)], callback_id=str(CallbackId.NOTICE))
