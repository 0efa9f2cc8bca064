"""What owners hear of the Statuspage elsewhere."""

from datetime import datetime

from desk.transaction import Transaction
from desk.upstreams.troubles import list_upstream_troubles
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, Message, actions, button, context, divider, escape, section, when
from handlers.slack.framework.copies import upstream_lines
from storage.models import SlackMessage


def render_key_refused(_tx: Transaction, message: SlackMessage) -> Message:
    """To owners: Statuspage does not take a key of ours any more."""
    name, left = escape(str(message.facts["name"])), int(message.facts["left"])
    text = f"Statuspage does not take Keydesk's key “{name}” any more. "
    if left:
        text += f"Calls go on with the other {left}." if left > 1 else "Calls go on with the other one."
    else:
        text += "There is no other one, so calls for its pages are refused."
    hint = "It expired or was deleted there. An operator puts a new one in its place: `keydesk upstream replace-key`"
    return Message(text, [section(f":rotating_light: {text}"), context(hint)])


def render_key_expires(_tx: Transaction, message: SlackMessage) -> Message:
    """To owners: a key of ours ends soon."""
    name, end = escape(str(message.facts["name"])), datetime.fromisoformat(str(message.facts["expires_at"]))
    days = int(message.facts["days"])
    within = "a day" if days == 1 else f"{days} days"
    text = f"Keydesk's key “{name}” of Statuspage expires {when(end)}, within {within}."
    hint = "Make a new one there and put it in this one's place, on Home or with `keydesk upstream replace-key`."
    return Message(f":hourglass: {text}", [section(f":hourglass: {text}"), context(hint)])


def upstream_home_blocks(tx: Transaction) -> list[Block]:
    """To owners on Home."""
    lines = upstream_lines(tx)
    if not lines:
        return []
    troubles = [f":warning: {escape(one[0].upper() + one[1:])}." for one in list_upstream_troubles(tx)]
    open_keys = button("Keys of Statuspage", ActionId.UPSTREAM_KEYS)
    text = "*Statuspage*\n" + "\n".join([*lines, *troubles])[:_LONGEST]
    return [divider(), section(text), actions(open_keys, block_id="home.statuspage")]


_LONGEST = 2500
"""Characters of what there is to see to."""
