"""Events are remembered once."""

from datetime import timedelta

from storage.database import Database
from storage.seen_events import forget_events, remember_event
from tests.clock import MONDAY_MORNING


def test_an_event_is_new_exactly_once(database: Database) -> None:
    """The first transaction handles the event; a later one is told that it was handled."""
    with database.write() as session:
        assert remember_event(session, "Ev1", MONDAY_MORNING)
    with database.write() as session:
        assert not remember_event(session, "Ev1", MONDAY_MORNING)
        assert remember_event(session, "Ev2", MONDAY_MORNING)


def test_an_event_whose_effect_failed_is_new_again(database: Database) -> None:
    """What is rolled back was not handled: Slack's repetition finds it new."""
    try:
        with database.write() as session:
            assert remember_event(session, "Ev1", MONDAY_MORNING)
            raise ConnectionError
    except ConnectionError:
        pass
    with database.write() as session:
        assert remember_event(session, "Ev1", MONDAY_MORNING)


def test_old_events_are_forgotten(database: Database) -> None:
    """Only events from before the given instant go; the number is given."""
    with database.write() as session:
        remember_event(session, "Ev1", MONDAY_MORNING - timedelta(days=2))
        remember_event(session, "Ev2", MONDAY_MORNING)
    with database.write() as session:
        assert forget_events(session, MONDAY_MORNING - timedelta(days=1)) == 1
        assert not remember_event(session, "Ev2", MONDAY_MORNING)
