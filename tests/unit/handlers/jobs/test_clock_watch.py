"""A clock that is not believed: what cannot be undone waits, `/readyz` tells, and what it wrote is set right."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped]
from structlog.testing import capture_logs

from desk.clock import SteeredClock
from desk.messages.outbox import send_note
from desk.timekeeping.comparing import STANDSTILL
from desk.transaction import Actor, Desk
from handlers.jobs.clock_watch import HOLD, ClockWatch
from handlers.jobs.schedule import Every
from handlers.jobs.scheduler import Job, Scheduler
from tests.clock import HeldClock
from tests.factories import MIA
from tests.unit.handlers.jobs.test_scheduler import Diary
from tests.waiting import eventually

MINUTELY = Every(timedelta(minutes=1))
OPERATOR = Actor.operator("ann")
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
postgresql_only = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Play:
    """A process: its watch, a job that can be done again and one that cannot be undone."""

    def __init__(self, desk: Desk) -> None:
        self.watch = ClockWatch(desk)
        jobs = [Job("again", MINUTELY, Diary().work), Job("final", MINUTELY, Diary().work, is_final=True)]
        self._scheduler = Scheduler(desk, jobs, find_doubt=self.watch.find_doubt)

    async def minute(self, clock: HeldClock) -> Sequence[str]:
        """The jobs that are done in the next minute."""
        clock.advance(minutes=1)
        return await self._scheduler.run_due()


@pytest.fixture
async def play(desk: Desk, clock: HeldClock) -> Play:
    """A process that has run for a minute."""
    play = Play(desk)
    await play.watch.begin()
    await play.minute(clock)
    assert await play.minute(clock) == ["again", "final"]
    return play


@pytest.mark.parametrize("ahead", [timedelta(seconds=16), timedelta(hours=5), timedelta(days=700)], ids=str)
@sqlite_only
async def test_a_leap_ahead_holds_what_cannot_be_undone(
    desk: Desk, play: Play, clock: HeldClock, ahead: timedelta
) -> None:
    """For two minutes, also where nobody looked in between; `/readyz` says why. Everything else goes on, and once the
    clock was not set back for so long it is believed."""
    clock.set(clock.now() + ahead)
    with capture_logs() as logs:
        assert await play.minute(clock) == ["again"]
    assert {entry["event"] for entry in logs} >= {"clock_jumped", "job_waits"}
    assert "went ahead by" in (await play.watch.find_problem() or "")
    clock.advance(HOLD)
    assert await play.minute(clock) == ["again", "final"]
    assert await play.watch.find_problem() is None


@sqlite_only
async def test_a_clock_that_comes_back_is_believed_at_once(desk: Desk, play: Play, clock: HeldClock) -> None:
    """Two seconds ahead in time by years: nothing final was done, all jobs go on, and what was written is set right
    and told for a day."""
    right = clock.now()
    clock.set(right + timedelta(days=700))
    assert await play.minute(clock) == ["again"]
    desk.write_now(OPERATOR, partial(send_note, kind="key.changed", subject_id="k", conversations=[MIA]))
    clock.set(right + timedelta(seconds=2))
    with capture_logs() as logs:
        await play.watch.check()
    assert "clock_set_right" in {entry["event"] for entry in logs}
    assert await play.watch.find_problem() is None
    told = await play.watch.find_warnings() or ""
    assert "set right" in told
    assert "1 of delivery" in told
    assert await play.minute(clock) == ["again", "final"]
    clock.advance(days=1)
    assert await play.watch.find_warnings() is None


@sqlite_only
@pytest.mark.parametrize("behind", [timedelta(seconds=16), timedelta(hours=5), timedelta(days=700)], ids=str)
async def test_a_clock_that_goes_back_holds_nothing(play: Play, clock: HeldClock, behind: timedelta) -> None:
    """What is done then was due by then; jobs wait for no instant that was."""
    clock.set(clock.now() - behind)
    assert await play.watch.find_problem() is None
    done = [*await play.minute(clock), *await play.minute(clock)]
    assert {"again", "final"} <= set(done)


@sqlite_only
async def test_a_start_long_after_the_last_sign_of_life_holds_for_a_moment(
    desk: Desk, play: Play, clock: HeldClock
) -> None:
    """It may be one with a wrong clock. That is a warning: after a night's standstill, all is well."""
    clock.advance(STANDSTILL)
    clock.advance(minutes=2)
    late = Play(desk)
    await late.watch.begin()
    assert await late.minute(clock) == ["again"]
    assert await late.watch.find_problem() is None
    assert "last sign of life" in (await late.watch.find_warnings() or "")
    clock.advance(HOLD)
    assert await late.minute(clock) == ["again", "final"]
    assert await late.watch.find_warnings() is None


@sqlite_only
async def test_a_restart_holds_nothing(desk: Desk, play: Play, clock: HeldClock) -> None:
    """Nor does a first start."""
    fresh = Play(desk)
    await fresh.watch.begin()
    assert await fresh.minute(clock) == ["again", "final"]


@sqlite_only
async def test_a_clock_that_is_behind_what_was_lived_is_told(desk: Desk, play: Play, clock: HeldClock) -> None:
    """A machine that starts in the past leaves what happened as it was, goes on with its jobs, and says so."""
    lived_from = clock.now()
    clock.advance(hours=1)
    await play.minute(clock)
    desk.write_now(OPERATOR, partial(send_note, kind="key.changed", subject_id="k", conversations=[MIA]))
    clock.set(lived_from - timedelta(days=3650))
    old = Play(desk)
    await old.watch.begin()
    told = await old.watch.find_warnings() or ""
    assert "this clock is behind" in told
    assert "slack_message" not in told
    await old.minute(clock)
    assert await old.minute(clock) == ["again", "final"]


