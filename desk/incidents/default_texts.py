"""What is said where nobody wrote anything: Statuspage's own words."""

from desk.errors import InvalidInputError
from storage.models import IncidentStatus

FIRST_WORDS: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: "We are currently investigating this issue.",
    IncidentStatus.IDENTIFIED: "The issue has been identified and a fix is being implemented.",
    IncidentStatus.MONITORING: "A fix has been implemented and we are monitoring the results.",
    IncidentStatus.RESOLVED: "This incident has been resolved.",
    IncidentStatus.SCHEDULED: "We will be undergoing scheduled maintenance during this time.",
    IncidentStatus.IN_PROGRESS: (
        "Scheduled maintenance is currently in progress. We will provide updates as necessary."
    ),
    IncidentStatus.VERIFYING: "Verification is currently underway for the maintenance items.",
    IncidentStatus.COMPLETED: "The scheduled maintenance has been completed.",
}
"""By the status that an update brings."""
CANCELLED = "This maintenance has been cancelled."

NOTHING_NEW: dict[IncidentStatus, str] = {
    IncidentStatus.INVESTIGATING: "We are continuing to investigate this issue.",
    IncidentStatus.IDENTIFIED: "We are continuing to work on a fix for this issue.",
    IncidentStatus.MONITORING: "We are continuing to monitor for any further issues.",
    IncidentStatus.IN_PROGRESS: "Scheduled maintenance is still in progress. We will provide updates as necessary.",
    IncidentStatus.VERIFYING: "Verification is still underway for the maintenance items.",
}
"""By the status that stays: a holding update."""


def words_for(status: IncidentStatus | None, body: str) -> str:
    """The text that is published: what was written or, where nothing was, what goes with the status."""
    return body.strip() or (FIRST_WORDS[status] if status is not None else "")


def decide_words(before: str, status: IncidentStatus | None, body: str) -> str:
    """The text of an update that gives an incident, `before` in some status, this one. Pure.

    Raises InvalidInputError (`body`) where it would say nothing: that something changed is no news, but a new status.
    """
    if (before, status) == (IncidentStatus.SCHEDULED, IncidentStatus.COMPLETED):
        # What never began is called off by that.
        return body.strip() or CANCELLED
    words = words_for(status if status != before else None, body)
    if not words:
        raise InvalidInputError("Say something new, or choose another status.", field="body")
    return words
