"""Copies of cards whose reader may not see them any more are closed once, and never filled again."""

from functools import partial

import pytest

from desk.directory.events import take_user
from desk.people import SeenUser
from desk.policy import Policy
from desk.transaction import Actor, JobName
from sandbox.player import Json, Player, find_label, words_of
from storage.models import IncidentDraft, Member, SecondPerson
from tests.factories import MAX, MIA, OMAR
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import set_stage
from tests.scenario.keys_stage import add, said
from tests.scenario.requests_stage import everything, only

CLOSED = "You may not see this message any more"
ASKED = '/keys request "nightly export" scope:read page:acme for 30d because we export every night'


@pytest.fixture
def policy() -> Policy:
    """Owners are told in their direct messages."""
    return Policy()


def _copies(scenario: Scenario, word: str) -> list[Json]:
    return [message for message in scenario.direct_messages(scenario.omar) if word in words_of(message)]


def _as_it_is(scenario: Scenario, reader: Player, copy: Json) -> Json:
    found: Json = only([message for message in scenario.direct_messages(reader) if message["ts"] == copy["ts"]])
    return found


def _edits(scenario: Scenario, copy: Json) -> int:
    return sum(call["args"].get("ts") == copy["ts"] for call in scenario.calls("chat.update"))


def test_a_former_owner_reads_on_nowhere(scenario: Scenario) -> None:
    """Omar's copies are closed when he is owner no more: what owners decide later reaches Olivia alone. Owner again,
    he is shown what is new, and the old copies stay as they are."""
    said(scenario.mia, ASKED)
    request = only(_copies(scenario, "nightly export"))
    said(scenario.olivia, f"/roles revoke <@{OMAR}> owner")
    scenario.olivia.press("Do it", scenario.olivia.messages("C0GENERAL1")[-1])
    closed = _as_it_is(scenario, scenario.omar, request)
    assert CLOSED in words_of(closed)
    assert "nightly export" not in words_of(closed)
    assert find_label(closed, "Approve") is None
    edits = _edits(scenario, request)
    scenario.olivia.press("Deny", shows(scenario.direct_messages(scenario.olivia), "asks for an API key"))
    assert scenario.olivia.submit(reason="The dashboard does that.") == {}
    assert _copies(scenario, "The dashboard does that.") == []
    said(scenario.olivia, f"/roles grant <@{OMAR}> owner")
    said(scenario.mia, ASKED)
    only(_copies(scenario, "nightly export"))
    assert _edits(scenario, request) == edits
    assert scenario.violations() == []


def test_what_was_on_its_way_does_not_arrive(scenario: Scenario) -> None:
    """A card that leaves after its reader lost the role is not posted at all."""
    scenario.mia.type_command(ASKED)
    with scenario.database.write() as session:
        session.get_one(Member, OMAR).is_guest = True
    assert _copies(scenario, "nightly export") == []
    shows(scenario.direct_messages(scenario.olivia), "nightly export")


def test_a_guest_has_nothing_to_read(scenario: Scenario) -> None:
    """The card of Mia's own request is closed when she becomes a guest, and says nothing of what follows."""
    said(scenario.mia, ASKED)
    mine = shows(scenario.direct_messages(scenario.mia), "You asked for an API key")
    guest = SeenUser(user_id=MIA, team_id="T0ACME0001", name="Mia", handle="mia", is_guest=True)
    scenario.desk.write_now(Actor.job(JobName.SLACK), partial(take_user, seen=guest))
    assert CLOSED in words_of(_as_it_is(scenario, scenario.mia, mine))
    scenario.olivia.press("Deny", shows(scenario.direct_messages(scenario.olivia), "asks for an API key"))
    assert scenario.olivia.submit(reason="You are a guest now.") == {}
    assert CLOSED in words_of(_as_it_is(scenario, scenario.mia, mine))
    assert _edits(scenario, mine) == 1


def test_a_former_holder_does_not_read_addresses(scenario: Scenario) -> None:
    """Who was asked about a key that somebody else answers for by now is not shown how it is used."""
    key_id = add(scenario, holder_id=MIA)
    scenario.olivia.press("Ask its holder", said(scenario.olivia, f"/keys show {key_id}"))
    shows(scenario.direct_messages(scenario.mia), "do you still need", "never used")
    said(scenario.olivia, f"/keys transfer {key_id} to <@{MAX}>")
    assert "never used" not in words_of(shows(scenario.direct_messages(scenario.mia), "answers for it now"))


def test_a_former_reviewer_reads_no_unpublished_words(scenario: Scenario) -> None:
    """Max may not publish any more: the unpublished words that he was shown are gone at once, and what Ines writes
    now is not on the card that he had."""
    stage = set_stage(scenario)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    scenario.ines.type_command('/incident new "Checkout errors" component:checkout=partial_outage We look.')
    scenario.ines.press("Publish", scenario.ines.modal)
    scenario.ines.close()
    card = shows(scenario.direct_messages(scenario.max), "Checkout errors", "We look.")
    said(scenario.olivia, f"/roles revoke <@{MAX}> incident_manager")
    assert CLOSED in words_of(_as_it_is(scenario, scenario.max, card))
    draft = only(everything(scenario, IncidentDraft))
    scenario.ines.press("Take back", shows(scenario.direct_messages(scenario.ines), "You wrote a new incident"))
    after = _as_it_is(scenario, scenario.max, card)
    assert CLOSED in words_of(after)
    assert "We look." not in words_of(after)
    assert draft.author_id != MAX
