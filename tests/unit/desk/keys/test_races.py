"""Two changes of one key in the same instant, on PostgreSQL: what locking it first protects."""

from functools import partial

import pytest

from desk.errors import ConflictError
from desk.keys.changes import rename_key, revoke_key, suspend_key
from desk.keys.collecting import mark_revealed, mint_for_ticket, return_unseen
from desk.keys.questions import keep_key
from desk.keys.rotation import begin_rotation
from desk.keys.tickets import find_ticket_of_request
from desk.requests.takeovers import rotate_or_ask
from desk.transaction import Desk
from storage.models import ApiKey, KeyStatus, Ticket
from tests.factories import MIA, OLIVIA, OMAR, add_key
from tests.unit.desk.racing import race
from tests.unit.desk.stage import SWEEP, Stage, set_stage

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


@pytest.fixture
def key(stage: Stage) -> ApiKey:
    """A key of Mia's."""
    with stage.desk.database.write() as session:
        return add_key(session, stage.desk.clock.now())


def test_two_changes_that_do_not_disturb_each_other_both_happen(stage: Stage, key: ApiKey) -> None:
    """The second waits for the first, and is no conflict where it was not about what the first changed."""
    until = stage.desk.clock.now().replace(year=2027, month=1)
    renaming = (OLIVIA, partial(rename_key, key_id=key.id, name="terraform"))
    race(stage.desk, renaming, (MIA, partial(keep_key, key_id=key.id, until=until, reason="A yearly job.")))
    kept = stage.fresh(ApiKey, key.id)
    assert (kept.name, kept.keep_reason) == ("terraform", "A yearly job.")


def test_a_key_that_was_just_revoked_is_said_to_be(stage: Stage, key: ApiKey) -> None:
    """Whoever suspends it in that instant hears what became of it, and not that something changed."""
    revoking = (OLIVIA, partial(revoke_key, key_id=key.id, reason="Leaked."))
    _, refusal = race(stage.desk, revoking, (OMAR, partial(suspend_key, key_id=key.id, reason="Leaked?")))
    assert isinstance(refusal, ConflictError)
    assert "revoked" in str(refusal)


def test_two_rotations_make_one_ticket(stage: Stage, key: ApiKey) -> None:
    """The second finds the first one's ticket that waits for Mia."""
    _, refusal = race(
        stage.desk,
        (OLIVIA, partial(begin_rotation, key_id=key.id)),
        (OMAR, partial(begin_rotation, key_id=key.id)),
    )
    assert isinstance(refusal, ConflictError)
    assert len(stage.all(Ticket)) == 1


@pytest.mark.parametrize("revokes", [True, False])
def test_what_is_taken_over_and_revoked_at_once_has_no_successor(stage: Stage, revokes: bool) -> None:
    """Who collects in the moment in which the key that they take over is revoked has a key on its own."""
    with stage.desk.database.write() as session:
        old = add_key(session, stage.desk.clock.now(), holder_id=None)
    asked = stage.do(OLIVIA, partial(rotate_or_ask, key_id=old.id))
    stage.approve(asked, OMAR)  # type: ignore[arg-type]
    ticket = stage.see(OMAR, partial(find_ticket_of_request, request_id=asked.id))
    assert ticket is not None
    change = partial(revoke_key, reason="Leaked.") if revokes else partial(rename_key, name="terraform")
    collecting = (OLIVIA, partial(mint_for_ticket, ticket_id=ticket.id))
    _, minted = race(stage.desk, (OMAR, lambda tx: change(tx, old.id)), collecting)
    assert minted[0].predecessor_id == (None if revokes else old.id)


def test_seen_twice_in_the_same_instant_is_seen(stage: Stage) -> None:
    """Both confirmations are true, and the key is not taken back."""
    key, _ = stage.mint(stage.ticket())
    seen = (MIA, partial(mark_revealed, key_id=key.id))
    assert race(stage.desk, seen, seen) == (True, True)
    assert race(stage.desk, seen, (SWEEP, partial(return_unseen, key_id=key.id))) == (True, False)
    assert stage.fresh(ApiKey, key.id).status == KeyStatus.ACTIVE
