"""`/incident template`: words kept for the next time, by command and by button."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from desk.incidents.templates import create_template
from desk.secret import Secret
from desk.transaction import Actor, Transaction
from sandbox.player import Json, inputs_of, options_of, text_of, words_of
from storage.models import Grant, IncidentStatus, IncidentTemplate, Page, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import INES, MAX, add_component, add_grant, add_page
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident, say
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said
from tests.scenario.requests_stage import everything, only


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


def test_a_template_from_an_incident(scenario: Scenario, stage: Stage) -> None:
    """What an incident first said is kept under a name, listed, shown with what is to be filled in, and deleted."""
    assert "no template yet" in words_of(said(scenario.ines, "/incident template"))
    incident_id = open_incident(
        stage, "Errors as usual", "We see *errors* in {{region}}.", components={stage.components["Search"]: None}
    )
    say(stage, incident_id, "Something else")
    kept = words_of(said(scenario.ines, '/incident template save "Errors as usual" as "search as ever"'))
    assert "Kept as the template *search as ever*" in kept
    again = said(scenario.ines, f"/incident template save {incident_id} as Search As Ever")
    assert "There is a template “Search As Ever” already" in words_of(again)
    listed = words_of(said(scenario.max, "/incident template list"))
    for words in ("*search as ever*", "Errors as usual", "Investigating", "1 component"):
        assert words in listed
    shown = words_of(said(scenario.max, "/incident template show SEARCH as ever"))
    for words in ("We see _errors_ in {{region}}.", "API - Search", "To be filled in: `region`"):
        assert words in shown
    assert "is deleted" in words_of(said(scenario.max, '/incident template delete "search as ever"'))
    assert everything(scenario, IncidentTemplate) == []
    assert "There is no template" in words_of(said(scenario.max, '/incident template delete "search as ever"'))


def test_keep_as_template(scenario: Scenario, stage: Stage) -> None:
    """The button asks for a name, says beside it that one is taken, and keeps the template."""
    incident_id = open_incident(stage)
    shown = said(scenario.ines, f"/incident show {incident_id}")
    scenario.ines.press("Keep as template", shown)
    assert scenario.ines.submit(name="checkout") == {}
    assert "Kept as the template *checkout*" in words_of(scenario.ines.modal)
    scenario.ines.type_command(f"/incident template save {incident_id}")
    assert list(scenario.ines.submit(name="Checkout")) == ["name"]
    assert scenario.ines.submit(name="checkout again") == {}
    assert {template.name for template in everything(scenario, IncidentTemplate)} == {"checkout", "checkout again"}


def test_templates_of_several_pages(scenario: Scenario, stage: Stage) -> None:
    """Where several pages have a template of one name, the page is asked for; `on PAGE` says which."""
    with scenario.database.write() as session:
        beta = add_page(session, NOW, name="Beta", subdomain="beta").id
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW, page_id=beta)
    for page_id in (stage.page_id, beta):
        incident_id = open_incident(stage, page_id=page_id)
        said(scenario.ines, f'/incident template save {incident_id} as "down"')
    assert "Several pages have a template “down”: Acme, Beta" in words_of(
        said(scenario.ines, "/incident template show down")
    )
    assert "*down* on Beta" in words_of(said(scenario.ines, "/incident template show down on beta"))
    assert "on Acme" not in words_of(said(scenario.ines, "/incident template list on beta"))
    # Max manages incidents on Acme only.
    assert "*down* on Acme" in words_of(said(scenario.max, "/incident template delete down"))
    assert only(everything(scenario, IncidentTemplate)).page_id == beta
    assert "incident_manager" in words_of(said(scenario.max, "/incident template delete down on beta"))


def test_who_may_not(scenario: Scenario, stage: Stage) -> None:
    """Templates are for the page's incident managers: nobody else keeps, reads or deletes one."""
    incident_id = open_incident(stage)
    said(scenario.ines, f'/incident template save {incident_id} as "down"')
    for line in (
        "list",
        "show down",
        "new",
        "edit down",
        "delete down",
        f'save {incident_id} as "mine"',
        f"save {incident_id}",
    ):
        refused = words_of(said(scenario.mia, f"/incident template {line}"))
        assert "incident_manager" in refused
        assert "Olivia Owens" in refused
    assert "is nothing that templates know" in words_of(said(scenario.ines, "/incident template &lt;b&gt;"))
    assert only(everything(scenario, IncidentTemplate)).name == "down"


def _second_page(scenario: Scenario) -> tuple[str, str]:
    """Beta, which Ines manages as well, with the component Mail; gives their ids."""
    with scenario.database.write() as session:
        beta = add_page(session, NOW, name="Beta", subdomain="beta")
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW, page_id=beta.id)
        return beta.id, add_component(session, beta, NOW, name="Mail").id


def _found(offered: Json) -> list[str]:
    return [text_of(option) for option in options_of(offered)]


