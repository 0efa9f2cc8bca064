"""By what whoever keeps the past of a page learns that it changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.models import Incident


@dataclass(frozen=True, slots=True)
class ArchiveMark:
    """What changes whenever any incident of a page does: their number, their versions, the latest of them."""

    count: int
    versions: int
    """The sum of them, which grows also where the clock of whoever writes is slow."""
    newest: int
    updated_at: datetime | None


def read_archive_mark(session: Session, page_id: str) -> ArchiveMark:
    """Compare two of them to learn whether any incident of the page was added, changed or deleted in between."""
    count, versions, newest, updated_at = session.execute(
        select(
            func.count(), func.sum(Incident.version), func.max(Incident.number), func.max(Incident.updated_at)
        ).where(Incident.page_id == page_id)
    ).one()
    return ArchiveMark(count, int(versions or 0), newest or 0, as_utc(updated_at))


def count_newer(session: Session, page_id: str, mark: ArchiveMark) -> int:
    """How many incidents of the page there are that came after the mark was read."""
    newer = select(func.count()).where(Incident.page_id == page_id, Incident.number > mark.newest)
    return session.execute(newer).scalar_one()


def read_versions(session: Session, page_id: str) -> Mapping[str, int]:
    """The version of every incident of a page, by its id: it grows with each change, whatever clocks show."""
    rows = session.execute(select(Incident.id, Incident.version).where(Incident.page_id == page_id))
    return dict(rows.all())


def list_incident_ids(session: Session, page_ids: Collection[str]) -> frozenset[str]:
    """The incidents of these pages."""
    return frozenset(session.scalars(select(Incident.id).where(Incident.page_id.in_(page_ids))))


def as_utc(at: datetime | None) -> datetime | None:
    """An instant as an aggregate gives it, which is as the driver has it."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
