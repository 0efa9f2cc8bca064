"""From settings to a running process: event loop, signals, and a clean end."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import structlog
import uvloop
from pydantic import SecretStr

from bot.database import find_public_folder, open_database, upgrade_schema
from bot.logging import configure_logging
from bot.program import run_program
from bot.server import listen
from bot.settings import Settings, require_slack
from bot.settings.masking import list_passwords

_LAST_WORDS_SECONDS = 0.1

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Run Keydesk in this process until SIGTERM or SIGINT. Raises KeydeskError when it cannot start."""
    require_slack(settings)
    find_public_folder(settings)
    configure_logging(settings.log_format, settings.log_level, secrets=secrets_in(settings))
    database = open_database(settings)
    try:
        before, now = upgrade_schema(database)
        if before != now:
            _log.info("schema_upgraded", before=before, now=now)
        listener = listen(settings.host, settings.port)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            stopping = asyncio.Event()
            stop_on_signals(runner.get_loop(), stopping)
            limit = partial(_limit_stop, stopping, settings.shutdown_seconds)
            runner.run(_run(limit, run_program(settings, database, listener, stopping)))
    finally:
        database.close()


async def _run(limit: Callable[[], Coroutine[Any, Any, None]], program: Coroutine[Any, Any, None]) -> None:
    limiting = asyncio.create_task(limit())
    try:
        await program
    finally:
        limiting.cancel()


async def _limit_stop(stopping: asyncio.Event, seconds: float) -> None:
    """Once the stop has begun, end the process after so long, whatever hangs in whichever thread.

    What is on disk stays, and what was in hand is taken up by others or the next start, as after a kill.
    """
    await stopping.wait()
    timer = threading.Timer(max(seconds - _LAST_WORDS_SECONDS, 0), _cut_off)
    timer.daemon = True
    timer.start()


def _cut_off() -> None:
    _log.error("cut_off", reason="KEYDESK_SHUTDOWN_SECONDS are over")
    os._exit(1)


def secrets_in(settings: Settings) -> Iterator[str]:
    """Every secret that the settings hold, whatever its shape; of an address its password alone."""
    addresses = [settings.database_url]
    if settings.slack_proxy is not None:
        addresses.append(settings.slack_proxy.get_secret_value())
    for address in addresses:
        yield from list_passwords(address)
    for name, value in settings:
        if isinstance(value, SecretStr) and name != "slack_proxy":
            yield value.get_secret_value()


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
