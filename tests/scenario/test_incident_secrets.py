"""The secret of an API key, typed where incidents and maintenances are written: refused, and kept nowhere."""

import json
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import inspect, text
from structlog.testing import capture_logs

from desk.secret import Secret
from sandbox.player import Player, inputs_of, words_of
from storage.models import Role, SecondPerson
from tests.databases import both_databases
from tests.factories import INES
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_made import draft_update, open_incident, plan, resolve
from tests.scenario.incidents_stage import Stage, set_stage

SECRET = Secret.generate().reveal()
REFUSED = "That holds the secret of an API key, so it was not kept."
LINES = [
    '/incident new "Errors" investigating {}',
    '/incident new "Errors {}" We look',
    '/incident new "Errors" template:{} We look',
    '/incident new "Errors" component:{} We look',
    "/incident new {}",
    "/incident update OPEN monitoring {}",
    "/incident resolve OPEN {}",
    "/incident reopen OVER {}",
    '/incident backfill "Short" on acme at 2026-02-01 14:00 {}',
    '/incident backfill "{}" on acme at 2026-02-01 14:00 It was short',
    '/incident template save OPEN as "{}"',
    "/incident template show {}",
    "/incident postmortem {}",
    "/incident show {}",
    "/incident list {}",
    "/incident {}",
    '/maintenance schedule "Upgrade" from tomorrow 22:00 for 3h {}',
    '/maintenance schedule "{}" from tomorrow 22:00 for 3h',
    "/maintenance update PLANNED {}",
    "/maintenance start PLANNED {}",
    "/maintenance reschedule PLANNED from tomorrow 22:00 for 3h {}",
    "/maintenance cancel PLANNED {}",
    "/maintenance list {}",
    "/maintenance {}",
]
FORMS = [
    "/incident new",
    "/incident update OPEN",
    "/incident postmortem OVER",
    "/incident backfill",
    "/incident template save OPEN",
    "/maintenance schedule",
    "/maintenance reschedule PLANNED",
    "/maintenance cancel PLANNED",
]


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """The page and its people; Ines manages maintenances, too."""
    stage = set_stage(scenario)
    stage.grant(INES, Role.MAINTENANCE_MANAGER)
    return stage


def _say(stage: Stage, line: str, ids: dict[str, str]) -> str:
    return re.sub("OPEN|OVER|PLANNED", lambda found: ids[found[0]], line).replace("{}", SECRET)


def _seed(stage: Stage) -> dict[str, str]:
    ids = {"OVER": open_incident(stage, "Old"), "OPEN": open_incident(stage), "PLANNED": plan(stage)}
    resolve(stage, ids["OVER"])
    return ids


def _fill_in(player: Player, when: datetime) -> set[str]:
    """Type the secret into each text of the modal in turn, and submit it; gives what that was answered with."""
    said = set()
    if any(block["block_id"] == "scheduled_for" for block in inputs_of(player.modal)):
        player.enter("scheduled_for", when)
        player.enter("scheduled_until", when + timedelta(hours=1))
    texts = [block["block_id"] for block in inputs_of(player.modal) if block["element"]["type"] == "plain_text_input"]
    for block_id in texts:
        others = {one: "We look into it." for one in texts if one != block_id}
        said |= set(player.submit(**others, **{block_id: f"It is {SECRET}, they say."}).values())
    return said


def _rows_with_the_secret(stage: Stage) -> list[str]:
    rows = []
    with stage.scenario.database.read() as session:
        for table in inspect(stage.scenario.database.engine).get_table_names():
            found = session.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608 - names come from the schema
            rows += [table for row in found if SECRET in str(tuple(row))]
    return rows


def _told_to_slack(scenario: Scenario) -> list[str]:
    """Which calls and answers of the bot repeat it. What Slack itself delivers to the bot does of course."""
    told = []
    for entry in scenario.control.journal():
        said = entry.get("args") if entry["kind"] == "api" else entry.get("response_payload") or entry.get("body")
        if SECRET[:20] in json.dumps(said):
            told.append(str(entry.get("method") or entry["kind"]))
    return told


@both_databases
def test_a_secret_in_a_line_is_refused(scenario: Scenario, stage: Stage) -> None:
    """Each command refuses the line that holds it, before any form, and neither a row nor an answer repeats it."""
    ids = _seed(stage)
    with capture_logs() as logs:
        for line in LINES:
            answer = scenario.ines.type_command(_say(stage, line, ids))
            assert answer is not None, line
            assert REFUSED in words_of(answer), line
            assert scenario.ines.views() == []
    scenario.deliver()
    assert _rows_with_the_secret(stage) == []
    assert _told_to_slack(scenario) == []
    assert SECRET not in str(logs)


def test_a_secret_in_a_form_is_refused(scenario: Scenario, stage: Stage) -> None:
    """Each text of each form refuses it beside the input, and keeps nothing of what was submitted."""
    ids = _seed(stage)
    with capture_logs() as logs:
        for line in FORMS:
            scenario.ines.type_command(_say(stage, line, ids))
            answers = _fill_in(scenario.ines, scenario.clock.now() + timedelta(days=9))
            assert answers, line
            assert all(REFUSED in said for said in answers), (line, answers)
            scenario.ines.close()
    scenario.deliver()
    assert _rows_with_the_secret(stage) == []
    assert _told_to_slack(scenario) == []
    assert SECRET not in str(logs)


def test_a_form_that_follows_does_not_repeat_it(scenario: Scenario, stage: Stage) -> None:
    """Whoever chooses something while it stands in a text is told; the form is not sent to Slack again with it."""
    ids = _seed(stage)
    ines = scenario.ines
    for line, block_id, value in (
        ("/incident update OPEN", "status.0", "resolved"),
        ("/maintenance schedule", "scheduled_for", scenario.clock.now()),
        ("/maintenance reschedule PLANNED", "scheduled_for", scenario.clock.now()),
    ):
        ines.type_command(_say(stage, line, ids))
        ines.enter("body.0", f"It is {SECRET}.")
        ines.enter(block_id, value)
        assert REFUSED in json.dumps([ines.views(), scenario.control.journal(kind="api")[-1]])
        while ines.views():
            ines.close()
    assert _told_to_slack(scenario) == []


def test_a_secret_as_the_reason_of_a_second_person(scenario: Scenario, stage: Stage) -> None:
    """Who sends a draft back with it is refused beside the reason, and its author reads nothing of it."""
    stage.set_page(second_person=SecondPerson.ALWAYS)
    draft_update(stage, open_incident(stage), "Still looking.", waits=True)
    card = scenario.direct_messages(scenario.max)[-1]
    scenario.max.press("Send back", card)
    assert REFUSED in str(scenario.max.submit(reason=f"Take {SECRET} out"))
    scenario.deliver()
    assert _rows_with_the_secret(stage) == []
    assert _told_to_slack(scenario) == []
