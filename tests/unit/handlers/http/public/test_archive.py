"""The past, rendered ahead and kept in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from desk.incidents.incidents import delete_incident, update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.lookup import list_updates
from desk.incidents.updates import edit_update
from desk.transaction import Desk, Transaction, pages_changed
from handlers.http.public.export import FolderExport
from handlers.http.public.serving import PublicSite
from storage.models import Incident, IncidentStatus, IncidentUpdate
from tests.clock import HeldClock
from tests.public_story import Story, change_page, open_incident, open_later
from tests.unit.handlers.http.conftest import ACTOR

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def old(desk: Desk, story: Story, clock: HeldClock) -> Story:
    """The story, and years after it more incidents than the page itself tells of."""
    clock.advance(timedelta(days=800))
    open_later(desk, story.page, 55)
    return story


def make_site(desk: Desk, **options: Any) -> PublicSite:
    """A site that is not running: everything in it happens when the test says so."""
    return PublicSite(desk, monotonic=lambda: 0.0, **options)


def fill(site: PublicSite) -> PublicSite:
    """Everything rendered."""
    site.refresh()
    while site.catch_up():
        pass
    return site


async def read(site: PublicSite, path: str) -> tuple[int, bytes]:
    """Status and body of what a reader gets."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    assert await site.answer({"type": "http", "method": "GET", "path": path, "headers": []}, send)
    return sent[0]["status"], sent[1]["body"]


@contextmanager
def counting(desk: Desk) -> Iterator[list[str]]:
    """The statements that the database is asked within the block."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(desk.database.engine, "before_cursor_execute", note)


async def test_readers_of_the_past_ask_no_database(desk: Desk, old: Story) -> None:
    """Once the past is rendered, incidents, months and what is not there are all answered from memory."""
    site = fill(make_site(desk))
    with counting(desk) as statements:
        assert b"Orders fail" in (await read(site, f"/incidents/{old.resolved}"))[1]
        assert b"Orders fail" in (await read(site, "/history/2026-02/"))[1]
        for nowhere in ("/incidents/zzzzzzzzzzzz/", "/history/2020-01/", "/history/2026-13/"):
            assert (await read(site, nowhere))[0] == 404
    assert statements == []


async def test_the_past_can_be_read_before_it_is_rendered(desk: Desk, old: Story) -> None:
    """Whoever comes too early, or asks for what found no room, gets the same bytes; asked for once, they are kept."""
    path = f"/incidents/{old.resolved}/"
    early, narrow, filled = make_site(desk), fill(make_site(desk, room=0)), fill(make_site(desk))
    early.refresh()
    expected = await read(filled, path)
    for site in (early, narrow):
        assert await read(site, path) == expected
        with counting(desk) as statements:
            assert await read(site, path) == expected
        assert statements == []


async def test_the_past_follows_changes(desk: Desk, old: Story) -> None:
    """An old incident that is renamed or taken away is so at once; a new look of the page is that of its past too."""
    site = fill(make_site(desk))
    path, month = f"/incidents/{old.resolved}/", "/history/2026-02/"
    desk.write_now(ACTOR, lambda tx: update_incident(tx, old.resolved, IncidentChange(name="Orders failed")))
    site.refresh()
    with counting(desk) as statements:
        assert all([b"Orders failed" in (await read(site, where))[1] for where in (path, month)])
    assert statements == []
    change_page(desk, old.page, name="Acme & Sons")
    site.refresh()
    assert all([b"Acme &amp; Sons" in (await read(site, where))[1] for where in (path, month)])
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, old.resolved))
    site.refresh()
    assert (await read(site, path))[0] == 404
    assert b"Orders failed" not in (await read(site, month))[1]


async def test_a_correction_by_a_clock_that_is_behind_is_seen(desk: Desk, old: Story, clock: HeldClock) -> None:
    """Words of years ago are corrected by a clock that is a day late: permalink and month say the new ones."""
    site = fill(make_site(desk))
    clock.advance(days=-1)
    with desk.database.read() as session:
        said = list_updates(session, [old.resolved])[0].id
    desk.write_now(ACTOR, lambda tx: edit_update(tx, said, body="It was the moon."))
    clock.advance(days=1)
    site.refresh()
    for where in (f"/incidents/{old.resolved}/", "/history/2026-02/"):
        assert b"It was the moon." in (await read(site, where))[1]


async def test_a_maintenance_that_is_moved_leaves_the_month_in_which_it_was(desk: Desk, old: Story) -> None:
    """Both months follow, also when it comes back."""
    site = fill(make_site(desk))
    for days, there, gone in ((60, "/history/2026-04/", "/history/2026-02/"), (-60, "/history/2026-02/", None)):
        desk.write_now(ACTOR, partial(_move, incident_id=old.completed, by=timedelta(days=days)))
        site.refresh()
        assert b"Upgrade" in (await read(site, there))[1]
        if gone is not None:
            assert b"Upgrade" not in (await read(site, gone))[1]


def _move(tx: Transaction, incident_id: str, by: timedelta) -> None:
    incident = tx.session.get_one(Incident, incident_id)
    assert incident.scheduled_for is not None
    incident.scheduled_for += by
    incident.updated_at = tx.now
    incident.version += 1
    for said in tx.session.scalars(select(IncidentUpdate).where(IncidentUpdate.incident_id == incident_id)):
        said.display_at += by
    pages_changed(tx)


async def test_a_month_that_never_came_goes(desk: Desk, old: Story, clock: HeldClock, tmp_path: Path) -> None:
    """A clock that was a year ahead for a moment leaves no month behind, in memory and in the folder."""
    folder = tmp_path / "public"
    site = fill(make_site(desk, export=FolderExport(folder)))
    before = {path.name for path in (folder / "history").iterdir()}
    clock.advance(days=400)
    late = open_incident(desk, old.page, "Too early", status=IncidentStatus.RESOLVED)
    fill(site)
    assert {path.name for path in (folder / "history").iterdir()} > before
    clock.advance(days=-400)
    fill(site)
    desk.write_now(ACTOR, lambda tx: update_incident(tx, late, IncidentChange(name="Much too early")))
    fill(site)
    assert {path.name for path in (folder / "history").iterdir()} == before


async def test_a_database_that_fails_on_the_way_back_loses_nothing(desk: Desk, old: Story, tmp_path: Path) -> None:
    """Where rendering the past broke off, it goes on; the folder keeps what was not reached."""
    folder = tmp_path / "public"
    fill(make_site(desk, export=FolderExport(folder)))
    before = sorted(folder.rglob("*"))
    site = make_site(desk, export=FolderExport(folder))
    site.refresh()
    _rename(desk, "incident_update", "away")
    for _ in range(3):
        with pytest.raises(OperationalError):
            while site.catch_up():
                pass
    _rename(desk, "away", "incident_update")
    assert sorted(folder.rglob("*")) == before
    while site.catch_up():
        pass
    assert sorted(folder.rglob("*")) == before
    with counting(desk) as statements:
        assert (await read(site, f"/incidents/{old.resolved}/"))[0] == 200
    assert statements == []


def _rename(desk: Desk, before: str, after: str) -> None:
    with desk.database.write() as session:
        session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))
