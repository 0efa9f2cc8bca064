"""Which call leads where, and what a key must be allowed for it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from desk.keys.check import Need
from desk.keys.ring import RingKey
from handlers.http.answers import Answer, Header, Receive, find_header
from handlers.http.bodies import MOST_SECONDS


class Call(NamedTuple):
    """A call whose key was found good for it."""

    key: RingKey
    path: Mapping[str, str]
    """What stands in the pattern's braces, as in `page_id`."""
    query: Mapping[str, str]
    receive: Receive
    headers: Sequence[Header] = ()
    operation: str = ""
    """The method and the pattern."""
    body_seconds: float = MOST_SECONDS

    def header(self, name: bytes) -> bytes:
        """What the header of this name, in small letters, says; empty: there is none."""
        return find_header(self.headers, name)


Handler = Callable[[Call], Answer | Awaitable[Answer]]
"""What waits for nothing answers at once."""


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `pattern` has no leading slash and no version, as in `pages/{page_id}/components`.

    A part named `page_id` is checked against the key's pages. `.json` at the end of a path is always understood.
    """

    method: str
    pattern: str
    need: Need | None
    """None: any key will do that works and is for the page."""
    handler: Handler
    operation: str = field(init=False)
    """The method and the pattern."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "operation", f"{self.method} {self.pattern}")


@dataclass(slots=True)
class _Node:
    literal: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "tuple[str, _Node] | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


Found = tuple[Mapping[str, Route], Mapping[str, str]]

_PATHS_REMEMBERED = 2048
_LONGEST_REMEMBERED = 200
"""Characters: anybody can ask for any number of long paths."""


class RouteTable:
    """All endpoints by path and method. A literal part wins over a parameter in its place."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)
        # Clients ask for the same few paths over and over.
        self._find = lru_cache(_PATHS_REMEMBERED)(self._search)

    def _add(self, route: Route) -> None:
        node = self._root
        for part in route.pattern.split("/"):
            if not part.startswith("{"):
                node = node.literal.setdefault(part, _Node())
                continue
            name = part[1:-1]
            if node.parameter is None:
                node.parameter = (name, _Node())
            elif node.parameter[0] != name:
                raise ValueError(f"{route.pattern}: this place is called {node.parameter[0]} elsewhere")
            node = node.parameter[1]
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.pattern} is there twice")
        node.routes[route.method] = route

    def find(self, path: str) -> Found | None:
        """The routes of a path below the version, by method, and its parameters; None where nothing is."""
        return self._find(path) if len(path) <= _LONGEST_REMEMBERED else self._search(path)

    def _search(self, path: str) -> Found | None:
        parts = path.removesuffix("/").removesuffix(".json").split("/")
        parameters: dict[str, str] = {}
        node = _descend(self._root, parts, 0, parameters)
        return None if node is None else (node.routes, parameters)


def _descend(node: _Node, parts: list[str], index: int, parameters: dict[str, str]) -> _Node | None:
    if index == len(parts):
        return node if node.routes else None
    part = parts[index]
    literal = node.literal.get(part)
    if literal is not None and (found := _descend(literal, parts, index + 1, parameters)) is not None:
        return found
    if node.parameter is None or not part:
        return None
    name, following = node.parameter
    found = _descend(following, parts, index + 1, parameters)
    if found is not None:
        parameters[name] = part
    return found
