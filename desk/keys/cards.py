"""Which cards and notes show keys and tickets, and to whom."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from desk.keys.rules import Change
from desk.messages.outbox import (
    list_cards,
    owners_conversations,
    refresh,
    send_card,
    send_note,
    set_aside,
    tell_decision,
)
from desk.messages.subjects import Thing, list_showing
from desk.people import is_reachable
from desk.transaction import Actor, Transaction
from storage.models import ApiKey, SlackMessage, Ticket

ASK_CARD = "key.ask"
"""To a key's holder: is it still needed?"""
EXTENSION_CARD = "key.extension"
"""To owners: its holder asks for more time; its fact `declined` says by whom and why it was declined."""
_NAMED = 10
_ANSWERS: Mapping[Change, Sequence[str]] = {
    Change.KEEP: [ASK_CARD],
    Change.SUSPEND: [ASK_CARD],
    Change.TRANSFER: [ASK_CARD],
    Change.EXTEND: [EXTENSION_CARD],
    Change.DECLINE_EXTENSION: [EXTENSION_CARD],
    Change.REVOKE: [ASK_CARD, EXTENSION_CARD],
}
"""The questions about a key that a change of it answers."""
HOLDER_NAMED = "request.holder_named"
"""Said to who answers for a key that somebody else asked for."""
KEY_MADE = "key.made"
"""Said to owners and to who answers for it when an operator made a key without a request; its fact `by` says who."""
KEYS_IMPORTED = "key.imported"
"""Said to owners, and to who answers for them, when keys that were made elsewhere began to work here. Facts: `by`,
`count`, `names` of the first ones, `unanswered` (how many nobody answers for) and, to who answers, `yours`."""
TAKEN_OVER = "key.taken_over"
"""Said to who answered for a key when a request gave another one in its place; its fact `by` says to whom."""
TICKET_MINE = "ticket.mine"
"""The collector's card of a ticket that no request led to: a rotation's."""
TICKET_ENDED = "ticket.ended"
"""Said to the collector when a key was not collected in time or was taken back; its facts hold `status`, `reason`."""
TICKET_VOID = "ticket.void"
"""Said to the collector when a key reached nobody and is void."""
TICKET_NOT_OPENED = "ticket.not_opened"
"""Said to the collector when Slack could not open the window in which the key was to be shown."""


def put_question(tx: Transaction, kind: str, key: ApiKey, conversations: Iterable[str], **facts: Any) -> None:
    """Ask something about a key, by a message of its own each time; the actor will hear the answer."""
    set_aside(tx, kind, key.id)
    asked = {"asked_by": str(tx.actor), "asked_at": tx.now.isoformat(), **facts}
    send_card(tx, kind, key.id, conversations, shows=[(Thing.KEY, key.id)], **asked)


def settle_questions(tx: Transaction, key: ApiKey, change: Change) -> Sequence[str]:
    """Whoever asked what this change of the key answers: each is told so once. Call it with the key locked."""
    asked = _settle(tx, key, _ANSWERS.get(change, ()))
    askers = [str(card.facts["asked_by"]).removeprefix("member:") for card in asked if card.facts.get("asked_by")]
    return list(dict.fromkeys(asker for asker in askers if ":" not in asker))


def _settle(tx: Transaction, key: ApiKey, kinds: Sequence[str]) -> Sequence[SlackMessage]:
    """The questions of these kinds about a key that nobody answered, those included that were asked again later; from
    now on they count as answered."""
    own = or_(SlackMessage.subject_id == key.id, SlackMessage.subject_id.startswith(f"{key.id}:"))
    cards = select(SlackMessage).where(SlackMessage.kind.in_(kinds), own)
    asked = [card for card in tx.session.scalars(cards).all() if not card.facts.get("answered")]
    for card in asked:
        card.facts = {**card.facts, "answered": True}
    return asked


def find_wish(tx: Transaction, key: ApiKey) -> Sequence[SlackMessage]:
    """The copies of the card on which a wish for more time stands that nobody answered; none without one."""
    return [card for card in list_cards(tx, EXTENSION_CARD, key.id) if not card.facts.get("answered")]


