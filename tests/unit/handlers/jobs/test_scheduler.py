"""Scheduled jobs: each run once, caught up when missed, tried again when failed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]
from sqlalchemy import select, update
from structlog.testing import capture_logs

from desk.transaction import Desk
from handlers.jobs.schedule import Every, Weekly
from handlers.jobs.scheduler import Job, LostLeaseError, Scheduler
from storage.models import JobRun
from tests.clock import MONDAY_MORNING, HeldClock
from tests.waiting import eventually

HOURLY = Every(timedelta(hours=1))
WEEKLY = Weekly(0, time(9), ZoneInfo("UTC"))
Work = Callable[[datetime], Awaitable[object]]


class Diary:
    """Work that writes down for which instants it ran, and fails or waits when told to."""

    def __init__(self) -> None:
        self.runs: list[datetime] = []
        self.failures = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def work(self, scheduled_at: datetime) -> None:
        """Run once."""
        self.runs.append(scheduled_at)
        if self.failures:
            self.failures -= 1
            raise LookupError("the job failed")
        await self.go_on.wait()


def at(hour: int) -> datetime:
    """An hour of the first Monday."""
    return datetime(2026, 3, 2, hour, tzinfo=UTC)


async def test_a_fresh_start_owes_nothing(desk: Desk, clock: HeldClock) -> None:
    """A job that is new is due at its next time, not for times before it was known."""
    diary = Diary()
    scheduler = Scheduler(desk, [Job("hourly", HOURLY, diary.work)])
    assert await scheduler.run_due() == []
    clock.advance(minutes=59)
    assert await scheduler.run_due() == []
    clock.advance(minutes=1)
    assert await scheduler.run_due() == ["hourly"]
    assert await scheduler.run_due() == []
    assert diary.runs == [at(10)]


async def test_a_missed_run_is_caught_up_once_and_said_to_be_late(desk: Desk, clock: HeldClock) -> None:
    """After a standstill of three weeks the newest run is made up for, told its own time, and logged as late."""
    diary = Diary()
    jobs = [Job("digest", WEEKLY, diary.work)]
    await Scheduler(desk, jobs).run_due()
    clock.advance(days=22)
    with capture_logs() as logs:
        assert await Scheduler(desk, jobs).run_due() == ["digest"]
    assert await Scheduler(desk, jobs).run_due() == []
    assert diary.runs == [MONDAY_MORNING + timedelta(days=21)]
    assert [(entry["job"], entry["late"]) for entry in logs if entry["event"] == "job_late"] == [
        ("digest", "1 day, 0:00:00")
    ]


async def test_each_run_is_measured(desk: Desk, clock: HeldClock) -> None:
    """How late it began, and whether it was done; a look that finds nothing to do is none."""
    diary, told = Diary(), list[tuple[str, float, bool]]()

    def hear(job: str, /, *, late: float, seconds: float, done: bool) -> None:
        assert seconds >= 0
        told.append((job, late, done))

    scheduler = Scheduler(desk, [Job("hourly", HOURLY, diary.work)], on_run=hear)
    await scheduler.run_due()
    diary.failures = 1
    clock.advance(hours=1, seconds=7)
    await scheduler.run_due()
    assert told == [("hourly", 7.0, False)]
    clock.advance(hours=1)
    await scheduler.run_due()
    await scheduler.run_due()
    assert told[1:] == [("hourly", 7.0, True)]


async def test_a_run_in_time_is_not_said_to_be_late(desk: Desk, clock: HeldClock) -> None:
    """The look of the full minute is in time."""
    diary = Diary()
    scheduler = Scheduler(desk, [Job("hourly", HOURLY, diary.work)])
    await scheduler.run_due()
    clock.advance(hours=1, seconds=1)
    with capture_logs() as logs:
        await scheduler.run_due()
    assert logs == []


async def test_replicas_that_look_at_once_run_it_once(desk: Desk, clock: HeldClock) -> None:
    """Three replicas that find the same run due at the same instant: one does it."""
    diary = Diary()
    replicas = [Scheduler(desk, [Job("hourly", HOURLY, diary.work)], name=f"r{number}") for number in range(3)]
    await replicas[0].run_due()
    for hour in range(10, 14):
        clock.set(at(hour))
        done = await asyncio.gather(*(replica.run_due() for replica in replicas))
        assert sorted(map(len, done)) == [0, 0, 1]
    assert diary.runs == [at(10), at(11), at(12), at(13)]


async def test_a_run_that_outlives_its_lease_runs_once(desk: Desk, clock: HeldClock) -> None:
    """As long as whoever has it goes on, nobody else takes it over."""
    diary = Diary()
    jobs = [Job("hourly", HOURLY, diary.work, lease=timedelta(milliseconds=60))]
    first, second = (Scheduler(desk, jobs, name=name) for name in ("first", "second"))
    await first.run_due()
    clock.advance(hours=1)
    diary.go_on.clear()
    running = asyncio.create_task(first.run_due())
    await eventually(lambda: len(diary.runs) == 1)
    clock.advance(minutes=5)
    await eventually(lambda: _lease_of(desk, "hourly") > clock.now())
    assert await second.run_due() == []
    diary.go_on.set()
    assert await running == ["hourly"]
    assert diary.runs == [at(10)]


async def test_who_lost_a_run_does_not_go_on_with_it(desk: Desk, clock: HeldClock) -> None:
    """A replica that stood still for longer than its lease finds that another one is at it, and stops."""
    diary = Diary()
    jobs = [Job("hourly", HOURLY, diary.work, lease=timedelta(milliseconds=60))]
    scheduler = Scheduler(desk, jobs)
    await scheduler.run_due()
    clock.advance(hours=1)
    diary.go_on.clear()
    with capture_logs() as logs:
        running = asyncio.create_task(scheduler.run_due())
        await eventually(lambda: len(diary.runs) == 1)
        with desk.database.write() as session:
            session.execute(update(JobRun).where(JobRun.finished_at.is_(None)).values(claimed_by="another"))
        assert await running == []
    assert isinstance(logs[-1]["exc_info"], LostLeaseError)


def _lease_of(desk: Desk, job: str) -> datetime:
    with desk.database.read() as session:
        leases = select(JobRun.lease_until).where(JobRun.job == job, JobRun.finished_at.is_(None))
        return session.scalars(leases).one()


async def test_a_failed_run_is_logged_and_tried_again(desk: Desk, clock: HeldClock) -> None:
    """A job that raises is logged with a reference, holds up no other, and has its turn when its lease is over."""
    failing, other = Diary(), Diary()
    failing.failures = 1
    scheduler = Scheduler(
        desk,
        [
            Job("failing", HOURLY, failing.work, lease=timedelta(minutes=10)),
            Job("other", HOURLY, other.work),
        ],
    )
    await scheduler.run_due()
    clock.advance(hours=1)
    with capture_logs() as logs:
        assert await scheduler.run_due() == ["other"]
    failed = next(entry for entry in logs if entry["event"] == "job_failed")
    assert failed["job"] == "failing"
    assert failed["reference"]
    clock.advance(minutes=9)
    assert await scheduler.run_due() == []
    clock.advance(minutes=1)
    assert await scheduler.run_due() == ["failing"]
    assert failing.runs == [at(10), at(10)]


async def test_the_clock_looks_at_start_and_goes_on_looking(desk: Desk, clock: HeldClock) -> None:
    """A started scheduler catches up at once, and finds later runs by itself."""
    diary = Diary()
    jobs = [Job("hourly", HOURLY, diary.work)]
    await Scheduler(desk, jobs).run_due()
    clock.advance(hours=1)
    scheduler = Scheduler(desk, jobs, trigger=IntervalTrigger(seconds=0.05))
    scheduler.start()
    await eventually(lambda: diary.runs == [at(10)])
    clock.advance(hours=1)
    await eventually(lambda: diary.runs == [at(10), at(11)])
    await scheduler.stop()


async def test_a_job_never_runs_beside_itself(desk: Desk, clock: HeldClock) -> None:
    """While a run takes long, the clock does not start the job a second time in this replica."""
    diary = Diary()
    diary.go_on.clear()
    jobs = [Job("hourly", HOURLY, diary.work)]
    await Scheduler(desk, jobs).run_due()
    clock.advance(hours=1)
    scheduler = Scheduler(desk, jobs, trigger=IntervalTrigger(seconds=0.02))
    scheduler.start()
    await eventually(lambda: diary.runs == [at(10)])
    clock.advance(hours=1)
    other = Diary()
    probe = Scheduler(desk, [Job("probe", HOURLY, other.work)], trigger=IntervalTrigger(seconds=0.02))
    await probe.run_due()
    clock.advance(hours=1)
    probe.start()
    await eventually(lambda: len(other.runs) == 1)
    assert diary.runs == [at(10)]
    diary.go_on.set()
    await eventually(lambda: diary.runs == [at(10), at(12)])
    await asyncio.gather(scheduler.stop(), probe.stop())


async def test_stopping_waits_for_what_runs(desk: Desk, clock: HeldClock) -> None:
    """A run that is under way when the program stops is completed and written down."""
    diary = Diary()
    diary.go_on.clear()
    jobs = [Job("hourly", HOURLY, diary.work)]
    await Scheduler(desk, jobs).run_due()
    clock.advance(hours=1)
    scheduler = Scheduler(desk, jobs)
    scheduler.start()
    await eventually(lambda: diary.runs == [at(10)])
    stopping = asyncio.create_task(scheduler.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    diary.go_on.set()
    await stopping
    clock.advance(minutes=30)
    assert await Scheduler(desk, jobs).run_due() == []


async def test_stopping_has_an_end(desk: Desk, clock: HeldClock) -> None:
    """A run that does not end is cut off, and another replica makes up for it when the lease is over."""
    diary = Diary()
    diary.go_on.clear()
    jobs = [Job("hourly", HOURLY, diary.work, lease=timedelta(minutes=10))]
    await Scheduler(desk, jobs).run_due()
    clock.advance(hours=1)
    scheduler = Scheduler(desk, jobs)
    scheduler.start()
    await eventually(lambda: diary.runs == [at(10)])
    await scheduler.stop(patience=timedelta())
    diary.go_on.set()
    clock.advance(minutes=10)
    assert await Scheduler(desk, jobs).run_due() == ["hourly"]
    assert diary.runs == [at(10), at(10)]
