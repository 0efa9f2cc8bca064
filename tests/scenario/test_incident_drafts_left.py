"""Drafts that are left: their author is told, finds them again with their first words, and time clears them away."""

from datetime import timedelta

import pytest

from sandbox.player import Json, NotOnScreenError, find_label, text_of, words_of
from sandbox.player import elements_of as elements
from storage.models import AuditEvent, DraftStatus, Incident, IncidentDraft, SecondPerson
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.requests_stage import everything, only

NEW = '/incident new "Checkout errors" component:checkout=partial_outage We look into the payments.'
OTHER = '/incident new "Search is slow" component:search=degraded_performance Searching takes long.'


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page with components; nothing is open."""
    return set_stage(scenario)


def labels(shown: Json) -> list[str]:
    """The buttons of a message or modal."""
    return [text_of(element) for _, element in elements(shown["blocks"]) if element["type"] == "button"]


def drafts(scenario: Scenario) -> Json:
    """What Ines reads of her drafts."""
    shown = scenario.ines.type_command("/incident drafts")
    assert shown is not None
    return shown


def states(scenario: Scenario) -> list[str]:
    """How the drafts stand."""
    return sorted(draft.status for draft in everything(scenario, IncidentDraft))


def test_closing_a_preview_says_that_the_draft_is_kept(scenario: Scenario, stage: Stage) -> None:
    """Whoever closes a preview is told once where the draft is and until when; from there it is opened or discarded,
    and the message then says what became of it."""
    scenario.ines.type_command(NEW)
    assert scenario.direct_messages(scenario.ines) == []
    scenario.ines.close()
    kept = shows(scenario.direct_messages(scenario.ines), "Checkout errors", "It is not public", "kept for you until")
    assert labels(kept) == ["Open", "Keep", "Discard"]
    scenario.ines.press("Open", kept)
    scenario.ines.close()
    assert len(scenario.direct_messages(scenario.ines)) == 1
    scenario.ines.press("Discard", kept)
    gone = shows(scenario.direct_messages(scenario.ines), "Checkout errors", "*Thrown away*")
    assert labels(gone) == []
    assert scenario.violations() == []


def test_closing_the_form_in_which_a_draft_is_edited_says_so(scenario: Scenario, stage: Stage) -> None:
    """Whoever goes from the preview to the form and closes that is told as well; an empty form says nothing."""
    scenario.ines.type_command("/incident new")
    scenario.ines.close()
    scenario.ines.type_command(NEW)
    scenario.ines.press("Edit", scenario.ines.modal)
    assert scenario.direct_messages(scenario.ines) == []
    scenario.ines.close()
    shows(scenario.direct_messages(scenario.ines), "Checkout errors", "kept for you until")


def test_closing_what_may_be_a_double_says_so_too(scenario: Scenario, stage: Stage) -> None:
    """The window that shows what is open already keeps the draft as well, and says so when it is closed."""
    scenario.ines.type_command(NEW)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.type_command(NEW.replace("errors", "down"))
    assert "This is open already" in words_of(scenario.ines.modal)
    scenario.ines.close()
    shows(scenario.direct_messages(scenario.ines), "Checkout down", "kept for you until")


def test_what_was_published_or_handed_in_says_nothing_on_closing(scenario: Scenario, stage: Stage) -> None:
    """Only what would be forgotten is told of: not what is public, and of what waits for others there is a card."""
    scenario.ines.type_command(NEW)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    assert scenario.direct_messages(scenario.ines) == []
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command(OTHER)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.max.press("Open", shows(scenario.direct_messages(scenario.max), "asks you to publish"))
    scenario.max.close()
    shows(scenario.direct_messages(scenario.ines), "It is published by a second person")
    assert not [said for said in scenario.direct_messages(scenario.max) if "kept for you" in words_of(said)]


def test_a_discarded_draft_has_no_publish(scenario: Scenario, stage: Stage) -> None:
    """The preview in which *Discard* is pressed becomes the word that it is gone; an older one does so when *Publish*
    is pressed in it, and nothing is public."""
    scenario.ines.type_command(NEW)
    scenario.ines.press("Discard", scenario.ines.modal)
    assert "Thrown away" in words_of(scenario.ines.modal)
    assert labels(scenario.ines.modal) == []
    scenario.ines.close()
    scenario.ines.type_command(OTHER)
    older = scenario.ines.modal
    scenario.ines.press("Discard", drafts(scenario))
    scenario.ines.press("Publish", older)
    assert "*Thrown away*" in words_of(scenario.ines.modal)
    assert labels(scenario.ines.modal) == []
    assert everything(scenario, Incident) == []
    assert scenario.violations() == []


def test_the_list_shows_first_words_and_discards(scenario: Scenario, stage: Stage) -> None:
    """`/incident drafts` tells drafts apart by their first words; *Discard* takes one away, and *Discard all*, which
    asks first, all that one has in hand, but nothing that waits for a second person."""
    for line in (NEW, OTHER, NEW.replace("errors", "down"), OTHER.replace("slow", "down")):
        scenario.ines.type_command(line)
        scenario.ines.close()
    shown = drafts(scenario)
    for words in ("We look into the payments.", "Searching takes long."):
        assert words in words_of(shown)
    scenario.ines.press("Discard", shown)
    assert states(scenario).count(DraftStatus.DISCARDED) == 1
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.press("Open", drafts(scenario))
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    left = drafts(scenario)
    (every,) = [element for _, element in elements(left["blocks"]) if text_of(element) == "Discard all 2 of mine"]
    assert every["confirm"]["title"]["text"] == "Throw them all away?"
    scenario.ines.press("Discard all 2 of mine", left)
    assert states(scenario) == [DraftStatus.DISCARDED] * 3 + [DraftStatus.WAITING]
    with pytest.raises(NotOnScreenError):
        scenario.ines.press("Discard", drafts(scenario))
    assert find_label(drafts(scenario), "Open")
    assert scenario.violations() == []


def test_what_nobody_comes_back_to_is_thrown_away(scenario: Scenario, stage: Stage) -> None:
    """After seven days without a change a draft is thrown away, on record, and its author is shown that. One that was
    edited meanwhile, and one that waits for a second person, stay."""
    scenario.ines.type_command(NEW)
    scenario.ines.close()
    scenario.clock.advance(days=7)
    scenario.clock.advance(seconds=-1)
    stage.sweep()
    assert states(scenario) == [DraftStatus.OPEN]
    scenario.ines.press("Open", drafts(scenario))
    scenario.ines.press("Edit", scenario.ines.modal)
    scenario.ines.submit(**{"body.0": "We have found it."})
    scenario.ines.close()
    scenario.clock.advance(days=1)
    stage.sweep()
    assert states(scenario) == [DraftStatus.OPEN]
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command(OTHER)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.clock.advance(days=7)
    stage.sweep()
    assert states(scenario) == [DraftStatus.DISCARDED, DraftStatus.WAITING]
    shows(scenario.direct_messages(scenario.ines), "Checkout errors", "*Thrown away*", "nobody came back to it")
    expired = only([event for event in everything(scenario, AuditEvent) if event.action == "draft.expired"])
    assert expired.actor == "job:sweep"
    assert scenario.violations() == []


def test_keep_puts_the_end_off(scenario: Scenario, stage: Stage) -> None:
    """*Keep* on the card puts off when the draft is thrown away, says until when, and leaves it the same draft: its
    preview opens later and is published. Of one that is decided nothing is kept."""
    scenario.ines.type_command(NEW)
    scenario.ines.close()
    kept = shows(scenario.direct_messages(scenario.ines), "kept for you until")
    before = kept["text"]
    scenario.ines.press("Keep", kept)
    again = shows(scenario.direct_messages(scenario.ines), "kept for you until")
    in_four_weeks = scenario.clock.now() + timedelta(days=28)
    assert again["ts"] == kept["ts"] and again["text"] != before
    assert f"<!date^{int(in_four_weeks.timestamp())}^" in again["text"]
    scenario.clock.advance(days=27)
    scenario.ines.press("Open", again)
    scenario.ines.press("Publish", scenario.ines.modal)
    assert [incident.name for incident in everything(scenario, Incident)] == ["Checkout errors"]
    with pytest.raises(NotOnScreenError):
        scenario.ines.press("Keep", shows(scenario.direct_messages(scenario.ines), "Published"))
    assert scenario.violations() == []
