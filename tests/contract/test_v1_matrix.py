"""Every operation × every scope × own page, another page, no page × kind of body: on embedded pages, and through the
gateway, beside one plain model."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.transaction import Actor, Desk, JobName, Transaction, pages_changed
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.copies import ComponentThere, PageThere, copy_pages
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from handlers.http.gateway.assembly import UpstreamOptions
from handlers.http.v1.operations import OPERATIONS, Operation
from storage.models import IncidentUpdate, Page, Scope
from storage.sealing import Seal
from tests.authorization import Kind, list_kinds, meets
from tests.contract.gateway_stage import OPERATOR, mint
from tests.databases import ORGANIZATION
from tests.factories import add_component, add_page
from tests.hostile_server import HostileServer, json_answer, length_of

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OWN, OTHER, NOWHERE = "own page", "another page", "no page"
PASSED, REFUSED, ABSENT, MISSING = "passed", "refused", "absent", "missing"
NO_SUCH = "nosuchthing0"
SCOPES = [str(scope) for scope in Scope]


async def call(app: HttpApp, method: str, path: str, secret: str, body: Mapping[str, Any] | None) -> int:
    """The status of one call, without a socket."""
    sent = json.dumps(body).encode() if body is not None else b""
    headers = [(b"authorization", f"OAuth {secret}".encode()), (b"content-length", b"%d" % len(sent))]
    scope = {"type": "http", "method": method, "path": f"/v1/{path}", "query_string": b"", "headers": headers}
    found: list[int] = []
    bodies = [sent]

    async def receive() -> dict[str, Any]:
        if not bodies:
            # After the body a server has nothing to say until the caller hangs up, which this one does not.
            await asyncio.Event().wait()
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    await app(scope, receive, send)
    return found[0]


def word_of(status: int) -> str:
    """What became of a call. Whatever else is wrong with it, it passed."""
    return {403: REFUSED, 501: MISSING}.get(status, PASSED)


Ids = Mapping[str, str]
Address = Callable[[Operation, Kind, str], Ids]


async def compare(
    app: HttpApp,
    operations: Sequence[Operation],
    keys: Mapping[str, str],
    address: Address,
    component_id: str,
    expect: Callable[[Operation, Kind, str, str], str],
) -> int:
    """Every cell, and the expected word in it; gives how many there were."""
    wrong: dict[tuple[str, ...], tuple[str, str]] = {}
    count = 0
    for operation in operations:
        for kind in list_kinds(operation, component_id):
            for place in (OWN, OTHER, NOWHERE) if "{page_id}" in operation.path else (OWN,):
                for scope, secret in keys.items():
                    expected = expect(operation, kind, place, scope)
                    ids = address(operation, kind, place if expected == PASSED else f"standing {place}")
                    path = operation.path.format_map(ids)
                    status = await call(app, operation.method, path, secret, kind.body)
                    assert status < 500 or status == 501, (operation.path, kind.name, status)
                    found = ABSENT if place == NOWHERE and status == 404 else word_of(status)
                    count += 1
                    if found != expected:
                        cell = (operation.method, operation.path, kind.name, place, scope)
                        wrong[cell] = (found, expected)
    assert not wrong, f"{len(wrong)} of {count}: {dict(list(wrong.items())[:12])}"
    return count


class Things:
    """Two pages of one desk, with one of everything on each; what is deleted is made again."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.pages = {name: desk.write_now(OPERATOR, partial(self._page, name=name)) for name in (OWN, OTHER)}
        self._standing: dict[tuple[str, str], str] = {}

    @staticmethod
    def _page(tx: Transaction, name: str) -> str:
        pages_changed(tx)
        return add_page(tx.session, tx.now, name=name, subdomain=name.replace(" ", "-")).id

    def component(self, place: str, *, group: bool = False) -> str:
        """A new component of the page."""

        def add(tx: Transaction) -> str:
            pages_changed(tx)
            return add_component(tx.session, tx.session.get_one(Page, self.pages[place]), tx.now, group=group).id

        return self._desk.write_now(OPERATOR, add)

    def incident(self, place: str, *, is_maintenance: bool) -> str:
        """A new incident or maintenance of the page."""

        def add(tx: Transaction) -> str:
            window = Schedule(scheduled_for=tx.now + timedelta(days=1), scheduled_until=tx.now + timedelta(days=2))
            window = replace(window, to_maintenance_state=False, to_operational_state=False)
            new = NewIncident(name="Slow", body="We look.", schedule=window if is_maintenance else None)
            return create_incident(tx, self.pages[place], new).id

        return self._desk.write_now(OPERATOR, add)

    def address(self, operation: Operation, kind: Kind, place: str) -> Ids:
        """What stands in the braces of the operation's path; what is there stays, unless the call may delete it."""
        where = place.removeprefix("standing ")
        ids = dict.fromkeys(_names_in(operation.path), NO_SUCH) | {"organization_id": ORGANIZATION}
        if where == NOWHERE:
            return ids | {"page_id": "nosuchpage00"}
        ids["page_id"] = self.pages[where]
        is_gone_after = operation.method == "DELETE" and place == where
        for name, make in self._makers(where, kind).items():
            if name not in ids:
                continue
            known = (where, f"{name} {kind.is_maintenance}")
            if is_gone_after or known not in self._standing:
                ids[name] = make()
            if not is_gone_after:
                ids[name] = self._standing.setdefault(known, ids[name])
        if "incident_update_id" in ids:
            ids["incident_update_id"] = self._said(ids["incident_id"])
        return ids

    def _said(self, incident_id: str) -> str:
        with self._desk.database.read() as session:
            return (
                session.scalars(select(IncidentUpdate.id).where(IncidentUpdate.incident_id == incident_id)).first()
                or NO_SUCH
            )

    def _makers(self, where: str, kind: Kind) -> Mapping[str, Callable[[], str]]:
        return {
            "component_id": lambda: self.component(where),
            # Groups alone are called so.
            "id": lambda: self.component(where, group=True),
            "incident_id": lambda: self.incident(where, is_maintenance=kind.is_maintenance),
        }


