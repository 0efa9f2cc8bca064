"""Rotation: begun by the holder or by an owner, collected once, and what becomes of the old key."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.keys.changes import revoke_key, transfer_key
from desk.keys.collecting import mark_revealed, mint_for_ticket
from desk.keys.rotation import begin_rotation
from desk.keys.sweep import sweep_keys
from desk.policy import Takeover
from desk.secret import looks_genuine
from desk.transaction import Actor, JobName
from sandbox.player import NotOnScreenError, Player, words_of
from storage.models import ApiKey, AuditEvent, KeyRequest, KeyStatus, Ticket
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, OMAR
from tests.policies import policy_of
from tests.scenario.conftest import OWNERS_CHANNEL, Scenario, shows
from tests.scenario.keys_stage import add, said, stored

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _slack_accepts_everything(scenario: Scenario) -> Iterator[None]:
    yield
    assert not scenario.violations()


def secrets_on_screen(player: Player) -> list[str]:
    """Genuine secrets in the open modal."""
    return [word for word in words_of(player.modal).replace("`", " ").split() if looks_genuine(word)]


def successor(scenario: Scenario, key_id: str) -> ApiKey | None:
    """The key that follows another one."""
    with scenario.database.read() as session:
        return session.query(ApiKey).filter(ApiKey.predecessor_id == key_id).one_or_none()


def test_a_holder_rotates_and_collects_at_once(scenario: Scenario) -> None:
    """The holder chooses a grace period, collects from the next view, and both keys work until it ends."""
    key_id = add(scenario, scopes=["read", "metrics:write"])
    scenario.mia.choose("Rotate…", said(scenario.mia, "/keys mine"))
    assert scenario.mia.submit(grace="3600") == {}
    scenario.mia.press("Collect my key", scenario.mia.modal)
    assert len(set(secrets_on_screen(scenario.mia))) == 1
    new, old = successor(scenario, key_id), stored(scenario, key_id)
    assert new is not None
    assert (new.scopes, new.expires_at, new.holder_id) == (old.scopes, old.expires_at, MIA)
    assert old.retires_at == NOW + timedelta(hours=1)
    assert old.status == KeyStatus.ACTIVE
    scenario.clock.advance(hours=1)
    scenario.desk.write_now(Actor.job(JobName.SWEEP), sweep_keys)
    assert stored(scenario, key_id).status == KeyStatus.REVOKED
    shows(scenario.direct_messages(scenario.mia), "grace period", "has taken its place")


def test_an_owner_rotates_and_the_holder_collects(scenario: Scenario) -> None:
    """Rotated by an owner in words, a key is handed to its holder by direct message, never to the owner."""
    key_id = add(scenario)
    answer = said(scenario.olivia, "/keys rotate terraform prod grace 48h")
    assert f"<@{MIA}> was told to collect" in words_of(answer)
    with pytest.raises(NotOnScreenError):
        scenario.olivia.press("Collect my key", answer)
    card = shows(scenario.direct_messages(scenario.mia), "rotated", "terraform prod")
    scenario.mia.press("Collect my key", card)
    assert secrets_on_screen(scenario.mia)
    assert stored(scenario, key_id).retires_at == NOW + 2 * DAY


ANNOUNCED = policy_of(owners_channel=OWNERS_CHANNEL, never_used_after=timedelta(), key_takeover=Takeover.ANNOUNCE)
ONE_APPROVAL = policy_of(owners_channel=OWNERS_CHANNEL, never_used_after=timedelta())
TWO_APPROVALS = policy_of(owners_channel=OWNERS_CHANNEL, never_used_after=timedelta(), approvals_needed=2)


@pytest.mark.parametrize("policy", [ANNOUNCED])
def test_an_orphan_goes_to_the_owner_who_rotates(scenario: Scenario) -> None:
    """Where policy allows it, the owner who rotates a key that nobody answers for collects its successor and answers
    for it; all owners hear of it at once, before it is collected."""
    key_id = add(scenario, holder_id=None)
    answer = said(scenario.olivia, "/keys rotate terraform prod")
    shows(scenario.owners_channel(), f"<@{OLIVIA}> is taking over", "terraform prod", "without a request")
    scenario.olivia.press("Collect my key", answer)
    new = successor(scenario, key_id)
    assert new is not None
    assert new.holder_id == OLIVIA


def collectable(scenario: Scenario) -> int:
    """How many secrets wait to be collected."""
    with scenario.database.read() as session:
        return session.query(Ticket).count()


@pytest.mark.parametrize("policy", [ONE_APPROVAL, TWO_APPROVALS])
@pytest.mark.parametrize("holder_id", [None, MIA])
@both_databases
def test_no_owner_takes_a_key_over_alone(scenario: Scenario, holder_id: str | None) -> None:
    """Neither rotating a key of nobody, nor transferring one to oneself and rotating it then, hands its secret over:
    the owners are asked, who asked does not count, and as many others must approve as for any key."""
    key_id = add(scenario, holder_id=holder_id, scopes=["read", "metrics:write"])
    if holder_id is not None:
        said(scenario.olivia, f"/keys transfer terraform prod to <@{OLIVIA}|olivia>")
        shows(scenario.owners_channel(), f"<@{OLIVIA}> transferred", f"<@{OLIVIA}> answers for it now")
    for _ in range(2):
        answer = said(scenario.olivia, "/keys rotate terraform prod")
        assert "its secret is not yours to take alone" in words_of(answer)
    asked = shows(scenario.owners_channel(), "asks for an API key", "To take over the key terraform prod")
    with scenario.database.read() as session:
        request = session.query(KeyRequest).one()
        assert (request.requester_id, request.scopes, request.lifetime_days) == (
            OLIVIA,
            ["read", "metrics:write"],
            90,
        )
    scenario.olivia.press("Approve", asked)
    assert collectable(scenario) == 0
    scenario.omar.press("Approve", asked)
    assert collectable(scenario) == (1 if scenario.desk.policy.approvals_needed == 1 else 0)
    assert stored(scenario, key_id).status == KeyStatus.ACTIVE
    assert successor(scenario, key_id) is None


@pytest.mark.parametrize(
    ("typed", "grace", "words"), [("", DAY, "1 day"), (" grace 2h", timedelta(hours=2), "2 hours")]
)
def test_what_is_taken_over_ends_as_after_a_rotation(
    scenario: Scenario, typed: str, grace: timedelta, words: str
) -> None:
    """Whoever asks is told what becomes of the old key; it works for the grace period once the new one was collected,
    and nobody has to think of revoking it."""
    key_id = add(scenario, holder_id=None)
    answer = words_of(said(scenario.olivia, f"/keys rotate terraform prod{typed}"))
    assert f"the old one works on for {words}" in answer
    asked = shows(
        scenario.owners_channel(), "asks for an API key", f"Once it is collected, `{stored(scenario, key_id).start}…`"
    )
    assert f"works on for {words}" in words_of(asked)
    scenario.omar.press("Approve", asked)
    assert stored(scenario, key_id).retires_at is None
    card = shows(scenario.direct_messages(scenario.olivia), "approved")
    scenario.olivia.press("Collect my key", card)
    new = successor(scenario, key_id)
    assert new is not None
    assert (new.holder_id, stored(scenario, key_id).retires_at) == (OLIVIA, NOW + grace)


def test_owners_hear_at_once_of_what_operators_hand_over(scenario: Scenario) -> None:
    """An operator's word is enough, and no secret: all owners read who answers for the key now, and whose the new
    secret will be. What a request approved is handed on without a word."""
    operator = Actor.operator("root")
    key_id = add(scenario, scopes=["read"])
    scenario.desk.write_now(operator, lambda tx: begin_rotation(tx, key_id))
    assert scenario.owners_channel() == []
    scenario.desk.write_now(operator, lambda tx: transfer_key(tx, key_id, MAX))
    shows(scenario.owners_channel(), "transferred", "terraform prod", f"<@{MAX}> answers for it now")
    scenario.desk.write_now(operator, lambda tx: begin_rotation(tx, key_id))
    shows(scenario.owners_channel(), "is having", "terraform prod", f"its new secret goes to <@{MAX}>", "operators")


def test_who_asks_again_for_what_they_take_over_sets_its_grace_period(scenario: Scenario) -> None:
    """As in a rotation: the second time asks nobody anew. The cards say so, and it is on record."""
    add(scenario, holder_id=None)
    said(scenario.olivia, "/keys rotate terraform prod")
    shows(scenario.owners_channel(), "asks for an API key", "works on for 1 day")
    for _ in range(2):
        said(scenario.olivia, "/keys rotate terraform prod grace 7d")
    for messages in (scenario.owners_channel(), scenario.direct_messages(scenario.olivia)):
        shows(messages, "an API key", "works on for 7 days")
    with scenario.database.read() as session:
        assert session.query(KeyRequest).one().grace_seconds == 7 * DAY.total_seconds()
        [changed] = session.query(AuditEvent).filter_by(action="request.changed").all()
    assert changed.data == {"before": {"grace_seconds": 86400}, "after": {"grace_seconds": 604800}}


def test_what_is_taken_over_has_the_holder_that_was_approved(scenario: Scenario) -> None:
    """Whoever the old key is given to while the new one is being collected does not get that one."""
    key_id = add(scenario, holder_id=None)
    said(scenario.olivia, "/keys rotate terraform prod")
    scenario.omar.press("Approve", shows(scenario.owners_channel(), "asks for an API key"))
    with scenario.database.read() as session:
        ticket_id = session.query(Ticket).one().id
    owner = Actor.member(OLIVIA)
    new_id = scenario.desk.write_now(owner, lambda tx: mint_for_ticket(tx, ticket_id)[0].id)
    scenario.desk.write_now(owner, lambda tx: transfer_key(tx, key_id, MAX))
    scenario.desk.write_now(owner, lambda tx: mark_revealed(tx, new_id))
    assert (stored(scenario, new_id).holder_id, stored(scenario, key_id).holder_id) == (OLIVIA, MAX)


def test_what_ended_before_it_was_taken_over_stays_as_it_is(scenario: Scenario) -> None:
    """A key that was revoked meanwhile ends nothing: the new one is collected on its own."""
    key_id = add(scenario, holder_id=None)
    said(scenario.olivia, "/keys rotate terraform prod")
    scenario.omar.press("Approve", shows(scenario.owners_channel(), "asks for an API key"))
    said(scenario.omar, "/keys revoke terraform prod because it leaked")
    scenario.olivia.press("Collect my key", shows(scenario.direct_messages(scenario.olivia), "approved"))
    assert secrets_on_screen(scenario.olivia)
    assert stored(scenario, key_id).retires_at is None
    assert successor(scenario, key_id) is None


@pytest.mark.parametrize("policy", [TWO_APPROVALS])
def test_a_friend_of_one_owner_takes_no_key_over(scenario: Scenario) -> None:
    """Where two owners must approve, one cannot hand the secret to somebody else by a transfer either; when the other
    owner rotates the key for them, both stand behind it."""
    add(scenario)
    said(scenario.olivia, "/keys transfer terraform prod to <@U0MAX00001|max>")
    assert "its secret is not yours to take alone" in words_of(said(scenario.max, "/keys rotate terraform prod"))
    assert "never approved" in words_of(said(scenario.olivia, "/keys rotate terraform prod"))
    assert collectable(scenario) == 0
    assert "was told to collect" in words_of(said(scenario.omar, "/keys rotate terraform prod"))
    assert collectable(scenario) == 1


def test_what_another_owner_transferred_is_approved(scenario: Scenario) -> None:
    """Where one owner's approval is enough, whom another owner made the holder rotates the key as any holder does."""
    key_id = add(scenario)
    said(scenario.omar, f"/keys transfer terraform prod to <@{OLIVIA}|olivia>")
    scenario.olivia.press("Collect my key", said(scenario.olivia, "/keys rotate terraform prod"))
    new = successor(scenario, key_id)
    assert new is not None
    assert new.holder_id == OLIVIA


