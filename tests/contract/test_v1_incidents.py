"""What the management API says of incidents, maintenances and templates, against Statuspage's specification."""

from collections.abc import AsyncIterator

import pytest

from desk.transaction import Desk
from storage.models import Component, Incident, IncidentTemplate, Page
from tests.contract.test_v1_shapes import check_shape
from tests.contract.v1_reader import Api, reading
from tests.public_story import ACTOR, Story, open_incident, write_story

BEYOND = ["backfilled", "started_at"]
"""Fields of live answers that the specification does not have."""


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with an incident or a maintenance of every kind."""
    return write_story(desk)


@pytest.fixture
async def api(desk: Desk, story: Story) -> AsyncIterator[Api]:
    """The API, served on a socket, and a key that reads everything."""
    async with reading(desk) as api:
        yield api


async def ids(api: Api, path: str) -> list[str]:
    """The ids of a list."""
    return [row["id"] for row in (await api(path)).json()]


async def test_incidents_have_statuspage_s_fields(api: Api, story: Story) -> None:
    """Each row of the list is what the incident shows by itself: its components as they are now, its updates with the
    newest first."""
    rows = (await api(f"pages/{story.page}/incidents")).json()
    assert len(rows) == 5
    for row in rows:
        assert row == (await api(f"pages/{story.page}/incidents/{row['id']}.json")).json()
        assert list(row)[-2:] == BEYOND
        check_shape({name: value for name, value in row.items() if name not in BEYOND}, "Incident")
        for update in row["incident_updates"]:
            check_shape(update, "IncidentUpdate")
            assert update["incident_id"] == row["id"]
        assert [one["created_at"] for one in row["incident_updates"]] == sorted(
            (one["created_at"] for one in row["incident_updates"]), reverse=True
        )
        for component in row["components"]:
            check_shape(component, "Component")
            assert component == (await api(f"pages/{story.page}/components/{component['id']}")).json()
        assert row["created_at"].endswith("+01:00")
    assert any(row["components"] for row in rows)
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert {row["status"] for row in rows} == {"resolved", "completed", "in_progress", "scheduled", "investigating"}


async def test_each_list_has_its_own(api: Api, desk: Desk, story: Story) -> None:
    """Open incidents without maintenances, planned ones by whether they have begun, and past an end nothing."""
    with desk.database.read() as session:
        known = {one.id: one for one in session.query(Incident).filter_by(page_id=story.page)}
    base = f"pages/{story.page}/incidents"
    assert set(await ids(api, base)) == set(known)
    lists = {name: set(await ids(api, f"{base}/{name}")) for name in ("unresolved", "scheduled", "upcoming")}
    running = set(await ids(api, f"{base}/active_maintenance"))
    planned = {key for key, one in known.items() if one.scheduled_for is not None}
    assert lists["scheduled"] == planned
    assert lists["upcoming"] == {key for key in planned if known[key].status == "scheduled"}
    assert running == {key for key in planned if known[key].status in ("in_progress", "verifying")}
    assert lists["unresolved"] == {key for key in known.keys() - planned if known[key].resolved_at is None}
    assert lists["unresolved"]
    assert await ids(api, f"{base}?page=9") == []


async def test_incidents_are_searched_and_parted(api: Api, desk: Desk, story: Story) -> None:
    """`limit` and `page` for the list of all, of which `per_page` is not asked; `q` finds what has its words in its
    name, status, updates and postmortem."""
    found = [open_incident(desk, story.page, name) for name in ("Überlast der Suche", "Suche überlastet", "Nichts")]
    base = f"pages/{story.page}/incidents"
    whole = await ids(api, base)
    assert await ids(api, f"{base}?limit=2&page=2") == whole[2:4]
    assert await ids(api, f"{base}?per_page=1") == whole
    assert sorted(await ids(api, f"{base}?q=ÜBERLAST%20suche")) == sorted(found[:2])
    assert len(await ids(api, f"{base}?q=suche&limit=1&page=2")) == 1
    assert await ids(api, f"{base}?q=nothing%20of%20the%20kind") == []
    assert await ids(api, f"{base}?q=still%20ANSWERS") == [story.open]
    assert await ids(api, f"{base}?q=in_progress") == [story.active]
    desk.write_now(
        ACTOR, lambda tx: setattr(tx.session.get_one(Incident, story.resolved), "postmortem_body", "50% Öl")
    )
    assert await ids(api, f"{base}?q=%25%20öl") == [story.resolved]
    assert await ids(api, f"{base}?q=%20") == await ids(api, base)
    for odd in ("%00", "a%00", "%FF", "%ED%A0%80", "%5C", "/", "_", "%27", "%E2%80%AE"):
        assert await ids(api, f"{base}?q={odd}") in ([], [story.active]), odd
    assert await ids(api, f"{base}?q={'a%20' * 2000}") == []


async def test_templates_have_statuspage_s_fields(api: Api, desk: Desk, story: Story) -> None:
    """With their components as they are now; one that is gone is left out."""
    with desk.database.write() as session:
        component = session.query(Component).filter_by(page_id=story.page, group=False).first()
        assert component is not None
        now = desk.clock.now()
        values = {"title": "Slow", "body": "We look.", "created_at": now, "updated_at": now}
        session.add(
            IncidentTemplate(
                id="template0001", page_id=story.page, name="Slow", component_ids=[component.id, "gone"], **values
            )
        )
        component_id = component.id
    [row] = (await api(f"pages/{story.page}/incident_templates")).json()
    check_shape(row, "IncidentTemplate")
    assert [one["id"] for one in row["components"]] == [component_id]
    assert await ids(api, f"pages/{story.page}/incident_templates?page=2") == []


async def test_what_is_another_pages_is_not_there(api: Api, desk: Desk, story: Story) -> None:
    """An incident is found below its own page alone."""
    with desk.database.write() as session:
        now = desk.clock.now()
        session.add(Page(id="otherpage001", name="Other", created_at=now, updated_at=now))
    [first, *_] = await ids(api, f"pages/{story.page}/incidents")
    for path in (f"pages/otherpage001/incidents/{first}", f"pages/{story.page}/incidents/nothing"):
        assert (await api(path)).status_code == 404
