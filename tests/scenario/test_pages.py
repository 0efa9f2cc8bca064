"""`/page`: pages and components, configured in Slack."""

from collections.abc import Iterator

import pytest

from desk.configuration.components import edit_component
from desk.configuration.pages import edit_page
from desk.incidents.components import list_components, list_retired
from desk.secret import Secret
from desk.transaction import Actor
from sandbox.player import find_label, options_of, text_of, words_of
from storage.models import Component, Page, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, add_component, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """Website, and the group API with Checkout and Search; Ines configures the page. Slack accepts everything."""
    stage = set_stage(scenario)
    stage.grant(INES, Role.PAGE_CONFIGURATION)
    yield stage
    assert scenario.violations() == []


def shown(stage: Stage) -> list[str]:
    """What is on the page, in order; what is in a group behind dots."""
    with stage.scenario.database.read() as session:
        rows = list_components(session, stage.page_id)
        return [f"{'..' if row.group_id else ''}{row.name}" for row in rows]


def row_of(stage: Stage, name: str) -> Component:
    """A component as it is now, retired or not."""
    with stage.scenario.database.read() as session:
        rows = [*list_components(session, stage.page_id), *list_retired(session, stage.page_id)]
        return next(row for row in rows if row.name == name)


@pytest.mark.page
def test_a_component_is_made_changed_and_retired(scenario: Scenario, stage: Stage) -> None:
    """By the buttons of the page's overview, each in a form or with one press, and the public page follows."""
    ines = scenario.ines
    overview = said(ines, "/page")
    assert "2. *API*  ·  group of 2" in words_of(overview)
    assert "2.1. API - Checkout  ·  operational" in words_of(overview)
    ines.press("New component", overview)
    assert ines.submit(name="Docs", description="Manuals", group_id=row_of(stage, "API").id, position="1") == {}
    assert "*Docs* is on the page." in words_of(ines.modal)
    ines.close()
    assert shown(stage) == ["Website", "API", "..Docs", "..Checkout", "..Search"]
    ines.press("Change", said(ines, "/page show acme"), nth=2)
    assert (
        ines.submit(name="Handbook", group_id="none", flags=["only_show_if_degraded"], start_date="2026-01-02") == {}
    )
    ines.close()
    row = row_of(stage, "Handbook")
    assert (row.group_id, row.showcase, row.only_show_if_degraded) == (None, False, True)
    assert shown(stage) == ["Website", "API", "..Checkout", "..Search", "Handbook"]
    ines.type_command("/page change website")
    ines.press("Retire", ines.modal)
    assert "*Website* is retired." in words_of(ines.modal)
    ines.close()
    names = {"API", "Checkout", "Search", "Handbook"}
    stage.wait_for_summary(lambda found: {one["name"] for one in found["components"]} == names)
    gone = said(ines, "/page retired")
    ines.press("Bring back", gone)
    assert "Website" in shown(stage)
    assert "retired" in words_of(said(ines, "/page retire Handbook"))
    assert "on the page again" in words_of(said(ines, "/page restore handbook on acme"))


def test_a_group_is_made_changed_and_brought_back(scenario: Scenario, stage: Stage) -> None:
    """Its form has all that is in it; one that comes back says what that is to be."""
    ines = scenario.ines
    ines.type_command('/page group "Core" on acme')
    offered = options_of(ines.options("components", "web"))
    assert [text_of(option) for option in offered] == ["Website"]
    assert ines.submit(components=offered) == {}
    ines.close()
    assert shown(stage) == ["API", "..Checkout", "..Search", "Core", "..Website"]
    ines.type_command("/page change core")
    assert ines.submit(name="Kernel", description="All", components=[*offered, stage.components["Search"]]) == {}
    ines.close()
    assert shown(stage) == ["API", "..Checkout", "Kernel", "..Website", "..Search"]
    assert "is retired" in words_of(said(ines, "/page retire kernel"))
    assert shown(stage) == ["API", "..Checkout", "Website", "Search"]
    ines.press("Bring back", said(ines, "/page retired"))
    assert ines.submit(components=[stage.components["Search"]]) == {}
    assert shown(stage) == ["API", "..Checkout", "Website", "Kernel", "..Search"]


