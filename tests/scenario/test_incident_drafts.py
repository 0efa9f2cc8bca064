"""A draft on its way: quiet where its author wishes, with buttons that lead somewhere, kept when it is late."""

import pytest

from sandbox.player import Json, Player, elements_of, text_of, words_of
from storage.models import DraftStatus, Incident, IncidentDraft, IncidentUpdate, Role, SecondPerson
from tests.factories import INES, MAX, MIA
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, publish, set_stage
from tests.scenario.requests_stage import everything, only

NEW = '/incident new "Checkout errors" component:checkout=partial_outage We look.'
LATE = "/incident update identified A long text that Max wrote."


@pytest.fixture
def stage(scenario: Scenario) -> Stage:
    """A page with components; nothing is open."""
    return set_stage(scenario)


@pytest.fixture
def waiting(scenario: Scenario, stage: Stage) -> IncidentDraft:
    """An incident that Ines wants published quietly, before Max; what followed is still open."""
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command(NEW)
    scenario.ines.press("Publish quietly", scenario.ines.modal)
    draft: IncidentDraft = only(everything(scenario, IncidentDraft))
    return draft


def buttons_of(shown: Json) -> dict[str, str]:
    """The buttons of a message or modal → their styles."""
    return {
        text_of(element): element.get("style", "")
        for _, element in elements_of(shown["blocks"])
        if element["type"] == "button"
    }


def opened(person: Player) -> Json:
    """The preview of the one draft that somebody's list has."""
    drafts = person.type_command("/incident drafts")
    assert drafts is not None
    person.press("Open", drafts)
    return person.modal


def test_the_wish_to_notify_nobody_is_carried_on(scenario: Scenario, stage: Stage, waiting: IncidentDraft) -> None:
    """The second person reads that the author wants no notifications, has that as first choice, and publishes so."""
    assert "You wish to notify nobody." in words_of(scenario.ines.modal)
    card = shows(scenario.direct_messages(scenario.max), "The author wishes to notify nobody.")
    assert buttons_of(card) == {"Publish": "", "Publish quietly": "primary", "Send back": "danger", "Open": ""}
    shows(scenario.direct_messages(scenario.ines), "It is published by a second person", "You wish to notify nobody.")
    assert "The author wishes to notify nobody." in words_of(opened(scenario.max))
    scenario.max.press("Publish quietly", scenario.max.modal)
    assert [said.deliver_notifications for said in everything(scenario, IncidentUpdate)] == [False]
    for person in (scenario.max, scenario.ines):
        shows(scenario.direct_messages(person), f"*Published quietly* by <@{MAX}>", "nobody was notified")
    while scenario.max.views():
        scenario.max.close()
    scenario.max.press("Open", card)
    assert "*Published quietly*" in words_of(scenario.max.modal)
    assert buttons_of(scenario.max.modal) == {}
    assert scenario.violations() == []


def test_publishing_against_the_wish_is_asked_about(scenario: Scenario, stage: Stage, waiting: IncidentDraft) -> None:
    """*Publish* asks the second person whether people are to be notified all the same, and then notifies them."""
    card = shows(scenario.direct_messages(scenario.max), "The author wishes to notify nobody.")
    asks = {text_of(element): "confirm" in element for _, element in elements_of(card["blocks"])}
    assert (asks["Publish"], asks["Publish quietly"]) == (True, False)
    scenario.max.press("Publish", card)
    assert [said.deliver_notifications for said in everything(scenario, IncidentUpdate)] == [True]
    shows(scenario.direct_messages(scenario.ines), f"*Published* by <@{MAX}>")


def test_a_draft_that_is_handed_in_again_loudly_is_loud(
    scenario: Scenario, stage: Stage, waiting: IncidentDraft
) -> None:
    """The author takes it back, sees the wish, and hands it in with *Publish*: the card has no wish any more."""
    scenario.ines.press("Take back", opened(scenario.ines))
    assert buttons_of(scenario.ines.modal) == {
        "Publish": "",
        "Publish quietly": "primary",
        "Edit": "",
        "Discard": "",
    }
    scenario.ines.press("Publish", scenario.ines.modal)
    card = shows(scenario.direct_messages(scenario.max), "asks you to publish")
    assert "notify nobody" not in words_of(card)
    assert buttons_of(card)["Publish"] == "primary"


