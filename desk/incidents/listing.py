"""Lists of incidents, maintenances and drafts: what is open first, then what is planned, then the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import aliased

from desk.acting_keys import acting_key
from desk.errors import NotAllowedError
from desk.incidents.drafts.content import is_scheduled
from desk.incidents.drafts.decision import role_for, role_of
from desk.incidents.inputs import ENDED
from desk.permissions import EffectiveRoles, is_insider, roles_of_actor
from desk.transaction import Transaction
from storage.folding import holds
from storage.models import (
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentUpdate,
    Scope,
)

_UNDECIDED = (DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK)
_MOST_DRAFTS = 50


class IncidentListView(StrEnum):
    """Which incidents a list shows."""

    OPEN = "open"
    """What is not over, planned maintenances included."""
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """What a list of incidents is narrowed to. `text` is looked for in names."""

    view: IncidentListView = IncidentListView.OPEN
    page_id: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ListedIncident:
    """An incident, the last thing said about it, and whether the actor may say the next."""

    incident: Incident
    last: IncidentUpdate | None
    may_publish: bool


@dataclass(frozen=True, slots=True)
class IncidentPart:
    """A part of a list, and how long the whole list is."""

    listed: Sequence[ListedIncident]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class ListedDraft:
    """A draft that nobody has decided on yet."""

    draft: IncidentDraft
    incident: Incident | None
    """The incident that an update or postmortem is for."""
    is_own: bool


@dataclass(frozen=True, slots=True)
class OpenDrafts:
    """Drafts in which the actor has a say: others' that wait for a second person, and their own."""

    waiting: Sequence[ListedDraft] = ()
    own: Sequence[ListedDraft] = ()


_READING = frozenset({Scope.READ, Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE})


def require_reader(tx: Transaction, page_id: str | None = None) -> None:
    """Raises NotAllowedError unless the actor is a full member or serves them, or a key that reads the page: guests
    have the public one."""
    key = acting_key(tx)
    reads = page_id is not None and key.reaches([page_id]) and not _READING.isdisjoint(key.scopes)
    if not is_insider(tx) and not reads:
        raise NotAllowedError(
            "Only full members of the workspace can look incidents and maintenances up here.",
            f"The status page shows what is public: {tx.policy.base_url}",
        )


def list_incidents(tx: Transaction, wanted: IncidentFilter, *, offset: int = 0, limit: int = 50) -> IncidentPart:
    """A part of the incidents and maintenances that a filter lets through. Raises NotAllowedError for guests."""
    require_reader(tx, wanted.page_id)
    conditions = _conditions(wanted)
    total = tx.session.scalar(select(func.count()).select_from(Incident).where(*conditions)) or 0
    offset = min(offset, max(0, (total - 1) // limit * limit))
    rows = tx.session.scalars(
        select(Incident).where(*conditions).order_by(*_OPEN_FIRST).offset(offset).limit(limit)
    ).all()
    return IncidentPart(with_last_words(tx, rows), total, offset)


def list_current(tx: Transaction) -> Sequence[ListedIncident]:
    """Everything that is open or planned, in the order of lists. It is public, so anybody may ask."""
    rows = tx.session.scalars(select(Incident).where(*_conditions(IncidentFilter())).order_by(*_OPEN_FIRST)).all()
    return with_last_words(tx, rows)


def with_last_words(tx: Transaction, incidents: Sequence[Incident]) -> Sequence[ListedIncident]:
    """The incidents with what was last said about each, and whether the actor may say the next."""
    roles = roles_of_actor(tx)
    last = _read_last(tx, [incident.id for incident in incidents]) if incidents else {}
    return [ListedIncident(row, last.get(row.id), roles.has(role_of(row), row.page_id)) for row in incidents]


def _read_last(tx: Transaction, incident_ids: Sequence[str]) -> dict[str, IncidentUpdate]:
    # One step down an index for each incident, however much was said about it.
    each = aliased(IncidentUpdate)
    latest = (
        select(each.id)
        .where(each.incident_id == Incident.id)
        .order_by(each.display_at.desc(), each.created_at.desc(), each.id)
        .limit(1)
        .scalar_subquery()
    )
    rows = tx.session.scalars(
        select(IncidentUpdate).join(Incident, IncidentUpdate.id == latest).where(Incident.id.in_(incident_ids))
    )
    return {row.incident_id: row for row in rows}


def list_drafts(tx: Transaction) -> OpenDrafts:
    """The actor's own undecided drafts, and those of others that they may publish, the newest first."""
    if not is_insider(tx):
        return OpenDrafts()
    author_id, roles = tx.actor.author_id, roles_of_actor(tx)
    own = IncidentDraft.author_id == author_id
    rows = tx.session.scalars(
        select(IncidentDraft)
        .where(or_(own, IncidentDraft.status == DraftStatus.WAITING), IncidentDraft.status.in_(_UNDECIDED))
        .order_by(IncidentDraft.updated_at.desc(), IncidentDraft.id)
        .limit(_MOST_DRAFTS)
    ).all()
    found = [
        ListedDraft(
            row,
            tx.session.get(Incident, row.incident_id) if row.incident_id else None,
            is_own=row.author_id == author_id,
        )
        for row in rows
    ]
    return OpenDrafts(
        waiting=[each for each in found if not each.is_own and _may_publish(tx, roles, each.draft)],
        own=[each for each in found if each.is_own],
    )


def _may_publish(tx: Transaction, roles: EffectiveRoles, draft: IncidentDraft) -> bool:
    return roles.has(role_for(DraftKind(draft.kind), scheduled=is_scheduled(tx, draft)), draft.page_id)


def _conditions(wanted: IncidentFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.view is IncidentListView.OPEN:
        conditions.append(Incident.status.not_in(list(ENDED)))
    if wanted.page_id is not None:
        conditions.append(Incident.page_id == wanted.page_id)
    if wanted.text:
        # Names as they are written, too: SQLite lowers only the letters of English.
        as_written = Incident.name.contains(wanted.text, autoescape=True)
        lowered = holds(Incident.name, wanted.text)
        conditions.append(or_(as_written, lowered))
    return conditions


_IS_PLANNED = Incident.status == IncidentStatus.SCHEDULED
_OPEN_FIRST = (
    case((_IS_PLANNED, 1), (Incident.status.in_(list(ENDED)), 2), else_=0),
    # The next maintenance first; of everything else the newest.
    case((_IS_PLANNED, Incident.scheduled_for), else_=None),
    func.coalesce(Incident.scheduled_for, Incident.created_at).desc(),
    Incident.id,
)
