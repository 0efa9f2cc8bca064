"""A page's name, addresses, texts, look and policy."""

from typing import Any

import pytest

from desk.configuration.components import retire_component
from desk.configuration.lookup import get_configurable_page_by_word, list_configurable_pages
from desk.configuration.page_fields import PAGE_SETTINGS
from desk.configuration.pages import edit_page
from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.pages.fields import COLUMN_FIELDS, OWN_FIELDS, PAGE_FIELDS
from desk.pages.rails_zones import RAILS_ZONES
from desk.pages.rules import find_zone
from desk.secret import Secret
from desk.transaction import Actor
from storage.models import Backend, Incident, Page, PageAddress, SecondPerson
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MIA, add_component, add_key, add_page
from tests.unit.desk.configuration.configuration_stage import ConfigurationStage

POLICY = {
    "announcement_channel": "C0STATUS01",
    "second_person": "first_post",
    "second_person_skipped_by": "owner",
    "api_posts": "draft",
    "reminder_intervals": "[1,5]",
}


def edit(stage: ConfigurationStage, fields: dict[str, Any], **values: Any) -> Page:
    """Change the page."""
    return stage.do(lambda tx: edit_page(tx, stage.page, fields), **values)


def test_everything_can_be_said() -> None:
    """Every field of Statuspage's but what it works out itself, Keydesk's own, and the policy."""
    assert set(PAGE_SETTINGS) == {"name", *PAGE_FIELDS, *OWN_FIELDS, *POLICY} - {"activity_score"}
    assert set(COLUMN_FIELDS) < set(PAGE_SETTINGS)


@both_databases
def test_changed_and_taken_back(stage: ConfigurationStage) -> None:
    """What is named changes, an empty text takes it back, and what is as it was is no change."""
    fields = {
        "name": " Acme  Status",
        "page_description": "All of it.",
        "subdomain": "status",
        "domain": "Status.Acme.example.",
        "url": "https://acme.example",
        "time_zone": "Europe/Zurich",
        "css_greens": "#1F9d61",
        "hidden_from_search": True,
        "footer_text": "Made by hand",
        **POLICY,
    }
    edit(stage, fields)
    page = stage.page_row()
    assert (page.name, page.subdomain, page.domain) == ("Acme Status", "status", "status.acme.example")
    assert (page.time_zone, page.second_person) == ("Europe/Zurich", SecondPerson.FIRST_POST)
    assert page.configuration == {"css_greens": "#1F9d61", "hidden_from_search": True, "footer_text": "Made by hand"}
    edit(stage, fields)
    edit(stage, {"page_description": "", "css_greens": None, "announcement_channel": "", "second_person": ""})
    page = stage.page_row()
    assert (page.page_description, page.announcement_channel, page.second_person) == (None, None, SecondPerson.NEVER)
    assert "css_greens" not in page.configuration
    (action, data), (_, second) = stage.recorded()
    assert (action, data["name"], data["before"]["name"], data["after"]["domain"]) == (
        *("page.edited", "Acme Status", "Acme", "status.acme.example"),
    )
    assert second["before"]["second_person"] == "first_post"
    assert page.version == 3


@both_databases
def test_every_zone_of_rails_is_known(stage: ConfigurationStage) -> None:
    """By its own name and by that of the database; what was called otherwise before is changed."""
    assert [name for name in RAILS_ZONES if find_zone(name) is None] == []
    for given, kept in (("Bern", "Europe/Zurich"), ("Zurich", "Europe/Zurich"), ("UTC", "UTC")):
        assert edit(stage, {"time_zone": given}).time_zone == kept
    assert stage.page_row().configuration == {}
    assert len(stage.recorded()) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        pytest.param("name", f"Acme {Secret.generate().reveal()}", id="a secret"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("subdomain", "no/slash"),
        ("domain", "https://acme.example"),
        ("announcement_channel", "#status"),
        ("second_person", "sometimes"),
        ("second_person_skipped_by", "integrator"),
        ("reminder_intervals", "soon"),
        ("api_posts", "never"),
        ("css_greens", "green; background: url(//elsewhere)"),
        ("transactional_logo", "https://elsewhere.example/logo.png"),
        ("favicon_logo", "data:text/html,x"),
        ("favicon_logo", "data:image/png;base64,%"),
        ("hidden_from_search", "yes"),
        ("footer_text", "x" * 5001),
        ("activity_score", 3),
        ("id", "anotherpage0"),
        ("organization_id", "x"),
    ],
)
def test_what_cannot_be(stage: ConfigurationStage, name: str, value: Any) -> None:
    """It is refused beside its field, and nothing of the rest is kept."""
    with pytest.raises(InvalidInputError) as refused:
        edit(stage, {"url": "https://acme.example", name: value})
    assert refused.value.field == name
    assert stage.page_row().url is None


@both_databases
def test_addresses_of_others_cannot_be_had(stage: ConfigurationStage) -> None:
    """Neither what another page has now, nor where one was once; what was a page's own it can have again."""
    with stage.desk.database.write() as session:
        other = add_page(session, NOW, name="Shop", subdomain="shop", domain="shop.example")
        for path, page_id in (("/old-shop", other.id), ("/old-acme", stage.page)):
            session.add(PageAddress(path=path, page_id=page_id, since=NOW))
    for fields in ({"subdomain": "shop"}, {"domain": "shop.example"}, {"subdomain": "old-shop"}):
        with pytest.raises(ConflictError):
            edit(stage, fields)
    assert edit(stage, {"subdomain": "old-acme"}).subdomain == "old-acme"


