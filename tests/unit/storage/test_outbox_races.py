"""Workers at the same lane in the same instant, on PostgreSQL, where rows lock one by one."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from desk.identifiers import new_id
from desk.messages.outbox import enqueue
from desk.transaction import Desk, Transaction
from handlers.delivery.deliverer import Drawn
from handlers.delivery.worker import OutboxWorker
from storage import lanes, outbox
from storage.models import Channel
from storage.outbox import Claim
from tests.scenario.outbox_stage import ACTOR
from tests.unit.desk.racing import race, somebody_waits
from tests.waiting import eventually

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def owe(desk: Desk, *places: str) -> None:
    """Deliveries, each to a place, one transaction each."""
    for place in places:
        desk.write_now(ACTOR, partial(enqueue, channel=Channel.WEBHOOK, lane=place, subject=new_id()))


def take(tx: Transaction) -> Claim | None:
    """Claim what is next."""
    lease, pace = timedelta(minutes=2), timedelta()
    return outbox.claim_next(tx.session, Channel.WEBHOOK, worker="w", now=tx.now, lease=lease, pace=pace)


def settle(tx: Transaction, claim: Claim) -> bool:
    """Note that it arrived."""
    return outbox.mark_sent(tx.session, claim, now=tx.now, called=True, covers=())


def taken(desk: Desk) -> Claim:
    """A claim of what is next."""
    claim = desk.write_now(ACTOR, take)
    assert claim is not None
    return claim


def beside(
    desk: Desk, first: Callable[[Transaction], object], second: Callable[[Transaction], object]
) -> tuple[object, bool]:
    """What the second gives while the first has all but committed, and whether it waited for that."""
    waited: list[bool] = []

    def look(_tx: Transaction) -> None:
        waited.append(somebody_waits(desk))

    given = race(desk, (ACTOR, first), (ACTOR, second), then=look)
    return given[1], waited[0]


def test_a_lane_is_held_by_one_at_a_time(desk: Desk) -> None:
    """Whoever wants a lane that somebody holds waits until that one's transaction ends; another lane is free."""
    owe(desk, "C1", "C2")
    desk.write_now(ACTOR, lambda tx: lanes.notice(tx.session, Channel.WEBHOOK, now=tx.now))

    def hold(tx: Transaction, *names: str) -> None:
        lanes.lock(tx.session, Channel.WEBHOOK, names)

    assert beside(desk, lambda tx: hold(tx, "C1"), lambda tx: hold(tx, "C2", "C1"))[1]
    assert not beside(desk, lambda tx: hold(tx, "C1"), lambda tx: hold(tx, "C2"))[1]


def test_what_is_added_while_its_lane_is_settled_is_next(desk: Desk) -> None:
    """Whoever puts a new delivery in line waits for the lane and sees what became of the one before."""
    owe(desk, "C1")
    claim = taken(desk)
    owe(desk, "C1")
    following, waited = beside(desk, partial(settle, claim=claim), take)
    assert waited
    assert isinstance(following, Claim)
    assert following.delivery_id > claim.delivery_id


def test_workers_take_different_lanes_without_waiting(desk: Desk) -> None:
    """While one worker is about to have a lane, another one goes around it."""
    owe(desk, "C1", "C2")
    desk.write_now(ACTOR, lambda tx: lanes.notice(tx.session, Channel.WEBHOOK, now=tx.now))
    other, waited = beside(desk, take, take)
    assert not waited
    assert isinstance(other, Claim)
    assert other.lane == "C2"


def test_a_lane_that_comes_to_life_is_not_forgotten(desk: Desk) -> None:
    """Tidying up goes around a lane that somebody is about to use."""
    owe(desk, "C1")
    assert desk.write_now(ACTOR, partial(settle, claim=taken(desk)))
    owe(desk, "C1")

    def notice(tx: Transaction) -> None:
        lanes.notice(tx.session, Channel.WEBHOOK, now=tx.now)

    def forget(tx: Transaction) -> int:
        return lanes.forget_empty(tx.session, before=tx.now + timedelta(days=1))

    assert beside(desk, notice, forget) == (0, False)
    assert taken(desk).lane == "C1"


class Silent:
    """A deliverer of what says nothing any more."""

    lanes = 2
    pace = timedelta()
    timeout = timedelta(seconds=1)

    def draw(self, tx: Transaction, claim: Claim) -> Drawn:
        """Nothing."""
        return Drawn(None)

    def given_up(self, tx: Transaction, claim: Claim, error: str) -> None:
        """It never is."""
        raise AssertionError(error)


async def test_two_who_put_the_same_places_in_line_both_go_on(desk: Desk) -> None:
    """Where each waits for a place that the other one has begun, and PostgreSQL ends one, that one begins anew."""
    owe(desk, "C1", "C2")
    begin = text("INSERT INTO delivery_lane (channel, lane) VALUES ('webhook', :lane)")
    with desk.database.engine.connect() as other:
        # It is the worker that is ended.
        other.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        other.execute(begin, {"lane": "C2"})
        delivering = asyncio.create_task(OutboxWorker(desk, {Channel.WEBHOOK: Silent()}).deliver_due())
        await eventually(lambda: somebody_waits(desk))
        await asyncio.to_thread(other.execute, begin, {"lane": "C1"})
        other.rollback()
        assert await delivering == 2
