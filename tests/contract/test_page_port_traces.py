"""What every write through a port leaves beside the record: revision, time of change, messages and audit events."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.port import PagePort
from desk.transaction import Transaction
from storage.models import AuditEvent, ComponentStatus, Delivery, IncidentStatus, SlackMessage
from tests.contract.page_systems import PageSystem

MAJOR, PARTIAL = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE


@dataclass(frozen=True)
class Told:
    """What stands open beside a write: an incident with an update about API, and another one about API."""

    system: PageSystem
    own: str
    said: str
    beside: str

    @property
    def api(self) -> str:
        """The component that both are about."""
        return self.system.components["API"]

    def resolve(self) -> None:
        """End the incident and draft its postmortem."""
        over = IncidentChange(status=IncidentStatus.RESOLVED)
        self.system.write(lambda tx, port: port.update_incident(tx, self.own, over))
        self.system.write(lambda tx, port: port.write_postmortem(tx, self.own, "A cable."))


@dataclass(frozen=True)
class Write:
    """A call of a port, and what it leaves."""

    method: str
    call: Callable[[Told, Transaction, PagePort], Any]
    cards: frozenset[str]
    """Of which heads (`own`, `beside`, `new`) and replies (`said`, `new said`) are shown again."""
    events: tuple[str, ...]
    before: Callable[[Told], None] = lambda _: None
    is_public: bool = True
    """Whether anything that the public sees changes."""


def create(told: Told, tx: Transaction, port: PagePort) -> Any:
    """A further incident about API, which brings it down."""
    return port.create_incident(tx, told.system.page_id, NewIncident(name="More", components={told.api: MAJOR}))


def publish(told: Told, tx: Transaction, port: PagePort) -> Any:
    """Make the postmortem public."""
    return port.publish_postmortem(tx, told.own)


def end(told: Told) -> None:
    """The incident is over and its postmortem is public."""
    told.resolve()
    told.system.write(lambda tx, port: publish(told, tx, port))


def cards(*names: str) -> frozenset[str]:
    """What is shown again."""
    return frozenset(names)


WRITES = {
    "open": Write(
        "create_incident",
        create,
        cards("new", "new said", "own", "beside"),
        ("component.changed", "incident.created"),
    ),
    "update": Write(
        "update_incident",
        lambda told, tx, port: port.update_incident(
            tx, told.own, IncidentChange(body="It is worse.", components={told.api: MAJOR})
        ),
        cards("own", "new said", "beside"),
        ("component.changed", "incident.updated"),
    ),
    "rename": Write(
        "update_incident",
        lambda told, tx, port: port.update_incident(tx, told.own, IncidentChange(name="Very slow")),
        cards("own"),
        ("incident.edited",),
    ),
    "correct": Write(
        "edit_update",
        lambda told, tx, port: port.edit_update(tx, told.said, body="We look into it."),
        cards("own", "said"),
        ("incident.edited",),
    ),
    "delete": Write(
        "delete_incident",
        lambda told, tx, port: port.delete_incident(tx, told.own),
        cards("own"),
        ("incident.deleted",),
    ),
    "set": Write(
        "set_statuses",
        lambda told, tx, port: port.set_statuses(tx, told.system.page_id, {told.api: MAJOR}),
        cards("own", "beside"),
        ("component.changed",),
    ),
    "draft": Write(
        "write_postmortem",
        lambda told, tx, port: port.write_postmortem(tx, told.own, "Two cables."),
        cards(),
        ("postmortem.written",),
        Told.resolve,
        is_public=False,
    ),
    "publish": Write("publish_postmortem", publish, cards("own"), ("postmortem.published",), Told.resolve),
    "take back": Write(
        "revert_postmortem",
        lambda told, tx, port: port.revert_postmortem(tx, told.own),
        cards("own"),
        ("postmortem.reverted",),
        end,
    ),
    "forget": Write(
        "delete_postmortem",
        lambda told, tx, port: port.delete_postmortem(tx, told.own),
        cards("own"),
        ("postmortem.deleted",),
        end,
    ),
}


def test_every_method_of_a_port_is_among_the_writes() -> None:
    """A method that is added has its row."""
    methods = {name for name in vars(PagePort) if not name.startswith("_")}
    assert {write.method for write in WRITES.values()} == methods


@pytest.fixture
def told(system: PageSystem) -> Told:
    """Two incidents about API, which is in a partial outage."""
    own = system.open(components={system.components["API"]: PARTIAL})
    beside = system.open("Beside", components={system.components["API"]: None})
    return Told(system, own, system.incident(own).updates[0].id, beside)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_what_a_write_leaves(told: Told, write: Write) -> None:
    """What the public sees has a newer revision and time, every message that shows it is shown again, and who did it
    stands in the trail; a draft leaves an event alone."""
    write.before(told)
    system = told.system
    events, _, revision = system.traces()
    with system.desk.database.read() as session:
        last = session.scalar(select(func.max(Delivery.id))) or 0
    changed_at = system.seen().page.updated_at
    now = system.clock.advance(hours=1)
    system.write(lambda tx, port: write.call(told, tx, port))
    assert (system.traces()[2] > revision) == write.is_public
    assert system.seen().page.updated_at == (now if write.is_public else changed_at)
    with system.desk.database.read() as session:
        recorded = session.scalars(select(AuditEvent.action).order_by(AuditEvent.seq).offset(events)).all()
        shown = session.execute(
            select(SlackMessage.kind, SlackMessage.subject_id)
            .join(Delivery, Delivery.subject == SlackMessage.id)
            .where(Delivery.id > last)
        ).all()
    names = {
        ("incident.head", told.own): "own",
        ("incident.head", told.beside): "beside",
        ("incident.said", told.said): "said",
    }
    new = {"incident.head": "new", "incident.said": "new said"}
    assert {names.get((kind, subject), new[kind]) for kind, subject in shown} == write.cards
    assert tuple(recorded) == write.events
