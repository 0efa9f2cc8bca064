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


def read_page_view(session: Session, facts: PageFacts, now: datetime) -> PageView:
    """Everything that the public documents of a page need, as of `now`."""
    components = _read_components(session, facts.id, facts.time_zone, now)
    retired = tuple(ComponentView.of(row, ()) for row in list_retired(session, facts.id))
    view = PageView(
        page=facts,
        components=components,
        retired=retired,
        incidents=_read_incidents(session, _current(session, facts.id, now), (*components, *retired)),
        first_incident_at=min(_read_firsts(session, facts.id), default=None),
    )
    latest, *_, first = recent_months(view.as_of(now), view.zone)
    return replace(view, history=tuple(read_period(session, view, first.start, latest.end)))


def read_incidents(session: Session, page: PageView, condition: ColumnElement[bool]) -> Sequence[IncidentView]:
    """Incidents of a page that meet a condition, the newest first: for what lies behind the page view."""
    rows = session.scalars(
        select(Incident)
        .where(Incident.page_id == page.page.id, condition)
        .order_by(Incident.created_at.desc(), Incident.id)
    ).all()
    return _read_incidents(session, rows, (*page.components, *page.retired))


def find_incident_view(session: Session, page: PageView, incident_id: str) -> IncidentView | None:
    """One incident of a page, or None."""
    return next(iter(read_incidents(session, page, Incident.id == incident_id)), None)


def read_period(session: Session, page: PageView, start: datetime, end: datetime) -> Sequence[IncidentView]:
    """The incidents and maintenances that belong between two instants, the newest first.

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
        for incident in read_incidents(session, page, or_(realtime, scheduled))
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


def _current(session: Session, page_id: str, now: datetime) -> Sequence[Incident]:
    of_page = Incident.page_id == page_id
    # What ended of late may have begun long ago, and what was said last be about something older than fifty others.
    touched = select(Incident).where(of_page, Incident.updated_at >= now - LATELY)
    latest = select(Incident).where(of_page).order_by(Incident.updated_at.desc(), Incident.id).limit(RECENT)
    open_now = select(Incident).where(of_page, Incident.status.not_in(list(ENDED)))
    realtime = (
        select(Incident)
        .where(of_page, Incident.scheduled_for.is_(None))
        .order_by(Incident.created_at.desc(), Incident.id)
        .limit(RECENT)
    )
    scheduled = (
        select(Incident)
        .where(of_page, Incident.scheduled_for.is_not(None))
        .order_by(Incident.scheduled_for.desc(), Incident.id)
        .limit(RECENT)
    )
    queries: tuple[Select[Incident], ...] = (open_now, realtime, scheduled, touched, latest)
    found = {row.id: row for query in queries for row in session.scalars(query)}
    return sorted(found.values(), key=lambda row: (row.created_at, row.number), reverse=True)


def _read_incidents(
    session: Session, rows: Sequence[Incident], components: Sequence[ComponentView]
) -> tuple[IncidentView, ...]:
    ids = [row.id for row in rows]
    updates: dict[str, list[UpdateView]] = {incident_id: [] for incident_id in ids}
    for update in list_updates(session, ids) if ids else ():
        updates[update.incident_id].append(UpdateView.of(update))
    about = _read_abouts(session, ids)
    # In the order of the page's own list, which is that of the API.
    rank = {component.id: rank for rank, component in enumerate(components)}
    return tuple(
        IncidentView.of(
            row,
            tuple(updates[row.id]),
            tuple(sorted(about.get(row.id, set()) & rank.keys(), key=rank.__getitem__)),
        )
        for row in rows
    )


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
