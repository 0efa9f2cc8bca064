"""The owners' card of a request and its reminders: what is asked, what to notice, and how it was decided."""

from collections.abc import Sequence

from desk.commands import slash
from desk.keys.tickets import find_ticket_of_request
from desk.requests.decisions import possible_approvers
from desk.requests.lookup import (
    approval_facts,
    approvals_needed,
    asked_extent,
    extent_now,
    extent_of,
    find_asker,
    get_request,
    list_counted_approvers,
    status_of,
)
from desk.requests.risks import list_risk_notes
from desk.requests.terms import Extent
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    escape,
    fields,
    mention,
    section,
    when,
    who_text,
)
from handlers.slack.requests.text import (
    changes_in_words,
    days_in_words,
    life_in_words,
    name_in_words,
    quotation,
    reach_in_words,
    risk_in_words,
    scopes_in_words,
    works_on,
)
from storage.models import ApiKey, KeyRequest, RequestStatus, SlackMessage, Ticket, TicketStatus


def render_owners_card(tx: Transaction, card: SlackMessage) -> Message:
    """The owners' card: everything that a decision needs and, afterwards, everything that became of it."""
    request = get_request(tx, card.subject_id)
    text = f"{mention(request.requester_id)} asks for an API key: “{escape(request.name)}”"
    status = status_of(request, tx.now)
    if status != RequestStatus.PENDING:
        by = f" by {actor_name(request.decided_by)}" if request.decided_by else ""
        text = f"{text} ({status}{by})"
    intro = section(f":key: {mention(request.requester_id)} asks for an API key: {name_in_words(request.name)}")
    return Message(text, [intro, *_body(tx, request)])


def render_reminder(tx: Transaction, card: SlackMessage) -> Message | None:
    """A reminder: the same card once more, as a message of its own; nothing when it was decided before it went."""
    request_id, _, number = card.subject_id.partition(":")
    request = get_request(tx, request_id)
    if status_of(request, tx.now) == RequestStatus.PENDING:
        text = f"Please decide: {mention(request.requester_id)} still waits for an API key, “{escape(request.name)}”"
        intro = section(
            f":hourglass_flowing_sand: *Still waiting* since {when(request.created_at)}: "
            f"{mention(request.requester_id)} asks for an API key, {name_in_words(request.name)}."
        )
        return Message(text, [intro, *_body(tx, request), context(f"Reminder {number}.")])
    if card.ts is None:
        return None
    by = f" by {actor_name(request.decided_by)}" if request.decided_by else ""
    about = f"the request of {mention(request.requester_id)} for the API key “{escape(request.name)}”"
    text = f"{status_of(request, tx.now).capitalize()}{by}: {about}"
    about = f"A reminder of {mention(request.requester_id)}'s request for {name_in_words(request.name)}."
    return Message(text, [section(f"{about}\n{outcome_in_words(tx, request)}")])


def _body(tx: Transaction, request: KeyRequest) -> list[Block]:
    pending = status_of(request, tx.now) == RequestStatus.PENDING
    extent = extent_now(tx, request) if pending else extent_of(request)
    facts = [*_facts(tx, request, extent), *_ending(tx, request)]
    if pending:
        rest = [*facts, *_risks(tx, request, extent), *_waiting(tx, request), request_buttons(request)]
    else:
        rest = [*facts, *_decided(tx, request)]
    return [*quotation(request.purpose, beside=rest), *rest]


def _ending(tx: Transaction, request: KeyRequest) -> list[Block]:
    """What becomes of the key that is taken over."""
    key = tx.session.get(ApiKey, request.replaces_id) if request.replaces_id else None
    if key is None:
        return []
    return [context(f"Once it is collected, `{key.start}…` {works_on(request.grace_seconds)}.")]


def _facts(tx: Transaction, request: KeyRequest, extent: Extent) -> list[Block]:
    pairs = [
        *reach_in_words(tx, extent),
        ("Lifetime", f"{days_in_words(extent.lifetime_days)} from collection"),
        ("Answers for it", mention(request.holder_id)),
        ("Asked", asked_in_words(tx, request)),
    ]
    return [section(f"It may\n{scopes_in_words(extent.scopes)}"), fields(pairs)]


def asked_in_words(tx: Transaction, request: KeyRequest) -> str:
    """When it was asked for and, where somebody else did it in the requester's name, by whom."""
    asker = find_asker(tx, request)
    by = f", in their name by {actor_name(asker)}" if asker else ""
    return f"{when(request.created_at)}{by}"


