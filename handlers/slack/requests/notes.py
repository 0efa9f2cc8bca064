"""What is said once about requests and tickets."""

from desk.keys.tickets import get_ticket
from desk.requests.lookup import get_request
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId, value_of
from handlers.slack.blocks import Block, Message, actions, button, day, escape, mention, section
from handlers.slack.requests.details import name_in_words, pages_in_words, scopes_in_words
from storage.models import ApiKey, SlackMessage, Ticket, TicketStatus


def _subject(note: SlackMessage) -> str:
    # A note's subject is the id of what it is about, and a mark that makes each note its own.
    return note.subject_id.partition(":")[0]


def render_self_approval(tx: Transaction, note: SlackMessage) -> Message:
    """To owners: the only owner approved their own request."""
    request = get_request(tx, _subject(note))
    who = mention(request.requester_id)
    text = f"{who} approved their own request for an API key: {escape(request.name)}"
    return Message(
        text,
        [
            section(
                f":eyes: {who} approved their own request for {name_in_words(request.name)}, as policy lets an "
                "organization's only owner. A second owner would make this unnecessary: "
                "`/roles grant @somebody owner`."
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
        f"You answer for a new API key: {escape(key.name)}",
        [
            section(
                f":bust_in_silhouette: You now answer for the API key {name_in_words(key.name)}, which {collector} "
                f"asked for and collected. It works until {day(key.expires_at)}. You are asked when it goes unused "
                f"or expires; `/keys show {key.id}` shows it."
            ),
            section(f"It may, on {pages_in_words(tx, key.pages)}:\n{scopes_in_words(key.scopes)}"),
        ],
    )


def render_void(tx: Transaction, note: SlackMessage) -> Message:
    """To the collector: the key that a window may have shown is void."""
    ticket = get_ticket(tx, _subject(note))
    text = "Your API key did not reach you: what a window showed of it is void"
    words = (
        ":warning: Slack did not confirm that your key reached your screen, so it was made void at once. "
        "*Whatever a window shows or showed of it does not work.*"
    )
    if ticket.status != TicketStatus.WAITING:
        return Message(text, [section(words)])
    return Message(text, [section(f"{words} Press the button to get another one."), actions(collect_button(ticket))])


def render_not_opened(tx: Transaction, note: SlackMessage) -> Message:
    """To the collector: the window could not be opened, and nothing was made."""
    ticket = get_ticket(tx, _subject(note))
    text = "Slack could not open the window for your API key: nothing was made, please press Collect again"
    words = ":warning: Slack could not open the window for your key, so none was made."
    if ticket.status != TicketStatus.WAITING:
        return Message(text, [section(words)])
    return Message(text, [section(f"{words} Please press the button again."), actions(collect_button(ticket))])


def collect_button(ticket: Ticket) -> Block:
    """*Collect my key*."""
    return button("Collect my key", ActionId.TICKET_COLLECT, value_of(ticket.id), style="primary")
