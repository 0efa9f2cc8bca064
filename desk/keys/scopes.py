"""What a key may do: read, or write one kind of resource."""

from collections.abc import Collection, Iterable

from desk.errors import InvalidInputError
from storage.models import Scope

IN_WORDS: dict[Scope, str] = {
    Scope.READ: "read everything on the page",
    Scope.INCIDENTS_WRITE: "open, update and resolve incidents",
    Scope.MAINTENANCES_WRITE: "schedule and run maintenances",
    Scope.COMPONENTS_WRITE: "create and change components and their status",
    Scope.SUBSCRIBERS_WRITE: "add and remove subscribers",
    Scope.METRICS_WRITE: "create metrics and submit their data",
    Scope.PAGE_CONFIGURATION_WRITE: "change the page's settings and look",
    Scope.USERS_WRITE: "manage the organization's users",
}

_ORDER = {scope: index for index, scope in enumerate(Scope)}


def parse_scopes(words: Iterable[str]) -> tuple[Scope, ...]:
    """Scopes from what a person typed or chose, without doubles and in the order of `Scope`.

    Raises InvalidInputError (field `scopes`) on an unknown word or when none is given.
    """
    found: set[Scope] = set()
    for word in words:
        text = word.strip().lower()
        if text in {scope.value for scope in Scope}:
            found.add(Scope(text))
        elif f"{text}:write" in {scope.value for scope in Scope}:
            raise InvalidInputError(
                f"“{word}” is not a scope.", f"Did you mean `{text}:write`? Reading is `read`.", field="scopes"
            )
        else:
            raise InvalidInputError(f"“{word}” is not a scope.", f"Scopes are: {', '.join(Scope)}.", field="scopes")
    if not found:
        raise InvalidInputError("A key needs at least one scope.", "For reading, choose `read`.", field="scopes")
    return tuple(sorted(found, key=_ORDER.__getitem__))


def scope_for(*, resource: str, write: bool) -> Scope:
    """The scope that a call on `resource` (`incidents`, `components`, …) needs."""
    return Scope(f"{resource}:write") if write else Scope.READ


def is_write(scope: str) -> bool:
    """True for every scope but `read`."""
    return scope != Scope.READ


def are_narrower(scopes: Collection[str], than: Collection[str]) -> bool:
    """True when `scopes` allow nothing that `than` does not. A write scope allows reading its own resource."""
    return set(scopes) <= set(than)


def allows(scopes: Collection[str], *, resource: str, write: bool) -> bool:
    """Whether a key with `scopes` may read or write `resource` (`incidents`, `components`, …).

    Writing needs the resource's write scope. Reading needs `read`, or the write scope of that same resource.
    """
    if f"{resource}:write" in scopes:
        return True
    return not write and Scope.READ in scopes
