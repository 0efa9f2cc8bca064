"""Uses in memory, and their way to the database."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from desk.errors import UnknownOutcomeError
from desk.keys.uses import UseKind, UseLog, clean_address, clean_user_agent, flush_uses
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from storage.attempts import UncertainError
from storage.database import Database
from storage.deadline import answer_within
from storage.models import KeyUse
from storage.uses import CHUNK
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import open_database, url_on_both
from tests.factories import add_key
from tests.postgresql_proxy import Cut, proxied

database_url = url_on_both

KEY = "k00000000001"
CHECK = Actor.job(JobName.KEY_CHECK)


def test_one_mark_per_key_and_day() -> None:
    """Any number of uses of a key on one day is one mark with counts, times, and the last caller."""
    log = UseLog()
    log.note(KEY, UseKind.READ, NOW, "192.0.2.1", b"one")
    log.note(KEY, UseKind.WRITE, NOW + timedelta(seconds=1), "192.0.2.2", b"two")
    log.note(KEY, UseKind.REFUSED, NOW + timedelta(seconds=2), "192.0.2.3", b"three")
    log.note(KEY, UseKind.READ, NOW + timedelta(days=1), "192.0.2.4", None, failed=True)
    first, second = log.take()
    assert (first.reads, first.writes, first.refused) == (1, 1, 1)
    assert (first.first_used_at, first.last_read_at, first.last_write_at) == (NOW, NOW, NOW + timedelta(seconds=1))
    assert first.last_used_at == first.last_write_at
    assert first.last_refused_at == NOW + timedelta(seconds=2)
    assert (first.last_address, first.last_user_agent) == ("192.0.2.2", "two")
    tomorrow = NOW + timedelta(days=1)
    assert (first.failed, first.last_failed_at) == (0, None)
    assert (second.day, second.reads, second.failed, second.last_user_agent) == (tomorrow.date(), 0, 1, None)
    assert second.last_used_at == second.last_read_at == second.last_failed_at == tomorrow
    assert log.take() == []


def test_days_are_utc() -> None:
    """A use counts for the day it is in Greenwich."""
    log = UseLog()
    log.note(KEY, UseKind.READ, NOW.replace(hour=23, minute=59), None, None)
    log.note(KEY, UseKind.READ, NOW.replace(hour=0) + timedelta(days=1), None, None)
    assert [mark.day.day for mark in log.take()] == [NOW.day, NOW.day + 1]


def test_marks_given_back_join_the_newer_ones() -> None:
    """What could not be written is part of the next taking, added up and in order of time."""
    log = UseLog()
    log.note(KEY, UseKind.READ, NOW, "192.0.2.1", b"old")
    taken = log.take()
    log.note(KEY, UseKind.REFUSED, NOW + timedelta(seconds=1), None, None)
    log.give_back(taken)
    log.note(KEY, UseKind.WRITE, NOW + timedelta(seconds=2), "192.0.2.2", b"new")
    log.note(KEY, UseKind.WRITE, NOW + timedelta(seconds=2), "192.0.2.2", b"new", failed=True)
    (mark,) = log.take()
    assert (mark.reads, mark.writes, mark.failed, mark.refused) == (1, 1, 1, 1)
    assert (mark.first_used_at, mark.last_used_at) == (NOW, NOW + timedelta(seconds=2))
    assert (mark.last_read_at, mark.last_address) == (NOW, "192.0.2.2")


def test_what_is_being_written_is_kept_until_it_is() -> None:
    """A mark counts as kept in memory while it is in hand, once, and no longer when that is over."""
    log = UseLog()
    log.note(KEY, UseKind.READ, NOW, None, None)
    taken = log.take()
    assert log.count_kept() == (1, 0)
    log.note(KEY, UseKind.READ, NOW, None, None)
    log.give_back(taken)
    assert log.count_kept() == (1, 0)
    log.take()
    log.let_go()
    assert log.count_kept() == (0, 0)


def test_refusals_after_a_failed_flush_keep_the_last_caller() -> None:
    """A refusal noted after marks were given back does not wipe out where the last good call came from."""
    log = UseLog()
    log.note(KEY, UseKind.READ, NOW, "192.0.2.1", b"good")
    log.give_back(log.take())
    log.note(KEY, UseKind.REFUSED, NOW + timedelta(seconds=1), "192.0.2.66", b"bad")
    (mark,) = log.take()
    assert (mark.last_used_at, mark.last_address, mark.last_user_agent) == (NOW, "192.0.2.1", "good")


def test_memory_is_bounded_and_losses_are_counted() -> None:
    """Beyond the limit new keys' uses are counted as lost; keys that have a mark already go on counting."""
    log = UseLog(max_marks=2)
    for number in range(4):
        log.note(f"k{number}", UseKind.READ, NOW, None, None)
    log.note("k0", UseKind.READ, NOW, None, None)
    log.give_back(log.take())
    log.note("k1", UseKind.READ, NOW, None, None)
    log.note("k9", UseKind.READ, NOW, None, None)
    assert {mark.key_id: mark.reads for mark in log.take()} == {"k0": 2, "k1": 2}
    assert (log.take_lost(), log.take_lost()) == (3, 0)


