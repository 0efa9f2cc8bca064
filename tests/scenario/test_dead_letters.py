"""Dead letters: owners learn of what could not be delivered, and settle it with a button."""

import pytest

from desk.errors import NotAllowedError
from desk.messages.dead_letters import list_dead
from desk.policy import Policy
from desk.transaction import Actor
from handlers.delivery.slack.deliverer import SlackDeliverer
from handlers.delivery.worker import OutboxWorker
from sandbox.player import Json, NotOnScreenError, words_of
from storage.models import Channel, Delivery, DeliveryStatus
from tests.databases import both_databases
from tests.factories import GUS, MIA, OLIVIA, OMAR
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.outbox_stage import PATIENCE, RENDERERS, STATUS, refresh, say, show

TITLE = "A message could not be delivered"


@pytest.fixture
def story(scenario: Scenario) -> Scenario:
    """The whole stage, with a worker that knows the messages of the outbox's own tests."""
    slack = SlackDeliverer(scenario.bot.client, scenario.desk.clock, RENDERERS, timeout=PATIENCE)
    scenario.bot.worker = OutboxWorker(scenario.desk, {Channel.SLACK: slack})
    return scenario


def _archive(story: Scenario, channel: str, *, archived: bool = True) -> None:
    story.server.workspace.conversations[channel].is_archived = archived


def _letters(messages: list[Json]) -> list[Json]:
    return [message for message in messages if TITLE in words_of(message)]


def _waiting(story: Scenario) -> int:
    with story.database.read() as session:
        return session.query(Delivery).filter(Delivery.status == DeliveryStatus.PENDING).count()


def test_owners_are_told_and_retry(story: Scenario) -> None:
    """A message to an archived channel is shown to owners with what, where and why; *Retry* delivers it at last."""
    _archive(story, STATUS)
    say(story.desk, STATUS, "The key 'terraform' expires <soon>")
    letter = shows(story.owners_channel(), TITLE, "archived", f"<#{STATUS}>", "expires &lt;soon&gt;")
    _archive(story, STATUS, archived=False)
    story.olivia.press("Retry", letter)
    settled = shows(story.owners_channel(), "Delivered after all", f"<@{OLIVIA}>")
    assert settled["ts"] == letter["ts"]
    with pytest.raises(NotOnScreenError):
        story.olivia.press("Retry", settled)
    shows(story.olivia.messages(STATUS), "The key 'terraform' expires")
    assert story.violations() == []


def test_a_retry_that_fails_again_rings_again(story: Scenario) -> None:
    """When the channel is still archived at the retry, a new letter offers the buttons; the old one says so."""
    _archive(story, STATUS)
    say(story.desk, STATUS, "news")
    letter = shows(story.owners_channel(), TITLE)
    story.olivia.press("Retry", letter)
    again = shows(story.owners_channel(), TITLE, "archived")
    assert again["ts"] != letter["ts"]
    [old] = [each for each in story.owners_channel() if each["ts"] == letter["ts"]]
    assert "It failed again" in old["text"] and f"<@{OLIVIA}>" in old["text"]
    with pytest.raises(NotOnScreenError):
        story.olivia.press("Retry", old)
    _archive(story, STATUS, archived=False)
    story.omar.press("Retry", again)
    settled = shows(story.owners_channel(), "Delivered after all", f"<@{OMAR}>")
    assert settled["ts"] == again["ts"]


def test_drop_ends_it(story: Scenario) -> None:
    """*Drop* settles a letter for good: the card says who did it, and a later retry is refused with a sentence."""
    _archive(story, STATUS)
    say(story.desk, STATUS, "news")
    letter = shows(story.owners_channel(), TITLE)
    story.omar.press("Drop", letter)
    _archive(story, STATUS, archived=False)
    shows(story.owners_channel(), "dropped it", f"<@{OMAR}>")
    story.olivia.press("Retry", letter)
    shows(story.owners_channel(), "settled already")
    assert [message for message in story.olivia.messages(STATUS) if "news" in words_of(message)] == []


def test_only_owners_settle(story: Scenario) -> None:
    """A member who gets hold of the card cannot settle it, and cannot list dead letters."""
    _archive(story, STATUS)
    story.server.workspace.conversations[OWNERS_CHANNEL].members.append(MIA)
    say(story.desk, STATUS, "news")
    letter = shows(story.owners_channel(), TITLE)
    story.mia.press("Retry", letter)
    shows(story.mia.messages(OWNERS_CHANNEL), "Only owners can do that.")
    with pytest.raises(NotAllowedError):
        story.desk.read_now(Actor.member(MIA), list_dead)
    assert [dead.kind for dead in story.desk.read_now(Actor.member(OLIVIA), list_dead)] == ["test.note"]


