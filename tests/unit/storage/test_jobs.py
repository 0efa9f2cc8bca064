"""Claimed runs: one replica has each, until it is done or its lease is over."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.jobs import (
    claim_run,
    find_last_finished,
    finish_run,
    forget_runs,
    instant_of,
    make_known,
    period_of,
    renew_run,
)
from storage.models import JobRun
from tests.clock import MONDAY_MORNING
from tests.forking import Fork
from tests.unit.storage import job_claimer

NOW = MONDAY_MORNING
LEASE = timedelta(minutes=10)
PERIOD, NEXT = period_of(NOW), period_of(NOW + timedelta(days=7))


def _claim(database: Database, who: str, *, minutes: int = 0, period: str = PERIOD, job: str = "digest") -> bool:
    with database.write() as session:
        return claim_run(session, job, period, who=who, now=NOW + timedelta(minutes=minutes), lease=LEASE)


def _finish(database: Database, who: str, *, minutes: int = 0, period: str = PERIOD, job: str = "digest") -> bool:
    with database.write() as session:
        return finish_run(session, job, period, who=who, now=NOW + timedelta(minutes=minutes))


def _last(database: Database, job: str = "digest") -> str | None:
    with database.read() as session:
        return find_last_finished(session, job, until="9999")


def test_a_run_is_claimed_once(database: Database) -> None:
    """Whoever comes second gets nothing, while the first is at it and after it is done."""
    assert _claim(database, "first")
    assert not _claim(database, "second")
    assert not _claim(database, "first")
    assert _finish(database, "first")
    assert not _claim(database, "second", minutes=60)
    assert _last(database) == PERIOD


def test_a_run_that_was_not_done_in_time_is_taken_over(database: Database) -> None:
    """When the lease is over another replica takes the run; the late one's word does not count any more."""
    assert _claim(database, "dead")
    assert not _claim(database, "heir", minutes=9)
    assert _claim(database, "heir", minutes=10)
    assert not _claim(database, "third", minutes=11)
    assert not _finish(database, "dead", minutes=11)
    assert _last(database) is None
    assert _finish(database, "heir", minutes=11)
    assert _last(database) == PERIOD


def test_whoever_is_still_at_it_has_the_run_for_longer(database: Database) -> None:
    """Each renewal counts from its own instant; nobody renews what is another's, or done."""

    def renew(who: str, minutes: int) -> bool:
        with database.write() as session:
            return renew_run(session, "digest", PERIOD, who=who, now=NOW + timedelta(minutes=minutes), lease=LEASE)

    assert _claim(database, "slow")
    assert renew("slow", 9)
    assert not _claim(database, "heir", minutes=18)
    assert _claim(database, "heir", minutes=19)
    assert not renew("slow", 20)
    assert _finish(database, "heir", minutes=21)
    assert not renew("heir", 22)


@pytest.mark.parametrize(
    ("job", "period"), [("digest", NEXT), ("sweep", PERIOD)], ids=["another period", "another job"]
)
def test_runs_are_apart(database: Database, job: str, period: str) -> None:
    """What becomes of a run changes no run of another period or job: not whose it is, nor whether it is done."""
    assert _claim(database, "dead")
    assert _claim(database, "other", job=job, period=period)
    assert _finish(database, "other", job=job, period=period)
    assert not _claim(database, "heir", minutes=20, job=job, period=period)
    assert not _finish(database, "other")
    assert _last(database, job) == period
    assert _claim(database, "heir", minutes=20)
    assert _finish(database, "heir", minutes=20)


@pytest.mark.parametrize(
    ("job", "period"), [("digest", NEXT), ("sweep", PERIOD)], ids=["another period", "another job"]
)
def test_one_worker_does_several_runs(database: Database, job: str, period: str) -> None:
    """Whoever has two runs finishes one of them and has the other still to do."""
    assert _claim(database, "w", job=job, period=period)
    assert _claim(database, "w")
    assert _finish(database, "w")
    assert not _finish(database, "w")
    assert _finish(database, "w", job=job, period=period)


def test_periods_are_named_after_their_instant() -> None:
    """A period's name gives its instant back, and names sort as instants do."""
    instants = [NOW, NOW + timedelta(hours=1), NOW + timedelta(days=300)]
    names = [period_of(instant) for instant in instants]
    assert [instant_of(name) for name in names] == instants
    assert names == sorted(names)


def test_a_job_that_is_new_owes_nothing(database: Database) -> None:
    """A job that was never seen counts as done up to now; a known one is left as it is."""
    earlier = period_of(NOW - timedelta(days=7))
    with database.write() as session:
        make_known(session, "digest", earlier, now=NOW)
        make_known(session, "digest", PERIOD, now=NOW)
    assert _last(database) == earlier


def test_old_runs_are_forgotten_but_the_newest(database: Database) -> None:
    """Finished runs are deleted after a while, except the newest of each job, which tells what is due; and those that
    somebody began whose time was up as long ago."""
    for days in (3, 2, 1):
        period = period_of(NOW - timedelta(days=days))
        assert _claim(database, "x", period=period, minutes=-1440 * days)
        assert _finish(database, "x", period=period, minutes=-1440 * days)
    assert _claim(database, "x", job="sweep", period=period_of(NOW - timedelta(days=9)), minutes=-1440 * 9)
    assert _finish(database, "x", job="sweep", period=period_of(NOW - timedelta(days=9)), minutes=-1440 * 9)
    assert _claim(database, "x", period=period_of(NOW - timedelta(days=4)), minutes=-5760)
    unfinished = period_of(NOW)
    assert _claim(database, "x", period=unfinished, minutes=0)
    with database.write() as session:
        assert forget_runs(session, before=NOW, now=NOW) == 3
        assert set(session.scalars(select(JobRun.period))) == {
            period_of(NOW - timedelta(days=1)),
            period_of(NOW - timedelta(days=9)),
            unfinished,
        }


def test_of_many_threads_one_claims(database: Database) -> None:
    """Twelve claims of one run at the same instant: one wins, the others lose without an error."""
    barrier = threading.Barrier(12)
    results: list[bool | BaseException] = []

    def race(number: int) -> None:
        barrier.wait()
        try:
            results.append(_claim(database, f"t{number}"))
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [False] * 11 + [True]


def test_of_three_replicas_one_does_each_run(database: Database, database_url: str) -> None:
    """Three processes that look at the same time do each of five runs exactly once between them."""
    replicas = [
        Fork(job_claimer.main, database_url, NOW.isoformat(), "5", f"r{number}", heard=True) for number in range(3)
    ]
    done = [line for replica in replicas if replica.stdout for line in replica.stdout.read().split()]
    assert [replica.wait(60) for replica in replicas] == [0, 0, 0]
    assert sorted(done) == [period_of(NOW + timedelta(weeks=week)) for week in range(5)]
