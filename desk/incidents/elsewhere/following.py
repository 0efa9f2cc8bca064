"""What becomes at a Statuspage elsewhere of the incidents of its pages: followed here, whoever opened them where."""

import html
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, or_, select

from desk.audit import trail as audit
from desk.identifiers import new_id
from desk.incidents.announcements import announce_deletion
from desk.incidents.changes import finish_change
from desk.incidents.drafts.review import drop_drafts, lock_drafts
from desk.incidents.elsewhere.changes import find_creation
from desk.incidents.incidents import next_number
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import find_incident, own_incident
from desk.incidents.reminders import plan_reminder, settle_reminders
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction, pages_changed
from storage.models import (
    Component,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentUpdate,
    Page,
    Upstream,
    UpstreamChange,
)

_TAG = re.compile(r"<[^<>]*>")
MOST_ASKED = 10
"""So many incidents of a page are asked for one by one."""
_LATELY = timedelta(hours=1)
"""What was said there longer ago is not announced any more."""
_FOLLOWED = ("name", "impact", "impact_override")
_OF_MAINTENANCES = (
    "scheduled_for",
    "scheduled_until",
    "scheduled_remind_prior",
    "scheduled_auto_in_progress",
    "scheduled_auto_completed",
    "auto_transition_to_maintenance_state",
    "auto_transition_to_operational_state",
    "auto_transition_deliver_notifications_at_start",
    "auto_transition_deliver_notifications_at_end",
)
_STAMPS = ("monitoring_at", "resolved_at")
_INSTANT = timedelta(microseconds=1)
_TOLD_TO = timedelta(milliseconds=1)
"""As exactly as instants are told there."""
_SAME = timedelta(minutes=15)
"""What each side says of a maintenance by itself is the same, when it says it about the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateThere:
    """Something that was said of an incident there."""

    id: str
    status: IncidentStatus
    body: str
    created_at: datetime
    display_at: datetime
    deliver_notifications: bool = True
    affected: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentThere:
    """An incident as it is there. `fields` are those of a row here, by their names."""

    id: str
    status: IncidentStatus
    fields: Mapping[str, Any]
    mark: str | None = None
    """Which incident of ours it is, by its mark."""
    component_ids: Sequence[str] = ()
    updates: Sequence[UpdateThere] = field(default=())
    """The newest first."""


def follow_incidents(
    tx: Transaction, page_id: str, there: Sequence[IncidentThere], *, asked_at: datetime
) -> Sequence[str]:
    """Bring what is known of a page's incidents up to date with what its Statuspage had when it was asked; names of
    those that changed. What is open there and not known here is brought; what is over stays where it is.

    An incident of which something is on its way there, or arrived since, is left as it is for now.
    """
    require_duty(tx, Duty.COPIES)
    _wait_for_others(tx)
    page = tx.session.get_one(Page, page_id)
    known = {
        row.upstream_id: row
        for row in tx.session.scalars(
            select(Incident).where(Incident.page_id == page_id, Incident.upstream_id.in_([one.id for one in there]))
        )
    }
    changed = []
    for one in there:
        incident = known.get(one.id)
        if incident is None:
            if one.status not in ENDED and not _is_ours(tx, one):
                changed.append(_bring(tx, page, one).name)
        elif not _is_on_its_way(tx, incident.id, asked_at) and _bring_up_to_date(tx, page, incident, one):
            changed.append(incident.name)
    return changed


def list_open_there(tx: Transaction, page_id: str, besides: Collection[str]) -> Sequence[str]:
    """Ids there of incidents that are open as far as is known here, besides those that were heard of just now."""
    require_duty(tx, Duty.COPIES)
    open_here = select(Incident.upstream_id).where(
        Incident.page_id == page_id,
        Incident.upstream_id.is_not(None),
        Incident.upstream_id.not_in(list(besides)),
        Incident.status.not_in(list(ENDED)),
    )
    found = tx.session.scalars(open_here.order_by(Incident.updated_at).limit(MOST_ASKED))
    return [one for one in found if one is not None]


def note_gone(tx: Transaction, page_id: str, upstream_id: str, *, asked_at: datetime) -> bool:
    """An incident is not there any more: it is none here either. False while something of it is on its way there."""
    require_duty(tx, Duty.COPIES)
    _wait_for_others(tx)
    of_page = (Incident.page_id == page_id, Incident.upstream_id == upstream_id)
    incident = tx.session.scalars(select(Incident).where(*of_page)).one_or_none()
    if incident is None or _is_on_its_way(tx, incident.id, asked_at):
        return False
    drop_drafts(tx, lock_drafts(tx, incident.id), name=incident.name)
    tx.session.get_one(Page, page_id).updated_at = tx.now
    settle_reminders(tx, incident.id)
    tx.session.execute(delete(Incident).where(Incident.id == incident.id))
    tx.session.expunge(incident)
    announce_deletion(tx, incident)
    pages_changed(tx)
    audit.record(tx, audit.Action.INCIDENT_DELETED, "incident", incident.id, name=incident.name, page_id=page_id)
    return True


def _wait_for_others(tx: Transaction) -> None:
    """One after the other: what the job has read and what a webhook tells may be the same."""
    tx.session.execute(select(Upstream.id).with_for_update())


def _is_ours(tx: Transaction, there: IncidentThere) -> bool:
    """Whether it is one of ours of which that is not noted yet, or that was deleted here a moment ago."""
    if there.mark is None:
        return False
    return find_incident(tx.session, there.mark) is not None or find_creation(tx.session, there.mark) is not None


def _is_on_its_way(tx: Transaction, incident_id: str, asked_at: datetime) -> bool:
    waits = exists().where(
        Delivery.subject == UpstreamChange.id,
        Delivery.status.in_((DeliveryStatus.PENDING, DeliveryStatus.SENDING)),
    )
    moving = or_(UpstreamChange.there_at >= asked_at, UpstreamChange.there_at.is_(None) & waits)
    found = select(UpstreamChange.id).where(UpstreamChange.incident_id == incident_id, moving)
    return tx.session.scalars(found.limit(1)).first() is not None


def _bring(tx: Transaction, page: Page, there: IncidentThere) -> Incident:
    taken = find_incident(tx.session, there.id) is not None
    incident = Incident(
        id=new_id() if taken else there.id,
        number=next_number(tx),
        page_id=page.id,
        upstream_id=there.id,
        created_by=str(tx.actor),
        backfilled=False,
        status=there.status,
        **there.fields,
    )
    tx.session.add(incident)
    tx.session.flush()
    _attach(tx, incident, there)
    said: list[IncidentUpdate] = []
    for one in reversed(there.updates):
        said.append(_say(tx, incident, one, after=said))
    _finish(tx, incident, page, audit.Action.INCIDENT_CREATED, said[-1:])
    return incident


def _bring_up_to_date(tx: Transaction, page: Page, incident: Incident, there: IncidentThere) -> bool:
    own_incident(tx.session, incident.id)
    followed = (*_FOLLOWED, *(_OF_MAINTENANCES if incident.scheduled_for is not None else ()))
    told = {name: there.fields[name] for name in followed if getattr(incident, name) != there.fields[name]}
    if incident.status != there.status:
        # When each side wrote that down is its own matter; when it is over, it says.
        told |= {"status": there.status, **{name: there.fields[name] for name in _STAMPS}}
    for name, value in told.items():
        setattr(incident, name, value)
    attached = _attach(tx, incident, there)
    said, corrected = _hear(tx, incident, there.updates)
    if not (told or attached or said or corrected):
        return False
    incident.version += 1
    incident.updated_at = tx.now
    tx.session.flush()
    action = audit.Action.INCIDENT_UPDATED if said else audit.Action.INCIDENT_EDITED
    _finish(tx, incident, page, action, said[-1:])
    return True


def _finish(
    tx: Transaction, incident: Incident, page: Page, action: audit.Action, latest: Sequence[IncidentUpdate]
) -> None:
    for said in latest:
        plan_reminder(tx, incident, said)
        settle_reminders(tx, incident.id)
    if incident.status in ENDED:
        incident.update_due_at = None
    lately = [said for said in latest if tx.now - said.created_at <= _LATELY]
    finish_change(tx, incident, page, action, next(iter(lately), None))


def _attach(tx: Transaction, incident: Incident, there: IncidentThere) -> bool:
    on_page = (Component.page_id == incident.page_id, Component.id.in_(there.component_ids))
    known = set(tx.session.scalars(select(Component.id).where(*on_page, Component.group.is_(False))))
    own = select(IncidentComponent.component_id).where(IncidentComponent.incident_id == incident.id)
    new = known - set(tx.session.scalars(own))
    tx.session.add_all(IncidentComponent(incident_id=incident.id, component_id=one) for one in sorted(new))
    return bool(new)


def _hear(tx: Transaction, incident: Incident, there: Sequence[UpdateThere]) -> tuple[Sequence[IncidentUpdate], bool]:
    """What was said there and is new here, the oldest first; and whether anything was corrected."""
    here = tx.session.scalars(select(IncidentUpdate).where(IncidentUpdate.incident_id == incident.id)).all()
    known = {one.upstream_id: one for one in here if one.upstream_id is not None}
    unknown = [one for one in here if one.upstream_id is None]
    said: list[IncidentUpdate] = []
    corrected = False
    for one in reversed(there):
        row = known.get(one.id)
        if row is None:
            row = next((each for each in unknown if _is_same(each, one)), None)
            if row is None:
                said.append(_say(tx, incident, one, after=[*here, *said]))
                continue
            unknown.remove(row)
            row.upstream_id = one.id
        elif (row.body, row.display_at) != (one.body, one.display_at) and _is_corrected(row, one):
            row.body, row.display_at, row.updated_at = one.body, one.display_at, tx.now
            corrected = True
    tx.session.flush()
    return said, corrected


def _is_same(here: IncidentUpdate, there: UpdateThere) -> bool:
    return here.status == there.status and abs(here.created_at - there.created_at) <= _SAME


def _is_corrected(here: IncidentUpdate, there: UpdateThere) -> bool:
    """Whether somebody wrote other words: the same ones come back in Statuspage's own markup."""
    return bare_words(here.body) != bare_words(there.body)


def bare_words(words: str) -> str:
    """The words alone, without markup and blanks."""
    return "".join(_TAG.sub("", html.unescape(words)).split())


def _say(
    tx: Transaction, incident: Incident, there: UpdateThere, *, after: Sequence[IncidentUpdate]
) -> IncidentUpdate:
    # They are read in the order of their instants.
    at = there.created_at
    later = [one.created_at + _INSTANT for one in after if at <= one.created_at < at + _TOLD_TO]
    said = IncidentUpdate(
        id=new_id(),
        upstream_id=there.id,
        incident_id=incident.id,
        status=there.status,
        body=there.body,
        created_at=max([at, *later]),
        updated_at=max([at, *later]),
        display_at=max([at, *later]) if there.display_at == at else there.display_at,
        affected_components=[dict(one) for one in there.affected] or None,
        deliver_notifications=there.deliver_notifications,
        created_by=str(tx.actor),
    )
    tx.session.add(said)
    tx.session.flush()
    return said
