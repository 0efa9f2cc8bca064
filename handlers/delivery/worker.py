"""The outbox worker: takes deliveries that are due, hands them to their channels, and notes what became of them."""

import asyncio
import contextlib
import os
import random
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from desk.messages.dead_letters import bury, note_put_back, note_sent
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.delivery.backoff import BackOff, decide_next
from handlers.delivery.deliverer import Deliverer, DeliveryError, Drawn, Trouble
from storage import lanes, outbox
from storage.background import wait_out
from storage.locks import is_collision
from storage.models import Channel
from storage.outbox import Claim
from storage.signals import Topic

_log = structlog.get_logger(__name__)
_ACTOR = Actor.job(JobName.DELIVERY)
_NO_PACE = timedelta()
_LONGEST = timedelta(minutes=5)
"""A parcel that is on its way for longer hangs, whatever its channel promised."""


class Step(StrEnum):
    """The points that each delivery passes, in order."""

    CLAIMED = "claimed"
    """The delivery is ours, on disk."""
    CALLING = "calling"
    """The other side is called next."""
    ANSWERED = "answered"
    """It arrived; nobody has written that down."""
    STORED = "stored"
    """It is written down."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The worker's times; those of a channel are its deliverer's."""

    lease: timedelta = outbox.LEASE
    """A delivery whose worker died is free after this long, twice `CLOCKS_APART`."""
    look_every: timedelta = timedelta(seconds=2)
    """How often to look for deliveries of other processes that could not wake this one."""


