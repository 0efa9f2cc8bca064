"""What requesters, collectors and holders are shown in direct messages, kept up to date where it is a card."""

from desk.commands import slash
from desk.keys.rules import KeyState, state_of
from desk.keys.tickets import find_ticket_of_request, get_ticket
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
    day,
    escape,
    fields,
    mention,
    plain,
    section,
    when,
)
from handlers.slack.requests.owners_card import approvers_in_words, outcome_in_words, progress_in_words
from handlers.slack.requests.text import (
    changes_in_words,
    days_in_words,
    life_in_words,
    name_in_words,
    pages_in_words,
    quotation,
    reach_in_words,
    scopes_in_words,
    taken_over,
    works_on,
)
from storage.models import ApiKey, KeyRequest, RequestStatus, SlackMessage, Ticket, TicketStatus

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
            context(*lines),
            actions(button("Withdraw", ActionId.REQUEST_WITHDRAW, value_of(request.id, request.version), ask=ask)),
        ],
    )


def _refused(tx: Transaction, request: KeyRequest, status: RequestStatus) -> Message:
    name = name_in_words(request.name)
    blocks = [section(f"Your request for {name}:\n{outcome_in_words(tx, request)}")]
    if request.decision_reason:
        blocks += quotation(request.decision_reason)
    by = f" by {actor_name(request.decided_by)}" if request.decided_by else ""
    became = "has expired" if status == RequestStatus.EXPIRED else f"was {status}{by}"
    return Message(f"Your request for “{escape(request.name)}” {became}", [*blocks, _ask_again(request)])


def _ask_again(request: KeyRequest) -> Block:
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
            f"Your API key “{escape(request.name)}” was not collected in time", [*blocks, lapsed, _ask_again(request)]
        )
    if ticket.status == TicketStatus.WITHDRAWN:
        taken = section(
            f"It was taken back before you collected it: {escape(ticket.end_reason or 'no reason given')}"
        )
        return Message(f"Your API key “{escape(request.name)}” was taken back", [*blocks, taken, _ask_again(request)])
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
    return Message(
        f"The new API key “{escape(name)}” is ready to be collected",
        [
            section(f"{intro} When you have collected the new key, the old one {works_on(ticket.grace_seconds)}."),
            *_collect(ticket),
        ],
    )


def _subject(note: SlackMessage) -> str:
    # A note's subject is the id of what it is about, and a mark that makes each note its own.
    return note.subject_id.partition(":")[0]


def render_decided(tx: Transaction, note: SlackMessage) -> Message:
    """To the requester, by a message that rings: what became of their request, by whom and why."""
    request = get_request(tx, _subject(note))
    status = RequestStatus(note.facts["status"])
    name, who = f"“{escape(request.name)}”", actor_name(note.facts.get("by"))
    if status is RequestStatus.EXPIRED:
        told = f"Your request for the API key {name} has expired: nobody decided in time"
    else:
        who = approvers_in_words(tx, request) if status is RequestStatus.APPROVED else who
        told = f"Your request for the API key {name} was {status} by {who}"
    text = f"{mention(note.conversation)} {told}."
    ticket = find_ticket_of_request(tx, request.id) if status is RequestStatus.APPROVED else None
    if ticket is not None and ticket.status == TicketStatus.WAITING:
        blocks = [
            section(f"{text} It waits for you until {when(ticket.expires_at)}."),
            actions(collect_button(ticket)),
        ]
        return Message(f"{told}. Collect it until {day(ticket.expires_at)}", blocks)
    if status is RequestStatus.APPROVED:
        return Message(told, [section(text)])
    return _rejected(told, text, request.decision_reason, [_ask_again(request)])


def _rejected(told: str, text: str, reason: str | None, rest: list[Block]) -> Message:
    words = escape(plain(" ".join((reason or "").split()), limit=_NOTIFIED))
    why = quotation(reason or "") if words else []
    return Message(f"{told}: {words}" if words else told, [section(text), *why, *rest])


def render_ticket_ended(tx: Transaction, note: SlackMessage) -> Message:
    """To the collector, by a message that rings: the key that waited for them can't be collected any more."""
    ticket = get_ticket(tx, _subject(note))
    request = get_request(tx, ticket.request_id) if ticket.request_id else None
    name, by = _named(tx, ticket), actor_name(note.facts.get("by"))
    told = {
        TicketStatus.LAPSED: f"Your API key {name} was not collected in time, so none was made",
        TicketStatus.WITHDRAWN: f"Your API key {name} was taken back by {by} before you collected it",
    }[TicketStatus(note.facts["status"])]
    again = [_ask_again(request)] if request else []
    return _rejected(told, f"{mention(note.conversation)} {told}.", note.facts.get("reason"), again)


