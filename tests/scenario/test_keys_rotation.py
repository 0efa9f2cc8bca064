"""Rotation: begun by the holder or by an owner, collected once, and what becomes of the old key."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk.keys.changes import revoke_key
from desk.keys.sweep import sweep_keys
from desk.secret import looks_genuine
from desk.transaction import Actor, JobName
from sandbox.player import NotOnScreenError, Player, words_of
from storage.models import ApiKey, KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import MIA, OLIVIA, OMAR
from tests.scenario.conftest import Scenario, shows
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


def test_an_orphan_goes_to_the_owner_who_rotates(scenario: Scenario) -> None:
    """When nobody answers for a key, the owner who rotates it collects its successor and answers for it."""
    key_id = add(scenario, holder_id=None)
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
