"""The life of components and groups."""

from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from desk.configuration.components import create_component, edit_component, restore_component, retire_component
from desk.configuration.fields import ComponentFields, GroupFields
from desk.configuration.groups import create_group, edit_group
from desk.configuration.lookup import get_by_word, list_namesakes
from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.incidents.components import get_component_by_word, set_statuses
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.secret import Secret
from desk.transaction import Actor
from storage.models import Component, ComponentStatus, ComponentStatusChange, IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MIA, add_key
from tests.unit.desk.configuration.configuration_stage import ConfigurationStage

ALL = ["1 API", "2 Europe", "..1 Berlin", "..2 Oslo", "3 America", "..1 Boston", "4 Website"]
HOUR = timedelta(hours=1)


def retire(stage: ConfigurationStage, name: str) -> None:
    """Take something off the page."""
    stage.do(partial(retire_component, component_id=stage.ids[name]))


def edit(stage: ConfigurationStage, name: str, /, **fields: object) -> Component:
    """Change a component."""
    return stage.do(lambda tx: edit_component(tx, stage.ids[name], ComponentFields(**fields)))  # type: ignore[typeddict-item]


def test_made_where_it_is_to_stand(stage: ConfigurationStage) -> None:
    """A component stands last, or at its position, and what follows moves on; every field is kept."""
    stage.do(lambda tx: create_component(tx, stage.page, {"name": " Docs  site "}))
    fields: ComponentFields = {
        "name": "Rome",
        "description": "South",
        "group_id": stage.ids["Europe"],
        "position": 2,
        "showcase": False,
        "only_show_if_degraded": True,
        "start_date": date(2026, 1, 2),
        "automation_email": "rome+1@mail.example",
    }
    rome = stage.do(lambda tx: create_component(tx, stage.page, fields))
    assert stage.shown() == [*ALL[:3], "..2 Rome", "..3 Oslo", *ALL[4:], "5 Docs site"]
    assert (rome.description, rome.showcase, rome.only_show_if_degraded) == ("South", False, True)
    assert (rome.start_date, rome.status) == (date(2026, 1, 2), ComponentStatus.OPERATIONAL)
    assert rome.automation_email == "rome+1@mail.example"
    made = {"name": "Rome", "page_id": stage.page, "group": False}
    assert stage.recorded()[-1] == ("component.created", made)


@both_databases
def test_made_out_of_order(stage: ConfigurationStage) -> None:
    """A state that it is to begin in is a change of its state, with history and all."""
    down = ComponentStatus.PARTIAL_OUTAGE
    row = stage.do(lambda tx: create_component(tx, stage.page, {"name": "Docs"}, status=down))
    with stage.desk.database.read() as session:
        change = session.scalars(select(ComponentStatusChange)).one()
    assert (row.status, change.component_id, change.status) == (down, row.id, down)
    assert [action for action, _ in stage.recorded()] == ["component.created", "component.changed"]


@both_databases
def test_changed_in_part(stage: ConfigurationStage) -> None:
    """What is named changes, with what it was; what is as it was is no change, and nobody is told of one."""
    edit(stage, "API", name="Public API", description="For customers")
    edit(stage, "API", name="Public API", showcase=True)
    edit(stage, "API", description=" ")
    assert (stage.row("API").name, stage.row("API").description) == ("Public API", None)
    known = {"name": "Public API", "page_id": stage.page, "group": False}
    renamed = {"before": {"name": "API", "description": None}}
    renamed["after"] = {"name": "Public API", "description": "For customers"}
    emptied = {"before": {"description": "For customers"}, "after": {"description": None}}
    assert stage.recorded() == [("component.edited", known | renamed), ("component.edited", known | emptied)]
    assert stage.row("API").version == 3


