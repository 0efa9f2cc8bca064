"""Whoever waits hears of a decision by a new message, once: Slack notifies nobody of a card that is edited."""

from datetime import timedelta
from functools import partial

import pytest

from desk.incidents.drafts.drafts import discard_draft
from desk.incidents.incidents import delete_incident, update_incident
from desk.incidents.inputs import IncidentChange
from desk.keys.collecting import sweep_tickets
from desk.keys.questions import ask_holder
from desk.policy import Policy
from desk.requests.requests import sweep_requests
from desk.transaction import Actor, JobName
from sandbox.player import Json, Player, find_label, words_of
from storage.models import Incident, IncidentDraft, IncidentStatus, KeyRequest, SecondPerson, Ticket
from tests.factories import MAX, MIA, OLIVIA, OMAR
from tests.policies import policy_of
from tests.scenario.conftest import Scenario, shows
from tests.scenario.incidents_stage import Stage, set_stage
from tests.scenario.keys_stage import add
from tests.scenario.requests_stage import LINE as ASKED
from tests.scenario.requests_stage import approved, ask, everything, is_reply, mine, only, replies

LINE = '/incident new "Checkout errors" component:checkout=partial_outage We look.'


def _sweep(scenario: Scenario) -> None:
    for sweep in (sweep_requests, sweep_tickets):
        scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep)


def _new(scenario: Scenario, player: Player, before: list[Json]) -> list[Json]:
    """What has come into somebody's direct messages since."""
    known = {message["ts"] for message in before}
    return [each for each in scenario.direct_messages(player) if each["ts"] not in known]


def _reply(scenario: Scenario, player: Player) -> Json:
    """The one reply that there is, which is in the thread of the newest card and rings for its reader."""
    reply: Json = only(replies(scenario, player))
    card = [each for each in scenario.direct_messages(player) if not is_reply(each)][-1]
    assert reply["thread_ts"] == card["ts"]
    assert words_of(reply).startswith(f"<@{player.user_id}>")
    return reply


class TestRequests:
    """Who asked for a key."""

    def test_an_approval(self, scenario: Scenario) -> None:
        """Mia hears that Omar approved, and can collect from where she hears it."""
        approved(scenario, scenario.mia)
        reply = _reply(scenario, scenario.mia)
        for words in ("“terraform prod”", "approved", f"<@{OMAR}>"):
            assert words in reply["text"]
        scenario.mia.press("Collect my key", reply)
        assert "kd_" in words_of(scenario.mia.modal)
        assert scenario.violations() == []

    def test_a_denial(self, scenario: Scenario) -> None:
        """Mia hears that Omar denied it and why; she can ask again from there. The card is edited as before."""
        scenario.omar.press("Deny", ask(scenario, scenario.mia))
        scenario.omar.submit(reason="Use the one you have.")
        reply = _reply(scenario, scenario.mia)
        for words in ("“terraform prod”", "denied", f"<@{OMAR}>", "Use the one you have."):
            assert words in reply["text"]
        assert "*Denied*" in words_of(mine(scenario, scenario.mia))
        scenario.mia.press("Ask again", reply)
        assert scenario.mia.submit() == {}
        assert scenario.violations() == []

    def test_expiry(self, scenario: Scenario) -> None:
        """Nobody decides, and Mia hears so once, however often time is looked at."""
        ask(scenario, scenario.mia)
        scenario.clock.advance(days=7)
        _sweep(scenario)
        _sweep(scenario)
        assert "has expired" in _reply(scenario, scenario.mia)["text"]

    def test_a_ticket_that_lapses(self, scenario: Scenario) -> None:
        """A key that was not collected in time is said once more, after its approval."""
        approved(scenario, scenario.mia)
        scenario.clock.advance(days=3)
        _sweep(scenario)
        _sweep(scenario)
        said = [reply["text"] for reply in replies(scenario, scenario.mia)]
        assert len(said) == 2
        assert "“terraform prod” was not collected in time" in said[1]

    def test_who_decides_alone_is_told_nothing(self, scenario: Scenario) -> None:
        """Who takes their own request back knows it."""
        ask(scenario, scenario.mia)
        scenario.mia.press("Withdraw", mine(scenario, scenario.mia))
        assert "*Withdrawn*" in words_of(mine(scenario, scenario.mia))
        assert replies(scenario, scenario.mia) == []
        assert only(everything(scenario, KeyRequest)).status == "withdrawn"

    def test_a_delivery_that_is_tried_again_says_it_once(self, scenario: Scenario) -> None:
        """Slack takes the reply and its answer is lost: it is found again, not said twice."""
        card = ask(scenario, scenario.mia)
        scenario.direct_messages(scenario.mia)
        scenario.omar.press("Approve", card)
        scenario.fault(method="chat.postMessage", kind="drop", carried_out=True)
        scenario.deliver()
        scenario.clock.advance(minutes=5)
        assert len(replies(scenario, scenario.mia)) == 1


