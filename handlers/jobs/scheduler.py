"""Scheduled jobs: every replica's clock looks each minute, and the database says whose run it is.

A job is due by its schedule and by the newest run that was finished, so it does not matter which replica looks, how
late, or how often: a run that was missed while everything was down is found at the next look, and one that failed or
whose replica died is taken up again when its lease is over.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped] # it has no types
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from desk.clock import CLOCKS_APART
from desk.transaction import Desk
from handlers.jobs.schedule import Schedule, find_due
from storage import jobs as runs

_log = structlog.get_logger(__name__)
_LATE = timedelta(minutes=5)
_RENEWALS = 3
"""How often a lease is renewed in the time for which it was given."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that happens by schedule. `work` is told the instant for which the run was scheduled.

    `work` must bear being run again when it failed or was cut off. While it goes on its lease is renewed; when that
    was lost all the same, it is cut off, as somebody else is at it.
    """

    name: str
    schedule: Schedule
    work: Callable[[datetime], Awaitable[object]]
    lease: timedelta = runs.LEASE
    is_final: bool = False
    """It does what cannot be undone, so it waits while the clock is in doubt."""


class OnRun(Protocol):
    """Told of a job that has run: how late it began and how long it took, in seconds, and whether it was done."""

    def __call__(self, job: str, /, *, late: float, seconds: float, done: bool) -> None: ...


def ignore_run(job: str, /, *, late: float, seconds: float, done: bool) -> None:
    """Nobody wants to know."""


class LostLeaseError(Exception):
    """Somebody else has taken the run over."""


class Scheduler:
    """Runs jobs that are due: between `start()` and `stop()`, or once at `run_due()`.

    `trigger` says when the clock looks; by default at every full minute. `find_doubt` says why the clock is not to be
    believed, if it is not. `on_run` hears of each run.
    """

    def __init__(
        self,
        desk: Desk,
        jobs: Sequence[Job],
        *,
        name: str | None = None,
        trigger: BaseTrigger | None = None,
        find_doubt: Callable[[], str | None] = lambda: None,
        on_run: OnRun = ignore_run,
    ) -> None:
        self._on_run = on_run
        self._desk = desk
        self._jobs = tuple(jobs)
        self._name = name or f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._trigger = trigger or CronTrigger(second=0, timezone=UTC)
        self._find_doubt = find_doubt
        self._clockwork: AsyncIOScheduler | None = None
        self._running: dict[str, asyncio.Task[bool]] = {}

    def start(self) -> None:
        """Look now, which catches up what was missed, and then whenever the clock says."""
        self._clockwork = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for job in self._jobs:
            self._clockwork.add_job(self._look, self._trigger, args=[job], id=job.name)
        self._clockwork.start()
        for job in self._jobs:
            self._take_up(job)

    def look_anew(self) -> None:
        """The clock was set: look now, and then when it says, rather than at instants of before."""
        if self._clockwork is None:
            return
        for job in self._jobs:
            self._clockwork.reschedule_job(job.name, trigger=self._trigger)
            self._take_up(job)

    async def stop(self, *, patience: timedelta = timedelta(seconds=10)) -> None:
        """Start nothing more; wait for what runs, and cut it off when `patience` is over."""
        if self._clockwork is not None:
            self._clockwork.shutdown(wait=False)
            self._clockwork = None
        running = list(self._running.values())
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=patience.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def run_due(self) -> Sequence[str]:
        """Run every job that is due, one after another; the names of those that were done."""
        return [job.name for job in self._jobs if await self._run_if_due(job)]

    async def _look(self, job: Job) -> None:
        # APScheduler cuts its own coroutines off when it stops; ours are waited for.
        self._take_up(job)

    def _take_up(self, job: Job) -> None:
        if job.name not in self._running:
            task = asyncio.create_task(self._run_if_due(job), name=f"job:{job.name}")
            self._running[job.name] = task
            task.add_done_callback(lambda _task: self._running.pop(job.name))

    async def _run_if_due(self, job: Job) -> bool:
        """Whether the job was due, nobody else's, and done."""
        if job.is_final and (doubt := self._find_doubt()) is not None:
            _log.warning("job_waits", job=job.name, why=doubt)
            return False
        try:
            scheduled_at = await self._desk.database.run_write(partial(self._claim, job))
            if scheduled_at is None:
                return False
            late = self._desk.clock.now() - scheduled_at
            if late > _LATE:
                _log.warning("job_late", job=job.name, scheduled_at=scheduled_at.isoformat(), late=str(late))
            return await self._run(job, scheduled_at, late)
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("job_failed", job=job.name, reference=reference, exc_info=error)
            return False

    async def _run(self, job: Job, scheduled_at: datetime, late: timedelta) -> bool:
        began, done = self._desk.clock.steady(), False
        try:
            await self._carry_out(job, scheduled_at)
            done = await self._desk.database.run_write(partial(self._finish, job, scheduled_at))
        finally:
            seconds = self._desk.clock.steady() - began
            self._on_run(job.name, late=late.total_seconds(), seconds=seconds, done=done)
        return done

    async def _carry_out(self, job: Job, scheduled_at: datetime) -> None:
        work = asyncio.ensure_future(job.work(scheduled_at))
        renewing = asyncio.create_task(self._keep_lease(job, scheduled_at, work))
        try:
            await work
        except asyncio.CancelledError:
            if not renewing.done():
                raise
            raise LostLeaseError(job.name) from None
        finally:
            renewing.cancel()

    async def _keep_lease(self, job: Job, scheduled_at: datetime, work: asyncio.Future[object]) -> None:
        """Renew the lease until it is lost, and then cut the work off."""
        is_ours = True
        while is_ours:
            await asyncio.sleep(job.lease.total_seconds() / _RENEWALS)
            # While the database does not answer, nobody else can take the run over there either.
            with contextlib.suppress(SQLAlchemyError):
                is_ours = await self._desk.database.run_write(partial(self._renew, job, scheduled_at))
        work.cancel()

    def _renew(self, job: Job, scheduled_at: datetime, session: Session) -> bool:
        period, now = runs.period_of(scheduled_at), self._desk.clock.now()
        return runs.renew_run(session, job.name, period, who=self._name, now=now, lease=job.lease)

    def _claim(self, job: Job, session: Session) -> datetime | None:
        now = self._desk.clock.now()
        last = runs.find_last_finished(session, job.name, until=runs.period_of(now + CLOCKS_APART))
        if last is None:
            runs.make_known(session, job.name, runs.period_of(job.schedule.latest(now)), now=now)
            return None
        scheduled_at = find_due(job.schedule, runs.instant_of(last), now)
        if scheduled_at is None:
            return None
        period = runs.period_of(scheduled_at)
        mine = runs.claim_run(session, job.name, period, who=self._name, now=now, lease=job.lease)
        return scheduled_at if mine else None

    def _finish(self, job: Job, scheduled_at: datetime, session: Session) -> bool:
        period = runs.period_of(scheduled_at)
        return runs.finish_run(session, job.name, period, who=self._name, now=self._desk.clock.now())
