"""What does the weekly digest of very many keys cost, compared with one grouped count?

    python -m bench.digest [--keys 100000] [--rounds 3] [--sqlite-only]

Three of ten keys are unused. Prints the time to compose the digest as a ratio to one count of unused keys, grouped
by who answers for them, how much more memory it took, and for how long its write transaction holds up others.
"""

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import func, or_, select

from bench.measure_keys import fill
from bench.measure_results import Goal, databases, in_turn, keep
from desk.clock import SystemClock
from desk.digest.sent import compose_to_send, send_digest
from desk.policy import Policy
from desk.seeds import plant_seed, read_acme
from desk.transaction import Actor, Desk, JobName
from storage.database import Database
from storage.models import ApiKey, KeyUse
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_member

_JOB = Actor.job(JobName.DIGEST)
_HOLDERS = 500


def prepare(url: str, keys: int) -> Desk:
    """So many keys of five hundred members, of which three in ten were never used."""
    migrate(url)
    desk = Desk(Database.from_url(url).of(ORGANIZATION), SystemClock(), Policy())
    desk.write_now(Actor.operator("bench"), partial(plant_seed, seed=read_acme()))
    with desk.database.write() as session:
        for number in range(_HOLDERS):
            add_member(session, f"U{number:010d}", desk.clock.now(), name=f"Member {number}")
    fill(desk.database, keys, holders=_HOLDERS, used_percent=70)
    return desk


def count(desk: Desk) -> float:
    """One grouped count; how long it took."""
    unused = or_(KeyUse.last_used_at.is_(None), KeyUse.last_used_at < desk.clock.now() - timedelta(days=30))
    query = select(ApiKey.holder_id, func.count()).outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
    began = time.perf_counter()
    with desk.database.read() as session:
        session.execute(query.where(ApiKey.status == "active", unused).group_by(ApiKey.holder_id)).all()
    return time.perf_counter() - began


def compose(desk: Desk) -> float:
    """The digest; how long it took."""
    began = time.perf_counter()
    desk.read_now(_JOB, compose_to_send)
    return time.perf_counter() - began


def send(desk: Desk, round_: int) -> float:
    """For how long the digest's write transaction holds up others."""
    found = desk.read_now(_JOB, compose_to_send)
    work = partial(send_digest, period=f"round {round_}", scheduled_for=desk.clock.now(), found=found)
    began = time.perf_counter()
    desk.write_now(_JOB, work)
    return time.perf_counter() - began


def megabytes(work: Callable[[], object]) -> float:
    """How much more memory some work took at its most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    command = "python -m bench.digest" + (f" --keys {options.keys}" if options.keys != 100_000 else "")
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            desk = prepare(address("digest"), options.keys)
            what = f"weekly digest, {options.keys:,} keys, 30 % unused"
            base, own = in_turn(options.rounds, partial(count, desk), partial(compose, desk))
            print(f"{kind}, seconds: grouped count {base}, digest {own}")
            ratios = [after / before for before, after in zip(base, own, strict=True)]
            keep(f"{what}, against one grouped count, {kind}", Goal(most=3), ratios, command)
            sent = [send(desk, number) for number in range(options.rounds)]
            keep(f"{what}, longest wait to write, {kind}", Goal(most=0.05, unit="s"), sent, command)
            taken = [megabytes(partial(compose, desk))]
            keep(f"{what}, memory, {kind}", Goal(most=20, unit="MB"), taken, command)
            desk.database.close()


if __name__ == "__main__":
    main()
