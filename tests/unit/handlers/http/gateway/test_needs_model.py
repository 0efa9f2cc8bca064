"""What the gateway decides is what a plain model of the table says, whatever key, operation and body."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.http.gateway.needs import find_missing, is_decided_by_body, list_needs
from handlers.http.v1.operations import OPERATIONS, Depends, Operation
from storage.models import Scope
from tests.unit.handlers.http.gateway.test_forwarding import CALLER

_PERSONAL = {"subscribers", "page_access", "users"}
_INCLUDED = {"components:write": {"component_status:write"}}
_ALSO_READS = {"incidents": {"incidents:write", "maintenances:write"}, "components": {"component_status:write"}}


def has(scopes: frozenset[str], scope: str) -> bool:
    """Whether one of the scopes is this one, or holds it."""
    return scope in scopes or any(scope in _INCLUDED.get(one, ()) for one in scopes)


def may(scopes: frozenset[str], operation: Operation, body: Mapping[str, Any], *, is_maintenance: bool) -> bool:
    """The table, line by line."""
    resource = operation.resource
    if not operation.need.write:
        own = f"{resource}:read" if resource in _PERSONAL else "read"
        writes = {f"{resource}:write", *_ALSO_READS.get(resource, ())}
        return any(has(scopes, scope) for scope in {own, *writes})
    said = {**body, **(body.get("incident") or {})}
    needed = set()
    if resource == "component_status":
        words = {*body, *(body.get("component") or {})} - {"component"}
        return has(scopes, "component_status:write" if words <= {"status"} else "components:write")
    if Depends.KIND in operation.depends:
        plans = bool(said.get("scheduled_for")) or said.get("status") in ("scheduled", "in_progress")
        is_there = "{incident_id}" in operation.path
        needed |= {"maintenances:write"} if plans or is_maintenance else set()
        needed |= {"incidents:write"} if not is_maintenance and (is_there or not plans) else set()
    else:
        needed.add(f"{resource}:write")
    if Depends.STATES in operation.depends and isinstance(said.get("components"), dict) and said["components"]:
        needed.add("component_status:write")
    return all(has(scopes, scope) for scope in needed)


OF_INCIDENTS = ["read", "incidents:write", "maintenances:write", "component_status:write", "components:write"]
DECIDED_BY_BODY = [one for one in OPERATIONS if is_decided_by_body(one)]
fields = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("x"),
        "status": st.sampled_from(["investigating", "resolved", "scheduled", "in_progress", ""]),
        "scheduled_for": st.sampled_from(["2030-01-01T00:00:00Z", "", None]),
        "components": st.sampled_from([{}, {"a": "major_outage"}, ["a"], [], None]),
    },
)
bodies = st.one_of(
    fields, st.builds(lambda inner: {"incident": inner}, fields), st.just({"component": {"status": "x"}})
)


@settings(max_examples=400)
@given(
    operation=st.sampled_from(OPERATIONS) | st.sampled_from(DECIDED_BY_BODY),
    scopes=st.frozensets(st.sampled_from(OF_INCIDENTS)) | st.frozensets(st.sampled_from([str(one) for one in Scope])),
    body=bodies,
    is_maintenance=st.booleans(),
)
def test_the_decision_is_the_model_s(
    operation: Operation, scopes: frozenset[str], body: Mapping[str, Any], is_maintenance: bool
) -> None:
    """Never with wider rights, and never with narrower."""
    is_maintenance = is_maintenance and "{incident_id}" in operation.path
    key = replace(CALLER, scopes=scopes)
    decided = find_missing(key, list_needs(operation, body, is_maintenance=is_maintenance)) is None
    assert decided == may(scopes, operation, body, is_maintenance=is_maintenance), (operation, scopes, body)


def test_more_scopes_never_forbid() -> None:
    """Of every operation, with each single scope and with all."""
    everything = replace(CALLER, scopes=frozenset(str(scope) for scope in Scope))
    for operation, scope in itertools.product(OPERATIONS, Scope):
        needs = list_needs(operation, {}, is_maintenance=False)
        alone = find_missing(replace(CALLER, scopes=frozenset({str(scope)})), needs) is None
        assert not alone or find_missing(everything, needs) is None


def test_of_what_a_body_decides_nothing_is_left_out() -> None:
    """Every operation of that kind, with each set of scopes that it may need, and each thing that it may say."""
    states, plan = {"components": {"a": "major_outage"}}, {"scheduled_for": "2030-01-01T00:00:00Z"}
    said: list[dict[str, Any]] = [{}, {"name": "x"}, {"status": "scheduled"}, states, plan, {**states, **plan}]
    body: Mapping[str, Any]
    every: list[Mapping[str, Any]] = [*said, *({"incident": one} for one in said)]
    every += [{"component": {"status": "x"}}, {"component": {"status": "x", "name": "y"}}, {"status": "x"}]
    chosen = [frozenset(some) for size in range(6) for some in itertools.combinations(OF_INCIDENTS, size)]
    for operation, scopes, body, kind in itertools.product(DECIDED_BY_BODY, chosen, every, (False, True)):
        is_maintenance = kind and "{incident_id}" in operation.path
        needs = list_needs(operation, body, is_maintenance=is_maintenance)
        decided = find_missing(replace(CALLER, scopes=scopes), needs) is None
        assert decided == may(scopes, operation, body, is_maintenance=is_maintenance), (operation, scopes, body)