class TestRotations:
    """A rotation's ticket."""

    def test_a_takeover_that_others_decide(self, scenario: Scenario) -> None:
        """Olivia took Mia's key over and asks for its secret: she hears what Omar decided, and collects."""
        key = add(scenario, holder_id=MIA)
        scenario.olivia.type_command(f"/keys transfer {key} to <@{OLIVIA}>")
        scenario.olivia.type_command(f"/keys rotate {key}")
        scenario.omar.press("Approve", shows(scenario.owners_channel(), "To take over the key"))
        reply = _reply(scenario, scenario.olivia)
        assert "approved" in reply["text"] and f"<@{OMAR}>" in reply["text"]
        scenario.olivia.press("Collect my key", reply)
        assert "kd_" in words_of(scenario.olivia.modal)

    def test_a_rotation_that_is_taken_back_with_its_key_is_one_message(self, scenario: Scenario) -> None:
        """The key is revoked while its successor waits for Mia: she hears of the revocation, and not twice."""
        key = add(scenario, holder_id=MIA)
        scenario.olivia.type_command(f"/keys rotate {key}")
        before = scenario.direct_messages(scenario.mia)
        assert find_label(before[-1], "Collect my key")
        scenario.olivia.type_command(f"/keys revoke {key} because it leaked --yes")
        assert only(everything(scenario, Ticket)).status == "withdrawn"
        assert "was revoked" in only(_new(scenario, scenario.mia, before))["text"]

    def test_a_rotation_that_lapses(self, scenario: Scenario) -> None:
        """Nobody collects the successor: Mia hears it below the card that offered it."""
        key = add(scenario, holder_id=MIA)
        scenario.olivia.type_command(f"/keys rotate {key}")
        scenario.direct_messages(scenario.mia)
        scenario.clock.advance(days=5)
        _sweep(scenario)
        assert "was not collected in time" in _reply(scenario, scenario.mia)["text"]