class OutboxWorker:
    """Delivers the outbox. Any number of workers in any number of processes share the work.

    Either `run()` it until `stop()`, or call `deliver_due()` for one pass. Deliveries of channels that it has no
    deliverer for are left to others. `name` tells workers apart and must be new for every start; `on_step(step,
    delivery id)` is called at each step of a delivery.
    """

    def __init__(
        self,
        desk: Desk,
        deliverers: Mapping[Channel, Deliverer],
        *,
        rng: random.Random | None = None,
        name: str | None = None,
        back_off: BackOff | None = None,
        timing: Timing | None = None,
        on_step: Callable[[Step, int], None] | None = None,
        wait_until: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> None:
        self._desk = desk
        self._everything = desk.database.everywhere
        self._deliverers = deliverers
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, guards nothing
        self._name = name or f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._back_off = back_off or BackOff()
        self._timing = timing or Timing()
        self._on_step = on_step or (lambda _step, _delivery_id: None)
        self._wait_until = wait_until or self._sleep_until
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._in_hand: dict[asyncio.Task[bool], Claim] = {}
        self._paused_until: dict[Channel, float] = {}

    async def run(self) -> None:
        """Deliver until `stop()`; several lanes at once, each in order. Returns when nothing is in hand."""
        self._loop = asyncio.get_running_loop()
        self._desk.database.listen(self._committed)
        try:
            while not self._stopping:
                self._wake.clear()
                dues = [await self._take_up(channel) for channel in self._deliverers]
                await self._rest(min((due for due in dues if due), default=None))
        finally:
            self._stopping = True
            await wait_out(self._in_hand)

    def stop(self) -> None:
        """Take no more deliveries; `run()` returns once those in hand are done."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Look at the outbox now. May be called from any thread."""
        if self._loop is not None:
            # A loop that is closed in this instant has no worker any more; whoever committed must not fail for it.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    async def deliver_due(self) -> int:
        """Deliver, one after another and without pacing, until nothing is due. How many deliveries were settled."""
        settled = 0
        while claim := await self._claim_any():
            settled += await self._deliver(claim)
        return settled

    async def find_next_due(self) -> datetime | None:
        """When the next delivery of any channel is due, pace apart; None: nothing waits."""
        dues = [await self._look(channel, _NO_PACE) for channel in self._deliverers]
        return min((due for due in dues if due), default=None)

    def _committed(self, topics: frozenset[Topic]) -> None:
        if Topic.OUTBOX in topics:
            self.wake()

    async def _take_up(self, channel: Channel) -> datetime | None:
        """Begin as many deliveries of a channel as may be; when the next one falls due, if that is known."""
        pace, most = self._deliverers[channel].pace, self._deliverers[channel].lanes
        while not self._stopping and not self._is_paused(channel):
            tries = [claim.attempts for claim in self._in_hand.values() if claim.channel is channel]
            if len(tries) >= most:
                return None
            only_untried = outbox.is_last_hand(tries, most)
            try:
                # Looking needs no lock; on SQLite a claim holds up every other writer, even when there is nothing.
                due = await self._look(channel, pace, only_untried=only_untried)
                if due is None or due > self._desk.clock.now():
                    return due
                claims = await self._claim(channel, pace, tries, most)
                if not claims:
                    # What was new has been put in line, and may have to wait there.
                    due = await self._look(channel, pace, only_untried=only_untried)
                    return due if due and due > self._desk.clock.now() else None
            except SQLAlchemyError as error:
                _log.error("outbox_unreadable", exc_info=error)
                return None
            for claim in claims:
                task = asyncio.create_task(self._deliver(claim))
                self._in_hand[task] = claim
                task.add_done_callback(self._finished)
        return None

    def _finished(self, task: asyncio.Task[bool]) -> None:
        del self._in_hand[task]
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("delivery_not_noted", exc_info=error)

    async def _rest(self, due: datetime | None) -> None:
        """Wait until something is due, somebody wakes us or, at the latest, it is time to look again."""
        look = self._desk.clock.now() + self._timing.look_every
        looking = self._wait_until(min(look, due or look))
        waiting = {asyncio.ensure_future(each) for each in (self._wake.wait(), looking)}
        _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _sleep_until(self, instant: datetime) -> None:
        wait = min(instant - self._desk.clock.now(), self._timing.look_every)  # The clock may be set back meanwhile.
        await asyncio.sleep(max(wait.total_seconds(), 0))

    def _is_paused(self, channel: Channel) -> bool:
        until = self._paused_until.get(channel)
        return until is not None and self._desk.clock.steady() < until

    async def _look(self, channel: Channel, pace: timedelta, *, only_untried: bool = False) -> datetime | None:
        now = self._desk.clock.now()
        look = partial(lanes.find_next_due, channel=channel, now=now, pace=pace, only_untried=only_untried)
        return await self._everything.run_read(look)

    def _desk_of(self, claim: Claim) -> Desk:
        return self._desk.of(claim.organization_id)

    async def _claim_any(self) -> Claim | None:
        for channel in self._deliverers:
            if not self._is_paused(channel) and (claims := await self._claim(channel, _NO_PACE, (), 1)):
                return claims[0]
        return None

    async def _claim(self, channel: Channel, pace: timedelta, tries: Sequence[int], most: int) -> Sequence[Claim]:
        take = partial(
            outbox.claim_due,
            channel=channel,
            worker=self._name,
            now=self._desk.clock.now(),
            lease=self._timing.lease,
            pace=pace,
            tries=tries,
            most=most,
        )
        while True:
            try:
                return await self._everything.run_write(take)
            except DBAPIError as error:
                # Two who put the same new lanes in line may wait for each other, and PostgreSQL ends one of them.
                if not isinstance(error, IntegrityError) and not is_collision(error):
                    raise

    async def _deliver(self, claim: Claim) -> bool:
        """Make one delivery. Whether it is settled: made, needless or given up."""
        self._on_step(Step.CLAIMED, claim.delivery_id)
        drawn = Drawn(None)
        try:
            drawn = await self._draw(claim)
            await self._hand_over(claim, drawn)
        except DeliveryError as failure:
            return await self._failed(claim, failure, drawn.what)
        self._on_step(Step.ANSWERED, claim.delivery_id)
        keep = drawn.parcel.note if drawn.parcel else None
        sent = partial(note_sent, claim=claim, covers=drawn.covers, keep=keep)
        if not await self._desk_of(claim).write(_ACTOR, sent):
            _log.warning("claim_lost", delivery=claim.delivery_id, channel=claim.channel, lane=claim.lane)
        self._on_step(Step.STORED, claim.delivery_id)
        return True

    async def _draw(self, claim: Claim) -> Drawn:
        if claim.attempts > self._back_off.attempts:
            raise DeliveryError(Trouble.MESSAGE, "draw", "never_finished")
        try:
            return await self._desk_of(claim).read(_ACTOR, partial(self._deliverers[claim.channel].draw, claim=claim))
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("message_not_drawn", reference=reference, delivery=claim.delivery_id, exc_info=error)
            raise DeliveryError(Trouble.UNKNOWN, "draw", f"not_drawn:{reference}") from error

    async def _hand_over(self, claim: Claim, drawn: Drawn) -> None:
        """Send what was drawn, if anything, unless an attempt of which nobody knows turns out to have arrived."""
        parcel = drawn.parcel
        if parcel is None:
            return
        begin = partial(self._check_lease, claim)
        begin()
        self._on_step(Step.CALLING, claim.delivery_id)
        try:
            async with asyncio.timeout(_LONGEST.total_seconds()):
                since = claim.uncertain_since
                if since is None or not await parcel.find_arrived(since):
                    await parcel.send(begin)
        except DeliveryError:
            raise
        except Exception as error:
            _log.error("call_failed", delivery=claim.delivery_id, channel=claim.channel, exc_info=error)
            raise DeliveryError(Trouble.UNKNOWN, "call", type(error).__name__, uncertain=True) from error

    def _check_lease(self, claim: Claim) -> None:
        # Another worker takes over when the lease ends: a call that might go on until then must not begin.
        if self._desk.clock.now() + self._deliverers[claim.channel].timeout >= claim.lease_until:
            raise DeliveryError(Trouble.OUTAGE, "lease", "too_slow")

    async def _failed(self, claim: Claim, failure: DeliveryError, what: str) -> bool:
        now = self._desk.clock.now()
        following = decide_next(failure, attempt=claim.attempts, now=now, back_off=self._back_off, rng=self._rng)
        log = _log.bind(
            delivery=claim.delivery_id,
            channel=claim.channel,
            lane=claim.lane,
            call=failure.call,
            error=failure.error,
            trouble=failure.trouble,
        )
        if failure.trouble is Trouble.ACCOUNT and not self._is_paused(claim.channel):
            pause = self._back_off.account_pause
            self._paused_until[claim.channel] = self._desk.clock.steady() + pause.total_seconds()
            log.error("delivery_paused", until=(now + pause).isoformat())
        if following.due_at is None:
            log.error("delivery_died", attempts=claim.attempts)
            await self._desk_of(claim).write(_ACTOR, partial(self._bury, claim=claim, failure=failure, what=what))
            return True
        # A refused call has been logged, once for all that wait for it.
        if failure.trouble is not Trouble.CALL:
            log.warning("delivery_put_back", attempts=claim.attempts, due_at=following.due_at.isoformat())
        await self._desk_of(claim).write(
            _ACTOR,
            partial(
                note_put_back,
                claim=claim,
                due_at=following.due_at,
                error=failure.error,
                counted=following.counted,
                uncertain=failure.uncertain,
            ),
        )
        return False

    def _bury(self, tx: Transaction, claim: Claim, failure: DeliveryError, what: str) -> None:
        if bury(tx, claim, error=failure.error, what=what, uncertain=failure.uncertain):
            self._deliverers[claim.channel].given_up(tx, claim, failure.error)
