"""Several processes, one page."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

from sqlalchemy import event, select

from desk.transaction import Desk
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from storage.models import PageAddress
from tests.databases import open_database
from tests.public_story import Story, open_incident
from tests.waiting import eventually

NEVER = HttpSettings(revision_interval=timedelta(hours=1))


def _shows(app: HttpApp, words: bytes) -> bool:
    document = app.public.cache.find("", "/api/v2/summary.json")
    return document is not None and words in document.body


async def test_every_replica_follows(desk: Desk, story: Story, database_url: str) -> None:
    """What one process publishes, another one shows by itself, in the same bytes under the same tags.

    Nobody asks at intervals here: the other one is told by PostgreSQL, or sees at a glance that SQLite changed, and
    then asks once. How long that takes is measured by `bench/replicas.py`.
    """
    database = open_database(database_url)
    other = Desk(database, desk.clock, desk.policy)
    here, there = create_http_app(desk, settings=NEVER), create_http_app(other, settings=NEVER)
    asked: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM revision" in statement:
            asked.append(statement)

    async with here.running(), there.running():
        # One for each of the five mirrors, and one for what was said before anybody listened.
        await eventually(lambda: len(asked) == 6)
        asked.clear()
        open_incident(desk, story.page, "Late letters")
        await eventually(lambda: _shows(there, b"Late letters") and _shows(here, b"Late letters"))
        # One question, and one with the reading of each of the two mirrors that follow pages.
        assert len(asked) == 3
        for path, document in here.public.cache.shared.items():
            same = there.public.cache.find("", path)
            assert same is not None
            assert same.form(b"br").etag == document.form(b"br").etag, path
    database.close()


def test_replicas_that_start_together_claim_addresses_once(desk: Desk, story: Story, database_url: str) -> None:
    """Each renders the page for the first time: one of them writes down where it is, and neither fails."""
    database = open_database(database_url)
    apps = [create_http_app(each, settings=NEVER) for each in (desk, Desk(database, desk.clock, desk.policy))]
    barrier = Barrier(2)

    @event.listens_for(database.engine, "before_cursor_execute")
    @event.listens_for(desk.database.engine, "before_cursor_execute")
    def meet(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # Both have seen that the addresses are nobody's yet.
        if "FROM incident" in statement and not barrier.broken:
            with suppress(BrokenBarrierError):
                barrier.wait(5)
            barrier.abort()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda app: app.public.refresh(), apps))
    with desk.database.read() as session:
        assert {row.path: row.page_id for row in session.scalars(select(PageAddress))} == {
            "": story.page,
            "/acme": story.page,
            "//status.acme.example": story.page,
        }
    assert all(app.public.cache.find("", "/history.rss") for app in apps)
    database.close()
