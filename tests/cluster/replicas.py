"""Replicas of Keydesk, each a process of its own that can be killed and started again where it was."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.process.running import KeydeskProcess, run_keydesk


class Replica:
    """One process, at a port that stays its own."""

    def __init__(
        self,
        number: int,
        port: int,
        folder: Path,
        settings: Mapping[str, str],
        *,
        anew: bool = True,
        runs: Callable[[str], None] = run_keydesk,
    ) -> None:
        self.number = number
        self.port = port
        self.folder = folder / f"replica-{number}"
        self.folder.mkdir()
        self._settings = settings
        self._anew = anew
        self._runs = runs
        self.ended: list[KeydeskProcess] = []
        """The processes that it was before."""
        self.process: KeydeskProcess | None = None

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._get().pid

    def start(self) -> None:
        """Start it; it is there when `wait_until_ready` says so."""
        self.process = KeydeskProcess(
            self.folder, self._settings, port=str(self.port), anew=self._anew, runs=self._runs
        )

    def wait_until_ready(self) -> None:
        """Wait until `/readyz` says so."""
        self._get().wait_until_ready()

    def kill(self) -> None:
        """End it by SIGKILL, in the middle of whatever it does; nothing where it runs no more."""
        if self.process is not None:
            self.process.kill()
            self.ended.append(self.process)
            self.process = None

    def stop(self) -> int:
        """Ask it to stop, and give its exit status."""
        process = self._get()
        status = process.stop()
        self.ended.append(process)
        self.process = None
        return status

    def _get(self) -> KeydeskProcess:
        assert self.process is not None, f"replica {self.number} does not run"
        return self.process


def start_all(replicas: Sequence[Replica]) -> None:
    """Start them all at once, and wait until each is ready."""
    for replica in replicas:
        replica.start()
    for replica in replicas:
        replica.wait_until_ready()
