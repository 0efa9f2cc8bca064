"""What happens once however many replicas there are: claimed jobs, events that were handled, counters of changes."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, NamedInOrganization, Serial


class JobRun(NamedInOrganization, Base):
    """A claimed run of a scheduled job: `(job, period)` happens once, however many replicas there are."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(64), primary_key=True)
    period: Mapped[str] = mapped_column(String(32), primary_key=True)
    claimed_by: Mapped[str] = mapped_column(String(64))
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class SeenEvent(NamedInOrganization, Base):
    """A Slack event that was handled, or a click that changed something: Slack repeats what it thinks was lost."""

    __tablename__ = "seen_event"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class Revision(Base):
    """A counter that grows with every change of a topic, so that replicas notice what they missed."""

    __tablename__ = "revision"

    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[int] = mapped_column(Serial)
