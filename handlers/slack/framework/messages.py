"""What draws the messages of the outbox, and how refusals read."""

from collections.abc import Callable

from desk.errors import KeydeskError
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import MAX_SECTION_TEXT, Block, Message, escape, modal, section, trim
from storage.models import SlackMessage

Renderer = Callable[[Transaction, SlackMessage], Message | None]
"""Draws a message from its row, in a read transaction: from the subject's present state, so that what arrives is
never out of date. None: there is nothing to say any more."""


def error_message(error: KeydeskError) -> Message:
    """A refusal as people see it."""
    text = f":warning: {escape(error.sentence)}"
    blocks = [section(f"{text}\n{escape(error.hint)}" if error.hint else text)]
    # A sentence may repeat all that somebody typed.
    return Message(trim(escape(error.sentence), limit=MAX_SECTION_TEXT), blocks)


def notice(title: str, message: Message) -> Block:
    """A message as a modal without a submit button."""
    return modal(title, message.blocks or [section(message.text)], callback_id=CallbackId.NOTICE)
