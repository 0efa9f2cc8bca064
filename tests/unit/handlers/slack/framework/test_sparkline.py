"""Rows of small bars."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.framework.sparkline import render_sparkline


@pytest.mark.parametrize(
    ("counts", "drawn"),
    [
        ([], ""),
        ([0, 0, 0], "▁▁▁"),
        ([1], "█"),
        ([0, 1, 0], "▁█▁"),
        ([0, 1, 1000], "▁▂█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
    ],
)
def test_drawn(counts: list[int], drawn: str) -> None:
    """Nothing is the lowest bar, the most the highest, and the least of something stands out from nothing."""
    assert render_sparkline(counts) == drawn


@given(st.lists(st.integers(0, 10**9), max_size=60))
def test_one_bar_for_each_count(counts: list[int]) -> None:
    """There is one bar for each count, bars rise with counts, and only zero is drawn as nothing."""
    bars = render_sparkline(counts)
    assert len(bars) == len(counts)
    for bar, count in zip(bars, counts, strict=True):
        assert (bar == "▁") == (count == 0)
    assert [bar for _, bar in sorted(zip(counts, bars, strict=True))] == sorted(bars)