def test_a_preview_has_the_buttons_that_lead_somewhere(
    scenario: Scenario, stage: Stage, waiting: IncidentDraft
) -> None:
    """Who decides can publish or send back; the author can take it back or discard it, and then has all of theirs."""
    assert list(buttons_of(opened(scenario.max))) == ["Publish", "Publish quietly", "Send back"]
    preview = opened(scenario.ines)
    assert list(buttons_of(preview)) == ["Take back", "Discard"]
    assert f"It waits for <@{MAX}>." in words_of(preview)
    mine = shows(scenario.direct_messages(scenario.ines), "It is published by a second person")
    assert list(buttons_of(mine)) == ["Open", "Take back", "Discard"]
    scenario.ines.close()
    scenario.ines.press("Take back", mine)
    assert list(buttons_of(scenario.ines.modal)) == ["Publish", "Publish quietly", "Edit", "Discard"]
    card = shows(scenario.direct_messages(scenario.max), f"<@{INES}> has it in hand")
    assert buttons_of(card) == {}
    scenario.max.close()
    assert "No draft waits for you" in words_of(scenario.max.type_command("/incident drafts"))
    assert scenario.violations() == []


def test_others_read_an_open_draft_and_decide_nothing(scenario: Scenario, stage: Stage) -> None:
    """Whoever opens somebody's draft by an old button, while its author has it in hand, sees no button at all."""
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command(NEW)
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    card = shows(scenario.direct_messages(scenario.max), "asks you to publish")
    scenario.ines.press("Take back", opened(scenario.ines))
    scenario.max.press("Open", card)
    assert "We look." in words_of(scenario.max.modal)
    assert buttons_of(scenario.max.modal) == {}
    scenario.max.close()
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.max.press("Send back", shows(scenario.direct_messages(scenario.max), "asks you to publish"))
    scenario.max.submit(reason="Say since when.")
    preview = opened(scenario.ines)
    assert list(buttons_of(preview)) == ["Edit", "Discard"]
    assert "Say since when." in words_of(preview)


def test_edit_is_refused_before_anything_is_typed(scenario: Scenario, stage: Stage, waiting: IncidentDraft) -> None:
    """*Edit* on a card that is older than the handing-in opens no form: it says that the draft waits."""
    scenario.max.press("Send back", shows(scenario.direct_messages(scenario.max), "asks you to publish"))
    scenario.max.submit(reason="Say since when.")
    mine = shows(scenario.direct_messages(scenario.ines), "Say since when.")
    scenario.ines.press("Edit", mine)
    assert scenario.ines.submit() == {}
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    scenario.ines.press("Edit", mine)
    assert scenario.ines.views() == []
    shows(scenario.direct_messages(scenario.ines), "This draft waits for a second person", "take it back first")


@pytest.mark.page
def test_an_update_that_comes_too_late_is_kept_and_shown(scenario: Scenario, stage: Stage) -> None:
    """Somebody published first: the second reads by whom, when and what, that the draft is kept, and edits it."""
    publish(stage, NEW)
    scenario.max.type_command(LATE)
    assert ":mag: Investigating → :dart: Identified" in words_of(scenario.max.modal)
    scenario.clock.advance(minutes=1)
    publish(stage, "/incident update monitoring A fix is in.")
    scenario.max.press("Publish", scenario.max.modal)
    for preview in (scenario.max.modal, opened(scenario.max)):
        words = words_of(preview)
        assert "after this was written: it is :eyes: Monitoring now." in words
        assert f"by <@{INES}>" in words
        assert "A fix is in." in words
        assert "*Your draft is kept.*" in words
        assert "A long text that Max wrote." in words
        assert ":eyes: Monitoring → :dart: Identified" in words
        assert buttons_of(preview) == {"Edit": "primary", "Discard": ""}
    scenario.max.press("Edit", scenario.max.modal)
    assert scenario.max.submit() == {}
    scenario.max.press("Publish", scenario.max.modal)
    stage.wait_for_page("/", "A long text that Max wrote.")
    assert scenario.violations() == []


def test_an_update_that_would_open_again_says_so(scenario: Scenario, stage: Stage) -> None:
    """It was resolved meanwhile: the preview of the older update says that publishing it opens the incident again."""
    publish(stage, NEW)
    scenario.max.type_command(LATE)
    assert "opens it again" not in words_of(scenario.max.modal)
    scenario.clock.advance(minutes=1)
    publish(stage, "/incident resolve It works.")
    scenario.max.press("Publish", scenario.max.modal)
    words = words_of(scenario.max.modal)
    assert "Resolved → :dart: Identified" in words
    assert "*This opens it again.*" in words
    assert "It works." in words


