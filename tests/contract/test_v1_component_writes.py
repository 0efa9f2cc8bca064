"""Components, groups and pages, changed by the management API, as clients of others do it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from desk.configuration.components import retire_component
from desk.incidents.incidents import create_incident
from desk.incidents.inputs import NewIncident
from desk.secret import Secret
from desk.transaction import Actor, Desk, Transaction, keys_changed
from storage.models import Component, ComponentStatus
from tests.clients.running import run_client
from tests.factories import add_component, add_key, add_page
from tests.serving import serving

# What it says does not depend on the database; the desk's own tests run on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
OPERATOR = Actor.operator("ann")


class Caller:
    """Calls with a key, in the manner of one client."""

    def __init__(self, client: httpx.AsyncClient, secret: str, page: str, headers: Mapping[str, str] = {}) -> None:
        self._client = client
        self._headers = {"authorization": f"OAuth {secret}", **headers}
        self.page = page

    async def __call__(self, method: str, path: str = "", body: Any = None, *, expect: int = 200) -> Any:
        content = None if body is None else body if isinstance(body, str) else json.dumps(body)
        answer = await self._client.request(
            method, f"/v1/pages/{self.page}{path}", content=content, headers=self._headers
        )
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Caller]:
    """A key that writes components and settings of a page that has Website on it."""
    secret = Secret.generate()

    def begin(tx: Transaction) -> str:
        page = add_page(tx.session, tx.now, time_zone="Europe/Zurich")
        add_component(tx.session, page, tx.now)
        scopes = ["read", "components:write", "page_configuration:write"]
        key = add_key(tx.session, tx.now, sha256=secret.sha256, scopes=scopes, pages=[page.id])
        keys_changed(tx, key.id)
        return page.id

    page = desk.write_now(OPERATOR, begin)
    async with serving(desk) as served, httpx.AsyncClient(base_url=served.url) as client:
        yield Caller(client, secret.reveal(), page)


def as_client(api: Caller, **headers: str) -> Caller:
    """The same key with other headers."""
    return Caller(api._client, api._headers["authorization"].split()[1], api.page, headers)


async def test_the_terraform_provider_of_yannh(api: Caller) -> None:
    """Its component and its group: created, read, changed, read, deleted and gone, as it sends them: JSON without a
    type, `status` in each change and empty when unset, a group without an envelope."""
    call = as_client(api, **{"user-agent": "Go-http-client/1.1"})
    component = {"name": "API", "description": "", "showcase": True, "status": "", "only_show_if_degraded": False}
    made = await call("POST", "/components", {"component": component}, expect=201)
    own = f"/components/{made['id']}"
    assert (made["status"], made["showcase"], made["automation_email"]) == ("operational", True, None)
    assert await call("GET", own) == made
    await call("PATCH", own, {"component": component | {"status": "major_outage"}})
    changed = await call("PATCH", own, {"component": component | {"name": "Public API", "description": "For you"}})
    assert (changed["name"], changed["status"], changed["description"]) == ("Public API", "major_outage", "For you")
    assert await call("GET", own) == changed
    group = {"name": "Core", "description": "All of it", "components": [made["id"]]}
    grouped = await call("POST", "/component-groups", {"component_group": group}, expect=201)
    assert (grouped["components"], grouped["description"], type(grouped["position"])) == (
        *([made["id"]], "All of it", int),
    )
    its_own = f"/component-groups/{grouped['id']}"
    assert await call("GET", its_own) == grouped
    assert (await call("GET", own))["group_id"] == grouped["id"]
    renamed = await call("PATCH", its_own, group | {"name": "Kernel"})
    assert (renamed["name"], renamed["components"]) == ("Kernel", [made["id"]])
    assert (await call("DELETE", its_own))["id"] == grouped["id"]
    await call("GET", its_own, expect=404)
    assert (await call("GET", own))["group_id"] is None
    assert await call("DELETE", own, expect=204) is None
    await call("GET", own, expect=404)
    await call("DELETE", own, expect=404)


async def test_the_terraform_provider_of_sbecker59(api: Caller) -> None:
    """The same as it sends them, and its page: imported, and changed in what its configuration names."""
    key = api._headers["authorization"].split()[1]
    call = as_client(api, authorization=f"oauth {key}", **{"content-type": "application/json"})
    component = {"description": "d", "status": "operational", "name": "API", "showcase": True}
    component["start_date"] = "2026-01-02"
    made = await call("POST", "/components", {"component": component}, expect=201)
    own = f"/components/{made['id']}"
    assert made["start_date"] == "2026-01-02"
    assert (await call("PATCH", own, {"component": component | {"name": "API 2"}}))["name"] == "API 2"
    group = {"components": [made["id"]], "description": "d", "name": "Core"}
    grouped = await call("POST", "/component-groups", {"component_group": group}, expect=201)
    website = next(row for row in await call("GET", "/components") if row["name"] == "Website")
    both = group | {"components": [website["id"], made["id"]]}
    changed = await call("PATCH", f"/component-groups/{grouped['id']}", {"component_group": both})
    assert changed["components"] == both["components"]
    page = await call("GET")
    sent = {"name": "Acme Cloud", "css_greens": "2fcc66", "hidden_from_search": True, "branding": "basic"}
    answered = await call("PATCH", "", {"page": sent})
    assert {name: answered[name] for name in sent} == sent
    assert {name for name in page if page[name] != answered[name]} <= {*sent, "updated_at"}
    assert await call("GET") == answered
    await call("DELETE", f"/component-groups/{grouped['id']}")
    await call("DELETE", own, expect=204)


async def test_what_a_change_leaves_alone(api: Caller) -> None:
    """Empty texts say nothing but of a description, null takes out of a group as the word does, PUT is the same."""
    group_of = await api("GET", "/components")
    fields = {"name": "API", "description": "x", "start_date": "2026-01-02", "showcase": "f"}
    fields |= {"automation_email": "a+1@mail.example"}
    made = await api("POST", "/components", {"component": fields}, expect=201)
    own = f"/components/{made['id']}"
    group = await api("POST", "/component-groups", _group([made["id"]], description="top"), expect=201)
    assert group["description"] == "top"
    for silent in ({"group_id": ""}, {"name": "", "start_date": "", "status": "", "showcase": ""}, {"unknown": 1}):
        assert (await api("PUT", own, {"component": silent}))["group_id"] == group["id"]
    for out in ("null", None):
        assert (await api("PATCH", own, {"component": {"group_id": out}}))["group_id"] is None
        await api("GET", f"/component-groups/{group['id']}", expect=404)
        group = await api("POST", "/component-groups", _group([made["id"], group_of[0]["id"]]), expect=201)
        await api("PATCH", f"/component-groups/{group['id']}", _group([made["id"]]))
    row = await api("PATCH", own, {"component": {"description": "", "start_date": None}})
    assert (row["name"], row["description"], row["start_date"], row["showcase"]) == ("API", None, None, False)


def _group(components: list[str], **beside: Any) -> dict[str, Any]:
    return {"component_group": {"name": "Core", "components": components}, **beside}


async def test_places_are_kept_in_order(api: Caller) -> None:
    """A position moves what follows; a form says it as well as JSON does."""
    form = as_client(api, **{"content-type": "application/x-www-form-urlencoded"})
    for name in ("A", "B"):
        await form("POST", "/components", f"component[name]={name}&component[position]=1", expect=201)
    rows = [(row["name"], row["position"]) for row in await api("GET", "/components")]
    assert rows == [("B", 1), ("A", 2), ("Website", 3)]


async def test_zones_have_statuspage_s_names_too(api: Caller) -> None:
    """As Rails calls them; a client reads the name that it wrote, and times are those of the zone."""
    for given, shows in (("Arizona", "-07:00"), ("Tokyo", "+09:00"), ("Asia/Tokyo", "+09:00")):
        said = await api("PATCH", "", {"page": {"time_zone": given}})
        assert (said["time_zone"], said["created_at"][-6:]) == (given, shows)
        assert (await api("PATCH", "", {"page": {"time_zone": given, "headline": "x"}}))["time_zone"] == given


async def test_groups_are_spelled_with_an_underscore_too(api: Caller) -> None:
    """As all else in Statuspage's addresses is, and as clients write it."""
    website = (await api("GET", "/components"))[0]["id"]
    made = await api("POST", "/component_groups", _group([website]), expect=201)
    assert await api("GET", "/component_groups") == [made]
    assert await api("GET", f"/component_groups/{made['id']}.json") == made
    assert (await api("GET", f"/component_groups/{made['id']}/uptime"))["name"] == "Core"
    await api("DELETE", f"/component_groups/{made['id']}")


