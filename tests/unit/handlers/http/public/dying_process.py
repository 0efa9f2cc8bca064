"""A process whose children write the public folder and die, each at another step of the way.

Each child gets a copy of the folder, named after its step, and is killed right before that change to its files.
Prints how many changes the whole way has; nobody dies in copy 0.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from desk.policy import Policy
from desk.transaction import Desk
from handlers.http.public.export import FolderExport
from handlers.http.public.serving import PublicSite
from tests.clock import HeldClock
from tests.databases import open_database

_CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir")


class Reaper:
    """Counts changes below a folder and ends the process before one of them."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = str(folder)
        self._step = step
        self.count = 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook."""
        writes = event == "open" and bool(int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR))
        if (writes or event in _CHANGES) and str(arguments[0]).startswith(self._folder):
            self.count += 1
            if self.count == self._step:
                os.kill(os.getpid(), signal.SIGKILL)


def write(url: str, folder: Path, step: int) -> int:
    """Render and write everything; gives the number of changes if nobody dies."""
    reaper = Reaper(folder, step)
    sys.addaudithook(reaper)
    desk = Desk(open_database(url), HeldClock(), Policy())
    site = PublicSite(desk, monotonic=lambda: 0.0, export=FolderExport(folder))
    site.refresh()
    while site.catch_up():
        pass
    return reaper.count


def run_child(url: str, template: Path, copy: Path, step: int) -> int:
    """What `write` gives, from a process of its own; 0 when it was killed."""
    shutil.copytree(template, copy)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, b"%d" % write(url, copy, step))
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"the child of step {step} ended with {status}")
    with os.fdopen(reader, "rb") as pipe:
        return int(pipe.read() or b"0")


def main(url: str, template: str, copies: str, most: str) -> None:
    """One child that lives, then those that die, spread evenly over the way."""
    steps = run_child(url, Path(template), Path(copies, "0"), 0)
    wanted = min(int(most), steps)
    for index in range(wanted):
        step = 1 + index * (steps - 1) // max(wanted - 1, 1)
        assert run_child(url, Path(template), Path(copies, str(step)), step) == 0, f"nobody died at step {step}"
    print(steps)  # noqa: T201 - the answer
