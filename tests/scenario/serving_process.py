"""A process of its own that serves the API, as tests start it: prints its port, and stops at SIGTERM."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

from desk.clock import SystemClock
from desk.transaction import Desk
from handlers.http.app import HttpSettings
from tests.databases import open_database
from tests.policies import policy_of
from tests.serving import serving


async def main(database_url: str, flush_seconds: str, *folders: str) -> None:
    """Serve until SIGTERM."""
    database = open_database(database_url)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    desk = Desk(database, SystemClock(), policy_of())
    settings = HttpSettings(
        use_flush_interval=timedelta(seconds=float(flush_seconds)),
        public_folder=Path(folders[0]) if folders else None,
    )
    async with serving(desk, settings=settings) as served:
        sys.stdout.write(f"{served.port}\n")
        sys.stdout.flush()
        await stopping.wait()
    database.close()
