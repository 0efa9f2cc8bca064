"""Keydesk in a process whose clock is set from outside, as a virtual machine's is, and which is less patient."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.clock import SystemClock
from handlers.delivery import worker
from handlers.delivery.backoff import BackOff
from tests.process.running import run_keydesk

FILE = "clock"
"""In the folder of the process: by how many seconds its clock is ahead."""
_SECONDS = struct.Struct("d")


def set_clock(folder: Path, ahead: float) -> None:
    """Set the clock of the process of a folder, whether it runs or not."""
    # Written over in place, since the process looks at the very file.
    with (folder / FILE).open("r+b" if (folder / FILE).exists() else "wb") as file:
        file.write(_SECONDS.pack(ahead))


def run_keydesk_by_clock(port: str) -> None:
    """What `run_keydesk` does, by the clock of the folder in which it is started."""
    with Path(FILE).open("rb") as file:
        ahead = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=_SECONDS.unpack(ahead[:])[0])

    # What failed is tried again within seconds, which takes up to a quarter of an hour otherwise.
    hasty = BackOff(first=timedelta(seconds=0.5), longest=timedelta(seconds=3), account_pause=timedelta(seconds=2))
    setattr(worker, "BackOff", lambda: hasty)  # noqa: B010
    setattr(SystemClock, "now", now)  # noqa: B010 - the one clock that the program reads
    run_keydesk(port)
