"""Every operation of the own API × every scope × keys on all pages, its own page, another one × kind of body."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.keys.scopes import allows
from desk.transaction import Transaction
from handlers.http.own.operation import Operation, Reach
from handlers.http.own.operations import OPERATIONS
from handlers.http.own.shapes.incidents import Spoken
from handlers.http.own.shapes.pages import PageChanged
from storage.models import IncidentStatus, Scope
from tests.factories import MAX
from tests.own_story import ACTOR, Caller, OwnApi, own_api

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SAMPLES: Mapping[str, Any] = {
    "version": 10_000,
    "name": "anew",
    "purpose": "We automate.",
    "reason": "Because.",
    "until": "30d",
    "to": MAX,
    "scopes": ["read"],
    "subject": MAX,
    "role": "incident_manager",
    "title": "Slow",
    "body": "We look.",
    "start": "tomorrow 22:00",
    "length": "1h",
    "at": "2026-03-01 14:00 UTC",
    "settings": {"headline": "Hello"},
    "components": ["nosuchthing0"],
}
ALL, OWN, OTHER = "all pages", "own page", "other page"
"""What a calling key is for; everything that the calls are about is on the own page."""


@pytest.fixture
async def api(desk: Any) -> AsyncIterator[OwnApi]:
    """The application, on one database for all cells."""
    async with own_api(desk) as given:
        yield given


async def test_each_cell_is_as_the_table_says(api: OwnApi) -> None:
    """A key without the scope gets 403 whatever it asks about; with it, one for other pages gets 403 where something
    of a page, or of all, is asked for, and one whose body wants more than its scopes; everybody else gets past every
    guard."""
    callers = _make_callers(api)
    ids = _make_things(api)
    expected, found = {}, {}
    for operation in OPERATIONS:
        for kind in _list_kinds(operation, ids):
            for (scopes, pages), caller in callers.items():
                if not kind.is_understood and not _opens(operation, scopes):
                    # Nobody has read the body by then, as the plain kind shows.
                    continue
                cell = (operation.method, operation.path, kind.name, scopes, pages)
                expected[cell] = _expect(operation, kind, scopes, pages)
                # What may be ended by the call is made for it.
                is_made = kind.make is not None and _opens(operation, scopes) and pages != OTHER
                about = ids | kind.make(api, operation) if is_made and kind.make is not None else ids
                response = await caller.call(operation.method, operation.path.format(**about), **kind.options)
                found[cell] = response.status_code == 403
                assert response.status_code < 500, (cell, response.text)
    assert {cell for cell in found if found[cell]} == {cell for cell in expected if expected[cell]}
    assert len(found) > len(OPERATIONS) * len(callers)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of call of an operation, by what it carries."""

    name: str
    options: Mapping[str, Any]
    besides: Collection[str] | None = ()
    """What a key needs besides the operation's own scope, of which one will do; None: no key may."""
    is_understood: bool = True
    make: Callable[[OwnApi, Operation], dict[str, str]] | None = None
    """Makes what it is about."""


CHANGE = "pages/{page_id}/components/{component_id}/change"
STATES = ("component_status:write", "components:write")


def _list_kinds(operation: Operation, ids: Mapping[str, str]) -> Sequence[Kind]:
    if operation.body is None:
        return [Kind("no body", {})]
    plain = dict(_body(operation, ids))
    kinds = [
        Kind("as it may be", {"json": plain}),
        Kind("with what there is not", {"json": plain | {"nosuchmember": 1}}, is_understood=False),
    ]
    if operation.path == CHANGE:
        # Whoever may bring a component into a state alone, says nothing else of it.
        kinds.append(Kind("a name", {"json": {"name": "Anew"}}, ("components:write",), make=_component))
        kinds.append(Kind("a state", {"json": {"status": "degraded_performance"}}, STATES, make=_component))
    if issubclass(operation.body, Spoken):
        states = {"components": {ids["component"]: "partial_outage"}, "body": "We look."}
        kinds.append(Kind("that moves states", {"json": plain | states}, STATES, make=_spoken_of))
    if operation.body is PageChanged:
        kinds.append(Kind("the policy", {"json": {"settings": {"api_posts": "publish"}}}, None))
    if operation.path == "roles/grant":
        kinds.append(Kind("an ownership", {"json": plain | {"role": "owner"}}, None))
    return kinds


