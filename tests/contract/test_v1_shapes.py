"""What the management API answers, field by field against Statuspage's specification."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.secret import Secret
from desk.seeds import plant_seed, read_seed
from desk.transaction import Actor, Desk, Transaction
from handlers.http.description.v1 import describe_v1
from handlers.http.v1.operations import OPERATIONS
from handlers.http.v1.shapes.answers import ANSWERS
from storage.models import KeyStatus
from tests.contract.v1_reader import Api, reading
from tests.factories import add_key

FACTS = json.loads((Path(__file__).parent / "data" / "statuspage_v1.json").read_text(encoding="utf-8"))
ACTOR = Actor.operator("test")

FULL = """\
organization: {name: Full, id: organization}
pages:
  - name: Full
    id: fullpage0001
    subdomain: full
    domain: status.full.example
    url: https://www.full.example
    page_description: Everything is set
    headline: How we are
    branding: premium
    time_zone: Europe/Zurich
    support_url: https://help.full.example
    hidden_from_search: false
    allow_page_subscribers: true
    allow_incident_subscribers: true
    allow_email_subscribers: true
    allow_sms_subscribers: false
    allow_rss_atom_feeds: true
    allow_webhook_subscribers: true
    notifications_from_email: noreply@full.example
    notifications_email_footer: Bye
    activity_score: 12.5
    twitter_username: full
    viewers_must_be_team_members: false
    ip_restrictions: 192.0.2.0/24
    city: Bern
    state: BE
    country: Switzerland
    css_body_background_color: FFFFFF
    css_font_color: "333333"
    css_light_font_color: "666666"
    css_greens: 2FCC66
    css_yellows: F1C40F
    css_oranges: E67E22
    css_blues: 3498DB
    css_reds: E74C3C
    css_border_color: E0E0E0
    css_graph_color: 3498DB
    css_link_color: 3498DB
    css_no_data: B3BAC5
    favicon_logo: favicon
    transactional_logo: transactional
    hero_cover: hero
    email_logo: email
    twitter_logo: twitter
    components:
      - name: Website
        id: component001
        description: The shop window
        status: degraded_performance
        start_date: 2024-01-15
        automation_email: website@automation.full.example
        only_show_if_degraded: true
      - name: API
        id: group0000001
        components:
          - {name: Public, id: component002, status: major_outage}
          - {name: Private, id: component003, status: under_maintenance, showcase: false}
  - name: Bare
    id: barepage0001
    components:
      - name: Only
        id: component004
