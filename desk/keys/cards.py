"""Which cards and notes show a ticket and the key that it makes, and to whom."""

from desk.messages.outbox import refresh, send_card, send_note
from desk.messages.subjects import Thing
from desk.transaction import Transaction
from storage.models import ApiKey, Ticket

HOLDER_NAMED = "request.holder_named"
"""Said to who answers for a key that somebody else asked for."""
TICKET_MINE = "ticket.mine"
"""The collector's card of a ticket that no request led to: a rotation's."""
TICKET_VOID = "ticket.void"
"""Said to the collector when a key reached nobody and is void."""
TICKET_NOT_OPENED = "ticket.not_opened"
"""Said to the collector when Slack could not open the window in which the key was to be shown."""


def show_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Show a ticket's present state wherever it is shown: on its request's cards, else on a card of its own."""
    if ticket.request_id is not None:
        refresh(tx, Thing.REQUEST, ticket.request_id)
    else:
        send_card(tx, TICKET_MINE, ticket.id, [ticket.collector_id])
    refresh(tx, Thing.TICKET, ticket.id)


def tell_key_is_void(tx: Transaction, ticket: Ticket) -> None:
    """Tell the collector that whatever a window showed of this ticket's key is void, and to collect again."""
    send_note(tx, TICKET_VOID, ticket.id, [ticket.collector_id])


def tell_holder(tx: Transaction, key: ApiKey, collector_id: str) -> None:
    """Tell who answers for a key, when that is somebody else than who collected it."""
    if key.holder_id and key.holder_id != collector_id:
        send_note(tx, HOLDER_NAMED, key.id, [key.holder_id], collector_id=collector_id)


def tell_window_was_not_opened(tx: Transaction, ticket: Ticket) -> None:
    """Tell the collector that no key was made because Slack did not open the window, and to press again."""
    send_note(tx, TICKET_NOT_OPENED, ticket.id, [ticket.collector_id])
