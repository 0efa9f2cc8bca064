"""Every operation of the own API × every scope × keys on all pages, its own page, another one: from the table."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from desk.keys.scopes import allows
from handlers.http.own.operation import Operation, Reach
from handlers.http.own.operations import OPERATIONS
from storage.models import Scope
from tests.factories import MAX
from tests.own_story import Caller, OwnApi, own_api

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
    of a page, or of all, is asked for; everybody else gets past every guard."""
    callers = _make_callers(api)
    ids = _make_things(api)
    expected, found = {}, {}
    for operation in OPERATIONS:
        for (scopes, pages), caller in callers.items():
            cell = (operation.method, operation.path, scopes, pages)
            expected[cell] = _expect(operation, scopes, pages)
            response = await caller.call(operation.method, operation.path.format(**ids), **_body(operation, ids))
            found[cell] = response.status_code == 403
            assert response.status_code < 500, (cell, response.text)
    assert {cell for cell in found if found[cell]} == {cell for cell in expected if expected[cell]}
    assert len(found) == len(OPERATIONS) * len(callers)


Kind = tuple[tuple[str, ...], str]
"""A key's scopes, and what it is for."""


def _make_callers(api: OwnApi) -> Mapping[Kind, Caller]:
    """A key with each scope that opens something, and one with all the others together."""
    places: Mapping[str, Any] = {ALL: None, OWN: [api.page], OTHER: [api.other]}
    needed = {one.need.scope for one in OPERATIONS if one.need is not None}
    needed |= {str(scope) for scope in Scope if any(one.need and _opens(one, [scope]) for one in OPERATIONS)}
    sets = [(str(scope),) for scope in sorted(needed)] + [tuple(str(one) for one in Scope if one not in needed)]
    return {(scopes, place): api.key(*scopes, pages=pages) for scopes in sets for place, pages in places.items()}


def _make_things(api: OwnApi) -> Mapping[str, str]:
    return {
        "key_id": api.add(name="about", pages=[api.page]),
        "request_id": api.add_request(pages=[api.page]),
        "role": "incident_manager",
        "delivery_id": "nosuchthing0",
        "page_id": api.page,
        "incident_id": "nosuchthing0",
        "template_id": "nosuchthing0",
        "draft_id": "nosuchthing0",
    }


def _opens(operation: Operation, scopes: Sequence[str]) -> bool:
    need = operation.need
    return need is None or any(allows(scopes, resource=one, write=need.write) for one in need.resources)


def _expect(operation: Operation, scopes: Sequence[str], pages: str) -> bool:
    """Whether the call is refused."""
    if not _opens(operation, scopes):
        return True
    if operation.reach is Reach.EVERYTHING:
        return pages != ALL
    return operation.reach is Reach.THING and pages == OTHER


def _body(operation: Operation, ids: Mapping[str, str]) -> Mapping[str, Any]:
    """A body that may be sent, about what nobody has seen where that can be said: then nothing is done."""
    if operation.body is None:
        return {}
    values = {**SAMPLES, "pages": [ids["page_id"]], "page_id": ids["page_id"]}
    asked = {
        name: values[name]
        for name, member in operation.body.model_fields.items()
        if member.is_required() or name in {"version", "pages", "page_id", "name", "length"}
    }
    return {"json": asked}
