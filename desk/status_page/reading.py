"""What the public sees of a page, read at once in a fixed number of bounded queries.

The cost follows from how much there is to show, never from the age of the page: ninety days of state changes, what is
open, and the last fifty of each kind. Everything older is read one incident or one month at a time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from desk.incidents.components import list_components, list_retired
from desk.incidents.inputs import ENDED, RUNNING
from desk.incidents.lookup import list_updates
from desk.pages.pages import list_pages
from desk.status_page.components import ComponentView
from desk.status_page.histories import read_histories
from desk.status_page.incidents import IncidentView, UpdateView
from desk.status_page.marks import as_utc
from desk.status_page.months import recent_months
from desk.status_page.pages import PageFacts, PageView
from storage.models import (
    Backend,
    Incident,
    IncidentComponent,
    IncidentStatus,
    IncidentUpdate,
    Page,
)

RECENT = 50
"""How many incidents, and how many maintenances, a page view carries besides those that are open."""
LATELY = timedelta(days=15)
"""How long what is over is carried at least, whenever it began."""
WINDOW = timedelta(days=92)
"""How far back changes are read: ninety whole days in any time zone, and today."""


def is_public(page: Page) -> bool:
    """Whether everybody may read the page here: not when it is for team members or for some addresses only, and not
    when another Statuspage keeps it."""
    if page.backend != Backend.LOCAL:
        return False
    closed = page.configuration.get("viewers_must_be_team_members") or page.configuration.get("ip_restrictions")
    return not closed


def list_public_pages(session: Session) -> Sequence[PageFacts]:
    """The pages that everybody may read, by name."""
    return [_facts(page) for page in list_pages(session) if is_public(page)]


def read_page_view(session: Session, facts: PageFacts, now: datetime, before: PageView | None = None) -> PageView:
    """Everything that the public documents of a page need, as of `now`. Of incidents that are as in the view
    `before`, nothing is read but that they are."""
    components = _read_components(session, facts.id, facts.time_zone, now)
    retired = tuple(ComponentView.of(row, ()) for row in list_retired(session, facts.id))
    known = _views_in(before)
    current = _read_incidents(session, _current(session, facts.id, now), (*components, *retired), known)
    view = PageView(
        page=facts,
        components=components,
        retired=retired,
        incidents=tuple(sorted(current, key=lambda one: (one.created_at, one.number), reverse=True)),
        first_incident_at=min(_read_firsts(session, facts.id), default=None),
    )
    known |= _views_in(view)
    latest, *_, first = recent_months(view.as_of(now), view.zone)
    return replace(view, history=tuple(read_period(session, view, first.start, latest.end, known)))


def read_incidents(
    session: Session,
    page: PageView,
    condition: ColumnElement[bool],
    known: Mapping[str, IncidentView] | None = None,
) -> Sequence[IncidentView]:
    """Incidents of a page that meet a condition, the newest first: for what lies behind the page view. Those that are
    as `known` are not read again."""
    of_page = _MARKS.where(Incident.page_id == page.page.id, condition)
    marks = _read_marks(session, of_page.order_by(Incident.created_at.desc(), Incident.id))
    return _read_incidents(session, marks, (*page.components, *page.retired), known or {})


def find_incident_view(session: Session, page: PageView, incident_id: str) -> IncidentView | None:
    """One incident of a page, or None."""
    return next(iter(read_incidents(session, page, Incident.id == incident_id)), None)


def read_period(
    session: Session,
    page: PageView,
    start: datetime,
    end: datetime,
    known: Mapping[str, IncidentView] | None = None,
) -> Sequence[IncidentView]:
    """The incidents and maintenances that belong between two instants, the newest first. Those that are as `known`
    are not read again.

    A maintenance belongs to the time at which it began; one that is yet to begin belongs to none.
    """
    realtime = and_(Incident.scheduled_for.is_(None), Incident.created_at >= start, Incident.created_at < end)
    planned = and_(Incident.scheduled_for >= start, Incident.scheduled_for < end)
    ran = exists().where(
        IncidentUpdate.incident_id == Incident.id,
        IncidentUpdate.display_at >= start,
        IncidentUpdate.display_at < end,
        IncidentUpdate.status.in_(list(RUNNING)),
    )
    scheduled = and_(
        Incident.scheduled_for.is_not(None), Incident.status != IncidentStatus.SCHEDULED, or_(planned, ran)
    )
    found = [
        incident
        for incident in read_incidents(session, page, or_(realtime, scheduled), known)
        if start <= incident.began_at < end
    ]
    return sorted(found, key=lambda incident: (incident.began_at, incident.id), reverse=True)


def _read_firsts(session: Session, page_id: str) -> Sequence[datetime]:
    """When the first incident and the first maintenance began, and the first that ran before its time."""
    early = (
        select(func.min(IncidentUpdate.display_at))
        .join(Incident, Incident.id == IncidentUpdate.incident_id)
        .where(
            Incident.page_id == page_id,
            Incident.scheduled_for > IncidentUpdate.display_at,
            IncidentUpdate.status.in_(list(RUNNING)),
        )
    )
    firsts = (
        as_utc(session.scalar(early)),
        *(
            session.scalar(select(at).where(Incident.page_id == page_id, kind).order_by(at).limit(1))
            for at, kind in (
                (Incident.created_at, Incident.scheduled_for.is_(None)),
                (Incident.scheduled_for, Incident.scheduled_for.is_not(None)),
            )
        ),
    )
    return [first for first in firsts if first is not None]


def _facts(page: Page) -> PageFacts:
    return PageFacts(
        id=page.id,
        name=page.name,
        subdomain=page.subdomain,
        domain=page.domain,
        url=page.url,
        description=page.page_description,
        time_zone=page.time_zone,
        configuration=dict(page.configuration),
        updated_at=page.updated_at,
        created_at=page.created_at,
        entries_address=page.entries_address,
    )


Mark = tuple[int, datetime]
"""A version, which grows with every change of an incident and of what was said about it, and when that was: a
database that was restored may come to the same version by another change."""
_MARKS = select(Incident.id, Incident.version, Incident.updated_at)


def _read_marks(session: Session, query: Select[str, int, datetime]) -> Mapping[str, Mark]:
    return {incident_id: (version, at) for incident_id, version, at in session.execute(query)}


def _current(session: Session, page_id: str, now: datetime) -> Mapping[str, Mark]:
    """What is open, the latest, and what was touched of late."""
    of_page = _MARKS.where(Incident.page_id == page_id)
    # What ended of late may have begun long ago, and what was said last be about something older than fifty others.
    touched = of_page.where(Incident.updated_at >= now - LATELY)
    latest = of_page.order_by(Incident.updated_at.desc(), Incident.id).limit(RECENT)
    open_now = of_page.where(Incident.status.not_in(list(ENDED)))
    realtime = (
        of_page.where(Incident.scheduled_for.is_(None))
        .order_by(Incident.created_at.desc(), Incident.id)
        .limit(RECENT)
    )
    scheduled = (
        of_page.where(Incident.scheduled_for.is_not(None))
        .order_by(Incident.scheduled_for.desc(), Incident.id)
        .limit(RECENT)
    )
    found: dict[str, Mark] = {}
    for query in (open_now, realtime, scheduled, touched, latest):
        found |= _read_marks(session, query)
    return found


def _views_in(page: PageView | None) -> dict[str, IncidentView]:
    return {one.id: one for one in (*page.history, *page.incidents)} if page is not None else {}


def _read_incidents(
    session: Session,
    marks: Mapping[str, Mark],
    components: Sequence[ComponentView],
    known: Mapping[str, IncidentView],
) -> tuple[IncidentView, ...]:
    """Those with these ids, in their order, and none that is gone meanwhile."""
    views = {one: known[one] for one, mark in marks.items() if one in known and _mark_of(known[one]) == mark}
    views |= _read_anew(session, [one for one in marks if one not in views])
    about = _read_abouts(session, views)
    # In the order of the page's own list, which is that of the API.
    rank = {component.id: rank for rank, component in enumerate(components)}
    found = []
    for view in (views[one] for one in marks if one in views):
        ids = tuple(sorted((one for one in about.get(view.id, ()) if one in rank), key=rank.__getitem__))
        found.append(view if view.component_ids == ids else replace(view, component_ids=ids))
    return tuple(found)


def _mark_of(view: IncidentView) -> Mark:
    return view.version, view.updated_at


def _read_anew(session: Session, incident_ids: Sequence[str]) -> Mapping[str, IncidentView]:
    if not incident_ids:
        return {}
    updates: dict[str, list[UpdateView]] = {incident_id: [] for incident_id in incident_ids}
    for update in list_updates(session, incident_ids):
        updates[update.incident_id].append(UpdateView.of(update))
    rows = session.scalars(select(Incident).where(Incident.id.in_(incident_ids)))
    return {row.id: IncidentView.of(row, tuple(updates[row.id]), ()) for row in rows}


def _read_abouts(session: Session, incident_ids: Collection[str]) -> Mapping[str, set[str]]:
    about: dict[str, set[str]] = {}
    if incident_ids:
        query = select(IncidentComponent.incident_id, IncidentComponent.component_id)
        for incident_id, component_id in session.execute(
            query.where(IncidentComponent.incident_id.in_(incident_ids))
        ):
            about.setdefault(incident_id, set()).add(component_id)
    return about


def _read_components(session: Session, page_id: str, zone_name: str, now: datetime) -> tuple[ComponentView, ...]:
    rows = list_components(session, page_id)
    # All day long from the same instant on, so that a history is the same one until something happens.
    start = (now - WINDOW).replace(hour=0, minute=0, second=0, microsecond=0)
    histories = read_histories(session, rows, start, now, ZoneInfo(zone_name))
    return tuple(ComponentView.of(row, histories.get(row.id, ())) for row in rows)
