"""Every operation of Statuspage's management API: what a call needs, what it carries and what it answers.

The facts stand in `operations.csv`, a line for each; a test holds them to Statuspage's published description.
Whatever has to know an operation reads them here.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.resources import files

from desk.keys.check import Need
from handlers.http.answers import Answer
from handlers.http.errors import error_answer
from handlers.http.v1.routing import Call, Handler, Route

Key = tuple[str, str]
"""An operation's method and path."""


class Depends(StrEnum):
    """What else a call needs, by more than its path."""

    KIND = "kind"
    """Of a maintenance it needs `maintenances:write` instead of `incidents:write`."""
    STATES = "states"
    """States of components in its body, and a maintenance that is to bring them about by itself, need
    `component_status:write` besides."""
    PAGES = "pages"
    """It reaches each page that its body names, or leaves out."""
    HELD = "held"
    """Where a person reads first what keys say, it is answered with 202, and waits."""


_BY_BODY: Mapping[Depends, Need] = {
    Depends.KIND: Need("maintenances", write=True),
    Depends.STATES: Need("component_status", write=True),
}
"""What some bodies need."""


class Paging(StrEnum):
    """How a list is asked for in parts."""

    PER_PAGE = "per_page"
    """`page` from 1, and `per_page`."""
    LIMIT = "limit"
    """`page` from 1, and `limit`."""
    LIMIT_FROM_ZERO = "limit_from_zero"
    """`page` from 0, and `limit`."""


class Missing(StrEnum):
    """Why an operation is not there."""

    NOT_YET = "not_yet"
    NOT_EMBEDDED = "not_embedded"
    FROM_SLACK = "from_slack"

    @property
    def in_words(self) -> str:
        """The reason, for whoever calls."""
        if self is Missing.NOT_YET:
            return "it is not built yet"
        if self is Missing.FROM_SLACK:
            return "people come from Slack, and leave with it"
        return "the pages that Keydesk serves itself have nothing of the kind"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `path` has no leading slash and no version, as in `pages/{page_id}/components`."""

    method: str
    path: str
    resource: str
    """Of which its scope speaks: reading needs `read`, and everything else `<resource>:write`."""
    success: int
    answer: str
    """The schema of what it answers, in brackets when it is a list; empty: nothing."""
    body: Sequence[str]
    """The members of its body: of most, one that bears the resource's name."""
    depends: Sequence[Depends]
    paging: Paging | None
    missing: Missing | None
    """Why it is not there; None: it is."""
    need: Need = field(init=False, compare=False)
    """What a key must be allowed before its body is read: of what may be either kind, one of the two."""

    def __post_init__(self) -> None:
        writes = self.method != "GET"
        either = writes and Depends.KIND in self.depends
        need = Need(self.resource, write=writes, besides=("maintenances",) if either else ())
        object.__setattr__(self, "need", need)


def _read_operations() -> Sequence[Operation]:
    lines = files(__package__).joinpath("operations.csv").read_text(encoding="utf-8").splitlines()
    return tuple(
        Operation(
            method=row["method"],
            path=row["path"],
            resource=row["resource"],
            success=int(row["success"]),
            answer=row["answer"],
            body=tuple(row["body"].split(";")) if row["body"] else (),
            depends=tuple(Depends(word) for word in row["depends"].split(";") if word),
            paging=Paging(row["paging"]) if row["paging"] else None,
            missing=Missing(row["missing"]) if row["missing"] else None,
        )
        for row in csv.DictReader(lines)
    )


OPERATIONS: Sequence[Operation] = _read_operations()


_ACTS = ("", "/publish", "/revert")
_INCIDENT = "pages/{page_id}/incidents/{incident_id}"
_PERMISSIONS = "organizations/{organization_id}/permissions/{user_id}"
ALSO: Mapping[Key, Key] = {
    **{("POST", f"{_INCIDENT}/postmortem{act}"): ("PUT", f"{_INCIDENT}/postmortem{act}") for act in _ACTS},
    ("PATCH", f"{_INCIDENT}/incidents_update/{{incident_update_id}}"): (
        "PATCH",
        f"{_INCIDENT}/incident_updates/{{incident_update_id}}",
    ),
    ("PATCH", _PERMISSIONS): ("PUT", _PERMISSIONS),
    **{
        (one.method, one.path.replace("component-groups", "component_groups")): (one.method, one.path)
        for one in OPERATIONS
        if "component-groups" in one.path
    },
}
"""Calls that Statuspage has not and that clients make all the same → the operations that they mean."""


_TEMPLATE = "pages/{page_id}/incident_templates/{template_id}"
BESIDES: Mapping[Key, Need] = {
    (method, _TEMPLATE): Need("incidents", write=method != "GET") for method in ("GET", "PUT", "PATCH", "DELETE")
}
"""Operations that Statuspage does not document and that a client calls, with what a key must be allowed."""


def list_needs() -> frozenset[Need]:
    """What the operations that are there need: a scope that none of them needs opens nothing."""
    there = [one for one in OPERATIONS if one.missing is None]
    by_body = {_BY_BODY[word] for one in there for word in one.depends if word in _BY_BODY}
    return frozenset(Need(word, write=one.need.write) for one in there for word in one.need.resources) | by_body


def make_routes(handlers: Mapping[Key, Handler]) -> Sequence[Route]:
    """A route for every operation; `handlers` are those of the operations that are there.

    Raises ValueError unless they are exactly these.
    """
    there = {(one.method, one.path) for one in OPERATIONS if one.missing is None} | BESIDES.keys()
    if there != handlers.keys():
        raise ValueError(f"there is no handler, or no operation, for {sorted(there ^ handlers.keys())}")
    routes = {
        (one.method, one.path): Route(one.method, one.path, one.need, handlers[one.method, one.path])
        if one.missing is None
        # Whoever has a key is told that it is not there, before somebody grants a scope for it in vain.
        else Route(one.method, one.path, None, _refusing(one, one.missing))
        for one in OPERATIONS
    }
    also = [replace(routes[meant], method=method, pattern=path) for (method, path), meant in ALSO.items()]
    besides = [Route(method, path, need, handlers[method, path]) for (method, path), need in BESIDES.items()]
    return [*routes.values(), *also, *besides]


def _refusing(operation: Operation, why: Missing) -> Handler:
    # Clients try again after any other code of this class.
    refusal = error_answer(501, f"Keydesk has no {operation.method} /v1/{operation.path}: {why.in_words}.")

    async def refuse(_call: Call) -> Answer:
        return refusal

    return refuse
