"""The demo as anybody starts it, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo: the addresses of its workspace, and of the page that customers see."""

    workspace: str
    api: str


@contextmanager
def running_demo(*options: str) -> Iterator[Demo]:
    """The demo on free ports, until the end of the block. It must end well when it is asked to stop."""
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0", "--sandbox-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
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
            process.terminate()
            process.stdout.read()
    assert process.returncode == 0, f"the demo ended with {process.returncode}"
