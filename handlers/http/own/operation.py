"""What an operation of the own API is: what a call needs, carries and answers, and what does the same in Slack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desk.keys.check import Need
from handlers.http.own.shapes.base import Given, Nothing, Query, Shape

Key = tuple[str, str]
"""An operation's method and path."""


class Reach(StrEnum):
    """What a call is about, of which the key must be for all pages."""

    OWN = "own"
    """Whatever is on the key's pages, and nothing else is seen."""
    THING = "thing"
    """One thing, with pages of its own."""
    EVERYTHING = "everything"
    """All that there is, on pages to come as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `path` has no leading slash and no version, as in `keys/{key_id}/suspend`."""

    method: str
    path: str
    does: str
    """In a sentence."""
    need: Need | None
    """What a key must be allowed; None: nothing but to work."""
    answer: type[Shape]
    body: type[Given] | None = None
    """None: it takes none."""
    query: type[Query] = Query
    success: int = 200
    twins: Sequence[str] = ()
    """The commands and sub-commands of Slack that do the same."""
    reach: Reach = Reach.OWN

    @property
    def key(self) -> Key:
        """The method and the path."""
        return self.method, self.path


_EITHER: Mapping[str, tuple[str, ...]] = {"incidents": ("maintenances",)}
"""Of what looking may be besides: in lists of incidents maintenances stand too."""


def reads(path: str, does: str, answer: type[Shape], resource: str | None, *twins: str, **more: object) -> Operation:
    need = Need(resource, write=False, besides=_EITHER.get(resource, ())) if resource is not None else None
    given = {"reach": Reach.THING if "_id}" in path else Reach.OWN} | more
    return Operation(method="GET", path=path, does=does, need=need, answer=answer, twins=twins, **given)  # type: ignore[arg-type]


def writes(
    path: str,
    does: str,
    answer: type[Shape],
    resource: str,
    *twins: str,
    besides: tuple[str, ...] = (),
    **more: object,
) -> Operation:
    given = {"body": Nothing, "reach": Reach.THING} | more
    need = Need(resource, write=True, besides=besides)
    return Operation(method="POST", path=path, does=does, need=need, answer=answer, twins=twins, **given)  # type: ignore[arg-type]
