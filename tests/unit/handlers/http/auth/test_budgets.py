"""How many calls a key has, in a minute that rolls on."""

from handlers.http.auth import budgets
from handlers.http.auth.budgets import Budgets, CallCounter
from tests.unit.handlers.http.conftest import HeldSeconds


def test_off_unless_a_budget_is_set() -> None:
    """Nothing is counted then."""
    counter = CallCounter(Budgets(), HeldSeconds())
    assert [counter.take("k") for _ in range(1000)] == [0] * 1000


def test_the_minute_rolls_on() -> None:
    """All may come at once; each is free again a minute after it came, and what is refused costs nothing."""
    seconds = HeldSeconds()
    counter = CallCounter(Budgets(calls=2), seconds)
    assert counter.take("k") == 0
    seconds.now += 50
    assert counter.take("k") == 0
    assert [counter.take("k") for _ in range(9)] == [10] * 9
    seconds.now += 9.5
    assert counter.take("k") == 1
    seconds.now += 0.5
    assert counter.take("k") == 0
    assert counter.take("k") == 50
    assert counter.take("another") == 0


def test_some_keys_have_budgets_of_their_own() -> None:
    """More, fewer, or as many calls as they like."""
    counter = CallCounter(Budgets(calls=1, of_keys={"more": 3, "free": 0}), HeldSeconds())
    assert [bool(counter.take("more")) for _ in range(4)] == [False, False, False, True]
    assert [counter.take("free") for _ in range(9)] == [0] * 9
    assert [bool(counter.take("other")) for _ in range(2)] == [False, True]


def test_memory_is_bounded() -> None:
    """Of very many keys, those that called last are remembered."""
    counter = CallCounter(Budgets(calls=1), HeldSeconds())
    for number in range(budgets.MOST_KEYS + 10):
        assert counter.take(f"k{number}") == 0
    assert counter.take(f"k{budgets.MOST_KEYS + 9}") > 0
    assert counter.take("k0") == 0
    assert len(counter) == budgets.MOST_KEYS