@postgresql_only
async def test_the_database_s_clock_is_asked(desk: Desk, clock: HeldClock) -> None:
    """A replica whose clock is months behind the server's holds what cannot be undone and sets nothing right, until
    the two agree again."""
    steered = SteeredClock(clock)
    watch = ClockWatch(replace(desk, clock=steered), steered=steered)
    clock.set(datetime.now(UTC))
    desk.write_now(OPERATOR, partial(send_note, kind="key.changed", subject_id="k", conversations=[MIA]))
    for wrong in (-timedelta(days=200), timedelta(days=200), -timedelta(minutes=3), timedelta(minutes=3)):
        clock.set(datetime.now(UTC) + wrong)
        await watch.check()
        assert ("ahead of" if wrong > timedelta() else "behind") in (await watch.find_problem() or "")
        assert await watch.find_warnings() is None
        assert steered.now() == clock.now()
    clock.set(datetime.now(UTC))
    await watch.check()
    assert await watch.find_problem() is None


@postgresql_only
@pytest.mark.parametrize("behind", [timedelta(seconds=40), timedelta(hours=2), timedelta(days=700)], ids=str)
async def test_a_replica_that_is_behind_goes_by_the_clock_of_the_others(
    desk: Desk, clock: HeldClock, behind: timedelta
) -> None:
    """What it has in hand is its own to the others too; `/readyz` warns, and once the machine's clock is right, that
    counts again."""
    others = Diary()
    right = HeldClock(datetime.now(UTC) - timedelta(minutes=1))
    scheduler = Scheduler(replace(desk, clock=right), [Job("sweep", MINUTELY, others.work)])
    await scheduler.run_due()
    clock.set(datetime.now(UTC) - behind)
    steered = SteeredClock(clock)
    late = replace(desk, clock=steered)
    watch, diary = ClockWatch(late, steered=steered), Diary()
    with capture_logs() as logs:
        await watch.begin()
        await watch.check()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["clock_steered"]
    assert await watch.find_problem() is None
    assert "behind the database's, by which Keydesk goes" in (await watch.find_warnings() or "")
    right.set(steered.now())
    diary.go_on.clear()
    mine = asyncio.create_task(Scheduler(late, [Job("sweep", MINUTELY, diary.work)]).run_due())
    await eventually(lambda: len(diary.runs) == 1)
    assert await scheduler.run_due() == []
    assert others.runs == []
    diary.go_on.set()
    assert await mine == ["sweep"]
    clock.set(datetime.now(UTC))
    await watch.check()
    assert await watch.find_warnings() is None
    assert not steered.is_steered


@postgresql_only
async def test_a_clock_that_is_ahead_by_little_is_not_gone_by(desk: Desk, clock: HeldClock) -> None:
    """Replicas that differ by less than two minutes all go by the server's clock, whichever is wrong."""
    clock.set(datetime.now(UTC) + timedelta(seconds=90))
    steered = SteeredClock(clock)
    watch = ClockWatch(replace(desk, clock=steered), steered=steered)
    await watch.check()
    assert await watch.find_problem() is None
    assert "ahead of the database's, by which" in (await watch.find_warnings() or "")
    assert abs(steered.now() - datetime.now(UTC)) < timedelta(seconds=60)


@postgresql_only
async def test_a_server_whose_clock_leaps_is_not_followed(desk: Desk, clock: HeldClock) -> None:
    """Nobody lived by its clock: what cannot be undone is held, and everything is dated as before."""
    clock.set(datetime.now(UTC) - timedelta(hours=3))
    steered = SteeredClock(clock)
    before = replace(desk, clock=steered)
    await Scheduler(before, [Job("sweep", MINUTELY, Diary().work)]).run_due()
    clock.advance(minutes=1)
    watch = ClockWatch(before, steered=steered)
    await watch.check()
    assert "behind the database's" in (await watch.find_problem() or "")
    assert steered.now() == clock.now()


@postgresql_only
async def test_a_server_that_is_not_asked_proves_nothing(desk: Desk, play: Play, clock: HeldClock) -> None:
    """Where the two clocks are not compared, a leap holds what cannot be undone for its moment."""
    clock.advance(minutes=1)
    clock.set(clock.now() + timedelta(hours=5))
    play.watch.look()
    await play.watch.check()
    assert "went ahead by" in (await play.watch.find_problem() or "")


class Lost(BaseTrigger):  # type: ignore[misc] # it has no types
    """The next look is far away, as after a clock that was ahead; then every hundredth of a second."""

    def __init__(self) -> None:
        self.is_lost = True

    def get_next_fire_time(self, _before: Any, now: datetime) -> datetime:
        """When the clock looks."""
        return now + (timedelta(days=14) if self.is_lost else timedelta(seconds=0.01))


async def test_the_scheduler_looks_anew_once_the_clock_was_set(desk: Desk, clock: HeldClock) -> None:
    """Looks that were planned by a clock that was ahead are planned again: no job waits two weeks."""
    diary, trigger = Diary(), Lost()
    jobs = [Job("again", MINUTELY, diary.work)]
    await Scheduler(desk, jobs).run_due()
    scheduler = Scheduler(desk, jobs, trigger=trigger)
    scheduler.start()
    trigger.is_lost = False
    scheduler.look_anew()
    clock.advance(minutes=1)
    await eventually(lambda: len(diary.runs) == 1)
    clock.advance(minutes=1)
    await eventually(lambda: len(diary.runs) == 2)
    await scheduler.stop()
