"""Whether the machine's clock can be believed, and setting right what a clock wrote that could not.

A clock that leaps ahead may be wrong, as that of a virtual machine is until somebody sets it. What cannot be undone
(expiring, completing, sending the digest, deleting) then waits for a moment, and so it does at a start that comes
long after the last sign of life. Where the database has a clock of its own, it waits as long as the two are apart,
unless it is plain that it is the machine's that is behind: then Keydesk goes by the database's.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.clock import CLOCKS_APART, SteeredClock
from desk.durations import in_words
from desk.timekeeping.comparing import STANDSTILL, decide_clock, is_apart, read_server_time
from desk.timekeeping.setting_right import SetRight, find_behind, is_due, set_right
from desk.transaction import Actor, Desk, JobName
from storage.jobs import find_last_sign

HOLD = timedelta(minutes=2)
"""How long what cannot be undone waits after a leap: whoever sets clocks does so within a minute of a start."""
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

    `on_jump` is called after the clock was set. `steered` is the desk's clock, where it may be told what time it is:
    the database's clock is asked as well then, where it has one.
    """

    def __init__(
        self, desk: Desk, *, steered: SteeredClock | None = None, on_jump: Callable[[], None] = lambda: None
    ) -> None:
        self._desk = desk
        self._steered = steered
        self._machine = steered.machine if steered is not None else desk.clock
        self._on_jump = on_jump
        self._now, self._steady = self._machine.now(), self._machine.steady()
        self._ahead = timedelta()
        self._held: _Held | None = None
        self._apart: str | None = None
        self._followed: str | None = None
        self._behind: str | None = None
        self._set_right: tuple[float, str] | None = None

    def look(self) -> bool:
        """Whether the clock was set since the last look, by more than replicas may be apart."""
        before, steady = self._now, self._steady
        self._now, self._steady = self._machine.now(), self._machine.steady()
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
        told = [words for words in (self._followed, self._behind) if words]
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
        if self._steered is not None:
            self._apart = await self._compare(self._steered)
        is_certain = self._steered is not None and self._desk.database.engine.dialect.name == "postgresql"
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

    async def _compare(self, clock: SteeredClock) -> str | None:
        """Go by the database's clock or by this machine's; why neither is believed, if so."""
        before = clock.machine.now()
        server = await self._desk.database.run_read(read_server_time)
        if server is None or not is_apart(server, before) or not is_apart(server, clock.machine.now()):
            clock.steer(None)
            self._followed = None
            return None
        is_ahead, far = server.now < before, _span(abs(server.now - before))
        words = f"This machine's clock is {far} {'ahead of' if is_ahead else 'behind'} the database's"
        told = {"database": server.now.isoformat(), "ours": before.isoformat()}
        if decide_clock(server, clock):
            if not clock.is_steered:
                _log.error("clock_steered", **told)
            clock.steer(server.now)
            self._followed = f"{words}, by which Keydesk goes: set it."
            return None
        self._followed = None
        if self._apart is None:
            _log.error("clock_apart", **told)
        return f"{words}: {_HELD}."


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
