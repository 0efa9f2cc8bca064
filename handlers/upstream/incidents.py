"""Incidents as a Statuspage elsewhere tells of them, as far as they can be kept here."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from desk.incidents.elsewhere.following import IncidentThere, UpdateThere
from desk.incidents.inputs import MAX_BODY, MAX_NAME
from desk.pages.status import Impact
from desk.texts import without_broken
from handlers.upstream.marks import GROUP, PER_PAGE
from handlers.upstream.reading import UnreadableError, UpstreamReader
from storage.models import IncidentStatus

_log = structlog.get_logger(__name__)


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _as_kept(status: Any) -> Any:
    """Older incidents there are called so once their postmortem is public."""
    return IncidentStatus.RESOLVED if status == "postmortem" else status


_Status = Annotated[IncidentStatus, BeforeValidator(_as_kept)]
_Id = Annotated[str, Field(pattern=r"^[a-z0-9]{1,12}$")]
_Instant = Annotated[datetime, AfterValidator(_in_utc)]
_Text = Annotated[str, AfterValidator(without_broken)]
_FLAGS = (
    "scheduled_remind_prior",
    "scheduled_auto_in_progress",
    "scheduled_auto_completed",
    "auto_transition_to_maintenance_state",
    "auto_transition_to_operational_state",
    "auto_transition_deliver_notifications_at_start",
    "auto_transition_deliver_notifications_at_end",
)


class _Affected(BaseModel):
    code: _Id
    name: _Text
    old_status: str
    new_status: str


class _Update(BaseModel):
    id: _Id
    status: _Status
    body: _Text | None = None
    created_at: _Instant
    display_at: _Instant | None = None
    deliver_notifications: bool | None = True
    affected_components: list[Any] | None = None


class _Component(BaseModel):
    id: _Id


class _Incident(BaseModel):
    id: _Id
    name: _Text
    status: _Status
    impact: Impact | None = None
    impact_override: Impact | None = None
    created_at: _Instant
    updated_at: _Instant | None = None
    started_at: _Instant | None = None
    monitoring_at: _Instant | None = None
    resolved_at: _Instant | None = None
    scheduled_for: _Instant | None = None
    scheduled_until: _Instant | None = None
    scheduled_remind_prior: bool | None = False
    scheduled_auto_in_progress: bool | None = False
    scheduled_auto_completed: bool | None = False
    auto_transition_to_maintenance_state: bool | None = False
    auto_transition_to_operational_state: bool | None = False
    auto_transition_deliver_notifications_at_start: bool | None = False
    auto_transition_deliver_notifications_at_end: bool | None = False
    shortlink: Annotated[str, Field(pattern=r"^https?://[^\s<>|]{1,240}$")] | None = None
    metadata: Any = None
    components: list[_Component] | None = None
    incident_updates: list[_Update] | None = None


_ROWS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])
_AFFECTED = TypeAdapter(_Affected)


async def read_incidents(reader: UpstreamReader, page_id: str) -> Sequence[IncidentThere]:
    """The newest of a page, whatever became of them. Raises UnreadableError."""
    body = await reader.ask(f"/v1/pages/{page_id}/incidents?limit={PER_PAGE}&page=1")
    try:
        rows = _ROWS.validate_json(body)
    except ValidationError as error:
        raise UnreadableError("What it answers is no list of incidents.", "Is the address right?") from error
    return list(_understood(rows))


async def find_incident(reader: UpstreamReader, page_id: str, incident_id: str) -> IncidentThere | None:
    """One of them; None where it is not there. Raises UnreadableError."""
    try:
        body = await reader.ask(f"/v1/pages/{page_id}/incidents/{incident_id}")
    except UnreadableError as error:
        if error.status == 404:
            return None
        raise
    try:
        return _as_there(_Incident.model_validate_json(body))
    except ValidationError as error:
        raise UnreadableError("What it answers is no incident.", "Is the address right?") from error


def _understood(rows: Sequence[Any]) -> Iterator[IncidentThere]:
    for row in rows:
        try:
            yield _as_there(_Incident.model_validate(row))
        except ValidationError as error:
            # One that nobody understands holds up no other.
            _log.warning("upstream_incident_not_understood", at=str(error.errors()[0]["loc"]))


def _as_there(row: _Incident) -> IncidentThere:
    mark = row.metadata.get(GROUP) if isinstance(row.metadata, dict) else None
    mark = mark.get("incident") if isinstance(mark, dict) else None
    fields: dict[str, Any] = {
        "name": row.name[:MAX_NAME] or row.id,
        "impact": str(row.impact or Impact.NONE),
        "impact_override": str(row.impact_override) if row.impact_override is not None else None,
        "created_at": row.created_at,
        "updated_at": row.updated_at or row.created_at,
        "started_at": row.started_at or row.created_at,
        "monitoring_at": row.monitoring_at,
        "resolved_at": row.resolved_at,
        "scheduled_for": row.scheduled_for,
        "scheduled_until": row.scheduled_until,
        "shortlink": row.shortlink or "",
        **{name: bool(getattr(row, name)) for name in _FLAGS},
    }
    return IncidentThere(
        id=row.id,
        status=row.status,
        fields=fields,
        mark=mark if isinstance(mark, str) else None,
        component_ids=[one.id for one in row.components or ()],
        updates=[_update_of(one) for one in row.incident_updates or ()],
    )


def _update_of(row: _Update) -> UpdateThere:
    affected = []
    for one in row.affected_components or ():
        try:
            affected.append(_AFFECTED.validate_python(one).model_dump())
        except ValidationError:
            # Old ones have a sentence instead.
            continue
    return UpdateThere(
        id=row.id,
        status=row.status,
        body=(row.body or "")[:MAX_BODY],
        created_at=row.created_at,
        display_at=row.display_at or row.created_at,
        deliver_notifications=row.deliver_notifications is not False,
        affected=affected,
    )
