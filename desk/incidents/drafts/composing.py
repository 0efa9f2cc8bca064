"""What somebody says in words of an incident or maintenance, as the content of a draft: for who has no form.

A template's words come first and what is said beside it stands below them, as in Slack's forms. What is not
understood, or leaves something open, is refused rather than asked about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desk.errors import ConflictError, InvalidInputError
from desk.incidents.authority import get_page_meant
from desk.incidents.components import get_component_by_word
from desk.incidents.default_texts import FIRST_WORDS, NOTHING_NEW, decide_words, words_for
from desk.incidents.drafts.content import Content, texts_of
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.leaks import find_leaks
from desk.incidents.drafts.names import list_handles, read_names
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule, check_status
from desk.incidents.lookup import get_incident
from desk.incidents.maintenances.plans import propose_states
from desk.incidents.templates import fill_in, get_template, list_placeholders
from desk.incidents.words import STATUSES, find_status, get_impact, get_state
from desk.pages.status import Impact
from desk.transaction import Transaction
from storage.models import (
    ComponentStatus,
    DraftKind,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentTemplate,
    Page,
    Role,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody says, as they wrote it; empty for what they did not say."""

    name: str = ""
    body: str = ""
    """In Markdown."""
    page: str | None = None
    components: Sequence[str] = ()
    """Each as `checkout`, which leaves it as it is, or `checkout=partial_outage`."""
    status: str = ""
    impact: str = ""
    remind: str | None = None
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """For the template's placeholders."""


def compose_incident(tx: Transaction, said: Said) -> tuple[Page, NewIncident]:
    """A new incident, and the page that it is for. Raises NotAllowedError, naming whom to ask, NotFoundError, and
    InvalidInputError that says what is missing or was not understood."""
    page, template, components = _begin(tx, Role.INCIDENT_MANAGER, said)
    status = read_status(said.status, scheduled=False)
    if status is None and template is not None and template.update_status:
        status = IncidentStatus(template.update_status)
    new = NewIncident(
        name=_name(said, template),
        body=words_for(status or IncidentStatus.INVESTIGATING, _body(said, template)),
        status=status,
        impact_override=get_impact(said.impact) if said.impact else None,
        components=components,
        reminder_intervals=said.remind,
    )
    return page, new


def compose_maintenance(tx: Transaction, said: Said, schedule: Schedule) -> tuple[Page, NewIncident]:
    """A maintenance for this window. Raises as `compose_incident`, also for a component with a state."""
    page, template, components = _begin(tx, Role.MAINTENANCE_MANAGER, said)
    if states := [str(state) for state in components.values() if state is not None]:
        raise InvalidInputError(
            f"Components go under maintenance by themselves: leave out “={states[0]}”.", field="components"
        )
    new = NewIncident(
        name=_name(said, template),
        body=words_for(IncidentStatus.SCHEDULED, _body(said, template)),
        components=components,
        schedule=schedule,
    )
    return page, new


def compose_past(tx: Transaction, said: Said, began_at: datetime) -> tuple[Page, NewIncident]:
    """An incident of the past. Raises as `compose_incident`."""
    page = get_page_meant(tx, Role.INCIDENT_MANAGER, said.page)
    impact = get_impact(said.impact) if said.impact else Impact.NONE
    new = NewIncident(
        name=_name(said, None),
        body=said.body.strip() or FIRST_WORDS[IncidentStatus.RESOLVED],
        impact_override=impact if impact is not Impact.NONE else None,
        backfilled_at=began_at,
    )
    return page, new


