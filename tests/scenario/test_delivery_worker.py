"""The worker while it runs: woken by commits, paced, sharing lanes, giving up what it lost, and stopping cleanly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import select
from structlog.testing import capture_logs

from desk.transaction import Desk
from handlers.delivery.backoff import BackOff
from handlers.delivery.worker import OutboxWorker, Step, Timing
from sandbox.player import Control
from sandbox.server import SandboxServer
from storage import outbox
from storage.models import Channel, Delivery, DeliveryStatus, SlackMessage
from storage.slack_messages import Place, keep_place
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA
from tests.scenario.outbox_stage import STATUS, OutboxStage, make_client
from tests.waiting import eventually

pytestmark = both_databases

LEASE = Timing().lease


class DiedError(BaseException):
    """The worker's process ends here."""


class Death:
    """Raises at a step, once."""

    def __init__(self, fatal: Step) -> None:
        self.fatal = fatal
        self.dead = False

    def __call__(self, step: Step, _row_id: int) -> None:
        if step == self.fatal and not self.dead:
            self.dead = True
            raise DiedError


@pytest_asyncio.fixture
async def stage(slack_server: SandboxServer, desk: Desk, clock: HeldClock) -> AsyncIterator[OutboxStage]:
    """The outbox alone, before a fresh workspace."""
    slack_server.workspace.reset()
    async with aiohttp.ClientSession() as session:
        client = make_client(session, slack_server.api_url)
        yield OutboxStage(desk, clock, client, Control(slack_server.url))


@pytest.fixture
def pauses() -> list[datetime]:
    """The instants until which the running worker meant to rest."""
    return []


@pytest_asyncio.fixture
async def running(stage: OutboxStage, pauses: list[datetime]) -> AsyncIterator[OutboxWorker]:
    """A worker that runs; when it rests, the held clock moves on to the instant it waits for."""

    async def wait_until(instant: datetime) -> None:
        pauses.append(instant)
        await asyncio.sleep(0)
        stage.clock.advance(max(instant - stage.clock.now(), timedelta()))

    worker = stage.make_worker(wait_until=wait_until)
    task = asyncio.create_task(worker.run())
    yield worker
    worker.stop()
    await asyncio.wait_for(task, 20)


async def test_a_commit_wakes_the_worker(stage: OutboxStage) -> None:
    """A message that is committed in any thread goes out at once, without waiting for the next look."""
    resting = asyncio.Event()

    async def rest_for_ever(_instant: datetime) -> None:
        resting.set()
        await asyncio.Event().wait()

    worker = stage.make_worker(wait_until=rest_for_ever)
    task = asyncio.create_task(worker.run())
    await resting.wait()
    await asyncio.to_thread(stage.say, STATUS, "one")
    await eventually(lambda: stage.texts() == ["one"])
    worker.stop()
    await asyncio.wait_for(task, 20)


async def test_posts_into_a_conversation_are_a_second_apart(
    stage: OutboxStage, running: OutboxWorker, pauses: list[datetime]
) -> None:
    """A conversation gets one message a second, as Slack asks, whatever happens in others meanwhile."""
    stage.say(STATUS, "one", "two", "three")
    stage.say(MIA, "four")
    await eventually(lambda: set(stage.statuses()) == {DeliveryStatus.SENT})
    assert stage.texts() == ["one", "two", "three"]
    sent = [row.sent_at for row in stage.rows() if row.lane == STATUS and row.sent_at]
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(sent))
    assert pauses


async def test_lanes_do_not_wait_for_each_other(stage: OutboxStage) -> None:
    """While Slack keeps one conversation waiting for an answer, the others are served."""
    stored: list[int] = []
    worker = stage.make_worker(
        timeout=timedelta(seconds=20),
        on_step=lambda step, row: stored.append(row) if step is Step.STORED else None,
    )
    stage.fault(method="chat.postMessage", kind="timeout", seconds=20, match="slow")
    stage.say(STATUS, "slow")
    for place in (MIA, MAX, OLIVIA):
        stage.say(place, "quick")
    task = asyncio.create_task(worker.run())
    await eventually(lambda: sorted(stored) == [2, 3, 4])
    assert stage.statuses()[0] == DeliveryStatus.SENDING
    worker.stop()
    stage.control.call("POST", "reset", {})
    await asyncio.wait_for(task, 20)


async def test_stopping_finishes_what_is_in_hand(stage: OutboxStage) -> None:
    """After `stop()`, the delivery that is under way is completed and written down, and no other is begun."""
    calling = asyncio.Event()
    worker = stage.make_worker(lanes=1, on_step=lambda step, _row: calling.set() if step is Step.CALLING else None)
    stage.say(STATUS, "one", "two")
    task = asyncio.create_task(worker.run())
    await calling.wait()
    worker.stop()
    await asyncio.wait_for(task, 20)
    assert stage.texts() == ["one"]
    assert stage.statuses() == [DeliveryStatus.SENT, DeliveryStatus.PENDING]