@pytest.mark.parametrize(
    ("line", "name", "says"),
    [
        ("rename website to Site &amp; shop", "Site & shop", ""),
        ('rename "website" to "The site" on acme', "The site", ""),
        ("rename website -&gt; Site", "Site", ""),
        ("rename website", "Website", ""),
        ('texts headline "Hello" on acme', "Acme", '“headline "Hello"” is left out: say it below.'),
        ("texts acme", "Acme", ""),
    ],
)
def test_what_a_form_was_opened_with(scenario: Scenario, stage: Stage, line: str, name: str, says: str) -> None:
    """A new name stands in it, and what it could not take is said to be left out."""
    scenario.ines.type_command(f"/page {line}")
    named = [block["element"] for block in scenario.ines.modal["blocks"] if block.get("block_id") == "name"]
    assert [element["initial_value"] for element in named] == [name]
    assert says in words_of(scenario.ines.modal)
    assert bool(says) == ("left out" in words_of(scenario.ines.modal))


def test_settings_of_a_page(scenario: Scenario, stage: Stage) -> None:
    """Texts, look and policy have a form each; what cannot be is said beside its input and nothing is lost."""
    ines = scenario.ines
    ines.press("Texts", said(ines, "/page"))
    wrong = ines.submit(name="Acme Cloud", time_zone="Mars", headline="How we are")
    assert list(wrong) == ["time_zone"]
    assert ines.submit(time_zone="Zurich") == {}
    ines.close()
    ines.type_command("/page look")
    assert list(ines.submit(css_greens="green")) == ["css_greens"]
    assert list(ines.submit(transactional_logo="https://acme.example/logo.png")) == ["transactional_logo"]
    logo = "data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E"
    look = {"css_greens": "1f9d61", "transactional_logo": logo, "status_embed_position": "top-left"}
    assert ines.submit(**look, flags=["hidden_from_search"]) == {}
    ines.close()
    ines.type_command("/page texts")
    assert ines.submit(headline="How we are") == {}
    ines.close()
    ines.type_command("/page policy on acme")
    assert list(ines.submit(reminder_intervals="soon")) == ["reminder_intervals"]
    assert ines.submit(second_person="always", api_posts="draft", reminder_intervals="[2,4]") == {}
    with scenario.database.read() as session:
        page = session.get_one(Page, stage.page_id)
    assert (page.name, page.time_zone, page.second_person, page.api_posts) == (
        *("Acme Cloud", "Europe/Zurich", "always", "draft"),
    )
    assert page.reminder_intervals == "[2,4]"
    assert page.configuration == {
        "headline": "How we are",
        "css_greens": "1f9d61",
        "hidden_from_search": True,
        "allow_rss_atom_feeds": False,
        "status_embed_position": "top-left",
        "transactional_logo": logo,
        "time_zone_as_given": "Zurich",
    }


def test_what_is_taken_off_can_be_brought_back(scenario: Scenario, stage: Stage) -> None:
    """The answer says how, and no word that is merely like it points at taking something off."""
    assert "It comes back with `/page restore`" in words_of(said(scenario.ines, "/page remove website"))
    assert "/page retire`." in words_of(said(scenario.ines, "/page delete website"))
    assert "Did you mean" not in words_of(said(scenario.ines, "/page retry website"))


@pytest.mark.parametrize(
    ("typed", "title", "name"),
    [
        ('component "Payments" on acme', "New component", "Payments"),
        ("group Payments on acme", "New group", "Payments"),
        ('group "Group chat"', "New group", "Group chat"),
        ('"group chat"', "New component", "group chat"),
        ("R&amp;D at <http://api.acme.com|api.acme.com> on acme", "New component", "R&D at api.acme.com"),
    ],
)
def test_what_is_added_may_be_said(scenario: Scenario, stage: Stage, typed: str, title: str, name: str) -> None:
    """Whether it is a component or a group; in quotation marks the word is a part of its name."""
    scenario.ines.type_command(f"/page add {typed}")
    names = [block["element"] for block in scenario.ines.modal["blocks"] if block.get("block_id") == "name"]
    assert (scenario.ines.modal["title"]["text"], [one["initial_value"] for one in names]) == (title, [name])


