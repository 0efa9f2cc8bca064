"""A row of small bars, drawn in text."""

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def render_sparkline(counts: Sequence[int]) -> str:
    """One bar for each count, the tallest for the largest. Nothing at all is the lowest bar, anything is above it."""
    largest = max(counts, default=0)
    if largest <= 0:
        return _BARS[0] * len(counts)
    above = len(_BARS) - 1
    return "".join(_BARS[0] if count <= 0 else _BARS[-(-count * above // largest)] for count in counts)
