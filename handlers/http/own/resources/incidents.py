"""Incidents and maintenances, in the words of Slack. What a key says is published, or waits for a person, as the page
has it; components that nobody names follow only where the key may move them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from desk.errors import NotFoundError
from desk.incidents.drafts.composing import Said, compose_incident, compose_maintenance, compose_past, compose_update
from desk.incidents.drafts.posting import post_change, post_incident, post_postmortem
from desk.incidents.inputs import IncidentChange, NewIncident, check_backfill
from desk.incidents.listing import IncidentFilter, list_incidents
from desk.incidents.lookup import get_incident, require_over
from desk.incidents.maintenances.plans import plan_cancellation, plan_completion, plan_start
from desk.incidents.maintenances.windows import plan_move_as_said, schedule_as_said
from desk.incidents.port import port_of
from desk.moments.instants import get_instant
from desk.moments.windows import parse_start
from desk.pages.pages import get_page
from desk.people import zone_of
from desk.permissions import may_write
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape
from handlers.http.own.shapes.incidents import Components, IncidentShown, incident_of, posted_of
from storage.models import Incident, IncidentStatus, Scope

_INCIDENTS = "pages/{page_id}/incidents"
_MAINTENANCES = "pages/{page_id}/maintenances"
_ONE, _RUN = f"{_INCIDENTS}/{{incident_id}}", f"{_MAINTENANCES}/{{incident_id}}"
C = TypeVar("C", NewIncident, IncidentChange)


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of what is open, or of all."""
    wanted, page = asked.query, get_page(tx.session, asked.path["page_id"])
    narrowed = IncidentFilter(view=wanted.view, page_id=page.id, text=wanted.q)
    found = list_incidents(tx, narrowed, offset=wanted.offset, limit=wanted.per_page)
    listed = found.listed if found.offset == wanted.offset else ()
    items = [incident_of(tx, one.incident) for one in listed]
    return Part[IncidentShown](items=items, total=found.total, page=wanted.page, per_page=wanted.per_page)