def _component(api: OwnApi, _: Operation) -> dict[str, str]:
    return {"component_id": api.component()}


def _spoken_of(api: OwnApi, operation: Operation) -> dict[str, str]:
    """An incident or a maintenance of which the operation can say something."""
    scheduled, act = "/maintenances" in operation.path, operation.path.rpartition("/")[2]
    over, status = act == "reopen", IncidentStatus.INVESTIGATING
    if over:
        status = IncidentStatus.COMPLETED if scheduled else IncidentStatus.RESOLVED
    elif scheduled:
        status = IncidentStatus.SCHEDULED if act == "start" else IncidentStatus.IN_PROGRESS

    def create(tx: Transaction) -> str:
        window = Schedule(scheduled_for=tx.now, scheduled_until=tx.now + timedelta(hours=1)) if scheduled else None
        return create_incident(tx, api.page, NewIncident(name="Slow", schedule=window, status=status)).id

    return {"incident_id": api.desk.write_now(ACTOR, create)}


Held = tuple[tuple[str, ...], str]
"""A key's scopes, and what it is for."""


def _make_callers(api: OwnApi) -> Mapping[Held, Caller]:
    """A key with each scope that opens something, some that move states besides, and one with all the others."""
    places: Mapping[str, Any] = {ALL: None, OWN: [api.page], OTHER: [api.other]}
    needed = {one.need.scope for one in OPERATIONS if one.need is not None}
    needed |= {str(scope) for scope in Scope if any(one.need and _opens(one, [scope]) for one in OPERATIONS)}
    sets: list[tuple[str, ...]] = [(str(scope),) for scope in sorted(needed)]
    sets += [(scope, STATES[0]) for scope in ("incidents:write", "maintenances:write")]
    sets += [tuple(str(one) for one in Scope if one not in needed)]
    return {(scopes, place): api.key(*scopes, pages=pages) for scopes in sets for place, pages in places.items()}


def _make_things(api: OwnApi) -> dict[str, str]:
    return {
        "key_id": api.add(name="about", pages=[api.page]),
        "request_id": api.add_request(pages=[api.page]),
        "role": "incident_manager",
        "delivery_id": "nosuchthing0",
        "page_id": api.page,
        "incident_id": "nosuchthing0",
        "template_id": "nosuchthing0",
        "draft_id": "nosuchthing0",
        "component_id": "nosuchthing0",
        "component": api.component(),
    }


def _opens(operation: Operation, scopes: Sequence[str]) -> bool:
    need = operation.need
    return need is None or any(allows(scopes, resource=one, write=need.write) for one in need.resources)


def _expect(operation: Operation, kind: Kind, scopes: Sequence[str], pages: str) -> bool:
    """Whether the call is refused."""
    if not _opens(operation, scopes):
        return True
    # The page of an address is asked about before anything is read.
    elsewhere = pages == OTHER and (kind.is_understood or "{page_id}" in operation.path)
    if operation.reach is Reach.EVERYTHING and kind.is_understood:
        return pages != ALL
    if operation.reach is Reach.THING and elsewhere:
        return True
    return kind.besides is None or bool(kind.besides and not set(kind.besides) & set(scopes))


def _body(operation: Operation, ids: Mapping[str, str]) -> Mapping[str, Any]:
    """A body that may be sent, about what nobody has seen where that can be said: then nothing is done."""
    assert operation.body is not None
    values = {**SAMPLES, "pages": [ids["page_id"]], "page_id": ids["page_id"]}
    return {
        name: values[name]
        for name, member in operation.body.model_fields.items()
        if member.is_required() or name in {"version", "pages", "page_id", "name", "length"}
    }
