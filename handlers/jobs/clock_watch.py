"""Whether the machine's clock can be believed, and setting right what a clock wrote that could not.

A clock that leaps ahead may be wrong, as that of a virtual machine is until somebody sets it. What cannot be undone
(expiring, completing, sending the digest, deleting) then waits for a moment, and so it does at a start that comes
long after the last sign of life. Where the database has a clock of its own, it waits as long as the two are apart.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.clock import CLOCKS_APART
from desk.durations import in_words
from desk.timekeeping.setting_right import SetRight, find_behind, is_due, set_right
from desk.transaction import Actor, Desk, JobName
from storage.jobs import find_last_sign
from storage.server_clock import read_clock

HOLD = timedelta(minutes=2)
"""How long what cannot be undone waits after a leap: whoever sets clocks does so within a minute of a start."""
STANDSTILL = timedelta(hours=1)
"""A start so long after the last sign of life may be one with a wrong clock."""
TOLD_FOR = timedelta(days=1)
"""How long `/readyz` tells what was set right."""
_EVERY_SECONDS = 60
_ACTOR = Actor.job(JobName.SWEEP)
_HELD = "what cannot be undone waits until it can be believed"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    """Since when, by the steady clock, and why."""

    since: float
    why: str
    is_start: bool = False


class ClockWatch:
    """Looks at the clock each second, and each minute into the database.

    `on_jump` is called after the clock was set. `has_database_clock`: the database's clock is asked as well, where it
    has one.
    """

    def __init__(
        self, desk: Desk, *, has_database_clock: bool = False, on_jump: Callable[[], None] = lambda: None
    ) -> None:
        self._desk = desk
        self._has_database_clock = has_database_clock
        self._on_jump = on_jump
        self._now, self._steady = desk.clock.now(), desk.clock.steady()
        self._ahead = timedelta()
        self._held: _Held | None = None
        self._apart: str | None = None
        self._behind: str | None = None
        self._set_right: tuple[float, str] | None = None

    def look(self) -> bool:
        """Whether the clock was set since the last look, by more than replicas may be apart."""
        before, steady = self._now, self._steady
        self._now, self._steady = self._desk.clock.now(), self._desk.clock.steady()
        jump = self._now - before - timedelta(seconds=self._steady - steady)
        if abs(jump) <= CLOCKS_APART:
            return False
        self._ahead += jump
        is_ahead = self._ahead > CLOCKS_APART
        _log.error("clock_jumped", seconds=round(jump.total_seconds()), holds=is_ahead)
        words = f"This clock went ahead by {_span(self._ahead)} at once: {_HELD}."
        self._held = _Held(self._steady, words) if is_ahead else None
        if not is_ahead:
            self._ahead = timedelta()
        return True

    def find_doubt(self) -> str | None:
        """Why nothing that cannot be undone should be done now; None: the clock can be believed."""
        self.look()
        if self._held is not None and self._steady - self._held.since >= HOLD.total_seconds():
            self._held, self._ahead = None, timedelta()
        return self._apart or (self._held.why if self._held else None)

    async def find_problem(self) -> str | None:
        """What is wrong with the clock, for `/readyz`."""
        doubt = self.find_doubt()
        return None if self._apart is None and self._held is not None and self._held.is_start else doubt

    async def find_warnings(self) -> str | None:
        """What `/readyz` tells besides: what was set right lately, and what a look into the database says."""
        self.find_doubt()
        told = [self._behind] if self._behind else []
        if self._held is not None and self._held.is_start:
            told.append(self._held.why)
        if self._set_right is not None and self._steady - self._set_right[0] < TOLD_FOR.total_seconds():
            told.append(self._set_right[1])
        return " ".join(told) or None

    async def begin(self) -> None:
        """Look into the database before anything is done that cannot be undone. Raises what the database raises."""
        now = self._desk.clock.now()
        last = await self._desk.database.run_read(partial(find_last_sign, until=now + CLOCKS_APART))
        if last is not None and now - last > STANDSTILL:
            since = f"The last sign of life is {_span(now - last)} older than this clock"
            self._held = _Held(self._desk.clock.steady(), f"{since}: for a moment {_HELD}.", is_start=True)
            _log.warning("clock_in_doubt", last_sign=last.isoformat(), holds=str(HOLD))
        await self.check()

    async def check(self) -> None:
        """Compare with the database's clock, and set right what is later than it can be. Raises as `begin`."""
        self._apart = await self._compare() if self._has_database_clock else None
        is_certain = self._has_database_clock and self._desk.database.engine.dialect.name == "postgresql"
        if self._apart is not None:
            # Others' leases are theirs, and right by their clocks.
            return
        if is_certain:
            self._held, self._ahead = None, timedelta()
        self._behind = None
        if not await self._desk.read(_ACTOR, partial(is_due, records=True)):
            return
        behind = None if is_certain else await self._desk.read(_ACTOR, find_behind)
        if behind is not None:
            self._behind = _behind_words(behind, self._desk.clock.now())
        done = await self._desk.write(_ACTOR, partial(set_right, records=behind is None))
        if done is not None:
            self._note(done)

    async def run(self) -> None:
        """Go on until cancelled."""
        checked = self._desk.clock.steady()
        while True:
            await asyncio.sleep(1)
            jumped = self.look()
            if not jumped and self._steady - checked < _EVERY_SECONDS:
                continue
            checked = self._steady
            try:
                await self.check()
            except SQLAlchemyError as error:
                _log.warning("clock_not_compared", error=type(error).__name__)
            if jumped:
                self._on_jump()

    def _note(self, done: SetRight) -> None:
        _log.error("clock_set_right", ahead=str(done.ahead), rows=dict(done.rows))
        rows = ", ".join(f"{count} of {table}" for table, count in sorted(done.rows.items()))
        at = self._desk.clock.now().strftime("%Y-%m-%d %H:%M UTC")
        words = f"At {at} was set right what a clock had written up to {_span(done.ahead)} ahead: {rows}."
        self._set_right = (self._desk.clock.steady(), words)

    async def _compare(self) -> str | None:
        before = self._desk.clock.now()
        theirs = await self._desk.database.run_read(read_clock)
        after = self._desk.clock.now()
        if theirs is None or before - CLOCKS_APART <= theirs <= after + CLOCKS_APART:
            return None
        ahead, far = theirs < before, abs(theirs - before)
        if self._apart is None:
            _log.error("clock_apart", database=theirs.isoformat(), ours=before.isoformat())
        return f"This clock is {_span(far)} {'ahead of' if ahead else 'behind'} the database's: {_HELD}."


def _behind_words(until: datetime, now: datetime) -> str:
    return (
        f"Things happened up to {until:%Y-%m-%d %H:%M} UTC, {_span(until - now)} from now: this clock is behind, or"
        " it was ahead for long. What is dated later than now is left as it is."
    )


def _span(span: timedelta) -> str:
    for unit in (timedelta(days=1), timedelta(hours=1)):
        if span >= 2 * unit:
            return in_words(round(span / unit) * unit)
    return in_words(span) if span >= timedelta(minutes=2) else f"{span.total_seconds():.0f} seconds"
