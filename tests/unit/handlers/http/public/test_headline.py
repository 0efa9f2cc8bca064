"""What is said first of a page: never green above an outage, and on one scale with its incidents."""

import re
from collections.abc import Sequence

import pytest

from desk.incidents.components import set_statuses
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.pages.status import Impact
from desk.transaction import Desk, Transaction, pages_changed
from storage.models import ComponentStatus, IncidentStatus
from tests.factories import add_component, add_page
from tests.public_story import ACTOR, open_incident
from tests.unit.handlers.http.public.conftest import Web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OK, DEGRADED, PARTIAL, MAJOR = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.MAJOR_OUTAGE,
)
GREEN = "All Systems Operational"


def add_shop(desk: Desk, states: Sequence[ComponentStatus]) -> str:
    """A page with components in these states; gives its id."""

    def add(tx: Transaction) -> str:
        page = add_page(tx.session, tx.now, name="Shop", subdomain="shop")
        rows = [
            add_component(tx.session, page, tx.now, name=f"C{index}", position=index) for index in range(len(states))
        ]
        tx.session.flush()
        set_statuses(tx, page.id, {row.id: status for row, status in zip(rows, states, strict=True)})
        pages_changed(tx)
        return page.id

    return desk.write_now(ACTOR, add)


async def read_faces(web: Web) -> tuple[str, str, str, str, str]:
    """How the banner looks, the headline, the line below it, the title, and what the badge says."""
    page = (await web.read("/")).text
    look, headline = re.search(r'class="banner (\w+)".*?<h1>(.*?)</h1>', page, re.DOTALL).groups()  # type: ignore[union-attr]
    line = re.search(r"</h1>\s*<p>(.*?)As of", page, re.DOTALL)
    title, shared = re.search(r"<title>(.*?)</title>", page), re.search(r'og:title" content="(.*?)"', page)
    assert line is not None
    assert title is not None
    assert shared is not None
    assert title.group(1) == shared.group(1)
    badge = (await web.client.get("/badge.svg")).text
    assert headline in badge
    return look, headline, line.group(1), title.group(1), badge


@pytest.mark.parametrize("impact", [None, *(impact for impact in Impact if impact is not Impact.MAINTENANCE)])
@pytest.mark.parametrize("count", [0, 2])
async def test_an_open_incident_is_never_green(web: Web, impact: Impact | None, count: int) -> None:
    """Whatever its impact, and whatever its components, the page, its title and its badge say that it is open."""
    page_id = add_shop(web.desk, [OK] * count)
    calm = await read_faces(web)
    assert calm[:2] == ("operational", GREEN)
    green = re.findall(r'fill="(#\w+)"', calm[4])[1]
    open_incident(web.desk, page_id, impact_override=impact)
    look, headline, _, title, badge = await read_faces(web)
    assert look != "operational"
    assert GREEN not in headline + title + badge
    assert green not in badge
    status = (await web.client.get("/api/v2/status.json")).json()["status"]
    # As Statuspage: components alone move it, but where there are none.
    assert (status == {"indicator": "none", "description": GREEN}) is (count > 0)


async def test_what_is_over_is_over(web: Web) -> None:
    """A resolved incident, and a maintenance that is yet to come, leave the page green."""
    page_id = add_shop(web.desk, [OK])
    open_incident(web.desk, page_id, status=IncidentStatus.RESOLVED, impact_override=Impact.CRITICAL)
    assert (await read_faces(web))[:2] == ("operational", GREEN)


async def test_a_maintenance_that_goes_on_shows(web: Web) -> None:
    """A maintenance in progress is in the headline also when its components work."""
    page_id = add_shop(web.desk, [OK])

    def begin(tx: Transaction) -> None:
        schedule = Schedule(scheduled_for=tx.now, scheduled_until=tx.now.replace(hour=23))
        new = NewIncident(name="New disks", body="Now.", schedule=schedule, status=IncidentStatus.IN_PROGRESS)
        create_incident(tx, page_id, new)

    web.desk.write_now(ACTOR, begin)
    assert (await read_faces(web))[:2] == ("maintenance", "Service Under Maintenance")


@pytest.mark.parametrize(
    ("states", "impact", "look", "headline", "why"),
    [
        ([OK, OK], Impact.MAJOR, "partial", "Open Incident with Major Impact", "all components are working"),
        ([PARTIAL, OK], Impact.MAJOR, "partial", "Open Incident with Major Impact", "Minor Service Outage"),
        ([MAJOR, OK], Impact.MAJOR, "partial", "Partial System Outage", ""),
        ([MAJOR, OK], Impact.CRITICAL, "major", "Open Incident with Critical Impact", "Partial System Outage"),
        ([MAJOR], Impact.MINOR, "major", "Major System Outage", "components are worse off"),
        ([DEGRADED, OK], Impact.NONE, "degraded", "Partially Degraded Service", "components are worse off"),
        ([], Impact.CRITICAL, "major", "Major System Outage", ""),
        ([], Impact.NONE, "degraded", "Minor Service Outage", "no component can tell"),
    ],
)
async def test_one_scale(
    web: Web, states: list[ComponentStatus], impact: Impact, look: str, headline: str, why: str
) -> None:
    """The headline is as bad as the worst of components and open incidents; where they differ, a word says why."""
    page_id = add_shop(web.desk, states)
    open_incident(web.desk, page_id, impact_override=impact)
    found = await read_faces(web)
    assert found[:2] == (look, headline)
    assert found[2].startswith("1 open incident")
    assert why in found[2]
    assert ("(" in found[2]) is bool(why)


async def test_the_worst_of_several(web: Web) -> None:
    """The worst open incident counts, not the latest; and the list of pages says the same as the page."""
    page_id = add_shop(web.desk, [OK])
    open_incident(web.desk, page_id, impact_override=Impact.CRITICAL)
    open_incident(web.desk, page_id, impact_override=Impact.MINOR)
    assert (await read_faces(web))[:2] == ("major", "Open Incident with Critical Impact")
    web.desk.write_now(ACTOR, lambda tx: add_page(tx.session, tx.now, name="Other", subdomain="other"))
    assert "Open Incident with Critical Impact" in (await web.read("/")).text
