"""What requesters, collectors and holders are shown in direct messages, kept up to date where it is a card."""

from desk.commands import slash
from desk.keys.rules import KeyState, state_of
from desk.keys.tickets import find_ticket_of_request, get_ticket
from desk.requests.cards import list_unheard_places
from desk.requests.lookup import (
    approvals_needed,
    asked_extent,
    extent_now,
    extent_of,
    find_asker,
    get_request,
    list_counted_approvers,
    status_of,
)
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    confirm,
    context,
    escape,
    fields,
    mention,
    section,
    when,
)
from handlers.slack.requests.owners_card import outcome_in_words, progress_in_words
from handlers.slack.requests.text import (
    changes_in_words,
    days_in_words,
    life_in_words,
    name_in_words,
    owners_unheard,
    quotation,
    reach_in_words,
    scopes_in_words,
    taken_over,
    works_on,
)
from storage.models import ApiKey, KeyRequest, KeyStatus, RequestStatus, SlackMessage, Ticket, TicketStatus

_NOTIFIED = 300
"""Characters of a reason in what phones and screen readers give."""


def render_my_request(tx: Transaction, card: SlackMessage) -> Message:
    """The requester's card: where their request stands, and the button for what they can do now."""
    request = get_request(tx, card.subject_id)
    status = status_of(request, tx.now)
    if status == RequestStatus.PENDING:
        return _pending(tx, request)
    if status == RequestStatus.APPROVED:
        ticket = find_ticket_of_request(tx, request.id)
        assert ticket is not None, "approval makes a ticket in the same transaction"
        return _approved(tx, request, ticket)
    return _refused(tx, request, status)


def _what(tx: Transaction, request: KeyRequest) -> Block:
    extent = extent_now(tx, request)
    return fields(
        [
            ("It may", scopes_in_words(extent.scopes)),
            *reach_in_words(tx, extent),
            ("Lifetime", f"{days_in_words(extent.lifetime_days)} from collection"),
            ("Answers for it", mention(request.holder_id)),
            *taken_over(request),
        ]
    )


def _pending(tx: Transaction, request: KeyRequest) -> Message:
    name = name_in_words(request.name)
    lines = [f"Owners have until {when(request.expires_at)} to decide; you are told here."]
    needed = approvals_needed(tx, request)
    if needed > 1:
        lines.insert(0, progress_in_words(list_counted_approvers(tx, request), needed))
    if asker := find_asker(tx, request):
        lines.insert(0, f"It was asked for in your name, by {actor_name(asker)}. What you don't want, withdraw.")
    ask = confirm("Withdraw your request?", "Owners are shown that you took it back.", "Withdraw", "Keep it")
    return Message(
        f"You asked for an API key: “{escape(request.name)}”. It waits for an owner",
        [
            section(f":hourglass_flowing_sand: You asked for an API key: {name}. It waits for an owner."),
            _what(tx, request),
            *_unheard(tx, request),
            context(*lines),
            actions(button("Withdraw", ActionId.REQUEST_WITHDRAW, value_of(request.id, request.version), ask=ask)),
        ],
    )


def _unheard(tx: Transaction, request: KeyRequest) -> list[Block]:
    places = list_unheard_places(tx, request)
    unheard = owners_unheard(tx, places) if places else None
    return [section(f":warning: Your request is kept, but {unheard}")] if unheard else []


def _refused(tx: Transaction, request: KeyRequest, status: RequestStatus) -> Message:
    name = name_in_words(request.name)
    blocks = [section(f"Your request for {name}:\n{outcome_in_words(tx, request)}")]
    if request.decision_reason:
        blocks += quotation(request.decision_reason)
    by = f" by {actor_name(request.decided_by)}" if request.decided_by else ""
    became = "has expired" if status == RequestStatus.EXPIRED else f"was {status}{by}"
    return Message(f"Your request for “{escape(request.name)}” {became}", [*blocks, ask_again(request)])


def ask_again(request: KeyRequest) -> Block:
    """The button that opens the form again, filled in."""
    return actions(button("Ask again", ActionId.REQUEST_OPEN, value_of(request.id)))


