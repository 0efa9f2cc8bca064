"""Owners decide by button: approve, change, deny; reminders, expiry and two owners at once."""

import threading

import pytest

from desk.keys.collecting import sweep_tickets
from desk.policy import Policy
from desk.requests.requests import sweep_requests
from desk.transaction import Actor, JobName
from sandbox.player import find_label, words_of
from storage.models import Grant, KeyRequest, RequestStatus, Ticket
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA, OMAR
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.requests_stage import LINE, approved, ask, change_member, everything, mine, only

BUTTONS = ("Approve", "Change and approve", "Deny")


def _sweep(scenario: Scenario) -> None:
    for sweep in (sweep_requests, sweep_tickets):
        scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep)


def _end_ownership(scenario: Scenario, user_id: str) -> None:
    with scenario.database.write() as session:
        grant = session.query(Grant).filter_by(subject_id=user_id).one()
        grant.ended_at = scenario.clock.now()


def _has_buttons(message: dict[str, object]) -> bool:
    return any(find_label(message, label) for label in BUTTONS)


def test_an_approval_shows_everywhere(scenario: Scenario) -> None:
    """After *Approve* the card has no buttons and says who and when; the requester can collect."""
    scenario.omar.press("Approve", ask(scenario, scenario.mia))
    card = shows(scenario.owners_channel(), "*Approved*", f"<@{OMAR}>")
    assert not _has_buttons(card)
    assert "Waits for" in words_of(card)
    ready = mine(scenario, scenario.mia)
    assert "*Approved*" in words_of(ready)
    assert find_label(ready, "Collect my key")
    assert scenario.violations() == []


def test_a_denial_is_explained(scenario: Scenario) -> None:
    """*Deny* wants a reason; the reason, and whose it is, shows on the card and to the requester."""
    scenario.omar.press("Deny", ask(scenario, scenario.mia))
    assert "> we automate it" in words_of(scenario.omar.modal)
    assert "why" in scenario.omar.submit(reason="   ")["reason"]
    assert scenario.omar.submit(reason="Use the one you have.") == {}

    for card in (shows(scenario.owners_channel(), "*Denied*"), mine(scenario, scenario.mia)):
        assert f"<@{OMAR}>" in words_of(card)
        assert "> Use the one you have." in words_of(card)
        assert not _has_buttons(card)
    assert find_label(mine(scenario, scenario.mia), "Ask again")
    assert scenario.violations() == []


def test_a_narrower_approval_says_what_was_changed(scenario: Scenario) -> None:
    """*Change and approve* grants less; the card and the requester are shown what was left out."""
    scenario.omar.press("Change and approve", ask(scenario, scenario.mia))
    assert scenario.omar.submit(scopes=["read"], lifetime_days="30") == {}

    request: KeyRequest = only(everything(scenario, KeyRequest))
    assert (request.status, request.granted_scopes, request.granted_lifetime_days) == ("approved", ["read"], 30)
    for card in (shows(scenario.owners_channel(), "*Approved*"), mine(scenario, scenario.mia)):
        assert "without `components:write`" in words_of(card)
        assert "for 30 days instead of 90 days" in words_of(card)
    assert scenario.violations() == []


def test_a_change_can_not_widen(scenario: Scenario) -> None:
    """The form offers what was asked and parts of it alone, and a longer life is refused beside its field."""
    scenario.omar.press("Change and approve", ask(scenario, scenario.mia))
    scopes = next(block for block in scenario.omar.modal["blocks"] if block.get("block_id") == "scopes")
    offered = [option["value"] for option in scopes["element"]["options"]]
    assert offered == ["read", "component_status:write", "components:write"]
    assert set(scenario.omar.submit(lifetime_days="91")) == {"lifetime_days"}
    assert only(everything(scenario, KeyRequest)).status == RequestStatus.PENDING


def test_permission_is_read_at_the_click(scenario: Scenario) -> None:
    """Somebody whose ownership ended presses the buttons of a card they still see: only owners decide."""
    card = ask(scenario, scenario.mia)
    _end_ownership(scenario, OLIVIA)
    for label in BUTTONS:
        scenario.olivia.press(label, card)
        assert "Only owners can" in words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
    assert scenario.olivia.views() == []
    assert only(everything(scenario, KeyRequest)).status == RequestStatus.PENDING


