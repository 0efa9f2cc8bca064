"""`make soak`: schedules of faults on real processes, one seed after the other, until the time is over."""

import argparse
import logging
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.places import find_place
from tests.soak.playing import play
from tests.soak.schedules import make_schedule
from tests.soak.stage import Stage


def main() -> int:
    """0 when nothing was found, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the first seed; by default another one each time")
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=None, help="end after that time, however many were played")
    parser.add_argument("--every", type=int, default=1, help="play every n-th seed, for several at the same time")
    wanted = parser.parse_args()
    # Whoever ends it ends the replicas, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    first = wanted.seed if wanted.seed is not None else int(time.time()) % 1_000_000 * 1000
    until = time.monotonic() + (wanted.minutes * 60 if wanted.minutes is not None else float("inf"))
    failed: list[int] = []
    happened: Counter[str] = Counter()
    played = 0
    with TemporaryDirectory(prefix="keydesk-soak-", dir=find_place()) as folder, Stage(Path(folder)) as stage:
        # The sandbox cuts connections by errors of its own, which its server would print.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        for number in range(wanted.schedules):
            if time.monotonic() > until:
                break
            schedule = make_schedule(first + number * wanted.every)
            outcome = play(stage, schedule)
            played += 1
            happened.update(str(fault) for fault in schedule.faults)
            if outcome.wrong:
                failed.append(schedule.seed)
                _say(f"\n{outcome}\n")
            _say(f"{played} schedules, {len(failed)} found something; the last took {outcome.seconds:.1f} s.")
    _say("What went wrong in them: " + ", ".join(f"{fault} {times}" for fault, times in happened.most_common()))
    if failed:
        _say("Play one again: make soak ARGS='--schedules 1 --seed …' with " + ", ".join(map(str, failed)))
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
