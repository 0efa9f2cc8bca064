"""`make soak-desk`: plays the model in new ways until the time is over or something is found."""

import argparse
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings

from tests.databases import create_sqlite_template
from tests.model.playing import play

_LIVES = 25


def main() -> int:
    """0 when nothing was found in the time, 1 after the shortest story of what was."""
    parser = argparse.ArgumentParser(prog="make soak-desk", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--steps", type=int, default=60, help="how long each life is")
    parser.add_argument("--as-found", action="store_true", help="do not look for a shorter story")
    wanted = parser.parse_args()
    until = time.monotonic() + timedelta(minutes=wanted.minutes).total_seconds()
    how = settings(
        max_examples=_LIVES,
        stateful_step_count=wanted.steps,
        deadline=None,
        database=None,
        phases=[Phase.generate] if wanted.as_found else list(Phase),
        suppress_health_check=list(HealthCheck),
    )
    reached: Counter[str] = Counter()
    lives = 0
    with TemporaryDirectory() as place:
        template = create_sqlite_template(Path(place))
        while time.monotonic() < until:
            with TemporaryDirectory() as folder:
                reached += play(template, Path(folder), how)
            lives += _LIVES
            _say(f"{lives} lives, {reached.total()} events, and all that must hold held.")
    _say("Seen: " + ", ".join(f"{action} {times}" for action, times in reached.most_common()))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
