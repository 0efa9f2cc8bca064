"""`keydesk run` in a process of its own."""

import gc
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from bot.cli import main
from tests.forking import Fork
from tests.waiting import wait_until


def run_keydesk(port: str) -> None:
    """What `python -m bot run` does, in a process that is there already."""
    warnings.simplefilter("error", ResourceWarning)
    sys.argv = ["keydesk", "run", "--port", port]
    try:
        main()
    finally:
        gc.collect()


class KeydeskProcess:
    """A started `keydesk run`. Leaving the `with` block ends it; `lines` are its log lines so far.

    It is forked from a process that has loaded everything, unless it is to be `anew`: in an interpreter of its own.
    `runs` is what the forked one does.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        port: str = "0",
        anew: bool = False,
        runs: Callable[[str], None] = run_keydesk,
    ) -> None:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("KEYDESK_", "SLACK_"))}
        environment = {**inherited, "KEYDESK_LOG_FORMAT": "json", **settings}
        self._process = _start_anew(folder, environment, port) if anew else _fork(runs, folder, environment, port)
        self.lines: list[dict[str, Any]] = []
        self.words: list[str] = []
        """What it printed that is not a log line."""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                self.lines.append(json.loads(line))
            except json.JSONDecodeError:
                self.words.append(line.rstrip("\n"))

    def events(self, name: str) -> list[dict[str, Any]]:
        """The log lines of one event."""
        return [line for line in self.lines if line["event"] == name]

    def wait_for(self, event: str) -> dict[str, Any]:
        """The first log line of an event, once it is there."""

        def look() -> dict[str, Any] | None:
            found = self.events(event)
            if not found and self._process.poll() is not None:
                raise AssertionError(f"ended before {event}: {self.words} {self.lines[-3:]}")
            return found[0] if found else None

        found = wait_until(look, 60)
        assert found is not None
        return found

    def limit_files(self, size: int | None) -> None:
        """Let it write no file beyond a size, as on a disk that is full; None: as it likes."""
        _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it answers, once it does."""
        return str(self.wait_for("serving")["address"])

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """One request to it; status and body of the answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def readiness(self) -> tuple[int, dict[str, str]]:
        """The status of `/readyz` and its checks."""
        status, body = self.ask("GET", "/readyz")
        checks: dict[str, str] = json.loads(body)["checks"]
        return status, checks

    def wait_until_ready(self) -> None:
        """Wait until `/readyz` says so."""
        wait_until(lambda: self.readiness()[0] == 200, 60)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, once it takes signals, and give the exit status."""
        self.wait_for("serving")
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit status, once it has ended and everything it printed is read."""
        status = self._process.wait(60)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return status

    def kill(self) -> None:
        """End it by SIGKILL, if it still runs, and wait until it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()

    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self.status is not None

    @property
    def status(self) -> int | None:
        """Its exit status, negative where a signal ended it; None while it runs."""
        return self._process.poll()

    def troubles(self) -> list[dict[str, Any]]:
        """Log lines that an operator should look at."""
        return [line for line in self.lines if line["level"] in ("warning", "error", "critical")]

    def __enter__(self) -> "KeydeskProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


def _fork(
    runs: Callable[[str], None], folder: Path, environment: Mapping[str, str], port: str
) -> Fork | subprocess.Popen[str]:
    return Fork(runs, port, folder=folder, environment=environment, heard=True)


def _start_anew(folder: Path, environment: Mapping[str, str], port: str) -> Fork | subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "--port", port],
        cwd=folder,
        env={**environment, "PYTHONPATH": root, "PYTHONWARNINGS": "error::ResourceWarning"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
