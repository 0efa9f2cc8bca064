"""What is said once of key requests and tickets: decisions, ends, and who was named."""

from desk.commands import slash
from desk.keys.tickets import find_ticket_of_request, get_ticket
from desk.requests.lookup import (
    get_request,
)
from desk.transaction import Transaction
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    day,
    escape,
    mention,
    plain,
    section,
    when,
)
from handlers.slack.requests.messages import ask_again, collect_button
from handlers.slack.requests.owners_card import approvers_in_words
from handlers.slack.requests.text import (
    name_in_words,
    pages_in_words,
    quotation,
    scopes_in_words,
)
from storage.models import ApiKey, RequestStatus, SlackMessage, Ticket, TicketStatus

_NOTIFIED = 300
"""Characters of a reason in what phones and screen readers give."""


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
    return _rejected(told, text, request.decision_reason, [ask_again(request)])


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
    again = [ask_again(request)] if request else []
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


def render_imported(_tx: Transaction, note: SlackMessage) -> Message:
    """To owners, and to who answers for them: keys that were made elsewhere work here from now on."""
    who, count = actor_name(str(note.facts["by"])), int(note.facts["count"])
    names = [str(name) for name in note.facts["names"]]
    keys = f"the key “{escape(names[0])}”" if count == 1 else f"{count} keys"
    text = f"{who} imported {keys}, made elsewhere: what people hold works here from now on"
    lines = [f"• {name_in_words(name)}" for name in names]
    if count > len(names):
        lines.append(f"…and {count - len(names)} more")
    whose = ""
    if note.facts.get("yours"):
        text += f", and you answer for {'it' if count == 1 else 'them'}"
        whose = "You are asked when one goes unused or expires. "
    elif unanswered := int(note.facts["unanswered"]):
        whose = f"Nobody answers for {'it' if count == 1 else unanswered}, so you do. "
    hint = f"{whose}`{slash('keys list migrated')}` shows them, and `{slash('keys rotate')}` replaces one."
    return Message(text, [section(f":inbox_tray: {text}."), section("\n".join(lines)), section(hint)])


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
