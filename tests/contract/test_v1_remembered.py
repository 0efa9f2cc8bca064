"""Lists of incidents are remembered between calls: they say all the same what there is, whatever has changed."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.maintenances.runs import sweep_maintenances
from desk.incidents.port import port_of
from desk.seeds import plant_seed
from desk.seeds.shape import PageSeed, Seed
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.http.answers import Answer
from handlers.http.v1.remembered import RememberedAnswers
from storage.models import ComponentStatus, Incident, IncidentStatus, IncidentUpdate, Page
from tests.clock import HeldClock
from tests.contract.v1_reader import Api, reading
from tests.public_story import ACTOR, Story, write_story

Work = Callable[[Transaction], Any]


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with an incident or a maintenance of every kind."""
    return write_story(desk)


@pytest.fixture
async def api(desk: Desk, story: Story) -> AsyncIterator[Api]:
    """The API, served on a socket, and a key that reads everything."""
    async with reading(desk) as api:
        yield api


async def listed(api: Api, page_id: str) -> list[Mapping[str, Any]]:
    """The list of all incidents, which must say of each what it says by itself, as must the other lists."""
    base = f"pages/{page_id}/incidents"
    rows: list[Mapping[str, Any]] = (await api(base)).json()
    for row in rows:
        # What is asked for by its id is read from the database each time.
        assert row == (await api(f"{base}/{row['id']}")).json()
    by_id = {row["id"]: row for row in rows}
    for name in ("unresolved", "scheduled", "upcoming", "active_maintenance"):
        assert all(row == by_id[row["id"]] for row in (await api(f"{base}/{name}")).json()), name
    return rows


def change_everything(page_id: str, story: Story, now: Any) -> Mapping[str, Work]:
    """Whatever is done to incidents, one thing after the other, by what is done."""
    soon = Schedule(scheduled_for=now + timedelta(minutes=530), scheduled_until=now + timedelta(minutes=580))
    planned = NewIncident(name="Cables", body="New ones.", schedule=soon, components={story.components["API"]: None})

    def find(tx: Transaction, name: str) -> Incident:
        return tx.session.scalars(select(Incident).where(Incident.name == name)).one()

    def said(tx: Transaction) -> str:
        return (
            tx.session.scalars(select(IncidentUpdate.id).where(IncidentUpdate.incident_id == story.open)).first()
            or ""
        )

    def update(**values: Any) -> Work:
        change = IncidentChange(**values)
        return lambda tx: port_of(tx, page_id).update_incident(tx, story.open, change)

    def of_port(method: str, *arguments: Any) -> Work:
        return lambda tx: getattr(port_of(tx, page_id), method)(tx, *arguments)

    zone = Seed(
        organization="Acme", organization_id=None, pages=(PageSeed(name="Acme", id=page_id, time_zone="Asia/Tokyo"),)
    )
    return {
        "opened": of_port("create_incident", page_id, NewIncident(name="Login fails", body="We look.")),
        "planned": of_port("create_incident", page_id, planned),
        "updated": update(status=IncidentStatus.IDENTIFIED, body="A cable."),
        "renamed": update(name="API is down"),
        "corrected": lambda tx: port_of(tx, page_id).edit_update(tx, said(tx), body="A cable was cut."),
        "states": of_port("set_statuses", page_id, {story.components["API"]: ComponentStatus.MAJOR_OUTAGE}),
        "resolved": update(status=IncidentStatus.RESOLVED, body="A new cable."),
        "written": of_port("write_postmortem", story.open, "A cable was cut by a digger."),
        "published": of_port("publish_postmortem", story.open),
        "taken back": of_port("revert_postmortem", story.open),
        "reminded": sweep_maintenances,
        "begun": sweep_maintenances,
        "completed": sweep_maintenances,
        "deleted": lambda tx: port_of(tx, page_id).delete_incident(tx, find(tx, "Login fails").id),
        "moved to another zone": lambda tx: plant_seed(tx, zone),
    }


async def test_lists_say_what_there_is_after_every_change(
    api: Api, desk: Desk, story: Story, clock: HeldClock
) -> None:
    """Whatever is done to an incident, its updates, its components or its page, every list says it at once."""
    before = await listed(api, story.page)
    assert await listed(api, story.page) == before
    for name, work in change_everything(story.page, story, desk.clock.now()).items():
        clock.advance(timedelta(minutes=45))
        actor = Actor.job(JobName.SWEEP) if work is sweep_maintenances else ACTOR
        desk.write_now(actor, work)
        rows = await listed(api, story.page)
        assert rows != before or name == "written", name
        before = rows
    with desk.database.read() as session:
        assert session.get_one(Page, story.page).time_zone == "Asia/Tokyo"


def test_what_nobody_asked_for_lately_makes_room(desk: Desk) -> None:
    """Answers are kept up to so many bytes, and made anew when pages change or room was needed."""
    remembered, made = RememberedAnswers(room=3_000), list[str]()

    def ask(name: str, answer: Answer) -> Answer:
        def make() -> Answer:
            made.append(name)
            return answer

        with desk.database.read() as session:
            return remembered.get(session, name, make)

    small = Answer(200, b"x" * 400)
    for name in ("one", "two", "three", "one", "four", "one", "two"):
        assert ask(name, small) == small
    assert made == ["one", "two", "three", "four", "two"]
    made.clear()
    # What is larger than the room is given, and not kept.
    large = small._replace(body=b"x" * 5_000)
    assert ask("large", large) == ask("large", large) == large
    assert made == ["large", "large"]
