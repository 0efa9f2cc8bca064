"""The sweep of tickets beside changes on PostgreSQL, where rows lock one by one: nobody waits in a circle."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from desk.audit.trail import Action, record
from desk.keys.collecting import mark_revealed, sweep_tickets
from desk.keys.rotation import begin_rotation
from desk.transaction import Desk, Transaction, keys_changed
from storage.models import ApiKey, KeyStatus, Ticket, TicketStatus
from tests.clock import HeldClock
from tests.factories import MIA, OLIVIA, add_use
from tests.unit.desk.racing import race, while_held
from tests.unit.desk.stage import SWEEP, Stage, set_stage

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """People and a page."""
    return set_stage(desk)


def _sweep_while(stage: Stage, change: Callable[[Transaction], object]) -> Any:
    """Sweep tickets while somebody is in the middle of `change`, just before it is recorded; gives the count."""

    def finish(tx: Transaction) -> None:
        record(tx, Action.KEY_RENAMED, "key", "somekey00001", name="new", before="old")

    return race(stage.desk, (OLIVIA, change), (SWEEP, sweep_tickets), then=finish)[1]


def test_a_sweep_with_both_kinds_of_work_waits_for_nobody_who_waits_for_it(stage: Stage, clock: HeldClock) -> None:
    """A ticket lapses and an unseen key becomes void in one sweep, while another key is being changed."""
    lapsing = stage.ticket(name="lapsing")
    clock.advance(stage.desk.policy.ticket_lapses_after)
    unseen, _ = stage.mint(stage.ticket(name="unseen"))
    clock.advance(minutes=3)
    assert _sweep_while(stage, lambda tx: keys_changed(tx, "somekey00001")) == 2
    assert stage.fresh(Ticket, lapsing.id).status == TicketStatus.LAPSED
    assert stage.fresh(ApiKey, unseen.id).status == KeyStatus.REVOKED


def test_a_key_whose_predecessor_is_being_changed_is_left_to_the_next_sweep(stage: Stage, clock: HeldClock) -> None:
    """A used successor was never confirmed; somebody holds its predecessor, so the sweep goes around it."""
    lapsing = stage.ticket(name="lapsing")
    key, _ = stage.mint(stage.ticket(name="rotated"))
    stage.do(MIA, partial(mark_revealed, key_id=key.id))
    clock.advance(stage.desk.policy.ticket_lapses_after)
    successor, _ = stage.mint(stage.do(MIA, partial(begin_rotation, key_id=key.id)))
    with stage.desk.database.write() as session:
        add_use(session, successor, reads=1, last_used_at=clock.now())
    clock.advance(minutes=3)

    def hold(tx: Transaction) -> None:
        tx.session.get(ApiKey, key.id, with_for_update=True)

    assert _sweep_while(stage, hold) == 1
    assert stage.fresh(Ticket, lapsing.id).status == TicketStatus.LAPSED
    assert stage.do(SWEEP, sweep_tickets) == 1
    assert stage.fresh(ApiKey, successor.id).revealed_at is not None


def test_a_key_that_somebody_has_in_hand_is_left_to_the_next_sweep(stage: Stage, clock: HeldClock) -> None:
    """Whoever confirms or revokes a key in this instant holds up no other ticket."""
    unseen, _ = stage.mint(stage.ticket())
    clock.advance(minutes=3)
    assert while_held(stage.desk, unseen, (SWEEP, sweep_tickets)) == 0
    assert stage.do(SWEEP, sweep_tickets) == 1
    assert stage.fresh(ApiKey, unseen.id).status == KeyStatus.REVOKED
