"""What a key may do by Statuspage's API, in plain words: what embedded pages and the gateway are held to.

It is written by hand from docs/api.md, and shares nothing with the product but the table of operations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.http.v1.operations import Depends, Operation

WRITES: Mapping[str, frozenset[str]] = {
    "incidents": frozenset({"incidents:write"}),
    "maintenances": frozenset({"maintenances:write"}),
    "components": frozenset({"components:write"}),
    "component_status": frozenset({"component_status:write", "components:write"}),
    "page_configuration": frozenset({"page_configuration:write"}),
    "subscribers": frozenset({"subscribers:write"}),
    "metrics": frozenset({"metrics:write"}),
    "page_access": frozenset({"page_access:write"}),
    "users": frozenset({"users:write"}),
}
"""Who writes what: any of these scopes does."""
READS: Mapping[str, frozenset[str]] = {
    "incidents": frozenset({"read", "incidents:write", "maintenances:write"}),
    "components": frozenset({"read", "components:write", "component_status:write"}),
    "page_configuration": frozenset({"read", "page_configuration:write"}),
    "metrics": frozenset({"read", "metrics:write"}),
    # Personal data has scopes of its own.
    "subscribers": frozenset({"subscribers:read", "subscribers:write"}),
    "page_access": frozenset({"page_access:read", "page_access:write"}),
    "users": frozenset({"users:read", "users:write"}),
}

NAME, STATE = {"name": "Anew"}, "degraded_performance"
_AT_ONCE, _BY_ITSELF = " that moves states", " that is to move states by itself"
_WAYS = ("", _AT_ONCE, _BY_ITSELF)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of call of an operation: what it carries, and what it is about."""

    name: str
    needs: Sequence[frozenset[str]]
    """Of each of these sets the key needs a scope."""
    body: Mapping[str, Any] | None = None
    is_maintenance: bool = False
    """What the address names is a maintenance."""
    early: Sequence[frozenset[str]] = field(default_factory=tuple)
    """What is asked before the body is read, where that is less."""


def list_kinds(operation: Operation, component_id: str) -> Sequence[Kind]:
    """Every kind of call of the operation."""
    if operation.method == "GET":
        return [Kind("a look", [READS[operation.resource]])]
    if operation.resource == "component_status":
        return [
            Kind("a state alone", [WRITES["component_status"]], {"component": {"status": STATE}}),
            Kind(
                "more than a state",
                [WRITES["components"]],
                {"component": {"status": STATE, **NAME}},
                early=[WRITES["component_status"]],
            ),
        ]
    if Depends.KIND in operation.depends:
        return _list_of_incidents(operation, component_id)
    envelope = {operation.body[-1]: dict(NAME)} if operation.body else None
    return [Kind("a change", [WRITES[operation.resource]], envelope)]


def _list_of_incidents(operation: Operation, component_id: str) -> Sequence[Kind]:
    either = [WRITES["incidents"] | WRITES["maintenances"]]
    about_one = "{incident_id}" in operation.path
    found = []
    for is_maintenance in (False, True):
        kind = WRITES["maintenances" if is_maintenance else "incidents"]
        for moves in _WAYS if Depends.STATES in operation.depends else _WAYS[:1]:
            if moves == _BY_ITSELF and not is_maintenance:
                continue
            fields: dict[str, Any] = {"body": "We look."} if about_one else {"name": "Slow", "body": "We look."}
            if is_maintenance and not about_one:
                fields |= {"scheduled_for": "2031-05-01T20:00:00Z", "scheduled_until": "2031-05-01T22:00:00Z"}
            if moves == _AT_ONCE:
                fields["components"] = {component_id: STATE}
            if moves == _BY_ITSELF:
                fields["auto_transition_to_operational_state"] = "t"
            name = f"{'a maintenance' if is_maintenance else 'an incident'}{moves}"
            needs = [kind, *([WRITES["component_status"]] if moves else [])]
            body = None if operation.method == "DELETE" else {operation.body[-1]: fields} if operation.body else None
            found.append(Kind(name, needs, body, is_maintenance=is_maintenance and about_one, early=either))
    return found


def meets(scope: str, needs: Sequence[frozenset[str]]) -> bool:
    """Whether a key with this scope alone has what all of them ask for."""
    return all(scope in need for need in needs)
