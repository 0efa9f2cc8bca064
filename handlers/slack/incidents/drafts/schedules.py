"""The window of a maintenance in a preview: by both clocks, what happens by itself, and what it collides with."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from desk.commands import slash
from desk.durations import in_words
from desk.incidents.components import list_incident_components
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.maintenances.plans import list_overlapping
from desk.people import zone_of
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, context, escape, section
from handlers.slack.incidents.text import both_clocks, name_text, public_link
from storage.models import Incident, IncidentDraft, IncidentStatus, Page

_MOST_OVERLAPPING = 5


def schedule_blocks(tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange) -> list[Block]:
    """When it begins and ends, and what somebody should know before it is public; nothing without a window."""
    schedule = content.schedule
    if schedule is None:
        return []
    zone = ZoneInfo(tx.session.get_one(Page, draft.page_id).time_zone)
    window = f"From {both_clocks(schedule.scheduled_for, zone)}\nUntil {both_clocks(schedule.scheduled_until, zone)}"
    is_planned = _is_planned(tx, draft)
    lasts = in_words(schedule.scheduled_until - schedule.scheduled_for)
    blocks = [
        section(f":calendar: *For {lasts}*\n{window}"),
        context(_whose_clocks(tx, zone), *_by_itself(schedule, is_planned=is_planned)),
    ]
    if schedule.scheduled_for <= tx.now and is_planned:
        blocks.append(section(":warning: That start has passed: once it is public, it begins within a minute."))
    return [*blocks, *_overlaps(tx, draft, content, schedule, zone)]


def _whose_clocks(tx: Transaction, zone: ZoneInfo) -> str:
    if tx.actor.user_id is None:
        return f"In brackets by the page's clock: {escape(zone.key)}"
    return f"By your clock: {escape(zone_of(tx).key)}. In brackets by the page's: {escape(zone.key)}"


def _is_planned(tx: Transaction, draft: IncidentDraft) -> bool:
    incident = tx.session.get(Incident, draft.incident_id) if draft.incident_id else None
    return incident is None or incident.status == IncidentStatus.SCHEDULED


def _by_itself(schedule: Schedule, *, is_planned: bool) -> list[str]:
    steps = [
        (is_planned and schedule.remind_prior, "a reminder 60 minutes before"),
        (is_planned and schedule.auto_in_progress, _with("the start", schedule.notify_at_start)),
        (schedule.auto_completed, _with("the end", schedule.notify_at_end)),
    ]
    does = [words for happens, words in steps if happens]
    lines = [f"By itself: {', '.join(does)}"] if does else []
    if is_planned and not schedule.auto_in_progress:
        lines.append(f"*Somebody must start it*: {slash('maintenance start')}")
    if not schedule.auto_completed:
        lines.append(f"*Somebody must complete it*: {slash('maintenance complete')}")
    if not schedule.to_operational_state:
        lines.append("Components stay under maintenance when it ends")
    return lines


def _with(step: str, notify: bool) -> str:
    return step if notify else f"{step} (nobody is notified)"


def _overlaps(
    tx: Transaction, draft: IncidentDraft, content: NewIncident | IncidentChange, schedule: Schedule, zone: ZoneInfo
) -> list[Block]:
    component_ids = set(content.components)
    if draft.incident_id is not None:
        component_ids |= {row.id for row in list_incident_components(tx.session, draft.incident_id)}
    found = list_overlapping(tx.session, draft.page_id, schedule, component_ids, besides=draft.incident_id)
    if not found:
        return []
    lines = [_line(tx, incident, zone) for incident in found[:_MOST_OVERLAPPING]]
    more = _more(found)
    return [section("\n".join([":warning: *At the same time, on the same components:*", *lines, *more]))]


def _line(tx: Transaction, incident: Incident, zone: ZoneInfo) -> str:
    assert incident.scheduled_for is not None
    assert incident.scheduled_until is not None
    window = f"{both_clocks(incident.scheduled_for, zone)} to {both_clocks(incident.scheduled_until, zone)}"
    return f"• {name_text(incident.name)}  {window}  {public_link(tx, incident)}"


def _more(found: Sequence[Incident]) -> list[str]:
    more = len(found) - _MOST_OVERLAPPING
    return [f"…and {more} more"] if more > 0 else []