@pytest.mark.parametrize(
    ("name", "fields", "shown"),
    [
        ("Website", {"position": 1}, ["1 Website", "2 API", "3 Europe", *ALL[2:4], "4 America", ALL[5]]),
        ("API", {"position": 99}, ["1 Europe", *ALL[2:4], "2 America", ALL[5], "3 Website", "4 API"]),
        ("Oslo", {"position": 1}, [*ALL[:2], "..1 Oslo", "..2 Berlin", *ALL[4:]]),
        ("Berlin", {"group_id": None}, [*ALL[:2], "..1 Oslo", *ALL[4:], "5 Berlin"]),
        ("Berlin", {"group_id": None, "position": 2}, ["1 API", "2 Berlin", "3 Europe", "..1 Oslo", "4 America"]),
        ("API", {"group_id": "Europe", "position": 2}, ["1 Europe", "..1 Berlin", "..2 API", "..3 Oslo"]),
        ("Boston", {"group_id": "Europe"}, [*ALL[:4], "..3 Boston", "3 Website"]),
    ],
)
def test_moved(stage: ConfigurationStage, name: str, fields: dict[str, object], shown: list[str]) -> None:
    """Wherever it goes, the positions there and where it was stay 1, 2, 3 …; a group goes with its last component."""
    if fields.get("group_id"):
        fields = fields | {"group_id": stage.ids[str(fields["group_id"])]}
    edit(stage, name, **fields)
    assert stage.shown()[: len(shown)] == shown
    assert stage.retired() == (["America"] if name == "Boston" else [])


def test_positions_that_were_not_dense_become_so(stage: ConfigurationStage) -> None:
    """Positions of earlier releases, with doubles and gaps, are put right by the first move."""
    with stage.desk.database.write() as session:
        for name in ("API", "Europe", "America"):
            session.get_one(Component, stage.ids[name]).position = 7
    edit(stage, "Website", position=2)
    tops = [line for line in stage.shown() if not line.startswith("..")]
    assert tops == ["1 API", "2 Website", "3 America", "4 Europe"]


def test_a_group_takes_components_in(stage: ConfigurationStage) -> None:
    """In the order given, from wherever they were; a group that they leave empty goes."""
    fields: GroupFields = {"name": "World", "description": "All", "components": []}
    fields["components"] = [stage.ids[name] for name in ("Boston", "API", "Oslo")]
    stage.do(lambda tx: create_group(tx, stage.page, fields))
    assert stage.shown() == ["1 Europe", "..1 Berlin", "2 Website", "3 World", "..1 Boston", "..2 API", "..3 Oslo"]
    assert stage.retired() == ["America"]


@both_databases
def test_a_group_lets_components_go(stage: ConfigurationStage) -> None:
    """Its list is all that it has: what is not in it stands behind the group, in no group."""
    components = [stage.ids["Oslo"], stage.ids["API"]]
    stage.do(lambda tx: edit_group(tx, stage.ids["Europe"], {"name": "EU", "components": components}))
    assert stage.shown() == ["1 EU", "..1 Oslo", "..2 API", "2 Berlin", "3 America", "..1 Boston", "4 Website"]


def test_retired_and_brought_back(stage: ConfigurationStage, clock: HeldClock) -> None:
    """What is retired is off the page and in no list to choose from, and comes back behind the others."""
    clock.advance(hours=1)
    retire(stage, "API")
    assert stage.shown() == ["1 Europe", "..1 Berlin", "..2 Oslo", "2 America", "..1 Boston", "3 Website"]
    assert stage.row("API").retired_at == clock.now()
    for refused in (
        lambda: stage.see(lambda tx: get_component_by_word(tx.session, stage.page, "api")),
        lambda: stage.open("API"),
        lambda: stage.do(lambda tx: set_statuses(tx, stage.page, {stage.ids["API"]: ComponentStatus.MAJOR_OUTAGE})),
    ):
        with pytest.raises(InvalidInputError, match="“API” was retired"):
            refused()
    with pytest.raises(ConflictError, match="“API” was retired"):
        edit(stage, "API", name="X")
    stage.do(partial(restore_component, component_id=stage.ids["API"]))
    assert stage.shown()[-1] == "4 API"
    assert stage.row("API").retired_at is None
    assert [action for action, _ in stage.recorded()] == ["component.retired", "component.restored"]


def test_a_group_goes_and_comes_with_its_last_component(stage: ConfigurationStage) -> None:
    """A group without components is none; its last one brings it back."""
    retire(stage, "Boston")
    assert stage.shown() == [*ALL[:4], "3 Website"]
    assert stage.retired() == ["America", "Boston"]
    stage.do(partial(restore_component, component_id=stage.ids["Boston"]))
    assert stage.shown() == [*ALL[:4], "3 Website", "4 America", "..1 Boston"]


