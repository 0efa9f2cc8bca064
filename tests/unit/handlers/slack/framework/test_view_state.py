"""What people entered, read from Slack's own form, and the menus that are searched."""

from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.slack.framework.payloads import BlockAction, ViewState, ViewSubmission

VALUES: dict[str, dict[str, Any]] = {
    "text": {"a": {"type": "plain_text_input", "value": " two\u202e words \x00"}},
    "empty": {"a": {"type": "plain_text_input", "value": None}},
    "page": {"a": {"type": "static_select", "selected_option": {"text": {}, "value": "acme"}}},
    "day": {"a": {"type": "datepicker", "selected_date": "2030-01-02"}},
    "hour": {"a": {"type": "timepicker", "selected_time": "09:30", "timezone": "Europe/Paris"}},
    "where": {"a": {"type": "conversations_select", "selected_conversation": "C0STATUS01"}},
    "start": {"a": {"type": "datetimepicker", "selected_date_time": 1893585600}},
    "later": {"a": {"type": "datetimepicker", "selected_date_time": None}},
    "components": {"a": {"type": "multi_external_select", "selected_options": [{"value": "x"}, {"value": "y"}]}},
    "people": {"a": {"type": "multi_users_select", "selected_users": ["U1"]}},
    "rooms": {"a": {"type": "multi_conversations_select", "selected_conversations": ["C1", "C2"]}},
}


def test_entries_are_read_by_block() -> None:
    """Texts are made fit to be kept, single choices of every kind are one value, several are a list, instants are
    aware and in UTC; what was left empty or is not there is empty."""
    entered = ViewState(VALUES)
    assert (entered.text("text"), entered.text("empty"), entered.text("missing")) == ("two words", "", "")
    singles = {
        block_id: entered.choice(block_id) for block_id in ("page", "day", "hour", "where", "start", "missing")
    }
    assert singles == {
        "page": "acme",
        "day": "2030-01-02",
        "hour": "09:30",
        "where": "C0STATUS01",
        "start": None,
        "missing": None,
    }
    several = [entered.choices(block_id) for block_id in ("components", "people", "rooms", "page")]
    assert several == [["x", "y"], ["U1"], ["C1", "C2"], []]
    assert entered.instant("start") == datetime(2030, 1, 2, 12, tzinfo=UTC)
    assert entered.instant("start").tzinfo is UTC  # type: ignore[union-attr]
    assert (entered.instant("later"), entered.instant("missing")) == (None, None)


def test_a_submission_reads_what_was_entered() -> None:
    """A submitted modal is read by the same words."""
    submission = ViewSubmission("U1", "V1", "", VALUES, {})
    assert submission.choice("page") == "acme" and submission.choices("people") == ["U1"]
    assert submission.text("text") == "two words"
    assert submission.instant("start") == datetime(2030, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("where", ["modal", "message", "bare"])
def test_a_click_knows_what_was_entered_beside_it(where: str) -> None:
    """A click in a modal carries the modal's entries and metadata, one in a message the message's entries."""
    state = {"state": {"values": VALUES}}
    view = {"type": "modal", "private_metadata": "kept", **state} if where == "modal" else None
    body: dict[str, Any] = state if where == "message" else {}
    click = BlockAction("U1", "a", "", "", None, view, body)
    assert click.entered.choice("page") == (None if where == "bare" else "acme")
    assert click.private_metadata == ("kept" if where == "modal" else "")
