"""Slack's published error codes, of every method that Keydesk calls, and the class that each is put in.

`data/slack_errors.json` holds what Slack's reference lists for each method, and what it lists for all of them.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from handlers.delivery.deliverer import Trouble
from handlers.slack.deliveries.messages import reason_in_words
from handlers.slack.framework.error_codes import CLASSES, TOKEN_REFUSED, trouble_of
from tests.docs.test_manifest import used_methods

_DATA = json.loads((Path(__file__).parent / "data" / "slack_errors.json").read_text(encoding="utf-8"))
_ALL = "of every method"


def test_every_method_in_use_has_its_list_of_errors() -> None:
    """A method that comes into use needs the errors that Slack publishes for it, and no other has any here."""
    assert {method.replace(".", "_") for method in set(_DATA) - {_ALL}} == used_methods()


@pytest.mark.parametrize("method", sorted(_DATA))
def test_every_published_error_is_in_a_class(method: str) -> None:
    """No published code is left to chance: each is in exactly one class."""
    classified = Counter(code for codes in CLASSES.values() for code in codes)
    assert {code: classified[code] for code in _DATA[method]} == dict.fromkeys(_DATA[method], 1)


@pytest.mark.parametrize(
    "code",
    ["is_inactive", "is_archived", "ekm_access_denied", "no_permission", "team_access_not_granted", "not_in_channel"],
)
def test_trouble_of_one_place_stops_no_other(code: str) -> None:
    """What Slack says of one conversation ends that conversation's message alone."""
    assert trouble_of(code) is Trouble.PLACE


def test_a_refused_token_is_the_trouble_of_all() -> None:
    """Codes that say that the token is refused pause everything and give nothing up."""
    assert {trouble_of(code) for code in TOKEN_REFUSED} == {Trouble.ACCOUNT}


@pytest.mark.parametrize("code", ["message_limit_exceeded", "external_channel_migrating", "update_failed"])
def test_what_may_pass_has_an_end(code: str) -> None:
    """What comes without a time to wait is tried again more and more seldom, and not for ever."""
    assert trouble_of(code) in {Trouble.OUTAGE, Trouble.UNKNOWN}


def test_what_is_given_up_is_told_in_words() -> None:
    """For each published code that can end a delivery, owners read a sentence and not the bare code."""
    called = ("chat.postMessage", "chat.update", "conversations.open", "conversations.history", _ALL)
    posted = {code for method in called for code in _DATA[method]}
    ended = [code for code in posted if trouble_of(code) in {Trouble.PLACE, Trouble.MESSAGE}]
    assert [code for code in ended if reason_in_words(code).startswith("Slack said")] == []