def _risks(tx: Transaction, request: KeyRequest, extent: Extent) -> list[Block]:
    notes = [
        risk_in_words(tx, note, holder_id=request.holder_id, days=extent.lifetime_days)
        for note in list_risk_notes(tx, request)
    ]
    if not notes:
        return [context(":large_green_circle: Nothing unusual about it.")]
    return [section("*Notice*\n" + "\n".join(f":warning: {note}" for note in notes))]


def _waiting(tx: Transaction, request: KeyRequest) -> list[Block]:
    lines = []
    changes = changes_in_words(tx, asked_extent(request), extent_of(request))
    if changes:
        lines.append(f"An owner narrowed it:\n{changes}")
    needed = approvals_needed(tx, request)
    if needed > 1:
        lines.append(progress_in_words(list_counted_approvers(tx, request), needed))
    possible = len(possible_approvers(approval_facts(tx, request, request.requester_id)))
    if possible < needed:
        lines.append(_unreachable(possible, needed))
    lines.append(f"It expires {when(request.expires_at)} if nobody decides.")
    return [context(*lines)]


def progress_in_words(approvers: Sequence[str], needed: int) -> str:
    """How many of the approvals that are needed are there, and whose."""
    names = f": {', '.join(map(who_text, approvers))}" if approvers else ""
    return f"{len(approvers)} of {needed} approvals{names}"


def _unreachable(possible: int, needed: int) -> str:
    have = "there is none" if possible == 0 else "there is one" if possible == 1 else f"there are {possible}"
    owners = "another owner" if needed == 1 else f"{needed} owners other than who asked"
    return (
        f":no_entry: It needs the approval of {owners}, and {have}. "
        f"Appoint one with `{slash('roles grant @somebody owner')}`, or deny the request."
    )


def request_buttons(request: KeyRequest) -> Block:
    """*Approve*, *Change and approve* and *Deny* for a request that waits."""
    value = value_of(request.id, request.version)
    return actions(
        button("Approve", ActionId.REQUEST_APPROVE, value, style="primary"),
        button("Change and approve", ActionId.REQUEST_CHANGE, value),
        button("Deny", ActionId.REQUEST_DENY, value, style="danger"),
        block_id=f"request:{request.id}",
    )


def _decided(tx: Transaction, request: KeyRequest) -> list[Block]:
    blocks = [section(outcome_in_words(tx, request))]
    if request.decision_reason:
        blocks += quotation(request.decision_reason)
    if request.status == RequestStatus.APPROVED:
        changes = changes_in_words(tx, asked_extent(request), extent_of(request))
        if changes:
            blocks.append(section(f"Granted less than was asked:\n{changes}"))
        ticket = find_ticket_of_request(tx, request.id)
        if ticket is not None:
            blocks.append(context(ticket_in_words(tx, ticket)))
    return blocks


def outcome_in_words(tx: Transaction, request: KeyRequest) -> str:
    """Who decided what, and when. Owners by mention."""
    status = status_of(request, tx.now)
    at = when(request.decided_at or request.expires_at)
    who = actor_name(request.decided_by)
    if status == RequestStatus.DENIED:
        return f":no_entry_sign: *Denied* by {who} {at}"
    if status == RequestStatus.WITHDRAWN:
        return f":leftwards_arrow_with_hook: *Withdrawn* by {who} {at}"
    if status == RequestStatus.EXPIRED:
        return f":hourglass: *Expired* {at}: nobody decided in time"
    if request.self_approved:
        return f":white_check_mark: *Approved* by {who} {at}: their own request, as the only owner"
    return f":white_check_mark: *Approved* by {approvers_in_words(tx, request)} {at}"


def approvers_in_words(tx: Transaction, request: KeyRequest) -> str:
    """Whose approvals granted a request; who decided, where none of them is kept."""
    approvers = list_counted_approvers(tx, request)
    return ", ".join(map(who_text, approvers)) or actor_name(request.decided_by)


def ticket_in_words(tx: Transaction, ticket: Ticket) -> str:
    """What became of an approved key, in one line."""
    collector = mention(ticket.collector_id)
    if ticket.status == TicketStatus.COLLECTED and ticket.collected_at is not None:
        key = tx.session.get(ApiKey, ticket.key_id) if ticket.key_id else None
        works = f"; {life_in_words(tx, key)}" if key else ""
        return f"Collected by {collector} {when(ticket.collected_at)}{works}."
    if ticket.status == TicketStatus.LAPSED:
        return f"{collector} did not collect it in time: no key was made."
    if ticket.status == TicketStatus.WITHDRAWN:
        return f"Taken back before it was collected: {escape(ticket.end_reason or 'no reason was given')}."
    return f"Waits for {collector} to collect it until {when(ticket.expires_at)}."
