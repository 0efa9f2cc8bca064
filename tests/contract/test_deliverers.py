"""What every deliverer promises, whatever its channel: killed, refused, slow, unreachable or poisoned, nothing is
lost, nothing arrives twice as far as the other side can know it again, and nobody else waits.

Each test runs for every channel, with another one beside it that must go on.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from desk.messages.dead_letters import list_dead, retry_delivery
from desk.transaction import Desk
from handlers.delivery.backoff import BackOff
from handlers.delivery.deliverer import Deliverer
from handlers.delivery.worker import OutboxWorker
from handlers.slack.deliveries.messages import place_in_words
from storage.models import Channel, Delivery, DeliveryStatus
from tests.clock import HeldClock
from tests.contract import dying_deliverer
from tests.contract.channels import CHANNELS, NOBODY_LISTENS, PASSING, Fault, Way
from tests.factories import OLIVIA, add_owner
from tests.forking import Fork
from tests.scenario.outbox_stage import ACTOR
from tests.waiting import eventually

STEPS = ("commit-1", "claimed", "calling", "answered", "commit-2", "stored")


@pytest.fixture(scope="module")
def ways() -> Iterator[Mapping[Channel, Way]]:
    """Every channel, each with its other side."""
    with ExitStack() as stack:
        yield {channel: stack.enter_context(way.open()) for channel, way in CHANNELS.items()}


@dataclass(slots=True)
class Town:
    """An outbox, the channel under test, another one beside it, and a worker that serves both."""

    desk: Desk
    clock: HeldClock
    way: Way
    beside: Way
    deliverers: Mapping[Channel, Deliverer]
    worker: OutboxWorker
    letters: Callable[[], list[str]]
    """What the owner was told in Slack."""

    async def settle(self) -> None:
        """Deliver, moving the clock on to whatever is due next, until nothing waits."""
        for _ in range(300):
            await self.worker.deliver_due()
            due = await self.worker.find_next_due()
            if due is None:
                return
            self.clock.advance(max(due - self.clock.now(), timedelta(seconds=1)))
        raise AssertionError("still not done")

    def rows(self) -> list[Delivery]:
        """Every delivery of the channel under test but what tells owners, the oldest first."""
        with self.desk.database.read() as session:
            rows = session.query(Delivery).filter(Delivery.channel == self.way.channel).order_by(Delivery.id)
            return [row for row in rows if row.lane in self.way.places]

    def statuses(self) -> set[DeliveryStatus]:
        """How the deliveries of the channel under test stand."""
        return {row.status for row in self.rows()}

    def all_arrived(self) -> bool:
        """Whether nothing is left to do, with nothing given up."""
        return self.statuses() == {DeliveryStatus.SENT}


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is promised for every channel. Who is killed is killed beside each database.

    What else becomes of a delivery is written down by the worker, which knows no channel: Slack's, of which most is
    noted, shows on PostgreSQL that it is; `test_outbox` and the stories of each channel ask the rest of both.
    """
    if "town" in metafunc.fixturenames:
        killed = "killed" in metafunc.definition.originalname
        made = [(channel, "sqlite") for channel in CHANNELS]
        made += [(channel, "postgresql") for channel in CHANNELS if killed or channel is Channel.SLACK]
        # As a mark, so that it goes before the parameters that the databases have of their own.
        metafunc.definition.add_marker(
            pytest.mark.parametrize(("town", "database_url"), made, indirect=True, ids=str)
        )


