"""Turns at a server that takes so many calls a minute: Keydesk's own first, everybody in turn, nobody all of them."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest

from handlers.upstream.budget import MOST_OF_ONE, OWN, WINDOW, Budget, NoTurnError


class Seconds:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Stage:
    """A budget, its clock, and callers that do not wait."""

    def __init__(self, keys: Mapping[str, int | None], wait_seconds: float = 0.0) -> None:
        self.seconds = Seconds()
        self.keys = keys
        self.budget = Budget(keys, wait_seconds=wait_seconds, monotonic=self.seconds)

    async def turns(self, caller: str, asked: int) -> int:
        """How many of so many turns the caller has at once."""
        had = 0
        for _ in range(asked):
            try:
                await self.budget.take(caller)
            except NoTurnError as refusal:
                assert refusal.retry_after >= 1
            else:
                had += 1
        return had

    def go_on(self, seconds: float) -> None:
        """Later, whoever waits is looked at."""
        self.seconds.now += seconds
        self.budget.use(self.keys)


async def test_one_caller_has_most_of_it_and_not_all() -> None:
    """Whoever is alone has four fifths at once. The rest is for others and for Keydesk, which has all of it."""
    stage = Stage({"k": 60})
    assert await stage.turns("greedy", 100) == 48
    assert await stage.turns("modest", 1) == 1
    assert await stage.turns("greedy", 10) == 0
    assert await stage.turns("modest", 10) == 5
    assert await stage.turns(OWN, 10) == 6
    assert await stage.turns(OWN, 1) == 0


async def test_what_was_used_a_minute_ago_is_free_again() -> None:
    """Any sixty seconds hold no more than the server takes."""
    stage = Stage({"k": 60})
    assert await stage.turns("one", 20) == 20
    stage.go_on(30)
    assert await stage.turns("one", 100) == 28
    stage.go_on(29.9)
    assert await stage.turns("one", 100) == 0
    stage.go_on(0.1)
    assert await stage.turns("one", 100) == 20
    stage.go_on(WINDOW)
    assert await stage.turns("one", 100) == 48


async def test_several_keys_add_up_and_are_used_evenly() -> None:
    """None of them is asked more than it may be."""
    stage = Stage({"a": 60, "b": 30})
    used = Counter([await stage.budget.take(OWN) for _ in range(90)])
    assert used == {"a": 60, "b": 30}
    assert await stage.turns(OWN, 1) == 0


async def test_a_key_that_its_server_does_not_want_rests() -> None:
    """After a 420 the others carry on, and it comes back in its time."""
    stage = Stage({"a": 60, "b": 60})
    stage.budget.pause("a", 15)
    assert {await stage.budget.take("one") for _ in range(20)} == {"b"}
    stage.go_on(15)
    assert "a" in {await stage.budget.take("one") for _ in range(20)}
    stage.budget.pause("a", 40)
    stage.budget.pause("b", 25.2)
    with pytest.raises(NoTurnError) as refused:
        await stage.budget.take("one")
    assert refused.value.retry_after == 26


async def test_a_key_that_was_tried_in_vain_is_passed_over() -> None:
    """And where there is no other, nobody waits for one."""
    stage = Stage({"a": 60, "b": 60}, wait_seconds=60)
    assert await stage.budget.take("one", besides=frozenset({"a"})) == "b"
    with pytest.raises(NoTurnError):
        await asyncio.wait_for(stage.budget.take("one", besides=frozenset({"a", "b"})), 30)


async def test_those_who_wait_take_turns() -> None:
    """However many calls of one wait before, the next turn is somebody else's; Keydesk's own comes before all."""
    stage = Stage({"k": 10}, wait_seconds=60)
    for _ in range(10):
        await stage.budget.take(OWN)
    order: list[str] = []

    async def wait(caller: str) -> None:
        await stage.budget.take(caller)
        order.append(caller or "own")

    waiting = [asyncio.create_task(wait(caller)) for caller in ("g", "g", "g", "g", "m", "n", OWN)]
    await asyncio.sleep(0)
    stage.go_on(WINDOW)
    await asyncio.gather(*waiting)
    assert order[:4] == ["own", "g", "m", "n"]
    assert sorted(order) == ["g", "g", "g", "g", "m", "n", "own"]


async def test_two_greedy_callers_share() -> None:
    """Each gets about as much as the other, whoever came first."""
    stage = Stage({"k": 60})
    had: Counter[str] = Counter()
    had["early"] += await stage.turns("early", 100)
    for _ in range(600):
        stage.go_on(1)
        for caller in ("early", "late"):
            had[caller] += await stage.turns(caller, 3)
    assert 0.7 < had["late"] / had["early"] < 1.4


async def test_who_waits_too_long_is_told_when_to_come_again() -> None:
    """In whole seconds; and a turn that comes later is nobody's loss."""
    stage = Stage({"k": 1}, wait_seconds=0.01)
    await stage.budget.take(OWN)
    stage.go_on(12.5)
    with pytest.raises(NoTurnError) as refused:
        await stage.budget.take("one")
    assert refused.value.retry_after == 48
    stage.go_on(WINDOW)
    assert await stage.turns(OWN, 2) == 1


async def test_new_keys_count_from_their_first_call() -> None:
    """A key that is added while others wait gives turns at once; one that is gone gives none."""
    stage = Stage({"a": 1}, wait_seconds=60)
    await stage.budget.take(OWN)
    waiting = asyncio.create_task(stage.budget.take(OWN))
    await asyncio.sleep(0)
    stage.budget.use({"b": 60})
    assert await asyncio.wait_for(waiting, 30) == "b"


async def test_a_server_without_a_limit_has_none() -> None:
    """Nothing is counted, and nobody waits."""
    stage = Stage({"k": None})
    assert await stage.turns("one", 10_000) == 10_000


async def test_who_asks_most_leaves_places_to_wait_to_others() -> None:
    """However many calls one caller has waiting; Keydesk itself always may wait."""
    stage = Stage({"k": 1}, wait_seconds=60.0)
    assert await stage.budget.take(OWN) == "k"
    waiting = [asyncio.create_task(stage.budget.take("greedy")) for _ in range(MOST_OF_ONE)]
    await asyncio.sleep(0)
    with pytest.raises(NoTurnError):
        await stage.budget.take("greedy")
    others = [asyncio.create_task(stage.budget.take(caller)) for caller in ("modest", OWN)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in others)
    for task in (*waiting, *others):
        task.cancel()
    await asyncio.gather(*waiting, *others, return_exceptions=True)
