"""The card that tells owners of a suspended key that something still uses it."""

from collections.abc import Mapping
from datetime import datetime

from desk.keys.rules import KeyState, state_of
from desk.keys.suspended_use import KNOCK_CARD, is_set_aside
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, value_of
from handlers.slack.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    escape,
    fields,
    mention,
    quote,
    section,
    when,
)
from handlers.slack.renderer import Renderer
from storage.models import ApiKey, SlackMessage


def render_knock(tx: Transaction, message: SlackMessage) -> Message | None:
    """When, from where and by what the key was used, why it is suspended, and a button that restores it."""
    key = tx.session.get(ApiKey, message.subject_id.partition(":")[0])
    if key is None:
        return None
    text = f"The suspended key “{escape(key.name)}” was just used"
    blocks = [
        section(f":door: *The suspended key “{escape(key.name)}” was used, and refused*"),
        fields(
            [
                ("When", when(datetime.fromisoformat(message.facts["at"]))),
                ("From", _code(message.facts.get("address")) or "an unknown address"),
                ("By", _code(message.facts.get("user_agent")) or "a client that does not say what it is"),
                ("Answers for it", mention(key.holder_id)),
            ]
        ),
        *_state_blocks(tx, key, set_aside=is_set_aside(message)),
    ]
    return Message(text, blocks)


def _state_blocks(tx: Transaction, key: ApiKey, *, set_aside: bool) -> list[Block]:
    state = state_of(key, tx.now)
    if state is KeyState.SUSPENDED:
        blocks = [section(_suspension(key))]
        if set_aside:
            return [*blocks, context("It was used again later: see the newer message about it.")]
        restore = button("Restore", ActionId.KEY_RESTORE, value_of(key.id, key.version), style="primary")
        revoke = button("Revoke", ActionId.KEY_REVOKE, value_of(key.id, key.version), style="danger")
        return [
            *blocks,
            actions(restore, revoke),
            context("Something still depends on this key. You will not be told again within the next hour."),
        ]
    if state is KeyState.ACTIVE:
        return [context(":white_check_mark: The key was restored and works again.")]
    if key.revoked_by is not None:
        return [context(f":no_entry: The key was revoked by {actor_name(key.revoked_by)}.")]
    return [context(":hourglass: The key has expired meanwhile.")]


def _suspension(key: ApiKey) -> str:
    text = f"Suspended by {actor_name(key.suspended_by)}"
    if key.suspended_at is not None:
        text += f" {when(key.suspended_at)}"
    return f"{text}:\n{quote(key.suspend_reason)}" if key.suspend_reason else f"{text}."


def _code(text: str | None) -> str:
    return f"`{escape(text.replace('`', 'ˋ'))}`" if text else ""


RENDERERS: Mapping[str, Renderer] = {KNOCK_CARD: render_knock}
