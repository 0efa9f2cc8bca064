"""How the process `keydesk` ends."""

import subprocess
import sys
from pathlib import Path

import pytest

_ENTER = """
import sys, threading, types

def main():
    sys.stdout.write("said")
    {does}

# The command line itself takes a second to load, and is not what this is about.
sys.modules["bot.cli"] = types.SimpleNamespace(main=main)
from bot.__main__ import enter
threading.Thread(target=threading.Event().wait).start()
enter()
"""


@pytest.mark.parametrize(
    ("does", "status"),
    [("sys.exit(0)", 0), ("sys.exit()", 0), ("sys.exit(3)", 3), ("sys.exit('no')", 1), ("raise ValueError", 1)],
)
def test_it_ends_with_what_the_command_says(does: str, status: int) -> None:
    """With everything that was said, and whatever a library's threads still do."""
    ended = subprocess.run(
        [sys.executable, "-c", _ENTER.format(does=does)], capture_output=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (status, b"said")


def test_what_nobody_took_is_no_success() -> None:
    """As where the disk is full to which the answer goes."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", _ENTER.format(does="sys.exit(0)")], stdout=full, timeout=60, check=False
        )
    assert ended.returncode == 1