def test_the_rest_of_the_conversation_goes_on(story: Scenario) -> None:
    """A message that Slack refuses for its content dies alone: those behind it are delivered."""
    story.fault(method="chat.postMessage", kind="error", error="invalid_blocks", match="poison")
    say(story.desk, STATUS, "poison", "antidote")
    shows(story.owners_channel(), TITLE, "mistake in Keydesk", "invalid_blocks")
    assert "antidote" in words_of(story.olivia.messages(STATUS)[-1])


@both_databases
def test_letters_about_the_owners_channel_go_to_direct_messages(story: Scenario) -> None:
    """When the owners' channel itself is dead, each owner is told in their direct messages, and it ends there."""
    _archive(story, OWNERS_CHANNEL)
    say(story.desk, OWNERS_CHANNEL, "a request waits")
    for owner in (story.olivia, story.omar):
        assert len(_letters(story.direct_messages(owner))) == 1
    assert _letters(story.direct_messages(story.mia)) == []
    assert _waiting(story) == 0


def test_a_letter_that_dies_in_the_owners_channel_goes_to_direct_messages(story: Scenario) -> None:
    """A letter about another conversation reaches owners even when their channel is dead as well; each just once."""
    _archive(story, OWNERS_CHANNEL)
    _archive(story, STATUS)
    say(story.desk, STATUS, "news")
    letter = shows(_letters(story.direct_messages(story.olivia)), f"<#{STATUS}>", "news")
    _archive(story, STATUS, archived=False)
    story.olivia.press("Retry", letter)
    assert len(story.direct_messages(story.olivia)) == 1
    shows(story.direct_messages(story.omar), "Delivered after all")
    assert _waiting(story) == 0


def test_when_nobody_can_be_told_it_ends_all_the_same(story: Scenario) -> None:
    """With every place dead, delivery comes to an end; the letters wait in the list for owners."""
    story.fault(method="chat.postMessage", kind="error", error="channel_not_found", times=50)
    say(story.desk, STATUS, "one", "two")
    story.deliver()
    assert _waiting(story) == 0
    assert [dead.what for dead in story.desk.read_now(Actor.member(OLIVIA), list_dead)] == ["one", "two"]


def test_a_card_that_is_delivered_by_a_later_change_settles_its_letter(story: Scenario) -> None:
    """A card that died and is delivered with its next change needs no retry: the letter says so."""
    _archive(story, STATUS)
    show(story.desk, STATUS, "waiting")
    letter = shows(story.owners_channel(), TITLE)
    _archive(story, STATUS, archived=False)
    show(story.desk, STATUS, "approved")
    settled = shows(story.owners_channel(), "Delivered after all")
    assert settled["ts"] == letter["ts"]
    assert story.desk.read_now(Actor.member(OLIVIA), list_dead) == []
    refresh(story.desk)
    assert story.deliver() == 1


class TestWithoutOwnersChannel:
    """The same without an owners' channel."""

    @pytest.fixture
    def policy(self) -> Policy:
        """Owners are told by direct message."""
        return policy_of()

    def test_every_owner_has_a_copy_that_shows_who_settled(self, story: Scenario) -> None:
        """Each owner has the letter; after one of them acts, every copy shows it."""
        _archive(story, STATUS)
        say(story.desk, STATUS, "news")
        copies = [_letters(story.direct_messages(owner))[-1] for owner in (story.olivia, story.omar)]
        story.omar.press("Drop", copies[1])
        for owner in (story.olivia, story.omar):
            shows(story.direct_messages(owner), "dropped it", f"<@{OMAR}>")

    def test_an_owner_who_cannot_be_reached_is_reported_to_the_others(self, story: Scenario) -> None:
        """A message to an owner that dies is shown to the other owners, not to the one who cannot be reached."""
        story.fault(method="chat.postMessage", kind="error", error="user_disabled", match=OMAR)
        say(story.desk, OMAR, "news")
        shows(story.direct_messages(story.olivia), TITLE, "deactivated", f"<@{OMAR}>")
        assert story.direct_messages(story.omar) == []

    def test_a_guest_sees_no_letter(self, story: Scenario) -> None:
        """Nobody but owners is sent a letter."""
        story.fault(method="chat.postMessage", kind="error", error="user_disabled", match=GUS)
        say(story.desk, GUS, "news")
        story.deliver()
        assert {call["args"]["channel"] for call in story.calls("chat.postMessage")} == {GUS, OLIVIA, OMAR}