def test_no_key_changes_the_rules(stage: ConfigurationStage) -> None:
    """A key that writes the configuration changes texts and look, and never the rules that incidents go out by: it
    would get round them. Nor does it write the other's part."""
    with stage.desk.database.write() as session:
        scopes = ["page_configuration:write", "incidents:write", "maintenances:write"]
        key = Actor.key(add_key(session, NOW, scopes=scopes).id)
        components = Actor.key(add_key(session, NOW, name="b", scopes=["components:write"]).id)
    assert edit(stage, {"name": "By key"}, who=key).name == "By key"
    for name, value in POLICY.items():
        with pytest.raises(NotAllowedError):
            edit(stage, {"url": "https://acme.example", name: value}, who=key)
    for who in (components, MIA):
        with pytest.raises(NotAllowedError):
            edit(stage, {"name": "By nobody"}, who=who)
    assert (stage.page_row().name, stage.page_row().url) == ("By key", None)


def test_who_saw_an_earlier_version_changes_nothing(stage: ConfigurationStage) -> None:
    """A form that was opened before somebody else's change is refused."""
    edit(stage, {"name": "Acme Status"})
    with pytest.raises(ConflictError, match="since you looked"):
        stage.do(lambda tx: edit_page(tx, stage.page, {"url": "https://acme.example"}, version=1))
    assert stage.page_row().url is None


def test_which_page_is_meant(stage: ConfigurationStage) -> None:
    """Without a word the only one that somebody configures; who configures none is told whom to ask."""
    with stage.desk.database.write() as session:
        add_page(session, NOW, name="Shop", subdomain="shop")
    assert [page.name for page in stage.see(list_configurable_pages)] == ["Acme"]
    assert stage.see(lambda tx: get_configurable_page_by_word(tx, None).name) == "Acme"
    with pytest.raises(NotAllowedError):
        stage.see(lambda tx: get_configurable_page_by_word(tx, "shop"))
    with pytest.raises(NotAllowedError):
        stage.see(list_configurable_pages, who=MIA)
    operator = Actor.operator("ann")
    with pytest.raises(InvalidInputError, match="more than one page"):
        stage.do(lambda tx: get_configurable_page_by_word(tx, None), who=operator)


def test_a_component_says_which_page_is_meant(stage: ConfigurationStage) -> None:
    """The only page that has it, on it or retired; where several have one so called, or none, it is asked for."""
    with stage.desk.database.write() as session:
        shop = add_page(session, NOW, name="Shop", subdomain="shop")
        add_component(session, shop, NOW, name="Till", position=1)
        add_component(session, shop, NOW, name="API", position=2)

    def meant(component: str, page: str | None = None) -> str:
        who = Actor.operator("ann")
        return stage.do(lambda tx: get_configurable_page_by_word(tx, page, component=component).name, who=who)

    assert [meant("till"), meant("Europe - Berlin"), meant("API", "shop")] == ["Shop", "Acme", "Shop"]
    stage.do(lambda tx: retire_component(tx, stage.ids["Berlin"]))
    assert meant("Berlin") == "Acme"
    for word in ("API", "nothing"):
        with pytest.raises(InvalidInputError, match="more than one page"):
            meant(word)


def test_where_all_pages_are_kept_elsewhere(stage: ConfigurationStage) -> None:
    """Who would configure a page is told where that is done, and not that there is none."""
    with stage.desk.database.write() as session:
        session.get_one(Page, stage.page).backend = Backend.ATLASSIAN
    with pytest.raises(ConflictError, match="kept by Statuspage"):
        stage.do(lambda tx: get_configurable_page_by_word(tx, None), who=Actor.operator("ann"))


@both_databases
def test_the_rules_of_a_page_that_is_kept_elsewhere_are_ours(stage: ConfigurationStage) -> None:
    """By which rules is posted there, and where that is announced, is Keydesk's; everything else is the copy's."""
    with stage.desk.database.write() as session:
        session.get_one(Page, stage.page).backend = Backend.ATLASSIAN
    edit(stage, {"second_person": "always", "announcement_channel": "C0FARAWAY1"})
    page = stage.do(lambda tx: get_configurable_page_by_word(tx, None, policy_only=True))
    assert (page.second_person, page.announcement_channel) == ("always", "C0FARAWAY1")
    for settings in ({"name": "Anew"}, {"second_person": "never", "name": "Anew"}):
        with pytest.raises(ConflictError, match="kept by Statuspage"):
            edit(stage, settings)


def test_incidents_are_reminded_of_by_the_page(stage: ConfigurationStage, clock: HeldClock) -> None:
    """Those without intervals of their own by the page's, from their next update on; `[]` is never."""
    with_own, without = (stage.open(reminder_intervals=own) for own in ("4", None))
    edit(stage, {"reminder_intervals": "[2]"})

    def due() -> list[int | None]:
        rows: list[int | None] = []
        for incident in (with_own, without):
            said = IncidentChange(body="Still.")
            stage.do(lambda tx, one=incident, what=said: update_incident(tx, one, what))  # type: ignore[misc]
            with stage.desk.database.read() as session:
                at = session.get_one(Incident, incident).update_due_at
                rows.append(round((at - clock.now()).total_seconds() / 3600) if at else None)
        return rows

    assert due() == [4, 2]
    edit(stage, {"reminder_intervals": "[]"})
    assert due() == [4, None]
