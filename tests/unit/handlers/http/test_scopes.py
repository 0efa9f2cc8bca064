"""Every scope that can be asked for opens a call of one of the APIs."""

import re
from collections.abc import Iterator

import pytest

from bot.database import make_desk
from bot.settings import GivenSettings
from desk.keys.check import Need
from desk.keys.scopes import allows, is_write
from handlers.http.own import operations as own
from handlers.http.v1 import operations as v1
from storage.database import Database
from storage.models import Scope
from tests.unit.handlers.http.conftest import Site

REFUSED = 403
_BRACES = re.compile(r"{(\w+)}")


def _list_calls() -> Iterator[tuple[str, str, Need]]:
    """Method, path and need of every operation that is there."""
    for one in v1.OPERATIONS:
        if one.missing is None:
            yield one.method, f"/v1/{one.path}", one.need
    for other in own.OPERATIONS:
        if other.need is not None:
            yield other.method, f"/keydesk/v1/{other.path}", other.need


def _opens(scope: Scope, need: Need) -> bool:
    return need.write == is_write(scope) and any(
        allows([scope], resource=resource, write=need.write) for resource in need.resources
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scope", Scope)
async def test_what_is_offered_opens_a_call_and_what_is_not_opens_none(
    site: Site, database: Database, scope: Scope
) -> None:
    """A key with this scope alone is let into a call that refuses one without any; for one that is not offered there
    is none."""
    offered = make_desk(GivenSettings(), database).policy.offered_scopes
    page = site.page()
    given = {"page_id": page.id, "organization_id": page.organization_id}
    (_, bare), (_, secret) = site.key(scopes=[]), site.key(scopes=[scope])
    calls = [(method, path) for method, path, need in _list_calls() if _opens(scope, need)]
    assert bool(calls) is (scope in offered)
    for method, path in calls:
        path = _BRACES.sub(lambda found: given.get(found[1], "nosuchthing0"), path)
        answers = [
            (await site.client.request(method, path, headers={"Authorization": f"OAuth {one}"})).status_code
            for one in (bare, secret)
        ]
        assert answers[0] == REFUSED, (method, path)
        if answers[1] not in {REFUSED, 501}:
            return
    assert not calls
