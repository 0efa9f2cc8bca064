"""Incidents found by what people call them."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from desk.errors import ConflictError, InvalidInputError, KeydeskError, NotFoundError
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.listing import IncidentFilter, IncidentListView, list_incidents
from desk.incidents.lookup import find_incident_by_word, get_incident_by_word
from desk.transaction import Actor, Desk
from storage.models import IncidentStatus, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, add_grant, add_member, add_page

INES_ = Actor.member(INES)


@dataclass(frozen=True, slots=True)
class Known:
    """A desk that knows some incidents, by a nickname each."""

    desk: Desk
    page_id: str
    ids: dict[str, str]

    def find(self, word: str, *, open_only: bool = False) -> str | None:
        """The nickname of what the word means, or None."""
        found = self.desk.read_now(
            INES_, lambda tx: find_incident_by_word(tx.session, word.format(**self.ids), open_only=open_only)
        )
        return next(nickname for nickname, known in self.ids.items() if known == found.id) if found else None

    def refusal(self, word: str, *, open_only: bool = False) -> KeydeskError:
        """What is said of a word that cannot be used."""
        with pytest.raises(KeydeskError) as raised:
            self.desk.read_now(
                INES_, lambda tx: get_incident_by_word(tx.session, word.format(**self.ids), open_only=open_only)
            )
        return raised.value


@pytest.fixture
def known(desk: Desk, clock: HeldClock) -> Known:
    """Open: “Checkout errors”, “Checkout slow”, “Žižkov down”. Over: “Search”, an old “Checkout errors”, “DNS”."""
    with desk.database.write() as session:
        page_id = add_page(session, NOW).id
        add_member(session, INES, NOW)
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW)
        add_grant(session, INES, Role.MAINTENANCE_MANAGER, NOW)
    ids = {}
    for nickname, name, is_over in (
        ("old", "Checkout errors", True),
        ("search", "Search", True),
        ("dns", "DNS", True),
        ("dns again", "dns", True),
        ("errors", "Checkout errors", False),
        ("slow", "Checkout slow", False),
        ("zizkov", "Žižkov down", False),
        ("percent", "100% CPU", False),
    ):
        status = IncidentStatus.RESOLVED if is_over else IncidentStatus.INVESTIGATING
        new = NewIncident(name=name, status=status)
        ids[nickname] = desk.write_now(INES_, lambda tx, new=new: create_incident(tx, page_id, new).id)  # type: ignore[misc]
        clock.advance(minutes=1)
    return Known(desk, page_id, ids)


def test_what_a_word_means(known: Known) -> None:
    """An id, a permalink, a name in any case or an only beginning; a whole name first, the open before the past."""
    meant = {
        "{old}": "old",
        "https://status.example/incidents/{slow}": "slow",
        "https://status.example/acme/incidents/{slow}/#postmortem": "slow",
        "checkout ERRORS": "errors",
        "  Checkout   slow ": "slow",
        "checkout s": "slow",
        "Žižkov": "zizkov",
        "sea": "search",
        "search": "search",
        "100% ": "percent",
        "1%": None,
        "_": None,
        "nothing of the kind": None,
        "": None,
    }
    assert {word: known.find(word) for word in meant} == meant


def test_a_whole_name_goes_before_those_that_begin_with_it(known: Known) -> None:
    """However many there are of those."""
    short = NewIncident(name="Checkout", body="We look.")
    known.ids["short"] = known.desk.write_now(INES_, lambda tx: create_incident(tx, known.page_id, short).id)
    assert known.find("checkout", open_only=True) == "short"


@both_databases
def test_what_a_word_cannot_mean(known: Known) -> None:
    """Several candidates are named with their ids; what is over is called so where only open ones are meant; nothing
    at all is asked for."""
    assert str(known.refusal(" ")).startswith("Say which incident.")
    several = known.refusal("check")
    assert isinstance(several, InvalidInputError)
    assert "means 2 incidents" in str(several)
    assert known.ids["errors"] in str(several) and known.ids["slow"] in str(several)
    assert known.ids["old"] not in str(several)
    assert "means 2" in str(known.refusal("DNs"))
    for word in ("{search}", "search", "sea", "https://status.example/incidents/{search}"):
        over = known.refusal(word, open_only=True)
        assert isinstance(over, ConflictError)
        assert "is over: it is resolved" in str(over)
    missing = known.refusal("x" * 500)
    assert isinstance(missing, NotFoundError)
    assert len(str(missing)) < 250


@both_databases
def test_the_order_of_a_list(known: Known) -> None:
    """What goes on comes first, then the next maintenance, then the past, the newest first; parts fit together."""
    for days in (3, 1):
        window = Schedule(scheduled_for=NOW + timedelta(days=days), scheduled_until=NOW + timedelta(days=days + 1))
        new = NewIncident(name=f"in {days} days", schedule=window)
        known.desk.write_now(INES_, lambda tx, new=new: create_incident(tx, known.page_id, new))  # type: ignore[misc]
    change = IncidentChange(status=IncidentStatus.RESOLVED)
    known.desk.write_now(INES_, lambda tx: update_incident(tx, known.ids["percent"], change))
    expected = ["Žižkov down", "Checkout slow", "Checkout errors", "in 1 days", "in 3 days", "100% CPU", "dns", "DNS"]
    expected += ["Search", "Checkout errors"]

    def names(offset: int, limit: int, wanted: IncidentFilter) -> list[str]:
        part = known.desk.read_now(INES_, lambda tx: list_incidents(tx, wanted, offset=offset, limit=limit))
        return [each.incident.name for each in part.listed]

    everything = IncidentFilter(view=IncidentListView.ALL)
    assert names(0, 50, everything) == expected
    assert [name for offset in (0, 4, 8) for name in names(offset, 4, everything)] == expected
    assert names(0, 50, IncidentFilter()) == expected[:5]
    assert names(80, 4, IncidentFilter()) == expected[4:5]
    assert names(0, 50, IncidentFilter(view=IncidentListView.ALL, text="eRRor")) == ["Checkout errors"] * 2
    assert names(0, 50, IncidentFilter(page_id="another")) == []
