"""Incidents by the API, as clients of Statuspage send them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from desk.transaction import Transaction
from storage.models import ApiPosts, AuditEvent, Component, Page, Scope
from tests.factories import add_owner
from tests.unit.handlers.http.conftest import Site, http_settings, site

__all__ = ["http_settings", "site"]

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WRITES = [Scope.READ, Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE, Scope.COMPONENTS_WRITE]


@dataclass(frozen=True, slots=True)
class Client:
    """A client with a key, at a page with two components."""

    site: Site
    page: Page
    api: Component
    web: Component
    key_id: str
    secret: str

    async def send(
        self, method: str, path: str, body: Any = None, *, as_form: bool = False, kind: str | None = None
    ) -> httpx.Response:
        """One call below the page; `kind`: what it says that its body is."""
        given: dict[str, Any] = {"data": body} if as_form else {"json": body} if body is not None else {}
        headers = {"Authorization": f"OAuth {self.secret}", **({} if kind is None else {"Content-Type": kind})}
        return await self.site.client.request(method, f"/v1/pages/{self.page.id}/{path}", headers=headers, **given)

    async def ok(self, method: str, path: str, body: Any = None, *, code: int = 200, **options: Any) -> Any:
        """What such a call is answered, which is what it should be."""
        response = await self.send(method, path, body, **options)
        assert response.status_code == code, response.text
        return response.json() if response.content else None

    async def open(self, **incident: Any) -> Any:
        """An incident that is opened."""
        return await self.ok("POST", "incidents", {"incident": {"name": "Slow"} | incident}, code=201)

    async def state(self, component: Component) -> str:
        """A component's state."""
        return str((await self.ok("GET", f"components/{component.id}"))["status"])


def client_at(site: Site, *, scopes: list[Scope] = WRITES, **page: Any) -> Client:
    """A client with a key of these scopes, at a new page."""
    own = site.page(**page)
    api, web = site.component(own, name="API"), site.component(own, name="Website")
    return Client(site, own, api, web, *site.key(scopes=scopes, name="terraform prod"))


@pytest.fixture
def client(site: Site) -> Client:
    """With every scope that incidents need."""
    return client_at(site)


async def test_an_incident_is_opened_with_what_it_moves(client: Client) -> None:
    """Status, body, states, impact: as sent; and the key is who did it."""
    made = await client.open(
        body="We look.",
        components={client.api.id: "major_outage"},
        component_ids=[client.web.id],
        deliver_notifications=False,
    )
    assert (made["name"], made["status"], made["impact"]) == ("Slow", "investigating", "critical")
    assert {row["id"]: row["status"] for row in made["components"]} == {
        client.api.id: "major_outage",
        client.web.id: "operational",
    }
    [said] = made["incident_updates"]
    assert (said["body"], said["deliver_notifications"]) == ("We look.", False)
    assert {row["code"]: (row["old_status"], row["new_status"]) for row in said["affected_components"]} == {
        client.api.id: ("operational", "major_outage"),
        client.web.id: ("operational", "operational"),
    }
    assert await client.ok("GET", f"incidents/{made['id']}") == made
    with client.site.desk.database.read() as session:
        events = session.query(AuditEvent).filter(AuditEvent.actor == f"key:{client.key_id}").all()
        assert {event.action for event in events} == {"component.changed", "incident.created"}


async def test_a_form_says_the_same(client: Client) -> None:
    """Rails' names, texts for flags, and the old name of the body."""
    form = {
        "incident[name]": "Slow",
        "incident[message]": "We look.",
        "incident[wants_twitter_update]": "f",
        "incident[deliver_notifications]": "f",
        "incident[component_ids][]": [client.web.id],
        f"incident[components][{client.api.id}]": "partial_outage",
        "incident[metadata][jira][issue]": "X-1",
    }
    made = await client.ok("POST", "incidents", form, as_form=True, code=201)
    assert made["metadata"] == {"jira": {"issue": "X-1"}}
    [said] = made["incident_updates"]
    assert (said["body"], said["deliver_notifications"], len(said["affected_components"])) == ("We look.", False, 2)


