"""What the migration makes of keys, and of requests for keys, that read everything."""

from collections.abc import Iterator
from contextlib import closing
from itertools import chain

import pytest
from sqlalchemy import select

from desk.keys.scopes import allows, parse_scopes
from storage import schema
from storage.database import Database
from storage.models import ApiKey, KeyRequest, Scope
from tests.databases import ORGANIZATION
from tests.unit.storage.earlier_database import add_row, at_revision

PERSONAL = ("subscribers", "page_access", "users")
HELD = {
    "reader": ["read"],
    "both": ["read", "incidents:write", "subscribers:write", "users:write"],
    "writer": ["incidents:write", "components:write"],
    "people": ["users:write"],
    "unordered": ["metrics:write", "read"],
}
ASKED = {"open": (["read"], None), "narrowed": (["read", "users:write"], ["read"]), "denied": (["users:write"], None)}


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    """A database of the release before, with keys and requests of every kind, brought to the newest schema."""
    with at_revision(empty_database_url, "0014") as connection:
        common = {"organization_id": ORGANIZATION}
        for key_id, scopes in HELD.items():
            add_row(connection, "api_key", id=key_id, sha256=key_id, scopes=scopes, **common)
        for request_id, (asked, granted) in ASKED.items():
            given = {"scopes": asked} if granted is None else {"scopes": asked, "granted_scopes": granted}
            add_row(connection, "key_request", id=request_id, lifetime_days=30, **given, **common)
    with closing(Database.from_url(empty_database_url)) as database:
        schema.upgrade(database.engine)
        yield database.of(ORGANIZATION)


def test_keys_that_read_go_on_reading_personal_data(database: Database) -> None:
    """A key that had `read` reads people as before and does nothing that it did not; others are as they were."""
    with database.read() as session:
        now = {key.id: key.scopes for key in session.scalars(select(ApiKey))}
    for key_id, scopes in HELD.items():
        assert now[key_id] == list(parse_scopes(now[key_id])), "not as people are shown them"
        given = [f"{resource}:read" for resource in PERSONAL] if "read" in scopes else []
        assert set(now[key_id]) == {*scopes, *given}
        assert all(allows(now[key_id], resource=resource, write=False) for resource in PERSONAL) == bool(given)


def test_requests_ask_for_what_they_meant(database: Database) -> None:
    """What waits, or was granted and is not collected yet, becomes a key that reads what it would have."""
    with database.read() as session:
        now = {row.id: (row.scopes, row.granted_scopes) for row in session.scalars(select(KeyRequest))}
    everything = ["read", *(f"{resource}:read" for resource in PERSONAL)]
    assert now["open"] == (everything, None)
    assert now["narrowed"] == ([*everything, "users:write"], everything)
    assert now["denied"] == (["users:write"], None)
    assert set(chain.from_iterable(now["narrowed"])) <= set(Scope)
