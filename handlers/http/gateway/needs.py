"""What a forwarded call needs, by the table of operations and by what it carries. Pure.

Whoever forwards is asked before: the server elsewhere knows one key, which may everything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.incidents.effects import Move, Turn
from desk.incidents.inputs import SCHEDULED
from desk.keys.check import Need
from desk.keys.ring import RingKey
from desk.keys.scopes import allows
from handlers.http.gateway.kinds import Told
from handlers.http.v1.operations import ALSO, BESIDES, OPERATIONS, Depends, Key, Operation
from handlers.http.v1.routing import Route
from storage.models import IncidentStatus, Scope

_BY_KEY: Mapping[Key, Operation] = {(one.method, one.path): one for one in OPERATIONS} | {
    (method, path): Operation(method, path, need.resource, 200, "", (), (), None, None)
    for (method, path), need in BESIDES.items()
}

_TRANSITIONS = ("auto_transition_to_maintenance_state", "auto_transition_to_operational_state")
_OFF = frozenset({"none", "", "false", "f", "0", "off"})
"""What Rails takes for false, and what says nothing."""
_SCHEDULED = frozenset(str(status) for status in SCHEDULED)
_WIDEST = frozenset(
    {
        Scope.READ,
        Scope.INCIDENTS_WRITE,
        Scope.MAINTENANCES_WRITE,
        Scope.COMPONENTS_WRITE,
        Scope.SUBSCRIBERS_READ,
        Scope.SUBSCRIBERS_WRITE,
        Scope.METRICS_WRITE,
        Scope.PAGE_ACCESS_READ,
        Scope.PAGE_ACCESS_WRITE,
        Scope.PAGE_CONFIGURATION_WRITE,
    }
)
"""Everything that there is to do on a page: what an address needs of which nobody knows what it does."""


_STATUS_ALONE = "component_status"
"""What bringing a component into a state needs; whatever else is said of it needs `components:write`."""


def find_operation(route: Route | None) -> Operation | None:
    """What a route means, whichever way a client spells it; None where nobody knows."""
    if route is None:
        return None
    key = (route.method, route.pattern)
    return _BY_KEY[ALSO.get(key, key)]


def may_everything(key: RingKey) -> bool:
    """Whether the key may do all that there is to do on its pages."""
    return key.scopes >= _WIDEST


def may_either_kind(key: RingKey) -> bool:
    """Whether it makes no difference to the key of which kind an incident is."""
    return key.scopes >= {Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE}


def is_decided_by_body(operation: Operation) -> bool:
    """Whether what a call carries says what it needs."""
    by_table = {Depends.KIND, Depends.STATES} & set(operation.depends)
    return operation.need.write and (bool(by_table) or operation.resource == _STATUS_ALONE)


def is_about_one(operation: Operation) -> bool:
    """Whether it is about an incident that is there, whose kind its address does not tell."""
    return Depends.KIND in operation.depends and "{incident_id}" in operation.path


def list_needs(operation: Operation, body: Mapping[str, Any], *, is_maintenance: bool) -> Sequence[Need]:
    """Everything that the call needs.

    `is_maintenance`: the incident that it is about is one, as the server elsewhere says.
    """
    if not is_decided_by_body(operation):
        return [operation.need]
    if operation.resource == _STATUS_ALONE:
        return [Need("components" if _says_more_than_status(body) else _STATUS_ALONE, write=True)]
    places = list_places(body)
    needs = []
    if Depends.KIND in operation.depends:
        schedules = any(map(_schedules, places))
        about_one = is_about_one(operation)
        if is_maintenance or schedules:
            needs.append(Need("maintenances", write=True))
        if not is_maintenance and (about_one or not schedules):
            needs.append(Need("incidents", write=True))
    else:
        needs.append(operation.need)
    if Depends.STATES in operation.depends and any(map(_moves_states, places)):
        needs.append(Need("component_status", write=True))
    return needs


def is_of_other_components(
    key: RingKey, operation: Operation, path: Mapping[str, str], body: Mapping[str, Any], told: Told | None = None
) -> bool:
    """Whether the call would change components that the key is not for, or names them in an incident.

    `told`: the incident that it is about. Of one that is about other components alone nothing may be said, and of one
    that is about others, too, nothing by which it begins, ends or goes: all of them are spoken of.
    """
    if key.components is None or not operation.need.write:
        return False
    if operation.resource in ("components", _STATUS_ALONE):
        # Only a component's own address says which one is changed: not a new one's, and not a group's.
        return path.get("component_id") not in key.components
    if told is not None and told.about and not told.about <= key.components:
        removes = operation.method == "DELETE" and operation.path.endswith("{incident_id}")
        if removes or told.about.isdisjoint(key.components) or _turns(told, body):
            return True
    if Depends.STATES not in operation.depends:
        return False
    places = list_places(body)
    named = [
        one for place in places for word in ("components", "component_ids") for one in _named_in(place.get(word))
    ]
    return not set(named) <= key.components


def list_places(body: Mapping[str, Any], envelope: str = "incident") -> Sequence[Mapping[str, Any]]:
    """Where in a body its members may stand."""
    # Rails takes members without their envelope, too, and may take them from a list.
    inner = body.get(envelope)
    return [body, *(one for one in (inner if isinstance(inner, list) else [inner]) if isinstance(one, dict))]


def _turns(told: Told, body: Mapping[str, Any]) -> bool:
    said = [place.get("status") for place in list_places(body)]
    try:
        before = IncidentStatus(told.status)
        moves = [Move(before=before, after=IncidentStatus(one), scheduled=told.is_maintenance) for one in said if one]
    except ValueError:
        # What nobody knows may be its end.
        return True
    return any(move.turn in (Turn.BEGINS, Turn.ENDS) for move in moves)


def _says_more_than_status(body: Mapping[str, Any]) -> bool:
    fields = body.get("component") or {}
    named = {*(set(body) - {"component"}), *(fields if isinstance(fields, dict) else ["component"])}
    return bool(named - {"status"})


def _named_in(value: Any) -> Sequence[str]:
    if value in (None, ""):
        return ()
    if isinstance(value, dict):
        return [str(one) for one in value]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def find_missing(key: RingKey, needs: Sequence[Need]) -> Need | None:
    """The first need that the key does not meet."""
    for need in needs:
        if not any(allows(key.scopes, resource=one, write=need.write) for one in need.resources):
            return need
    return None


def _schedules(fields: Mapping[str, Any]) -> bool:
    dated = any(fields.get(name) not in (None, "") for name in ("scheduled_for", "scheduled_until"))
    return dated or str(fields.get("status")) in _SCHEDULED


def _moves_states(fields: Mapping[str, Any]) -> bool:
    # A maintenance moves its components by itself where it is told to, by whatever Rails takes for true.
    if any(str(fields.get(name)).lower() not in _OFF for name in _TRANSITIONS):
        return True
    # Lists name components alone. Whatever else it may be that nobody knows, is taken for states.
    components = fields.get("components")
    if components in (None, "", [], {}):
        return False
    return not (isinstance(components, list) and all(isinstance(one, str) for one in components))