async def test_what_makes_an_update(client: Client) -> None:
    """A status or a body does, both together one; a name or metadata do not."""
    made = await client.open(body="We look.", components={client.api.id: "partial_outage"})
    path = f"incidents/{made['id']}"

    async def change(method: str = "PATCH", **incident: Any) -> Any:
        return await client.ok(method, path, {"incident": incident})

    assert len((await change(name="Slower", metadata={"a": {"b": 1}}))["incident_updates"]) == 1
    assert len((await change(status="identified"))["incident_updates"]) == 2
    assert len((await change(body="A cable."))["incident_updates"]) == 3
    ended = await change("PUT", status="resolved", body="Over.")
    assert [one["status"] for one in ended["incident_updates"]] == [
        "resolved",
        "identified",
        "identified",
        "investigating",
    ]
    assert (ended["name"], ended["impact"], ended["metadata"]) == ("Slower", "major", {"a": {"b": 1}})
    assert ended["resolved_at"] is not None
    assert await client.state(client.api) == "partial_outage"


async def test_a_maintenance_with_its_flags(client: Client) -> None:
    """What is not asked for does not happen by itself; window and flags can be changed one by one."""
    made = await client.open(
        scheduled_for="2027-01-01T22:00:00Z",
        scheduled_until="2027-01-02T01:00:00+01:00",
        scheduled_auto_transition="t",
        auto_transition_to_maintenance_state=True,
        component_ids=[client.api.id],
    )
    assert (made["status"], made["impact"]) == ("scheduled", "maintenance")
    assert made["scheduled_until"] == "2027-01-02T00:00:00.000Z"
    flags = ("scheduled_auto_in_progress", "scheduled_auto_completed", "scheduled_remind_prior")
    assert [made[name] for name in flags] == [True, False, False]
    assert (made["auto_transition_to_maintenance_state"], made["auto_transition_to_operational_state"]) == (
        True,
        False,
    )
    path = f"incidents/{made['id']}"
    moved = await client.ok(
        "PATCH", path, {"incident": {"scheduled_until": "2027-01-02T03:00:00Z", "scheduled_for": ""}}
    )
    assert (moved["scheduled_for"], moved["scheduled_until"]) == (
        "2027-01-01T22:00:00.000Z",
        "2027-01-02T03:00:00.000Z",
    )
    assert moved["scheduled_auto_in_progress"] is True
    begun = await client.ok("PATCH", path, {"incident": {"status": "in_progress"}})
    assert begun["status"] == "in_progress"
    assert [one["id"] for one in await client.ok("GET", "incidents/active_maintenance")] == [made["id"]]


async def test_one_of_the_past(client: Client) -> None:
    """Backfilled, it is over, began when it is said to, and moves no component."""
    made = await client.open(backfilled=True, backfill_date="2026-01-15", body="It was slow.")
    assert (made["status"], made["backfilled"], made["created_at"]) == ("resolved", True, "2026-01-15T00:00:00.000Z")
    refused = await client.send(
        "POST",
        "incidents",
        {
            "incident": {
                "name": "x",
                "backfilled": True,
                "backfill_date": "2099-01-01",
                "component_ids": [client.api.id],
            }
        },
    )
    assert refused.status_code == 422
    assert len(refused.json()["error"]) == 2


async def test_an_incident_is_deleted_with_the_object(client: Client) -> None:
    """200 with what it was; then 404, as for one of another page."""
    made = await client.open()
    path = f"incidents/{made['id']}"
    assert await client.ok("DELETE", path) == made
    for method in ("GET", "DELETE", "PATCH"):
        assert (await client.send(method, path, {"incident": {}})).status_code == 404
    elsewhere = client_at(client.site, name="Other", subdomain="other")
    kept = await elsewhere.open()
    assert (await client.send("DELETE", f"incidents/{kept['id']}")).status_code == 404
    assert await elsewhere.ok("GET", f"incidents/{kept['id']}") == kept