def compose_update(
    tx: Transaction, incident: Incident, said: Said, *, status: IncidentStatus | None = None
) -> IncidentChange:
    """An update that brings the `status`, the one that is said, or none. Components go with it as a form proposes,
    but for those that are named. Raises InvalidInputError, also where nothing new is said."""
    scheduled = incident.scheduled_for is not None
    wanted = read_status(said.status, scheduled=scheduled) or status or IncidentStatus(incident.status)
    check_status(wanted, scheduled=scheduled)
    impact = get_impact(said.impact) if said.impact else None
    if impact is None and incident.impact_override:
        impact = Impact(incident.impact_override)
    proposed = propose_states(tx.session, incident, wanted)
    return IncidentChange(
        name=_line(said.name) or incident.name,
        body=decide_words(incident.status, wanted, said.body),
        status=wanted,
        impact_override=impact,
        clear_impact_override=impact is None,
        components={**proposed, **read_components(tx, incident.page_id, said.components)},
        reminder_intervals=said.remind,
    )


def list_warnings(tx: Transaction, content: Content) -> list[dict[str, Any]]:
    """What in a content's words the public should perhaps not see, as drafts keep it."""
    text = "\n".join(texts_of(content))
    names = read_names(tx.session, handles=list_handles(text))
    return [leak.as_json() for leak in find_leaks(text, names, tx.policy.internal_hosts)]


def read_components(tx: Transaction, page_id: str, words: Sequence[str]) -> dict[str, ComponentStatus | None]:
    """Components as `checkout` or `checkout=down` → the states that they take on. Raises InvalidInputError."""
    found = {}
    for name, state in map(_split, words):
        found[get_component_by_word(tx.session, page_id, name).id] = get_state(state) if state else None
    return found


def read_status(word: str, *, scheduled: bool) -> IncidentStatus | None:
    """The status that a word names, or None for none. Raises InvalidInputError (field `status`) for one that there is
    not, or that such things cannot be in."""
    if not word:
        return None
    status = find_status(word)
    if status is None:
        raise InvalidInputError(f"“{word}” is no status.", f"There is {', '.join(STATUSES)}.", field="status")
    check_status(status, scheduled=scheduled)
    return status


def _begin(
    tx: Transaction, role: Role, said: Said
) -> tuple[Page, IncidentTemplate | None, dict[str, ComponentStatus | None]]:
    page = get_page_meant(tx, role, said.page, [name for name, _ in map(_split, said.components)])
    template = get_template(tx.session, page.id, said.template) if said.template else None
    components: dict[str, ComponentStatus | None] = dict.fromkeys(template.component_ids if template else ())
    if template is not None:
        _require_filled(template, said)
    return page, template, components | read_components(tx, page.id, said.components)


def _require_filled(template: IncidentTemplate, said: Said) -> None:
    left = [name for name in list_placeholders(template.title, template.body) if not said.values.get(name)]
    if left:
        raise InvalidInputError(f"Still to be filled in: {', '.join(left)}.", field="values")


def _split(word: str) -> tuple[str, str]:
    name, mark, state = word.rpartition("=")
    return (name.strip(), state.strip()) if mark else (word.strip(), "")


def _name(said: Said, template: IncidentTemplate | None) -> str:
    return _line(said.name or (fill_in(template.title, said.values) if template is not None else ""))


def _line(text: str) -> str:
    return " ".join(text.split())


def _body(said: Said, template: IncidentTemplate | None) -> str:
    words = fill_in(template.body, said.values) if template is not None else ""
    return "\n\n".join(part for part in (words, said.body.strip()) if part)


def draft_nothing_new(tx: Transaction, incident_id: str) -> IncidentDraft:
    """A draft that keeps an incident's status and says that work goes on. Raises as `write_draft` does.

    Raises ConflictError where the incident is over or has not begun.
    """
    incident = get_incident(tx.session, incident_id)
    status = IncidentStatus(incident.status)
    if status not in NOTHING_NEW:
        raise ConflictError(
            f"“{incident.name}” is {status}: nobody waits for an update.", "Nothing needs to be done."
        )
    content = IncidentChange(status=status, body=NOTHING_NEW[status])
    return write_draft(tx, page_id=incident.page_id, kind=DraftKind.UPDATE, content=content, incident_id=incident.id)