def test_a_component_that_moved_on_is_shown(scenario: Scenario, stage: Stage) -> None:
    """Another incident brought the component into another state: the preview says which, and has *Edit* first."""
    scenario.max.type_command('/incident new "Slow" component:search=degraded_performance We look.')
    publish(stage, '/incident new "Search is down" component:search=major_outage We look, too.')
    scenario.max.press("Publish", scenario.max.modal)
    scenario.max.press("It is something else: open a new one", scenario.max.modal)
    words = words_of(scenario.max.modal)
    assert "API - Search was :large_green_circle: Operational when this was written" in words
    assert "and is :red_circle: Major outage now." in words
    assert buttons_of(scenario.max.modal) == {"Edit": "primary", "Discard": ""}
    assert len(everything(scenario, Incident)) == 1


def test_a_late_draft_cannot_be_published_by_the_second_person(scenario: Scenario, stage: Stage) -> None:
    """While it waits its incident changes: the card loses *Publish*, and the author is told to take it back."""
    publish(stage, NEW)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.max.type_command(LATE)
    scenario.max.press("Publish", scenario.max.modal)
    scenario.max.close()
    stage.set_page(second_person=SecondPerson.NEVER)
    scenario.clock.advance(minutes=1)
    publish(stage, "/incident update monitoring A fix is in.")
    stage.set_page(second_person=SecondPerson.ALWAYS)
    card = shows(scenario.direct_messages(scenario.ines), "asks you to publish", "A fix is in.")
    assert list(buttons_of(card)) == ["Send back", "Open"]
    heard = scenario.direct_messages(scenario.max)
    shows(heard, "Nobody can publish an update of *Checkout errors* as it is.")
    mine = only([message for message in heard if "Take back" in buttons_of(message)])
    assert "*Your draft is kept.* *Take back*, then *Edit*," in words_of(mine)
    scenario.max.press("Take back", mine)
    assert buttons_of(scenario.max.modal) == {"Edit": "primary", "Discard": ""}


def test_a_draft_that_waits_is_reminded_of(scenario: Scenario, stage: Stage, waiting: IncidentDraft) -> None:
    """After ten minutes whoever may publish it is reminded, after thirty owners are told; both follow its end."""
    scenario.clock.advance(minutes=9)
    stage.sweep()
    assert not any("waits since" in words_of(message) for message in scenario.direct_messages(scenario.max))
    scenario.clock.advance(minutes=1)
    stage.sweep()
    reminder = shows(scenario.direct_messages(scenario.max), f"<@{INES}> waits since")
    stage.sweep()
    scenario.clock.advance(minutes=20)
    stage.sweep()
    late = shows(scenario.owners_channel(), f"<@{INES}> waits since", f"Nobody has decided. Asked: <@{MAX}>.")
    assert sum("waits since" in words_of(one) for one in scenario.direct_messages(scenario.max)) == 1
    scenario.olivia.press("Open", late)
    scenario.olivia.press("Publish quietly", scenario.olivia.modal)
    for messages, ts in ((scenario.owners_channel(), late["ts"]), (scenario.max.direct_messages(), reminder["ts"])):
        settled = only([message for message in messages if message["ts"] == ts])
        assert "*Published quietly*" in words_of(settled)
        assert buttons_of(settled) == {}
    assert scenario.violations() == []


def test_who_may_publish_it_since_is_asked_as_well(scenario: Scenario, stage: Stage, waiting: IncidentDraft) -> None:
    """Mia becomes an incident manager while the draft waits: she gets its card, and the author reads her name."""
    stage.grant(MIA, Role.INCIDENT_MANAGER)
    scenario.clock.advance(minutes=1)
    stage.sweep()
    card = shows(scenario.direct_messages(scenario.mia), f"<@{INES}> asks you to publish", "Checkout errors")
    shows(scenario.direct_messages(scenario.ines), "It is published by a second person", f"<@{MIA}>")
    scenario.mia.press("Publish quietly", card)
    assert only(everything(scenario, IncidentDraft)).status == DraftStatus.PUBLISHED
