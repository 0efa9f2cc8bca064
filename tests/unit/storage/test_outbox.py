"""Which delivery is next, whose it is, and when to look again."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, event, text
from sqlalchemy.exc import IntegrityError

from desk.identifiers import new_id
from storage import lanes, outbox
from storage.database import Database
from storage.models import Channel, Delivery, DeliveryLane, DeliveryStatus
from storage.outbox import Claim
from tests.clock import MONDAY_MORNING as NOW

SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=2)


def _add(
    database: Database,
    *lanes: str,
    due_at: datetime = NOW,
    subject: str | None = None,
    channel: Channel = Channel.WEBHOOK,
) -> list[int]:
    """Deliveries that wait, one for each lane named; their ids."""
    with database.write() as session:
        rows = [
            Delivery(channel=channel, lane=lane, subject=subject or new_id(), due_at=due_at, created_at=NOW)
            for lane in lanes
        ]
        session.add_all(rows)
        session.flush()
        return sorted(row.id for row in rows)


def _claim(
    database: Database,
    *,
    after: timedelta = timedelta(),
    pace: timedelta = SECOND,
    who: str = "w",
    channel: Channel = Channel.WEBHOOK,
    only_untried: bool = False,
) -> Claim | None:
    with database.write() as session:
        return outbox.claim_next(
            session, channel, worker=who, now=NOW + after, lease=LEASE, pace=pace, only_untried=only_untried
        )


def _row_of(claim: Claim | None) -> int | None:
    return claim.delivery_id if claim else None


def _sent(database: Database, claim: Claim | None, *, after: timedelta = timedelta(), called: bool = True) -> bool:
    assert claim is not None
    with database.write() as session:
        return outbox.mark_sent(session, claim, now=NOW + after, called=called, covers=())


def _put_back(database: Database, claim: Claim | None, *, after: timedelta) -> bool:
    assert claim is not None
    with database.write() as session:
        return outbox.put_back(session, claim, due_at=NOW + after, error="x", counted=True, uncertain=True)


def _next_due(database: Database, *, after: timedelta = timedelta(), only_untried: bool = False) -> datetime | None:
    with database.read() as session:
        return lanes.find_next_due(session, Channel.WEBHOOK, now=NOW + after, pace=SECOND, only_untried=only_untried)


def test_a_lane_goes_one_by_one_and_oldest_first(database: Database) -> None:
    """While a row is on its way the rest of its lane waits; another lane does not."""
    first, second, other = _add(database, "C1", "C1", "C2")
    claims = [_claim(database) for _ in range(3)]
    assert [_row_of(claim) for claim in claims] == [first, other, None]
    assert _sent(database, claims[0])
    assert _row_of(_claim(database, after=SECOND)) == second


def test_a_lane_in_back_off_waits_with_all_its_rows(database: Database) -> None:
    """A row that is put back holds up the rows behind it until it is due again."""
    first, _second, other = _add(database, "C1", "C1", "C2")
    claim = _claim(database)
    assert claim is not None
    with database.write() as session:
        assert outbox.put_back(session, claim, due_at=NOW + 9 * SECOND, error="x", counted=True, uncertain=True)
    assert _row_of(_claim(database)) == other
    assert _claim(database, after=8 * SECOND) is None
    assert _row_of(_claim(database, after=9 * SECOND)) == first


def test_what_has_been_due_longest_comes_first(database: Database) -> None:
    """Among lanes, the row that became due first is first, not the one that was written first."""
    (late,) = _add(database, "C1", due_at=NOW)
    (early,) = _add(database, "C2", due_at=NOW - SECOND)
    assert [_row_of(_claim(database)), _row_of(_claim(database))] == [early, late]


def test_posts_of_a_lane_keep_their_pace(database: Database) -> None:
    """After a post its lane rests for a second; a row that needed no post makes nobody wait."""
    _first, second, third = _add(database, "C1", "C1", "C1")
    assert _sent(database, _claim(database))
    assert _claim(database, after=SECOND / 2) is None
    claim = _claim(database, after=SECOND)
    assert _row_of(claim) == second
    assert _sent(database, claim, after=SECOND, called=False)
    assert _row_of(_claim(database, after=SECOND)) == third


def test_a_lease_that_is_over_frees_the_row(database: Database) -> None:
    """A row whose worker is silent goes to another when the lease is over, and the first one's word is void."""
    (row,) = _add(database, "C1")
    silent = _claim(database, who="silent")
    assert _claim(database, after=LEASE - SECOND) is None
    heir = _claim(database, after=LEASE, who="heir")
    assert heir is not None
    assert (heir.delivery_id, heir.attempts, heir.uncertain_since) == (row, 2, NOW)
    assert not _sent(database, silent, after=LEASE)
    assert _sent(database, heir, after=LEASE)
    with database.read() as session:
        settled = session.get_one(Delivery, row)
        assert (settled.claimed_by, settled.lease_until) == (None, None)


