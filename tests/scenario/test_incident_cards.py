"""An incident in its page's channel: one thread, brought there however often it takes."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from desk.incidents.announcements import DeliveryState, list_deliveries
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import delete_incident
from desk.incidents.reminders import sweep_reminders
from desk.policy import Policy
from desk.transaction import Actor, JobName
from handlers.slack.framework.blocks import actions
from handlers.slack.incidents.messages import retry_button
from sandbox.player import words_of
from storage.models import (
    ComponentStatus,
    IncidentStatus,
    SecondPerson,
)
from tests.databases import both_databases
from tests.factories import INES, MAX, OLIVIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incident_cards_stage import INES_, MAX_, POLICY, STATUS, Story, labels_of, set_story

HOSTILE = "<!channel> <@U0EVIL0001> *b* `c` &lt; <#C0EVIL0001|x>"


@pytest.fixture
def policy() -> Policy:
    """Incidents are announced in #status."""
    return POLICY


@pytest.fixture
def story(scenario: Scenario) -> Story:
    """The whole stage."""
    return set_story(scenario)


def test_an_incident_is_one_thread(story: Story) -> None:
    """One message shows how it stands and is edited in place; what was said is below it, the oldest first."""
    incident = story.open(components={story.api: ComponentStatus.MAJOR_OUTAGE})
    (head,) = story.channel()
    assert "Investigating" in words_of(head)
    assert labels_of(head) == ["Update", "Resolve", "Show"]
    well: Mapping[str, Any] = {story.api: ComponentStatus.OPERATIONAL}
    story.say(incident, MAX_, status=IncidentStatus.RESOLVED, body="It was the disk.", components=well)
    (now,) = story.channel()
    assert now["ts"] == head["ts"]
    assert "Resolved" in words_of(now)
    assert labels_of(now) == ["Reopen", "Postmortem", "Show"]
    first, second = story.thread(now)
    assert "API: Operational → Major outage" in words_of(first)
    assert "API: Major outage → Operational" in words_of(second)
    assert f"<@{MAX}>" in words_of(second)
    assert second["text"] == "Checkout errors: Resolved. It was the disk."
    story.scenario.desk.write_now(Actor.member(OLIVIA), partial(delete_incident, incident_id=incident.id))
    (gone,) = story.channel()
    assert "was deleted" in words_of(gone)
    assert labels_of(gone) == []
    assert story.scenario.violations() == []


@both_databases
def test_the_heads_buttons_open_what_they_say(story: Story) -> None:
    """*Update*, *Resolve*, *Reopen* and *Postmortem* open forms for who may, *Show* tells all; others are refused."""
    incident = story.open()
    ines, (head,) = story.scenario.ines, story.channel()
    for label in ("Update", "Resolve"):
        ines.press(label, head)
        assert "Checkout errors" in words_of(ines.modal)
        ines.close()
        story.scenario.mia.press(label, head)
        shows(story.scenario.mia.messages(STATUS), "incident_manager")
    story.say(incident, status=IncidentStatus.RESOLVED)
    (head,) = story.channel()
    for label in ("Reopen", "Postmortem", "Show"):
        ines.press(label, head)
        assert "Checkout errors" in words_of(ines.modal)
        ines.close()
    assert story.scenario.violations() == []


def test_hostile_words_stay_words(story: Story) -> None:
    """Mentions and broadcasts in names and texts reach nobody, in channel, thread, card and reminder alike."""
    story.ask_second(SecondPerson.FIRST_POST)
    draft = story.hand_in(name=HOSTILE, body=HOSTILE)
    story.scenario.direct_messages(story.scenario.max)
    story.scenario.desk.write_now(MAX_, partial(publish_draft, draft_id=draft.id))
    story.scenario.clock.advance(minutes=30)
    story.scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_reminders)
    (head,) = story.channel()
    story.thread(head)
    posts = [call for method in ("chat.postMessage", "chat.update") for call in story.scenario.calls(method)]
    assert len(posts) >= 5
    for call in posts:
        assert re.search(r"<!channel>|<@U0EVIL|<#C0EVIL", str(call["args"])) is None
    assert story.scenario.violations() == []


def test_an_announcement_that_failed_is_retried(story: Story) -> None:
    """Where the channel was not found the incident is public all the same; *Retry* by who may brings it there."""
    story.scenario.fault(method="chat.postMessage", kind="error", error="channel_not_found", match=STATUS, times=2)
    incident = story.open()
    assert story.channel() == []
    assert story.states(incident) == [DeliveryState.FAILED, DeliveryState.FAILED]
    shows(story.scenario.owners_channel(), "could not be delivered", "channel is gone")
    shown = story.scenario.ines.type_command(f"/incident show {incident.id}", channel=STATUS)
    assert shown is not None
    assert words_of(shown).count("It could not be posted. The channel is gone") == 2
    story.scenario.ines.press("Retry", shown)
    shows(story.channel(), "Checkout errors", "Investigating")
    assert story.states(incident) == [DeliveryState.POSTED, DeliveryState.FAILED]
    shows(story.scenario.owners_channel(), "Delivered after all", f"<@{INES}>")
    story.scenario.ines.press("Retry", shown, nth=1)
    (head,) = story.channel()
    shows(story.thread(head), "We are looking into it.")
    assert story.states(incident) == [DeliveryState.POSTED, DeliveryState.POSTED]


def test_a_retry_is_for_who_may_publish(story: Story) -> None:
    """A member without the role who gets hold of the button is told so, and what is settled stays settled."""
    story.scenario.fault(method="chat.postMessage", kind="error", error="channel_not_found", match=STATUS)
    incident = story.open()
    story.channel()
    dead = story.scenario.desk.read_now(INES_, partial(list_deliveries, incident_id=incident.id))[0]
    retry = retry_button(dead)
    assert retry is not None
    story.scenario.bot.call(
        story.scenario.bot.client.chat_postMessage(channel=STATUS, text="Retry", blocks=[actions(retry)])
    )
    offered = story.scenario.mia.messages(STATUS)[-1]
    story.scenario.mia.press("Retry", offered)
    shows(story.scenario.mia.messages(STATUS), "incident_manager")
    assert story.states(incident)[0] is DeliveryState.FAILED
    story.scenario.max.press("Retry", offered)
    shows(story.scenario.max.messages(STATUS), "It is tried again now.")
    story.channel()
    assert story.states(incident)[0] is DeliveryState.POSTED
    story.scenario.max.press("Retry", offered)
    shows(story.scenario.max.messages(STATUS), "settled already")
