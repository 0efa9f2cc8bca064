"""Incidents, found and listed."""

import difflib
import re
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.inputs import ENDED, REALTIME, RUNNING, SCHEDULED
from storage.folding import begins_with, fold, is_called
from storage.models import Incident, IncidentComponent, IncidentStatus, IncidentUpdate, Page


def find_incident(session: Session, incident_id: str) -> Incident | None:
    """The incident, or None."""
    return session.get(Incident, incident_id)


def get_incident(session: Session, incident_id: str, *, page_id: str | None = None) -> Incident:
    """The incident (of that page). Raises NotFoundError."""
    return _required(find_incident(session, incident_id), page_id)


def own_incident(session: Session, incident_id: str) -> Incident:
    """The incident as it is now, and ours to change until the commit. Raises NotFoundError."""
    # Not the whole row's lock: that would collide with drafts that merely refer to it.
    locked: dict[str, Any] = {"with_for_update": {"key_share": True}, "populate_existing": True}
    return _required(session.get(Incident, incident_id, **locked))


def keep_incident(session: Session, incident_id: str, *, page_id: str | None = None) -> Incident:
    """The incident (of that page), which nobody deletes before the commit. Raises NotFoundError."""
    locked: dict[str, Any] = {"with_for_update": {"read": True, "key_share": True}, "populate_existing": True}
    return _required(session.get(Incident, incident_id, **locked), page_id)


def _required(incident: Incident | None, page_id: str | None = None) -> Incident:
    if incident is None or (page_id is not None and incident.page_id != page_id):
        raise NotFoundError("There is no such incident.", "It may have been deleted.")
    return incident


def list_updates(session: Session, incident_ids: Collection[str]) -> Sequence[IncidentUpdate]:
    """The updates of some incidents, the newest first."""
    return session.scalars(
        select(IncidentUpdate)
        .where(IncidentUpdate.incident_id.in_(incident_ids))
        .order_by(IncidentUpdate.display_at.desc(), IncidentUpdate.created_at.desc(), IncidentUpdate.id)
    ).all()


def list_open(session: Session, page_id: str | None = None, *, scheduled: bool | None = None) -> Sequence[Incident]:
    """Incidents that are not resolved and maintenances that are not completed, the newest first."""
    query = select(Incident).where(Incident.status.not_in(list(ENDED)))
    if page_id is not None:
        query = query.where(Incident.page_id == page_id)
    if scheduled is not None:
        query = query.where(Incident.status.in_(list(SCHEDULED if scheduled else REALTIME)))
    return session.scalars(query.order_by(Incident.created_at.desc(), Incident.id)).all()


def list_open_on(
    session: Session, page_id: str, component_ids: Collection[str], *, scheduled: bool | None = False
) -> Sequence[Incident]:
    """Open realtime incidents that are about any of these components: what a new one might double. Maintenances too
    where `scheduled` is None."""
    about = select(IncidentComponent.incident_id).where(IncidentComponent.component_id.in_(component_ids))
    meant = set(session.scalars(about))
    return [incident for incident in list_open(session, page_id, scheduled=scheduled) if incident.id in meant]


_PERMALINK = re.compile(r"/incidents/([0-9a-z]{12})(?![0-9a-z])", re.IGNORECASE)
_ID = re.compile(r"[0-9a-z]{12}", re.IGNORECASE)
_MOST_CANDIDATES = 5
_LONGEST_ECHO = 80
_MOST_COMPARED = 200


def find_incident_by_word(session: Session, word: str, *, open_only: bool = False) -> Incident | None:
    """The incident that a person means by its id, its permalink, its name in any case or how that begins, or None.
    On a page of a Statuspage elsewhere, by its id and links there as well.

    A whole name goes before a beginning, and what is open before what is over. Raises InvalidInputError with the
    candidates when several are meant, and ConflictError when `open_only` and what is meant is over.
    """
    wanted = " ".join(word.split())
    if not wanted:
        return None
    linked = _PERMALINK.search(wanted)
    named = (linked[1] if linked else wanted).lower()
    known = find_incident(session, named) if linked or _is_id(wanted) else None
    if known is None and (linked or _is_id(wanted) or "://" in wanted):
        there = or_(Incident.upstream_id == named, Incident.shortlink == wanted)
        known = session.scalars(select(Incident).where(there).limit(1)).first()
    if known is not None:
        if open_only and known.status in ENDED:
            raise _is_over(session, known)
        return known
    return find_called(session, wanted, open_only=open_only) or _find(
        session, wanted, begins_with(Incident.name, wanted), open_only=open_only
    )


def find_called(session: Session, name: str, *, open_only: bool = False) -> Incident | None:
    """As `find_incident_by_word`, by a whole name alone."""
    return _find(session, name, is_called(Incident.name, name), open_only=open_only)


