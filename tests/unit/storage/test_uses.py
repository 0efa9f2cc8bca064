"""Marks of use in the database."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.models import KeyUse, KeyUseDay
from storage.uses import CHUNK, UseMark, add_uses, claim_suspended_use, in_chunks
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import add_key

TODAY = NOW.date()
HOUR = timedelta(hours=1)


@pytest.fixture
def key_id(database: Database) -> str:
    """The id of a key."""
    with database.write() as session:
        return add_key(session, NOW).id


def write(database: Database, *marks: UseMark) -> None:
    """Write marks in one transaction."""
    with database.write() as session:
        add_uses(session, marks)


def use_of(database: Database, key_id: str) -> KeyUse:
    """The key's totals."""
    with database.read() as session:
        use = session.get(KeyUse, key_id)
        assert use is not None
        return use


def days_of(database: Database, key_id: str) -> dict[date, tuple[int, int, int]]:
    """The key's days: reads, writes and refused."""
    with database.read() as session:
        rows = session.scalars(select(KeyUseDay).where(KeyUseDay.key_id == key_id)).all()
        return {row.day: (row.reads, row.writes, row.refused) for row in rows}


def test_the_first_marks_are_stored_as_they_are(database: Database, key_id: str) -> None:
    """Times keep their microseconds, counts their kinds, and strange characters survive."""
    at = NOW + timedelta(microseconds=123456)
    write(
        database,
        UseMark(
            key_id,
            TODAY,
            reads=2,
            writes=1,
            failed=4,
            refused=3,
            first_used_at=NOW,
            last_used_at=at,
            last_read_at=at,
            last_write_at=NOW,
            last_failed_at=at,
            last_refused_at=NOW,
            last_address="192.0.2.1",
            last_user_agent="agent 'ü' \"☃\" {}[]",
        ),
    )
    use = use_of(database, key_id)
    assert (use.first_used_at, use.last_used_at, use.last_read_at) == (NOW, at, at)
    assert (use.last_write_at, use.last_refused_at) == (NOW, NOW)
    assert (use.reads, use.writes, use.failed, use.refused, use.last_failed_at) == (2, 1, 4, 3, at)
    assert (use.last_address, use.last_user_agent) == ("192.0.2.1", "agent 'ü' \"☃\" {}[]")
    assert days_of(database, key_id) == {TODAY: (2, 1, 3)}


def test_later_marks_add_up(database: Database, key_id: str) -> None:
    """Counts grow, last times move on, the first one stays, and each day has its own counts."""
    write(database, UseMark(key_id, TODAY, reads=1, first_used_at=NOW, last_used_at=NOW, last_read_at=NOW))
    tomorrow = NOW + timedelta(days=1)
    write(
        database,
        UseMark(
            key_id,
            tomorrow.date(),
            writes=4,
            first_used_at=tomorrow,
            last_used_at=tomorrow,
            last_write_at=tomorrow,
            last_address="192.0.2.2",
        ),
    )
    use = use_of(database, key_id)
    assert (use.first_used_at, use.last_used_at) == (NOW, tomorrow)
    assert (use.last_read_at, use.last_write_at, use.last_address) == (NOW, tomorrow, "192.0.2.2")
    assert (use.reads, use.writes) == (1, 4)
    assert days_of(database, key_id) == {TODAY: (1, 0, 0), tomorrow.date(): (0, 4, 0)}


def test_marks_that_arrive_late_change_no_last_time(database: Database, key_id: str) -> None:
    """When another replica's older marks come later, the newest use and where it came from still stand."""
    write(
        database,
        UseMark(
            key_id, TODAY, reads=1, first_used_at=NOW, last_used_at=NOW, last_read_at=NOW, last_address="192.0.2.9"
        ),
    )
    earlier = NOW - HOUR
    write(
        database,
        UseMark(
            key_id,
            TODAY,
            reads=1,
            first_used_at=earlier,
            last_used_at=earlier,
            last_read_at=earlier,
            last_address="192.0.2.1",
        ),
    )
    use = use_of(database, key_id)
    assert (use.first_used_at, use.last_used_at, use.last_read_at) == (earlier, NOW, NOW)
    assert (use.last_address, use.reads) == ("192.0.2.9", 2)