def pass_on_wish(tx: Transaction, before: ApiKey, after: ApiKey | None) -> None:
    """Another key stands in a key's place, `after`: whoever wants more time for one wants it for the other, and
    owners are asked anew. None: there is none, or it is somebody else's."""
    wish = find_wish(tx, before)
    _settle(tx, before, [EXTENSION_CARD])
    if not wish:
        return
    facts = wish[0].facts
    if after is not None and datetime.fromisoformat(facts["until"]) > after.expires_at:
        asked = {name: facts[name] for name in ("asked_by", "until", "reason")}
        put_question(tx, EXTENSION_CARD, after, owners_conversations(tx), **asked)


def show_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Show a ticket's present state wherever it is shown: on its request's cards, else on a card of its own."""
    if ticket.request_id is not None:
        refresh(tx, Thing.REQUEST, ticket.request_id)
    else:
        # It says how long the old key works, and what becomes of the new one.
        shows = [(Thing.KEY, key_id) for key_id in (ticket.predecessor_id, ticket.key_id) if key_id]
        send_card(tx, TICKET_MINE, ticket.id, [ticket.collector_id], shows=shows)
    refresh(tx, Thing.TICKET, ticket.id)


def tell_ticket_ended(tx: Transaction, ticket: Ticket, told: Collection[str] = ()) -> None:
    """Tell the collector, unless `told` why already, that there is nothing to collect any more."""
    if ticket.request_id is not None:
        below = list_showing(tx, Thing.REQUEST, ticket.request_id)
    else:
        below = list_cards(tx, TICKET_MINE, ticket.id)
    people = [ticket.collector_id] if ticket.collector_id not in told else []
    facts: dict[str, Any] = {"status": str(ticket.status), "reason": ticket.end_reason}
    tell_decision(tx, TICKET_ENDED, ticket.id, people, below=below, **facts)


def tell_key_is_void(tx: Transaction, ticket: Ticket) -> None:
    """Tell the collector that whatever a window showed of this ticket's key is void, and to collect again if they
    still can. Whoever left Slack is told nothing."""
    if is_reachable(tx, ticket.collector_id):
        send_note(tx, TICKET_VOID, ticket.id, [ticket.collector_id], shows=[(Thing.TICKET, ticket.id)])


def tell_holder(tx: Transaction, key: ApiKey, collector_id: str) -> None:
    """Tell who answers for a key, when that is somebody else than who collected it."""
    if key.holder_id and key.holder_id != collector_id:
        send_note(tx, HOLDER_NAMED, key.id, [key.holder_id], collector_id=collector_id)


def tell_taken_over(tx: Transaction, key: ApiKey, collector_id: str) -> None:
    """Tell whoever answers for a key that it ends, since somebody else has another one in its place."""
    holder_id = key.holder_id
    if holder_id is not None and holder_id != collector_id and is_reachable(tx, holder_id):
        send_note(tx, TAKEN_OVER, key.id, [holder_id], by=str(Actor.member(collector_id)))


def tell_of_import(tx: Transaction, keys: Sequence[ApiKey]) -> None:
    """Tell the owners that these were imported, and everybody who answers for some of them."""
    by = str(tx.actor)
    unanswered = sum(key.holder_id is None for key in keys)
    _tell_of(tx, keys, owners_conversations(tx), by=by, unanswered=unanswered)
    for holder_id in dict.fromkeys(key.holder_id for key in keys if key.holder_id):
        _tell_of(tx, [key for key in keys if key.holder_id == holder_id], [holder_id], by=by, yours=True)


def _tell_of(tx: Transaction, keys: Sequence[ApiKey], conversations: Iterable[str], **facts: Any) -> None:
    names = [key.name for key in keys[:_NAMED]]
    send_note(tx, KEYS_IMPORTED, keys[0].id, conversations, count=len(keys), names=names, **facts)


def tell_window_was_not_opened(tx: Transaction, ticket: Ticket) -> None:
    """Tell the collector that no key was made because Slack did not open the window, and to press again."""
    send_note(tx, TICKET_NOT_OPENED, ticket.id, [ticket.collector_id], shows=[(Thing.TICKET, ticket.id)])
