"""What templates are told: words and markup, so that they decide nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.incidents.shown import ComponentView, IncidentView, Month, PageView, UpdateView
from desk.page_status import worst
from handlers.http.public.bars import Uptime, UptimeReader
from handlers.http.public.markdown import plain_text, render_body, render_postmortem
from handlers.http.public.words import (
    IMPACT_WORDS,
    STATUS_LOOKS,
    STATUS_WORDS,
    duration,
    label,
    month_words,
    percent,
    when,
    window,
)
from storage.models import ComponentStatus

_OPEN_GROUPS = 3
"""Groups are open where there are at most so many, or where something in them is not well."""
_FULL_NAMES = 6
_DESCRIPTION = 200
_IMPACT_LOOKS = {
    "none": "none",
    "maintenance": "maintenance",
    "minor": "degraded",
    "major": "partial",
    "critical": "major",
}

Context = Mapping[str, Any]


def component_rows(view: PageView, uptime: UptimeReader) -> Sequence[Context]:
    """The page's components in order; a group has `children`."""
    tops = [row for row in view.components if row.group_id is None]
    few = sum(row.group for row in tops) <= _OPEN_GROUPS
    rows = []
    for row in tops:
        if not row.group:
            if is_shown(row):
                rows.append(_component(row, uptime))
            continue
        children = [child for child in view.children(row.id) if is_shown(child)]
        if not children:
            continue
        status = worst([child.status for child in children])
        rows.append(
            _state(status)
            | {
                "name": row.name,
                "description": row.description,
                "children": [_component(child, uptime) for child in children],
                "open": few or status != ComponentStatus.OPERATIONAL,
                "count": f"{len(children)} component{'' if len(children) == 1 else 's'}",
            }
        )
    return rows


def is_shown(row: ComponentView) -> bool:
    """Whether a component is on the page now: some are there only while something is wrong with them."""
    return not row.only_show_if_degraded or row.status != ComponentStatus.OPERATIONAL


def uptime_sections(view: PageView, uptime: UptimeReader) -> Sequence[Context]:
    """Components that show their uptime, by group."""
    alone = [row for row in view.components if row.group_id is None and not row.group]
    groups = [
        ("alone", "", alone),
        *((row.id, row.name, view.children(row.id)) for row in view.components if row.group),
    ]
    sections = []
    for group_id, name, rows in groups:
        shown = [row for row in rows if row.showcase and is_shown(row)]
        if shown:
            sections.append({"id": group_id, "name": name, "rows": [_uptime(row, uptime.read(row)) for row in shown]})
    return sections


def incident_context(view: PageView, incident: IncidentView) -> Context:
    """An incident as every document shows it."""
    zone = view.zone
    month = Month.at(incident.began_at, zone)
    is_window = incident.scheduled_for is not None and incident.scheduled_until is not None
    return {
        "id": incident.id,
        "name": incident.name,
        "kind": "Scheduled maintenance" if incident.is_maintenance else "Incident",
        "look": _IMPACT_LOOKS.get(incident.impact, "none"),
        "impact": IMPACT_WORDS.get(incident.impact, incident.impact),
        "label": label(incident.status),
        "stage": "none" if incident.is_open else "operational",
        "window": window(incident.scheduled_for, incident.scheduled_until, zone)
        if is_window and incident.scheduled_for and incident.scheduled_until
        else None,
        "began": when(incident.started_at, zone),
        "lasted": _lasted(incident),
        "components": _names(view, incident),
        "updates": [_update(view, update, is_last=not index) for index, update in enumerate(incident.updates)],
        "plain": plain_text(incident.updates[0].body)[:_DESCRIPTION] if incident.updates else incident.name,
        "postmortem": render_postmortem(incident.postmortem) if incident.postmortem else None,
        "postmortem_at": when(incident.postmortem_at, zone) if incident.postmortem_at else None,
        "month": str(month),
        "month_words": month_words(month),
    }


def _component(row: ComponentView, uptime: UptimeReader) -> Context:
    return _state(row.status) | {
        "name": row.name,
        "description": row.description,
        "uptime": uptime.read(row) if row.showcase else None,
        "children": None,
    }


def _uptime(row: ComponentView, uptime: Uptime) -> Context:
    months = [{"words": month_words(month), "share": percent(share)} for month, share in uptime.months]
    return {"name": row.name, "uptime": uptime, "months": months}


def _state(status: ComponentStatus) -> dict[str, Any]:
    return {"look": STATUS_LOOKS[status], "status": STATUS_WORDS[status]}


def _names(view: PageView, incident: IncidentView) -> Sequence[str]:
    groups = {row.id: row.name for row in view.components if row.group}
    names = [
        f"{groups[row.group_id]} – {row.name}" if row.group_id in groups else row.name
        for row in view.leaves
        if row.id in incident.component_ids
    ]
    more = len(names) - _FULL_NAMES
    return names if more <= 1 else [*names[:_FULL_NAMES], f"and {more} more"]


def _lasted(incident: IncidentView) -> str:
    if incident.resolved_at is None:
        return ""
    began = incident.scheduled_for if incident.is_maintenance else incident.started_at
    seconds = (incident.resolved_at - began).total_seconds() if began else 0
    return duration(seconds) if seconds > 0 else ""


def _update(view: PageView, update: UpdateView, *, is_last: bool) -> Context:
    changed = [one for one in update.affected if one.old_status != one.new_status]
    return {
        "label": label(update.status),
        "look": "done" if update.status in ("resolved", "completed") else "now" if is_last else "before",
        "at": when(update.display_at, view.zone),
        "body": render_body(update.body) if update.body else "",
        "affected": [{"name": one.name, "words": _change_words(one.old_status, one.new_status)} for one in changed],
    }


def _change_words(old: str, new: str) -> str:
    def words(status: str) -> str:
        return STATUS_WORDS[ComponentStatus(status)].lower()

    return f"{words(old)} → {words(new)}"
