"""How the components of a page are named where an incident speaks of several."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from desk.status_page.pages import PageView

_FULL_NAMES = 6
"""So many components of a group, and so many groups, are named one by one."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Naming:
    """Names the components of a page, in its order; what that takes is looked up once for each view."""

    def __init__(self, view: PageView) -> None:
        rows = (*view.components, *view.retired)
        groups = {row.id: row.name for row in rows if row.group}
        # What updates would call each component now, be it on the page or not: “Europe - API”.
        self._full = {
            row.id: f"{groups[row.group_id]} - {row.name}" if row.group_id in groups else row.name for row in rows
        }
        self._rank = {row.id: rank for rank, row in enumerate(rows)}
        self._retired = {row.id for row in view.retired}
        self._groups = {row.id: row.name for row in view.components if row.group}
        on_page = (None, *self._groups)
        self._leaves = {row.id: row for row in view.components if not row.group and row.group_id in on_page}
        self._sizes = Counter(row.group_id for row in self._leaves.values())

    def name(self, ids: Collection[str], then: Mapping[str, str] = _NOTHING) -> Sequence[str]:
        """Components in the order of the page, those of a group together: “API (Search, Sign-in)”, “Website”.

        `then`: what they were called, by their ids. Those that are called otherwise by now, and those that are not on
        the page any more, stand behind the others, under that name.
        """
        changed = [one for one in ids if one in then and then[one] != self._full.get(one)]
        gone = sorted(self._retired.intersection(ids).difference(changed), key=self._rank.__getitem__)
        former = [then.get(one) or self._full[one] for one in dict.fromkeys((*changed, *gone))]
        return _shortened([*self._name_as_now(set(ids).difference(changed)), *former])

    def _name_as_now(self, ids: Collection[str]) -> Iterator[str]:
        known = sorted(self._leaves.keys() & ids, key=self._rank.__getitem__)
        for group_id, rows in groupby(known, key=lambda one: self._leaves[one].group_id):
            names = [self._leaves[one].name for one in rows]
            if group_id is None:
                yield from names
            elif len(names) == 1:
                yield f"{self._groups[group_id]} – {names[0]}"
            else:
                is_all = len(names) == self._sizes[group_id] > _FULL_NAMES
                several = f"all {len(names)}" if is_all else ", ".join(_shortened(names))
                yield f"{self._groups[group_id]} ({several})"


def _shortened(names: Sequence[str]) -> Sequence[str]:
    more = len(names) - _FULL_NAMES
    return names if more <= 1 else [*names[:_FULL_NAMES], f"and {more} more"]
