"""What every port of a status page promises about what cannot be, and about transactions: all of it or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk.errors import InvalidInputError, NotFoundError
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.port import PagePort
from desk.transaction import Transaction
from storage.models import AuditEvent, ComponentStatus, IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.contract.page_systems import PageSystem

HOUR = timedelta(hours=1)
WINDOW = Schedule(scheduled_for=NOW + HOUR, scheduled_until=NOW + 3 * HOUR)
NONE_SUCH = "nosuchthing1"
MAJOR = ComponentStatus.MAJOR_OUTAGE

Act = Callable[[Transaction, PagePort, "World"], Any]


class World:
    """What there is to act on: an incident that is open and one that is over and has a public postmortem."""

    def __init__(self, system: PageSystem) -> None:
        self.page = system.page_id
        self.components = system.components
        self.open = system.open("Open")
        self.update = system.incident(self.open).updates[0].id
        self.over = system.open("Over", status=IncidentStatus.RESOLVED)
        system.write(lambda tx, port: port.write_postmortem(tx, self.over, "A cable."))
        system.write(lambda tx, port: port.publish_postmortem(tx, self.over))


@pytest.fixture
def world(system: PageSystem) -> World:
    """See `World`."""
    return World(system)


def carry_out(system: PageSystem, world: World, act: Act) -> None:
    """Do it, in one transaction."""
    system.write(lambda tx, port: act(tx, port, world))


def create(**values: Any) -> Act:
    """Open an incident."""
    return lambda tx, port, world: port.create_incident(tx, world.page, NewIncident(**({"name": "x"} | values)))


def change(**values: Any) -> Act:
    """Change the open incident."""
    return lambda tx, port, world: port.update_incident(tx, world.open, IncidentChange(**values))


REFUSED: Mapping[str, tuple[Act, str]] = {
    "no name": (create(name=" \n "), "name"),
    "too long a name": (create(name="x" * 256), "name"),
    "too long a text": (create(body="x" * 25_001), "body"),
    "an incident scheduled": (create(status=IncidentStatus.SCHEDULED), "status"),
    "a maintenance resolved": (create(status=IncidentStatus.RESOLVED, schedule=WINDOW), "status"),
    "an end before the beginning": (create(schedule=replace(WINDOW, scheduled_until=NOW)), "scheduled_until"),
    "a component of nowhere": (create(components={NONE_SUCH: MAJOR}), "components"),
    "metadata without groups": (create(metadata={"jira": "X-1"}), "metadata"),
    "reminders out of order": (create(reminder_intervals="[3,1]"), "reminder_intervals"),
    "a past in the future": (create(backfilled_at=NOW + HOUR), "backfill_date"),
    "a past that changes components": (
        lambda tx, port, world: port.create_incident(
            tx,
            world.page,
            NewIncident(name="x", backfilled_at=NOW - HOUR, components={world.components["API"]: MAJOR}),
        ),
        "components",
    ),
    "a group's state": (
        lambda tx, port, world: port.create_incident(
            tx, world.page, NewIncident(name="x", components={world.components["Europe"]: MAJOR})
        ),
        "components",
    ),
    "an empty new name": (change(name=""), "name"),
    "a change that says too much": (change(body="x" * 25_001), "body"),
    "an incident completed": (change(status=IncidentStatus.COMPLETED), "status"),
    "a schedule for an incident": (change(schedule=WINDOW), "scheduled_for"),
    "a window that ends too early": (change(schedule=replace(WINDOW, scheduled_until=NOW)), "scheduled_until"),
    "a change of a component of nowhere": (change(body="Worse.", components={NONE_SUCH: MAJOR}), "components"),
    "new metadata without groups": (change(metadata={"jira": 1}), "metadata"),
    "new reminders that are none": (change(reminder_intervals="soon"), "reminder_intervals"),
    "too long a correction": (
        lambda tx, port, world: port.edit_update(tx, world.update, body="x" * 25_001),
        "body",
    ),
    "the state of a component of nowhere": (
        lambda tx, port, world: port.set_statuses(tx, world.page, {world.components["API"]: MAJOR, NONE_SUCH: None}),
        "components",
    ),
    "an empty postmortem": (lambda tx, port, world: port.write_postmortem(tx, world.over, "  "), "body"),
}


def test_what_cannot_be_is_refused_by_field(system: PageSystem, world: World) -> None:
    """Whatever cannot be is refused with the name of the field that is wrong, and leaves nothing behind."""
    before = (system.seen(), system.traces())
    for case, (act, field) in REFUSED.items():
        with pytest.raises(InvalidInputError) as refusal:
            carry_out(system, world, act)
        assert refusal.value.field == field, case
        assert (system.seen(), system.traces()) == before, case


GONE: Mapping[str, Act] = {
    "create_incident": lambda tx, port, _: port.create_incident(tx, NONE_SUCH, NewIncident(name="x")),
    "update_incident": lambda tx, port, _: port.update_incident(tx, NONE_SUCH, IncidentChange(body="x")),
    "edit_update": lambda tx, port, _: port.edit_update(tx, NONE_SUCH, body="x"),
    "delete_incident": lambda tx, port, _: port.delete_incident(tx, NONE_SUCH),
    "write_postmortem": lambda tx, port, _: port.write_postmortem(tx, NONE_SUCH, "x"),
    "publish_postmortem": lambda tx, port, _: port.publish_postmortem(tx, NONE_SUCH),
    "revert_postmortem": lambda tx, port, _: port.revert_postmortem(tx, NONE_SUCH),
    "delete_postmortem": lambda tx, port, _: port.delete_postmortem(tx, NONE_SUCH),
}


def test_what_is_not_there_is_not_found(system: PageSystem, world: World) -> None:
    """Pages, incidents and updates that do not exist are not found, and nothing is left behind."""
    before = (system.seen(), system.traces())
    for method, act in GONE.items():
        with pytest.raises(NotFoundError):
            carry_out(system, world, act)
        assert (system.seen(), system.traces()) == before, method


ACTS: Mapping[str, tuple[Act, list[str]]] = {
    "create_incident": (
        lambda tx, port, world: port.create_incident(
            tx, world.page, NewIncident(name="New", components={world.components["API"]: MAJOR})
        ),
        ["component.changed", "incident.created"],
    ),
    "update_incident": (change(status=IncidentStatus.RESOLVED), ["incident.updated"]),
    "edit_update": (lambda tx, port, world: port.edit_update(tx, world.update, body="x"), ["incident.edited"]),
    "delete_incident": (lambda tx, port, world: port.delete_incident(tx, world.open), ["incident.deleted"]),
    "set_statuses": (
        lambda tx, port, world: port.set_statuses(tx, world.page, {world.components["Website"]: MAJOR}),
        ["component.changed"],
    ),
    "write_postmortem": (
        lambda tx, port, world: port.write_postmortem(tx, world.over, "Two cables."),
        ["postmortem.written"],
    ),
    "publish_postmortem": (
        lambda tx, port, world: port.publish_postmortem(tx, world.over),
        ["postmortem.published"],
    ),
    "revert_postmortem": (lambda tx, port, world: port.revert_postmortem(tx, world.over), ["postmortem.reverted"]),
    "delete_postmortem": (lambda tx, port, world: port.delete_postmortem(tx, world.over), ["postmortem.deleted"]),
}
"""By method: something that it does, and what is recorded of that."""


class ThinkAgainError(Exception):
    """Whoever began the transaction does not go through with it."""


def test_every_method_of_the_port_is_tried() -> None:
    """A method that is added to the port has to be added to the acts below."""
    assert set(ACTS) == {name for name in vars(PagePort) if not name.startswith("_")}


def test_a_change_its_record_and_its_signal_go_together(system: PageSystem, world: World) -> None:
    """Each act writes its audit events and tells readers in its own transaction; undone, it leaves no trace."""
    for method, (act, recorded) in ACTS.items():
        before, traces = system.seen(), system.traces()
        inside: list[str] = []

        def stop(
            tx: Transaction, port: PagePort, act: Act = act, inside: list[str] = inside, old: int = traces[0]
        ) -> None:
            act(tx, port, world)
            inside += tx.session.scalars(
                select(AuditEvent.action).where(AuditEvent.seq > old).order_by(AuditEvent.seq)
            )
            raise ThinkAgainError

        with pytest.raises(ThinkAgainError):
            system.write(stop)
        assert inside == recorded, method
        assert (system.seen(), system.traces()) == (before, traces), method
        system.clock.advance(HOUR)
        carry_out(system, world, act)
        events, _, revision = system.traces()
        assert events == traces[0] + len(recorded), method
        # A postmortem's draft is nothing that readers see.
        assert (revision > traces[2]) == (method != "write_postmortem"), method
        assert (system.seen() != before) or method == "write_postmortem", method
