"""What people are told of the Statuspage elsewhere."""

from desk.messages.outbox import owners_conversations, send_note
from desk.transaction import Transaction
from storage.models import UpstreamKey

KEY_REFUSED = "upstream.key_refused"
"""To owners: Statuspage does not take a key of Keydesk's any more. The subject is the key. Facts: `name`, and `left`,
how many others there are."""


def tell_refused(tx: Transaction, key: UpstreamKey, *, left: int) -> None:
    """Tell the owners at once."""
    send_note(tx, KEY_REFUSED, key.id, owners_conversations(tx), name=key.name, left=left)
