"""What becomes of incidents at the Statuspage that keeps their page is followed here, whoever opened them where."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk.incidents.incidents import create_incident, delete_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import list_open, list_updates
from desk.incidents.port import port_of
from desk.incidents.updates import edit_update
from desk.transaction import Desk
from storage.models import (
    AuditEvent,
    Component,
    ComponentStatus,
    Delivery,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    SlackMessage,
    UpstreamChange,
)
from tests.clock import MONDAY_MORNING as NOW
from tests.contract.gateway_stage import OPERATOR
from tests.contract.page_systems import INES_ACTS, AtlassianSystem
from tests.databases import both_databases, url_on_sqlite

database_url = url_on_sqlite
IDENTIFIED, RESOLVED = IncidentStatus.IDENTIFIED, IncidentStatus.RESOLVED
MINUTE = timedelta(minutes=1)


@pytest.fixture
def far(desk: Desk, sqlite_template: Path, tmp_path: Path) -> Iterator[AtlassianSystem]:
    """A page that a second Keydesk keeps."""
    (tmp_path / "far").mkdir()
    system = AtlassianSystem(desk, tmp_path / "far", sqlite_template)
    yield system
    system.close()


def follow(far: AtlassianSystem) -> None:
    """The job of every few minutes."""
    assert far.follow()


def there(far: AtlassianSystem, work: Any) -> Any:
    """Somebody does something at the Statuspage itself."""
    return far.there.write_now(OPERATOR, work)


def known(far: AtlassianSystem) -> list[tuple[str, str, list[str]]]:
    """What is open here: names, statuses, and what was said, the oldest first."""
    with far.desk.database.read() as session:
        rows = list_open(session)
        said = {row.id: [one.body for one in reversed(list_updates(session, [row.id]))] for row in rows}
        return [(row.name, str(row.status), said[row.id]) for row in reversed(rows)]


def traces(far: AtlassianSystem) -> tuple[int, int, int]:
    """How much was ever done here."""
    with far.desk.database.read() as session:
        return tuple(len(session.scalars(select(table)).all()) for table in (AuditEvent, Delivery, IncidentUpdate))  # type: ignore[return-value]


def test_what_was_opened_there_can_be_spoken_of_here(far: AtlassianSystem) -> None:
    """An open incident comes here under its own id, with its components and words; an update from here goes there."""
    api = far.components["API"]
    new = NewIncident(name="Theirs", body="Look.", components={api: ComponentStatus.MAJOR_OUTAGE})
    theirs = there(far, lambda tx: create_incident(tx, far.page_id, new).id)
    over = NewIncident(name="Over", status=RESOLVED)
    there(far, lambda tx: create_incident(tx, far.page_id, over).id)
    follow(far)
    assert known(far) == [("Theirs", "investigating", ["Look."])]
    before = traces(far)
    follow(far)
    assert traces(far) == before
    change = IncidentChange(status=RESOLVED, body="Mended.", components={api: ComponentStatus.OPERATIONAL})
    far.write(lambda tx, port: port.update_incident(tx, theirs, change))
    with far.there.database.read() as session:
        assert session.get_one(Incident, theirs).status == RESOLVED
        assert session.get_one(Component, api).status == "operational"
    follow(far)
    assert traces(far)[2] == before[2] + 1


@both_databases
def test_what_was_opened_here_is_followed_there(far: AtlassianSystem) -> None:
    """Nothing comes back as news that went out from here; what others say, rename and resolve there does."""
    ours = far.open("Ours", components={far.components["API"]: ComponentStatus.PARTIAL_OUTAGE})
    far.write(lambda tx, port: port.update_incident(tx, ours, IncidentChange(body="More *soon* & so on.")))
    follow(far)
    before = traces(far)
    follow(far)
    assert traces(far) == before
    assert before[2] == 2
    upstream_id = _there(far, ours)
    far.clock.advance(MINUTE)
    change = IncidentChange(name="Ours, renamed", status=IDENTIFIED, body="A cable.")
    there(far, lambda tx: update_incident(tx, upstream_id, change))
    follow(far)
    assert known(far) == [("Ours, renamed", "identified", ["We look.", "More *soon* & so on.", "A cable."])]
    with far.desk.database.read() as session:
        newest = list_updates(session, [ours])[0]
        heads = session.scalars(select(SlackMessage.kind).where(SlackMessage.subject_id == newest.id)).all()
    assert (newest.created_by, heads) == ("job:copies", ["incident.said"])
    there(far, lambda tx: edit_update(tx, newest.upstream_id or "", body="Two cables."))
    there(far, lambda tx: update_incident(tx, upstream_id, IncidentChange(status=RESOLVED)))
    follow(far)
    assert known(far) == []
    row = _row(far, ours)
    assert (row.status, row.resolved_at, row.update_due_at) == (RESOLVED, NOW + MINUTE, None)
    with far.desk.database.read() as session:
        assert [one.body for one in list_updates(session, [ours])][1] == "Two cables."


def test_what_is_on_its_way_is_not_undone(far: AtlassianSystem) -> None:
    """While an update from here waits, what the Statuspage says of its incident is out of date."""
    ours = far.open("Ours")
    far.desk.write_now(
        INES_ACTS, lambda tx: port_of(tx, far.page_id).update_incident(tx, ours, IncidentChange(status=RESOLVED))
    )
    follow(far)
    assert _row(far, ours).status == RESOLVED
    far.settle()
    follow(far)
    assert (_row(far, ours).status, far.incident(ours).status) == (RESOLVED, RESOLVED)


@both_databases
def test_what_is_gone_there_is_gone_here(far: AtlassianSystem) -> None:
    """An incident that was deleted there is none here either; one that was never told stays."""
    gone, kept = far.open("Gone"), far.open("Kept")
    waits = far.desk.write_now(
        INES_ACTS, lambda tx: port_of(tx, far.page_id).create_incident(tx, far.page_id, NewIncident(name="Waits")).id
    )
    upstream_id = _there(far, gone)
    there(far, lambda tx: delete_incident(tx, upstream_id))
    far.clock.advance(MINUTE)
    follow(far)
    assert sorted(name for name, *_ in known(far)) == ["Kept", "Waits"]
    assert (_row(far, kept).name, _row(far, waits).name) == ("Kept", "Waits")


def test_ours_is_not_taken_for_theirs(far: AtlassianSystem) -> None:
    """What is there already, and not noted here yet, is known by its mark: it comes here a second time never."""
    ours = far.open("Ours")
    with far.desk.database.write() as session:
        session.get_one(Incident, ours).upstream_id = None
        session.scalars(select(UpstreamChange)).one().there_at = None
    follow(far)
    assert [name for name, *_ in known(far)] == ["Ours"]


def test_a_maintenance_that_was_moved_there_is_moved_here(far: AtlassianSystem) -> None:
    """Its window and flags are those that it has there."""
    window = Schedule(scheduled_for=NOW + 2 * MINUTE, scheduled_until=NOW + 9 * MINUTE)
    ours = far.open("Ours", schedule=window)
    upstream_id = _there(far, ours)
    later = Schedule(scheduled_for=NOW + 5 * MINUTE, scheduled_until=NOW + 9 * MINUTE, auto_completed=False)
    there(far, lambda tx: update_incident(tx, upstream_id, IncidentChange(schedule=later)))
    far.clock.advance(MINUTE)
    follow(far)
    row = _row(far, ours)
    assert (row.scheduled_for, row.scheduled_auto_completed) == (later.scheduled_for, False)


def _there(far: AtlassianSystem, incident_id: str) -> str:
    """Its id there."""
    return _row(far, incident_id).upstream_id or ""


def _row(far: AtlassianSystem, incident_id: str) -> Incident:
    with far.desk.database.read() as session:
        return session.get_one(Incident, incident_id)
