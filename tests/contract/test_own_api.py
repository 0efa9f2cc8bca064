"""Keydesk's own API on a real socket: each operation does what it says, in the shape that the description has."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from desk.identifiers import new_id
from desk.transaction import Desk, Transaction
from handlers.http.description.own import describe_own_api
from handlers.http.own.operation import Operation
from handlers.http.own.operations import OPERATIONS
from storage.models import AuditEvent, Channel, Delivery, DeliveryStatus, Incident, KeyStatus, SlackMessage
from tests.databases import url_on_sqlite
from tests.factories import MAX, MIA, OLIVIA
from tests.own_story import ACTOR, Caller, OwnApi, own_api, said
from tests.serving import serving

database_url = url_on_sqlite
"""What an operation asks of a database is the desk's, each of whose doors opens for somebody on both."""

SCOPES = (
    "components:write",
    "page_configuration:write",
    "incidents:write",
    "maintenances:write",
    "component_status:write",
    "users:write",
    "keys:write",
    "audit:read",
    "deliveries:write",
)
PAGE = "pages/{page_id}"
INCIDENT, MAINTENANCE = f"{PAGE}/incidents/{{incident_id}}", f"{PAGE}/maintenances/{{incident_id}}"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Described:
    """Calls, each of which is compared with its row in the table."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.called: set[tuple[str, str]] = set()

    async def get(self, pattern: str, path: dict[str, str] | None = None, **query: Any) -> Any:
        """GET, and what is answered."""
        return self._looked_at("GET", pattern, await self.caller.get(pattern.format(**(path or {})), **query))

    async def post(self, pattern: str, path: dict[str, str] | None = None, **body: Any) -> Any:
        """POST, and what is answered."""
        return self._looked_at("POST", pattern, await self.caller.post(pattern.format(**(path or {})), **body))

    def _looked_at(self, method: str, pattern: str, response: httpx.Response) -> Any:
        operation = next(one for one in OPERATIONS if one.key == (method, pattern))
        assert response.status_code == operation.success, response.text
        assert response.headers["content-type"] == "application/json"
        _expect_shape(operation, response.text)
        self.called.add(operation.key)
        return said(response)


def _expect_shape(operation: Operation, text: str) -> None:
    """It is what the model says, with every member there, and says of it what the model would."""
    answer = operation.answer.model_validate_json(text)
    assert answer.model_dump_json() == text
    # What the trail has recorded is as it was recorded.
    own = re.sub(r'"data":{[^}]*}', "", text)
    assert all(_INSTANT.fullmatch(at) for at in re.findall(r'at":"([^"]+)"', own))


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[OwnApi]:
    """The people and pages of the story, served on a socket."""
    async with own_api(desk) as story, serving(desk) as served, httpx.AsyncClient(base_url=served.url) as client:
        yield OwnApi(served.app, client, desk, story.page, story.other)


async def test_a_key_says_only_what_its_scopes_say(api: OwnApi) -> None:
    """Without the scope for states one is refused that names some, and what nobody named stays as it is; a key for
    incidents touches no maintenance, and one for another page nothing here."""
    whole = api.key(*SCOPES)
    api.component()
    down = {"name": "Slow", "components": {"website": "major_outage"}}
    opened = said(await whole.post(f"pages/{api.page}/incidents", **down))["incident"]["id"]
    window = {"start": "tomorrow 22:00", "length": "1h"}
    planned = said(await whole.post(f"pages/{api.page}/maintenances", name="Upgrade", **window))["incident"]["id"]
    speaks = api.key("incidents:write")
    assert (await speaks.post(f"pages/{api.page}/incidents", **down)).status_code == 403
    resolved = said(await speaks.post(f"pages/{api.page}/incidents/{opened}/resolve"))
    assert (resolved["incident"]["status"], _states(resolved)) == ("resolved", ["major_outage"])
    assert (await speaks.post(f"pages/{api.page}/maintenances/{planned}/cancel")).status_code == 403
    assert (await speaks.post(f"pages/{api.page}/incidents/{planned}/update", body="x")).status_code == 404
    assert (await speaks.post(f"pages/{api.page}/incidents/{planned}/delete")).status_code == 403
    plans = api.key("maintenances:write")
    still = said(await plans.post(f"pages/{api.page}/maintenances", name="Move", components=["website"], **window))
    with api.desk.database.read() as session:
        flags = [session.get_one(Incident, one) for one in (planned, still["incident"]["id"])]
        assert [row.auto_transition_to_operational_state for row in flags] == [True, False]
    elsewhere = api.key(*SCOPES, pages=[api.other])
    assert (await elsewhere.post(f"pages/{api.other}/incidents/{opened}/delete")).status_code == 404


def _add_dead(tx: Transaction) -> str:
    message = SlackMessage(
        id=new_id(), kind="digest.card", subject_id=new_id(), conversation="C0DIGEST01", created_at=tx.now
    )
    died = {"status": DeliveryStatus.DEAD, "due_at": tx.now, "created_at": tx.now, "last_error": "is_archived"}
    tx.session.add(message)
    tx.session.flush()
    tx.session.add(Delivery(channel=Channel.SLACK, lane="C0DIGEST01", subject=message.id, **died))
    return message.id


async def test_each_operation_does_what_it_says(api: OwnApi) -> None:
    """One after the other, as one program: what was changed is there, and the trail says which key did it."""
    caller = api.key(*SCOPES)
    call = Described(caller)
    await _look_around(call, caller)
    await _change_the_page(call, api)
    await _tell_of_an_incident(call, api)
    await _run_a_maintenance(call, api)
    await _keep_words(call, api)
    await _wait_for_a_person(call, api)
    await _change_a_key(call, api)
    await _ask(call)
    await _give_and_take(call, api)
    await _settle_letters(call, api)
    await _read_the_trail(call, caller)
    assert call.called == {one.key for one in OPERATIONS}


async def test_a_retired_group_needs_components(api: OwnApi) -> None:
    """Those that it had are elsewhere; a key for states alone changes nothing else; the policy is for people."""
    caller, page = api.key("components:write", "page_configuration:write"), f"pages/{api.page}"
    website = api.component()
    group = said(await caller.post(f"{page}/groups", name="Core", components=["website"]))
    path = f"{page}/components/{group['id']}"
    said(await caller.post(f"{path}/retire"))
    bare = await caller.post(f"{path}/restore")
    assert (bare.status_code, bare.json()["field"]) == (422, "components")
    assert said(await caller.post(f"{path}/restore", components=[website]))["retired_at"] is None
    refused = await caller.post(f"{path}/change", components=["website"], status="operational")
    assert (refused.status_code, refused.json()["field"]) == (422, "status")
    again = [said(await caller.post(f"{page}/components", name="Twice"))["id"] for _ in range(5)]
    assert len(set(again)) == 1
    said(await caller.post(f"{page}/components/{again[0]}/retire"))
    assert said(await caller.post(f"{page}/components", name="Twice"))["id"] != again[0]
    for body, sentence in (
        ({"components": [group["id"]]}, "“Core” is a group, and can be in none."),
        ({"name": "x", "position": 0}, "`position`: input should be greater than or equal to 1."),
    ):
        refused = await caller.post(f"{page}/groups", **{"name": "More", "components": ["website"]} | body)
        assert (refused.status_code, refused.json()["error"]) == (422, sentence)
    late = await caller.post(f"{page}/components/{website}/change", start_date="soon")
    assert late.json()["error"] == "`start_date`: must be a day such as 2026-03-02."
    odd = await caller.post(f"{page}/change", settings={"headline": 7})
    assert (odd.json()["error"], odd.json()["field"]) == (
        *("`settings.headline`: must be a text, true, false or null.", "settings.headline"),
    )
    watch, own = api.key("component_status:write"), f"{page}/components/{website}/change"
    assert said(await watch.post(own, status="partial_outage"))["status"] == "partial_outage"
    assert [(await watch.post(own, **more)).status_code for more in ({"name": "x"}, {})] == [403, 403]
    policy = await caller.post(f"{page}/change", settings={"api_posts": "publish"})
    assert policy.status_code == 403
    unknown = await caller.post(f"{page}/change", settings={"colour": "red"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "colour")
    assert (await caller.get(f"pages/{api.other}/components/{website}")).status_code == 404


async def _look_around(call: Described, caller: Caller) -> None:
    me = await call.get("me")
    assert (me["id"], me["scopes"], me["holder_id"]) == (caller.id, list(SCOPES), OLIVIA)
    info = await call.get("info")
    assert info["owners"] == [OLIVIA]
    assert set(info["pages"].values()) == {"Acme", "Beta"}
    digest = await call.get("digest")
    assert (digest["live_keys"], digest["day"], digest["time"]) == (1, 0, "09:00")


async def _change_the_page(call: Described, api: OwnApi) -> None:
    page, components = {"page_id": api.page}, f"{PAGE}/components"
    assert [row["name"] for row in (await call.get("pages"))["items"]] == ["Acme", "Beta"]
    shown = await call.get(PAGE, page)
    assert (shown["settings"]["time_zone"], shown["settings"]["second_person"]) == ("UTC", "never")
    settings = {"headline": "All is well", "hidden_from_search": True, "time_zone": "Bern"}
    changed = await call.post(f"{PAGE}/change", page, settings=settings, version=shown["version"])
    assert changed["settings"] == shown["settings"] | settings | {"time_zone": "Europe/Zurich"}
    api_, docs = [
        await call.post(components, page, name=name, start_date="2026-01-02", automation_email="a@mail.example")
        for name in ("API", "Docs")
    ]
    group = await call.post(f"{PAGE}/groups", page, name="Core", components=["api"], position=1)
    assert (group["group"], group["position"], group["status"]) == (True, 1, "operational")
    one = page | {"component_id": docs["id"]}
    moved = await call.post(f"{components}/{{component_id}}/change", one, name="Guides", group="core", position=1)
    assert (moved["full_name"], moved["position"], moved["start_date"]) == ("Core - Guides", 1, "2026-01-02")
    core = page | {"component_id": group["id"]}
    await call.post(f"{components}/{{component_id}}/change", core, components=[api_["id"]], description="All of it")
    down = await call.post(f"{components}/{{component_id}}/change", one, status="major_outage", start_date=None)
    assert (down["status"], down["group_id"], down["start_date"]) == ("major_outage", None, None)
    gone = await call.post(f"{components}/{{component_id}}/retire", one, version=down["version"])
    assert gone["retired_at"] is not None
    assert (await call.get(components, page, retired=True))["items"] == [gone]
    listed = (await call.get(components, page))["items"]
    assert [row["full_name"] for row in listed] == ["Core", "Core - API"]
    back = await call.post(f"{components}/{{component_id}}/restore", one)
    assert (back["retired_at"], back["name"]) == (None, "Guides")
    assert await call.get(f"{components}/{{component_id}}", one) == back
    for row in (api_, docs):
        await call.post(f"{components}/{{component_id}}/retire", page | {"component_id": row["id"]})


async def _tell_of_an_incident(call: Described, api: OwnApi) -> None:
    page, component = {"page_id": api.page}, api.component()
    said = {"name": "Checkout is slow", "body": "We look.", "components": {"website": "partial_outage"}}
    made = await call.post(f"{PAGE}/incidents", page, **said, deliver_notifications=False)
    assert (made["outcome"], made["draft"], made["incident"]["impact"]) == ("published", None, "major")
    one = page | {"incident_id": made["incident"]["id"]}
    assert made["incident"]["components"] == [{"id": component, "name": "Website", "status": "partial_outage"}]
    assert made["incident"]["updates"][0]["created_by"] == f"key:{call.caller.id}"
    update = await call.post(f"{INCIDENT}/update", one, body="It is the cache.", status="identified", impact="minor")
    assert (update["incident"]["status"], update["incident"]["impact"]) == ("identified", "minor")
    done = await call.post(f"{INCIDENT}/resolve", one)
    assert (done["incident"]["status"], done["incident"]["components"][0]["status"]) == ("resolved", "operational")
    assert (await call.post(f"{INCIDENT}/reopen", one, body="It is back."))["incident"]["status"] == "investigating"
    await call.post(f"{INCIDENT}/resolve", one, body="Now it is over.")
    assert (await call.post(f"{INCIDENT}/postmortem", one, body="A cable."))["incident"]["postmortem"] == "A cable."
    assert (await call.post(f"{INCIDENT}/take-back-postmortem", one))["postmortem"] is None
    past = await call.post(f"{PAGE}/incidents/backfill", page, name="Was down", at="2026-02-27 14:00 UTC")
    assert past["incident"]["backfilled"]
    listed = await call.get(f"{PAGE}/incidents", page, view="all", q="checkout")
    assert [row["name"] for row in listed["items"]] == ["Checkout is slow"]
    assert (await call.get(INCIDENT, one)) == listed["items"][0]
    assert (await call.post(f"{INCIDENT}/delete", one))["id"] == one["incident_id"]


async def _run_a_maintenance(call: Described, api: OwnApi) -> None:
    page = {"page_id": api.page}
    window = {"start": "2026-03-03 22:00 UTC", "length": "2h"}
    made = await call.post(f"{PAGE}/maintenances", page, name="Upgrade", components=["website"], **window)
    one = page | {"incident_id": made["incident"]["id"]}
    assert made["incident"]["scheduled_until"] == "2026-03-04T00:00:00.000Z"
    moved = await call.post(f"{MAINTENANCE}/reschedule", one, start="2026-03-04 22:00 UTC", length="2h")
    assert moved["incident"]["scheduled_for"] == "2026-03-04T22:00:00.000Z"
    started = await call.post(f"{MAINTENANCE}/start", one)
    assert (started["incident"]["status"], _states(started)) == ("in_progress", ["under_maintenance"])
    longer = await call.post(f"{MAINTENANCE}/extend", one, length="1h", body="It takes longer.")
    assert longer["incident"]["scheduled_until"] == "2026-03-05T01:00:00.000Z"
    assert (await call.post(f"{MAINTENANCE}/update", one, status="verifying", body="Nearly."))[
        "outcome"
    ] == "published"
    done = await call.post(f"{MAINTENANCE}/complete", one)
    assert (done["incident"]["status"], _states(done)) == ("completed", ["operational"])
    assert (await call.post(f"{MAINTENANCE}/reopen", one, body="Not yet."))["incident"]["status"] == "in_progress"
    other = await call.post(f"{PAGE}/maintenances", page, name="Move", **window)
    off = page | {"incident_id": other["incident"]["id"]}
    assert (await call.post(f"{MAINTENANCE}/cancel", off, body="No need."))["incident"]["status"] == "completed"


def _states(posted: Mapping[str, Any]) -> list[str]:
    return [one["status"] for one in posted["incident"]["components"]]


async def _keep_words(call: Described, api: OwnApi) -> None:
    page = {"page_id": api.page}
    words = {"name": "outage", "title": "{{what}} is down", "body": "We look.", "components": ["website"]}
    made = await call.post(f"{PAGE}/templates", page, **words, update_status="identified")
    one = page | {"template_id": made["id"]}
    changed = await call.post(f"{PAGE}/templates/{{template_id}}/change", one, body="We are on it.")
    assert (changed["title"], changed["body"]) == ("{{what}} is down", "We are on it.")
    opened = await call.post(f"{PAGE}/incidents", page, template="outage", values={"what": "Login"})
    assert (opened["incident"]["name"], opened["incident"]["status"]) == ("Login is down", "identified")
    saved = page | {"incident_id": opened["incident"]["id"]}
    kept = await call.post(f"{INCIDENT}/save-as-template", saved, name="login")
    assert (await call.get(f"{PAGE}/templates", page))["items"] == [kept, changed]
    assert await call.get(f"{PAGE}/templates/{{template_id}}", one) == changed
    assert (await call.post(f"{PAGE}/templates/{{template_id}}/delete", one))["id"] == made["id"]


async def _wait_for_a_person(call: Described, api: OwnApi) -> None:
    """On the other page a person reads first, whatever the key is."""
    page = {"page_id": api.guarded()}
    posted = await call.post(f"{PAGE}/incidents", page, name="Down", body="We look.")
    assert (posted["outcome"], posted["incident"]) == ("waiting", None)
    one = {"draft_id": posted["draft"]["id"]}
    assert (await call.get("drafts"))["items"] == [posted["draft"]]
    assert await call.get("drafts/{draft_id}", one) == posted["draft"]
    assert (await call.post("drafts/{draft_id}/discard", one))["status"] == "discarded"
    assert (await call.get("drafts"))["items"] == []


async def _change_a_key(call: Described, api: OwnApi) -> None:
    one = {"key_id": api.add(name="nightly export", pages=[api.page], holder_id=MIA)}
    page = await call.get("keys", q="nightly", holder_id=MIA, page_id=api.page, view="active", per_page=1)
    assert ([row["id"] for row in page["items"]], page["total"]) == ([one["key_id"]], 1)
    assert (await call.get("keys", page=9))["items"] == []
    assert (await call.post("keys/{key_id}/rename", one, name="export"))["name"] == "export"
    assert (await call.post("keys/{key_id}/suspend", one, reason="Who needs it?"))["state"] == "suspended"
    assert (await call.post("keys/{key_id}/restore", one))["state"] == "active"
    before = (await call.get("keys/{key_id}", one))["expires_at"]
    assert (await call.post("keys/{key_id}/extend", one, until="30d"))["expires_at"] > before
    assert (await call.post("keys/{key_id}/keep", one, until="30d", reason="Soon."))["keep_reason"] == "Soon."
    await call.post("keys/{key_id}/ask-holder", one)
    await call.post("keys/{key_id}/ask-for-extension", one, until="200d", reason="It is late.")
    ticket = await call.post("keys/{key_id}/rotate", one, grace="48h")
    assert (ticket["collector_id"], ticket["grace_seconds"]) == (MIA, 48 * 3600)
    shown = await call.get("keys/{key_id}", one)
    assert shown["rotation"] == ticket
    assert "revoke" in shown["may"]
    assert (await call.post("keys/{key_id}/transfer", one, to="max"))["holder_id"] == MAX
    ended = await call.post("keys/{key_id}/revoke", one, reason="Enough.", version=shown["version"] + 1)
    assert ended["state"] == "revoked"
    assert api.read(one["key_id"]).status == KeyStatus.REVOKED


async def _ask(call: Described) -> None:
    wanted: dict[str, Any] = {
        "name": "deploy bot",
        "purpose": "It deploys.",
        "scopes": ["read"],
        "client_token": "once",
    }
    made = await call.post("requests", requester="mia", holder="max", **wanted)
    assert (made["status"], made["requester_id"], made["holder_id"]) == ("pending", MIA, MAX)
    assert await call.post("requests", requester="mia", **wanted) == made
    own = await call.post("requests", **wanted)
    waiting = await call.get("requests", per_page=1, page=2)
    assert (waiting["total"], len(waiting["items"])) == (2, 1)
    one = {"request_id": own["id"]}
    assert (await call.post("requests/{request_id}/withdraw", one))["status"] == "withdrawn"
    assert (await call.get("requests/{request_id}", one))["status"] == "withdrawn"


async def _give_and_take(call: Described, api: OwnApi) -> None:
    role: dict[str, Any] = {"subject": "max", "role": "incident_manager", "page_id": api.page}
    made = await call.post("roles/grant", **role, until="8h", reason="On call.")
    assert (made["outcome"], made["grant"]["subject_id"]) == ("granted", MAX)
    listed = await call.get("roles", of=MAX, page_id=api.page)
    assert listed["items"] == [made["grant"]]
    holders = await call.get("roles/{role}/holders", {"role": "incident_manager"}, page_id=api.page)
    assert {one["name"] for one in holders["items"]} == {"Ines", "Max"}
    assert (await call.post("roles/revoke", **role))["id"] == made["grant"]["id"]
    assert (await call.post("roles/sync"))["status"] == "requested"


async def _settle_letters(call: Described, api: OwnApi) -> None:
    first, second = (api.desk.write_now(ACTOR, _add_dead) for _ in range(2))
    letters = (await call.get("deliveries/dead"))["items"]
    assert [(one["id"], one["error"]) for one in letters] == [(first, "is_archived"), (second, "is_archived")]
    assert (await call.post("deliveries/{delivery_id}/retry", {"delivery_id": first}))["outcome"] == "retried"
    assert (await call.post("deliveries/{delivery_id}/drop", {"delivery_id": second}))["outcome"] == "dropped"
    assert (await call.get("deliveries/dead"))["items"] == []


async def _read_the_trail(call: Described, caller: Caller) -> None:
    part = await call.get("audit", limit=2, actor=f"key:{caller.id}")
    rest = await call.get("audit", after=part["last"], actor=f"key:{caller.id}")
    actions = [one["action"] for one in part["items"] + rest["items"]]
    assert {"key.renamed", "key.revoked", "request.made", "role.granted", "delivery.dropped"} <= set(actions)
    only = await call.get("audit", action="key.revoked", since="2020-01-01T00:00:00Z", subject_kind="key")
    assert [one["data"]["reason"] for one in only["items"]] == ["Enough."]
    proof = await call.get("audit/verify")
    assert proof["intact"]
    assert (await call.get("audit/verify", noted=proof["head"]))["problems"] == []


async def test_the_trail_names_the_key(api: OwnApi) -> None:
    """What a key does is recorded as its doing, and nobody else's."""
    caller, target = api.key("keys:write"), api.add(holder_id=MIA)
    said(await caller.post(f"keys/{target}/suspend", reason="Leaked."))
    with api.desk.database.read() as session:
        assert session.query(AuditEvent).filter_by(action="key.suspended").one().actor == f"key:{caller.id}"
    assert api.read(target).suspended_by == f"key:{caller.id}"


async def test_descriptions_need_no_key(api: OwnApi) -> None:
    """Both, and the page to read, which takes nothing from elsewhere and runs nothing."""
    own = (await api.client.get("/keydesk/v1/openapi.json")).json()
    assert own["paths"].keys() == describe_own_api("0")["paths"].keys()
    v1 = (await api.client.get("/v1/openapi.json")).json()
    assert (own["openapi"], v1["openapi"]) == ("3.1.0", "3.1.0")
    page = await api.client.get("/keydesk/v1/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert set(re.findall(r'(?:href|src)="([^#"][^"]*)"', page.text)) == {
        "/keydesk/v1/docs.css",
        "/keydesk/v1/",
        "/keydesk/v1/openapi.json",
        "/v1/openapi.json",
    }
    assert (await api.client.get("/keydesk/v1/docs.css")).headers["content-type"].startswith("text/css")
    assert all(f"<code>/keydesk/v1/{one.path}</code>" in page.text for one in OPERATIONS)
