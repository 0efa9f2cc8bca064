"""Keydesk's own keys of Statuspage, as owners see them, and the form in which they give one."""

from desk.errors import KeydeskError
from desk.permissions import require_owner
from desk.transaction import Transaction
from desk.upstreams.connecting import STATUSPAGE, find_upstream
from desk.upstreams.keys import CALLS_A_MINUTE, get_upstream_key, list_upstream_keys
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    bold,
    button,
    confirm,
    context,
    day,
    escape,
    input_block,
    modal,
    plain,
    plain_text,
    section,
    text_input,
)
from handlers.slack.framework.copies import upstream_lines
from storage.models import UpstreamKey, UpstreamKeyStatus

_MOST_SHOWN = 20
_LONGEST = 512


def keys_view(tx: Transaction, done: str = "") -> Block:
    """What Keydesk is connected with, and by which keys. `done` says what has just happened."""
    require_owner(tx)
    blocks: list[Block] = [section(done)] if done else []
    blocks += [section(line) for line in upstream_lines(tx)]
    if find_upstream(tx.session) is None:
        blocks.append(section("Keydesk is connected with no Statuspage yet: give it a key of yours."))
    keys = list_upstream_keys(tx.session)
    for key in keys[:_MOST_SHOWN]:
        blocks += _key_blocks(key)
    blocks += [context(f"…and {len(keys) - _MOST_SHOWN} more.")] if len(keys) > _MOST_SHOWN else []
    for name, end in tx.policy.named_upstream_keys[:_MOST_SHOWN]:
        until = f", until {day(end)}" if end is not None else ""
        blocks.append(context(f"“{escape(name)}” is named by the settings{until}, and changed there."))
    blocks.append(actions(button("Give another key" if keys else "Give a key", ActionId.UPSTREAM_KEY_ADD)))
    return modal("Keys of Statuspage", blocks, callback_id=CallbackId.UPSTREAM_KEYS)


def _key_blocks(key: UpstreamKey) -> list[Block]:
    name = escape(plain(key.name, limit=80))
    until = f"until {day(key.expires_at)}" if key.expires_at is not None else "its end is not known"
    is_refused = key.status == UpstreamKeyStatus.REFUSED
    state = ":no_entry: taken no more" if is_refused else ":white_check_mark: called with"
    calls = f"{key.calls_a_minute} calls a minute" if key.calls_a_minute is not None else "any number of calls"
    asked = confirm(
        "Call with it no more?", f"“{name}” is forgotten here. Delete it at Statuspage too.", "Drop", danger=True
    )
    return [
        section(f"{bold(key.name, limit=80)}: {state}, {until}, {calls}"),
        actions(
            button("Replace", ActionId.UPSTREAM_KEY_REPLACE, value_of(key.id)),
            button("Drop", ActionId.UPSTREAM_KEY_DROP, value_of(key.id), style="danger", ask=asked),
            block_id=f"key.{key.id}",
        ),
    ]


def key_form(tx: Transaction, replaces: str = "") -> Block:
    """The form for a key: the first one, one more, or one in the place of another. Raises for whoever is no owner."""
    require_owner(tx)
    old = get_upstream_key(tx, replaces) if replaces else None
    is_first = find_upstream(tx.session) is None
    blocks: list[Block] = []
    if is_first:
        blocks.append(input_block("Address of its API", text_input(initial=STATUSPAGE), block_id="base_url"))
    if old is not None:
        blocks.append(section(f"It takes the place of “{escape(plain(old.name, limit=80))}”, once it was tried."))
    blocks += [
        input_block(
            "Key", text_input(max_length=_LONGEST), block_id="key", hint="It is tried, sealed, and shown nowhere."
        ),
        input_block("What it is called there", text_input(max_length=80), block_id="name"),
        input_block(
            "Its last day",
            {"type": "datepicker", "action_id": "value", "placeholder": plain_text("Choose a day")},
            block_id="expires_at",
            optional=True,
            hint="Statuspage shows it beside the key. Owners are warned before.",
        ),
        input_block(
            "Calls a minute", text_input(initial=str(CALLS_A_MINUTE), max_length=6), block_id="calls_a_minute"
        ),
    ]
    title = "Replace a key" if old is not None else "Connect Statuspage" if is_first else "Give a key"
    return modal(
        title, blocks, callback_id=CallbackId.UPSTREAM_KEY, submit="Try it", close="Cancel", private_metadata=replaces
    )


def trying_view(base_url: str) -> Block:
    """What stands there while the key is tried."""
    text = f":hourglass_flowing_sand: Keydesk asks {escape(base_url)} whether it takes the key."
    hint = "This window says what came of it, within half a minute. Until then nothing is changed."
    return modal("Keys of Statuspage", [section(text), context(hint)], callback_id=CallbackId.UPSTREAM_KEYS)


def failed_view(error: KeydeskError, replaces: str) -> Block:
    """What stands there when it was not kept."""
    again = button(
        "Try again",
        ActionId.UPSTREAM_KEY_REPLACE if replaces else ActionId.UPSTREAM_KEY_ADD,
        value_of(replaces) if replaces else "",
    )
    blocks = [
        section(f":warning: {escape(error.sentence)}"),
        context(f"{escape(error.hint)} Nothing was changed.".strip()),
        actions(again),
    ]
    return modal("Keys of Statuspage", blocks, callback_id=CallbackId.UPSTREAM_KEYS)
