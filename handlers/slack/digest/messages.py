"""How the digest reads: its wording and its blocks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from desk.digest.findings import Advice, Announced, DigestView, Finding, Line, decide_advice
from desk.keys.scopes import IN_WORDS
from desk.policy import Policy
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_BLOCKS,
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    day,
    divider,
    escape,
    fit,
    header,
    mention,
    modal,
    plain,
    section,
    text_length,
    when,
)
from handlers.slack.framework.sparkline import render_sparkline
from storage.models import ApiKey, KeyStatus, KeyUse, Scope, TicketStatus

MESSAGE_LINES = 8
"""Lines in a message, at most: fewer where they take more than Slack's 50 blocks or 13,200 characters."""
MODAL_LINES = 16
"""Lines on one page of the modal that shows all; a line takes six blocks at most, and a modal 100."""
_CLOSING_TEXT = 2500
"""Characters of what is kept, and of what is announced."""

_COUNTED: dict[Finding, tuple[str, str]] = {
    Finding.NOBODY: ("key that nobody answers for", "keys that nobody answers for"),
    Finding.NEVER_USED: ("key never used", "keys never used"),
    Finding.UNUSED: ("key unused for {days} days or longer", "keys unused for {days} days or longer"),
    Finding.EXPIRING: ("key expiring within {expiring} days", "keys expiring within {expiring} days"),
    Finding.WIDER: ("key wider than its use", "keys wider than their use"),
}


def digest_message(view: DigestView, daily: Mapping[str, Sequence[int]], policy: Policy) -> Message:
    """The digest as a message: a summary and the first lines, with a button for all of them."""
    if not view.lines and not view.kept and not view.announced:
        return _cheerful(view)
    blocks: list[Block] = [header("Weekly key digest" if view.period else "Key digest")]
    if view.is_late and view.scheduled_for is not None:
        blocks.append(context(f":hourglass: Late: it was due {when(view.scheduled_for)}, while Keydesk was down."))
    blocks.append(section(_summary(view, policy)))
    closing = _closing(view, policy)
    shown = view.lines[:MESSAGE_LINES]
    drawn = _lines(shown, daily, view, policy)
    while len(shown) > 1 and not _fits([*blocks, *drawn, *closing]):
        shown = shown[:-1]
        drawn = _lines(shown, daily, view, policy)
    blocks += drawn
    if len(view.lines) > len(shown):
        more = len(view.lines) - len(shown)
        blocks.append(
            actions(
                button(f"Show all {len(view.lines)}", ActionId.DIGEST_PAGE, value_of(view.period or "now", 0)),
                block_id="digest.more",
            )
        )
        blocks.append(context(f"…and {more} more."))
    blocks += closing
    return Message(f"Key digest: {_head(view).replace('*', '')}", blocks)


def _fits(blocks: Sequence[Block]) -> bool:
    # Two blocks are for what comes after the lines when not all of them are there.
    return len(blocks) + 2 <= MAX_MESSAGE_BLOCKS and text_length(list(blocks)) <= MAX_MESSAGE_TEXT


