"""Processes of their own for tests: forked from one that has imported everything, so that they start in a fraction of
the time that a new interpreter takes."""

import asyncio
import inspect
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.scenario.dying_keydesk",
        "tests.scenario.dying_approver",
        "tests.contract.dying_deliverer",
        "tests.contract.dying_gateway",
        "bot.cli",
        "tests.preloading",
    ]
)


class Fork:
    """A process that runs a function of a module, also a coroutine function, until it returns, exits or is killed.

    It works in `folder` and with an `environment` of its own where they are given. Where it is `heard`, `stdout` has
    what it prints, errors included. Where it is a `parent`, it may start processes of its own, and whoever started it
    must end it: multiprocessing ends only those that may not.
    """

    def __init__(
        self,
        main: Callable[..., Any],
        *arguments: str,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        heard: bool = False,
        parent: bool = False,
    ) -> None:
        self._receiver, sender = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(
            target=_run, args=(main, arguments, sender if heard else None, folder, environment), daemon=not parent
        )
        self._process.start()
        sender.close()
        self.stdout: IO[str] | None = None
        if heard:
            self.stdout = os.fdopen(self._receiver.fileno(), encoding="utf-8", closefd=False)

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The code with which it ended (minus the signal that ended it), or None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; gives its code."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise TimeoutError(f"it still runs after {timeout} seconds")
        return code


def _run(
    main: Callable[..., Any],
    arguments: tuple[str, ...],
    listener: Connection | None,
    folder: Path | None,
    environment: Mapping[str, str] | None,
) -> None:
    if listener is not None:
        for number in (1, 2):
            os.dup2(listener.fileno(), number)
        listener.close()
        sys.stdout, sys.stderr = (
            os.fdopen(number, "w", buffering=1, encoding="utf-8", closefd=False) for number in (1, 2)
        )
    if folder is not None:
        os.chdir(folder)
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    work = main(*arguments)
    if inspect.iscoroutine(work):
        asyncio.run(work)
