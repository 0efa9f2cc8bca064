"""Which cards and notes show a key request, and to whom."""

from collections.abc import Sequence

from desk.messages.outbox import list_cards, owners_conversations, refresh, send_card, send_note, tell_decision
from desk.messages.subjects import THE_OWNERS, Shown, Thing, stop_showing
from desk.permissions import require_insider
from desk.transaction import Transaction
from storage.models import KeyRequest, RequestStatus, SlackMessage

REQUEST_CARD = "request.card"
"""The owners' card of a request."""
REQUEST_REMINDER = "request.reminder"
"""A further card for owners; its subject is the request's id and a number: `<id>:1`, `<id>:2`, …"""
REQUEST_MINE = "request.mine"
"""The requester's card of a request, in direct messages."""
REQUEST_DECIDED = "request.decided"
"""Said to the requester when somebody else, or time, decided; its fact `status` is what became of the request."""
REQUEST_SELF_APPROVED = "request.self_approved"
"""Said to owners when the only owner approved their own request."""


def show_request(tx: Transaction, request: KeyRequest) -> None:
    """Show a new request to owners and to the person who made it."""
    shows = _shown(request)
    send_card(tx, REQUEST_CARD, request.id, owners_conversations(tx), shows=shows)
    # Whoever asked reads where owners do not hear of it.
    asked = [(Thing.DELIVERY, card.id) for card in list_cards(tx, REQUEST_CARD, request.id)]
    send_card(tx, REQUEST_MINE, request.id, [request.requester_id], shows=[*shows, *asked])


def list_unheard_places(tx: Transaction, request: KeyRequest) -> Sequence[str]:
    """Where owners are asked, as long as nothing of it has arrived there."""
    require_insider(tx)
    asked = list_cards(tx, REQUEST_CARD, request.id)
    return [] if any(card.ts for card in asked) else [card.conversation for card in asked]


def refresh_request(tx: Transaction, request: KeyRequest) -> Sequence[SlackMessage]:
    """Bring every copy of a request's cards up to date, its reminders included. Gives them."""
    cards = refresh(tx, Thing.REQUEST, request.id)
    if request.status != RequestStatus.PENDING:
        # Whose approvals count is of no account any more.
        stop_showing(tx, THE_OWNERS, cards)
    return cards


def _shown(request: KeyRequest) -> Sequence[Shown]:
    return [(Thing.REQUEST, request.id), THE_OWNERS]


def tell_requester(tx: Transaction, request: KeyRequest, cards: Sequence[SlackMessage]) -> None:
    """Tell the person who asked what became of it, below their own of its `cards`."""
    below = [card for card in cards if (card.kind, card.subject_id) == (REQUEST_MINE, request.id)]
    status = str(request.status)
    # Its button goes once there is nothing to collect any more.
    shows = [(Thing.REQUEST, request.id)]
    people = [request.requester_id]
    tell_decision(tx, REQUEST_DECIDED, request.id, people, below=below, shows=shows, status=status)


def remind_owners(tx: Transaction, request: KeyRequest) -> None:
    """Show owners the request once more, as a message of its own; `reminders_sent` counts it already."""
    subject_id = f"{request.id}:{request.reminders_sent}"
    send_card(tx, REQUEST_REMINDER, subject_id, owners_conversations(tx), shows=_shown(request))


def announce_self_approval(tx: Transaction, request: KeyRequest) -> None:
    """Tell owners that the only one of them approved their own request."""
    send_note(tx, REQUEST_SELF_APPROVED, request.id, owners_conversations(tx))