async def test_all_that_is_wrong_is_said_at_once(api: Caller) -> None:
    """A body without what it needs, or with what there is not, names each in a sentence."""
    wrong = {"status": "broken", "showcase": "perhaps", "start_date": "soon", "automation_email": "nobody"}
    said = await api("POST", "/components", {"component": wrong}, expect=422)
    assert len(said["error"]) == 5
    for method, path, body in (
        ("POST", "/components", {"component": {"description": "x"}}),
        ("POST", "/component-groups", {"component_group": {"name": "Empty"}}),
        ("POST", "/component-groups", _group(["nothere00000"])),
        ("PATCH", "", {"page": {"time_zone": "Mars", "css_greens": "green", "branding": "own"}}),
        ("PUT", "/status_embed_config", {"status_embed_config": {"position": "middle"}}),
    ):
        said = await api(method, path, body, expect=422)
        assert said["message"]
    await api("POST", "/components", {"name": "No envelope"}, expect=400)
    await api("PATCH", "/component-groups/nothere00000", _group([]), expect=404)


async def test_what_is_open_is_no_reason_to_be_left_without_words(api: Caller, desk: Desk) -> None:
    """A component that an incident is open on stays, and the client is told which incident that is."""
    website = (await api("GET", "/components"))[0]["id"]

    def open_one(tx: Transaction) -> str:
        new = NewIncident(name="Down", components={website: ComponentStatus.MAJOR_OUTAGE})
        return create_incident(tx, api.page, new).id

    desk.write_now(OPERATOR, open_one)
    assert "“Down” is open on it" in (await api("DELETE", f"/components/{website}", expect=409))["message"]
    # What is open says how its components are: none becomes better than that.
    held = await api("PATCH", f"/components/{website}", {"component": {"status": "operational"}})
    assert held["status"] == "major_outage"


