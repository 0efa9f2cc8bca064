"""Where code stands in a Markdown text: what is in it means nothing."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence

_TICKS = re.compile(r"(?<!\\)(\\*)(`+)")


def code_places(markdown: str) -> list[tuple[int, int]]:
    """Beginning and end of each code span and fence, in order. An opening without an end opens nothing."""
    runs = []
    starts: defaultdict[int, list[int]] = defaultdict(list)
    for match in _TICKS.finditer(markdown):
        is_escaped = len(match[1]) % 2 == 1
        runs.append((match.start(2) + is_escaped, match.end()))
        starts[len(match[2])].append(match.start(2))
    places: list[tuple[int, int]] = []
    position = 0
    for start, end in runs:
        length = end - start
        if start < position or not length:
            continue
        closings = starts[length]
        index = bisect_right(closings, start)
        if index < len(closings):
            position = closings[index] + length
            places.append((start, position))
    return places


def is_within(places: Sequence[tuple[int, int]], position: int) -> bool:
    """Whether the position is in one of the places."""
    index = bisect_right(places, (position, len(places) and places[-1][1] + 1)) - 1
    return index >= 0 and places[index][0] <= position < places[index][1]
