"""Runs of scheduled jobs: claimed in the database, so that each happens once however many replicas there are."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from storage.models import JobRun
from storage.once import insert_once

LEASE = timedelta(minutes=10)
"""The longest that any job is claimed for."""
_PERIOD = "%Y-%m-%dT%H:%M:%SZ"
_BEFORE_TIME = "known"
"""Who claimed the run that stands for everything before a job was first known."""


def period_of(scheduled_at: datetime) -> str:
    """The name of a run: the instant for which it was scheduled, in UTC; names sort as the instants do."""
    return scheduled_at.astimezone(UTC).strftime(_PERIOD)


def instant_of(period: str) -> datetime:
    """The instant that a run is named after."""
    return datetime.strptime(period, _PERIOD).replace(tzinfo=UTC)


def claim_run(session: Session, job: str, period: str, *, who: str, now: datetime, lease: timedelta) -> bool:
    """Whether the run is `who`'s to do until the lease ends: nobody had it, or whoever did was not done in time."""
    if insert_once(session, JobRun, job=job, period=period, claimed_by=who, lease_until=now + lease):
        return True
    taken_over = session.execute(
        update(JobRun)
        .where(JobRun.job == job, JobRun.period == period, JobRun.finished_at.is_(None), JobRun.lease_until <= now)
        .values(claimed_by=who, lease_until=now + lease)
    )
    assert isinstance(taken_over, CursorResult)
    return taken_over.rowcount == 1


def renew_run(session: Session, job: str, period: str, *, who: str, now: datetime, lease: timedelta) -> bool:
    """Let the run be `who`'s for longer; False when somebody else has taken it over."""
    result = session.execute(
        update(JobRun)
        .where(JobRun.job == job, JobRun.period == period, JobRun.claimed_by == who, JobRun.finished_at.is_(None))
        .values(lease_until=now + lease)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def finish_run(session: Session, job: str, period: str, *, who: str, now: datetime) -> bool:
    """Write down that the run is done; False when somebody else has taken it over."""
    result = session.execute(
        update(JobRun)
        .where(JobRun.job == job, JobRun.period == period, JobRun.claimed_by == who, JobRun.finished_at.is_(None))
        .values(finished_at=now)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def make_known(session: Session, job: str, period: str, *, now: datetime) -> None:
    """A job that was never seen before counts as done up to and with `period`: a fresh start owes nothing."""
    if find_last_finished(session, job, until=period) is None:
        done = {"lease_until": now, "finished_at": now}
        insert_once(session, JobRun, job=job, period=period, claimed_by=_BEFORE_TIME, **done)


def find_last_finished(session: Session, job: str, *, until: str) -> str | None:
    """The newest period of a job that was finished, up to `until`; None for a job that is not known.

    What a clock that was ahead has done is later than that, and holds up nothing.
    """
    finished = (JobRun.job == job, JobRun.finished_at.is_not(None), JobRun.period <= until)
    return session.scalars(select(func.max(JobRun.period)).where(*finished)).one()


def find_last_sign(session: Session, *, until: datetime) -> datetime | None:
    """When the newest job was finished that is not later than `until`: a sign of life for each minute."""
    finished = select(JobRun.finished_at).where(JobRun.finished_at <= until)
    return session.scalars(finished.order_by(JobRun.finished_at.desc()).limit(1)).first()


def forget_early_runs(session: Session, *, after: datetime) -> int:
    """Delete finished runs of periods that begin after an instant, so that they are done in their time; how many."""
    result = session.execute(
        delete(JobRun)
        .where(JobRun.finished_at.is_not(None), JobRun.period > period_of(after))
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def forget_runs(session: Session, *, before: datetime, now: datetime) -> int:
    """Delete runs of before an instant that were finished, but the newest of each job, or were given up; how many."""
    newest = (
        select(func.max(JobRun.period))
        .where(JobRun.finished_at.is_not(None), JobRun.period <= period_of(now))
        .group_by(JobRun.job)
    )
    result = session.execute(
        delete(JobRun)
        .where(
            or_(
                and_(JobRun.finished_at < before, JobRun.period.not_in(newest)),
                # Whoever claimed it is gone, and what was missed is made up for by a later run.
                and_(JobRun.finished_at.is_(None), JobRun.lease_until < before),
            )
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount
