"""What people are told of the Statuspage elsewhere."""

from datetime import datetime

from desk.messages.outbox import owners_conversations, send_note
from desk.transaction import Transaction
from storage.models import UpstreamKey

KEY_REFUSED = "upstream.key_refused"
"""To owners: Statuspage does not take a key of Keydesk's any more. The subject is the key. Facts: `name`, and `left`,
how many others there are."""

KEY_EXPIRES = "upstream.key_expires"
"""To owners: a key of Keydesk's ends at Statuspage soon. Facts: `name`, `expires_at` in ISO form, and within how
many `days`."""


def tell_refused(tx: Transaction, key: UpstreamKey, *, left: int) -> None:
    """Tell the owners at once."""
    send_note(tx, KEY_REFUSED, key.id, owners_conversations(tx), name=key.name, left=left)


def tell_expiring(tx: Transaction, name: str, expires_at: datetime, days: int) -> None:
    """Tell the owners that it is time for a new one."""
    owners, end = owners_conversations(tx), expires_at.isoformat()
    send_note(tx, KEY_EXPIRES, "expiry", owners, name=name, expires_at=end, days=days)