def _names_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def expect_embedded(operation: Operation, kind: Kind, place: str, scope: str) -> str:
    """What the plain model says of a call for an embedded page."""
    if operation.missing is not None:
        return MISSING if place == OWN else REFUSED
    early = meets(scope, kind.early or kind.needs)
    if place == OTHER or not early:
        return REFUSED
    if place == NOWHERE:
        return ABSENT
    return PASSED if meets(scope, kind.needs) else REFUSED


async def test_embedded_pages_answer_as_the_model_says(desk: Desk) -> None:
    """Each cell: passed, refused with 403, missing with 501, or absent with 404 where there is no such page."""
    things = Things(desk)
    keys = {scope: mint(desk, [scope], name=scope, pages=[things.pages[OWN]]) for scope in SCOPES}
    of_all = {scope: mint(desk, [scope], name=f"{scope} everywhere") for scope in SCOPES}
    app = create_http_app(desk)
    async with app.running():
        component = things.component(OWN)
        pages = [one for one in OPERATIONS if "{page_id}" in one.path]
        count = await compare(app, pages, keys, things.address, component, expect_embedded)
        # What is about the whole organization, a key for one page does not reach.
        rest = [one for one in OPERATIONS if one not in pages]
        count += await compare(app, rest, of_all, things.address, component, expect_embedded)
    assert count > 112 * len(SCOPES)


async def test_the_gateway_forwards_what_the_model_says(desk: Desk) -> None:
    """Each cell again: what may not is refused here, and everything else, and nothing more, reaches upstream."""
    component, planned, realtime = "componentaa1", "maintenance1", "incidentaaa1"
    own, other = "pageelsewhe1", "pageelsewhe2"
    seal = Seal([Fernet.generate_key().decode()])

    async def behave(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(length_of(head))
        is_planned = head.startswith(b"GET ") and planned.encode() in head
        await json_answer(b'{"scheduled_for":"2031-05-01T20:00:00Z"}' if is_planned else b"{}")(b"", reader, writer)

    async with HostileServer(behave).running() as server:

        def prepare(tx: Transaction) -> None:
            connect_upstream(tx, server.url)
            add_upstream_key(tx, NewUpstreamKey(name="k", sealed=seal.close("secret"), calls_a_minute=None))

        def copy(tx: Transaction) -> None:
            one = ComponentThere(id=component, name="API", position=1)
            copy_pages(tx, [PageThere(id=own, name="Own", components=[one]), PageThere(id=other, name="Other")])

        desk.write_now(OPERATOR, prepare)
        desk.write_now(Actor.job(JobName.COPIES), copy)
        keys = {scope: mint(desk, [scope], name=scope, pages=[own]) for scope in SCOPES}
        app = create_http_app(desk, settings=HttpSettings(upstreams=UpstreamOptions(seal=seal)))

        def address(operation: Operation, kind: Kind, place: str) -> Ids:
            where = place.removeprefix("standing ")
            ids = dict.fromkeys(_names_in(operation.path), NO_SUCH)
            ids["page_id"] = {OWN: own, OTHER: other, NOWHERE: "nosuchpage00"}[where]
            return ids | {"incident_id": planned if kind.is_maintenance else realtime, "component_id": component}

        to_reach: Counter[str] = Counter()

        def expect(operation: Operation, kind: Kind, place: str, scope: str) -> str:
            if place == NOWHERE:
                return expect_embedded(operation, kind, place, scope)
            if place != OWN or not meets(scope, kind.needs):
                return REFUSED
            to_reach[operation.method] += 1
            return PASSED

        pages = [one for one in OPERATIONS if "{page_id}" in one.path]
        async with app.running():
            count = await compare(app, pages, keys, address, component, expect)
        reached = [head.decode().split(" ", 2)[:2] for head in server.heads]
    assert count > 105 * len(SCOPES)
    assert all(f"/pages/{own}" in target for _, target in reached)
    # A look at what an incident is may come before, so that reads are more; upstream hears of no other call.
    calls = Counter(method for method, _ in reached)
    assert calls.pop("GET") >= to_reach.pop("GET")
    assert calls == to_reach