async def test_an_update_is_corrected(client: Client) -> None:
    """Its words, whether it rings and when it was said; only of the incident in the address."""
    made, other = await client.open(body="Teh cable."), await client.open(name="Other")
    [said] = made["incident_updates"]
    correction = {
        "incident_update": {"body": "The cable.", "display_at": "2026-01-02T03:04:05Z", "deliver_notifications": "f"}
    }
    for method in ("PUT", "PATCH"):
        path = f"incidents/{made['id']}/incident_updates/{said['id']}"
        corrected = await client.ok(method, path, correction)
        assert corrected["id"] == said["id"]
        assert (corrected["body"], corrected["display_at"]) == ("The cable.", "2026-01-02T03:04:05.000Z")
        assert corrected["deliver_notifications"] is False
    assert (
        await client.send("PATCH", f"incidents/{other['id']}/incident_updates/{said['id']}", correction)
    ).status_code == 404


async def test_all_that_is_wrong_is_said_at_once(client: Client) -> None:
    """422 with a sentence for each; nothing is kept."""
    wrong = {
        "name": "",
        "status": "broken",
        "impact_override": "huge",
        "scheduled_for": "tomorrow",
        "body": "x" * 25_001,
        "metadata": {"a": 1},
        "reminder_intervals": "[9,3]",
        "components": {"nosuchcomp00": "major_outage"},
        "deliver_notifications": "maybe",
    }
    refused = await client.send("POST", "incidents", {"incident": wrong})
    assert refused.status_code == 422
    said = refused.json()
    assert len(said["error"]) == 10
    assert said["message"] == " ".join(said["error"])
    assert await client.ok("GET", "incidents") == []


async def test_five_tries_open_one_incident(client: Client) -> None:
    """The first one's answer each time; once somebody has changed it, the same words open another."""
    tries = [await client.open(body="We look.") for _ in range(5)]
    assert {one["id"] for one in tries} == {tries[0]["id"]}
    assert len(await client.ok("GET", "incidents")) == 1
    await client.ok("PATCH", f"incidents/{tries[0]['id']}", {"incident": {"status": "resolved"}})
    assert (await client.open(body="We look."))["id"] != tries[0]["id"]


async def test_five_tries_say_a_thing_once(client: Client) -> None:
    """A change that says something is made once however often it is sent, until something else was changed."""
    path = f"incidents/{(await client.open())['id']}"
    change = {"incident": {"status": "identified", "body": "A cable."}}
    answers = [await client.ok("PATCH", path, change) for _ in range(5)]
    assert [len(one["incident_updates"]) for one in answers] == [2] * 5
    await client.ok("PATCH", path, {"incident": {"status": "monitoring"}})
    assert len((await client.ok("PATCH", path, change))["incident_updates"]) == 4


async def test_an_impact_is_set_and_taken_back(client: Client) -> None:
    """`none` is an impact as any other; null takes it back, and an empty text says nothing. What everybody reads is
    the override, and without one what its components say."""
    path = f"incidents/{(await client.open(components={client.api.id: 'major_outage'}))['id']}"
    for given, then, shown in (("none", *("none",) * 2), ("", *("none",) * 2), (None, None, "critical")):
        changed = await client.ok("PATCH", path, {"incident": {"impact_override": given}})
        said = changed["impact_override"], changed["impact"], len(changed["incident_updates"])
        assert said == (then, shown, 1)


async def test_an_incident_gets_no_schedule(client: Client) -> None:
    """One sentence says so, whichever end of one is given; flags of maintenances are passed over."""
    path = f"incidents/{(await client.open())['id']}"
    for name in ("scheduled_for", "scheduled_until"):
        refused = await client.send("PATCH", path, {"incident": {name: "2031-01-01T00:00:00Z"}})
        assert (refused.status_code, len(refused.json()["error"])) == (422, 1)
    assert (await client.ok("PATCH", path, {"incident": {"scheduled_auto_completed": True}}))["scheduled_for"] is None


async def test_a_postmortem(client: Client) -> None:
    """Written, published, taken back and removed; none is 404."""
    made = await client.open(status="resolved")
    path = f"incidents/{made['id']}/postmortem"
    assert (await client.send("GET", path)).status_code == 404
    written = await client.ok("PUT", path, {"postmortem": {"body_draft": "A cable."}})
    assert (written["body_draft"], written["body"], written["published_at"]) == ("A cable.", None, None)
    published = await client.ok("PUT", f"{path}/publish", {"postmortem": {"notify_subscribers": "f"}})
    assert (published["body"], published["notify_subscribers"]) == ("A cable.", False)
    assert await client.ok("GET", path) == published
    assert (await client.ok("PUT", f"{path}/revert"))["published_at"] is None
    assert (await client.ok("PUT", f"{path}/publish"))["notify_subscribers"] is True
    await client.ok("DELETE", path, code=204)
    assert (await client.send("GET", path)).status_code == 404
    assert (await client.ok("GET", f"incidents/{made['id']}"))["postmortem_body"] is None