async def test_a_worker_that_lost_its_database_goes_on_when_it_is_back(stage: OutboxStage) -> None:
    """An outbox that cannot be read is reported and looked at again; nothing needs a restart."""
    engine = stage.desk.database.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE delivery RENAME TO lost")
    looked = asyncio.Semaphore(0)

    async def wait_until(_instant: datetime) -> None:
        looked.release()
        await asyncio.sleep(0.01)

    worker = stage.make_worker(wait_until=wait_until)
    with capture_logs() as logs:
        task = asyncio.create_task(worker.run())
        await looked.acquire()
        await looked.acquire()
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE lost RENAME TO delivery")
        await asyncio.to_thread(stage.say, STATUS, "one")
        await eventually(lambda: stage.texts() == ["one"])
        worker.stop()
        await asyncio.wait_for(task, 20)
    assert "outbox_unreadable" in {entry["event"] for entry in logs}


@pytest.mark.parametrize("step", [Step.CLAIMED, Step.CALLING, Step.ANSWERED])
@pytest.mark.parametrize("conversation", [STATUS, MIA])
async def test_a_dead_workers_row_is_taken_over(stage: OutboxStage, step: Step, conversation: str) -> None:
    """A row of a worker that died waits for the end of its lease, with its whole lane, and then arrives once."""
    stage.say(conversation, "one", "two")
    with pytest.raises(DiedError):
        await stage.make_worker(on_step=Death(step)).deliver_due()
    stage.clock.advance(LEASE - timedelta(seconds=1))
    assert await stage.worker.deliver_due() == 0
    stage.clock.advance(seconds=1)
    assert await stage.worker.deliver_due() == 2
    assert stage.texts(conversation) == ["one", "two"]


async def test_a_slow_worker_does_not_begin_what_it_cannot_end_in_time(stage: OutboxStage) -> None:
    """A worker that was held up until its lease is nearly over posts nothing: another may take over any moment."""

    def stall(step: Step, _row_id: int) -> None:
        if step is Step.CLAIMED:
            stage.clock.advance(LEASE)

    stage.say(STATUS, "one")
    slow = stage.make_worker(name="slow", on_step=stall)
    await slow.deliver_due()
    assert stage.calls("chat.postMessage") == []
    await stage.deliver_all()
    assert stage.texts() == ["one"]


async def test_a_worker_that_was_overtaken_changes_nothing(stage: OutboxStage) -> None:
    """When a worker comes back with an answer after another took its row over, the other's word stands."""
    elsewhere = Place(STATUS, "1772442000.000100")

    def overtake(step: Step, _row_id: int) -> None:
        if step is Step.ANSWERED:
            later = stage.clock.now() + LEASE
            with stage.desk.database.write() as session:
                claim = outbox.claim_next(
                    session, Channel.SLACK, worker="other", now=later, lease=LEASE, pace=timedelta()
                )
                assert claim is not None
                outbox.mark_sent(session, claim, now=later, called=True, covers=())
                keep_place(session, claim.subject, elsewhere, won=True)

    stage.say(STATUS, "one")
    with capture_logs() as logs:
        await stage.make_worker(name="slow", on_step=overtake).deliver_due()
    assert "claim_lost" in {entry["event"] for entry in logs}
    assert stage.statuses() == [DeliveryStatus.SENT]
    with stage.desk.database.read() as session:
        assert session.scalars(select(SlackMessage.ts)).all() == [elsewhere.ts]


async def test_a_row_that_always_kills_its_worker_is_given_up(stage: OutboxStage) -> None:
    """A row whose delivery never comes to an end is buried in the end, so that its lane goes on."""
    stage.say(STATUS, "killer", "two")
    back_off = BackOff(attempts=3)
    for _ in range(3):
        with pytest.raises(DiedError):
            await stage.make_worker(back_off=back_off, on_step=Death(Step.CALLING)).deliver_due()
        stage.clock.advance(LEASE)
    await stage.deliver_all(worker=stage.make_worker(back_off=back_off))
    assert stage.texts() == ["two"]
    assert stage.rows()[0].last_error == "never_finished"


async def test_a_message_that_is_gone_holds_up_nobody(stage: OutboxStage) -> None:
    """One that was forgotten while its delivery waited: it is done with, and the next one of the place arrives."""
    stage.say(STATUS, "Forgotten.", "Said.")
    with stage.desk.database.write() as session:
        message = session.scalars(select(SlackMessage).order_by(SlackMessage.created_at, SlackMessage.id)).first()
        assert message is not None
        forgotten = message.facts
        session.delete(message)
    await stage.deliver_all()
    assert len(stage.texts()) == 1
    assert str(forgotten) not in str(stage.texts())
    with stage.desk.database.read() as session:
        assert {row.status for row in session.query(Delivery)} == {DeliveryStatus.SENT}
