"""What happened of late, whenever it began: in page, history, feeds, calendar and JSON."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial

import pytest

from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.transaction import Desk, Transaction
from storage.models import IncidentStatus
from tests.factories import add_page
from tests.public_story import ACTOR, open_incident
from tests.unit.handlers.http.public.conftest import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

RECENTLY = "The last 14 days"


@pytest.fixture
def page_id(desk: Desk) -> str:
    """A page of which nothing is told yet."""
    return desk.write_now(ACTOR, lambda tx: add_page(tx.session, tx.now - timedelta(days=400)).id)


def say(desk: Desk, incident_id: str, **change: object) -> None:
    """One update, now."""
    work = partial(update_incident, incident_id=incident_id, change=IncidentChange(**change))  # type: ignore[arg-type]
    desk.write_now(ACTOR, work)


def began(desk: Desk, page_id: str, name: str, **ago: float) -> str:
    """An incident that began so long ago; gives its id."""

    def write(tx: Transaction) -> str:
        then = replace(tx, now=tx.now - timedelta(**ago))
        return create_incident(then, page_id, NewIncident(name=name, body="We look.")).id

    return desk.write_now(ACTOR, write)


def plan(desk: Desk, page_id: str, name: str, start: datetime) -> str:
    """A maintenance of two hours that is planned; gives its id."""
    schedule = Schedule(scheduled_for=start, scheduled_until=start + timedelta(hours=2))
    new = NewIncident(name=name, body="Pages may be slow.", schedule=schedule)
    return desk.write_now(ACTOR, lambda tx: create_incident(tx, page_id, new).id)


async def read_lately(web: Web) -> str:
    """The last fourteen days, as the page shows them."""
    return (await web.read("/")).text.partition(RECENTLY)[2]


async def read_feed(web: Web, path: str) -> list[tuple[datetime, str]]:
    """The dates and titles of a feed, in its order."""
    text = (await web.read(path)).text
    titles = re.findall(r"<title>(.*?)</title>", text)[1:]
    if path.endswith("rss"):
        dates = [parsedate_to_datetime(found) for found in re.findall(r"<pubDate>(.*?)</pubDate>", text)[1:]]
    else:
        dates = [datetime.fromisoformat(found) for found in re.findall(r"<published>(.*?)</published>", text)]
    return list(zip(dates, titles, strict=True))


@pytest.mark.parametrize("days", [20, 200])
async def test_what_began_long_ago_and_ended_now(web: Web, page_id: str, days: int) -> None:
    """It is among the last fourteen days, under the day on which it ended, until those are over."""
    old = began(web.desk, page_id, "A long one", days=days)
    for index in range(55):
        began(web.desk, page_id, f"Later {index}", days=19 - index / 10)
    assert "A long one" not in await read_lately(web)
    say(web.desk, old, status=IncidentStatus.RESOLVED, body="Over.")
    lately = await read_lately(web)
    assert "A long one" in lately
    assert lately.index('datetime="2026-03-02"') < lately.index("A long one")
    assert f"Resolved after {days} d" in lately
    web.desk.clock.advance(timedelta(days=13))  # type: ignore[attr-defined]
    assert "A long one" in await read_lately(web)
    web.desk.clock.advance(timedelta(days=2))  # type: ignore[attr-defined]
    assert "A long one" not in await read_lately(web)


@pytest.mark.parametrize("path", ["/history.atom", "/history.rss"])
async def test_feeds_are_dated_and_ordered_by_what_was_said_last(web: Web, page_id: str, path: str) -> None:
    """An update makes an old incident the newest entry; what is planned stands under its start."""
    now = web.desk.clock.now()
    old = began(web.desk, page_id, "Old", days=30)
    for index in range(60):
        began(web.desk, page_id, f"Later {index}", days=20, hours=index)
    quiet = began(web.desk, page_id, "Long and quiet", days=90)
    plan(web.desk, page_id, "Planned", now + timedelta(days=3))
    say(web.desk, old, body="Still looking.")
    found = await read_feed(web, path)
    assert [title for _, title in found[:3]] == ["Planned", "Old", "Later 0"]
    assert [at.astimezone(UTC) for at, _ in found[:2]] == [now + timedelta(days=3), now]
    assert [at for at, _ in found] == sorted((at for at, _ in found), reverse=True)
    # All of them are open, and what is open never falls out.
    assert (len(found), found[-1][1]) == (63, "Long and quiet")
    say(web.desk, quiet, status=IncidentStatus.RESOLVED, body="Over.")
    found = await read_feed(web, path)
    assert found[1][1] in {"Old", "Long and quiet"}
    assert {found[1][0], found[2][0]} == {now}


async def test_a_postmortem_is_an_update(web: Web, page_id: str) -> None:
    """In feeds and JSON it is the newest update, with the status `postmortem`, and dates the entry."""
    incident_id = began(web.desk, page_id, "Old", days=300)
    say(web.desk, incident_id, status=IncidentStatus.RESOLVED, body="Over.")
    for index in range(55):
        began(web.desk, page_id, f"Later {index}", days=2)
    web.desk.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]

    def review(tx: Transaction) -> None:
        write_postmortem(tx, incident_id, "# Why\n\nA **fuse** blew.")
        publish_postmortem(tx, incident_id)

    web.desk.write_now(ACTOR, review)
    for path in ("/history.atom", "/history.rss"):
        assert (await read_feed(web, path))[0] == (web.desk.clock.now(), "Old")
        text = (await web.client.get(path)).text.replace("&lt;", "<").replace("&gt;", ">")
        assert "<strong>Postmortem</strong> - <h3>Why</h3>\n<p>A <strong>fuse</strong> blew.</p>" in text
        assert text.index("<strong>Postmortem</strong>") < text.index("<strong>Resolved</strong> - Over.")
    incident = (await web.client.get(f"/api/v2/incidents/{incident_id}.json")).json()["incident"]
    newest, before, *_ = incident["incident_updates"]
    assert (incident["status"], newest["status"], before["status"]) == ("postmortem", "postmortem", "resolved")
    assert newest["body"] == "# Why\n\nA **fuse** blew."
    assert re.fullmatch(r"[a-z0-9]{12}", newest["id"])
    web.desk.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]
    say(web.desk, incident_id, status=IncidentStatus.INVESTIGATING, body="Again.")
    unresolved = (await web.read("/api/v2/incidents/unresolved.json")).json()["incidents"]
    [again] = [row for row in unresolved if row["id"] == incident_id]
    said = [update["status"] for update in again["incident_updates"]]
    assert (again["status"], said[:3]) == ("investigating", ["investigating", "postmortem", "resolved"])


async def test_a_postmortem_of_the_same_instant_is_the_newest(web: Web, page_id: str) -> None:
    """Published with the last update, it stands above it."""
    incident_id = began(web.desk, page_id, "Old", days=3)
    say(web.desk, incident_id, status=IncidentStatus.RESOLVED, body="Over.")
    web.desk.write_now(ACTOR, lambda tx: write_postmortem(tx, incident_id, "A fuse blew."))
    web.desk.write_now(ACTOR, lambda tx: publish_postmortem(tx, incident_id))
    incident = (await web.read(f"/api/v2/incidents/{incident_id}.json")).json()["incident"]
    assert [update["status"] for update in incident["incident_updates"]][:2] == ["postmortem", "resolved"]


async def test_a_maintenance_that_ran_early(web: Web, page_id: str) -> None:
    """Done before its window, it stands everywhere under when it ran, and is no cancelled one."""
    now = web.desk.clock.now()
    incident_id = plan(web.desk, page_id, "New disks", now + timedelta(days=40))
    web.desk.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    say(web.desk, incident_id, status=IncidentStatus.IN_PROGRESS, body="We begin early.")
    web.desk.clock.advance(timedelta(minutes=25))  # type: ignore[attr-defined]
    say(web.desk, incident_id, status=IncidentStatus.COMPLETED, body="Done.")
    lately = await read_lately(web)
    assert "New disks" in lately
    assert "Completed after 25 min" in lately
    ran = ("2026-03-02T10:00:00Z", "2026-03-02T10:25:00Z")
    assert (now + timedelta(hours=1)).isoformat() == ran[0].replace("Z", "+00:00")
    for path in ("/history/", "/history/2026-03/"):
        history = (await web.client.get(path)).text
        assert "New disks" in history
        assert "Completed after 25 min" in history
    permalink = (await web.client.get(f"/incidents/{incident_id}/")).text
    assert all(f'datetime="{at}"' in permalink for at in ran)
    calendar = (await web.client.get("/maintenances.ics")).text
    assert "DTSTART:20260302T100000Z\r\nDTEND:20260302T102500Z" in calendar
    assert "STATUS:CONFIRMED" in calendar
    rss = (await web.client.get("/history.rss")).text
    assert "<maintenanceEndDate>Mon, 02 Mar 2026 10:25:00 +0000</maintenanceEndDate>" in rss
    clock = "&lt;var data-var='time'&gt;{}&lt;/var&gt;"
    assert f"{clock.format('10:00')} - {clock.format('10:25')}" in rss


async def test_a_maintenance_that_was_called_off(web: Web, page_id: str) -> None:
    """It shows at once that it is cancelled, and keeps the window that it had; it has no length."""
    now = web.desk.clock.now()
    incident_id = plan(web.desk, page_id, "New disks", now + timedelta(days=3))
    say(web.desk, incident_id, status=IncidentStatus.COMPLETED, body="Not now.")
    lately = await read_lately(web)
    assert "New disks" in lately
    assert "Cancelled ·" in lately
    calendar = (await web.client.get("/maintenances.ics")).text
    assert "DTSTART:20260305T090000Z\r\nDTEND:20260305T110000Z" in calendar


async def test_a_month_has_what_ran_in_it(web: Web, page_id: str) -> None:
    """A maintenance that ran in March though it was planned for April is in March's history, years later too."""
    start = web.desk.clock.now() + timedelta(days=30)
    incident_id = plan(web.desk, page_id, "New disks", start)
    for status in (IncidentStatus.IN_PROGRESS, IncidentStatus.COMPLETED):
        web.desk.clock.advance(timedelta(minutes=10))  # type: ignore[attr-defined]
        say(web.desk, incident_id, status=status, body="Step.")
    for _ in range(2):
        assert "New disks" in (await web.read("/history/2026-03/")).text
        assert "New disks" not in (await web.client.get("/history/2026-04/")).text
        web.desk.clock.advance(timedelta(days=700))  # type: ignore[attr-defined]
        open_incident(web.desk, page_id)