def test_every_use_is_counted_under_concurrency(desk: Desk) -> None:
    """Eight threads note while two others flush without pause: the database ends up with every single use."""
    with desk.database.write() as session:
        ids = [add_key(session, NOW).id for _ in range(3)]
    log = UseLog()
    done = threading.Event()

    def note(kind: UseKind) -> None:
        for number in range(2_000):
            log.note(ids[number % 3], kind, NOW, "192.0.2.1", b"agent")

    def flush() -> None:
        while not done.is_set():
            flush_uses(desk, CHECK, log)

    noting = [threading.Thread(target=note, args=(kind,)) for kind in (UseKind.READ, UseKind.REFUSED) * 4]
    flushing = [threading.Thread(target=flush) for _ in range(2)]
    for thread in flushing + noting:
        thread.start()
    for thread in noting:
        thread.join()
    done.set()
    for thread in flushing:
        thread.join()
    flush_uses(desk, CHECK, log)
    with desk.database.read() as session:
        uses = [session.get_one(KeyUse, key_id) for key_id in ids]
    assert sum(use.reads for use in uses) == 8_000
    assert sum(use.refused for use in uses) == 8_000


def test_what_cannot_be_written_is_kept(desk: Desk) -> None:
    """When the database fails between two chunks, the first is written once and the rest stays for the next time."""
    with desk.database.write() as session:
        ids = sorted(add_key(session, NOW).id for _ in range(CHUNK + 1))
    log = UseLog()
    for key_id in ids:
        log.note(key_id, UseKind.READ, NOW, None, None)
    commits = []

    def fail_at_second(_connection: Any) -> None:
        commits.append(1)
        if len(commits) == 2:
            raise OSError("the disk is full")

    event.listen(desk.database.engine, "commit", fail_at_second)
    with pytest.raises(OSError, match="disk is full"):
        flush_uses(desk, CHECK, log)
    event.remove(desk.database.engine, "commit", fail_at_second)
    assert [mark.key_id for mark in log.take()] == [ids[-1]]


def test_a_flush_after_a_failure_writes_everything_once(desk: Desk) -> None:
    """A table that is away for a while costs nothing: the next flush writes the same counts."""
    with desk.database.write() as session:
        key_id = add_key(session, NOW).id
    log = UseLog()
    log.note(key_id, UseKind.READ, NOW, None, None)
    with desk.database.write() as session:
        session.execute(text("ALTER TABLE key_use_day RENAME TO away"))
    with pytest.raises(Exception, match="key_use_day"):
        flush_uses(desk, CHECK, log)
    with desk.database.write() as session:
        session.execute(text("ALTER TABLE away RENAME TO key_use_day"))
    log.note(key_id, UseKind.READ, NOW, None, None)
    assert flush_uses(desk, CHECK, log) == 1
    with desk.database.read() as session:
        assert session.get_one(KeyUse, key_id).reads == 2


@pytest.mark.parametrize(
    ("presented", "stored"),
    [
        (None, None),
        (b"", None),
        (b"curl/8.9.1", "curl/8.9.1"),
        (b"a\x00b\r\n\x1b[31mc\x7f", "ab[31mc"),
        ("Müller/1".encode(), "Müller/1"),
        (b"\xff\xfe", "��"),
        (b"x" * 300, "x" * 255),
        ("\u0085a".encode(), "a"),
    ],
)
def test_user_agents_are_made_storable(presented: bytes | None, stored: str | None) -> None:
    """No control character, nothing that a database refuses, and no more than fits."""
    assert clean_user_agent(presented) == stored


def test_addresses_are_cut_to_what_fits() -> None:
    """An address that no network would write is cut; none stays none."""
    assert clean_address("a" * 100) == "a" * 64
    assert clean_address(None) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("when", ["after", "before"])
def test_uses_whose_commit_was_not_answered_are_counted_once(
    database: Database, database_url: str, clock: HeldClock, policy: Policy, when: Cut
) -> None:
    """While nobody knows whether they were written they wait; then they are written, if they were not."""
    with database.write() as session:
        key_id = add_key(session, NOW).id
    log = UseLog()
    log.note(key_id, UseKind.READ, NOW, None, None)
    with proxied(database_url) as proxy:
        behind = open_database(proxy.url)
        desk = Desk(behind, clock, policy)
        proxy.cut_next_commit(when, stay_away=True)
        for _ in range(2):
            with pytest.raises((UnknownOutcomeError, UncertainError)), answer_within(0.3):
                flush_uses(desk, CHECK, log)
        proxy.talk_again()
        flush_uses(desk, CHECK, log)
        behind.close()
    with database.read() as session:
        assert session.get_one(KeyUse, key_id).reads == 1
    assert log.take() == []
