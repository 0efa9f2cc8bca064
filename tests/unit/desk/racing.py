"""Races that go the same way each time, on PostgreSQL: the second begins when the first has done all but commit."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from desk.errors import KeydeskError
from desk.transaction import Actor, Desk, Transaction
from tests.waiting import wait_until

Move = tuple[str | Actor, Callable[[Transaction], Any]]
"""Somebody (a member's user id, or another actor), and what they do in one transaction."""


def race(
    desk: Desk, first: Move, second: Move, *, then: Callable[[Transaction], Any] = lambda _: None
) -> tuple[Any, Any]:
    """What each gives, or how it is refused. When the second is done or waits, the first does `then` and commits."""
    halfway, done = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> Any:
        given = first[1](tx)
        tx.session.flush()
        halfway.set()
        wait_until(lambda: done.is_set() or somebody_waits(desk))
        then(tx)
        return given

    def follow() -> Any:
        halfway.wait(20)
        try:
            return _move(desk, second)
        finally:
            done.set()

    with ThreadPoolExecutor(2) as threads:
        moves = [threads.submit(_move, desk, (first[0], hold)), threads.submit(follow)]
        return moves[0].result(60), moves[1].result(60)


def while_held(desk: Desk, held: Any, move: Move) -> Any:
    """What a move gives while somebody has a row in hand. Fails when it waits for them."""
    with ThreadPoolExecutor(1) as threads, desk.database.write() as session:
        session.get_one(type(held), held.id, with_for_update=True)
        moving = threads.submit(_move, desk, move)
        wait_until(lambda: moving.done() or somebody_waits(desk))
        assert moving.done(), "it waits for whoever has the row in hand"
    return moving.result()


def _move(desk: Desk, move: Move) -> Any:
    who, work = move
    try:
        return desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)
    except KeydeskError as refusal:
        return refusal


def somebody_waits(desk: Desk) -> bool:
    """Whether a transaction waits for another one's lock, in this test's database."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with desk.database.read() as session:
        return bool(session.scalar(text(waits)))
