"""How the digest reads: its wording and its blocks."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from desk.digest.findings import Announced, DigestView, Finding, Line, is_in_use
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
from storage.models import ApiKey, KeyStatus, Scope, TicketStatus

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
    Finding.NEVER_COLLECTED: ("approved key never collected", "approved keys never collected"),
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
    text = f"Key digest: {len(view.lines)} of {view.live_keys} keys want a look." if view.lines else "Key digest"
    return Message(text, blocks)


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
    head = f"*{len(view.lines)}* of *{view.live_keys}* working keys want a look:" if parts else "Nothing new."
    return "\n".join([head, *parts])


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
    findings = " · ".join(_finding_words(line, finding, view, policy) for finding in line.findings)
    text = f"*{escape(plain(key.name, limit=100))}*  `{key.start}…`  {findings}\n{_use_words(line, view, policy)}"
    small = f"{_scope_words(line.scopes)} · created {day(key.created_at)} · expires {day(key.expires_at)}"
    if announced is not None:
        small += f"\n:calendar: *{_act_words(announced)}*"
    outcome = _outcome(key, view.composed_at)
    blocks = [section(text), context(*([f"`{render_sparkline(daily)}`"] if any(daily) else []), small)]
    if outcome:
        blocks.append(context(outcome))
    buttons = _buttons(key)
    if buttons:
        blocks.append(actions(*buttons, block_id=f"digest.{key.id}"))
    return blocks


def _finding_words(line: Line, finding: Finding, view: DigestView, policy: Policy) -> str:
    now = view.composed_at
    if finding is Finding.UNUSED and line.use and line.use.last_used_at:
        days = (now - line.use.last_used_at).days
        mark = (
            "" if is_in_use(line.use.last_used_at, now=now, policy=policy) else ", not “in use” by Statuspage's mark"
        )
        return f":zzz: unused for {days} days{mark}"
    return {
        Finding.NOBODY: ":bust_in_silhouette: nobody answers for it",
        Finding.NEVER_USED: ":new: never used",
        Finding.UNUSED: ":zzz: unused",
        Finding.NEVER_COLLECTED: ":package: never collected",
        Finding.EXPIRING: f":hourglass_flowing_sand: expires in {max((line.expires_at - now).days, 0)} days",
        Finding.WIDER: ":pencil2: may write, only reads seen",
    }[finding]


def _use_words(line: Line, view: DigestView, policy: Policy) -> str:
    use = line.use
    if use is None or use.last_used_at is None:
        refused = f" Keydesk refused {use.refused} of its calls (401, 403)." if use and use.refused else ""
        return f"No call with it since it was made.{refused}"
    place = f" from {escape(use.last_address)}" if use.last_address else ""
    agent = f" with {escape(plain(use.last_user_agent, limit=60))}" if use.last_user_agent else ""
    in_use = "in use" if is_in_use(use.last_used_at, now=view.composed_at, policy=policy) else "not in use"
    return (
        f"Last used {when(use.last_used_at)}{place}{agent}. "
        f"Reads {use.reads}, writes {use.writes}, errors {use.failed}, refused {use.refused}. "
        f"Statuspage's mark: {in_use}."
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


def _buttons(key: ApiKey) -> list[Block]:
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
    if key.holder_id:
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