def digest_modal(view: DigestView, page: int, daily: Mapping[str, Sequence[int]], policy: Policy) -> Block:
    """One page of the whole digest, for one person; `page` counts from 0 and is held within what there is."""
    pages = max(1, -(-len(view.lines) // MODAL_LINES))
    page = min(max(page, 0), pages - 1)
    shown = view.lines[page * MODAL_LINES : (page + 1) * MODAL_LINES]
    blocks: list[Block] = [context(f"Page {page + 1} of {pages}, {len(view.lines)} in all.")]
    blocks += _lines(shown, daily, view, policy)
    turns = []
    period = view.period or "now"
    if page > 0:
        turns.append(button("‹ Previous", ActionId.DIGEST_PREVIOUS, value_of(period, page - 1)))
    if page < pages - 1:
        turns.append(button("Next ›", ActionId.DIGEST_NEXT, value_of(period, page + 1)))
    if turns:
        blocks.append(actions(*turns, block_id="digest.turn"))
    return modal("Key digest", blocks, callback_id=CallbackId.DIGEST)


def _cheerful(view: DigestView) -> Message:
    if view.live_keys == 0:
        text = ":sunny: No keys yet, so none unused. Ask for the first one with `/keys request`."
    elif view.live_keys == 1:
        text = ":sunny: The one key there is, is in use and in good hands. Nothing to do this week."
    else:
        text = f":sunny: All {view.live_keys} keys are in use and in good hands. Nothing to do this week."
    return Message(text, [section(text)])


def _summary(view: DigestView, policy: Policy) -> str:
    parts = []
    for finding, (one, many) in _COUNTED.items():
        count = view.count(finding)
        if count:
            words = (one if count == 1 else many).format(
                days=policy.unused_after.days, expiring=policy.expiring_within.days
            )
            parts.append(f"• *{count}* {words}")
    several = ", some for more than one reason" if any(len(line.findings) > 1 for line in view.lines) else ""
    return "\n".join([f"{_head(view)}{several}{':' if parts else '.'}", *parts])


def _head(view: DigestView) -> str:
    keys, tickets = view.listed_keys, view.count(Finding.NEVER_COLLECTED)
    said = []
    if keys:
        said.append(f"*{keys}* of *{view.live_keys}* working keys want a look")
    if tickets:
        said.append(f"*{tickets}* approved key{' was' if tickets == 1 else 's were'} never collected")
    return " and ".join(said) or "Nothing new"


def _lines(
    shown: Sequence[Line], daily: Mapping[str, Sequence[int]], view: DigestView, policy: Policy
) -> list[Block]:
    announced = {one.key.id: one for one in view.announced}
    blocks: list[Block] = []
    holder: str | None = ""
    for line in shown:
        if line.holder_id != holder:
            holder = line.holder_id
            blocks.append(divider())
            whose = _whose(line)
            blocks.append(context(f"*{whose}*"))
        if line.key is not None:
            blocks += _key_blocks(
                line, line.key, daily.get(line.key.id, ()), announced.get(line.key.id), view, policy
            )
        else:
            blocks += _ticket_blocks(line)
    return blocks


def _whose(line: Line) -> str:
    if line.holder_id is None:
        return ":warning: Nobody answers for"
    if Finding.NOBODY in line.findings:
        return f":warning: {mention(line.holder_id)} has left, so nobody answers for"
    return f"{mention(line.holder_id)} answers for"


def _key_blocks(
    line: Line,
    key: ApiKey,
    daily: Sequence[int],
    announced: Announced | None,
    view: DigestView,
    policy: Policy,
) -> list[Block]:
    text = f"*{escape(plain(key.name, limit=100))}*  `{key.start}…`\n{_advice_words(line, key, view, policy)}"
    if line.use is not None:
        text += f"\n{_use_words(line.use)}"
    small = f"{_scope_words(line.scopes)} · created {day(key.created_at)} · expires {day(key.expires_at)}"
    if announced is not None:
        small += f"\n:calendar: *{_act_words(announced)}*"
    outcome = _outcome(key, view.composed_at)
    blocks = [section(text), context(*([f"`{render_sparkline(daily)}`"] if any(daily) else []), small)]
    if outcome:
        blocks.append(context(outcome))
    buttons = _buttons(key, line.findings)
    if buttons:
        blocks.append(actions(*buttons, block_id=f"digest.{key.id}"))
    return blocks


_ADVICE = {
    Advice.TRANSFER: ":bust_in_silhouette: *Transfer it* to somebody",
    Advice.SUSPEND: ":zzz: *Suspend it*, which can be undone",
    Advice.ASK: ":speech_balloon: *Ask its holder* whether it is needed",
    Advice.EXTEND: ":hourglass_flowing_sand: *Extend it*, or let it end",
    Advice.NARROW: ":pencil2: *Ask for one that only reads* in its place",
}


def _advice_words(line: Line, key: ApiKey, view: DigestView, policy: Policy) -> str:
    """What to do, and why; of what was dealt with, only why it was listed."""
    now = view.composed_at
    idle = now - ((line.use and line.use.last_used_at) or key.created_at)
    reasons = [_finding_words(line, finding, idle, now) for finding in line.findings]
    why = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)
    if _outcome(key, now):
        return f"It was listed because {why}."
    return f"{_ADVICE[decide_advice(line.findings, idle=idle, policy=policy)]}: {why}."


def _finding_words(line: Line, finding: Finding, idle: timedelta, now: datetime) -> str:
    age = _days((now - line.created_at).days)
    return {
        Finding.NOBODY: "nobody answers for it",
        Finding.NEVER_USED: f"it was never used in its {age}",
        Finding.UNUSED: f"it has been unused for {_days(idle.days)}",
        Finding.NEVER_COLLECTED: "it was never collected",
        Finding.EXPIRING: f"it expires in {_days(max((line.expires_at - now).days, 0))}",
        Finding.WIDER: f"it may write and has only read in its {age}",
    }[finding]


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _use_words(use: KeyUse) -> str:
    if use.last_used_at is None:
        return f"Calls that Keydesk refused (401, 403): {use.refused}."
    place = f" from {escape(use.last_address)}" if use.last_address else ""
    agent = f" with {escape(plain(use.last_user_agent, limit=60))}" if use.last_user_agent else ""
    return (
        f"Last used {when(use.last_used_at)}{place}{agent}. "
        f"Reads {use.reads}, writes {use.writes}, errors {use.failed}, refused {use.refused}."
    )


def _scope_words(scopes: Sequence[str]) -> str:
    known = {scope.value for scope in Scope}
    return ", ".join(IN_WORDS[Scope(scope)] if scope in known else escape(scope) for scope in scopes)


def _act_words(announced: Announced) -> str:
    act = "suspended" if announced.act == "suspend" else "revoked"
    return f"Will be {act} on {day(announced.act_on)} unless it is used or kept (announcement {announced.times})."


def _outcome(key: ApiKey, composed_at: datetime) -> str:
    if key.status == KeyStatus.REVOKED:
        return f":no_entry: Revoked by {actor_name(key.revoked_by)}."
    if key.status == KeyStatus.SUSPENDED:
        return f":double_vertical_bar: Suspended by {actor_name(key.suspended_by)}."
    if key.retires_at is not None:
        return f":arrows_counterclockwise: Rotated; this one works until {when(key.retires_at)}."
    if key.kept_until is not None and key.kept_until > composed_at:
        return _kept_words(key)
    return ""


def _kept_words(key: ApiKey) -> str:
    until = day(key.kept_until) if key.kept_until else ""
    reason = escape(plain(key.keep_reason or "", limit=200))
    return f":pushpin: Kept until {until} by {actor_name(key.kept_by)}: {reason}"


def _buttons(key: ApiKey, findings: Sequence[Finding]) -> list[Block]:
    value = value_of(key.id, key.version)
    if key.status == KeyStatus.SUSPENDED:
        return [
            button("Restore", ActionId.KEY_RESTORE, value),
            button("Revoke", ActionId.KEY_REVOKE, value, style="danger"),
        ]
    if key.status == KeyStatus.REVOKED or key.retires_at is not None:
        return []
    buttons = [
        button("Keep until…", ActionId.KEY_KEEP, value),
        button("Suspend", ActionId.KEY_SUSPEND, value),
        button("Rotate", ActionId.KEY_ROTATE, value),
        button("Revoke", ActionId.KEY_REVOKE, value, style="danger"),
    ]
    if Finding.EXPIRING in findings:
        buttons.insert(0, button("Extend…", ActionId.KEY_EXTEND, value))
    # Whoever has left cannot be asked.
    if Finding.NOBODY in findings:
        buttons.insert(0, button("Transfer to…", ActionId.KEY_TRANSFER, value, style="primary"))
    elif key.holder_id:
        buttons.append(button("Ask its holder", ActionId.KEY_ASK, value))
    return buttons


def _ticket_blocks(line: Line) -> list[Block]:
    ticket = line.ticket
    assert ticket is not None
    state = {
        TicketStatus.WAITING: f"waits for {mention(line.collector_id)} until {when(line.expires_at)}",
        TicketStatus.LAPSED: f"lapsed {day(line.expires_at)}; {mention(line.collector_id)} can ask again",
        TicketStatus.COLLECTED: f"collected by {mention(line.collector_id)} since",
        TicketStatus.WITHDRAWN: "withdrawn since",
    }[TicketStatus(ticket.status)]
    text = f"*{escape(plain(line.name, limit=100))}*  :package: approved but never collected: {state}."
    return [section(text), context(f"{_scope_words(line.scopes)} · approved {day(line.created_at)}")]


def _closing(view: DigestView, policy: Policy) -> list[Block]:
    blocks: list[Block] = []
    if view.kept:
        rows = [f"• *{escape(plain(key.name, limit=80))}*: {_kept_words(key)}" for key in view.kept]
        blocks += [divider(), section("*Kept on purpose*\n" + "\n".join(fit(rows, _CLOSING_TEXT)))]
    listed = {line.key.id for line in view.lines if line.key}
    others = [one for one in view.announced if one.key.id not in listed]
    if others:
        rows = [f"• *{escape(plain(one.key.name, limit=80))}*: {_act_words(one)}" for one in others]
        blocks.append(section("*Announced*\n" + "\n".join(fit(rows, _CLOSING_TEXT))))
    used = (
        "A key is used when a call passes the check: it reads, it writes, or it is answered with an error, as 404. "
        "What Keydesk refuses (401, 403) is no use."
    )
    blocks.append(context(f"{used} In the bars each column is a day, the last one today."))
    return blocks
