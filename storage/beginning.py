"""The beginning of an organization: its row, and where its audit trail ends."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database import Database
from storage.locks import lock_organizations
from storage.models import AuditHead, Organization
from storage.models.audit import beginning_of


def open_organization(database: Database, now: datetime, *, wanted: str) -> str:
    """The id of the one organization that this database serves; where there is none yet, it begins as `wanted`.

    Replicas that start together begin one.
    """
    with database.everywhere.read() as session:
        found = _find_first(session)
    if found is not None:
        return found
    with database.everywhere.write() as session:
        lock_organizations(session)
        return _find_first(session) or begin_organization(session, wanted, now)


def _find_first(session: Session) -> str | None:
    return session.scalar(select(Organization.id).order_by(Organization.created_at, Organization.id).limit(1))


def begin_organization(session: Session, organization_id: str, now: datetime) -> str:
    """Begin an organization, without a name, with an empty audit trail; gives its id."""
    session.add(Organization(id=organization_id, created_at=now))
    session.flush()
    session.add(AuditHead(organization_id=organization_id, seq=0, hash=beginning_of(organization_id)))
    return organization_id
