"""The tests that take longest."""

from typing import Protocol, TypeVar

LONGEST = (
    "scenario/test_largest.py",
    "process/test_stop_under_load.py",
    "process/test_wheel.py",
    "scenario/test_publication_rush.py",
    "process/test_gateway_demo.py",
    "model/test_model.py",
    "unit/desk/roles/test_owners.py",
    "unit/desk/authority/test_doors.py",
    "process/test_planted_secrets.py",
    "unit/desk/requests/test_machine.py",
    "unit/desk/incidents/test_machine.py",
    "unit/desk/incidents/drafts/test_machine.py",
    "unit/support/test_mutation.py",
)
"""Their files below `tests/`, beside the browser's, which are the first of all anyway."""


class _Test(Protocol):
    @property
    def nodeid(self) -> str: ...


T = TypeVar("T", bound=_Test)


def deal_out(tests: list[T], workers: int) -> list[T]:
    """The tests in an order in which workers begin with the longest; each has an equal piece of it at first.

    The first of several workers begins with the browser. A file stays together.
    """
    files: dict[str, list[T]] = {name: [] for name in LONGEST}
    rest: list[T] = []
    for test in tests:
        files.get(test.nodeid.partition("::")[0].removeprefix("tests/"), rest).append(test)
    begun: list[list[T]] = [[] for _ in range(workers)]
    busy = min(1, workers - 1)
    for number, found in enumerate(files.values()):
        begun[busy + number % (workers - busy)] += found
    dealt: list[T] = []
    for piece in begun:
        filled = max(len(tests) // workers - len(piece), 0)
        dealt += piece + rest[:filled]
        del rest[:filled]
    return dealt + rest
