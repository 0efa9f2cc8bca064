"""How the digest reads, as a message and as a modal."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from desk.commands import slash
from desk.digest.findings import DigestView, Finding
from desk.policy import Policy
from handlers.slack.digest.lines import digest_lines
from handlers.slack.digest.text import act_words, kept_words
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_BLOCKS,
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    bold,
    button,
    context,
    divider,
    escape,
    fit,
    header,
    modal,
    section,
    text_length,
    when,
)

MESSAGE_LINES = 8
"""Lines in a message, at most: fewer where they take more than Slack's 50 blocks or 13,200 characters."""
MODAL_LINES = 16
"""Lines on one page of the modal that shows all; a line takes six blocks at most, and a modal 100."""
_SINCE = timedelta(minutes=1)
_CLOSING_TEXT = 2500
"""Characters of what is kept, and of what is announced."""

_COUNTED: dict[Finding, tuple[str, str]] = {
    Finding.NOBODY: ("key that nobody answers for", "keys that nobody answers for"),
    Finding.NEVER_USED: ("key never used", "keys never used"),
    Finding.UNUSED: ("key unused for {days} days or longer", "keys unused for {days} days or longer"),
    Finding.EXPIRING: ("key expiring within {expiring} days", "keys expiring within {expiring} days"),
    Finding.WIDER: ("key wider than its use", "keys wider than their use"),
}


def digest_message(
    view: DigestView, daily: Mapping[str, Sequence[int]], policy: Policy, elsewhere: Sequence[str] = ()
) -> Message:
    """The digest as a message: a summary and the first lines, with a button for all of them. `elsewhere` is said of
    keys that a Statuspage knows Keydesk by."""
    if not view.lines and not view.kept and not view.announced:
        return _with_elsewhere(_cheerful(view), elsewhere)
    blocks: list[Block] = [header("Weekly key digest" if view.period else "Key digest")]
    if view.is_late and view.scheduled_for is not None:
        blocks.append(context(f":hourglass: Late: it was due {when(view.scheduled_for)}, while Keydesk was down."))
    if view.now - view.composed_at >= _SINCE:
        blocks.append(context(f"Sent {when(view.composed_at)}; everything below is as of {when(view.now)}."))
    blocks.append(section(_summary(view, policy)))
    closing = [*_elsewhere_blocks(elsewhere), *_closing(view, policy)]
    shown = view.lines[:MESSAGE_LINES]
    drawn = digest_lines(shown, daily, view, policy)
    while len(shown) > 1 and not _fits([*blocks, *drawn, *closing]):
        shown = shown[:-1]
        drawn = digest_lines(shown, daily, view, policy)
    blocks += drawn
    more = len(view.lines) + view.beyond.keys - len(shown)
    if more:
        which = f"the first {len(view.lines)}" if view.beyond.keys else f"all {len(view.lines)}"
        blocks.append(
            actions(
                button(f"Show {which}", ActionId.DIGEST_PAGE, value_of(view.period or "now", 0)),
                block_id="digest.more",
            )
        )
        blocks.append(context(f"…and {more} more."))
    blocks += closing
    asked = ". Say of each whether it is still needed, or suspend or revoke it" if view.lines else ""
    return Message(f"Key digest: {_head(view).replace('*', '')}{asked}", blocks)


def _elsewhere_blocks(elsewhere: Sequence[str]) -> list[Block]:
    lines = [f"• {escape(one[0].upper() + one[1:])}" for one in elsewhere]
    return [section(":hourglass: *Keydesk's own keys*\n" + "\n".join(fit(lines, _CLOSING_TEXT)))] if lines else []


def _with_elsewhere(message: Message, elsewhere: Sequence[str]) -> Message:
    return Message(message.text, [*message.blocks, *_elsewhere_blocks(elsewhere)]) if elsewhere else message


def _fits(blocks: Sequence[Block]) -> bool:
    # Two blocks are for what comes after the lines when not all of them are there.
    return len(blocks) + 2 <= MAX_MESSAGE_BLOCKS and text_length(list(blocks)) <= MAX_MESSAGE_TEXT


def digest_modal(view: DigestView, page: int, daily: Mapping[str, Sequence[int]], policy: Policy) -> Block:
    """One page of the whole digest, for one person; `page` counts from 0 and is held within what there is."""
    pages = max(1, -(-len(view.lines) // MODAL_LINES))
    page = min(max(page, 0), pages - 1)
    shown = view.lines[page * MODAL_LINES : (page + 1) * MODAL_LINES]
    told = f"Page {page + 1} of {pages}, {len(view.lines)} in all."
    if view.beyond.keys:
        more = f"There are {view.beyond.keys} more; `{slash('keys list unused')}` shows what is unused."
        told = f"Page {page + 1} of {pages}: the first {len(view.lines)}. {more}"
    blocks: list[Block] = [context(told)]
    blocks += digest_lines(shown, daily, view, policy)
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
        text = f":sunny: No key works, so none is unused. Ask for one with `{slash('keys request')}`."
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
    settled = f", *{view.settled}* of these dealt with since" if view.settled else ""
    return "\n".join([f"{_head(view)}{settled}{several}{':' if parts else '.'}", *parts])


def _head(view: DigestView) -> str:
    keys, tickets = view.listed_keys, view.listed_tickets
    said = []
    if keys:
        said.append(f"*{keys}* of *{view.live_keys}* working keys want a look")
    if tickets:
        said.append(f"*{tickets}* approved key{' was' if tickets == 1 else 's were'} never collected")
    return " and ".join(said) or f"Nothing new to decide about *{view.live_keys}* working keys"


def _closing(view: DigestView, policy: Policy) -> list[Block]:
    blocks: list[Block] = []
    if view.kept:
        rows = [f"• {bold(key.name, limit=80)}: {kept_words(key)}" for key in view.kept]
        blocks += [divider(), section("*Kept on purpose*\n" + "\n".join(fit(rows, _CLOSING_TEXT)))]
    listed = {line.key.id for line in view.lines if line.key}
    others = [one for one in view.announced if one.key.id not in listed]
    if others:
        rows = [f"• {bold(one.key.name, limit=80)}: {act_words(one)}" for one in others]
        blocks.append(section("*Announced*\n" + "\n".join(fit(rows, _CLOSING_TEXT))))
    used = (
        "A key is used when a call passes the check: it reads, it writes, or it is answered with an error, as 404. "
        "What Keydesk refuses (401, 403) is no use."
    )
    blocks.append(context(f"{used} In the bars each column is a day, the last one today."))
    return blocks
