"""Messages about keys that nobody asked for at that moment: what others did, and what time does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from desk.keys.questions import was_kept_since
from desk.keys.rotation import find_successor
from desk.keys.rules import Change, KeyState, is_retiring, state_of
from desk.messages.outbox import is_set_aside
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    day,
    escape,
    fields,
    mention,
    plain,
    quote,
    section,
    when,
)
from handlers.slack.keys.catalogue import BY_CHANGE
from handlers.slack.keys.change import Told
from handlers.slack.keys.text import key_name, last_used_words
from storage.models import ApiKey, KeyUse, SlackMessage


def render_suspended_use(tx: Transaction, message: SlackMessage) -> Message | None:
    """When, from where and by what the key was used, why it is suspended, and a button that restores it."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    text = f"The suspended key “{escape(key.name)}” was used, and refused: {_knocked(tx, key)}"
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


def _knocked(tx: Transaction, key: ApiKey) -> str:
    match state_of(key, tx.now):
        case KeyState.SUSPENDED:
            return "restore or revoke it, since something depends on it"
        case KeyState.ACTIVE:
            return "it was restored"
        case KeyState.REVOKED:
            return f"it was revoked by {actor_name(key.revoked_by)}"
        case _:
            return "it has expired meanwhile"


def _suspension(key: ApiKey) -> str:
    text = f"Suspended by {actor_name(key.suspended_by)}"
    if key.suspended_at is not None:
        text += f" {when(key.suspended_at)}"
    return f"{text}:\n{quote(key.suspend_reason)}" if key.suspend_reason else f"{text}."


def _code(text: str | None) -> str:
    return f"`{escape(text.replace('`', 'ˋ'))}`" if text else ""


_REASON = 500
_NOTIFIED = 300
"""Characters of a reason in what phones and screen readers give."""
_ASKED_AGAIN = "It was asked again later: see the newer message about it."


