"""Signed requests whose ids and metadata are none of Keydesk's: answered in words, never with an error of ours."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.slack.app import AREAS
from handlers.slack.framework.areas import join_areas
from tests.factories import INES, TEAM
from tests.scenario.conftest import Scenario
from tests.scenario.incidents_stage import set_stage
from tests.scenario.signing import Signer

WHOLE = join_areas(AREAS)
WORDS = (
    *(
        "",
        "garbage",
        "null",
        "[]",
        "{}",
        "0",
        '"text"',
        "{",
        ":",
        "::::",
        "a:b:c",
        "-1",
        "1:x:y",
        "\ufffd\u0000",
        "[1]",
    ),
    *('{"page_id": 7}', '{"incident_id": ["x"]}', '{"v": 99, "id": {"a": 1}}', "[null, null, null]", "x" * 3000),
    *("abcdefghijkl", "abcdefghijkl:1", "abcdefghijkl:one:warned", "abcdefghijkl:99999999999999999999"),
)
STATES: tuple[dict[str, Any], ...] = ({}, {"reason": {"reason": {"type": "plain_text_input", "value": "why"}}})


@pytest.fixture
def signer(scenario: Scenario) -> Iterator[Signer]:
    """Beside a page; nothing may be logged as an error."""
    set_stage(scenario)
    with capture_logs() as logs, closing(Signer(scenario.bot.url)) as signer:
        yield signer
    assert [entry for entry in logs if entry["log_level"] in ("error", "critical")] == []


def view_of(callback_id: str, metadata: str, state: dict[str, Any]) -> dict[str, Any]:
    """A window of ours with somebody else's insides."""
    return {
        "id": "V1",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": "Window"},
        "blocks": [],
        "state": {"values": state},
    }


@pytest.mark.parametrize("callback_id", [str(name) for name, _ in WHOLE.views])
def test_a_form_with_foreign_metadata(signer: Signer, callback_id: str) -> None:
    """Each is answered."""
    for metadata in WORDS:
        for state in STATES:
            answer = signer.interact(type="view_submission", view=view_of(callback_id, metadata, state))
            assert answer.status_code == 200, (metadata, answer.text)
            assert "Something went wrong" not in answer.text, (metadata, answer.text)


@pytest.mark.parametrize("callback_id", [str(name) for name, _ in WHOLE.closed])
def test_a_closed_form_with_foreign_metadata(signer: Signer, callback_id: str) -> None:
    """Each is acknowledged."""
    for metadata in WORDS:
        answer = signer.interact(type="view_closed", view=view_of(callback_id, metadata, {}))
        assert answer.status_code == 200, (metadata, answer.text)


@pytest.mark.parametrize("action_id", [str(name) for name, _ in WHOLE.options])
def test_a_searched_menu_with_foreign_metadata(signer: Signer, action_id: str) -> None:
    """Each is given options, or told why there are none."""
    for metadata in WORDS:
        for value in ("", metadata):
            view = view_of("x", metadata, {})
            answer = signer.interact(
                type="block_suggestion", action_id=action_id, block_id="x:y", value=value, view=view
            )
            assert answer.status_code == 200, (metadata, answer.text)
            assert "went wrong" not in answer.text, (metadata, answer.text)


def test_a_button_with_a_foreign_value(signer: Signer, scenario: Scenario) -> None:
    """Each says in words that there is nothing of the kind."""
    for action_id, _ in WHOLE.actions:
        for value in WORDS:
            action = {"type": "button", "action_id": str(action_id), "block_id": "b", "value": value[:2000]}
            answer = signer.interact(
                type="block_actions", actions=[action], view=view_of("x", value, {}), container={"type": "view"}
            )
            assert answer.status_code == 200, (action_id, value, answer.text)


def test_a_command_in_whose_words_there_is_payload(signer: Signer) -> None:
    """It is a command like any other, though Slack's library takes the word for the name of a field."""
    command = {"command": "/keys", "user_id": INES, "channel_id": "C1", "team_id": TEAM, "trigger_id": "1.2.abc"}
    answer = signer.send({**command, "response_url": "", "text": "show payload=none"})
    assert (answer.status_code, "payload=none" in answer.text) == (200, True)


def test_what_nobody_answers(signer: Signer) -> None:
    """An unknown window, menu, shortcut or command is 404, an unknown button says what to do."""
    view = view_of("somebody_elses", "x", {})
    assert signer.interact(type="view_submission", view=view).status_code == 404
    assert signer.interact(type="view_closed", view=view).status_code == 404
    assert signer.interact(type="block_suggestion", action_id="x", block_id="y", value="z").status_code == 404
    assert signer.interact(type="shortcut", callback_id="x").status_code == 404
    command = {"command": "/nothing", "user_id": INES, "channel_id": "C1", "team_id": TEAM, "trigger_id": "1.2.abc"}
    assert signer.send(command).status_code == 404
    button = {"type": "button", "action_id": "x", "block_id": "y", "value": "z"}
    assert signer.interact(type="block_actions", actions=[button]).status_code == 200
