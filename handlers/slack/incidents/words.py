"""Incidents in Slack's words: statuses, states and impacts with their signs, names, links and times."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from desk.pages.status import Impact
from desk.status_page.reading import is_public
from desk.transaction import Transaction
from handlers.slack.blocks import escape, plain, when
from storage.models import ComponentStatus, Incident, IncidentStatus, Page

_NAME = 150

STATUS_WORDS: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: "Investigating",
    IncidentStatus.IDENTIFIED: "Identified",
    IncidentStatus.MONITORING: "Monitoring",
    IncidentStatus.RESOLVED: "Resolved",
    IncidentStatus.SCHEDULED: "Scheduled",
    IncidentStatus.IN_PROGRESS: "In progress",
    IncidentStatus.VERIFYING: "Verifying",
    IncidentStatus.COMPLETED: "Completed",
}
"""As the public page has them."""

_STATUS_SIGNS: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: ":mag:",
    IncidentStatus.IDENTIFIED: ":dart:",
    IncidentStatus.MONITORING: ":eyes:",
    IncidentStatus.RESOLVED: ":white_check_mark:",
    IncidentStatus.SCHEDULED: ":calendar:",
    IncidentStatus.IN_PROGRESS: ":wrench:",
    IncidentStatus.VERIFYING: ":eyes:",
    IncidentStatus.COMPLETED: ":white_check_mark:",
}

STATE_WORDS: dict[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: "Operational",
    ComponentStatus.UNDER_MAINTENANCE: "Under maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentStatus.PARTIAL_OUTAGE: "Partial outage",
    ComponentStatus.MAJOR_OUTAGE: "Major outage",
}

_STATE_SIGNS: dict[ComponentStatus, str] = {
    ComponentStatus.OPERATIONAL: ":large_green_circle:",
    ComponentStatus.UNDER_MAINTENANCE: ":large_blue_circle:",
    ComponentStatus.DEGRADED_PERFORMANCE: ":large_yellow_circle:",
    ComponentStatus.PARTIAL_OUTAGE: ":large_orange_circle:",
    ComponentStatus.MAJOR_OUTAGE: ":red_circle:",
}

IMPACT_WORDS: dict[Impact, str] = {
    Impact.NONE: "No impact",
    Impact.MAINTENANCE: "Maintenance",
    Impact.MINOR: "Minor impact",
    Impact.MAJOR: "Major impact",
    Impact.CRITICAL: "Critical impact",
}

_IMPACT_SIGNS: dict[Impact, str] = {
    Impact.NONE: ":white_circle:",
    Impact.MAINTENANCE: ":large_blue_circle:",
    Impact.MINOR: ":large_yellow_circle:",
    Impact.MAJOR: ":large_orange_circle:",
    Impact.CRITICAL: ":red_circle:",
}


def status_text(status: IncidentStatus | str) -> str:
    """A status with its sign."""
    found = IncidentStatus(status)
    return f"{_STATUS_SIGNS[found]} {STATUS_WORDS[found]}"


def state_text(status: ComponentStatus | str) -> str:
    """A component's state with its sign."""
    found = ComponentStatus(status)
    return f"{_STATE_SIGNS[found]} {STATE_WORDS[found]}"


def impact_text(impact: Impact | str) -> str:
    """An impact with its sign."""
    found = Impact(impact)
    return f"{_IMPACT_SIGNS[found]} {IMPACT_WORDS[found]}"


def impact_of(incident: Incident) -> Impact:
    """The impact that the public sees."""
    return Impact(incident.impact_override or incident.impact)


def name_text(name: str) -> str:
    """An incident's or component's name, in bold."""
    shown = escape(plain(" ".join(name.split()), limit=_NAME)).replace("*", "∗")
    return f"*{shown}*"


def public_link(tx: Transaction, incident: Incident) -> str:
    """Where the public reads about the incident: a link or, where not everybody may read the page, its name."""
    return find_public_link(tx, incident, "On the page") or f"Published on {page_text(tx, incident)}"


def find_public_link(tx: Transaction, incident: Incident, words: str, *, part: str = "") -> str | None:
    """A link to (a part of) the incident's permalink; None where not everybody may read it and it leads nowhere.

    `words` must be free of people's text.
    """
    page = tx.session.get_one(Page, incident.page_id)
    return f"<{incident.shortlink}{part}|{words}>" if is_public(page) else None


def page_text(tx: Transaction, incident: Incident) -> str:
    """The name of the page that an incident is on, in bold."""
    return name_text(tx.session.get_one(Page, incident.page_id).name)


def clock_in(zone: ZoneInfo, instant: datetime) -> str:
    """An instant by the clock of a time zone: `Mon 2 Mar 2026 20:00 CET`."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {local.tzname()}"


def both_clocks(instant: datetime, zone: ZoneInfo) -> str:
    """An instant in the reader's own time zone, and in the page's."""
    return f"{when(instant)} ({clock_in(zone, instant)})"


def count_of(things: Sequence[object], one: str, many: str) -> str:
    """`1 component`, `3 components`."""
    return f"{len(things)} {one if len(things) == 1 else many}"
