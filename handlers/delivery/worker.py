"""The outbox worker: takes rows that are due, draws their messages, delivers them and notes what became of them."""

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
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from desk.messages.dead_letters import bury, note_put_back, note_sent
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.delivery.backoff import BackOff, decide_next
from handlers.delivery.failures import NO_THREAD, CallError, Trouble
from handlers.delivery.slack import SlackDelivery
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.messages import Renderer
from storage import outbox
from storage.models import SlackMessage
from storage.outbox import Claim, Place
from storage.signals import Topic

_log = structlog.get_logger(__name__)
_ACTOR = Actor.job(JobName.DELIVERY)
_NO_PACE = timedelta()


class Step(StrEnum):
    """The points that each delivery passes, in order."""

    CLAIMED = "claimed"
    """The row is ours, on disk."""
    CALLING = "calling"
    """Slack is called next."""
    ANSWERED = "answered"
    """Slack has the message; nobody has written that down."""
    STORED = "stored"
    """It is written down."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    conversation: str
    place: Place | None
    thread: Place | None
    """The message in whose thread it goes, where that one is in Slack."""
    message: Message | None
    shown: Sequence[int]


@dataclass(frozen=True, slots=True)
class Timing:
    """The worker's times."""

    lease: timedelta = timedelta(seconds=30)
    """A row whose worker died is free after this long. The clocks of replicas may differ by less than half of it."""
    call: timedelta = timedelta(seconds=10)
    """No call to Slack takes longer."""
    pace: timedelta = timedelta(seconds=1)
    """Between two messages of a conversation, as Slack asks."""
    look_every: timedelta = timedelta(seconds=2)
    """How often to look for rows of other processes that could not wake this one."""