@both_databases
def test_of_a_group_that_goes_the_components_stay(stage: ConfigurationStage) -> None:
    """They stand where it stood. What was retired in it comes back beside them; the group, with whom it is given."""
    retire(stage, "Oslo")
    stage.do(partial(restore_component, component_id=stage.ids["Oslo"]))
    retire(stage, "Berlin")
    retire(stage, "Europe")
    assert stage.shown() == ["1 API", "2 Oslo", "3 America", "..1 Boston", "4 Website"]
    stage.do(partial(restore_component, component_id=stage.ids["Berlin"]))
    assert stage.shown()[-1] == "5 Berlin"
    back = partial(restore_component, component_id=stage.ids["Europe"])
    with pytest.raises(InvalidInputError, match="at least one component"):
        stage.do(back)
    stage.do(partial(back, members=[stage.ids["Berlin"], stage.ids["API"]]))
    assert stage.shown() == ["1 Oslo", "2 America", "..1 Boston", "3 Website", "4 Europe", "..1 Berlin", "..2 API"]


def test_what_is_open_holds_its_components(stage: ConfigurationStage, clock: HeldClock) -> None:
    """A component of an open incident, or of a maintenance that is planned or runs, is not retired, and the refusal
    names what is open; once that is over it is."""
    schedule = Schedule(scheduled_for=NOW + HOUR, scheduled_until=NOW + 2 * HOUR)
    planned = NewIncident(name="Upgrade", schedule=schedule, components={stage.ids["API"]: None})
    upgrade = stage.do(lambda tx: create_incident(tx, stage.page, planned).id)
    clock.advance(minutes=1)
    slow = stage.open("API")
    with pytest.raises(ConflictError, match="“API” cannot be retired: “Slow”, “Upgrade” are open on it") as refused:
        retire(stage, "API")
    assert refused.value.hint
    for incident_id, status in ((slow, IncidentStatus.RESOLVED), (upgrade, IncidentStatus.COMPLETED)):
        stage.do(lambda tx, one=incident_id, end=status: update_incident(tx, one, IncidentChange(status=end)))  # type: ignore[misc]
    retire(stage, "API")
    assert stage.retired() == ["API"]


def test_opened_again_it_leaves_the_retired_alone(stage: ConfigurationStage) -> None:
    """An incident of the past that is opened again is about those of its components that are on the page."""
    down = ComponentStatus.MAJOR_OUTAGE
    new = NewIncident(name="Down", components={stage.ids["API"]: down, stage.ids["Website"]: down})
    incident = stage.do(lambda tx: create_incident(tx, stage.page, new).id)
    well = {stage.ids[name]: ComponentStatus.OPERATIONAL for name in ("API", "Website")}
    end = IncidentChange(status=IncidentStatus.RESOLVED, components=well)
    stage.do(lambda tx: update_incident(tx, incident, end))
    retire(stage, "API")
    again = IncidentChange(status=IncidentStatus.IDENTIFIED, components={stage.ids["Website"]: down})
    said = stage.do(lambda tx: update_incident(tx, incident, again))
    assert said is not None
    assert [one["name"] for one in said.affected_components or ()] == ["Website"]
    assert stage.row("API").status == ComponentStatus.OPERATIONAL


@both_databases
def test_an_outage_ends_with_the_component(stage: ConfigurationStage) -> None:
    """Of what is not there any more nothing is out of order: brought back after a year, it was down for no year."""
    stage.do(lambda tx: set_statuses(tx, stage.page, {stage.ids["API"]: ComponentStatus.MAJOR_OUTAGE}))
    retire(stage, "API")
    with stage.desk.database.read() as session:
        changes = session.scalars(select(ComponentStatusChange.status).order_by(ComponentStatusChange.id)).all()
    assert changes == [ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL]
    assert stage.row("API").status == ComponentStatus.OPERATIONAL