def test_what_was_typed_is_not_lost(scenario: Scenario, stage: Stage) -> None:
    """Where somebody else changed it meanwhile, or has what was asked for, the form says so and holds every word;
    sent again, it is kept."""
    ines, other = scenario.ines, Actor.operator("ann")
    ines.type_command("/page change checkout")
    scenario.desk.write_now(
        other, lambda tx: edit_component(tx, stage.components["Checkout"], {"description": "Theirs"})
    )
    assert ines.submit(name="Pay", description="My own words") == {}
    assert "Somebody changed “Checkout” since you looked." in words_of(ines.modal)
    assert "My own words" in str(ines.modal)
    assert ines.submit() == {}
    assert (row_of(stage, "Pay").name, row_of(stage, "Pay").description) == ("Pay", "My own words")
    ines.close()
    with scenario.database.write() as session:
        add_page(session, NOW, name="Shop", subdomain="shop")
    ines.type_command("/page texts")
    scenario.desk.write_now(other, lambda tx: edit_page(tx, stage.page_id, {"url": "https://theirs.example"}))
    assert ines.submit(headline="Mine", subdomain="shop") == {}
    assert "Somebody changed this page since you looked." in words_of(ines.modal)
    assert ines.submit() == {}
    assert "that of the page “Shop”" in words_of(ines.modal)
    assert ines.submit(subdomain="acme") == {}
    with scenario.database.read() as session:
        assert session.get_one(Page, stage.page_id).configuration["headline"] == "Mine"


def test_what_is_open_holds_its_components(scenario: Scenario, stage: Stage) -> None:
    """The refusal names it, by command and by button, and the form below keeps what was typed."""
    open_incident(stage, "Search is slow", "We look.", components={stage.components["Search"]: None})
    refused = "“Search” cannot be retired: “Search is slow” is open on it."
    assert refused in words_of(said(scenario.ines, "/page retire search"))
    scenario.ines.type_command("/page change search")
    scenario.ines.press("Retire", scenario.ines.modal)
    assert refused in words_of(scenario.ines.modal)
    scenario.ines.close()
    assert "Change component" in words_of(scenario.ines.modal)


def test_long_pages_are_turned(scenario: Scenario, stage: Stage) -> None:
    """Twenty components at a time; the sheet takes the place of the one before."""
    with scenario.database.write() as session:
        page = session.get_one(Page, stage.page_id)
        for number in range(30):
            add_component(session, page, NOW, name=f"Node {number:02}", position=number + 3)
    ines = scenario.ines
    first = said(ines, "/page")
    assert "1 to 20 of 34" in words_of(first)
    assert find_label(first, "Previous") is None
    ines.press("Next", first)
    second = ines.messages("C0GENERAL1")[-1]
    assert "21 to 34 of 34" in words_of(second)
    assert "Node 29" in words_of(second)
    ines.press("Previous", second)
    assert "1 to 20 of 34" in words_of(ines.messages("C0GENERAL1")[-1])


def test_who_may(scenario: Scenario, stage: Stage) -> None:
    """Whoever configures a page, and owners; others are told whom to ask, and see nothing of it. Secrets stay out."""
    for line in (
        "",
        "show",
        "list",
        "add New",
        "change search",
        "retire search",
        "retired",
        "texts",
        "policy",
        "help",
    ):
        refused = words_of(said(scenario.max, f"/page {line}"))
        assert "page_configuration" in refused
        assert "Olivia Owens" in refused
    assert "Search" in words_of(said(scenario.olivia, "/page"))
    with scenario.database.write() as session:
        add_grant(
            session, MAX, Role.PAGE_CONFIGURATION, NOW, page_id=add_page(session, NOW, name="Shop", subdomain="s").id
        )
    assert "page_configuration" in words_of(said(scenario.max, "/page show acme"))
    listed = said(scenario.olivia, "/page")
    assert "Pages that you configure" in words_of(listed)
    scenario.olivia.press("Open", listed)
    assert "Website" in words_of(scenario.olivia.messages("C0GENERAL1")[-1])
    secret = Secret.generate().reveal()
    assert "secret of an API key" in words_of(said(scenario.ines, f"/page add {secret} on acme"))
    scenario.ines.type_command("/page add on acme")
    assert list(scenario.ines.submit(name=f"API {secret}")) == ["name"]
    assert "Say which component." in words_of(said(scenario.ines, "/page retire on acme"))
