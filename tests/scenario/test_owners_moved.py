"""The owners' channel was set wrongly: what is said about it, and what becomes of messages once it is corrected."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from desk.messages.channels import list_channel_troubles
from desk.policy import Policy
from handlers.jobs.channels import check_channels, find_hindrance
from handlers.jobs.reconcile import RECONCILE
from handlers.jobs.sweep import sweep_unheard_now
from sandbox.conversations import Conversation
from storage.models import Page
from tests.factories import OLIVIA
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.running import RunningBot

NOWHERE = "C0NOWHERE1"
STATUS = "C0STATUS01"


@pytest.fixture
def policy() -> Policy:
    """The owners' channel does not exist."""
    return policy_of(owners_channel=NOWHERE)


@contextmanager
def started_again(scenario: Scenario, **policy: Any) -> Iterator[Scenario]:
    """Keydesk with other settings."""
    desk = replace(scenario.desk, policy=replace(scenario.desk.policy, **policy))
    bot = RunningBot(desk, slack_api_url=scenario.server.api_url)
    scenario.server.workspace.set_request_url(bot.url)
    try:
        yield replace(scenario, bot=bot, desk=desk)
    finally:
        bot.stop()


def check(scenario: Scenario) -> None:
    """Look at the channels, as each start does."""
    scenario.bot.call(check_channels(scenario.bot.client, scenario.desk))


def hindrance(scenario: Scenario, channel: str = STATUS) -> str | None:
    """What Slack says of a channel."""
    return scenario.bot.call(find_hindrance(scenario.bot.client, channel))


def request(scenario: Scenario) -> None:
    """Mia asks for a key, and the card for owners goes nowhere."""
    scenario.mia.type_command('/keys request "terraform prod" scope:read page:acme because we automate it')
    scenario.deliver()


def test_a_request_that_nobody_saw_is_decided_in_the_corrected_channel(scenario: Scenario) -> None:
    """It comes there by itself at the start, once, and can be approved; the letter about it says where it is."""
    request(scenario)
    shows(scenario.direct_messages(scenario.olivia), "could not be delivered", "terraform prod")
    with started_again(scenario, owners_channel=OWNERS_CHANNEL) as corrected:
        for _ in range(2):
            corrected.bot.call(sweep_unheard_now(corrected.desk))
        letter = shows(corrected.direct_messages(corrected.olivia), "could not be delivered at first")
        assert "Delivered after all" in letter["text"]
        cards = [card for card in corrected.owners_channel() if "terraform prod" in card["text"]]
        assert len(cards) == 1
        corrected.omar.press("Approve", cards[0])
        shows(corrected.direct_messages(corrected.mia), "approved", "terraform prod")
    assert scenario.violations() == []


def test_retry_goes_to_the_corrected_channel(scenario: Scenario) -> None:
    """An owner presses *Retry* on the letter before anything else has looked."""
    request(scenario)
    letter = shows(scenario.direct_messages(scenario.olivia), "could not be delivered")
    with started_again(scenario, owners_channel=OWNERS_CHANNEL) as corrected:
        corrected.olivia.press("Retry", letter)
        shows(corrected.owners_channel(), "terraform prod", "asks for an API key")
        settled = shows(corrected.direct_messages(corrected.omar), "Delivered after all")
        assert f"<@{OLIVIA}>" in settled["text"]


def test_the_start_says_which_channels_take_no_messages(scenario: Scenario) -> None:
    """Owners are told in direct messages what names the channel, why, and what to do: once, until it changes. Then
    the old message says that it is over."""
    check(scenario)
    check(scenario)
    [told] = scenario.direct_messages(scenario.omar)
    for words in (f"<#{NOWHERE}>", "KEYDESK_OWNERS_CHANNEL", "is gone, or it is private", "start Keydesk again"):
        assert words in told["text"]
    troubles = scenario.desk.read_now(RECONCILE, list_channel_troubles)
    assert troubles == ["KEYDESK_OWNERS_CHANNEL: channel_not_found"]
    with started_again(scenario, owners_channel=OWNERS_CHANNEL) as corrected:
        check(corrected)
        [over] = corrected.direct_messages(corrected.omar)
        assert over["ts"] == told["ts"] and "Nothing names" in over["text"]
        assert corrected.desk.read_now(RECONCILE, list_channel_troubles) == []
    assert scenario.violations() == []


def test_the_channels_of_incidents_and_of_the_digest_are_looked_at_too(scenario: Scenario) -> None:
    """What a page names as well; one that has two troubles, one after the other, rings twice."""
    with scenario.database.write() as session:
        session.query(Page).one().announcement_channel = STATUS
    channel = scenario.server.workspace.conversations[STATUS]
    with started_again(scenario, owners_channel=OWNERS_CHANNEL, digest_channel=STATUS) as corrected:
        channel.is_archived = True
        check(corrected)
        told = shows(corrected.owners_channel(), f"<#{STATUS}>", "archived")
        assert "KEYDESK_DIGEST_CHANNEL, announcement_channel of the page “Acme”" in told["text"]
        channel.is_archived = False
        channel.members.remove(corrected.server.workspace.bot_user)
        check(corrected)
        again = shows(corrected.owners_channel(), f"<#{STATUS}>", "/invite")
        assert again["ts"] != told["ts"]
        shows(corrected.owners_channel(), "there is a newer message about it")
        channel.members.append(corrected.server.workspace.bot_user)
        check(corrected)
        shows(corrected.owners_channel(), f"can post to <#{STATUS}> again")


class TestHindrances:
    """What reading tells of a channel, and nothing is posted for it."""

    def test_none(self, scenario: Scenario) -> None:
        """A channel that Keydesk is in."""
        assert hindrance(scenario) is None
        assert scenario.calls("chat.postMessage") == []

    def test_a_private_channel_without_keydesk(self, scenario: Scenario) -> None:
        """Slack does not say that it is there."""
        scenario.server.workspace.conversations["C0PRIVATE1"] = Conversation("C0PRIVATE1", "secret", is_private=True)
        assert hindrance(scenario, "C0PRIVATE1") == "channel_not_found"

    def test_permissions_of_an_earlier_manifest(self, scenario: Scenario) -> None:
        """Without the permission to look at the channel, its history says whether Keydesk is in there."""
        scenario.fault(method="conversations.info", kind="error", error="missing_scope", times=2)
        assert hindrance(scenario) is None
        channel = scenario.server.workspace.conversations[STATUS]
        channel.members.remove(scenario.server.workspace.bot_user)
        assert hindrance(scenario) == "not_in_channel"

    def test_slack_that_says_nothing(self, scenario: Scenario) -> None:
        """Nothing is known then, and nothing that was known is forgotten."""
        check(scenario)
        scenario.fault(method="conversations.info", kind="error", error="invalid_auth", times=2)
        with pytest.raises(SlackApiError):
            hindrance(scenario)
        check(scenario)
        assert scenario.desk.read_now(RECONCILE, list_channel_troubles)
