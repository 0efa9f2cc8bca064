"""The gateway before a real upstream, which is Keydesk's own API: the least rights, and nothing else in between."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from desk.requests.offers import policy_here
from desk.secret import Secret
from desk.transaction import Desk, Transaction, keys_changed, pages_changed
from desk.upstreams.keys import NewUpstreamKey, drop_upstream_key, list_upstream_keys, replace_upstream_key
from handlers.delivery.atlassian.deliverer import AtlassianDeliverer
from handlers.delivery.worker import OutboxWorker
from handlers.jobs.copies import follow_upstream
from storage.models import (
    ApiKey,
    AuditEvent,
    Channel,
    Component,
    Incident,
    KeyStatus,
    KeyUse,
    Page,
    SlackMessage,
    UpstreamKey,
)
from tests.contract.gateway_stage import EVERYTHING, OPERATOR, TwoKeydesks, mint, two_keydesks
from tests.factories import add_page
from tests.waiting import eventually

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = {"incident": {"name": "Search is slow", "body": "We look."}}
PLANNED = {
    "incident": {
        "name": "New disks",
        "scheduled_for": "2026-05-01T20:00:00Z",
        "scheduled_until": "2026-05-01T22:00:00Z",
    }
}


@pytest.fixture
async def both(desk: Desk, there: Desk) -> AsyncIterator[TwoKeydesks]:
    """The gateway and its upstream."""
    async with two_keydesks(desk, there) as both:
        yield both


async def test_pages_of_upstream_have_their_own_ids_here(both: TwoKeydesks) -> None:
    """They are listed, and read through as they are there; nobody renders them here."""
    secret, page = mint(both.desk, ["read"]), both.story.page
    assert [row["id"] for row in (await both.call(secret, "GET", "pages")).json()] == [page]
    for path in ("", "/components", "/component-groups", "/incidents", "/incidents/unresolved.json?per_page=1"):
        through = await both.call(secret, "GET", f"pages/{page}{path}")
        direct = await both.call_there("GET", f"pages/{page}{path}")
        assert (through.status_code, through.json()) == (200, direct.json()), path
    with both.desk.database.read() as session:
        assert session.get_one(Page, page).backend == "atlassian"
        copied = {row.name: row.status for row in session.query(Component)}
    assert copied["API"] == "partial_outage"
    assert both.served.app.public.cache.find("127.0.0.1", "/api/v2/summary.json") is None


async def test_a_key_may_there_what_it_may_here(both: TwoKeydesks) -> None:
    """Without its scope a call does not leave; with it, it is done, and each is counted as what it was."""
    page = both.story.page
    reader, writer = mint(both.desk, ["read"], name="reader"), mint(both.desk, ["incidents:write"], name="writer")
    before = len((await both.call_there("GET", f"pages/{page}/incidents")).json())
    refused = await both.call(reader, "POST", f"pages/{page}/incidents", json=NEW)
    assert (refused.status_code, "incidents:write" in refused.json()["error"]) == (403, True)
    made = await both.call(writer, "POST", f"pages/{page}/incidents", json=NEW)
    assert (made.status_code, made.json()["name"]) == (201, "Search is slow")
    wrong = await both.call(writer, "POST", f"pages/{page}/incidents", json={"incident": {"name": ""}})
    assert wrong.status_code == 422
    gone = await both.call(writer, "GET", f"pages/{page}/incidents/abcdefghijkl")
    assert gone.status_code == 404
    assert len((await both.call_there("GET", f"pages/{page}/incidents")).json()) == before + 1
    await both.served.app.flush()
    with both.desk.database.read() as session:
        uses = {key.name: session.get(KeyUse, key.id) for key in session.query(ApiKey)}
    assert uses["reader"] is not None and uses["writer"] is not None
    assert (uses["reader"].reads, uses["reader"].refused) == (0, 1)
    assert (uses["writer"].writes, uses["writer"].failed, uses["writer"].refused) == (1, 2, 0)


async def test_what_a_body_says_decides(both: TwoKeydesks) -> None:
    """A maintenance is no incident, whoever finds another way to say that it is one; states are one more right."""
    page = both.story.page
    incidents, maintenances = mint(both.desk, ["incidents:write"]), mint(both.desk, ["maintenances:write"])
    path = f"pages/{page}/incidents"
    assert (await both.call(incidents, "POST", path, json=PLANNED)).status_code == 403
    assert (await both.call(maintenances, "POST", path, json=NEW)).status_code == 403
    assert (await both.call(maintenances, "POST", path, json=PLANNED)).status_code == 201
    as_form = {"Content-Type": "application/x-www-form-urlencoded"}
    hidden = b'{"incident":{"name":"x"},"a":"&incident[name]=y&incident[scheduled_for]=2026-05-01T20:00:00Z&b="}'
    tricks: list[tuple[int, dict[str, Any]]] = [
        (403, {"json": PLANNED["incident"]}),
        (403, {"data": {"incident[name]": "x", "incident[scheduled_for]": "2026-05-01T20:00:00Z"}}),
        (403, {"json": {"incident": {"name": "x", "status": "scheduled"}}}),
        # What is said in the address, and what one program reads in a body and another does not, is not passed on.
        (201, {"json": NEW, "params": {"incident[scheduled_for]": "2026-05-01T20:00:00Z"}}),
        (201, {"content": hidden, "headers": as_form}),
    ]
    for status, trick in tricks:
        answer = await both.call(incidents, "POST", path, **trick)
        assert answer.status_code == status, trick
        assert answer.json().get("scheduled_for") is None
    planned = (await both.call_there("GET", f"{path}/upcoming")).json()
    assert {row["name"] for row in planned} == {"New disks", _upcoming_of(both)}
    moving = {"incident": {"name": "x", "components": {both.story.components["API"]: "major_outage"}}}
    assert (await both.call(incidents, "POST", path, json=moving)).status_code == 403
    both_rights = mint(both.desk, ["incidents:write", "component_status:write"])
    assert (await both.call(both_rights, "POST", path, json=moving)).status_code == 201


def _upcoming_of(both: TwoKeydesks) -> str:
    with both.there.database.read() as session:
        return session.get_one(Incident, both.story.upcoming).name


async def test_a_state_is_less_than_a_component(both: TwoKeydesks) -> None:
    """`component_status:write` brings components into states and changes nothing else of them, in whatever form."""
    page, api = both.story.page, both.story.components["API"]
    secret, path = mint(both.desk, ["component_status:write"]), f"pages/{page}/components/{api}"
    for body, status in (
        ({"json": {"component": {"status": "major_outage"}}}, 200),
        ({"data": {"component[status]": "operational"}}, 200),
        ({"json": {"component": {"status": "operational", "name": "x"}}}, 403),
        ({"json": {"component": {"status": "operational"}, "name": "x"}}, 403),
        ({"data": {"component[name]": "x"}}, 403),
        ({"json": {"component": {"status": "operational"}}, "params": {"component[name]": "x"}}, 200),
    ):
        answer = await both.call(secret, "PATCH", path, **body)
        assert answer.status_code == status, (body, answer.text)
    assert (await both.call(secret, "DELETE", path)).status_code == 403
    shown = (await both.call_there("GET", path)).json()
    # What is open holds the state that it was brought into.
    assert (shown["name"], shown["status"]) == ("API", "partial_outage")


async def test_a_key_for_named_components_names_no_others(both: TwoKeydesks) -> None:
    """Neither by their addresses nor in an incident, nor by making some or by a group that holds them."""
    page, known = both.story.page, both.story.components
    scopes = ["components:write", "incidents:write", "component_status:write"]
    secret = mint(both.desk, scopes, components=[known["API"]])
    down = {"component": {"status": "major_outage"}}
    for method, path, body, status in (
        ("PATCH", f"components/{known['API']}", down, 200),
        ("PATCH", f"components/{known['Website']}", down, 403),
        ("POST", "components", {"component": {"name": "New"}}, 403),
        ("PATCH", f"component-groups/{known['Europe']}", {"component_group": {"name": "x"}}, 403),
        ("POST", "incidents", {"incident": {"name": "a", "components": {known["API"]: "major_outage"}}}, 201),
        ("POST", "incidents", {"incident": {"name": "b", "components": {known["Website"]: "major_outage"}}}, 403),
        ("POST", "incidents", {"incident": {"name": "c", "component_ids": [known["API"], known["Website"]]}}, 403),
        ("GET", f"components/{known['Website']}", None, 200),
    ):
        answer = await both.call(secret, method, f"pages/{page}/{path}", json=body)
        assert answer.status_code == status, (method, path, answer.text)


async def test_the_kind_of_what_is_there_is_looked_up(both: TwoKeydesks) -> None:
    """Where only an id is given, upstream says what it is of; once, since it stays so."""
    page, story = both.story.page, both.story
    incidents, maintenances = mint(both.desk, ["incidents:write"]), mint(both.desk, ["maintenances:write"])
    change = {"incident": {"body": "More soon."}}
    for secret, incident, status in (
        (incidents, story.open, 200),
        (incidents, story.active, 403),
        (maintenances, story.active, 200),
        (maintenances, story.open, 403),
        (incidents, "abcdefghijkl", 404),
    ):
        answer = await both.call(secret, "PATCH", f"pages/{page}/incidents/{incident}", json=change)
        assert answer.status_code == status, answer.text
    assert (await both.call(incidents, "DELETE", f"pages/{page}/incidents/{story.active}")).status_code == 403
    assert (await both.call(maintenances, "DELETE", f"pages/{page}/incidents/{story.active}")).status_code == 200


async def test_a_key_for_other_pages_and_unknown_addresses(both: TwoKeydesks) -> None:
    """A key of another page is told so; what nobody knows needs every right that there is on a page."""
    page = both.story.page

    def add(tx: Transaction) -> str:
        pages_changed(tx)
        return add_page(tx.session, tx.now, name="Other").id

    other = both.desk.write_now(OPERATOR, add)
    outside = mint(both.desk, EVERYTHING, pages=[other])
    assert (await both.call(outside, "GET", f"pages/{page}/components")).status_code == 403
    assert [row["id"] for row in (await both.call(outside, "GET", "pages")).json()] == [other]
    most = mint(both.desk, [scope for scope in EVERYTHING if scope != "metrics:write"], pages=[page])
    every = mint(both.desk, EVERYTHING, pages=[page])
    assert (await both.call(most, "GET", f"pages/{page}/future_things")).status_code == 403
    assert (await both.call(every, "GET", f"pages/{page}/future_things")).status_code == 404
    assert (await both.call(every, "GET", f"pages/{page}/metrics")).status_code == 501


async def test_the_list_of_pages_is_what_upstream_says(both: TwoKeydesks) -> None:
    """Of those that the key is for, beside pages that are kept here; and where upstream says something else, that."""
    page = both.story.page

    def add(tx: Transaction) -> str:
        pages_changed(tx)
        return add_page(tx.session, tx.now, name="Beside it", subdomain="beside").id

    own, unknown = both.desk.write_now(OPERATOR, add), both.there.write_now(OPERATOR, add)
    every, narrow = mint(both.desk, ["read"]), mint(both.desk, ["read"], pages=[own])
    direct = {row["id"]: row for row in (await both.call_there("GET", "pages")).json()}
    assert direct.keys() == {page, unknown}
    listed = (await both.call(every, "GET", "pages")).json()
    assert {row["id"]: row for row in listed}[page] == direct[page]
    assert {row["id"] for row in listed} == {page, own}
    assert [row["id"] for row in (await both.call(narrow, "GET", "pages.json")).json()] == [own]
    head = await both.call(every, "HEAD", "pages")
    assert (head.status_code, head.content) == (200, b"")
    await both.there.write(OPERATOR, partial(_revoke, secret=both.upstream_secret))
    refused = await both.call(every, "GET", "pages")
    assert (refused.status_code, "does not take Keydesk's own" in refused.text) == (502, True)
    assert (await both.call(narrow, "GET", "pages")).status_code == 200


async def test_our_key_is_replaced_under_load_without_a_failed_call(both: TwoKeydesks) -> None:
    """Calls go on while the key of upstream changes, and the old one can be deleted right after."""
    secret, page = mint(both.desk, ["read"]), both.story.page
    fresh = mint(both.there, EVERYTHING, name="fresh")
    codes: list[int] = []

    async def call_often(times: int) -> None:
        for _ in range(times):
            codes.append((await both.call(secret, "GET", f"pages/{page}")).status_code)

    await call_often(3)
    callers = [asyncio.create_task(call_often(15)) for _ in range(4)]

    def replace(tx: Transaction) -> None:
        [old] = list_upstream_keys(tx.session)
        replace_upstream_key(
            tx, old.id, NewUpstreamKey(name="fresh", sealed=both.seal.close(fresh), calls_a_minute=None)
        )

    await both.desk.write(OPERATOR, replace)
    await both.there.write(OPERATOR, partial(_revoke, secret=both.upstream_secret))
    assert len(codes) < 50, "nobody called meanwhile"
    await asyncio.gather(*callers)
    assert codes == [200] * 63


def _revoke(tx: Transaction, secret: str) -> None:
    key = tx.session.query(ApiKey).filter_by(sha256=Secret(secret).sha256).one()
    key.status = KeyStatus.REVOKED
    keys_changed(tx, key.id)


async def test_owners_hear_when_our_key_is_not_taken(both: TwoKeydesks) -> None:
    """The caller is told that it is not their fault, the key is called with no more, and it shows nowhere."""
    secret, page = mint(both.desk, ["read"]), both.story.page
    await both.there.write(OPERATOR, partial(_revoke, secret=both.upstream_secret))
    answer = await both.call(secret, "GET", f"pages/{page}")
    assert (answer.status_code, "does not take Keydesk's own" in answer.json()["error"]) == (502, True)

    def state() -> str:
        with both.desk.database.read() as session:
            return str(session.query(UpstreamKey).one().status)

    await eventually(lambda: state() == "refused")
    again = await both.call(secret, "GET", f"pages/{page}")
    assert again.status_code == 502
    with both.desk.database.read() as session:
        told = [row for row in session.query(SlackMessage) if row.kind == "upstream.key_refused"]
        events = [event for event in session.query(AuditEvent) if event.action.startswith("upstream_key.")]
        dump = " ".join(str(vars(row)) for row in [*told, *events, *session.query(UpstreamKey)])
    assert [event.action for event in events] == ["upstream_key.added", "upstream_key.refused"]
    assert both.upstream_secret not in dump + answer.text + again.text


async def test_without_a_key_of_our_own_nobody_is_said_to_have_been_told(both: TwoKeydesks) -> None:
    """Where no key is left, or none can be opened, the caller reads that, and where an operator looks."""
    secret = mint(both.desk, ["read"])

    def drop(tx: Transaction) -> None:
        [only] = list_upstream_keys(tx.session)
        drop_upstream_key(tx, only.id)

    await both.desk.write(OPERATOR, drop)
    answer = await both.call(secret, "GET", f"pages/{both.story.page}")
    assert (answer.status_code, "'keydesk upstream show'" in answer.json()["error"]) == (502, True), answer.text
    assert "told" not in answer.json()["error"]


async def test_our_own_api_knows_what_is_open_there(both: TwoKeydesks) -> None:
    """What is open at the Statuspage is followed, so that Keydesk's own API tells of it; of what is over, it does
    not."""
    upstreams = both.served.app.upstreams
    assert await follow_upstream(upstreams.client, upstreams.book, both.desk, upstreams.hear_refused)
    async with httpx.AsyncClient(base_url=both.served.url) as client:
        headers = {"Authorization": f"OAuth {mint(both.desk, ['read'])}"}
        path = f"/keydesk/v1/pages/{both.story.page}"
        found = (await client.get(f"{path}/incidents?view=all", headers=headers)).json()
        templates = await client.get(f"{path}/templates", headers=headers)
    assert {row["id"] for row in found["items"]} == {both.story.open, both.story.active, both.story.upcoming}
    assert (templates.status_code, templates.json()["items"]) == (200, [])


async def test_our_own_api_brings_a_component_there_into_a_state(both: TwoKeydesks) -> None:
    """The state goes to the Statuspage; what else a component is, is changed there."""
    page, search = both.story.page, both.story.components["Search"]
    secret = mint(both.desk, ["components:write", "component_status:write"])
    async with httpx.AsyncClient(base_url=both.served.url, headers={"Authorization": f"OAuth {secret}"}) as client:
        path = f"/keydesk/v1/pages/{page}/components/{search}/change"
        answer = await client.post(path, json={"status": "major_outage"})
        assert answer.status_code == 200, answer.text
        renamed = await client.post(path, json={"name": "Find"})
    assert (renamed.status_code, "kept by Statuspage" in renamed.text) == (409, True)
    worker = OutboxWorker(both.desk, {Channel.ATLASSIAN: _deliverer(both)})
    await worker.deliver_due()
    assert (await both.call_there("GET", f"pages/{page}/components/{search}")).json()["status"] == "major_outage"


def _deliverer(both: TwoKeydesks) -> AtlassianDeliverer:
    upstreams = both.served.app.upstreams
    return AtlassianDeliverer(
        upstreams.client, upstreams.book.find, both.desk.clock, on_refused=upstreams.hear_refused
    )


async def test_what_upstream_has_can_be_asked_for(both: TwoKeydesks) -> None:
    """Scopes that open nothing on pages of ours are on offer once there are others; here, and not there."""

    def offered(tx: Transaction) -> set[str]:
        return {str(scope) for scope in policy_here(tx).offered_scopes}

    here, there = both.desk.read_now(OPERATOR, offered), both.there.read_now(OPERATOR, offered)
    assert here - there == {
        *("metrics:write", "subscribers:read", "subscribers:write", "page_access:read", "page_access:write")
    }
    assert there <= here
