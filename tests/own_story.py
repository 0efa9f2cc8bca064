"""Keys, people and messages for the own API to be called about, on an application that is called in process."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed, pages_changed
from handlers.http.app import HttpApp, create_http_app
from storage.models import ApiKey, Page, Role, SecondPerson, UserGroup, UserGroupMember
from tests.factories import (
    GUS,
    INES,
    MAX,
    MIA,
    OLIVIA,
    add_component,
    add_grant,
    add_key,
    add_member,
    add_owner,
    add_page,
    add_request,
)

ACTOR = Actor.operator("test")
GROUP = "S0PLATFORM"


@dataclass(frozen=True, slots=True)
class Caller:
    """A key that calls."""

    client: httpx.AsyncClient
    id: str
    secret: str

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """GET."""
        return await self.call("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """POST, with this body as JSON."""
        return await self.call("POST", path, json=body)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any call below the prefix."""
        headers = {"Authorization": f"OAuth {self.secret}"} | options.pop("headers", {})
        return await self.client.request(method, f"/keydesk/v1/{path}", headers=headers, **options)


@dataclass(frozen=True, slots=True)
class OwnApi:
    """The application, the desk behind it, and two pages: keys are for the first."""

    app: HttpApp
    client: httpx.AsyncClient
    desk: Desk
    page: str
    other: str

    def key(self, *scopes: str, **values: Any) -> Caller:
        """A new key with these scopes that calls; held by Olivia, an owner, on all pages, unless told otherwise."""
        secret = Secret.generate()
        given = {"scopes": list(scopes), "holder_id": OLIVIA, "sha256": secret.sha256, "start": secret.start} | values
        return Caller(self.client, self.add(**given), secret.reveal())

    def add(self, **values: Any) -> str:
        """A new key, of which its id."""

        def add(tx: Transaction) -> str:
            key = add_key(tx.session, tx.now, **values)
            keys_changed(tx, key.id)
            return key.id

        return self.desk.write_now(ACTOR, add)

    def add_request(self, **values: Any) -> str:
        """A new request of Olivia's, of which its id."""
        given = {"requester_id": OLIVIA, "holder_id": OLIVIA} | values
        return self.desk.write_now(ACTOR, lambda tx: add_request(tx.session, tx.now, **given).id)

    def component(self) -> str:
        """A component of the first page, called Website, of which its id."""

        def add(tx: Transaction) -> str:
            pages_changed(tx)
            return add_component(tx.session, tx.session.get_one(Page, self.page), tx.now).id

        return self.desk.write_now(ACTOR, add)

    def guarded(self) -> str:
        """The other page, on which a second person publishes from now on: Max is one."""

        def guard(tx: Transaction) -> str:
            tx.session.get_one(Page, self.other).second_person = SecondPerson.ALWAYS
            add_grant(tx.session, MAX, Role.INCIDENT_MANAGER, tx.now, page_id=self.other)
            pages_changed(tx)
            return self.other

        return self.desk.write_now(ACTOR, guard)

    def read(self, key_id: str) -> ApiKey:
        """A key as it is now."""
        with self.desk.database.read() as session:
            return session.get_one(ApiKey, key_id)


@asynccontextmanager
async def own_api(desk: Desk) -> AsyncIterator[OwnApi]:
    """See `OwnApi`. People: Olivia, an owner; Mia and Max; Ines, who manages incidents on the first page; a group."""
    page, other = desk.write_now(ACTOR, _people_and_pages)
    app = create_http_app(desk)
    transport = httpx.ASGITransport(app=app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield OwnApi(app, client, desk, page, other)


def _people_and_pages(tx: Transaction) -> Sequence[str]:
    session, now = tx.session, tx.now
    page, other = (add_page(session, now, name=name, subdomain=name.lower()).id for name in ("Acme", "Beta"))
    add_owner(session, OLIVIA, now, name="Olivia")
    for user_id, name in ((MIA, "Mia"), (MAX, "Max"), (INES, "Ines")):
        add_member(session, user_id, now, name=name)
    add_member(session, GUS, now, name="Gus", is_guest=True)
    add_grant(session, INES, Role.INCIDENT_MANAGER, now, page_id=page)
    session.add(UserGroup(group_id=GROUP, handle="platform", name="Platform"))
    session.flush()
    session.add(UserGroupMember(group_id=GROUP, user_id=INES))
    return page, other


def said(response: httpx.Response) -> Mapping[str, Any]:
    """What is answered, when it went well."""
    assert response.is_success, (response.status_code, response.text)
    answered = response.json()
    assert isinstance(answered, dict)
    return answered