class OutboxWorker:
    """Delivers the outbox. Any number of workers in any number of processes share the work.

    Either `run()` it until `stop()`, or call `deliver_due()` for one pass. `name` tells workers apart and must be
    new for every start; `on_step(step, row id)` is called at each step of a delivery.
    """

    def __init__(
        self,
        desk: Desk,
        client: AsyncWebClient,
        renderers: Mapping[str, Renderer],
        *,
        rng: random.Random | None = None,
        name: str | None = None,
        lanes: int = 4,
        back_off: BackOff | None = None,
        timing: Timing | None = None,
        on_step: Callable[[Step, int], None] | None = None,
        wait_until: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> None:
        self._desk = desk
        self._renderers = renderers
        self._rng = rng or random.Random()  # noqa: S311 - spreads waits, guards nothing
        self._name = name or f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lanes = lanes
        self._back_off = back_off or BackOff()
        self._timing = timing or Timing()
        self._on_step = on_step or (lambda _step, _row_id: None)
        self._wait_until = wait_until or self._sleep_until
        self._slack = SlackDelivery(client, desk.clock, timeout=self._timing.call)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._paused_until: datetime | None = None

    # Running

    async def run(self) -> None:
        """Deliver until `stop()`; several conversations at once, each in order. Returns when nothing is in hand."""
        self._loop = asyncio.get_running_loop()
        self._desk.database.listen(self._committed)
        in_hand: set[asyncio.Task[bool]] = set()
        try:
            while not self._stopping:
                self._wake.clear()
                due = await self._take_up(in_hand)
                await self._rest(due)
        finally:
            self._stopping = True
            if in_hand:
                await asyncio.wait(in_hand)

    def stop(self) -> None:
        """Take no more rows; `run()` returns once those in hand are done."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Look at the outbox now. May be called from any thread."""
        if self._loop is not None:
            # A loop that is closed in this instant has no worker any more; whoever committed must not fail for it.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    async def deliver_due(self) -> int:
        """Deliver, one after another and without pacing, until nothing is due. How many rows were settled."""
        settled = 0
        while not self._is_paused() and (claim := await self._claim(_NO_PACE)):
            settled += await self._deliver(claim)
        return settled

    def _committed(self, topics: frozenset[Topic]) -> None:
        if Topic.OUTBOX in topics:
            self.wake()

    async def _take_up(self, in_hand: set[asyncio.Task[bool]]) -> datetime | None:
        """Begin as many deliveries as may be; when the next one falls due, if that is known."""
        while len(in_hand) < self._lanes and not self._stopping and not self._is_paused():
            try:
                # Looking needs no lock; on SQLite a claim holds up every other writer, even when there is nothing.
                due = await self._desk.database.run_read(partial(outbox.find_next_due, pace=self._timing.pace))
                if due is None or due > self._desk.clock.now():
                    return due
                claim = await self._claim(self._timing.pace)
            except SQLAlchemyError as error:
                _log.error("outbox_unreadable", exc_info=error)
                return None
            if claim is None:
                return None
            task = asyncio.create_task(self._deliver(claim))
            in_hand.add(task)
            task.add_done_callback(partial(self._finished, in_hand))
        return None

    def _finished(self, in_hand: set[asyncio.Task[bool]], task: asyncio.Task[bool]) -> None:
        in_hand.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("delivery_not_noted", exc_info=error)

    async def _rest(self, due: datetime | None) -> None:
        """Wait until something is due, somebody wakes us or, at the latest, it is time to look again."""
        look = self._desk.clock.now() + self._timing.look_every
        until = min(look, due) if due else look
        waiting = {asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._wait_until(until))}
        _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _sleep_until(self, instant: datetime) -> None:
        await asyncio.sleep(max((instant - self._desk.clock.now()).total_seconds(), 0))

    def _is_paused(self) -> bool:
        return self._paused_until is not None and self._desk.clock.now() < self._paused_until

    # One row

    async def _claim(self, pace: timedelta) -> Claim | None:
        take = partial(
            outbox.claim_next, worker=self._name, now=self._desk.clock.now(), lease=self._timing.lease, pace=pace
        )
        while True:
            try:
                return await self._desk.database.run_write(take)
            except IntegrityError:
                continue

    async def _deliver(self, claim: Claim) -> bool:
        """Deliver one row. Whether it is settled: sent, needless or given up."""
        self._on_step(Step.CLAIMED, claim.row_id)
        what = ""
        try:
            drawing = await self._draw(claim)
            what = drawing.message.text if drawing.message else ""
            place = await self._show(claim, drawing) if drawing.message else None
        except CallError as failure:
            return await self._failed(claim, failure, what)
        self._on_step(Step.ANSWERED, claim.row_id)
        sent = partial(note_sent, claim=claim, place=place, shown=drawing.shown)
        if not await self._desk.write(_ACTOR, sent):
            _log.warning("claim_lost", row=claim.row_id, conversation=claim.lane, place=place)
        self._on_step(Step.STORED, claim.row_id)
        return True

    async def _draw(self, claim: Claim) -> _Drawing:
        if claim.attempts > self._back_off.attempts:
            raise CallError(Trouble.REFUSED, "draw", "never_finished")
        try:
            return await self._desk.read(_ACTOR, partial(self._render, message_id=claim.message_id))
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("message_not_drawn", reference=reference, row=claim.row_id, exc_info=error)
            raise CallError(Trouble.UNKNOWN, "draw", f"not_drawn:{reference}") from error

    def _render(self, tx: Transaction, message_id: str) -> _Drawing:
        # The rows come first: whatever made them is committed, so the drawing that follows shows it.
        shown = outbox.list_waiting(tx.session, message_id)
        row = tx.session.get_one(SlackMessage, message_id)
        # A lane keeps its order, so the head of a thread is there before its replies, unless it was given up: then
        # they are said outside of it rather than not at all.
        head = tx.session.get(SlackMessage, row.thread_of) if row.thread_of else None
        drawn = self._renderers[row.kind](tx, row)
        return _Drawing(row.conversation, _place_of(row), _place_of(head) if head else None, drawn, shown)

    async def _show(self, claim: Claim, drawing: _Drawing) -> Place:
        """Bring the message to Slack: edit the copy that is there, or post one where none is."""
        message, place = drawing.message, drawing.place
        assert message is not None
        self._check_lease(claim)
        self._on_step(Step.CALLING, claim.row_id)
        if place is not None and await self._edited(place, message):
            return place
        if claim.uncertain_since is not None:
            found = await self._slack.find_posted(
                drawing.conversation,
                claim.message_id,
                since=claim.uncertain_since,
                after=place,
                thread=drawing.thread,
            )
            if found is not None and await self._edited(found, message):
                return found
        return await self._post(claim, drawing, message)

    async def _post(self, claim: Claim, drawing: _Drawing, message: Message) -> Place:
        """Post a message into its thread or, where Slack takes no replies, beside it rather than not at all."""
        self._check_lease(claim)
        if drawing.thread is not None:
            try:
                return await self._slack.post(drawing.conversation, message, claim.message_id, thread=drawing.thread)
            except CallError as failure:
                if failure.error not in NO_THREAD:
                    raise
            self._check_lease(claim)
        return await self._slack.post(drawing.conversation, message, claim.message_id)

    async def _edited(self, place: Place, message: Message) -> bool:
        """Edit a posted message; False when it is gone, and must be posted anew."""
        try:
            await self._slack.update(place, message)
        except CallError as failure:
            if failure.trouble is not Trouble.GONE:
                raise
            return False
        return True

    def _check_lease(self, claim: Claim) -> None:
        # Another worker takes over when the lease ends: a call that might go on until then must not begin.
        if self._desk.clock.now() + self._timing.call >= claim.lease_until:
            raise CallError(Trouble.OUTAGE, "lease", "too_slow")

    async def _failed(self, claim: Claim, failure: CallError, what: str) -> bool:
        now = self._desk.clock.now()
        uncertain = failure.uncertain and failure.method == "chat.postMessage"
        following = decide_next(failure, attempt=claim.attempts, now=now, back_off=self._back_off, rng=self._rng)
        log = _log.bind(row=claim.row_id, conversation=claim.lane, method=failure.method, error=failure.error)
        if failure.trouble is Trouble.ACCOUNT and not self._is_paused():
            self._paused_until = now + self._back_off.account_pause
            log.error("delivery_paused", until=self._paused_until.isoformat())
        if following.due_at is None:
            log.error("delivery_died", attempts=claim.attempts)
            await self._desk.write(
                _ACTOR, partial(bury, claim=claim, error=failure.error, what=what, uncertain=uncertain)
            )
            return True
        log.warning("delivery_put_back", attempts=claim.attempts, due_at=following.due_at.isoformat())
        await self._desk.write(
            _ACTOR,
            partial(
                note_put_back,
                claim=claim,
                due_at=following.due_at,
                error=failure.error,
                counted=following.counted,
                uncertain=uncertain,
            ),
        )
        return False


def _place_of(row: SlackMessage) -> Place | None:
    return Place(row.channel_id, row.ts) if row.channel_id and row.ts else None
