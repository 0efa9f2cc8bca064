"""Which cards and notes show a key request or a ticket, and to whom."""

from desk.messages.outbox import owners_conversations, refresh, refresh_card, send_card, send_note
from desk.messages.subjects import Thing
from desk.transaction import Transaction
from storage.models import ApiKey, KeyRequest, Ticket

REQUEST_CARD = "request.card"
"""The owners' card of a request."""
REQUEST_REMINDER = "request.reminder"
"""A further card for owners; its subject is the request's id and a number: `<id>:1`, `<id>:2`, …"""
REQUEST_MINE = "request.mine"
"""The requester's card of a request, in direct messages."""
REQUEST_SELF_APPROVED = "request.self_approved"
"""Said to owners when the only owner approved their own request."""
HOLDER_NAMED = "request.holder_named"
"""Said to who answers for a key that somebody else asked for."""
TICKET_MINE = "ticket.mine"
"""The collector's card of a ticket that no request led to: a rotation's."""
TICKET_VOID = "ticket.void"
"""Said to the collector when a key reached nobody and is void."""
TICKET_NOT_OPENED = "ticket.not_opened"
"""Said to the collector when Slack could not open the window in which the key was to be shown."""


def show_request(tx: Transaction, request: KeyRequest) -> None:
    """Show a new request to owners and to the person who made it."""
    send_card(tx, REQUEST_CARD, request.id, owners_conversations(tx))
    send_card(tx, REQUEST_MINE, request.id, [request.requester_id])


def refresh_request(tx: Transaction, request: KeyRequest) -> None:
    """Bring every copy of a request's cards up to date, its reminders included."""
    refresh_card(tx, REQUEST_CARD, request.id)
    for number in range(1, request.reminders_sent + 1):
        refresh_card(tx, REQUEST_REMINDER, f"{request.id}:{number}")
    refresh_card(tx, REQUEST_MINE, request.id)


def remind_owners(tx: Transaction, request: KeyRequest) -> None:
    """Show owners the request once more, as a message of its own; `reminders_sent` counts it already."""
    send_card(tx, REQUEST_REMINDER, f"{request.id}:{request.reminders_sent}", owners_conversations(tx))


def announce_self_approval(tx: Transaction, request: KeyRequest) -> None:
    """Tell owners that the only one of them approved their own request."""
    send_note(tx, REQUEST_SELF_APPROVED, request.id, owners_conversations(tx))


def show_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Show a ticket's present state wherever it is shown: on its request's cards, else on a card of its own."""
    request = tx.session.get(KeyRequest, ticket.request_id) if ticket.request_id else None
    if request is not None:
        refresh_request(tx, request)
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
