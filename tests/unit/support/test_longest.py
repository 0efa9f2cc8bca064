"""The order of tests."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.longest import LONGEST, deal_out

TESTS = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Named:
    """A test by its name."""

    nodeid: str


def test_what_takes_long_is_there() -> None:
    """A file that is renamed is renamed in the list as well."""
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("others", [0, 5, 400])
def test_every_worker_but_the_first_begins_with_what_takes_long(workers: int, others: int) -> None:
    """All tests are run, once, and where there are enough of them each worker has one of the longest at once."""
    usual = [Named(f"tests/unit/test_{number}.py::test") for number in range(others)]
    longest = [Named(f"tests/{name}::test[{turn}]") for name in LONGEST for turn in range(2)]
    given = usual[: others // 2] + longest + usual[others // 2 :]
    dealt = deal_out(given, workers)
    assert sorted(test.nodeid for test in dealt) == sorted(test.nodeid for test in given)
    assert [test for test in dealt if test in usual] == usual
    if others > len(longest):
        share = len(given) // workers
        assert [dealt[share * number] in longest for number in range(workers)] == [
            workers == 1,
            *[True] * (workers - 1),
        ]
        assert all(
            dealt.index(one) + 1 == dealt.index(two) for one, two in zip(longest[::2], longest[1::2], strict=True)
        )
