"""The clock of the tests."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.clock import HeldClock


def test_time_stands_still_until_it_is_moved() -> None:
    """Reading the clock does not move it; advancing does, by exactly that much."""
    clock = HeldClock()
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(days=1, hours=2) == before + timedelta(days=1, hours=2)
    assert clock.advance(timedelta(minutes=1)) == clock.now()


def test_a_time_without_zone_is_refused() -> None:
    """Only aware instants can be told."""
    with pytest.raises(ValueError, match="aware"):
        HeldClock(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