def _find(session: Session, wanted: str, condition: ColumnElement[bool], *, open_only: bool) -> Incident | None:
    found = session.scalars(select(Incident).where(condition).order_by(Incident.created_at.desc(), Incident.id))
    meant = _meant(found.all(), open_only=open_only)
    if len(meant) > 1:
        raise _ambiguous(session, wanted, meant)
    return meant[0] if meant else None


def get_incident_by_word(session: Session, word: str, *, open_only: bool = False) -> Incident:
    """As `find_incident_by_word`. Raises NotFoundError, saying where to look, where there is none."""
    incident = find_incident_by_word(session, word, open_only=open_only)
    if incident is not None:
        return incident
    if not word.strip():
        raise InvalidInputError(
            "Say which incident.", f"By its name, its id or its link: {slash('incident list')} shows them."
        )
    over = find_incident_by_word(session, word) if open_only else None
    if over is not None:
        raise _is_over(session, over)
    shown = word.strip()
    shown = shown if len(shown) <= _LONGEST_ECHO else f"{shown[:_LONGEST_ECHO]}…"
    listed = f"`{slash('incident list all')}` shows them with their ids."
    raise NotFoundError(f"There is no incident “{shown}”.", f"{_near_names(session, word)}{listed}")


def _near_names(session: Session, word: str) -> str:
    """What may have been meant by a name that there is not."""
    newest = select(Incident.name).order_by(Incident.created_at.desc(), Incident.id).limit(_MOST_COMPARED)
    names = {fold(name): name for name in session.scalars(newest)}
    close = difflib.get_close_matches(fold(word.strip()), list(names), n=3, cutoff=0.75)
    return f"Did you mean {' or '.join(f'“{names[one]}”' for one in close)}? " if close else ""


def _is_id(word: str) -> bool:
    return _ID.fullmatch(word) is not None


def _meant(found: Sequence[Incident], *, open_only: bool) -> Sequence[Incident]:
    still_open = [incident for incident in found if incident.status not in ENDED]
    return still_open or ([] if open_only else found)


def was_called_off(session: Session, incident: Incident) -> bool:
    """Whether it is a maintenance that ended before its time without ever having begun."""
    planned, ended = incident.scheduled_for, incident.resolved_at
    if planned is None or (ended is not None and ended >= planned):
        return False
    began = select(IncidentUpdate.id).where(
        IncidentUpdate.incident_id == incident.id, IncidentUpdate.status.in_(list(RUNNING))
    )
    return session.scalar(began.limit(1)) is None


def is_called_off(incident: Incident) -> ConflictError:
    """What is said of a maintenance that was called off, where one that goes on is needed."""
    return ConflictError(f"“{incident.name}” was cancelled.", f"To announce it anew: {slash('maintenance schedule')}")


def _is_over(session: Session, incident: Incident) -> ConflictError:
    if was_called_off(session, incident):
        return is_called_off(incident)
    is_back = f"To say that it is back: {slash('incident reopen')}"
    return ConflictError(
        f"“{incident.name}” is over: it is {incident.status}.",
        is_back if incident.scheduled_for is None else f"To go on with it: {slash('maintenance reopen')}",
    )


def require_over(session: Session, incident: Incident) -> None:
    """Raises ConflictError, saying what there is instead of opening it again, while an incident is not over, and of a
    maintenance that was called off."""
    if incident.status in ENDED and was_called_off(session, incident):
        raise is_called_off(incident)
    if incident.status in ENDED:
        return
    if incident.scheduled_for is None:
        more = f"Say more: {slash('incident update')}"
    elif incident.status == IncidentStatus.SCHEDULED:
        more = f"To begin it: {slash('maintenance start')}"
    else:
        more = f"Say more: {slash('maintenance update')}"
    raise ConflictError(f"“{incident.name}” is not over: it is {incident.status.replace('_', ' ')}.", more)


def _ambiguous(session: Session, word: str, found: Sequence[Incident]) -> InvalidInputError:
    pages = dict(session.execute(select(Page.id, Page.name)).all())
    named = [
        f"“{incident.name}” on {pages[incident.page_id]} ({incident.status}, id {incident.id})"
        for incident in found[:_MOST_CANDIDATES]
    ]
    more = f" and {len(found) - _MOST_CANDIDATES} more" if len(found) > _MOST_CANDIDATES else ""
    planned = all(incident.scheduled_for is not None for incident in found)
    what = "maintenances" if planned else "incidents"
    shown = word if len(word) <= _LONGEST_ECHO else f"{word[:_LONGEST_ECHO]}…"
    return InvalidInputError(f"“{shown}” means {len(found)} {what}.", f"Say which by id: {', '.join(named)}{more}.")
