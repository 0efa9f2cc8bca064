"""The order of a page's components: positions 1, 2, 3 … within each group, and beside the groups. Pure."""

from collections.abc import Sequence

from storage.models import Component


def in_order(rows: Sequence[Component], group_id: str | None) -> list[Component]:
    """The components of a group that are on the page, or (None) what stands in no group, as they are shown."""
    own = (row for row in rows if row.group_id == group_id and row.retired_at is None)
    return sorted(own, key=lambda row: (row.position, row.name, row.id))


def number(siblings: Sequence[Component]) -> None:
    """Give them the positions 1, 2, 3 …, in the order in which they come."""
    for position, row in enumerate(siblings, start=1):
        if row.position != position:
            row.position = position


def put(rows: Sequence[Component], row: Component, position: int | None) -> None:
    """Give a component of a page's its position among those beside it (None: the last), and these theirs."""
    siblings = [one for one in in_order(rows, row.group_id) if one is not row]
    at = len(siblings) if position is None else min(max(position, 1), len(siblings) + 1) - 1
    number([*siblings[:at], row, *siblings[at:]])