async def test_the_same_post_again_makes_nothing_more(api: Caller, desk: Desk) -> None:
    """Terraform sends it up to five times when answers are lost; what was retired since is made anew."""
    body = {"component": {"name": "API", "status": "partial_outage"}}
    first = await api("POST", "/components", body, expect=201)
    for _ in range(4):
        assert await api("POST", "/components", body, expect=201) == first
    group = [await api("POST", "/component-groups", _group([first["id"]]), expect=201) for _ in range(2)]
    assert group[0]["id"] == group[1]["id"]
    desk.write_now(OPERATOR, lambda tx: retire_component(tx, first["id"]))
    assert (await api("POST", "/components", body, expect=201))["id"] != first["id"]


async def test_states_alone(api: Caller, desk: Desk) -> None:
    """A key for states changes them and nothing else, and one that only reads nothing at all."""
    secrets = {}
    for scope in ("component_status:write", "read"):
        secret = secrets[scope] = Secret.generate()

        def add(tx: Transaction, scope: str = scope, secret: Secret = secret) -> None:
            key = add_key(tx.session, tx.now, name=scope, sha256=secret.sha256, scopes=[scope])
            keys_changed(tx, key.id)

        desk.write_now(OPERATOR, add)
    website = f"/components/{(await api('GET', '/components'))[0]['id']}"
    states = Caller(api._client, secrets["component_status:write"].reveal(), api.page)
    assert (await states("PATCH", website, {"component": {"status": "partial_outage"}}))["status"] == "partial_outage"
    await states("PATCH", website, {"component": {"status": "operational", "name": "Mine"}}, expect=403)
    await states("DELETE", website, expect=403)
    await states("POST", "/components", {"component": {"name": "Mine"}}, expect=403)
    reads = Caller(api._client, secrets["read"].reveal(), api.page)
    await reads("PATCH", website, {"component": {"status": "operational"}}, expect=403)
    with desk.database.read() as session:
        row = session.get_one(Component, website.rpartition("/")[2])
    assert (row.name, row.status) == ("Website", ComponentStatus.PARTIAL_OUTAGE)