"""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"[a-z0-9]{12}")


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    """The API, served on a socket, with two pages: one that sets every field and one that sets none."""

    def prepare(tx: Transaction) -> None:
        plant_seed(tx, read_seed(FULL, "full.yml"))
        add_key(tx.session, tx.now, sha256=Secret.generate().sha256, status=KeyStatus.REVOKED)

    desk.write_now(ACTOR, prepare)
    async with reading(desk) as api:
        yield api


def check_shape(shown: dict[str, Any], name: str) -> None:
    """Every field of the specification, in its order, with its type or null, and no other."""
    expected: dict[str, str] = FACTS[name]
    assert list(shown) == list(expected)
    for field, kind in expected.items():
        assert _fits(shown[field], kind), f"{field}: {shown[field]!r} is no {kind}"


def _fits(value: Any, kind: str) -> bool:
    if value is None:
        return True
    if kind == "date-time":
        return isinstance(value, str) and _INSTANT.fullmatch(value) is not None
    if kind == "date":
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return type(value) is {"string": str, "boolean": bool, "array": list, "object": dict}[kind]


_BESIDES = {"Incident": ["backfilled", "started_at"]}
"""What live answers have besides."""


@pytest.mark.parametrize("name", [name for name, fields in FACTS.items() if isinstance(fields, dict)])
def test_the_description_has_every_field(name: str) -> None:
    """Under its name, in Statuspage's order and of its kind, and each is always there; what shapes answers is what is
    described, and the fuzzer compares both."""
    described = describe_v1("1.0")["components"]["schemas"][name]
    assert list(described["properties"]) == [*FACTS[name], *_BESIDES.get(name, [])]
    assert described["required"] == list(described["properties"])
    for field, kind in FACTS[name].items():
        schema = described["properties"][field]
        first = schema["anyOf"][0] if "anyOf" in schema else schema
        assert first.get("format", first.get("type")) == kind, field


def test_every_answer_is_described() -> None:
    """Of each operation that is there, with all that is in it."""
    schemas = describe_v1("1.0")["components"]["schemas"]
    assert {one.answer.strip("[]") for one in OPERATIONS if one.missing is None and one.answer} == set(ANSWERS)
    assert all(schema["properties"] for schema in schemas.values())
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas)))
    assert named <= set(schemas)


async def test_a_page_with_everything_set(api: Api) -> None:
    """Every field of a page arrives with its own value, and none is null."""
    shown = (await api("pages/fullpage0001")).json()
    check_shape(shown, "Page")
    assert [field for field, value in shown.items() if value is None] == []
    assert (shown["id"], shown["name"], shown["subdomain"]) == ("fullpage0001", "Full", "full")
    assert (shown["activity_score"], shown["hidden_from_search"], shown["css_font_color"]) == (12.5, False, "333333")


async def test_a_page_with_nothing_set(api: Api) -> None:
    """What is not set is null; the time zone is UTC until somebody chooses one."""
    shown = (await api("pages/barepage0001")).json()
    check_shape(shown, "Page")
    set_fields = {field for field, value in shown.items() if value is not None}
    assert set_fields == {"id", "created_at", "updated_at", "name", "time_zone"}
    assert shown["time_zone"] == "UTC"


async def test_the_list_of_pages_is_a_bare_array_of_pages(api: Api) -> None:
    """A list has no envelope, and its rows are what the pages show by themselves."""
    rows = (await api("pages")).json()
    assert isinstance(rows, list)
    for row in rows:
        assert row == (await api(f"pages/{row['id']}")).json()
    assert {row["id"] for row in rows} == {"fullpage0001", "barepage0001"}


async def test_components_have_statuspage_s_fields(api: Api) -> None:
    """Components and group rows have the same fields, known statuses and Statuspage-like ids."""
    rows = (await api("pages/fullpage0001/components")).json()
    assert isinstance(rows, list)
    for row in rows:
        check_shape(row, "Component")
        assert row["status"] in FACTS["component_status"]
        assert row["page_id"] == "fullpage0001"
        assert _ID.fullmatch(row["id"])
    by_id = {row["id"]: row for row in rows}
    website = by_id["component001"]
    assert [field for field, value in website.items() if value is None] == ["group_id"]
    assert (website["start_date"], website["position"], website["showcase"]) == ("2024-01-15", 1, True)


async def test_groups_are_rows_and_children_name_them(api: Api) -> None:
    """A client that knows only this endpoint finds the groups in it, with the worst status of their children."""
    rows = {row["id"]: row for row in (await api("pages/fullpage0001/components.json")).json()}
    assert {row["id"] for row in rows.values() if row["group"]} == {"group0000001"}
    assert {row["id"] for row in rows.values() if row["group_id"] == "group0000001"} == {
        "component002",
        "component003",
    }
    assert rows["group0000001"]["status"] == "major_outage"
    assert rows["group0000001"]["group_id"] is None


async def test_groups_are_listed_with_what_is_in_them(api: Api) -> None:
    """By themselves they have ids where the specification says text, and a number for their place: clients do so."""
    rows = (await api("pages/fullpage0001/component-groups")).json()
    [group] = rows
    fields = ["id", "page_id", "name", "description", "components", "position", "created_at", "updated_at"]
    assert list(group) == fields
    assert (group["id"], group["components"]) == ("group0000001", ["component002", "component003"])
    assert isinstance(group["position"], int)
    assert (await api("pages/fullpage0001/component-groups/group0000001.json")).json() == group
    for path in ("component-groups/component001", "component-groups/nothing", "components/nothing"):
        assert (await api(f"pages/fullpage0001/{path}")).status_code == 404
    assert (await api("pages/barepage0001/component-groups")).json() == []


async def test_a_component_by_itself_is_the_row_of_the_list(api: Api) -> None:
    """Groups are components, too."""
    for row in (await api("pages/fullpage0001/components")).json():
        assert (await api(f"pages/fullpage0001/components/{row['id']}")).json() == row
    assert (await api("pages/barepage0001/components/component001")).status_code == 404


async def test_times_are_in_the_zone_of_the_page(api: Api, desk: Desk) -> None:
    """The page in Zurich shows its offset, the one in UTC shows Z, both the same instant."""
    there = (await api("pages/fullpage0001")).json()["created_at"]
    here = (await api("pages/barepage0001")).json()["created_at"]
    assert there.endswith(".000+01:00")
    assert here.endswith(".000Z")
    assert desk.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z") == here
    assert (desk.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000+01:00") == there


async def test_content_types_and_caching(api: Api) -> None:
    """Clients look for json in the content type; nobody may cache what a key opened."""
    for path in ("pages", "pages/fullpage0001", "pages/nothing", "nothing"):
        response = await api(path)
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "no-cache"


async def test_errors_speak_under_both_names(api: Api) -> None:
    """The specification says message, the live service says error: both are there and agree."""
    for path, status in (("pages/nosuchpage00", 404), ("pages/nosuchpage00/components", 404), ("organizations", 404)):
        response = await api(path)
        body = response.json()
        assert (response.status_code, set(body)) == (status, {"error", "message"})
        assert body["error"] == body["message"]


async def test_the_401_is_statuspage_s(api: Api) -> None:
    """A wrong key gets Statuspage's own words."""
    wrong = await Api(api.client, "0" * 64)("pages")
    assert (wrong.status_code, wrong.json()["error"]) == (401, FACTS["401"])


async def test_pages_past_the_end_are_empty_lists(api: Api) -> None:
    """Clients stop at an empty array; a 404 would break them."""
    response = await api("pages/fullpage0001/components", params={"page": 2})
    assert (response.status_code, response.json()) == (200, [])


async def test_sizes_are_clamped_and_strangers_ignored(api: Api) -> None:
    """A size of 500 is a hundred, and names that belong to other endpoints do no harm."""
    response = await api("pages/fullpage0001/components", params={"per_page": 500, "limit": 1, "q": "x", "state": ""})
    assert len(response.json()) == 4
    one = await api("pages/fullpage0001/components", params={"per_page": 1, "page": 2})
    assert len(one.json()) == 1
