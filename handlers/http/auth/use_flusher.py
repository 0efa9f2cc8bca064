"""Writes the use log down once a second, and tells owners of uses of suspended keys at once."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import structlog

from desk.keys.ring import RingKey
from desk.keys.suspended_use import QUIET, tell_of_suspended_use
from desk.keys.uses import MAX_MARKS, SuspendedUse, UseLog, flush_uses
from desk.transaction import Actor, Desk, JobName
from storage.background import end_task

_log = structlog.get_logger(__name__)

_ACTOR = Actor.job(JobName.KEY_CHECK)


class UseFlusher:
    """The way from the use log to the database. Call `tell` from the event loop, where it does not wait."""

    def __init__(self, desk: Desk, uses: UseLog, *, interval: timedelta) -> None:
        self._desk = desk
        self._uses = uses
        self._interval = interval.total_seconds()
        self._woken = asyncio.Event()
        self._suspended_uses: dict[str, tuple[Desk, SuspendedUse]] = {}
        self._told: dict[str, SuspendedUse] = {}
        self._failing_since: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        # A thread of its own: marks are written even while every thread of the pool waits for something.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keydesk-uses")

    def tell(self, key: RingKey, use: SuspendedUse) -> None:
        """Have owners told, unless they were told of this key lately."""
        told = self._told.get(use.key_id)
        if told is not None and told.version == use.version and abs(use.at - told.at) < QUIET:
            return
        self._suspended_uses.setdefault(use.key_id, (self._desk.of(key.organization_id), use))
        self._woken.set()

    def start(self) -> None:
        """Begin to flush at every interval, until `close()`. Failures are logged and tried again."""
        self._task = asyncio.create_task(self._run(), name="uses")

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self.flush()
            except Exception as error:
                if self._failing_since is None:
                    _log.warning("uses_not_written", error=error)
                    self._failing_since = self._desk.clock.now()
                # One that could not be told must not turn this into a busy loop.
                await asyncio.sleep(self._interval)
            else:
                self._failing_since = None

    def find_problem(self) -> str | None:
        """What cannot be written down at the moment, and what the end of this process would lose; None: nothing."""
        if self._failing_since is None:
            return None
        kept, lost = self._uses.count_kept()
        more = f" {lost:,} more calls are not counted any more." if lost else ""
        since = f"{self._failing_since:%Y-%m-%d %H:%M} UTC"
        memory = f"They are kept in memory (marks of a key and a day: {kept:,} of {MAX_MARKS:,})"
        return f"Uses of keys could not be written since {since}. {memory}; the end of this process loses them.{more}"

    async def flush(self) -> None:
        """Write down everything noted so far. Raises what the database raises; what was not written is kept."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self._flush))

    def _flush(self) -> None:
        try:
            flush_uses(self._desk.everywhere, _ACTOR, self._uses)
            if lost := self._uses.take_lost():
                _log.error("uses_lost", uses=lost, reason="the database could not be reached for too long")
        finally:
            self._tell()

    def _tell(self) -> None:
        for desk, use in list(self._suspended_uses.values()):
            desk.write_now(_ACTOR, partial(tell_of_suspended_use, use=use))
            self._told[use.key_id] = use
            self._suspended_uses.pop(use.key_id, None)
        self._forget_told(self._desk.clock.now())

    def _forget_told(self, now: datetime) -> None:
        for key_id in [key_id for key_id, use in self._told.items() if abs(now - use.at) >= QUIET]:
            del self._told[key_id]

    async def close(self) -> None:
        """The last flush. What cannot be written now is lost, and the log says how much."""
        if self._task is not None:
            await end_task(self._task)
        try:
            await self.flush()
        except Exception as error:
            lost = sum(mark.reads + mark.writes + mark.failed + mark.refused for mark in self._uses.take())
            _log.error("uses_lost", uses=lost, reason=str(error))
        self._thread.shutdown(wait=False)