@pytest_asyncio.fixture
async def town(
    request: pytest.FixtureRequest, ways: Mapping[Channel, Way], desk: Desk, clock: HeldClock
) -> AsyncIterator[Town]:
    """Both sides fresh."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, clock.now())
    way = ways[request.param]
    beside = next(other for channel, other in ways.items() if channel != request.param)
    async with AsyncExitStack() as stack:
        deliverers = {}
        for one in (way, beside):
            one.reset()
            deliverers[one.channel] = await stack.enter_async_context(one.connect(one.address, clock))
        letters = partial(ways[Channel.SLACK].arrived, OLIVIA)
        yield Town(desk, clock, way, beside, deliverers, OutboxWorker(desk, deliverers), letters)


async def test_each_place_has_what_it_is_owed_in_order(town: Town) -> None:
    """Deliveries arrive once each, at their place, in the order in which they were owed."""
    for place in town.way.places[:2]:
        town.way.owe(town.desk, place, "one", "two", "three")
    assert await town.worker.deliver_due() == 6
    assert [town.way.arrived(place) for place in town.way.places[:2]] == [["one", "two", "three"]] * 2
    assert town.all_arrived()


@pytest.mark.parametrize("step", STEPS)
async def test_killed_at_any_step(town: Town, database_url: str, step: str) -> None:
    """However far a delivery had come when its worker was killed, the next worker makes it, and it is there once."""
    place = town.way.places[0]
    town.way.owe(town.desk, place, "one", "two")
    dying = Fork(
        dying_deliverer.main, town.way.channel, database_url, town.way.address, step, town.clock.now().isoformat()
    )
    assert await eventually(dying.poll, 60) == -signal.SIGKILL
    town.beside.owe(town.desk, town.beside.places[0], "beside")
    await town.worker.deliver_due()
    assert town.beside.arrived(town.beside.places[0]) == ["beside"]
    town.clock.advance(dying_deliverer.TIMING.lease)
    await town.settle()
    assert town.way.arrived(place) == ["one", "two"]
    assert town.all_arrived()


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.SILENT_DONE], ids=str)
async def test_killed_while_it_waits_for_the_answer(town: Town, database_url: str, fault: Fault) -> None:
    """A worker that is killed in the middle of its call leaves a delivery that is made once, whether it arrived or
    not."""
    place = town.way.places[0]
    town.way.owe(town.desk, place, "one", "two")
    town.way.arm(fault, "one")
    dying = Fork(
        dying_deliverer.main, town.way.channel, database_url, town.way.address, "never", town.clock.now().isoformat()
    )
    await eventually(lambda: town.way.calls() == 1, 60)
    dying.kill()
    dying.wait()
    town.clock.advance(dying_deliverer.TIMING.lease)
    await town.settle()
    assert town.way.arrived(place) == ["one", "two"]
    assert town.all_arrived()


@pytest.mark.parametrize("fault", PASSING, ids=str)
async def test_what_passes_loses_and_doubles_nothing(town: Town, fault: Fault) -> None:
    """Whatever befalls a call, twice, it arrives once, before what comes after it; other places do not wait."""
    place, other = town.way.places[:2]
    town.way.owe(town.desk, place, "one", "two")
    town.way.owe(town.desk, other, "elsewhere")
    town.beside.owe(town.desk, town.beside.places[0], "beside")
    town.way.arm(fault, "one", times=2)
    await town.worker.deliver_due()
    if fault is not Fault.LIMITED or town.way.limits_places:
        assert town.way.arrived(other) == ["elsewhere"]
    assert town.beside.arrived(town.beside.places[0]) == ["beside"]
    assert "two" not in town.way.arrived(place)
    await town.settle()
    assert (town.way.arrived(place), town.way.arrived(other)) == (["one", "two"], ["elsewhere"])
    assert town.all_arrived()


async def test_a_limit_is_obeyed(town: Town) -> None:
    """A place that asks to wait is left alone for as long as it asks, and that try does not count."""
    place = town.way.places[0]
    town.way.owe(town.desk, place, "one")
    town.way.arm(Fault.LIMITED, "one")
    await town.worker.deliver_due()
    town.clock.advance(town.way.waits - timedelta(seconds=1))
    await town.worker.deliver_due()
    assert town.way.calls() == 1
    town.clock.advance(seconds=1)
    await town.worker.deliver_due()
    assert town.way.arrived(place) == ["one"]
    assert [row.attempts for row in town.rows()] == [1]


async def test_a_refused_message_dies_alone(town: Town) -> None:
    """What the other side will never take is put before the owners at once, with what it says; the next one in its
    place arrives, and so does the refused one when an owner lets it be tried again."""
    place = town.way.places[0]
    town.way.owe(town.desk, place, "one", "two")
    town.way.arm(Fault.MESSAGE, "one")
    await town.worker.deliver_due()
    assert town.way.arrived(place) == ["two"]
    await town.settle()
    shown = place_in_words(town.way.channel, place)
    what = town.way.what("one")
    assert town.letters() == [f"A message could not be delivered to {shown}: {what}"]
    [letter] = town.desk.read_now(ACTOR, list_dead)
    assert (letter.channel, letter.lane, letter.what) == (town.way.channel, place, what)
    town.desk.write_now(ACTOR, lambda tx: retry_delivery(tx, letter.subject))
    await town.settle()
    assert sorted(town.way.arrived(place)) == ["one", "two"]
    assert town.all_arrived()
    [told] = town.letters()
    assert told.startswith(f"A message could not be delivered at first to {shown}. :white_check_mark: ")
    assert "Delivered after all" in told


async def test_a_refused_place_is_its_own_trouble(town: Town) -> None:
    """A place that takes nothing has its messages put before the owners; other places and channels do not notice."""
    place, other = town.way.places[:2]
    town.way.owe(town.desk, place, "one", "two")
    town.way.owe(town.desk, other, "elsewhere")
    town.beside.owe(town.desk, town.beside.places[0], "beside")
    town.way.arm(Fault.PLACE, place, times=2)
    await town.worker.deliver_due()
    assert (town.way.arrived(place), town.way.arrived(other)) == ([], ["elsewhere"])
    assert town.beside.arrived(town.beside.places[0]) == ["beside"]
    letters = town.desk.read_now(ACTOR, list_dead)
    assert [(letter.lane, letter.what) for letter in letters] == [
        (place, town.way.what(text)) for text in ("one", "two")
    ]


async def test_a_refused_account_pauses_its_channel_alone(town: Town) -> None:
    """Where the other side refuses us, nothing is given up: the channel rests and goes on later; others go on."""
    pause = BackOff().account_pause
    for place in town.way.places[:2]:
        town.way.owe(town.desk, place, "one")
    town.way.arm(Fault.ACCOUNT, "one")
    await town.worker.deliver_due()
    assert town.way.calls() == 1
    town.beside.owe(town.desk, town.beside.places[0], "beside")
    town.clock.advance(pause - timedelta(seconds=1))
    await town.worker.deliver_due()
    assert town.way.calls() == 1
    assert town.beside.arrived(town.beside.places[0]) == ["beside"]
    town.clock.advance(seconds=1)
    await town.settle()
    assert [town.way.arrived(place) for place in town.way.places[:2]] == [["one"], ["one"]]
    assert {row.attempts for row in town.rows()} == {1}


async def test_an_other_side_that_cannot_be_reached_is_waited_for(town: Town) -> None:
    """While nobody listens there, everything waits and nothing is in doubt; then it arrives once."""
    place = town.way.places[0]
    town.way.owe(town.desk, place, "one", "two")
    async with town.way.connect(NOBODY_LISTENS, town.clock) as lost:
        worker = OutboxWorker(town.desk, {town.way.channel: lost})
        for _ in range(3):
            await worker.deliver_due()
            town.clock.advance(hours=1)
    assert [(row.last_error, row.attempts, row.first_tried_at) for row in town.rows()] == [
        ("unreachable", 3, None),
        (None, 0, None),
    ]
    await town.settle()
    assert town.way.arrived(place) == ["one", "two"]
    assert town.all_arrived()


async def test_poison_does_not_block_its_place(town: Town) -> None:
    """What cannot be drawn is tried a few times, then put before the owners; what comes after it arrives."""
    place, other = town.way.places[:2]
    town.way.owe_poison(town.desk, place)
    town.way.owe(town.desk, place, "two")
    town.way.owe(town.desk, other, "elsewhere")
    with capture_logs() as logs:
        await town.worker.deliver_due()
        assert town.way.arrived(other) == ["elsewhere"]
        await town.settle()
    assert town.way.arrived(place) == ["two"]
    assert {entry["delivery"] for entry in logs if entry["event"] == "message_not_drawn"} == {town.rows()[0].id}
    poison = town.rows()[0]
    assert (poison.status, poison.attempts) == (DeliveryStatus.DEAD, BackOff().doubtful_attempts)
    assert str(poison.last_error).startswith("not_drawn:")


async def test_slow_places_hold_up_no_other(town: Town) -> None:
    """More places in trouble than are served at once: while each try of theirs takes its time, a place that is well
    is served, and so is another channel."""
    *slow, well = town.way.places
    assert len(slow) > town.deliverers[town.way.channel].lanes
    for place in slow:
        town.way.owe(town.desk, place, "slow")
    town.way.arm(Fault.UNWELL, "slow", times=len(slow))
    await town.worker.deliver_due()
    town.way.arm(Fault.SILENT, "slow", times=1000)
    town.clock.advance(hours=1)
    async with town.way.connect(town.way.address, town.clock, patience=timedelta(seconds=20)) as patient:
        worker = OutboxWorker(town.desk, {**town.deliverers, town.way.channel: patient})
        running = asyncio.create_task(worker.run())
        calls = town.way.calls()
        await eventually(lambda: town.way.calls() > calls)
        town.way.owe(town.desk, well, "quick")
        town.beside.owe(town.desk, town.beside.places[0], "beside")
        await eventually(lambda: town.way.arrived(well) == ["quick"], 2)
        await eventually(lambda: town.beside.arrived(town.beside.places[0]) == ["beside"], 2)
        assert DeliveryStatus.SENDING in town.statuses()
        worker.stop()
        await asyncio.wait_for(running, 30)