def _named(tx: Transaction, ticket: Ticket) -> str:
    """The name of the key that is to be collected, in quotation marks."""
    request = get_request(tx, ticket.request_id) if ticket.request_id else None
    named = request or tx.session.get_one(ApiKey, ticket.predecessor_id)
    return f"“{escape(named.name)}”"


def render_self_approval(tx: Transaction, note: SlackMessage) -> Message:
    """To owners: the only owner approved their own request."""
    request = get_request(tx, _subject(note))
    who = mention(request.requester_id)
    text = f"{who} approved their own request for an API key: “{escape(request.name)}”"
    return Message(
        text,
        [
            section(
                f":eyes: {who} approved their own request for {name_in_words(request.name)}, as policy lets an "
                "organization's only owner. A second owner would make this unnecessary: "
                f"`{slash('roles grant @somebody owner')}`."
            )
        ],
    )


def render_holder_named(tx: Transaction, note: SlackMessage) -> Message | None:
    """To who answers for a key that somebody else collected."""
    key = tx.session.get(ApiKey, _subject(note))
    if key is None:
        return None
    collector = mention(str(note.facts["collector_id"]))
    return Message(
        f"You answer for a new API key, “{escape(key.name)}”, which {collector} collected",
        [
            section(
                f":bust_in_silhouette: You now answer for the API key {name_in_words(key.name)}, which {collector} "
                f"asked for and collected. It works until {day(key.expires_at)}. You are asked when it goes unused "
                f"or expires; `{slash(f'keys show {key.id}')}` shows it."
            ),
            section(f"It may, on {pages_in_words(tx, key.pages)}:\n{scopes_in_words(key.scopes)}"),
        ],
    )


def render_made(tx: Transaction, note: SlackMessage) -> Message | None:
    """To owners, and to who answers for it: an operator made a key."""
    key = tx.session.get(ApiKey, _subject(note))
    if key is None:
        return None
    who, holder = actor_name(str(note.facts["by"])), mention(key.holder_id)
    return Message(
        f"{who} made an API key on the server, “{escape(key.name)}”, and {holder} answers for it",
        [
            section(
                f":key: {who} made the API key {name_in_words(key.name)} on the server, without a request, as "
                f"operators are trusted. {holder} answers for it. It works until {day(key.expires_at)}; "
                f"`{slash(f'keys show {key.id}')}` shows it."
            ),
            section(f"It may, on {pages_in_words(tx, key.pages)}:\n{scopes_in_words(key.scopes)}"),
        ],
    )


def render_void(tx: Transaction, note: SlackMessage) -> Message:
    """To the collector: the key that a window may have shown is void."""
    ticket = get_ticket(tx, _subject(note))
    text = f"Your API key {_named(tx, ticket)} did not reach you: what a window showed of it is void"
    words = (
        ":warning: Slack did not confirm that your key reached your screen, so it was made void at once. "
        "*Whatever a window shows or showed of it does not work.*"
    )
    if ticket.status == TicketStatus.WITHDRAWN and ticket.end_reason:
        why = escape(ticket.end_reason)
        return Message(f"{text}, and there is nothing to collect any more", [section(f"{words}\n{why}")])
    if ticket.status != TicketStatus.WAITING:
        return Message(text, [section(words)])
    return Message(text, [section(f"{words} Press the button to get another one."), actions(collect_button(ticket))])


def render_not_opened(tx: Transaction, note: SlackMessage) -> Message:
    """To the collector: the window could not be opened, and nothing was made."""
    ticket = get_ticket(tx, _subject(note))
    text = f"Slack could not open the window for your API key {_named(tx, ticket)}: nothing was made, "
    text += "please press Collect again"
    words = ":warning: Slack could not open the window for your key, so none was made."
    if ticket.status != TicketStatus.WAITING:
        return Message(text, [section(words)])
    return Message(text, [section(f"{words} Please press the button again."), actions(collect_button(ticket))])


def collect_button(ticket: Ticket) -> Block:
    """*Collect my key*."""
    return button("Collect my key", ActionId.TICKET_COLLECT, value_of(ticket.id), style="primary")
