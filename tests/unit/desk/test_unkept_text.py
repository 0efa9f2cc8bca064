"""Text that no database takes is refused in words, whichever way it comes in."""

from collections.abc import Callable

import pytest

from desk.errors import KeydeskError
from desk.incidents.components import get_component_by_word
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.postmortems import write_postmortem
from desk.transaction import Actor, Desk, Transaction
from storage.models import Incident
from tests.factories import add_page

ACTOR = Actor.operator("test")
BROKEN = ["half \ud83d of one", "\udc00", "nothing\0here"]


def _open(tx: Transaction, text: str) -> None:
    create_incident(tx, _page(tx), NewIncident(name="Slow", body=text))


def _say(tx: Transaction, text: str) -> None:
    incident = create_incident(tx, _page(tx), NewIncident(name="Slow", body="We look."))
    update_incident(tx, incident.id, IncidentChange(body=text))


def _review(tx: Transaction, text: str) -> None:
    incident = create_incident(tx, _page(tx), NewIncident(name="Slow", body="We look."))
    write_postmortem(tx, incident.id, text)


def _page(tx: Transaction) -> str:
    return add_page(tx.session, tx.now).id


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("door", [_open, _say, _review])
def test_words_for_the_public(desk: Desk, door: Callable[[Transaction, str], None], text: str) -> None:
    """An incident, an update and a postmortem say what is wrong, and nothing of them is kept."""
    with pytest.raises(KeydeskError, match="A character in what you typed is broken"):
        desk.write_now(ACTOR, lambda tx: door(tx, text))
    with desk.database.read() as session:
        assert session.query(Incident).count() == 0


@pytest.mark.parametrize("text", BROKEN)
async def test_what_is_looked_up(desk: Desk, text: str) -> None:
    """A name that cannot be is no unexpected error, in reading as in writing: it is refused, or it is not found."""

    def look(tx: Transaction) -> object:
        return tx.session.get(Incident, text)

    def find(tx: Transaction) -> object:
        return get_component_by_word(tx.session, _page(tx), text)

    for call in (desk.read, desk.write):
        try:
            assert await call(ACTOR, look) is None
        except KeydeskError as refusal:
            assert refusal.hint
    with pytest.raises(KeydeskError):
        desk.write_now(ACTOR, find)
