"""The public page, served from a thread for a browser to look at."""

import asyncio
import threading

from desk.policy import Policy
from desk.transaction import Desk
from tests.clock import HeldClock
from tests.databases import open_database
from tests.public_story import Story, write_story
from tests.serving import Served, serving


class PublicStage:
    """A page with something of every kind on it, from the making to `stop()`."""

    def __init__(self, database_url: str) -> None:
        self._database = open_database(database_url)
        self.desk = Desk(self._database, HeldClock(), Policy())
        self.story: Story = write_story(self.desk, page_description="How **Acme** is doing")
        self.served: Served
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="public")
        self._thread.start()
        assert self._ready.wait(20), "the public page did not start"

    def address(self, path: str = "/") -> str:
        """Where a document is."""
        return self.served.url + path

    def stop(self) -> None:
        """Serve no more."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(20)
        self._loop.close()
        self._database.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with serving(self.desk) as self.served:
            self._ready.set()
            await self._stopping.wait()