def render_changed(tx: Transaction, message: SlackMessage) -> Message | None:
    """What somebody else did to a key."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    facts = message.facts
    waited = "You asked about this key: " if message.conversation in facts.get("waited", ()) else ""
    text = f"{waited}{actor_name(facts['by'])} {_deed(facts, key, message.conversation)}"
    if facts.get("reason"):
        text += f"\n{quote(plain(str(facts['reason']), limit=_REASON))}"
    look = button("Show key", ActionId.KEY_SHOW, value_of(key.id))
    # Whoever handed the key over may not see it any more.
    is_theirs = not message.conversation.startswith(("U", "W")) or message.conversation == key.holder_id
    return Message(_plainly(facts, key), [section(text, accessory=look if is_theirs else None)])


def _deed(facts: Mapping[str, Any], key: ApiKey, reader: str) -> str:
    told, name = _told(facts), key_name(key)
    return told.deed(name, facts, reader) if told else f"changed {name} ({facts['change']})."


def _plainly(facts: Mapping[str, Any], key: ApiKey) -> str:
    told = _told(facts)
    text = f"Key {_quoted(key)} {told.headline if told else 'was changed'}"
    if facts["change"] == Change.RENAME:
        text += f" from “{escape(str(facts['before']))}”"
    if facts.get("to"):
        text += f" to {mention(str(facts['to']))}"
    if facts.get("until"):
        text += f" until {day(_instant(facts['until']))}"
    text += f" by {actor_name(facts['by'])}"
    why = plain(" ".join(str(facts.get("reason") or "").split()), limit=_NOTIFIED)
    return f"{text}: {escape(why)}" if why else text


def _told(facts: Mapping[str, Any]) -> Told | None:
    row = BY_CHANGE.get(Change(facts["change"]))
    return row.told if row else None


def render_expiry(tx: Transaction, message: SlackMessage) -> Message | None:
    """A key expires soon, or has; nothing when it was extended, revoked or rotated since."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None or key.expires_at.isoformat() != message.facts["expires_at"] or is_retiring(key, tx.now):
        return None
    state = state_of(key, tx.now)
    if state is KeyState.REVOKED:
        return None
    used = last_used_words(tx.session.get(KeyUse, key.id))
    if (message.facts["days"] == 0) != (state is KeyState.EXPIRED):
        # It took so long to be delivered that the note which says the rest is on its way, too.
        return None
    if message.facts["days"] == 0:
        text = f":hourglass: {key_name(key)} has expired and does not work any more. It was {used}."
        told = f"Key {_quoted(key)} has expired"
    else:
        text = f":hourglass_flowing_sand: {key_name(key)} expires {when(key.expires_at)}. It was {used}."
        left = -((tx.now - key.expires_at) // timedelta(days=1))
        told = f"Key {_quoted(key)} expires in {'1 day' if left == 1 else f'{left} days'}"
    buttons = [
        button("More time…", ActionId.KEY_EXTEND, value_of(key.id, key.version), style="primary"),
        button("Show key", ActionId.KEY_SHOW, value_of(key.id)),
    ]
    hint = context("A rotated key keeps its expiry. Owners extend keys; others ask them with *More time…*.")
    return Message(told, [section(text), actions(*buttons, block_id=f"key.expiry.{key.id}"), hint])


def render_retired(tx: Transaction, message: SlackMessage) -> Message | None:
    """A rotated key has stopped working."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    successor = find_successor(tx, key.id)
    follows = f" {key_name(successor)} has taken its place." if successor else ""
    text = (
        f":arrows_counterclockwise: The grace period of {key_name(key)} is over: it does not work any more.{follows}"
    )
    return Message(f"The old key {_quoted(key)} has stopped working", [section(text)])


def render_taken_over(tx: Transaction, message: SlackMessage) -> Message | None:
    """A key ends, since owners approved another one in its place."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    who = actor_name(message.facts["by"])
    ends = f"works until {when(key.retires_at)}" if key.retires_at and is_retiring(key, tx.now) else "works no more"
    text = (
        f":arrows_counterclockwise: {who} has taken over {key_name(key)}: owners approved a new key in its place. "
        f"This one {ends}."
    )
    hint = context("Whatever calls with it needs the new key, which its new holder has.")
    return Message(f"Key {_quoted(key)} was taken over by {who}", [section(text), hint])


def render_ask(tx: Transaction, message: SlackMessage) -> Message | None:
    """Is the key still needed? Asked of its holder; once answered, the answer stands there instead of the buttons."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    asked_at = _instant(message.facts["asked_at"])
    text = f"{actor_name(message.facts['asked_by'])} asks: do you still need {key_name(key)}?"
    # Of a key that somebody else answers for by now, how it is used is not for whoever was asked.
    if key.holder_id == message.conversation:
        used = last_used_words(tx.session.get(KeyUse, key.id))
        text += f" It was {used}, and expires {day(key.expires_at)}."
    asks = f"{actor_name(message.facts['asked_by'])} asks: is the key {_quoted(key)} still needed?"
    answer = _answer_to_ask(tx, key, message, asked_at)
    return Message(f"{asks} {answer}" if answer else asks, [section(text), _ask_block(key, answer)])


def _answer_to_ask(tx: Transaction, key: ApiKey, message: SlackMessage, asked_at: datetime) -> str:
    """How it was answered; empty while it is not."""
    if is_set_aside(message):
        return _ASKED_AGAIN
    state = state_of(key, tx.now)
    if key.kept_by and key.kept_until and key.kept_until > tx.now and was_kept_since(tx, key.id, asked_at):
        reason = escape(plain(key.keep_reason or "", limit=200))
        return f":pushpin: Kept until {day(key.kept_until)} by {actor_name(key.kept_by)}: {reason}"
    if over := _over(tx, key):
        return over
    if state is KeyState.SUSPENDED:
        return f":double_vertical_bar: Suspended by {actor_name(key.suspended_by)}."
    if state is KeyState.EXPIRED:
        return f":hourglass: It expired {day(key.expires_at)}."
    return "" if key.holder_id == message.conversation else f"{mention(key.holder_id)} answers for it now."


def _ask_block(key: ApiKey, answer: str) -> Block:
    if answer:
        return context(answer)
    value = value_of(key.id, key.version)
    return actions(
        button("Still needed…", ActionId.KEY_STILL_NEEDED, value, style="primary"),
        button("Not needed…", ActionId.KEY_NOT_NEEDED, value),
        block_id=f"key.ask.{key.id}",
    )


def render_extension(tx: Transaction, message: SlackMessage) -> Message | None:
    """A holder asks for more time; owners extend with a button."""
    key = tx.session.get(ApiKey, _key_id(message))
    if key is None:
        return None
    until, facts = _instant(message.facts["until"]), message.facts
    text = (
        f":hourglass_flowing_sand: {actor_name(facts['asked_by'])} asks for more time for {key_name(key)}: "
        f"until {day(until)}.\n{quote(plain(facts['reason'], limit=_REASON))}"
    )
    asks = f"{actor_name(facts['asked_by'])} asks for more time for the key {_quoted(key)}, until {day(until)}"
    answer = _answer_to_extension(tx, key, message)
    value = value_of(key.id, key.version)
    buttons = actions(
        button("Extend…", ActionId.KEY_EXTEND, f"{value}:{int(until.timestamp())}", style="primary"),
        button("Decline…", ActionId.KEY_DECLINE, value),
        button("Show key", ActionId.KEY_SHOW, value_of(key.id)),
        block_id=f"key.extension.{key.id}",
    )
    used = context(f"It expires {day(key.expires_at)}; {last_used_words(tx.session.get(KeyUse, key.id))}.")
    told = f"{asks}. {answer}" if answer else asks
    return Message(told, [section(text), used, context(answer) if answer else buttons])


def _answer_to_extension(tx: Transaction, key: ApiKey, message: SlackMessage) -> str:
    """How it was answered; empty while it is not."""
    if declined := message.facts.get("declined"):
        why = escape(plain(" ".join(declined["reason"].split()), limit=_NOTIFIED))
        return f":no_entry_sign: Declined by {actor_name(declined['by'])}: {why}"
    if is_set_aside(message):
        return _ASKED_AGAIN
    if key.extended_at is not None and key.extended_at >= _instant(message.facts["asked_at"]):
        return f":white_check_mark: Extended: it works until {day(key.expires_at)}."
    return _over(tx, key)


def _over(tx: Transaction, key: ApiKey) -> str:
    """Why there is nothing to answer any more; empty while there is."""
    if state_of(key, tx.now) is KeyState.REVOKED:
        return f":no_entry: Revoked by {actor_name(key.revoked_by)}."
    if key.retires_at is not None:
        return f":arrows_counterclockwise: Rotated; this one works until {when(key.retires_at)}."
    return ""


def _quoted(key: ApiKey) -> str:
    # Slack reads mentions in a message's text as well as in its blocks.
    return f"“{escape(key.name)}”"


def _key_id(message: SlackMessage) -> str:
    return message.subject_id.partition(":")[0]


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
