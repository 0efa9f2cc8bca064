"""What does one changed key cost among very many, and how much memory does each take?

    python -m bench.key_ring [--keys 100000] [--rounds 5] [--sqlite-only]

Suspends and restores one key, with all keys in memory as a process that answers calls has them, among a thousand keys
and among `--keys`. Prints the time from the click to where the key check knows it as a ratio of the second to the
first, for how long an event loop beside it stood still, and bytes per key, of a process that did nothing else.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.measure_keys import fill, key_id
from bench.measure_results import Goal, databases, in_turn, keep
from desk.clock import SystemClock
from desk.keys.changes import restore_key, suspend_key
from desk.keys.ring import KeyRing, follow_key_ring, read_key_ring
from desk.policy import Policy
from desk.transaction import Actor, Desk
from storage.database import Database
from storage.mirror import Mirror
from storage.models import KeyStatus
from storage.signals import Topic
from tests.databases import ORGANIZATION, migrate

_OPERATOR = Actor.operator("bench")
_CHANGES = 10
_FEW = 1000


class Changing:
    """A desk with so many keys, all of them in memory, one of which changes."""

    def __init__(self, url: str, keys: int) -> None:
        migrate(url)
        self.desk = Desk(Database.from_url(url).of(ORGANIZATION), SystemClock(), Policy())
        fill(self.desk.database, keys)
        self.ring: Mirror[KeyRing] = Mirror(
            self.desk.database.everywhere, Topic.KEYS, read_key_ring, follow=follow_key_ring
        )
        self.ring.reload()

    def change(self) -> float:
        """Seconds for each of a few changes, each of which the ring must show."""
        began = time.perf_counter()
        for _ in range(_CHANGES):
            self.desk.write_now(_OPERATOR, partial(suspend_key, key_id=key_id(7), reason="bench"))
            key = self.ring.value.get((7).to_bytes(32))
            assert key is not None
            assert key.status is KeyStatus.SUSPENDED
            self.desk.write_now(_OPERATOR, partial(restore_key, key_id=key_id(7)))
        return (time.perf_counter() - began) / _CHANGES / 2


def stood_still(work: Callable[[], object]) -> float:
    """For how many milliseconds at the most another thread, which only looks at the clock, could not go on."""
    ended, longest = threading.Event(), 0.0

    def look() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not ended.is_set():
            time.sleep(0.0005)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    looking = threading.Thread(target=look)
    looking.start()
    try:
        work()
    finally:
        ended.set()
        looking.join()
    return longest * 1000


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def weigh(url: str) -> None:
    """Print how many bytes a key takes: run in a process of its own."""
    database = Database.from_url(url).of(ORGANIZATION).everywhere
    with database.read() as session:
        before = _resident()
        ring = read_key_ring(session)
        print((_resident() - before) / len(ring))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--weigh", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.weigh:
        weigh(options.weigh)
        return
    command = "python -m bench.key_ring" + (f" --keys {options.keys}" if options.keys != 100_000 else "")
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            few, many = Changing(address("few"), _FEW), Changing(url := address("many"), options.keys)
            before, after = in_turn(options.rounds, few.change, many.change)
            print(f"{kind}, seconds: among {_FEW} {before}, among {options.keys} {after}")
            what = f"one key change among {options.keys:,} keys"
            ratios = [one / other for one, other in zip(after, before, strict=True)]
            keep(f"{what} against {_FEW:,}, {kind}", Goal(most=1.2), ratios, command)
            still = [stood_still(many.change) for _ in range(options.rounds)]
            keep(f"{what}, longest pause of the loop, {kind}", Goal(most=20, unit="ms"), still, command)
            weighing = [sys.executable, "-m", "bench.key_ring", "--weigh", url]
            taken = float(subprocess.run(weighing, check=True, capture_output=True, text=True).stdout)
            keep(f"memory of a key among {options.keys:,}, {kind}", Goal(most=300, unit="B"), [taken], command)
            for each in (few, many):
                each.desk.database.close()


if __name__ == "__main__":
    main()