class TestQuestions:
    """Who asked about a key."""

    @pytest.fixture
    def key(self, scenario: Scenario) -> str:
        """Mia's key, about which Olivia asks her."""
        key = add(scenario, holder_id=MIA, use={"last_used_at": scenario.clock.now() - timedelta(days=60)})
        self.ask(scenario, scenario.olivia, key)
        return key

    def ask(self, scenario: Scenario, player: Player, key: str) -> Json:
        """*Ask its holder*, as the digest's button does; gives the card."""
        scenario.desk.write_now(Actor.member(player.user_id), partial(ask_holder, key_id=key))
        return shows(scenario.direct_messages(scenario.mia), "do you still need")

    def test_kept(self, scenario: Scenario, key: str) -> None:
        """Olivia hears that Mia keeps it, until when and why; Omar, who did not ask, does not."""
        scenario.mia.press("Still needed…", self._question(scenario))
        assert scenario.mia.submit(reason="The nightly build.") == {}
        heard = only(scenario.direct_messages(scenario.olivia))
        for words in ("terraform", "kept", f"<@{MIA}>", "The nightly build."):
            assert words in heard["text"]
        assert scenario.direct_messages(scenario.omar) == []

    def test_not_needed(self, scenario: Scenario, key: str) -> None:
        """Olivia hears that Mia revoked it."""
        scenario.mia.press("Not needed…", self._question(scenario))
        assert scenario.mia.submit(reason="Gone since May.") == {}
        heard = only(scenario.direct_messages(scenario.olivia))["text"]
        assert "revoked" in heard and f"<@{MIA}>" in heard

    def test_answered_by_somebody_else(self, scenario: Scenario, key: str) -> None:
        """Omar suspends it before Mia answers: Olivia hears that, and nothing when it is suspended anew."""
        for command in ("suspend", "restore", "suspend"):
            scenario.omar.type_command(f"/keys {command} {key} because of a leak")
        assert "suspended" in only(scenario.direct_messages(scenario.olivia))["text"]

    def test_asked_again(self, scenario: Scenario, key: str) -> None:
        """A second question rings as well, takes the buttons over, and both who asked hear the answer."""
        first = self._question(scenario)
        second = self.ask(scenario, scenario.omar, key)
        assert second["ts"] != first["ts"]
        old = only([each for each in scenario.direct_messages(scenario.mia) if each["ts"] == first["ts"]])
        assert find_label(old, "Still needed…") is None
        scenario.mia.press("Still needed…", second)
        assert scenario.mia.submit(reason="The nightly build.") == {}
        for owner in (scenario.olivia, scenario.omar):
            assert "kept" in only(scenario.direct_messages(owner))["text"]

    def test_more_time(self, scenario: Scenario) -> None:
        """Mia hears once that her key was extended."""
        key = add(scenario, holder_id=MIA)
        scenario.mia.type_command(f"/keys extend {key} for 120d because of the migration")
        scenario.omar.press("Extend…", shows(scenario.owners_channel(), "more time"))
        assert scenario.omar.submit() == {}
        heard = only(scenario.direct_messages(scenario.mia))
        assert "extended" in heard["text"] and f"<@{OMAR}>" in heard["text"]
        assert scenario.violations() == []

    def _question(self, scenario: Scenario) -> Json:
        return shows(scenario.direct_messages(scenario.mia), "do you still need")


class TestWithoutAChannel:
    """Owners are told in direct messages."""

    @pytest.fixture
    def policy(self) -> Policy:
        """No owners' channel."""
        return policy_of()

    def test_who_asked_and_is_owner_hears_once(self, scenario: Scenario) -> None:
        """Mia revokes the key about which Olivia asked: all owners are told, and Olivia no second time."""
        key = add(scenario, holder_id=MIA)
        scenario.desk.write_now(Actor.member(OLIVIA), partial(ask_holder, key_id=key))
        scenario.mia.type_command(f"/keys revoke {key} because it is not needed --yes")
        for owner in (scenario.olivia, scenario.omar):
            assert "was revoked" in only(scenario.direct_messages(owner))["text"]
        assert "You asked about this key" in words_of(only(scenario.direct_messages(scenario.olivia)))

    def test_an_owner_who_asked_for_a_key_hears_once(self, scenario: Scenario) -> None:
        """Olivia has two cards of her own request; that Omar approved it is said once, below one of them."""
        scenario.olivia.type_command(ASKED)
        scenario.omar.press("Approve", shows(scenario.direct_messages(scenario.omar), "asks for an API key"))
        assert "approved" in only(replies(scenario, scenario.olivia))["text"]