def test_who_saw_an_earlier_version_changes_nothing(stage: ConfigurationStage) -> None:
    """A form that was opened before somebody else's change is refused, whatever it does."""
    edit(stage, "API", name="Public API")
    edit(stage, "Berlin", name="Potsdam")
    for work in (
        lambda tx: edit_component(tx, stage.ids["API"], {"description": "Mine"}, version=1),
        lambda tx: retire_component(tx, stage.ids["API"], version=1),
    ):
        with pytest.raises(ConflictError, match="since you looked"):
            stage.do(work)
    assert stage.row("API").description is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        pytest.param({"name": f"API {Secret.generate().reveal()}"}, "name", id="a secret"),
        ({"name": "half \ud800"}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"group_id": "nothere00000"}, "group_id"),
        ({"group_id": "Website"}, "group_id"),
    ],
)
def test_what_cannot_be(stage: ConfigurationStage, fields: dict[str, str], field: str) -> None:
    """A name that says nothing, is too long, holds a secret or half a character, and a group that is none: refused
    beside the field, when it is made and when it is changed, and nothing is kept."""
    if fields.get("group_id") == "Website":
        fields = {"group_id": stage.ids["Website"]}
    for work in (
        lambda tx: create_component(tx, stage.page, ComponentFields(**({"name": "New"} | fields))),  # type: ignore[typeddict-item]
        lambda tx: edit_component(tx, stage.ids["API"], ComponentFields(**fields)),  # type: ignore[typeddict-item]
    ):
        with pytest.raises(InvalidInputError) as refused:
            stage.do(work)
        assert refused.value.field == field
    assert stage.shown() == ALL


def test_a_group_is_in_no_group(stage: ConfigurationStage) -> None:
    """Nor does a group take another one in, nor is there one without components."""
    europe, america = stage.ids["Europe"], stage.ids["America"]
    with pytest.raises(InvalidInputError, match="is a group"):
        edit(stage, "Europe", group_id=america)
    for components in ([america], [], ["nothere00000"]):
        with pytest.raises(InvalidInputError) as refused:
            stage.do(lambda tx, chosen=components: edit_group(tx, europe, {"components": chosen}))  # type: ignore[misc]
        assert refused.value.field == "components"
    with pytest.raises(NotFoundError, match="is no group"):
        stage.do(lambda tx: edit_group(tx, stage.ids["API"], {"name": "X"}))
    assert stage.shown() == ALL


def test_who_may(stage: ConfigurationStage) -> None:
    """Whoever configures the page, and keys that write components; nobody else, whatever else they may write."""
    with stage.desk.database.write() as session:
        writes = add_key(session, NOW, scopes=["components:write"], pages=[stage.page])
        others = add_key(session, NOW, name="other", scopes=["components:write"], pages=["anotherpage0"])
        incidents = add_key(session, NOW, name="third", scopes=["incidents:write", "page_configuration:write"])
    make = partial(create_component, page_id=stage.page, fields={"name": "Docs"})
    made = stage.do(make, who=Actor.key(writes.id))
    assert made.name == "Docs"
    for who in (MIA, Actor.key(others.id), Actor.key(incidents.id)):
        for work in (
            make,
            partial(edit_component, component_id=made.id, fields={"name": "X"}),
            partial(retire_component, component_id=made.id),
            partial(restore_component, component_id=made.id),
        ):
            with pytest.raises(NotAllowedError):
                stage.do(work, who=who)


@both_databases
def test_found_by_word(stage: ConfigurationStage) -> None:
    """By its name in any case, its group's before it, or its id; doubles are named by their ids."""

    def find(word: str, *, retired: bool = False) -> str:
        return stage.see(lambda tx: get_by_word(tx, stage.page, word, retired=retired).name)

    assert [find(word) for word in ("berlin", "EUROPE - oslo", "europe", stage.ids["API"])] == [
        *("Berlin", "Oslo", "Europe", "API"),
    ]
    twin = stage.do(lambda tx: create_component(tx, stage.page, {"name": "api"}))
    with stage.desk.database.read() as session:
        assert [row.id for row in list_namesakes(session, twin)] == [stage.ids["API"]]
    with pytest.raises(InvalidInputError, match=f"means more than one: “API” \\({stage.ids['API']}\\)"):
        find("API")
    with pytest.raises(InvalidInputError, match="no component of this page"):
        find("nothing")
    with pytest.raises(ConflictError, match="is on the page"):
        find("berlin", retired=True)
    retire(stage, "Berlin")
    assert find("berlin", retired=True) == "Berlin"
    with pytest.raises(ConflictError, match="was retired"):
        find("berlin")
