"""What the demo finds and leaves in its database."""

from sqlalchemy import delete, func, select

from bot.demo.seeding import seed_demo
from desk.seeds import read_acme
from desk.transaction import Desk
from storage.models import ApiKey, Component, ComponentStatusChange, Grant, Incident, IncidentUpdate, Role

BOTH = [Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER]


def counts(desk: Desk) -> list[int]:
    """How many rows of each kind there are."""
    kinds = (ApiKey, Incident, IncidentUpdate, Grant, Component)
    with desk.database.read() as session:
        return [session.scalars(select(func.count()).select_from(kind)).one() for kind in kinds]


def granted(desk: Desk) -> list[str]:
    """The roles that the responders hold."""
    with desk.database.read() as session:
        of_group = select(Grant.role).where(Grant.subject_id == "S0INCIDENT", Grant.ended_at.is_(None))
        return sorted(session.scalars(of_group))


def test_a_second_start_changes_nothing(desk: Desk) -> None:
    """The past is told once, the responders have each role once, and one that an owner took away stays away."""
    seed_demo(desk, read_acme())
    before = counts(desk)
    seed_demo(desk, read_acme())
    assert counts(desk) == before
    assert min(before) > 0
    assert granted(desk) == BOTH
    with desk.database.write() as session:
        for grant in session.scalars(select(Grant).where(Grant.role == Role.INCIDENT_MANAGER)):
            grant.ended_at = desk.clock.now()
    seed_demo(desk, read_acme())
    assert granted(desk) == [Role.MAINTENANCE_MANAGER]


def test_a_folder_of_an_earlier_release_gets_what_it_lacks(desk: Desk) -> None:
    """The responders' roles and a new component come, the past does not come twice."""
    seed_demo(desk, read_acme())
    before = counts(desk)
    with desk.database.write() as session:
        session.execute(delete(Grant).where(Grant.subject_id == "S0INCIDENT"))
        spare = select(Component.id).where(
            Component.group.is_(False), Component.id.not_in(select(ComponentStatusChange.component_id))
        )
        session.execute(delete(Component).where(Component.id == session.scalars(spare.limit(1)).one()))
    seed_demo(desk, read_acme())
    assert counts(desk) == before
    assert granted(desk) == BOTH


def test_a_folder_from_before_incidents_gets_a_past(desk: Desk) -> None:
    """Where nothing has ever happened on the page, its past is told; keys are not made again."""
    seed_demo(desk, read_acme())
    before = counts(desk)
    with desk.database.write() as session:
        for kind in (Incident, ComponentStatusChange):
            session.execute(delete(kind))
    seed_demo(desk, read_acme())
    assert counts(desk) == before
