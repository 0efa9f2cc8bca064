"""The demo as anybody starts it, in a process of its own."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.cli import main
from tests.forking import Fork

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: the addresses of its workspace, and of the page that customers see."""

    workspace: str
    api: str


@contextmanager
def running_demo(*options: str) -> Iterator[Demo]:
    """The demo on free ports, until the end of the block. It must end well when it is asked to stop."""
    ports = ("--port", "0", "--sandbox-port", "0")
    words = ("--no-browser", *ports, *options)
    # Behind a gateway a second Keydesk runs.
    process = Fork(run_demo, *words, environment=dict(os.environ), heard=True, parent="--gateway" in options)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Stop with"):
            break
    addresses = re.findall(r"http://127\.0\.0\.1:\d+", said)
    try:
        assert len(addresses) >= 2, f"the demo said: {said}"
        yield Demo(addresses[0], addresses[1])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.stdout.read()
        process.stdout.close()
        ended = process.wait(_SECONDS)
    assert ended == 0, f"the demo ended with {ended}"


def run_demo(*options: str) -> None:
    """What `keydesk demo` does, in a process that is there already. How it begins in one of its own, the wheel's
    tests see."""
    sys.argv = ["keydesk", "demo", *options]
    main()