@pytest.mark.parametrize(
    ("command", "role"),
    [("/incident new", Role.INCIDENT_MANAGER), ("/maintenance schedule", Role.MAINTENANCE_MANAGER)],
)
def test_a_template_is_shown_only_to_who_may_still_publish(
    scenario: Scenario, stage: Stage, command: str, role: Role
) -> None:
    """Whoever lost the role while the form was open is refused when they choose a template, and reads none of it."""
    max_ = scenario.max
    with scenario.database.write() as session:
        session.execute(delete(Grant).where(Grant.subject_id == MAX))
        add_grant(session, MAX, role, NOW, page_id=stage.page_id)
    incident_id = open_incident(stage, "Sauron stirs", "Mordor is on fire.")
    said(scenario.ines, f'/incident template save {incident_id} as "down"')
    max_.type_command(command)
    with scenario.database.write() as session:
        session.execute(delete(Grant).where(Grant.subject_id == MAX))
    max_.choose("down", max_.modal)
    shown = [words_of(view) for view in max_.views()]
    assert f"That needs the role `{role}` on Acme" in shown[-1]
    assert not [words for words in shown if "Mordor" in words or "Sauron" in words]


def test_a_template_written_by_hand(scenario: Scenario, stage: Stage) -> None:
    """The button in the list opens a form; what it keeps can be used at once, with what is for nobody's eyes said."""
    ines, search = scenario.ines, stage.components["Search"]
    ines.press("New template", said(ines, "/incident template"))
    block = f"components.{stage.page_id}"
    assert _found(ines.options(block, "sea")) == ["API - Search"]
    body = "It is slow in {{region}}. :eyes: <@U0MAX00001> looks at https://wiki.corp/x"
    fields = {"name": "slow", "title": "{{service}} is slow :fire:", "body": body, "status": "identified"}
    assert ines.submit(**fields, **{block: [search]}, notifications="quiet") == {}
    answer = words_of(ines.modal)
    for words in ("Kept as the template *slow*", "cannot open this address", "`service`, `region`"):
        assert words in answer
    kept = only(everything(scenario, IncidentTemplate))
    assert (kept.name, kept.title) == ("slow", "{{service}} is slow 🔥")
    assert kept.body.startswith("It is slow in {{region}}. 👀 ")
    assert "<@" not in kept.body
    assert (kept.update_status, kept.component_ids) == (IncidentStatus.IDENTIFIED, [search])
    assert not kept.should_send_notifications
    ines.close()
    ines.type_command("/incident new template:slow")
    used = words_of(ines.modal)
    assert "{{region}}" in used
    assert "meant to notify nobody" in used


def test_the_form_on_several_pages(scenario: Scenario, stage: Stage) -> None:
    """Choosing another page offers its components and keeps the words; Max, who manages one page, is not asked."""
    beta, mail = _second_page(scenario)
    ines = scenario.ines
    ines.type_command('/incident template new "slow &amp; sad" on acme')
    ines.enter("title", "Mail is slow")
    ines.enter("page", beta)
    assert _found(ines.options(f"components.{beta}")) == ["Mail"]
    assert ines.submit(**{f"components.{beta}": [mail]}) == {}
    kept = only(everything(scenario, IncidentTemplate))
    assert (kept.page_id, kept.name, kept.title) == (beta, "slow & sad", "Mail is slow")
    assert (kept.component_ids, kept.update_status, kept.should_send_notifications) == ([mail], None, True)
    scenario.max.type_command("/incident template new")
    assert "page" not in [block.get("block_id") for block in scenario.max.modal["blocks"]]
    assert "On *Acme*" in words_of(scenario.max.modal)
    assert "incident_manager" in words_of(said(scenario.max, "/incident template new on beta"))


def test_mistakes_stand_beside_their_field(scenario: Scenario, stage: Stage) -> None:
    """A name that is taken, blanks and a secret are said beside their input, and nothing is kept."""
    ines = scenario.ines
    said(ines, f'/incident template save {open_incident(stage)} as "down"')
    ines.type_command("/incident template new")
    assert "already" in ines.submit(name="DOWN", title="Down")["name"]
    assert list(ines.submit(name="new", title="  ")) == ["title"]
    secret = scenario.desk.write_now(Actor.member(INES), lambda _tx: Secret.generate()).reveal()
    for field in ("name", "title", "body"):
        fields = {"name": "new", "title": "Down", "body": "We look."} | {field: f"See {secret}"}
        assert "secret" in ines.submit(**fields)[field]
    assert "secret" in words_of(said(ines, f'/incident template new "{secret}"'))
    assert [each.name for each in everything(scenario, IncidentTemplate)] == ["down"]