def test_the_same_worker_cannot_settle_an_older_claim(database: Database) -> None:
    """A claim is void once the row was claimed anew, even by the same worker."""
    _add(database, "C1")
    older, newer = _claim(database), _claim(database, after=LEASE)
    assert not _sent(database, older, after=LEASE)
    assert _sent(database, newer, after=LEASE)


def test_a_claim_of_before_a_revival_is_void(database: Database) -> None:
    """A worker that was silent while its delivery died and was revived has no say in the first try of another."""
    _add(database, "C1", subject="m1")
    silent, heir = _claim(database, who="silent"), _claim(database, after=LEASE, who="heir")
    assert heir is not None
    with database.write() as session:
        assert outbox.mark_dead(session, heir, error="x", uncertain=False)
        assert outbox.revive(session, "m1", now=NOW) == 1
    again = _claim(database, after=LEASE, who="third")
    assert silent is not None
    assert again is not None
    assert silent.attempts == again.attempts
    assert not _sent(database, silent, after=LEASE)
    assert _sent(database, again, after=LEASE)


def test_doubt_is_kept_for_the_whole_message(database: Database) -> None:
    """When a post may have arrived, every later row of that message knows since when, until its place is known."""
    _add(database, "C1", "C1", subject="m1")
    claim = _claim(database)
    assert claim is not None
    assert claim.uncertain_since is None
    with database.write() as session:
        assert outbox.mark_dead(session, claim, error="timeout", uncertain=True)
    later = _claim(database, after=SECOND)
    assert later is not None
    assert later.uncertain_since == NOW


def test_a_certain_failure_leaves_no_doubt(database: Database) -> None:
    """A try that Slack certainly did not carry out leaves the message as unknown to Slack as before."""
    _add(database, "C1")
    claim = _claim(database)
    assert claim is not None
    with database.write() as session:
        assert outbox.put_back(session, claim, due_at=NOW, error="ratelimited", counted=False, uncertain=False)
    again = _claim(database)
    assert again is not None
    assert (again.attempts, again.uncertain_since) == (1, None)


def test_a_delivery_settles_waiting_and_dead_rows_of_its_message(database: Database) -> None:
    """What a delivery has shown needs no other: rows that waited or were dead are done; those of others are not."""
    first, second, third, other = _add(database, "C1", "C1", "C1", subject="m1") + _add(database, "C1")
    with database.write() as session:
        session.get_one(Delivery, second).status = DeliveryStatus.DEAD
    claim = _claim(database)
    assert claim is not None
    with database.write() as session:
        covers = outbox.list_waiting(session, "m1")
        assert sorted(covers) == [second, third]
        assert outbox.mark_sent(session, claim, now=NOW, called=True, covers=[*covers, other])
    with database.read() as session:
        statuses = {row.id: row.status for row in session.query(Delivery)}
    sent, pending = DeliveryStatus.SENT, DeliveryStatus.PENDING
    assert statuses == {first: sent, second: sent, third: sent, other: pending}


def test_when_to_look_again(database: Database) -> None:
    """The next look is at the nearest due time of a lane's head, its pace included, or at the end of a lease."""
    assert _next_due(database) is None
    _add(database, "C1", due_at=NOW + 50 * SECOND)
    _add(database, "C1", due_at=NOW)
    assert _claim(database) is None
    assert _next_due(database) == NOW + 50 * SECOND
    _add(database, "C2", "C2", due_at=NOW)
    assert _next_due(database) == NOW
    claim = _claim(database)
    assert _next_due(database) == NOW + 50 * SECOND
    assert _sent(database, claim)
    assert _next_due(database) == NOW + SECOND
    _claim(database, after=SECOND)
    assert _next_due(database, after=SECOND) == NOW + 50 * SECOND
    _claim(database, after=50 * SECOND)
    assert _next_due(database, after=50 * SECOND) == NOW + SECOND + LEASE
    _add(database, "C3", due_at=NOW + 50 * SECOND)
    assert _sent(database, _claim(database, after=50 * SECOND), after=50 * SECOND)
    assert _next_due(database, after=50 * SECOND) == NOW + SECOND + LEASE


def test_a_look_is_one_row_however_much_waits_and_rests(database: Database) -> None:
    """It is asked once, and answered by one row, whether two lanes rest or fifty."""
    places = [f"C{number}" for number in range(50)]
    _add(database, *places, *places)
    for _ in places:
        assert _sent(database, _claim(database))
    answers: list[int] = []

    def count(_connection: object, cursor: Any, *_rest: object) -> None:
        answers.append(cursor)

    with database.read() as session:
        session.connection()
        event.listen(database.engine, "after_cursor_execute", count)
        found = lanes.find_next_due(session, Channel.WEBHOOK, now=NOW, pace=SECOND)
        event.remove(database.engine, "after_cursor_execute", count)
    assert found == NOW + SECOND
    assert len(answers) == 1