def test_refusals_do_not_touch_the_last_use(database: Database, key_id: str) -> None:
    """A refused call counts, and leaves time and place of the last successful one alone."""
    write(
        database,
        UseMark(
            key_id, TODAY, reads=1, first_used_at=NOW, last_used_at=NOW, last_read_at=NOW, last_address="192.0.2.1"
        ),
        UseMark(key_id, TODAY + timedelta(days=1), refused=2, last_refused_at=NOW + HOUR),
    )
    use = use_of(database, key_id)
    assert (use.last_used_at, use.last_address) == (NOW, "192.0.2.1")
    assert (use.refused, use.last_refused_at) == (2, NOW + HOUR)


def test_marks_of_keys_that_do_not_exist_are_left_out(database: Database, key_id: str) -> None:
    """A mark without a key spoils nothing for the others."""
    write(database, UseMark("unknown00000", TODAY, reads=1), UseMark(key_id, TODAY, reads=1))
    assert use_of(database, key_id).reads == 1
    with database.read() as session:
        assert session.get(KeyUse, "unknown00000") is None


def test_counts_go_beyond_four_bytes(database: Database, key_id: str) -> None:
    """A busy key's total may pass two thousand million."""
    write(database, UseMark(key_id, TODAY, reads=3_000_000_000))
    write(database, UseMark(key_id, TODAY, reads=3_000_000_000))
    assert use_of(database, key_id).reads == 6_000_000_000
    assert days_of(database, key_id)[TODAY] == (6_000_000_000, 0, 0)


def test_chunks_hold_every_mark_once_in_order_of_key() -> None:
    """However many marks there are, transactions stay small, and no mark is lost between them."""
    marks = [UseMark(f"{number % 450:012d}", TODAY + timedelta(days=number // 450)) for number in range(900)]
    chunks = list(in_chunks(marks))
    assert all(len(chunk) <= CHUNK for chunk in chunks)
    joined = [mark for chunk in chunks for mark in chunk]
    assert sorted(joined, key=lambda mark: (mark.key_id, mark.day)) == joined
    assert len(joined) == len(set(joined)) == 900


def test_calls_that_only_read_leave_what_else_is_known(database: Database) -> None:
    """A read of one key and a refusal of another at once, after each was the other way, then an older read: counts
    add up, and what nothing new is said of stays."""
    with database.write() as session:
        one, other = (add_key(session, NOW).id for _ in range(2))
    later, client = NOW + HOUR, {"last_address": "192.0.2.1", "last_user_agent": "curl"}
    read: dict[str, Any] = {
        "reads": 1,
        "first_used_at": later,
        "last_used_at": later,
        "last_read_at": later,
        **client,
    }
    failed: dict[str, Any] = {"writes": 1, "failed": 1, "last_write_at": NOW, "last_failed_at": NOW}
    write(
        database,
        UseMark(one, TODAY, refused=1, first_used_at=NOW, last_used_at=NOW, last_refused_at=NOW, **failed),
        UseMark(other, TODAY, **read),
    )
    write(database, UseMark(one, TODAY, **read), UseMark(other, TODAY, refused=1, last_refused_at=NOW))
    for key_id in (one, other):
        use = use_of(database, key_id)
        assert (use.reads, use.refused, use.last_refused_at) == (1, 1, NOW)
        assert (use.last_used_at, use.last_read_at, use.last_address, use.last_user_agent) == (
            later,
            later,
            *client.values(),
        )
    early = NOW - HOUR
    write(database, UseMark(one, TODAY, reads=1, first_used_at=early, last_used_at=early, last_read_at=early))
    use = use_of(database, one)
    assert (use.reads, use.writes, use.failed, use.last_write_at, use.last_failed_at) == (2, 1, 1, NOW, NOW)
    assert (use.first_used_at, use.last_used_at, use.last_address) == (early, later, "192.0.2.1")


def test_a_use_is_told_by_one_caller_then_not_for_a_while(database: Database, key_id: str) -> None:
    """The first one tells, with or without earlier marks; others only once the quiet time is over."""

    def claim(at_hours: float) -> bool:
        at = NOW + at_hours * HOUR
        with database.write() as session:
            return claim_suspended_use(session, key_id, at=at, quiet_since=at - HOUR)

    assert [claim(0), claim(0), claim(0.99), claim(1), claim(1.5), claim(2)] == [
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    write(database, UseMark(key_id, TODAY, refused=1))
    assert use_of(database, key_id).knock_told_at == NOW + 2 * HOUR