async def test_what_one_client_calls_instead(client: Client) -> None:
    """It POSTs postmortems, and writes `incidents_update`: these are what they mean, for the same scopes."""
    made = await client.open(status="resolved", body="Ovr.")
    path = f"incidents/{made['id']}"
    written = await client.ok("POST", f"{path}/postmortem", {"postmortem": {"body_draft": "A cable."}})
    assert written["body_draft"] == "A cable."
    assert (await client.ok("POST", f"{path}/postmortem/publish", {"postmortem": {}}))["body"] == "A cable."
    assert (await client.ok("POST", f"{path}/postmortem/revert"))["body"] is None
    said = f"{path}/incidents_update/{made['incident_updates'][0]['id']}"
    assert (await client.ok("PATCH", said, {"incident_update": {"body": "Over."}}))["body"] == "Over."
    reader = client_at(client.site, scopes=[Scope.READ], name="Other", subdomain="other")
    assert (await reader.send("POST", "incidents/x/postmortem", {"postmortem": {}})).status_code == 403


async def test_a_template(client: Client) -> None:
    """Once, under either envelope; a second of that name is refused."""
    template = {
        "name": "slow",
        "title": "Slow",
        "body": "We look.",
        "update_status": "investigating",
        "component_ids": [client.api.id],
    }
    first = await client.ok("POST", "incident_templates", {"template": template}, code=201)
    again = await client.ok("POST", "incident_templates", {"template": template}, code=201)
    assert first == again
    assert [row["id"] for row in first["components"]] == [client.api.id]
    assert await client.ok("GET", "incident_templates") == [first]
    refused = await client.send("POST", "incident_templates", {"template": template | {"body": "Other."}})
    assert refused.status_code == 422
    missing = await client.send("POST", "incident_templates", {"incident_template": {}})
    assert len(missing.json()["error"]) == 3


async def test_a_template_is_read_changed_and_deleted(client: Client) -> None:
    """As one client calls for it: what is not given stays, and it is of its own page."""
    template = {"name": "slow", "title": "Slow", "body": "We look.", "should_send_notifications": "f"}
    made = await client.ok("POST", "incident_templates", {"incident_template": template}, code=201)
    path = f"incident_templates/{made['id']}"
    assert await client.ok("GET", path) == made
    changed = await client.ok(
        "PATCH", path, {"incident_template": {"title": "Slower", "update_status": "identified"}}
    )
    assert changed == made | {"title": "Slower", "update_status": "identified"}
    assert await client.ok("PUT", path, {"template": {"component_ids": ""}}) == changed
    other = client_at(client.site, name="Other", subdomain="other")
    reader = client_at(client.site, scopes=[Scope.READ], name="Third", subdomain="third")
    assert (await other.send("GET", path)).status_code == 404
    assert (await reader.send("DELETE", path)).status_code == 403
    assert await client.ok("DELETE", path) == changed
    assert (await client.send("GET", path)).status_code == 404


async def test_what_waits_is_shown_as_it_would_be(client: Client) -> None:
    """The same document as where it is published at once, but for ids and what publishing adds; and a `message`."""
    body = {
        "name": "Slow",
        "status": "identified",
        "impact_override": "minor",
        "body": "We look.",
        "components": {client.api.id: "major_outage"},
        "component_ids": [client.web.id],
        "metadata": {"jira": {"issue": "X-1"}},
        "deliver_notifications": "f",
    }
    client.site.change(_let_wait)
    held = await client.ok("POST", "incidents", {"incident": body}, code=202)
    client.site.change(lambda tx: _let_wait(tx, ApiPosts.PUBLISH))
    public = await client.open(**body, reminder_intervals=None, auto_tweet_on_creation=False)
    assert held.pop("message")
    assert held.keys() == public.keys()
    differing = {name for name, value in held.items() if value != public[name]}
    assert differing == {"id", "shortlink", "components", "incident_updates"}
    assert [row["id"] for row in held["components"]] == [row["id"] for row in public["components"]]
    [said], [published] = held["incident_updates"], public["incident_updates"]
    assert {name for name in said if said[name] != published[name]} == {"id", "incident_id", "affected_components"}


