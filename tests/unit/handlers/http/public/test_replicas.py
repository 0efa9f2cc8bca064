"""Several processes, one page."""

import time
from datetime import timedelta

from desk.transaction import Desk
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from storage.database import Database
from tests.public_story import Story, open_incident
from tests.waiting import eventually

SECOND = HttpSettings(revision_interval=timedelta(seconds=1))


def _shows(app: HttpApp, words: bytes) -> bool:
    document = app.public.shelf.find("", "/api/v2/summary.json")
    return document is not None and words in document.body


async def test_every_replica_follows(desk: Desk, story: Story, database_url: str) -> None:
    """What one process publishes, another one shows by itself, in the same bytes under the same tags."""
    database = Database.from_url(database_url)
    other = Desk(database, desk.clock, desk.policy)
    here, there = create_http_app(desk, settings=SECOND), create_http_app(other, settings=SECOND)
    async with here.running(), there.running():
        assert not _shows(there, b"Late letters")
        began = time.monotonic()
        open_incident(desk, story.page, "Late letters")
        await eventually(lambda: _shows(there, b"Late letters") and _shows(here, b"Late letters"))
        # The promise is a second; a crowded machine gets more, and a replica that never asks fails all the same.
        assert time.monotonic() - began < 10
        for path, document in here.public.shelf.shared.items():
            same = there.public.shelf.find("", path)
            assert same is not None
            assert same.form(b"br").etag == document.form(b"br").etag, path
    database.close()
