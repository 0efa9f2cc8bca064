"""Two people in the same instant, on PostgreSQL: nothing of either is lost, and nobody waits for ever."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select, text

from desk.configuration.components import create_component, edit_component, retire_component
from desk.configuration.groups import edit_group
from desk.configuration.pages import edit_page
from desk.errors import CollisionError, ConflictError, InvalidInputError
from desk.incidents.components import set_statuses
from desk.incidents.drafts.posting import post_incident
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.seeds import plant_seed, read_seed
from desk.transaction import Actor, Transaction
from storage.models import Component, ComponentStatus, Incident, Page
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, add_key
from tests.unit.desk.configuration.configuration_stage import ConfigurationStage
from tests.unit.desk.racing import race

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
OPERATOR = Actor.operator("ann")


def positions(stage: ConfigurationStage) -> list[int]:
    """Of what stands in no group."""
    return [int(line.partition(" ")[0]) for line in stage.shown() if not line.startswith("..")]


def test_two_names_at_once(stage: ConfigurationStage) -> None:
    """Of two who saw the same version, the second is refused, and told to look."""

    def rename(name: str) -> Any:
        return partial(edit_component, component_id=stage.ids["API"], fields={"name": name}, version=1)

    _, second = race(stage.desk, (INES, rename("Public API")), (MAX, rename("Private API")))
    assert isinstance(second, ConflictError)
    assert stage.row("API").name == "Public API"


def test_two_names_of_a_page_at_once(stage: ConfigurationStage) -> None:
    """The same of a page."""

    def rename(name: str) -> Any:
        return partial(edit_page, page_id=stage.page, settings={"name": name}, version=1)

    _, second = race(stage.desk, (INES, rename("Acme Status")), (MAX, rename("Acme Cloud")))
    assert isinstance(second, ConflictError)
    assert stage.page_row().name == "Acme Status"


def test_who_meets_another_is_told_so(stage: ConfigurationStage) -> None:
    """Where two wait for each other the database ends one of them, and that one reads what it was; nothing is said of
    a database that is away. The other is done."""
    one, other = (partial(_lock, component_id=stage.ids[name]) for name in ("Website", "API"))

    def second(tx: Transaction) -> None:
        other(tx)
        one(tx)

    def first(tx: Transaction) -> None:
        one(tx)
        # Whoever has waited for so long looks whether it waits in a circle, and ends itself.
        tx.session.execute(text("SET LOCAL deadlock_timeout = '20s'"))

    done, refused = race(stage.desk, (INES, first), (MAX, second), then=other)
    assert done is None
    assert isinstance(refused, CollisionError)


def _lock(tx: Transaction, component_id: str) -> None:
    tx.session.get_one(Component, component_id, with_for_update=True)


def test_two_moves_at_once(stage: ConfigurationStage) -> None:
    """Both are done, one after the other, and the positions stay dense."""
    moves = [
        partial(edit_component, component_id=stage.ids[name], fields={"position": 1}) for name in ("Website", "API")
    ]
    race(stage.desk, (INES, moves[0]), (MAX, moves[1]))
    assert [line for line in stage.shown() if not line.startswith("..")][:2] == ["1 API", "2 Website"]
    assert positions(stage) == [1, 2, 3, 4]


def test_two_made_at_once(stage: ConfigurationStage) -> None:
    """Each gets a position of its own."""
    make = [partial(create_component, page_id=stage.page, fields={"name": name}) for name in ("Docs", "Shop")]
    race(stage.desk, (INES, make[0]), (MAX, make[1]))
    assert positions(stage) == [1, 2, 3, 4, 5, 6]


def test_the_last_of_a_group_and_one_that_comes(stage: ConfigurationStage) -> None:
    """A group that loses its last component and gets another one in the same instant has that one, or is gone."""
    leave = partial(retire_component, component_id=stage.ids["Boston"])
    come = partial(edit_component, component_id=stage.ids["API"], fields={"group_id": stage.ids["America"]})
    _, second = race(stage.desk, (INES, leave), (MAX, come))
    assert isinstance(second, InvalidInputError)
    assert stage.retired() == ["America", "Boston"]
    assert positions(stage) == [1, 2, 3]


def _open(stage: ConfigurationStage, tx: Transaction) -> Incident:
    about = {stage.ids["API"]: ComponentStatus.MAJOR_OUTAGE}
    return create_incident(tx, stage.page, NewIncident(name="Down", components=about))


@pytest.mark.parametrize("retires_first", [True, False])
def test_retired_while_an_incident_opens_on_it(stage: ConfigurationStage, retires_first: bool) -> None:
    """Whoever comes second is refused in words: no incident is open on what is not there."""
    retire = (MAX, partial(retire_component, component_id=stage.ids["API"]))
    opening = (INES, partial(_open, stage))
    if retires_first:
        _, second = race(stage.desk, retire, opening)
        assert isinstance(second, InvalidInputError)
        assert "was retired" in second.sentence
    else:
        _, second = race(stage.desk, opening, retire)
        assert isinstance(second, ConflictError)
        assert "“Down” is open on it" in second.sentence


def test_moved_while_states_change(stage: ConfigurationStage) -> None:
    """What changes states locks components and then the page, as does what moves them: neither gives up."""
    change = partial(
        set_statuses, page_id=stage.page, wanted={stage.ids["Oslo"]: ComponentStatus.DEGRADED_PERFORMANCE}
    )
    members = [stage.ids["Oslo"], stage.ids["Berlin"]]
    move = partial(edit_group, component_id=stage.ids["Europe"], fields={"components": members})
    for first, second in ((change, move), (move, change)):
        results = race(stage.desk, (INES, first), (MAX, second))
        assert not any(isinstance(result, Exception) for result in results)
    assert stage.row("Oslo").status == ComponentStatus.DEGRADED_PERFORMANCE


def test_planted_while_somebody_makes_one(stage: ConfigurationStage) -> None:
    """A file and a person come one after the other; what the person made stands behind what the file names."""
    with stage.desk.database.read() as session:
        name = session.scalars(select(Page.name)).one()
    listed = "[Website, API, {name: Europe, components: [Oslo, Berlin]}, {name: America, components: [Boston]}]"
    text = f"organization: Acme\npages:\n- name: {name}\n  subdomain: acme\n  components: {listed}\n"
    plant = partial(plant_seed, seed=read_seed(text, "acme.yml"))
    make = partial(create_component, page_id=stage.page, fields={"name": "Docs", "position": 1})
    race(stage.desk, (INES, make), (OPERATOR, plant))
    tops = [line for line in stage.shown() if not line.startswith("..")]
    assert tops == ["1 Website", "2 API", "3 Europe", "4 America", "5 Docs"]


def test_components_of_an_incident_are_locked_together(stage: ConfigurationStage) -> None:
    """Whoever posts about several locks all of them by one statement: one by one, in the order in which a client
    names them, they would wait for whoever holds those after."""
    with stage.desk.database.write() as session:
        key = Actor.key(add_key(session, NOW, scopes=["incidents:write", "component_status:write"]).id)
    down = ComponentStatus.MAJOR_OUTAGE
    about = {stage.ids[name]: down for name in ("Website", "API", "Oslo")}
    locks: list[object] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        if "FROM component" in statement and "FOR UPDATE" in statement:
            locks.append({*given.values()} & about.keys())

    event.listen(stage.desk.database.engine, "before_cursor_execute", note)
    stage.do(lambda tx: post_incident(tx, stage.page, NewIncident(name="Down", components=about)), who=key)
    event.remove(stage.desk.database.engine, "before_cursor_execute", note)
    assert locks[0] == about.keys()
