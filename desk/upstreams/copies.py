"""What an upstream says of its pages and components, and our copies of them, which nobody changes here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from desk.audit import trail as audit
from desk.errors import ConflictError
from desk.incidents.elsewhere.changes import list_moving
from desk.pages.fields import COLUMN_FIELDS, PAGE_FIELDS, ZONE_AS_GIVEN
from desk.pages.rules import find_zone
from desk.permissions import Duty, require_duty
from desk.transaction import Transaction, elsewhere_changed, pages_changed
from desk.upstreams.connecting import find_upstream, lock_upstream
from storage.models import Backend, Component, ComponentStatus, Page, Upstream
from storage.organizations import OF_EVERY_ORGANIZATION


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentThere:
    """A component or group as an upstream has it."""

    id: str
    name: str
    position: int
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    description: str | None = None
    group: bool = False
    group_id: str | None = None
    showcase: bool = True
    only_show_if_degraded: bool = False
    start_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageThere:
    """A page as an upstream has it. `fields` are Statuspage's, by their names there."""

    id: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    components: Sequence[ComponentThere] = ()


@dataclass(slots=True)
class Copied:
    """What a copying changed: names of pages."""

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def copy_pages(tx: Transaction, there: Sequence[PageThere], *, asked_at: datetime | None = None) -> Copied:
    """Bring the copies up to date with what the upstream has, or had when it was asked, under its own ids.

    What is gone there is retired here: its name stays in what was said of it. States that were on their way there
    since are left as they are. Raises ConflictError where an id belongs to something of ours or of another
    organization.
    """
    require_duty(tx, Duty.COPIES)
    upstream = lock_upstream(tx.session)
    done = Copied()
    for page in there:
        _copy_page(tx, page, done, asked_at or tx.now)
    _retire_pages(tx, {page.id for page in there}, done)
    upstream.copied_at, upstream.problem = tx.now, None
    _record(tx, upstream, done)
    return done


def copy_told_page(tx: Transaction, told: PageThere, *, asked_at: datetime | None = None) -> Copied:
    """Bring the copy of one page up to date, of which the upstream has just told. Raises as `copy_pages` does."""
    require_duty(tx, Duty.COPIES)
    upstream = lock_upstream(tx.session)
    upstream.heard_at, done = tx.now, Copied()
    _copy_page(tx, told, done, asked_at or tx.now)
    _record(tx, upstream, done)
    return done


def _record(tx: Transaction, upstream: Upstream, done: Copied) -> None:
    if done.new or done.changed or done.gone:
        what = {"new": done.new, "changed": done.changed, "gone": done.gone}
        audit.record(tx, audit.Action.UPSTREAM_COPIED, "upstream", upstream.id, **what)
        pages_changed(tx)


def note_change_there(tx: Transaction) -> None:
    """Something was changed there through Keydesk: whoever keeps what was read of it has to read it anew."""
    require_duty(tx, Duty.COPIES)
    elsewhere_changed(tx)


def note_copy_problem(tx: Transaction, problem: str) -> None:
    """Remember why the copies could not be brought up to date."""
    require_duty(tx, Duty.COPIES)
    if find_upstream(tx.session) is not None:
        lock_upstream(tx.session).problem = problem


def _copy_page(tx: Transaction, there: PageThere, done: Copied, asked_at: datetime) -> None:
    page = tx.session.get(Page, there.id, execution_options=OF_EVERY_ORGANIZATION)
    if page is not None and (page.organization_id != tx.organization or page.backend != Backend.ATLASSIAN):
        raise ConflictError(
            f"The page {there.id} is there already, and Keydesk keeps it itself.",
            "A page of Statuspage needs its own id here: remove or rename the other one first.",
        )
    values = {name: there.fields.get(name) for name in PAGE_FIELDS}
    configuration = {name: value for name, value in values.items() if name not in COLUMN_FIELDS and value is not None}
    zone = find_zone(values["time_zone"] or "")
    if zone is not None and zone != values["time_zone"]:
        configuration[ZONE_AS_GIVEN] = values["time_zone"]
    wanted = {
        "name": there.name[:255],
        "page_description": values["page_description"],
        "url": values["url"],
        "time_zone": zone or "UTC",
        "configuration": configuration,
    }
    if page is None:
        page = Page(id=there.id, backend=Backend.ATLASSIAN, created_at=tx.now, updated_at=tx.now, **wanted)
        tx.session.add(page)
        tx.session.flush()
        done.new.append(page.name)
        _copy_components(tx, page, there.components, asked_at)
        return
    differs = {name: value for name, value in wanted.items() if getattr(page, name) != value}
    for name, value in differs.items():
        setattr(page, name, value)
    if _copy_components(tx, page, there.components, asked_at) or differs:
        page.updated_at = tx.now
        done.changed.append(page.name)


def _copy_components(tx: Transaction, page: Page, there: Sequence[ComponentThere], asked_at: datetime) -> bool:
    moving = list_moving(tx.session, page.id, asked_at)
    here = {row.id: row for row in tx.session.scalars(select(Component).where(Component.page_id == page.id))}
    changed = False
    # Groups first: what is in them refers to them.
    for one in sorted(there, key=lambda one: not one.group):
        row = here.get(one.id)
        wanted: dict[str, Any] = {
            "name": one.name[:255],
            "description": one.description,
            "position": one.position,
            "status": one.status,
            "group": one.group,
            "group_id": one.group_id,
            "showcase": one.showcase,
            "only_show_if_degraded": one.only_show_if_degraded,
            "start_date": one.start_date,
            "retired_at": None,
        }
        if row is None:
            _require_free(tx, one.id)
            tx.session.add(Component(id=one.id, page_id=page.id, created_at=tx.now, updated_at=tx.now, **wanted))
            tx.session.flush()
            changed = True
            continue
        if row.id in moving:
            wanted["status"] = row.status
        differs = {name: value for name, value in wanted.items() if getattr(row, name) != value}
        for name, value in differs.items():
            setattr(row, name, value)
        if differs:
            row.updated_at, changed = tx.now, True
    return _retire(tx, [row for row in here.values() if row.id not in {one.id for one in there}]) or changed


def _require_free(tx: Transaction, component_id: str) -> None:
    if tx.session.get(Component, component_id, execution_options=OF_EVERY_ORGANIZATION) is not None:
        raise ConflictError(
            f"The component {component_id} is there already, on another page.",
            "A component of Statuspage needs its own id here: remove the other one first.",
        )


def _retire(tx: Transaction, rows: Collection[Component]) -> bool:
    gone = [row for row in rows if row.retired_at is None]
    for row in gone:
        row.retired_at = row.updated_at = tx.now
    return bool(gone)


def _retire_pages(tx: Transaction, there: Collection[str], done: Copied) -> None:
    for page in tx.session.scalars(select(Page).where(Page.backend == Backend.ATLASSIAN)):
        if page.id not in there:
            rows = tx.session.scalars(select(Component).where(Component.page_id == page.id)).all()
            if _retire(tx, rows):
                done.gone.append(page.name)
