"""One key, or one approved key that nobody collected, as the digest shows it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from desk.digest.findings import Advice, Announced, DigestView, Finding, Line
from desk.keys.restrictions import restrictions_in_short
from desk.people import Standing
from desk.policy import Policy
from handlers.slack.digest.text import act_words, advice_words, find_advice, outcome_words, scope_words, use_words
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    bold,
    button,
    context,
    day,
    divider,
    mention,
    section,
    when,
)
from handlers.slack.framework.sparkline import render_sparkline
from storage.models import ApiKey, KeyStatus, TicketStatus


def digest_lines(
    shown: Sequence[Line], daily: Mapping[str, Sequence[int]], view: DigestView, policy: Policy
) -> list[Block]:
    """Keys and tickets, each group under whoever answers for it."""
    # Of two for one key, what still stands.
    announced = {one.key.id: one for one in sorted(view.announced, key=lambda one: one.called_off is None)}
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
            blocks += _ticket_blocks(line, view.now)
    return blocks


def _whose(line: Line) -> str:
    if line.holder_id is None:
        return ":warning: Nobody answers for"
    if line.standing is not None or Finding.NOBODY in line.findings:
        why = _WHY_NOBODY.get(line.standing or Standing.DELETED, "is no full member any more")
        return f":warning: {mention(line.holder_id)} {why}, so nobody answers for"
    return f"{mention(line.holder_id)} answers for"


_WHY_NOBODY = {
    Standing.DELETED: "has left",
    Standing.MEMBER: "may not hold it any more",
    Standing.GUEST: "is a guest",
}


def _key_blocks(
    line: Line,
    key: ApiKey,
    daily: Sequence[int],
    announced: Announced | None,
    view: DigestView,
    policy: Policy,
) -> list[Block]:
    text = f"{bold(key.name)}  `{key.start}…`\n{advice_words(line, key, view, policy)}"
    if line.use is not None:
        text += f"\n{use_words(line.use)}"
    reach = " · ".join([scope_words(line.scopes), *restrictions_in_short(key.components, key.networks)])
    small = f"{reach} · created {day(key.created_at)} · expires {day(key.expires_at)}"
    if announced is not None and not announced.is_done:
        small += f"\n:calendar: *{act_words(announced)}*"
    outcome = outcome_words(key, view.now)
    blocks = [section(text), context(*([f"`{render_sparkline(daily)}`"] if any(daily) else []), small)]
    if outcome:
        blocks.append(context(outcome))
    buttons = _buttons(line, key, view.now, policy)
    if buttons:
        blocks.append(actions(*buttons, block_id=f"digest.{key.id}"))
    return blocks


def _buttons(line: Line, key: ApiKey, now: datetime, policy: Policy) -> list[Block]:
    value = value_of(key.id, key.version)
    revoke = button("Revoke", ActionId.KEY_REVOKE, value, style="danger")
    extend = button("Extend…", ActionId.KEY_EXTEND, value)
    if key.status == KeyStatus.REVOKED or key.retires_at is not None:
        return []
    if key.expires_at <= now:
        return [extend, revoke]
    if key.status == KeyStatus.SUSPENDED:
        return [button("Restore", ActionId.KEY_RESTORE, value), revoke]
    buttons = [
        button("Keep until…", ActionId.KEY_KEEP, value),
        button("Suspend", ActionId.KEY_SUSPEND, value),
        button("Rotate", ActionId.KEY_ROTATE, value),
    ]
    if Finding.EXPIRING in line.findings:
        buttons.insert(0, extend)
    # Whoever has left cannot be asked.
    if Finding.NOBODY in line.findings:
        buttons.insert(0, button("Transfer to…", ActionId.KEY_TRANSFER, value))
    elif key.holder_id:
        buttons.append(button("Ask its holder", ActionId.KEY_ASK, value))
    # What the line says to do comes first, and what cannot be undone last.
    advised = _ADVISED.get(find_advice(line, key, now, policy))
    buttons.sort(key=lambda each: each["action_id"] != advised)
    return [each | {"style": "primary"} if each["action_id"] == advised else each for each in buttons] + [revoke]


_ADVISED: Mapping[Advice | None, ActionId] = {
    Advice.TRANSFER: ActionId.KEY_TRANSFER,
    Advice.SUSPEND: ActionId.KEY_SUSPEND,
    Advice.ASK: ActionId.KEY_ASK,
    Advice.EXTEND: ActionId.KEY_EXTEND,
}


def _ticket_blocks(line: Line, now: datetime) -> list[Block]:
    ticket = line.ticket
    assert ticket is not None
    collector = mention(line.collector_id)
    lapsed = f"approved but never collected: lapsed {day(line.expires_at)}; {collector} can ask again"
    waits = f"approved but never collected: waits for {collector} until {when(line.expires_at)}"
    state = {
        TicketStatus.WAITING: waits if line.expires_at > now else lapsed,
        TicketStatus.LAPSED: lapsed,
        TicketStatus.COLLECTED: f"approved, and collected by {collector} since",
        TicketStatus.WITHDRAWN: "approved, and withdrawn since",
    }[TicketStatus(ticket.status)]
    text = f"{bold(line.name)}  :package: {state}."
    return [section(text), context(f"{scope_words(line.scopes)} · approved {day(line.created_at)}")]
