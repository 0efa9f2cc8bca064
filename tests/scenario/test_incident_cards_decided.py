"""Cards that ask somebody to do something about an incident: the second person's, and reminders."""

from functools import partial

import pytest

from desk.incidents.drafts.drafts import revise_draft, send_back
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import NewIncident
from desk.incidents.lookup import get_incident, list_updates
from desk.incidents.reminders import sweep_reminders
from desk.policy import Policy
from desk.secret import Secret
from desk.transaction import Actor, JobName
from sandbox.player import NotOnScreenError, words_of
from storage.models import (
    ComponentStatus,
    DraftStatus,
    IncidentStatus,
    Role,
)
from tests.factories import INES, MAX, OLIVIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incident_cards_stage import INES_, MAX_, POLICY, STATUS, Story, labels_of, set_story


@pytest.fixture
def policy() -> Policy:
    """Incidents are announced in #status."""
    return POLICY


@pytest.fixture
def story(scenario: Scenario) -> Story:
    """The whole stage."""
    return set_story(scenario)


def test_a_draft_is_sent_back_with_a_reason(story: Story) -> None:
    """*Send back* asks why and refuses secrets; both sides read the reason, and an old card's button is answered."""
    story.ask_second()
    draft = story.hand_in()
    card = shows(story.scenario.direct_messages(story.scenario.max), "asks you to publish", "looking into it")
    shows(story.scenario.direct_messages(story.scenario.ines), "second person", f"<@{MAX}>")
    story.scenario.max.press("Send back", card)
    secret = Secret.generate().reveal()
    assert "holds the secret" in story.scenario.max.submit(reason=f"Not with {secret}")["reason"]
    assert story.scenario.max.submit(reason="Say *since when* <!here>") == {}
    assert story.scenario.max.views() == []
    assert story.draft(draft.id).status == DraftStatus.SENT_BACK
    now = shows(story.scenario.direct_messages(story.scenario.max), "Sent back")
    assert now["ts"] == card["ts"]
    assert labels_of(now) == []
    mine = shows(story.scenario.direct_messages(story.scenario.ines), f"*Sent back* by <@{MAX}>", "&lt;!here&gt;")
    assert labels_of(mine) == ["Edit", "Keep", "Discard"]
    story.scenario.max.press("Send back", card)
    shows(story.scenario.direct_messages(story.scenario.max), "This draft was sent back already.")
    story.scenario.ines.press("Discard", mine)
    shows(story.scenario.direct_messages(story.scenario.max), f"*Thrown away* by <@{INES}>")
    assert secret not in str(story.draft(draft.id).decision_reason)
    assert story.scenario.violations() == []


def test_the_second_person_publishes(story: Story) -> None:
    """*Publish* on the card brings the incident to the channel; both cards say by whom. A second press is late."""
    story.ask_second()
    story.hand_in()
    card = shows(story.scenario.direct_messages(story.scenario.max), "asks you to publish")
    story.scenario.max.press("Publish", card)
    shows(story.channel(), "Checkout errors", "Investigating")
    for person in (story.scenario.max, story.scenario.ines):
        shows(story.scenario.direct_messages(person), f"*Published* by <@{MAX}>", "On the page")
    story.scenario.max.press("Publish", card)
    shows(story.scenario.direct_messages(story.scenario.max), "This draft")
    assert len(story.channel()) == 1


def test_what_was_sent_back_is_what_was_read(story: Story) -> None:
    """Who has the reason still open while the draft is changed and handed in anew is asked to read it again."""
    story.ask_second()
    draft = story.hand_in()
    max_ = story.scenario.max
    max_.press("Send back", shows(story.scenario.direct_messages(max_), "asks you to publish"))
    write, changed = story.scenario.desk.write_now, NewIncident(name="Checkout errors", body="Better words.")
    write(Actor.member(OLIVIA), partial(send_back, draft_id=draft.id, reason="Too vague."))
    write(INES_, partial(revise_draft, draft_id=draft.id, content=changed))
    write(INES_, partial(publish_draft, draft_id=draft.id))
    max_.submit(reason="Too vague.")
    assert "This draft was changed since you looked." in words_of(max_.modal)
    assert story.draft(draft.id).status == DraftStatus.WAITING


def test_publishing_alone_is_announced(story: Story) -> None:
    """A critical incident that a role may publish alone is public at once, and its thread says so aloud."""
    story.ask_second(second_person_skipped_by=str(Role.INCIDENT_MANAGER))
    story.hand_in(components={story.api: ComponentStatus.MAJOR_OUTAGE})
    (head,) = story.channel()
    alone = shows(story.thread(head), "without a second person")
    assert f"<@{INES}> published" in words_of(alone)


def test_a_reminder_is_snoozed(story: Story) -> None:
    """*Snooze* puts the next one off and the card says until when and by whom; others learn that they may not."""
    incident = story.open()
    story.scenario.clock.advance(minutes=30)
    sweep = partial(story.scenario.desk.write_now, Actor.job(JobName.SWEEP), sweep_reminders)
    assert sweep() == 1
    reminder = shows(story.scenario.direct_messages(story.scenario.ines), "Time for an update", "30 minutes")
    story.scenario.ines.choose("2 hours", reminder)
    snoozed = shows(story.scenario.direct_messages(story.scenario.ines), "Snoozed until", f"<@{INES}>")
    assert snoozed["ts"] == reminder["ts"]
    assert labels_of(snoozed) == ["Update", "Nothing new"]
    story.scenario.clock.advance(minutes=119)
    assert sweep() == 0
    story.scenario.clock.advance(minutes=1)
    assert sweep() == 1
    in_channel = shows(story.channel(), "Time for an update")
    story.scenario.mia.choose("1 hour", in_channel)
    shows(story.scenario.mia.messages(STATUS), "incident_manager")
    story.say(incident, MAX_, body="A fix is on its way.")
    for shown in (story.scenario.direct_messages(story.scenario.ines), story.channel()):
        done = shows(shown, f"Updated since, by <@{MAX}>")
        assert labels_of(done) == []
        with pytest.raises(NotOnScreenError):
            story.scenario.ines.choose("1 hour", done)
    story.say(incident, status=IncidentStatus.RESOLVED)
    story.scenario.ines.choose("1 hour", reminder)
    shows(story.scenario.direct_messages(story.scenario.ines), "Nobody is reminded of")
    assert story.scenario.violations() == []


def test_nothing_new_is_previewed_and_published(story: Story) -> None:
    """*Nothing new* shows a holding update before anybody reads it; published, the reminder is done."""
    incident = story.open()
    story.scenario.clock.advance(minutes=30)
    story.scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_reminders)
    reminder = shows(story.scenario.direct_messages(story.scenario.ines), "Time for an update")
    story.scenario.ines.press("Nothing new", reminder)
    assert "We are continuing to investigate this issue." in words_of(story.scenario.ines.modal)
    with story.scenario.database.read() as session:
        assert len(list_updates(session, [incident.id])) == 1
    story.scenario.ines.press("Publish", story.scenario.ines.modal)
    (head, *_) = story.channel()
    shows(story.thread(head), "We are continuing to investigate this issue.")
    shows(story.scenario.direct_messages(story.scenario.ines), "Updated since, by")
    with story.scenario.database.read() as session:
        assert get_incident(session, incident.id).status == IncidentStatus.INVESTIGATING
    assert story.scenario.violations() == []