def test_an_owner_who_asks_needs_another(scenario: Scenario) -> None:
    """An owner can't approve their own request, by any button; another owner can."""
    card = ask(scenario, scenario.olivia)
    for label in ("Approve", "Change and approve"):
        scenario.olivia.press(label, card)
        assert "another owner has to approve it" in words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
    scenario.omar.press("Approve", card)
    assert only(everything(scenario, KeyRequest)).status == RequestStatus.APPROVED


def test_a_button_of_an_old_copy_says_who_was_first(scenario: Scenario) -> None:
    """An owner with a card from before the decision hears who decided, when and why."""
    card = ask(scenario, scenario.mia)
    scenario.omar.press("Deny", card)
    scenario.omar.submit(reason="Too wide.")
    scenario.clock.advance(seconds=2)
    scenario.olivia.press("Approve", card)
    words = words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
    assert "Omar Ortiz denied this 2 seconds ago." in words
    assert "Too wide." in words


def test_a_modal_that_comes_too_late_says_who_was_first(scenario: Scenario) -> None:
    """An owner who was still writing the reason when another approved is told so in the modal."""
    card = ask(scenario, scenario.mia)
    scenario.olivia.press("Deny", card)
    scenario.omar.press("Approve", card)
    scenario.olivia.submit(reason="Too wide.")
    assert "Omar Ortiz approved this just now." in words_of(scenario.olivia.modal)
    assert only(everything(scenario, KeyRequest)).status == RequestStatus.APPROVED


@both_databases
def test_two_owners_in_the_same_instant_decide_once(scenario: Scenario) -> None:
    """One presses *Approve* while another submits a denial: one decision stands, the other is told of it."""
    card = ask(scenario, scenario.mia)
    scenario.olivia.press("Deny", card)
    threads = [
        threading.Thread(target=scenario.olivia.submit, kwargs={"reason": "Too wide."}),
        threading.Thread(target=scenario.omar.press, args=("Approve", card)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    request: KeyRequest = only(everything(scenario, KeyRequest))
    if request.status == RequestStatus.APPROVED:
        assert "Omar Ortiz approved this" in words_of(scenario.olivia.modal)
        assert len(everything(scenario, Ticket)) == 1
    else:
        assert "Olivia" in words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])
        assert everything(scenario, Ticket) == []
    shows(scenario.owners_channel(), "*Approved*" if request.status == "approved" else "*Denied*")


def test_owners_are_reminded_and_reminders_end_decided(scenario: Scenario) -> None:
    """A reminder is a message of its own with the same buttons; after the decision no copy has buttons."""
    ask(scenario, scenario.mia)
    scenario.clock.advance(hours=4)
    _sweep(scenario)
    reminder = shows(scenario.owners_channel(), "*Still waiting*", "Reminder 1.")
    assert "> we automate it" in words_of(reminder)
    scenario.omar.press("Approve", reminder)

    messages = scenario.owners_channel()
    assert len(messages) == 2
    assert not any(_has_buttons(message) for message in messages)
    assert "*Approved*" in words_of(messages[1])
    assert scenario.violations() == []


def test_a_request_expires(scenario: Scenario) -> None:
    """Nobody decides for a week: every copy and the requester are shown that it expired, and it can be made again."""
    card = ask(scenario, scenario.mia)
    scenario.clock.advance(days=7)
    _sweep(scenario)
    shows(scenario.owners_channel(), "*Expired*")
    expired = mine(scenario, scenario.mia)
    assert "*Expired*" in words_of(expired)

    scenario.omar.press("Approve", card)
    assert "This request expired just now." in words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])
    scenario.mia.press("Ask again", expired)
    assert scenario.mia.submit() == {}
    assert len(everything(scenario, KeyRequest)) == 2


def test_who_became_a_guest_is_granted_nothing(scenario: Scenario) -> None:
    """Approving a request of somebody who became a guest says why that is not possible."""
    card = ask(scenario, scenario.mia)
    change_member(scenario, MIA, is_guest=True)
    scenario.omar.press("Approve", card)
    assert "may not hold such a key any more" in words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])