class TestDrafts:
    """Who wrote a draft that waits for a second person."""

    @pytest.fixture
    def stage(self, scenario: Scenario) -> Stage:
        """A page on which somebody else must publish, and a draft of Ines's that waits."""
        stage = set_stage(scenario)
        stage.set_page(second_person=SecondPerson.ALWAYS)
        scenario.ines.type_command(LINE)
        scenario.ines.press("Publish", scenario.ines.modal)
        scenario.ines.close()
        scenario.direct_messages(scenario.ines)
        return stage

    def _card(self, scenario: Scenario) -> Json:
        return shows(scenario.direct_messages(scenario.max), "Checkout errors")

    @pytest.mark.page
    def test_published(self, scenario: Scenario, stage: Stage) -> None:
        """Ines hears that Max published it."""
        scenario.max.press("Publish", self._card(scenario))
        heard = _reply(scenario, scenario.ines)["text"]
        assert "published" in heard and "“Checkout errors”" in heard and f"<@{MAX}>" in heard
        assert replies(scenario, scenario.max) == []
        assert scenario.violations() == []

    def test_sent_back(self, scenario: Scenario, stage: Stage) -> None:
        """Ines hears what Max wants changed, and edits from there."""
        scenario.max.press("Send back", self._card(scenario))
        assert scenario.max.submit(reason="Say since when.") == {}
        reply = _reply(scenario, scenario.ines)
        for words in ("sent back", "“Checkout errors”", f"<@{MAX}>", "Say since when."):
            assert words in reply["text"]
        scenario.ines.press("Edit", reply)
        assert "It was sent back: Say since when." in words_of(scenario.ines.modal)

    def test_thrown_away_by_an_owner(self, scenario: Scenario, stage: Stage) -> None:
        """Ines hears that Olivia threw it away; when she throws one away herself, nothing is said."""
        draft = only(everything(scenario, IncidentDraft)).id
        scenario.desk.write_now(Actor.member(OLIVIA), partial(discard_draft, draft_id=draft))
        heard = _reply(scenario, scenario.ines)["text"]
        assert "threw away" in heard and f"<@{OLIVIA}>" in heard
        scenario.ines.type_command(LINE.replace("Checkout", "Search"))
        scenario.ines.press("Discard", scenario.ines.modal)
        assert len(replies(scenario, scenario.ines)) == 1

    def test_its_incident_is_deleted(self, scenario: Scenario, stage: Stage) -> None:
        """An update waits and its incident is deleted: Ines hears by whom, and that her draft is gone."""
        incident = self._update_waits(scenario)
        scenario.desk.write_now(Actor.member(OLIVIA), partial(delete_incident, incident_id=incident))
        heard = shows(replies(scenario, scenario.ines), "deleted")["text"]
        assert "“Checkout errors”" in heard and f"<@{OLIVIA}>" in heard

    def test_its_incident_changes(self, scenario: Scenario, stage: Stage) -> None:
        """An update waits and somebody says something else meanwhile: Ines hears once that hers cannot go out so."""
        incident = self._update_waits(scenario)
        change = IncidentChange(status=IncidentStatus.MONITORING, body="It works.")
        for _ in range(2):
            scenario.desk.write_now(
                Actor.member(OLIVIA), partial(update_incident, incident_id=incident, change=change)
            )
        heard = only([each for each in replies(scenario, scenario.ines) if "Nobody can publish" in each["text"]])
        assert "“Checkout errors”" in heard["text"]
        assert heard["thread_ts"] == shows(scenario.direct_messages(scenario.ines), "You wrote an update")["ts"]
        assert scenario.violations() == []

    def _update_waits(self, scenario: Scenario) -> str:
        """The id of Ines's incident, which Max published; her update of it waits."""
        scenario.max.press("Publish", self._card(scenario))
        scenario.ines.type_command("/incident update identified We know why.")
        scenario.ines.press("Publish", scenario.ines.modal)
        scenario.ines.close()
        scenario.deliver()
        incident: Incident = only(everything(scenario, Incident))
        return incident.id