def _let_wait(tx: Transaction, rule: ApiPosts = ApiPosts.DRAFT) -> None:
    tx.session.query(Page).update({"api_posts": rule})
    if rule is ApiPosts.DRAFT:
        add_owner(tx.session, "U0OLIVIA01", tx.now)


Body = Callable[[Client], Mapping[str, Any]]
PLAN = {"name": "x", "scheduled_for": "2027-01-01T22:00:00Z", "scheduled_until": "2027-01-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("scopes", "incident", "code"),
    [
        ([Scope.INCIDENTS_WRITE], {"name": "x"}, 201),
        ([Scope.INCIDENTS_WRITE], PLAN, 403),
        ([Scope.MAINTENANCES_WRITE], PLAN, 201),
        ([Scope.MAINTENANCES_WRITE], {"name": "x"}, 403),
        ([Scope.INCIDENTS_WRITE], {"name": "x", "components": {"api": "major_outage"}}, 403),
        ([Scope.INCIDENTS_WRITE], {"name": "x", "components": {"api": ""}}, 201),
        ([Scope.INCIDENTS_WRITE], {"name": "x", "component_ids": ["api"]}, 201),
        (
            [Scope.INCIDENTS_WRITE, Scope.COMPONENT_STATUS_WRITE],
            {"name": "y", "components": {"api": "major_outage"}},
            201,
        ),
        ([Scope.INCIDENTS_WRITE, Scope.COMPONENTS_WRITE], {"name": "x", "components": {"api": "major_outage"}}, 201),
        ([Scope.READ, Scope.COMPONENTS_WRITE], {"name": "x"}, 403),
    ],
)
async def test_scopes_by_kind_and_states(
    site: Site, scopes: list[Scope], incident: dict[str, Any], code: int
) -> None:
    """A maintenance needs its own scope, and moving components the right to: whatever the path says."""
    client = client_at(site, scopes=scopes)

    def named(value: Any) -> Any:
        if isinstance(value, dict):
            return {named(key): named(inner) for key, inner in value.items()}
        return (
            [named(one) for one in value] if isinstance(value, list) else client.api.id if value == "api" else value
        )

    response = await client.send("POST", "incidents", {"incident": named(incident)})
    assert response.status_code == code, response.text
    if code == 403:
        assert "scope" in response.json()["error"]


async def test_scopes_by_what_an_id_is(client: Client) -> None:
    """Where only an id is given, the kind is looked up."""
    incident, plan = await client.open(), await client.ok("POST", "incidents", {"incident": PLAN}, code=201)
    for scope, may, may_not in (
        (Scope.INCIDENTS_WRITE, incident, plan),
        (Scope.MAINTENANCES_WRITE, plan, incident),
    ):
        _, secret = client.site.key(scopes=[scope])
        narrow = Client(client.site, client.page, client.api, client.web, "", secret)
        said = may_not["incident_updates"][0]["id"]
        calls: list[Awaitable[httpx.Response]] = [
            narrow.send("PATCH", f"incidents/{may_not['id']}", {"incident": {"name": "y"}}),
            narrow.send("DELETE", f"incidents/{may_not['id']}"),
            narrow.send(
                "PATCH", f"incidents/{may_not['id']}/incident_updates/{said}", {"incident_update": {"body": "y"}}
            ),
            narrow.send("PUT", f"incidents/{may_not['id']}/postmortem", {"postmortem": {"body_draft": "y"}}),
        ]
        assert [(await call).status_code for call in calls] == [403] * 4
        assert (await narrow.ok("PATCH", f"incidents/{may['id']}", {"incident": {"name": "y"}}))["name"] == "y"
        assert (await narrow.send("GET", f"incidents/{may['id']}")).status_code == 200
    assert client.site.change(lambda tx: _count(tx)) == 2


def _count(tx: Transaction) -> int:
    return tx.session.query(AuditEvent).filter(AuditEvent.action == "incident.created").count()
