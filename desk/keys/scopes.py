"""What a key may do: read or write one kind of resource. Pure."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from desk.acting_keys import with_included
from desk.errors import InvalidInputError
from storage.models import Scope

IN_WORDS: Mapping[Scope, str] = {
    Scope.READ: "read everything on the page",
    Scope.INCIDENTS_WRITE: "open, update and resolve incidents",
    Scope.MAINTENANCES_WRITE: "schedule and run maintenances",
    Scope.COMPONENT_STATUS_WRITE: "change the status of components, and nothing else of them",
    Scope.COMPONENTS_WRITE: "create and change components and their status",
    Scope.METRICS_WRITE: "create metrics and submit their data",
    Scope.PAGE_CONFIGURATION_WRITE: "change the page's settings and look",
    Scope.SUBSCRIBERS_READ: "read who is subscribed, with their addresses",
    Scope.SUBSCRIBERS_WRITE: "read, add and remove subscribers",
    Scope.PAGE_ACCESS_READ: "read who may see the page, with their addresses",
    Scope.PAGE_ACCESS_WRITE: "read and change who may see the page",
    Scope.USERS_READ: "read the organization's users, with their addresses",
    Scope.USERS_WRITE: "read and manage the organization's users",
    Scope.KEYS_READ: "read API keys and requests for them, but no secret",
    Scope.KEYS_WRITE: "read and change API keys",
    Scope.AUDIT_READ: "read the audit trail",
    Scope.DELIVERIES_WRITE: "read and repeat messages that could not be delivered",
}

_BEHIND = frozenset({"subscribers", "page_access", "users", "keys", "audit", "deliveries"})
"""Resources that are behind the page: `read` does not read them."""
_READING: Mapping[str, Collection[Scope]] = {
    "incidents": (Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE),
    "components": (Scope.COMPONENTS_WRITE, Scope.COMPONENT_STATUS_WRITE),
}
"""Write scopes that write a part of a resource, and so read it."""

_ORDER = {scope: index for index, scope in enumerate(Scope)}


def parse_scopes(words: Iterable[str], offered: Iterable[str] = tuple(Scope)) -> tuple[Scope, ...]:
    """Scopes from what a person typed or chose, without doubles and in the order of `Scope`.

    Raises InvalidInputError (field `scopes`) when none is given and, naming those that are `offered`, on an unknown
    word.
    """
    found: set[Scope] = set()
    for word in words:
        text = word.strip().lower()
        if text in {scope.value for scope in Scope}:
            found.add(Scope(text))
        elif f"{text}:write" in {scope.value for scope in Scope}:
            own = f"{text}:read" if f"{text}:read" in IN_WORDS else "read"
            raise InvalidInputError(
                f"“{word}” is not a scope.", f"Did you mean `{text}:write`? Reading is `{own}`.", field="scopes"
            )
        else:
            raise InvalidInputError(f"“{word}” is not a scope.", f"Scopes are: {', '.join(offered)}.", field="scopes")
    if not found:
        raise InvalidInputError("A key needs at least one scope.", "For reading, choose `read`.", field="scopes")
    return tuple(sorted(found, key=_ORDER.__getitem__))


def scope_for(*, resource: str, write: bool) -> Scope:
    """The least scope that a call on `resource` (`incidents`, `components`, …) needs."""
    if not write and resource not in _BEHIND:
        return Scope.READ
    own = f"{resource}:read"
    return Scope(own) if not write and own in IN_WORDS else Scope(f"{resource}:write")


def is_write(scope: str) -> bool:
    """Whether who has the scope changes anything."""
    return scope.endswith(":write")


def is_behind_the_page(scope: str) -> bool:
    """Whether the scope opens what the public page never shows: people, keys, messages, the audit trail."""
    return scope.partition(":")[0] in _BEHIND


def are_narrower(scopes: Collection[str], than: Collection[str]) -> bool:
    """True when `scopes` allow nothing that `than` does not."""
    return with_included(scopes) <= with_included(than)


def allows(scopes: Collection[str], *, resource: str, write: bool) -> bool:
    """Whether a key with `scopes` may read or write `resource` (`incidents`, `components`, …).

    Writing needs the resource's write scope, or one that includes it. Who may write something of a resource reads it
    too; `read` reads all but what is behind the page.
    """
    return _allows(frozenset(scopes), resource, write)


# Asked at every call of the API, and thousands of keys share a handful of sets.
@lru_cache(maxsize=4096)
def _allows(scopes: frozenset[str], resource: str, write: bool) -> bool:
    allowed = with_included(scopes)
    if scope_for(resource=resource, write=write) in allowed:
        return True
    return not write and not allowed.isdisjoint(_READING.get(resource) or (f"{resource}:write",))