def test_the_grace_period_never_outlives_the_key(scenario: Scenario) -> None:
    """A key that expires sooner than the grace period ends then."""
    key_id = add(scenario, expires_at=NOW + DAY)
    scenario.mia.press("Collect my key", said(scenario.mia, "/keys rotate terraform prod grace 7d"))
    assert stored(scenario, key_id).retires_at == NOW + DAY


def test_too_long_a_grace_period(scenario: Scenario) -> None:
    """A grace period beyond the policy's maximum is refused with the maximum."""
    key_id = add(scenario)
    assert "at most 30 days" in words_of(said(scenario.mia, "/keys rotate terraform prod grace 31d"))
    assert stored(scenario, key_id).version == 1


@both_databases
def test_rotating_again_before_collecting(scenario: Scenario) -> None:
    """The holder who asks again gets the same rotation; somebody else is told that it waits for the holder."""
    key_id = add(scenario)
    first = said(scenario.mia, "/keys rotate terraform prod")
    second = said(scenario.mia, "/keys rotate terraform prod grace 2h")
    refused = words_of(said(scenario.person(OMAR), "/keys rotate terraform prod"))
    assert "waits for Mia Member to collect" in refused
    scenario.mia.press("Collect my key", first)
    scenario.mia.press("Collect my key", second)
    assert stored(scenario, key_id).retires_at == NOW + timedelta(hours=2)
    with scenario.database.read() as session:
        assert session.query(ApiKey).count() == 2


def test_revoking_takes_the_rotation_back(scenario: Scenario) -> None:
    """Once the key is revoked its waiting successor cannot be collected, and its card says why."""
    key_id = add(scenario)
    said(scenario.olivia, "/keys rotate terraform prod")
    card = shows(scenario.direct_messages(scenario.mia), "rotated", "terraform prod")
    scenario.desk.write_now(Actor.member(OLIVIA), lambda tx: revoke_key(tx, key_id, reason="leaked"))
    scenario.mia.press("Collect my key", card)
    assert successor(scenario, key_id) is None
    shows(scenario.direct_messages(scenario.mia), "taken back", "leaked")
