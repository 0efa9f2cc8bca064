"""Processes of their own for tests that die in them: forked from one that has imported everything, so that they start
in a fraction of the time that a new interpreter takes."""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from typing import Any

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.scenario.dying_keydesk", "tests.scenario.dying_approver", "tests.contract.dying_deliverer"]
)


class Fork:
    """A process that runs a coroutine function of a module, until it returns or is killed."""

    def __init__(self, main: Callable[..., Coroutine[Any, Any, None]], *arguments: str) -> None:
        self._process = FORKS.Process(target=_run, args=(main, arguments), daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        """The code with which it ended (minus the signal that ended it), or None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()

    def wait(self) -> int:
        """Wait until it has ended; gives its code."""
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code


def _run(main: Callable[..., Coroutine[Any, Any, None]], arguments: tuple[str, ...]) -> None:
    asyncio.run(main(*arguments))