def test_what_is_due_is_claimed_together(database: Database) -> None:
    """Up to as many as there are free hands, of lanes of their own; the last hand is for what was never tried."""

    def claim(after: timedelta, tries: Sequence[int], most: int) -> list[int]:
        with database.write() as session:
            return [
                claim.delivery_id
                for claim in outbox.claim_due(
                    session,
                    Channel.WEBHOOK,
                    worker="w",
                    now=NOW + after,
                    lease=LEASE,
                    pace=SECOND,
                    tries=tries,
                    most=most,
                )
            ]

    failed, also, first, _second, other = _add(database, "C1", "C2", "C3", "C3", "C4")
    for _ in range(2):
        assert _put_back(database, _claim(database), after=SECOND)
    assert claim(timedelta(), (1,), 3) == [first, other]
    assert claim(SECOND, (1, 1, 2), 3) == []
    assert claim(SECOND, (1,), 3) == [failed, also]


def test_the_last_hand_is_kept_when_claiming_together(database: Database) -> None:
    """Of many deliveries that failed before, one fewer is taken than there are hands."""
    rows = _add(database, "C1", "C2", "C3")
    for _ in rows:
        assert _put_back(database, _claim(database), after=SECOND)
    with database.write() as session:
        claims = outbox.claim_due(
            session, Channel.WEBHOOK, worker="w", now=NOW + SECOND, lease=LEASE, pace=SECOND, tries=(), most=3
        )
    assert [claim.delivery_id for claim in claims] == rows[:2]


def test_what_was_added_since_the_last_look_is_looked_at_when_it_is_due(database: Database) -> None:
    """A delivery that no worker has put in line yet is never overlooked, wherever it will have to wait."""
    _add(database, "C1", due_at=NOW + 9 * SECOND)
    assert _next_due(database) == NOW + 9 * SECOND
    _add(database, "C1")
    assert _next_due(database) == NOW


def test_a_place_in_trouble_is_passed_over(database: Database) -> None:
    """Asked for what was never tried, a claim leaves a lane alone whose head failed or whose worker is silent."""
    silent, failed, fresh = _add(database, "C1", "C2", "C3")
    _claim(database)
    assert _put_back(database, _claim(database), after=SECOND)
    assert _row_of(_claim(database, after=LEASE, only_untried=True)) == fresh
    assert _claim(database, after=LEASE, only_untried=True) is None
    assert _next_due(database, after=LEASE, only_untried=True) is None
    assert [_row_of(_claim(database, after=LEASE)), _row_of(_claim(database, after=LEASE))] == [silent, failed]


def test_channels_do_not_know_of_each_other(database: Database) -> None:
    """A place of the same name on another channel is another lane, and nobody takes what is not of his channel."""
    (hook,) = _add(database, "C1")
    (mail,) = _add(database, "C1", channel=Channel.EMAIL)
    assert _row_of(_claim(database)) == hook
    assert _claim(database, after=SECOND) is None
    assert _next_due(database, after=SECOND) == NOW + LEASE
    assert _row_of(_claim(database, channel=Channel.EMAIL)) == mail


def test_a_revived_delivery_goes_before_what_came_later(database: Database) -> None:
    """A dead letter that is tried again keeps its place: the rest of its lane waits for it, though it was in line."""
    dead, later = _add(database, "C1", "C1")
    claim = _claim(database)
    assert claim is not None
    with database.write() as session:
        assert outbox.mark_dead(session, claim, error="x", uncertain=False)
        session.get_one(Delivery, later).due_at = NOW + 5 * SECOND
    with database.write() as session:
        assert outbox.revive(session, claim.subject, now=NOW) == 1
    assert _row_of(_claim(database)) == dead


def test_a_lane_whose_delivery_was_deleted_by_hand_goes_on(database: Database) -> None:
    """What somebody deletes in the database holds up nothing: neither a head that waits nor one on its way."""
    for status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING):
        lane = str(status)
        first, second = _add(database, lane, lane)
        if status is DeliveryStatus.SENDING:
            assert _row_of(_claim(database)) == first
        else:
            with database.write() as session:
                lanes.notice(session, Channel.WEBHOOK, now=NOW)
        with database.write() as session:
            session.execute(delete(Delivery).where(Delivery.id == first))
        assert _row_of(_claim(database, after=LEASE)) == second
        assert _sent(database, _claim(database, after=3 * LEASE))


