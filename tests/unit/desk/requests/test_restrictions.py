"""Named components and addresses on their way from the request to the key and its successor."""

from dataclasses import replace
from functools import partial

import pytest

from desk.errors import InvalidInputError
from desk.keys.collecting import mark_revealed
from desk.keys.rotation import begin_rotation
from desk.requests.lookup import asked_extent, extent_of
from desk.requests.takeovers import rotate_or_ask
from desk.requests.terms import Extent
from desk.transaction import Desk
from storage.models import ApiKey, Component, KeyRequest, Scope
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA, OMAR, add_component, add_key, add_page
from tests.unit.desk.stage import Stage, set_stage

STATES = (Scope.READ, Scope.COMPONENT_STATUS_WRITE)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def components_of(stage: Stage, count: int = 2) -> list[str]:
    """Components of the page."""
    with stage.desk.database.write() as session:
        return [add_component(session, stage.page, stage.desk.clock.now(), name=f"C{n}").id for n in range(count)]


def test_they_reach_the_key_and_its_successor(stage: Stage) -> None:
    """What was asked and approved is the key's, and that of the key that follows it."""
    one, two = components_of(stage)
    ticket = stage.ticket(scopes=STATES, components=(one, two), networks=("10.1.2.3/8",))
    key, _ = stage.mint(ticket)
    assert (key.components, key.networks) == ([one, two], ["10.0.0.0/8"])
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    successor, _ = stage.mint(stage.do(MIA, partial(begin_rotation, key_id=key.id)))
    assert (successor.components, successor.networks) == ([one, two], ["10.0.0.0/8"])


@both_databases
def test_an_owner_narrows_them(stage: Stage) -> None:
    """To fewer components and fewer addresses; the request says both what was asked and what was granted."""
    one, two = components_of(stage)
    request = stage.ask(scopes=STATES, components=(one, two), networks=("10.0.0.0/8",))
    reach = Extent(scopes=STATES, pages=(stage.page.id,), lifetime_days=30)
    granted = replace(reach, components=(two,), networks=("10.3.0.0/16",))
    stage.approve(request, narrower=granted)
    now = stage.fresh(KeyRequest, request.id)
    assert (asked_extent(now).components, extent_of(now)) == ((one, two), granted)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"components": None}, "components"),
        ({"networks": None}, "networks"),
        ({"networks": ("0.0.0.0/0",)}, "networks"),
        ({"networks": ()}, "networks"),
        ({"components": ("cother000000",)}, "components"),
        ({"components": ()}, "components"),
    ],
)
def test_an_owner_widens_nothing(stage: Stage, values: dict[str, tuple[str, ...] | None], field: str) -> None:
    """Whatever of it is wider, or empty, is refused beside its field."""
    (one,) = components_of(stage, 1)
    request = stage.ask(scopes=STATES, components=(one,), networks=("10.0.0.0/8",))
    same = {"components": (one,), "networks": ("10.0.0.0/8",)}
    wider = Extent(scopes=STATES, pages=(stage.page.id,), lifetime_days=30, **(same | values))
    with pytest.raises(InvalidInputError) as refusal:
        stage.approve(request, narrower=wider)
    assert refusal.value.field == field


def test_components_go_with_the_scopes_that_need_them(stage: Stage) -> None:
    """An owner who leaves only reading need not take the components away as well."""
    (one,) = components_of(stage, 1)
    request = stage.ask(scopes=STATES, components=(one,))
    reading = Extent(scopes=(Scope.READ,), pages=(stage.page.id,), lifetime_days=30, components=(one,))
    stage.approve(request, narrower=reading)
    assert extent_of(stage.fresh(KeyRequest, request.id)).components is None


@pytest.mark.parametrize("kind", ["gone", "group", "of another page"])
def test_what_is_no_component_of_its_pages_cannot_be_named(stage: Stage, kind: str) -> None:
    """One that does not exist, a group, and one of a page that was not asked for."""
    (one,) = components_of(stage, 1)
    pages = (stage.page.id,)
    with stage.desk.database.write() as session:
        row = session.get_one(Component, one)
        if kind == "group":
            row.group = True
        elif kind == "gone":
            one = "cnowhere0000"
        else:
            pages = (add_page(session, stage.desk.clock.now(), name="Beta", subdomain="beta").id,)
    with pytest.raises(InvalidInputError) as refusal:
        stage.ask(scopes=STATES, components=(one,), pages=pages)
    assert refusal.value.field == "components"


def test_who_takes_a_key_over_asks_for_the_same(stage: Stage) -> None:
    """A key for which somebody else was approved is asked for with its components, also when one was retired, and
    addresses."""
    (one,) = components_of(stage, 1)
    with stage.desk.database.write() as session:
        session.get_one(Component, one).retired_at = stage.desk.clock.now()
        bound = {"scopes": list(STATES), "components": [one], "networks": ["10.0.0.0/8"]}
        key = add_key(session, stage.desk.clock.now(), holder_id=None, **bound)
    asked = stage.do(OLIVIA, partial(rotate_or_ask, key_id=key.id))
    assert isinstance(asked, KeyRequest)
    assert (asked.components, asked.networks) == ([one], ["10.0.0.0/8"])
    stage.approve(asked, OMAR)
    assert stage.fresh(ApiKey, key.id).components == [one]
