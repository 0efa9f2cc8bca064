"""From settings to a running process: event loop, signals, and a clean end."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any

import structlog
import uvloop

from bot.database import find_public_folder, open_database, upgrade_schema
from bot.logging import configure_logging
from bot.program import run_program
from bot.server import listen
from bot.settings import Settings, require_slack
from bot.settings.masking import secrets_in
from bot.tracing import tracing

_LAST_WORDS_SECONDS = 0.1

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Run Keydesk in this process until SIGTERM or SIGINT. Raises KeydeskError when it cannot start."""
    require_slack(settings)
    find_public_folder(settings)
    configure_logging(settings.log_format, settings.log_level, secrets=secrets_in(settings))
    limit = _Limit(settings.shutdown_seconds)
    database = open_database(settings)
    try:
        before, now = upgrade_schema(database)
        if before != now:
            _log.info("schema_upgraded", before=before, now=now)
        with (
            tracing(settings) as traced,
            listen(settings.host, settings.port) as listener,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            stopping = asyncio.Event()
            stop_on_signals(runner.get_loop(), stopping)
            runner.run(
                _run(limit.watch(stopping), run_program(settings, database, listener, stopping, tracing=traced))
            )
    finally:
        database.close()
    limit.status = 0


async def _run(watch: Coroutine[Any, Any, None], program: Coroutine[Any, Any, None]) -> None:
    watching = asyncio.create_task(watch)
    try:
        await program
    finally:
        watching.cancel()


class _Limit:
    """Ends the process so long after its stop has begun, whatever hangs in whichever thread.

    What is on disk stays, and what was in hand is taken up by others or the next start, as after a kill.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = max(seconds - _LAST_WORDS_SECONDS, 0)
        self.status = 1
        """With which it ends the process: 0 once only Python's own end is left."""

    async def watch(self, stopping: asyncio.Event) -> None:
        """Begin to count when the stop begins."""
        await stopping.wait()
        timer = threading.Timer(self._seconds, self._cut_off)
        timer.daemon = True
        timer.start()

    def _cut_off(self) -> None:
        if self.status:
            _log.error("cut_off", reason="KEYDESK_SHUTDOWN_SECONDS are over")
        os._exit(self.status)


def stop_on_signals(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """Set `stopping` at SIGTERM or SIGINT; the second one cuts the process off."""

    def stop(name: str) -> None:
        if stopping.is_set():
            # Asked twice: whoever asks does not want to wait. What is on disk stays, use marks in memory are lost.
            _log.warning("cut_off", signal=name)
            os._exit(1)
        _log.info("asked_to_stop", signal=name)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
