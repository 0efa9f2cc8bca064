"""What a sync found: the answer to `/roles sync`, and the owners' card of one that stopped."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from desk.commands import slash
from desk.directory.syncs import SyncReport
from desk.people import Standing, group_name
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    actor_name,
    button,
    context,
    fit,
    header,
    mention,
    section,
    when,
)
from handlers.slack.roles.text import STANDINGS, line_sections, role_text, shown, shown_bold
from storage.models import DirectorySync, Page, SlackMessage, SyncStatus

_ROLES = 4
_LOSSES, _FOUND = 5000, 4500
"""Characters for who loses what, and for everything else that a sync found."""


def render_sync_card(tx: Transaction, message: SlackMessage) -> Message:
    """Who would lose what, with *Apply* and *Leave as is*, or what was decided."""
    sync = tx.session.get_one(DirectorySync, message.subject_id)
    plan = sync.plan or {}
    stopped = "A sync with Slack stopped: it would take roles from"
    told = f"{stopped} {len(plan.get('losers', {}))} of {plan.get('people', 0)} people"
    outcome = {
        SyncStatus.CONFIRMED: f" {actor_name(sync.decided_by)} said *Apply*",
        SyncStatus.APPLIED: f" Applied, as {actor_name(sync.decided_by)} said",
        SyncStatus.CANCELLED: f" {actor_name(sync.decided_by)} said *Leave as is*",
        SyncStatus.STOPPED: " Apply it?",
    }.get(SyncStatus(sync.status), " Slack or the roles have changed since, so this is settled")
    return Message(f"{told}.{outcome}", sync_blocks(tx, sync))


def render_sync_decided(tx: Transaction, note: SlackMessage) -> Message | None:
    """To those who wait: what became of a sync that stopped."""
    sync = tx.session.get(DirectorySync, note.subject_id.partition(":")[0])
    if sync is None:
        return None
    plan, who = sync.plan or {}, actor_name(note.facts.get("by"))
    what = f"the sync that would take roles from {len(plan.get('losers', {}))} of {plan.get('people', 0)} people"
    told = {
        SyncStatus.CONFIRMED: f"{who} said *Apply* to {what}: it is done in a minute if Slack still says so",
        SyncStatus.CANCELLED: f"{who} said *Leave as is* to {what}: nobody loses a role",
        SyncStatus.APPLIED: f"Applied, as {who} said: {what}",
        SyncStatus.SUPERSEDED: f"Settled without a decision: {what}. Slack or the roles have changed since",
    }[SyncStatus(note.facts["status"])]
    return Message(told, [section(f"{told}.")])


def sync_blocks(tx: Transaction, sync: DirectorySync) -> list[Block]:
    """The stopped sync as things stand."""
    plan = sync.plan or {}
    losers: Mapping[str, Any] = plan.get("losers", {})
    blocks = [header("Slack would take roles from many people")]
    blocks.append(
        section(
            f"Slack's people and groups, read {when(sync.created_at)}, would take roles from *{len(losers)} of the "
            f"{plan.get('people', 0)} people* who have any. That is more than I do without asking."
        )
    )
    blocks += line_sections(fit(_loss_lines(tx, losers, plan.get("flips", {})), _LOSSES))
    switched_off = [shown_bold(group_name(tx.session, group)) for group in plan.get("switched_off", [])]
    if switched_off:
        blocks.append(context(f"Switched off in Slack: {', '.join(switched_off[:10])}"))
    blocks.append(_decision(sync))
    return blocks


def _decision(sync: DirectorySync) -> Block:
    value = value_of(sync.id, sync.version)
    apply = button("Apply", ActionId.SYNC_CONFIRM, value, style="danger")
    leave = button("Leave as is", ActionId.SYNC_CANCEL, value)
    who = actor_name(sync.decided_by)
    at = when(sync.decided_at) if sync.decided_at else ""
    if sync.status == SyncStatus.STOPPED:
        return actions(apply, leave)
    if sync.status == SyncStatus.CONFIRMED:
        return context(
            f":hourglass: {who} said *Apply* {at}. I read Slack once more; if it still says this, it is done."
        )
    if sync.status == SyncStatus.APPLIED:
        return context(f":white_check_mark: Applied, as {who} said {at}.")
    if sync.status == SyncStatus.CANCELLED:
        return context(
            f":hand: {who} said *Leave as is* {at}. I don't ask about the same again; `{slash('roles sync')}` does."
        )
    return context(":information_source: Slack or the roles have changed since, so this is settled.")


def _loss_lines(tx: Transaction, losers: Mapping[str, Any], flips: Mapping[str, str]) -> list[str]:
    pages = {page_id for roles in losers.values() for _, page_id in roles[:_ROLES] if page_id}
    names = dict(tx.session.execute(select(Page.id, Page.name).where(Page.id.in_(pages))).all())
    lines = []
    for user_id, roles in losers.items():
        lost = ", ".join(role_text(str(role), names.get(page_id, page_id)) for role, page_id in roles[:_ROLES])
        more = f" and {len(roles) - _ROLES} more" if len(roles) > _ROLES else ""
        why = f" ({STANDINGS[Standing(flips[user_id])]} in Slack)" if user_id in flips else ""
        lines.append(f"• {mention(user_id)}{why}: {lost}{more}")
    return lines


def sync_message(tx: Transaction, report: SyncReport) -> Message:
    """What a sync found and did, for whoever asked for it; with the question when it stopped."""
    head = f":arrows_counterclockwise: Read {report.people} people and {report.groups} user groups from Slack."
    if report.people_problem:
        head += f"\n:warning: Not everybody could be read: {shown(report.people_problem)}."
    lines = [*_change_lines(tx, report), *_unreadable_lines(tx, report.unreadable.items())]
    stopped = tx.session.get(DirectorySync, report.stopped_id) if report.stopped_id else None
    if not stopped:
        lines += [f"*Lost:* {line.removeprefix('• ')}" for line in _loss_lines(tx, report.losers, {})]
    if not lines and not stopped:
        lines = ["Nothing has changed for anybody's roles."]
    blocks = [section(head), *line_sections(fit(lines, _FOUND))]
    if stopped is not None:
        blocks += sync_blocks(tx, stopped)
        if stopped.status == SyncStatus.CANCELLED:
            blocks.append(
                actions(button("Apply after all", ActionId.SYNC_CONFIRM, value_of(stopped.id, stopped.version)))
            )
    outcome = "stopped and asks" if stopped else "is done"
    told = f"The sync {outcome}: read {report.people} people and {report.groups} user groups from Slack"
    return Message(told, blocks)


def _change_lines(tx: Transaction, report: SyncReport) -> list[str]:
    lines = []
    for verb, groups in (("joined", report.added), ("left", report.removed)):
        for group_id, people in groups.items():
            names = ", ".join(mention(user_id) for user_id in people[:10])
            more = f" and {len(people) - 10} more" if len(people) > 10 else ""
            lines.append(f"• {names}{more} {verb} {shown_bold(group_name(tx.session, group_id))}")
    for group_id, is_disabled in report.switched.items():
        lines.append(f"• {shown_bold(group_name(tx.session, group_id))} is switched {'off' if is_disabled else 'on'}")
    for user_id, standing in report.flips.items():
        lines.append(f"• {mention(user_id)} is {STANDINGS[Standing(standing)]} now")
    for user_id in report.new_owners:
        lines.append(f"• {mention(user_id)} is *owner* now")
    return lines


def _unreadable_lines(tx: Transaction, unreadable: Iterable[tuple[str, str]]) -> list[str]:
    return [
        f":warning: {shown_bold(group_name(tx.session, group_id))} can't be read: {shown(problem)}. "
        "Its people keep their roles."
        for group_id, problem in unreadable
    ]


def render_sync_done(tx: Transaction, message: SlackMessage) -> Message:
    """To whoever asked for a sync that took its time."""
    return sync_message(tx, SyncReport(**message.facts["report"]))
