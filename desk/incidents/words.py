"""States, statuses and impacts as people write them: the same words in Slack and on the command line. Pure."""

import re

from desk.errors import InvalidInputError
from desk.pages.status import Impact
from storage.models import ComponentStatus, IncidentStatus

STATUSES: dict[str, IncidentStatus] = {status.value: status for status in IncidentStatus}
STATES: dict[str, ComponentStatus] = {status.value: status for status in ComponentStatus} | {
    "up": ComponentStatus.OPERATIONAL,
    "ok": ComponentStatus.OPERATIONAL,
    "maintenance": ComponentStatus.UNDER_MAINTENANCE,
    "degraded": ComponentStatus.DEGRADED_PERFORMANCE,
    "partial": ComponentStatus.PARTIAL_OUTAGE,
    "major": ComponentStatus.MAJOR_OUTAGE,
    "down": ComponentStatus.MAJOR_OUTAGE,
    "green": ComponentStatus.OPERATIONAL,
    "red": ComponentStatus.MAJOR_OUTAGE,
}
IMPACTS = {impact.value: impact for impact in Impact if impact is not Impact.MAINTENANCE}


def find_state(word: str) -> ComponentStatus | None:
    """The state that a word names, with whatever is between its words: `partial-outage`."""
    return _STATES_TOGETHER.get(_together(word))


def get_state(word: str) -> ComponentStatus:
    """The same. Raises InvalidInputError (field `components`) that names what there is."""
    state = find_state(word)
    if state is None:
        known = ", ".join(status.value for status in ComponentStatus)
        raise InvalidInputError(f"“{word}” is no state of a component.", f"There is {known}.", field="components")
    return state


def find_status(word: str) -> IncidentStatus | None:
    """The status that a word names: `in-progress`."""
    return STATUSES.get(word.lower().replace("-", "_"))


def get_impact(word: str) -> Impact:
    """The impact that a word names. Raises InvalidInputError (field `impact`) that names what there is."""
    impact = IMPACTS.get(word.lower())
    if impact is None:
        raise InvalidInputError(f"“{word}” is no impact.", f"There is {', '.join(IMPACTS)}.", field="impact")
    return impact


def _together(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.lower())


_STATES_TOGETHER = {_together(name): state for name, state in STATES.items()}