def test_a_long_line_is_put_in_order_at_once(database: Database) -> None:
    """However much is added between two looks, the oldest is first, and nothing is left out."""
    ids = _add(database, *["C1"] * (lanes.BATCH + 5))
    _add(database, *["C2"] * 5)
    for row in ids[:3]:
        claim = _claim(database, pace=timedelta())
        assert _row_of(claim) == row
        assert _sent(database, claim)
    with database.read() as session:
        assert session.query(Delivery).filter(Delivery.noticed_at.is_(None)).count() < lanes.BATCH


def test_the_database_refuses_two_rows_of_a_lane_on_their_way(database: Database) -> None:
    """Even a worker with a mistake in it cannot send two messages of a conversation at once."""
    _add(database, "C1", "C1")
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(text("UPDATE delivery SET status = 'sending'"))


def test_many_workers_never_take_the_same(database: Database) -> None:
    """Eight threads that claim and settle as fast as they can deliver each row once, each lane in order."""
    places = ["C1", "C2", "C3"]
    _add(database, *(place for _ in range(20) for place in places))
    delivered: list[tuple[str, int]] = []
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work(who: str) -> None:
        try:
            for _ in range(400):
                try:
                    claim = _claim(database, pace=timedelta(), who=who)
                except IntegrityError:
                    continue
                if claim is None:
                    if _next_due(database) is None:
                        return
                    continue
                with lock:
                    delivered.append((claim.lane, claim.delivery_id))
                assert _sent(database, claim)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for place in places:
        rows = [row for name, row in delivered if name == place]
        assert rows == sorted(rows)
        assert len(rows) == 20


def test_what_is_added_meanwhile_is_never_forgotten(database: Database) -> None:
    """While threads add deliveries, several to a transaction, others claim, settle, bury and revive them: none is
    left behind in any lane, and nobody is in anybody's way for good."""
    places = ["C1", "C2", "C3", "C4"]
    settled: list[int] = []
    failures: list[BaseException] = []

    def add(first: int) -> None:
        # Each transaction goes through the places in an order of its own.
        for number in range(6):
            at = (first + number) % len(places)
            _add(database, *places[at:], *places[:at])

    def work(who: str) -> None:
        for _ in range(2_000):
            if len(settled) >= 3 * 6 * len(places):
                return
            claim = _claim(database, pace=timedelta(), who=who)
            if claim is None:
                continue
            if claim.delivery_id % 5 == 0 and claim.attempts == 1 and claim.first_tried_at is None:
                with database.write() as session:
                    assert outbox.mark_dead(session, claim, error="x", uncertain=True)
                with database.write() as session:
                    assert outbox.revive(session, claim.subject, now=NOW) == 1
            else:
                assert _sent(database, claim)
                settled.append(claim.delivery_id)

    def guarded(target: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                target()
            except BaseException as error:
                failures.append(error)

        return threading.Thread(target=run)

    threads = [guarded(partial(add, first)) for first in range(3)] + [
        guarded(partial(work, f"w{n}")) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.read() as session:
        assert {row.status for row in session.query(Delivery)} == {DeliveryStatus.SENT}
        assert session.query(Delivery).count() == len(settled) == len(set(settled)) == 72


def test_only_settled_rows_are_forgotten(database: Database) -> None:
    """Sent and dropped rows of before an instant are deleted, a batch at a time; all others stay."""
    ids = _add(database, "C1", "C2", "C3", "C4", "C5")
    with database.write() as session:
        states = [DeliveryStatus.SENT, DeliveryStatus.SENT, DeliveryStatus.DROPPED, DeliveryStatus.DEAD]
        for row_id, status in zip(ids, states, strict=False):
            session.get_one(Delivery, row_id).status = status
    with database.write() as session:
        assert outbox.forget_settled(session, before=NOW) == 0
        assert outbox.forget_settled(session, before=NOW + SECOND, limit=2) == 2
        assert outbox.forget_settled(session, before=NOW + SECOND) == 1
        assert {row.id for row in session.query(Delivery)} == set(ids[3:])


def test_only_silent_lanes_are_forgotten(database: Database) -> None:
    """A lane is forgotten when nothing waits there and nothing was sent for a while; a delivery brings it back."""
    _add(database, "C1", "C2", "C3")
    assert _sent(database, _claim(database))
    assert _sent(database, _claim(database), after=SECOND)
    with database.write() as session:
        assert lanes.forget_empty(session, before=NOW) == 0
        assert lanes.forget_empty(session, before=NOW + SECOND) == 1
        assert {lane.lane for lane in session.query(DeliveryLane)} == {"C2", "C3"}
    (again,) = _add(database, "C1", due_at=NOW - SECOND)
    assert _row_of(_claim(database)) == again