def test_a_template_is_edited(scenario: Scenario, stage: Stage) -> None:
    """The form shows what the template says; kept as it is, nothing changes; kept changed, only that does."""
    ines, search = scenario.ines, stage.components["Search"]
    incident_id = open_incident(stage, body="We see *it* & <more> in {{region}}.", components={search: None})
    said(ines, f'/incident template save {incident_id} as "down"')
    before = only(everything(scenario, IncidentTemplate))
    scenario.clock.advance(minutes=1)
    ines.type_command("/incident template edit DOWN on acme")
    assert ines.modal["title"]["text"] == "Edit the template"
    assert ines.submit() == {}
    assert only(everything(scenario, IncidentTemplate)).updated_at == before.updated_at
    ines.close()
    ines.press("Edit", said(ines, "/incident template show down"))
    assert ines.submit(title="Search is down", status="open") == {}
    assert "Changed the template *down*" in words_of(ines.modal)
    after = only(everything(scenario, IncidentTemplate))
    assert (after.id, after.name, after.title, after.update_status) == (before.id, "down", "Search is down", None)
    assert (after.body, after.component_ids) == (before.body, [search])
    # Its answer leads back to the form.
    ines.press("Edit", ines.modal)
    assert ines.submit(name="search") == {}
    assert only(everything(scenario, IncidentTemplate)).name == "search"


def test_two_people_edit_one_template(scenario: Scenario, stage: Stage) -> None:
    """The second is told and their words stay in the form; keeping once more replaces what the first wrote."""
    said(scenario.ines, f'/incident template save {open_incident(stage)} as "down"')
    for person in (scenario.ines, scenario.max):
        person.type_command("/incident template edit down")
    assert scenario.ines.submit(title="By Ines") == {}
    assert scenario.max.submit(title="By Max", body="Max looks.") == {}
    assert "Somebody changed this template since you looked" in words_of(scenario.max.modal)
    assert only(everything(scenario, IncidentTemplate)).title == "By Ines"
    assert scenario.max.submit() == {}
    kept = only(everything(scenario, IncidentTemplate))
    assert (kept.title, kept.body) == ("By Max", "Max looks.")
    scenario.max.press("Edit", scenario.max.modal)
    said(scenario.ines, "/incident template delete down")
    scenario.max.submit(title="Too late")
    assert "no such template any more" in words_of(scenario.max.modal)


def test_what_the_form_has_no_room_for_stays(scenario: Scenario, stage: Stage) -> None:
    """A long text is shown in several inputs, components beyond forty stay in the template, as does a status that
    only maintenances have."""
    with scenario.database.write() as session:
        page = session.get_one(Page, stage.page_id)
        ids = [add_component(session, page, NOW, name=f"Host {number}").id for number in range(45)]
    body = "\n\n".join([f"{number} " + "word " * 390 for number in range(3)]).strip()

    def keep(tx: Transaction) -> None:
        status = IncidentStatus.SCHEDULED
        create_template(
            tx, stage.page_id, name="long", title="Long", body=body, update_status=status, component_ids=ids
        )

    scenario.desk.write_now(Actor.member(INES), keep)
    scenario.ines.type_command("/incident template edit long")
    assert "5 more components" in words_of(scenario.ines.modal)
    assert scenario.ines.submit(**{"title": "Longer", f"components.{stage.page_id}": ids[1:3]}) == {}
    kept = only(everything(scenario, IncidentTemplate))
    assert [line.strip() for line in kept.body.split("\n")] == [line.strip() for line in body.split("\n")]
    assert kept.component_ids == [*ids[1:3], *ids[40:]]
    assert (kept.title, kept.update_status) == ("Longer", IncidentStatus.SCHEDULED)


@pytest.mark.parametrize(
    ("typed", "filled", "asked"),
    [
        (
            '"slow" on beta component:mail identified We look.',
            ("slow", "We look.", "Beta", "Identified", ["Mail"]),
            "",
        ),
        ('on beta "slow" We look.', ("slow", "We look.", "Beta", None, []), ""),
        ("slow mail on beta", ("slow mail", "", "Beta", None, []), ""),
        ("page:beta slow mail", ("slow mail", "", "Beta", None, []), ""),
        ("on beta", ("", "", "Beta", None, []), ""),
        ("page:beta", ("", "", "Beta", None, []), ""),
        ('"slow" on beta c:mail=down We &lt;look&gt;.', ("slow", "We <look>.", "Beta", None, ["Mail"]), "States of"),
        (
            '"slow" on beta compnent:mail We look.',
            ("slow", "compnent:mail We look.", "Beta", None, []),
            "Did you mean",
        ),
        ('"slow" We look.', ("slow", "We look.", "Acme", None, []), "On which page?"),
    ],
)
def test_a_template_that_was_typed(
    scenario: Scenario,
    stage: Stage,
    typed: str,
    filled: tuple[str, str, str, str | None, list[str]],
    asked: str,
) -> None:
    """The form has each word where it belongs, as that of an incident, and says what it cannot keep."""
    _second_page(scenario)
    scenario.ines.type_command(f"/incident template new {typed}")
    shown = {block["block_id"].partition(".")[0]: block["element"] for block in inputs_of(scenario.ines.modal)}
    name, body, page, status, components = filled
    assert (shown["name"].get("initial_value", ""), shown["body"].get("initial_value", "")) == (name, body)
    assert text_of(shown["page"]["initial_option"]) == page
    assert text_of(shown["status"]["initial_option"]) == (status or "Chosen when it is used")
    assert [text_of(one) for one in shown["components"].get("initial_options", ())] == components
    assert asked in words_of(scenario.ines.modal)
    assert bool(asked) == (":warning:" in words_of(scenario.ines.modal))