class TestWithoutAChannel:
    """No owners' channel is set: each owner is told by direct message."""

    @pytest.fixture
    def policy(self) -> Policy:
        """No owners' channel."""
        return policy_of()

    def test_every_owners_copy_is_kept_up_to_date(self, scenario: Scenario) -> None:
        """Both owners get the card; when one decides, both copies say so."""
        scenario.mia.type_command(LINE)
        cards = {
            owner.user_id: shows(scenario.direct_messages(owner), "asks for an API key")
            for owner in (scenario.olivia, scenario.omar)
        }
        scenario.omar.press("Approve", cards[OMAR])
        for owner in (scenario.olivia, scenario.omar):
            card = shows(scenario.direct_messages(owner), "*Approved*", f"<@{OMAR}>")
            assert not _has_buttons(card)
        assert scenario.violations() == []


class TestTwoApprovals:
    """Policy wants two owners."""

    @pytest.fixture
    def policy(self) -> Policy:
        """Two approvals for each request."""
        return policy_of(owners_channel=OWNERS_CHANNEL, approvals_needed=2)

    def test_the_card_shows_progress(self, scenario: Scenario) -> None:
        """After the first approval the card says whose it is and keeps its buttons; the second one grants."""
        card = ask(scenario, scenario.mia)
        scenario.olivia.press("Approve", card)
        half = shows(scenario.owners_channel(), "1 of 2 approvals", f"<@{OLIVIA}>")
        assert _has_buttons(half)
        assert "1 of 2 approvals" in words_of(mine(scenario, scenario.mia))

        scenario.olivia.press("Approve", half)
        assert "approved this request already" in words_of(scenario.olivia.messages(OWNERS_CHANNEL)[-1])
        scenario.omar.press("Approve", card)
        done = shows(scenario.owners_channel(), "*Approved*", f"<@{OLIVIA}>", f"<@{OMAR}>")
        assert not _has_buttons(done)
        assert scenario.violations() == []

    def test_an_owner_hears_that_another_narrowed_it(self, scenario: Scenario) -> None:
        """Approving from a card that was drawn before somebody narrowed the request says what is granted now."""
        card = ask(scenario, scenario.mia)
        scenario.olivia.press("Change and approve", card)
        assert scenario.olivia.submit(scopes=["read"]) == {}
        # Nothing is delivered in between, so Omar's card is still the wider one.
        scenario.omar.press("Approve", card)
        note = words_of(scenario.omar.messages(OWNERS_CHANNEL)[-1])
        assert "another owner had narrowed it" in note
        assert "without `components:write`" in note

    def test_what_one_owner_narrowed_shows_on_the_card(self, scenario: Scenario) -> None:
        """While others must still approve, the card says what is left of the request."""
        scenario.olivia.press("Change and approve", ask(scenario, scenario.mia))
        assert scenario.olivia.submit(scopes=["read"]) == {}
        words = words_of(shows(scenario.owners_channel(), "1 of 2 approvals"))
        assert "An owner narrowed it:\n• without `components:write`" in words

    def test_too_few_owners_are_said_on_the_card(self, scenario: Scenario) -> None:
        """With fewer other owners than approvals needed, the card says so and what to do."""
        words = words_of(ask(scenario, scenario.olivia))
        assert "It needs the approval of 2 owners other than who asked, and there is one." in words
        assert "/roles grant" in words


class TestTheOnlyOwner:
    """Policy lets a sole owner approve their own requests."""

    @pytest.fixture
    def policy(self) -> Policy:
        """A sole owner may."""
        return policy_of(owners_channel=OWNERS_CHANNEL, sole_owner_may_approve_own=True)

    def test_it_is_announced(self, scenario: Scenario) -> None:
        """The only owner approves their own request: the card says so, and it is announced to the channel."""
        _end_ownership(scenario, OMAR)
        scenario.olivia.press("Approve", ask(scenario, scenario.olivia))
        shows(scenario.owners_channel(), "their own request, as the only owner")
        shows(scenario.owners_channel(), "approved their own request for")
        assert scenario.violations() == []


def test_a_lapsed_ticket_is_told(scenario: Scenario) -> None:
    """Who did not collect in time is told so and can ask again; the owners' card says it too."""
    card = approved(scenario, scenario.mia)
    scenario.clock.advance(days=3)
    _sweep(scenario)
    assert "did not collect it in time" in words_of(shows(scenario.owners_channel(), "*Approved*"))
    lapsed = mine(scenario, scenario.mia)
    assert "It was not collected in time" in words_of(lapsed)
    scenario.mia.press("Collect my key", card)
    assert "not collected in time" in words_of(scenario.direct_messages(scenario.mia)[-1])
    scenario.mia.press("Ask again", lapsed)
    assert scenario.mia.submit() == {}
