"""What draws the messages of the outbox, and how refusals read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from desk.commands import slash
from desk.errors import KeydeskError
from desk.masking import answer_without, holds_secret
from desk.messages.readers import Reader, is_closed, may_read
from desk.secret import holds_key, holds_mistyped_key
from desk.texts import readable
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import (
    MAX_SECTION_TEXT,
    Block,
    Message,
    context,
    escape,
    modal,
    plain,
    section,
    trim,
)
from handlers.slack.framework.command_line import as_written
from storage.models import SlackMessage

_MOST_LISTED, _LONGEST_LISTED = 5, 80
_MOST_GIVEN_BACK = 3 * MAX_SECTION_TEXT
Renderer = Callable[[Transaction, SlackMessage], Message | None]
"""Draws a message from its row, in a read transaction: from the subject's present state, so that what arrives is
never out of date. None: there is nothing to say any more."""


def guarded(render: Renderer, reader: Reader | None) -> Renderer:
    """The same for whoever may read it. For anybody else it is closed once, or never sent."""

    def draw(tx: Transaction, message: SlackMessage) -> Message | None:
        if is_closed(message):
            return None
        if may_read(tx, message, reader):
            return render(tx, message)
        return _closed_message() if message.ts else None

    return draw


def _closed_message() -> Message:
    text = "You may not see this message any more"
    return Message(text, [section(f":lock: {text}: what it said is for others now.")], closes=True)


def error_message(error: KeydeskError) -> Message:
    """A refusal as people see it."""
    sentence = escape(readable(error.sentence))
    text = f":warning: {sentence}"
    blocks = [section(f"{text}\n{escape(readable(error.hint))}" if error.hint else text)]
    # A sentence may repeat all that somebody typed.
    return Message(trim(sentence, limit=MAX_SECTION_TEXT), blocks)


def list_text(title: str, names: Sequence[str]) -> str:
    """The text of a list, which is all that phones and screen readers give of it: the first that are on it."""
    shown = ", ".join(escape(plain(" ".join(name.split()), limit=_LONGEST_LISTED)) for name in names[:_MOST_LISTED])
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{title}: {shown}{more}" if names else title


def typed_blocks(text: str) -> list[Block]:
    """What somebody typed, exactly, to be copied; nothing of a text that holds a secret."""
    written = readable(as_written(text)).strip()
    if holds_secret(text) or holds_secret(written):
        return []
    # A line that no message could hold beside its refusal is given back as far as one does.
    parts = [
        written[at : at + MAX_SECTION_TEXT] for at in range(0, min(len(written), _MOST_GIVEN_BACK), MAX_SECTION_TEXT)
    ]
    return [{"type": "section", "text": {"type": "plain_text", "text": part, "emoji": False}} for part in parts]


def given_back(error: KeydeskError, *texts: str) -> Message:
    """A refusal, and below it what was typed, so that nobody types it twice."""
    message = error_message(error)
    typed = [block for text in texts for block in typed_blocks(text)]
    return replace(message, blocks=[*message.blocks, context("You wrote:"), *typed]) if typed else message


def without_secrets(message: Message, typed: str) -> Message:
    """An answer to somebody who typed a secret (as in `typed`): it repeats none, and says what to do about it."""
    if holds_key(typed):
        what, remedy = "the whole secret of a key", f"rotate the key with `{slash('keys rotate')}`"
    elif holds_mistyped_key(typed):
        what, remedy = "nearly the whole secret of a key", f"rotate that key with `{slash('keys rotate')}`"
    else:
        what, remedy = "a token or a password", "replace it where it is from"
    warning = context(f":warning: You typed {what}. Slack keeps what is typed, and others may read it: {remedy}.")
    mask = answer_without(typed)
    blocks = message.blocks or [section(message.text)]
    return replace(message, text=mask(message.text), blocks=[*(_masked(block, mask) for block in blocks), warning])


def _masked(part: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return mask(part)
    if isinstance(part, dict):
        return {name: _masked(value, mask) for name, value in part.items()}
    return [_masked(value, mask) for value in part] if isinstance(part, list) else part


def notice(title: str, message: Message) -> Block:
    """A message as a modal without a submit button."""
    return modal(title, message.blocks or [section(message.text)], callback_id=CallbackId.NOTICE)
