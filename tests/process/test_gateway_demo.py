"""The gateway's demo, as a newcomer starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli import main


def test_the_gateway_demo_plays_its_tour() -> None:
    """Two Keydesks, the second as the first one's Statuspage in a process of its own: every step is seen to work."""
    command = [sys.executable, "-m", "bot", "demo", "--gateway", "--tour", "--no-browser"]
    done = subprocess.run(
        [*command, "--port", "0", "--sandbox-port", "0"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.stdout.endswith("Every step was seen to work.\n"), done.stdout + done.stderr
    assert (done.returncode, done.stderr) == (0, "")


def test_the_gateway_demo_keeps_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and begins nothing."""
    monkeypatch.setattr(sys, "argv", ["keydesk", "demo", "--gateway", "--no-browser", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("The gateway's demo keeps no folder.\n")
    assert list(tmp_path.iterdir()) == []
