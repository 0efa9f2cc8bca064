"""Where messages are in Slack, as workers report it."""

import pytest

from storage.database import Database
from storage.models import SlackMessage
from storage.slack_messages import Place, keep_place, place_of
from tests.clock import MONDAY_MORNING as NOW

ONE, TWO, THREE = (Place("C1", f"{number}.1") for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("reports", "kept"),
    [
        ([(ONE, True)], ONE),
        ([(ONE, False)], ONE),
        ([(ONE, False), (TWO, True)], TWO),
        ([(ONE, True), (TWO, False)], ONE),
        ([(ONE, True), (TWO, True), (THREE, False)], TWO),
    ],
)
def test_an_overtaken_worker_leaves_the_place_that_is_known(
    database: Database, reports: list[tuple[Place, bool]], kept: Place
) -> None:
    """The place that a worker without a claim reports counts only where no place is known; otherwise the last one."""
    with database.write() as session:
        for name in ("m1", "m2"):
            session.add(SlackMessage(id=name, kind="k", subject_id=name, conversation="C1", facts={}, created_at=NOW))
        session.flush()
        for place, won in reports:
            keep_place(session, "m1", place, won=won)
    with database.read() as session:
        assert place_of(session.get_one(SlackMessage, "m1")) == kept
        assert place_of(session.get_one(SlackMessage, "m2")) is None
