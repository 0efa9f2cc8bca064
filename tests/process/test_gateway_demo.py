"""The gateway's demo, as a newcomer starts it."""

import subprocess
import sys


def test_the_gateway_demo_plays_its_tour() -> None:
    """Two Keydesks, the second as the first one's Statuspage in a process of its own: every step is seen to work."""
    command = [sys.executable, "-m", "bot", "demo", "--gateway", "--tour", "--no-browser"]
    done = subprocess.run(
        [*command, "--port", "0", "--sandbox-port", "0"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout.endswith("Every step was seen to work.\n"), done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_the_gateway_demo_keeps_no_folder(tmp_path: object) -> None:
    """It says so, and begins nothing."""
    command = [sys.executable, "-m", "bot", "demo", "--gateway", "--no-browser", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("The gateway's demo keeps no folder.\n")
