"""What owners hear of the Statuspage elsewhere."""

from desk.transaction import Transaction
from handlers.slack.framework.blocks import Message, context, escape, section
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