def show(tx: Transaction, asked: Asked) -> Shape:
    """Everything about one."""
    return incident_of(tx, get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"]))


def _named(components: Components) -> list[str]:
    return [f"{name}={state}" if state is not None else name for name, state in components.items()]


def _heard(content: C, asked: Asked) -> C:
    return content if asked.body.deliver_notifications else replace(content, deliver_notifications=False)


def open_(tx: Transaction, asked: Asked) -> Shape:
    """A new incident."""
    body = asked.body
    said = Said(
        name=body.name,
        body=body.body,
        page=asked.path["page_id"],
        components=_named(body.components),
        status=body.status or "",
        impact=body.impact or "",
        remind=body.reminder_intervals,
        template=body.template or "",
        values=body.values,
    )
    page, new = compose_incident(tx, said)
    return posted_of(tx, post_incident(tx, page.id, _heard(new, asked)))


def backfill(tx: Transaction, asked: Asked) -> Shape:
    """An incident of the past."""
    body = asked.body
    began_at = get_instant(parse_start(body.at), now=tx.now, zone=zone_of(tx), is_past=True)
    check_backfill(began_at, tx.now)
    said = Said(name=body.name, body=body.body, page=asked.path["page_id"], impact=body.impact or "")
    page, new = compose_past(tx, said, began_at)
    return posted_of(tx, post_incident(tx, page.id, new))


def _get(tx: Transaction, asked: Asked, *, scheduled: bool) -> Incident:
    incident = get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"])
    if (incident.scheduled_for is not None) is not scheduled:
        kind = "an incident" if scheduled else "a maintenance"
        raise NotFoundError(f"“{incident.name}” is {kind}.", "For those there are operations of their own.")
    return incident


def _say(
    tx: Transaction,
    incident: Incident,
    asked: Asked,
    *,
    status: IncidentStatus | None,
    name: str = "",
    impact: str = "",
) -> Shape:
    components: Components = asked.body.components
    said = Said(name=name, body=asked.body.body, components=_named(components), impact=impact)
    change = compose_update(tx, incident, said, status=status)
    if not may_write(tx, Scope.COMPONENT_STATUS_WRITE, incident.page_id):
        # Those that it names itself are refused; the others stay as they are.
        stay = dict.fromkeys(change.components) if not components else change.components
        change = replace(change, components=stay)
    return posted_of(tx, post_change(tx, incident.id, _heard(change, asked)))


def _updating(*, scheduled: bool) -> Work:
    def work(tx: Transaction, asked: Asked) -> Shape:
        body, incident = asked.body, _get(tx, asked, scheduled=scheduled)
        return _say(tx, incident, asked, status=body.status, name=body.name, impact=body.impact or "")

    return work


def resolve(tx: Transaction, asked: Asked) -> Shape:
    """End an incident."""
    return _say(tx, _get(tx, asked, scheduled=False), asked, status=IncidentStatus.RESOLVED)


def _reopening(status: IncidentStatus, *, scheduled: bool) -> Work:
    def work(tx: Transaction, asked: Asked) -> Shape:
        incident = _get(tx, asked, scheduled=scheduled)
        require_over(tx.session, incident)
        return _say(tx, incident, asked, status=status)

    return work


def postmortem(tx: Transaction, asked: Asked) -> Shape:
    """Write down what happened, and publish it."""
    incident = get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"])
    port_of(tx, incident.page_id).write_postmortem(tx, incident.id, asked.body.body)
    notify = asked.body.deliver_notifications
    return posted_of(tx, post_postmortem(tx, incident.id, notify_subscribers=notify))


def take_back_postmortem(tx: Transaction, asked: Asked) -> Shape:
    """Show the public one no more."""
    incident = get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"])
    return incident_of(tx, port_of(tx, incident.page_id).revert_postmortem(tx, incident.id))


def delete(tx: Transaction, asked: Asked) -> Shape:
    """Remove one, with all that was said of it."""
    incident = get_incident(tx.session, asked.path["incident_id"], page_id=asked.path["page_id"])
    gone = incident_of(tx, incident)
    port_of(tx, incident.page_id).delete_incident(tx, incident.id)
    return gone


def schedule(tx: Transaction, asked: Asked) -> Shape:
    """A maintenance to come."""
    body = asked.body
    window = schedule_as_said(
        tx, body.start, ends=body.until, lasts=body.length, by_itself=body.by_itself, remind=body.remind
    )
    if not may_write(tx, Scope.COMPONENT_STATUS_WRITE, asked.path["page_id"]):
        window = replace(window, to_maintenance_state=False, to_operational_state=False)
    said = Said(
        name=body.name,
        body=body.body,
        page=asked.path["page_id"],
        components=list(body.components),
        template=body.template or "",
        values=body.values,
    )
    page, new = compose_maintenance(tx, said, window)
    return posted_of(tx, post_incident(tx, page.id, _heard(new, asked)))


def _stepping(plan: Callable[[Transaction, str], IncidentChange], after: IncidentStatus) -> Work:
    def work(tx: Transaction, asked: Asked) -> Shape:
        incident = _get(tx, asked, scheduled=True)
        plan(tx, incident.id)
        return _say(tx, incident, asked, status=after)

    return work


def _moving(*, adds: bool) -> Work:
    def work(tx: Transaction, asked: Asked) -> Shape:
        body, incident = asked.body, _get(tx, asked, scheduled=True)
        change = plan_move_as_said(
            tx, incident.id, starts=body.start, ends=body.until, lasts=body.length, body=body.body, adds=adds
        )
        return posted_of(tx, post_change(tx, incident.id, _heard(change, asked)))

    return work


def cancel(tx: Transaction, asked: Asked) -> Shape:
    """Call it off."""
    incident = _get(tx, asked, scheduled=True)
    change = plan_cancellation(tx, incident.id, reason=asked.body.body)
    return posted_of(tx, post_change(tx, incident.id, _heard(change, asked)))


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", _INCIDENTS): list_,
    ("GET", _ONE): show,
    ("POST", _INCIDENTS): open_,
    ("POST", f"{_INCIDENTS}/backfill"): backfill,
    ("POST", f"{_ONE}/update"): _updating(scheduled=False),
    ("POST", f"{_ONE}/resolve"): resolve,
    ("POST", f"{_ONE}/reopen"): _reopening(IncidentStatus.INVESTIGATING, scheduled=False),
    ("POST", f"{_ONE}/postmortem"): postmortem,
    ("POST", f"{_ONE}/take-back-postmortem"): take_back_postmortem,
    ("POST", f"{_ONE}/delete"): delete,
    ("POST", _MAINTENANCES): schedule,
    ("POST", f"{_RUN}/start"): _stepping(plan_start, IncidentStatus.IN_PROGRESS),
    ("POST", f"{_RUN}/update"): _updating(scheduled=True),
    ("POST", f"{_RUN}/complete"): _stepping(plan_completion, IncidentStatus.COMPLETED),
    ("POST", f"{_RUN}/extend"): _moving(adds=True),
    ("POST", f"{_RUN}/reschedule"): _moving(adds=False),
    ("POST", f"{_RUN}/reopen"): _reopening(IncidentStatus.IN_PROGRESS, scheduled=True),
    ("POST", f"{_RUN}/cancel"): cancel,
}