def _approved(tx: Transaction, request: KeyRequest, ticket: Ticket) -> Message:
    name = name_in_words(request.name)
    changes = changes_in_words(tx, asked_extent(request), extent_of(request))
    blocks = [section(f"Your request for {name}:\n{outcome_in_words(tx, request)}")]
    if changes:
        blocks.append(section(f"It is granted, but\n{changes}"))
    if ticket.status == TicketStatus.COLLECTED:
        return Message(f"You collected your API key “{escape(request.name)}”", [*blocks, *_collected(tx, ticket)])
    if ticket.status == TicketStatus.LAPSED or ticket.expires_at <= tx.now:
        lapsed = section(":hourglass: It was not collected in time, so no key was made.")
        return Message(
            f"Your API key “{escape(request.name)}” was not collected in time", [*blocks, lapsed, ask_again(request)]
        )
    if ticket.status == TicketStatus.WITHDRAWN:
        taken = section(
            f"It was taken back before you collected it: {escape(ticket.end_reason or 'no reason given')}"
        )
        return Message(f"Your API key “{escape(request.name)}” was taken back", [*blocks, taken, ask_again(request)])
    blocks.append(_what(tx, request))
    return Message(f"Your API key “{escape(request.name)}” is ready to be collected", [*blocks, *_collect(ticket)])


def _collect(ticket: Ticket) -> list[Block]:
    return [
        actions(collect_button(ticket)),
        context(
            "It is made when you press the button and shown once, to you alone: have the place ready where it goes. "
            f"Collect it until {when(ticket.expires_at)}."
        ),
    ]


def _collected(tx: Transaction, ticket: Ticket) -> list[Block]:
    assert ticket.collected_at is not None
    key = tx.session.get(ApiKey, ticket.key_id) if ticket.key_id else None
    line = f":white_check_mark: You collected it {when(ticket.collected_at)}."
    if key is None:
        return [section(line)]
    rotate = f"If it was lost or leaked, rotate it with `{slash(f'keys rotate {key.id}')}`."
    hint = f"See it with `{slash(f'keys show {key.id}')}`. {rotate}"
    return [section(f"{line} It begins with `{key.start}`; {life_in_words(tx, key)}."), context(hint)]


def render_my_ticket(tx: Transaction, card: SlackMessage) -> Message:
    """The collector's card of a rotation: the successor of a key waits for them."""
    ticket = get_ticket(tx, card.subject_id)
    predecessor = tx.session.get(ApiKey, ticket.predecessor_id) if ticket.predecessor_id else None
    name = predecessor.name if predecessor else "API key"
    intro = f":arrows_counterclockwise: {actor_name(ticket.created_by)} rotated {name_in_words(name)}."
    if ticket.status == TicketStatus.COLLECTED:
        retires = predecessor.retires_at if predecessor else None
        ended = predecessor is not None and state_of(predecessor, tx.now) in {KeyState.REVOKED, KeyState.EXPIRED}
        old = f" The old key works until {when(retires)}." if retires else ""
        old = " The old key works no more." if ended else old
        done = _collected(tx, ticket)
        return Message(f"You collected the new API key “{escape(name)}”", [section(f"{intro}{old}"), *done])
    if ticket.status == TicketStatus.LAPSED or ticket.expires_at <= tx.now:
        text = "The new key was not collected in time, so none was made. The old one works on as it was."
        return Message(f"The new API key “{escape(name)}” was not collected in time", [section(f"{intro}\n{text}")])
    if ticket.status == TicketStatus.WITHDRAWN:
        text = f"The new key was taken back: {escape(ticket.end_reason or 'no reason given')}"
        return Message(f"The new API key “{escape(name)}” was taken back", [section(f"{intro}\n{text}")])
    if predecessor is not None and predecessor.status == KeyStatus.SUSPENDED:
        text = "It is suspended: the new key can be collected once it is restored."
        return Message(f"The new API key “{escape(name)}” waits for the old one", [section(f"{intro}\n{text}")])
    return Message(
        f"The new API key “{escape(name)}” is ready to be collected",
        [
            section(f"{intro} When you have collected the new key, the old one {works_on(ticket.grace_seconds)}."),
            *_collect(ticket),
        ],
    )


def collect_button(ticket: Ticket) -> Block:
    """*Collect my key*."""
    return button("Collect my key", ActionId.TICKET_COLLECT, value_of(ticket.id), style="primary")
