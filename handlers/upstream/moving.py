"""Pages of a Statuspage elsewhere, with everything that was ever said on them, read to be taken over."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from desk.moving.records import MovedComponent, MovedIncident, MovedPage, MovedTemplate, MovedUpdate
from desk.pages.fields import CONFIGURATION_FIELDS, ZONE_AS_GIVEN
from desk.pages.rules import domain_of, find_zone
from desk.texts import without_broken
from handlers.upstream.patience import PatientReader
from handlers.upstream.reading import UnreadableError
from storage.models import ComponentStatus, IncidentStatus

PART = 100
"""So much of a list is read at once."""
_MOST_PARTS = 10_000
T = TypeVar("T", bound="_Row")

_Id = Annotated[str, Field(pattern=r"^[a-z0-9]{1,12}$")]
_Text = Annotated[str, AfterValidator(without_broken)]
_Name = Annotated[str, AfterValidator(lambda text: without_broken(text)[:255])]
_Short = Annotated[str, AfterValidator(lambda text: without_broken(text)[:255] or None)] | None
_Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
_Flag = Annotated[bool | None, AfterValidator(bool)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: _Id


class _Page(_Row):
    model_config = ConfigDict(extra="allow")

    name: _Name
    page_description: _Text | None = None
    subdomain: _Short = None
    domain: _Short = None
    url: _Short = None
    time_zone: str | None = None
    created_at: _Instant
    updated_at: _Instant


class _Component(_Row):
    name: _Name
    position: Annotated[int, Field(ge=-(2**31), lt=2**31)] = 1
    status: ComponentStatus | None = None
    description: _Text | None = None
    group: _Flag = False
    group_id: _Id | None = None
    showcase: bool | None = True
    only_show_if_degraded: _Flag = False
    automation_email: _Short = None
    start_date: date | None = None
    created_at: _Instant
    updated_at: _Instant


class _Named(_Row):
    pass


class _Template(_Row):
    name: _Name
    title: _Name
    body: _Text
    group_id: _Id | None = None
    update_status: IncidentStatus | None = None
    should_tweet: _Flag = False
    should_send_notifications: bool | None = True
    components: list[_Named] | None = None


class _Affected(BaseModel):
    model_config = ConfigDict(extra="ignore")

    code: str | None = None
    name: _Text | None = None
    old_status: str | None = None
    new_status: str | None = None


class _Update(_Row):
    status: str
    body: _Text | None = ""
    created_at: _Instant
    updated_at: _Instant
    display_at: _Instant
    affected_components: list[_Affected] | None = None
    deliver_notifications: bool | None = True
    wants_twitter_update: _Flag = False
    custom_tweet: _Text | None = None


class _Incident(_Row):
    name: _Name
    status: str
    impact: str | None = "none"
    impact_override: str | None = None
    created_at: _Instant
    updated_at: _Instant
    started_at: _Instant | None = None
    monitoring_at: _Instant | None = None
    resolved_at: _Instant | None = None
    backfilled: _Flag = False
    metadata: dict[str, Any] | None = None
    reminder_intervals: _Short = None
    scheduled_for: _Instant | None = None
    scheduled_until: _Instant | None = None
    scheduled_remind_prior: _Flag = False
    scheduled_reminded_at: _Instant | None = None
    scheduled_auto_in_progress: _Flag = False
    scheduled_auto_completed: _Flag = False
    auto_transition_to_maintenance_state: _Flag = False
    auto_transition_to_operational_state: _Flag = False
    auto_transition_deliver_notifications_at_start: _Flag = False
    auto_transition_deliver_notifications_at_end: _Flag = False
    postmortem_body: _Text | None = None
    postmortem_body_last_updated_at: _Instant | None = None
    postmortem_published_at: _Instant | bool | None = None
    postmortem_ignored: _Flag = False
    postmortem_notified_subscribers: _Flag = False
    components: list[_Named] | None = None
    incident_updates: list[_Update] | None = None


_IMPACTS = frozenset({"none", "maintenance", "minor", "major", "critical"})
_STATUSES = frozenset(IncidentStatus)


class PageMover:
    """Reads pages with everything on them."""

    def __init__(self, reader: PatientReader) -> None:
        self._reader = reader

    async def list_pages(self) -> Sequence[MovedPage]:
        """Its pages, without their components. Raises UnreadableError."""
        return [_page(row) for row in self._understood(_Page, await self._reader.get("/v1/pages"), "pages")]

    async def read_page(self, page: MovedPage) -> MovedPage:
        """A page with its components, groups first."""
        rows = {row.id: row async for row in self._all(_Component, f"/v1/pages/{page.id}/components", "per_page")}
        groups = {row.id for row in rows.values() if row.group}
        parts = sorted(rows.values(), key=lambda row: not row.group)
        components = [_component(row, groups) for row in parts]
        return MovedPage(id=page.id, name=page.name, columns=page.columns, components=components)

    async def read_templates(self, page_id: str) -> Sequence[MovedTemplate]:
        """A page's templates."""
        path = f"/v1/pages/{page_id}/incident_templates"
        rows = {row.id: row async for row in self._all(_Template, path, "per_page")}
        return [_template(row) for row in rows.values()]

    async def read_incidents(self, page_id: str, part: int) -> Sequence[MovedIncident]:
        """One part of a page's incidents, the newest first; nothing behind the last."""
        path = f"/v1/pages/{page_id}/incidents?page={part}&limit={PART}"
        rows = self._understood(_Incident, await self._reader.get(path), "incidents")
        return [self._incident(row) for row in rows]

    async def _all(self, shape: type[T], path: str, size: str) -> AsyncIterator[T]:
        for number in range(1, _MOST_PARTS):
            rows = self._understood(shape, await self._reader.get(f"{path}?page={number}&{size}={PART}"), path)
            for row in rows:
                yield row
            if len(rows) < PART:
                return

    def _understood(self, shape: type[T], body: bytes, what: str) -> Sequence[T]:
        try:
            return TypeAdapter(list[shape]).validate_json(body)  # type: ignore[valid-type]
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise UnreadableError(
                f"What {self._reader.base_url} answers of {what.rpartition('/')[2]} is not what Statuspage answers "
                f"(at {where or 'the beginning'}).",
                "Is the address right? What was imported so far is kept.",
            ) from error

    def _incident(self, row: _Incident) -> MovedIncident:
        columns = row.model_dump(
            exclude={"id", "components", "incident_updates", "metadata", "postmortem_published_at"}
        )
        planned = row.scheduled_for is not None
        updates = [_update(one, planned=planned) for one in row.incident_updates or ()]
        is_public = bool(row.postmortem_published_at) and bool(row.postmortem_body)
        at = row.postmortem_published_at
        published_at = at if isinstance(at, datetime) else row.postmortem_body_last_updated_at or row.updated_at
        columns |= {
            "status": _status(row.status, planned=planned),
            "impact": row.impact if row.impact in _IMPACTS else "none",
            "impact_override": row.impact_override if row.impact_override in _IMPACTS else None,
            "started_at": row.started_at or row.created_at,
            "metadata_": row.metadata or {},
            "postmortem_published_at": published_at if is_public else None,
            "postmortem_body": row.postmortem_body if is_public else None,
            "postmortem_body_draft": row.postmortem_body or None,
            "postmortem_body_draft_updated_at": row.postmortem_body_last_updated_at,
        }
        components = [one.id for one in row.components or ()]
        return MovedIncident(id=row.id, columns=columns, components=components, updates=updates)