async def test_how_the_banner_looks(api: Caller) -> None:
    """What is set of it is given back."""
    before = await api("GET", "/status_embed_config")
    assert (before["position"], before["incident_text_color"]) == ("bottom-right", None)
    sent = {"position": "top-left", "incident_background_color": "#aa0000", "maintenance_text_color": "fff"}
    assert await api("PATCH", "/status_embed_config", {"status_embed_config": sent}) == before | sent
    assert await api("GET", "/status_embed_config") == before | sent


async def test_uptime(api: Caller) -> None:
    """Of a component and of a group, with seconds of outage and what it was about; days out of range are adjusted."""
    website = (await api("GET", "/components"))[0]
    own = f"/components/{website['id']}/uptime"
    told = await api("GET", f"{own}?start=2026-01&end=2030")
    assert (told["id"], told["name"], told["uptime_percentage"]) == (website["id"], "Website", 100.0)
    assert told["range_start"].startswith("2026-01-01T00:00:00.000+01:00")
    assert told["warnings"] == [
        "End date was adjusted to today. See range_end field in response for end date used.",
    ]
    assert (told["major_outage"], told["partial_outage"], told["related_events"]) == (0, 0, [])
    assert "related_events" not in await api("GET", f"{own}?skip_related_events=true")
    for query in ("start=soon", "start=2026-13", "start=2026-03-01&end=2026-02-01"):
        await api("GET", f"{own}?{query}", expect=422)
    group = await api("POST", "/component-groups", _group([website["id"]]), expect=201)
    assert (await api("GET", f"/component-groups/{group['id']}/uptime"))["uptime_percentage"] == 100.0
    await api("PATCH", f"/components/{website['id']}", {"component": {"showcase": False}})
    await api("GET", own, expect=422)
    await api("GET", "/components/nothere00000/uptime", expect=404)


async def test_the_package_atlassian_statuspage_writes(api: Caller, tmp_path: Path) -> None:
    """Each of its calls about components, groups, pages and the banner gives what it takes for an answer."""
    found = await asyncio.to_thread(
        run_client,
        "atlassian-statuspage",
        "writing.py",
        f"{api._client.base_url}/v1".replace("//v1", "/v1"),
        api._headers["authorization"].split()[1],
        api.page,
        folder=tmp_path,
    )
    names = {name: given["name"] for name, given in found.items() if isinstance(given, dict) and "name" in given}
    assert names == {
        "made": "API",
        **dict.fromkeys(("patched", "put", "well", "uptime"), "API 2"),
        "group": "Core",
        "group read": "Core",
        **dict.fromkeys(("group patched", "group put", "group uptime", "group deleted"), "Core 2"),
        **dict.fromkeys(("page patched", "page put"), "Acme Cloud"),
    }
    assert (found["put"]["status"], found["well"]["status"]) == ("major_outage", "operational")
    assert found["uptime"]["uptime_percentage"] == 100.0
    assert (found["group read"]["description"], found["group put"]["description"]) == ("top", "other")
    assert (found["group gone"], found["gone"], found["deleted"]) == (404, 404, None)
    assert found["page put"]["hidden_from_search"] is True
    assert found["embed put"] == found["embed patched"] == found["embed"] | {"position": "top-left"}
