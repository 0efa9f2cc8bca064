"""How an incident's components are named."""

from dataclasses import replace
from datetime import UTC, datetime

from desk.status_page.components import ComponentView
from desk.status_page.pages import PageFacts, PageView
from handlers.http.public.naming import Naming
from storage.models import ComponentStatus

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FACTS = PageFacts("p", "Acme", None, None, None, None, "UTC", {}, NOW)


def component(name: str, group: str | None = None, *, is_group: bool = False) -> ComponentView:
    """A component whose id is its name."""
    return ComponentView(
        id=name,
        page_id="p",
        group_id=group,
        group=is_group,
        name=name,
        description=None,
        position=1,
        status=ComponentStatus.OPERATIONAL,
        showcase=True,
        only_show_if_degraded=False,
        start_date=None,
        created_at=NOW,
        updated_at=NOW,
    )


def view(*components: ComponentView) -> PageView:
    """A page with these components."""
    return PageView(page=FACTS, components=components, incidents=(), first_incident_at=None)


REGIONS = [component(f"r{index}", "Compute") for index in range(9)]
PAGE = view(component("Website"), component("Compute", is_group=True), *REGIONS, component("Support"))


def test_components_of_a_group_stand_together() -> None:
    """The group is named once; a single component is named with its group, one without a group alone."""
    assert Naming(PAGE).name(["Support", "r1", "r0", "Website"]) == ["Website", "Compute (r0, r1)", "Support"]
    assert Naming(PAGE).name(["r3"]) == ["Compute – r3"]
    assert Naming(PAGE).name(["gone"]) == []


def test_long_lists_are_cut_short() -> None:
    """After six the rest is counted, unless it is one; a whole large group is said to be all."""
    assert Naming(PAGE).name([row.id for row in REGIONS[:7]]) == ["Compute (r0, r1, r2, r3, r4, r5, r6)"]
    assert Naming(PAGE).name([row.id for row in REGIONS[:8]]) == ["Compute (r0, r1, r2, r3, r4, r5, and 2 more)"]
    assert Naming(PAGE).name([row.id for row in REGIONS]) == ["Compute (all 9)"]
    alone = view(*(component(f"c{index}") for index in range(9)))
    assert Naming(alone).name([f"c{index}" for index in range(9)])[5:] == ["c5", "and 3 more"]


def test_what_is_past_keeps_its_names() -> None:
    """Components that are called otherwise by now, stand in another group or were retired have the name of then;
    those of which no update spoke, their own."""
    page = replace(PAGE, retired=(component("Fax"), component("r9", "Compute"), component("Old", is_group=True)))
    then = {"r0": "Compute - r0", "Website": "Site", "r1": "Cloud - r1", "Fax": "Telefax"}
    ids = ["Website", "r0", "r1", "Fax", "r9"]
    assert Naming(page).name(ids, then) == ["Compute – r0", "Site", "Cloud - r1", "Telefax", "Compute - r9"]
    assert Naming(page).name(["Website", "Fax"]) == ["Website", "Fax"]
    assert Naming(PAGE).name(["gone"], {"gone": "Long gone"}) == ["Long gone"]
