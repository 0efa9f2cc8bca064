"""`/maintenance start` and `complete`, typed or pressed: the form or the preview of an update that does it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from desk.incidents.inputs import RUNNING, IncidentChange
from desk.incidents.maintenances.plans import plan_completion, plan_start
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, Message
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.incidents.drafts.writing import draft_or_form
from handlers.slack.incidents.starting import begin_update
from handlers.slack.incidents.views import render_form
from handlers.slack.maintenances.choosing import about_one
from handlers.slack.maintenances.parsing import TypedMaintenance
from storage.models import IncidentStatus


@dataclass(frozen=True, slots=True)
class _Step:
    """From which states it can be taken, where it leads, and what says whether it can be taken now."""

    verb: str
    before: Collection[IncidentStatus]
    after: IncidentStatus
    plan: Callable[[Transaction, str], IncidentChange]


_START = _Step("start", frozenset({IncidentStatus.SCHEDULED}), IncidentStatus.IN_PROGRESS, plan_start)
_COMPLETE = _Step("complete", RUNNING, IncidentStatus.COMPLETED, plan_completion)


async def start_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance start`: now, before its time or where it does not start by itself."""
    return await _take(slack, command, rest, _START)


async def complete_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message | None:
    """`/maintenance complete`: with its components back."""
    return await _take(slack, command, rest, _COMPLETE)


async def _take(slack: SlackContext, command: SlashCommand, rest: str, step: _Step) -> Message | None:
    def draw(tx: Transaction, incident_id: str, line: TypedMaintenance) -> Block:
        step.plan(tx, incident_id)
        begun = begin_update(tx, incident_id, line.said, status=step.after, token=command.token)
        return draft_or_form(tx, begun, is_complete=True)

    return await about_one(slack, command, rest, step.verb, draw, step.before)


async def press_start(slack: SlackContext, action: BlockAction) -> None:
    """*Start*: the form with the status and the components filled in."""
    await _open(slack, action, _START)


async def press_complete(slack: SlackContext, action: BlockAction) -> None:
    """*Complete*: the form with the status and the components' return filled in."""
    await _open(slack, action, _COMPLETE)


async def _open(slack: SlackContext, action: BlockAction, step: _Step) -> None:
    def work(tx: Transaction) -> Block:
        step.plan(tx, action.subject)
        return render_form(tx, *begin_update(tx, action.subject, status=step.after))

    await show_modal(slack, action, await slack.desk.read(action.actor, work))
