"""What became of a change of which nobody knew, told to whoever made it."""

from desk.messages.outbox import send_note
from desk.people import is_reachable
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction
from storage.models import Member

OUTCOME = "change.outcome"
"""The kind of the note. Facts: `what` was typed, pressed or sent, and whether it was `done`."""


def tell_outcome(tx: Transaction, *, user_id: str, what: str, done: bool) -> None:
    """Tell a member whether a change of theirs was kept. Raises NotAllowedError."""
    require_duty(tx, Duty.DELIVERY)
    if tx.session.get(Member, user_id) is not None and is_reachable(tx, user_id):
        send_note(tx, OUTCOME, user_id, [user_id], what=what, done=done)
