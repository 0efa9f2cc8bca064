"""How refusals read that repeat what somebody typed."""

import json

from desk.errors import InvalidInputError
from handlers.slack.framework.messages import given_back

HALF = "Check\ud83d errors\0"


def test_no_refusal_repeats_what_no_message_takes() -> None:
    """Half a character stands in an answer as a sign: Slack shows no message with one."""
    error = InvalidInputError(f"There is no “{HALF}”.", f"Write it whole: {HALF}")
    refusal = given_back(error, f"/incident show {HALF}")
    said = json.dumps([refusal.text, refusal.blocks], ensure_ascii=False).encode().decode()
    assert said.count("Check\ufffd errors\ufffd") == 4