def _status(word: str, *, planned: bool) -> IncidentStatus:
    """A status as it is kept; that of an incident with a postmortem is that it is over."""
    over = IncidentStatus.COMPLETED if planned else IncidentStatus.RESOLVED
    return IncidentStatus(word) if word in _STATUSES else over


def _page(row: _Page) -> MovedPage:
    extra = row.model_extra or {}
    configuration = {name: extra[name] for name in CONFIGURATION_FIELDS if extra.get(name) is not None}
    zone = find_zone(row.time_zone or "UTC") or "UTC"
    if row.time_zone and row.time_zone != zone:
        configuration[ZONE_AS_GIVEN] = row.time_zone
    columns = row.model_dump(include={"name", "page_description", "subdomain", "url", "created_at", "updated_at"})
    columns |= {"domain": domain_of(row.domain), "time_zone": zone, "configuration": configuration}
    return MovedPage(id=row.id, name=row.name, columns=columns)


def _component(row: _Component, groups: set[str]) -> MovedComponent:
    columns = row.model_dump(exclude={"id"})
    columns["group_id"] = row.group_id if row.group_id in groups and not row.group else None
    # A group is what is in it.
    columns["status"] = ComponentStatus.OPERATIONAL if row.group else row.status or ComponentStatus.OPERATIONAL
    columns["showcase"] = row.showcase is not False
    return MovedComponent(id=row.id, columns=columns)


def _template(row: _Template) -> MovedTemplate:
    columns = row.model_dump(exclude={"id", "components"})
    columns["should_send_notifications"] = row.should_send_notifications is not False
    columns["component_ids"] = [one.id for one in row.components or ()]
    return MovedTemplate(id=row.id, columns=columns)


def _update(row: _Update, *, planned: bool) -> MovedUpdate:
    columns = row.model_dump(exclude={"id", "affected_components"})
    affected: Sequence[Mapping[str, Any]] = [one.model_dump() for one in row.affected_components or () if one.code]
    columns |= {
        "status": _status(row.status, planned=planned),
        "body": row.body or "",
        "affected_components": affected or None,
        "deliver_notifications": row.deliver_notifications is not False,
    }
    return MovedUpdate(id=row.id, columns=columns)
