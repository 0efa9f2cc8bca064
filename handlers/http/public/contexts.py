"""What templates are told: words and markup, so that they decide nothing."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from desk.incidents.inputs import ENDED
from desk.pages.status import worst
from desk.status_page.components import ComponentView
from desk.status_page.incidents import Affected, IncidentView, UpdateView
from desk.status_page.months import Month
from desk.status_page.pages import PageView
from handlers.http.public.bars import Uptime, UptimeReader
from handlers.http.public.markdown import plain_text, render_body, render_postmortem
from handlers.http.public.naming import Naming
from handlers.http.public.words import (
    CANCELLED,
    IMPACT_LOOKS,
    IMPACT_WORDS,
    STATUS_LOOKS,
    STATUS_WORDS,
    duration,
    label,
    month_time,
    month_words,
    percent,
    when,
    window,
)
from storage.models import ComponentStatus

_OPEN_GROUPS = 3
"""Groups are open where there are at most so many, or where something in them is not well."""
_MOST_DAYS = 25
"""Where more components than these show their ninety days, the days are on the page of the uptime alone, and what is
quiet is folded to its name: the page stays light, however many there are."""
_DESCRIPTION = 200

Context = Mapping[str, Any]


def is_large(view: PageView) -> bool:
    """Whether a page has too many components for the ninety days of each."""
    return sum(row.showcase and is_shown(row) for row in view.leaves) > _MOST_DAYS


def component_rows(view: PageView, uptime: UptimeReader) -> Sequence[Context]:
    """The page's components in order; a group has `children` or, where they are folded, their `names`."""
    days = None if is_large(view) else uptime
    tops = [row for row in view.components if row.group_id is None]
    few = sum(row.group for row in tops) <= _OPEN_GROUPS
    rows = []
    for row in tops:
        if not row.group:
            if is_shown(row):
                rows.append(_component(row, days))
            continue
        children = [child for child in view.children(row.id) if is_shown(child)]
        if not children:
            continue
        status = worst([child.status for child in children])
        is_folded = days is None and status == ComponentStatus.OPERATIONAL
        rows.append(
            _state(status)
            | {
                "name": row.name,
                "description": row.description,
                "children": [] if is_folded else [_component(child, days) for child in children],
                "names": [child.name for child in children] if is_folded else [],
                "days": row.id if is_folded and any(child.showcase for child in children) else None,
                "open": status != ComponentStatus.OPERATIONAL or (few and not is_folded),
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


def incident_context(naming: Naming, zone: ZoneInfo, incident: IncidentView) -> Context:
    """An incident as every document shows it."""
    month = Month.at(incident.began_at, zone)
    return {
        "id": incident.id,
        "name": incident.name,
        "kind": "Scheduled maintenance" if incident.is_maintenance else "Incident",
        "look": IMPACT_LOOKS.get(incident.impact, "none"),
        "impact": IMPACT_WORDS.get(incident.impact, incident.impact),
        "label": CANCELLED if incident.is_cancelled else label(incident.status),
        "stage": "none" if incident.is_open or incident.is_cancelled else "operational",
        "window": window(*incident.window, zone) if incident.window else None,
        "began": when(incident.started_at, zone),
        "lasted": _lasted(incident),
        "components": naming.name(incident.component_ids, _names_of(incident)),
        "updates": [_update(naming, zone, incident, update) for update in incident.updates],
        "plain": plain_text(incident.updates[0].body)[:_DESCRIPTION] if incident.updates else incident.name,
        "postmortem": render_postmortem(incident.postmortem) if incident.postmortem else None,
        "postmortem_at": when(incident.postmortem_at, zone) if incident.postmortem_at else None,
        "month": str(month),
        "month_words": month_words(month),
    }


def _component(row: ComponentView, uptime: UptimeReader | None) -> Context:
    return _state(row.status) | {
        "name": row.name,
        "description": row.description,
        "uptime": uptime.read(row) if uptime is not None and row.showcase else None,
        "children": None,
    }


def _uptime(row: ComponentView, uptime: Uptime) -> Context:
    months = [{"words": month_time(month), "share": percent(share)} for month, share in uptime.months]
    return {"name": row.name, "description": row.description, "uptime": uptime, "months": months}


def _state(status: ComponentStatus) -> dict[str, Any]:
    return {"look": STATUS_LOOKS[status], "status": STATUS_WORDS[status]}


def _names_of(incident: IncidentView) -> Mapping[str, str]:
    """What the components of an incident that is over were called when it last spoke of them."""
    if incident.is_open:
        return {}
    return {one.code: one.name for update in reversed(incident.updates) for one in update.affected}


def _lasted(incident: IncidentView) -> str:
    if incident.resolved_at is None:
        return ""
    if incident.is_cancelled:
        return ""
    start, end = incident.window or (incident.started_at, incident.resolved_at)
    seconds = (end - start).total_seconds()
    return duration(seconds) if seconds > 0 else ""


def _update(naming: Naming, zone: ZoneInfo, incident: IncidentView, update: UpdateView) -> Context:
    is_last = update is incident.updates[0]
    is_end = update.status in ENDED
    changed = [one for one in update.affected if one.old_status != one.new_status]
    return {
        "label": CANCELLED if is_end and incident.is_cancelled else label(update.status),
        "look": "done" if is_end else "now" if is_last else "before",
        "at": when(update.display_at, zone),
        "body": render_body(update.body) if update.body else "",
        "affected": _changes(naming, changed),
    }


def _changes(naming: Naming, changed: Sequence[Affected]) -> Sequence[Context]:
    """What became of which components, the worst first."""
    rows = []
    for status in reversed(ComponentStatus):
        those = [one for one in changed if one.new_status == status]
        if those:
            then = {one.code: one.name for one in those}
            names = naming.name(then, then)
            rows.append({"look": STATUS_LOOKS[status], "words": STATUS_WORDS[status], "names": names})
    return rows
