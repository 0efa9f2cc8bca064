"""`/incident show` and *Show*: everything about an incident, and what may be done with it."""

from collections.abc import Iterator

import pytest

from sandbox.player import Json, elements_of, text_of, words_of
from storage.models import ComponentStatus, IncidentStatus, Role
from tests.factories import GUS, MIA
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import open_incident, plan, resolve, say, say_often, stored_incident
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import said


@pytest.fixture
def stage(scenario: Scenario) -> Iterator[Stage]:
    """The page, its components and its incident managers; Slack accepts everything."""
    yield set_stage(scenario)
    assert scenario.violations() == []


def _buttons(surface: Json) -> list[str]:
    return [text_of(element) for _, element in elements_of(surface["blocks"]) if element["type"] == "button"]


def test_everything_about_an_incident(scenario: Scenario, stage: Stage) -> None:
    """State, impact, components, the timeline newest first with who said what when, and when somebody is reminded."""
    checkout, search = stage.components["Checkout"], stage.components["Search"]
    incident_id = open_incident(
        stage, body="*We* look, @here <script>", components={checkout: ComponentStatus.MAJOR_OUTAGE}
    )
    say(
        stage,
        incident_id,
        "A fix is **in**.",
        status=IncidentStatus.MONITORING,
        components={checkout: ComponentStatus.DEGRADED_PERFORMANCE, search: None},
        deliver_notifications=False,
    )
    scenario.deliver()
    shown = said(scenario.mia, "/incident show checkout")
    text = words_of(shown)
    for words in (
        "*Checkout errors*",
        "Monitoring",
        "Critical impact",
        "API - Checkout: Degraded performance",
        "API - Search: Operational",
        "API - Checkout: Major outage → Degraded performance",
        "by <@U0INES0001>, quietly",
        "A fix is *in*.",
        "_We_ look, @here &lt;script&gt;",
        "Reminder of the next update",
        "Posted in <#C0STATUS01>",
        incident_id,
    ):
        assert words in text
    assert text.index("A fix is") < text.index("_We_ look")
    assert "On the page" in text
    assert _buttons(shown) == []
    link = stored_incident(scenario, incident_id).shortlink
    assert words_of(said(scenario.mia, f"/incident show <{link}>")) == text
    assert "full members" in words_of(said(scenario.person(GUS), f"/incident show {incident_id}"))
    assert "There is no incident" in words_of(said(scenario.mia, '/incident show "Another one"'))


def test_buttons_follow_role_and_state(scenario: Scenario, stage: Stage) -> None:
    """Each person finds what they may do with an incident as it stands; others find nothing to press."""
    stage.grant(MIA, Role.MAINTENANCE_MANAGER)
    incident_id, maintenance_id = open_incident(stage), plan(stage)
    expected = {
        ("ines", incident_id): ["Update", "Resolve", "Keep as template"],
        ("mia", incident_id): [],
        ("ines", maintenance_id): [],
        ("mia", maintenance_id): ["Update", "Start", "Cancel"],
        ("olivia", maintenance_id): ["Update", "Start", "Cancel"],
    }
    players = {"ines": scenario.ines, "mia": scenario.mia, "olivia": scenario.olivia}
    for (name, subject), buttons in expected.items():
        assert _buttons(said(players[name], f"/incident show {subject}")) == buttons
    resolve(stage, incident_id)
    over = said(scenario.ines, f"/incident show {incident_id}")
    assert _buttons(over) == ["Reopen", "Postmortem", "Keep as template"]
    scenario.ines.press("Reopen", over)
    assert "Checkout errors" in words_of(scenario.ines.modal)


def test_an_announcement_that_failed(scenario: Scenario, stage: Stage) -> None:
    """What did not reach the channel says so with *Retry*, which sends it again; afterwards it says where it is."""
    scenario.fault(method="chat.postMessage", kind="error", error="is_archived", times=1)
    incident_id = open_incident(stage)
    waiting = words_of(said(scenario.ines, f"/incident show {incident_id}"))
    assert "Waits to be posted" in waiting
    scenario.deliver()
    failed = said(scenario.ines, f"/incident show {incident_id}")
    assert "The channel is archived" in words_of(failed)
    scenario.ines.press("Retry", failed)
    assert "Checkout errors" in words_of(stage.channel()[-1])
    posted = said(scenario.ines, f"/incident show {incident_id}")
    assert "Posted in <#C0STATUS01>" in words_of(posted)
    assert "Retry" not in _buttons(posted)


def test_a_long_story_is_cut(scenario: Scenario, stage: Stage) -> None:
    """A timeline longer than Slack takes shows its latest part and says how much there is before it."""
    incident_id = open_incident(stage, "n&<" * 80, "the very first words")
    say_often(stage, incident_id, [f"{number} " + "word & <word> " * 120 for number in range(40)])

    def told(surface: Json) -> int:
        return sum("by <@U0INES0001>" in words_of(block) for block in surface["blocks"])

    message = said(scenario.ines, f"/incident show {incident_id}")
    assert len(message["blocks"]) <= 50
    assert "39 word" in words_of(message)
    assert 5 < told(message) < 41
    assert f"{41 - told(message)} earlier" in words_of(message)
    scenario.ines.press("Show", said(scenario.ines, "/incident list"))
    view = scenario.ines.modal
    assert len(view["blocks"]) <= 100
    assert "39 word" in words_of(view)
    assert told(view) > told(message)
    assert f"{41 - told(view)} earlier" in words_of(view)
    assert "the very first words" not in words_of(view)
