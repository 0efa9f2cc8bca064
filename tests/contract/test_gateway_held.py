"""A page's rule holds for keys that write through the gateway: what a person is to read first does not go on."""

from collections.abc import AsyncIterator

import pytest

from desk.configuration.pages import edit_page
from desk.incidents.drafts.publishing import publish_draft
from desk.transaction import Actor, Desk, Transaction
from handlers.delivery.atlassian.deliverer import AtlassianDeliverer
from handlers.delivery.worker import OutboxWorker
from handlers.jobs.copies import follow_upstream
from storage.models import Channel, DraftStatus, IncidentDraft, KeyUse, Role
from tests.contract.gateway_stage import EVERYTHING, OPERATOR, TwoKeydesks, mint, two_keydesks
from tests.factories import INES, MAX, add_grant, add_member

# What it says does not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW = {"incident": {"name": "Search is slow", "body": "We look."}}
SAID = {"incident": {"body": "More soon."}}
UNSAID = {"incident": {"metadata": {"ours": {"a": "b"}}}}
OVER = {"incident": {"status": "resolved"}}
AGAIN = {"incident": {"status": "investigating", "body": "Again."}}
WORDS = {"incident_update": {"body": "Other words."}}


@pytest.fixture
async def both(desk: Desk, there: Desk) -> AsyncIterator[TwoKeydesks]:
    """The gateway, with people who may read first, and its upstream."""

    def add(tx: Transaction) -> None:
        for member in (INES, MAX):
            add_member(tx.session, member, tx.now)
            add_grant(tx.session, member, Role.INCIDENT_MANAGER, tx.now)

    desk.write_now(OPERATOR, add)
    async with two_keydesks(desk, there) as both:
        yield both


async def rule(both: TwoKeydesks, **settings: str) -> None:
    """The page's from now on, by whoever may set it; and what is open there is known here."""
    await both.desk.write(OPERATOR, lambda tx: edit_page(tx, both.story.page, settings))
    upstreams = both.served.app.upstreams
    await follow_upstream(upstreams.client, upstreams.book, both.desk, upstreams.hear_refused)


async def names_there(both: TwoKeydesks) -> list[str]:
    """Of the page's incidents at Statuspage."""
    rows = (await both.call_there("GET", f"pages/{both.story.page}/incidents")).json()
    return [row["name"] for row in rows]


@pytest.mark.parametrize("settings", [{"second_person": "always"}, {"api_posts": "draft"}])
async def test_what_a_key_says_waits_for_a_person(both: TwoKeydesks, settings: dict[str, str]) -> None:
    """It is answered as by Keydesk's own API, comes to Statuspage once somebody has published it, and counts as a
    write; the same again makes no second draft."""
    secret, path = mint(both.desk, EVERYTHING), f"pages/{both.story.page}/incidents"
    await rule(both, **settings)
    answers = [await both.call(secret, "POST", path, json=NEW) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    assert "a person reads first what an API key says" in answers[0].json()["message"]
    assert NEW["incident"]["name"] not in await names_there(both)
    draft = _only_draft(both)
    await both.desk.write(Actor.member(MAX), lambda tx: publish_draft(tx, draft))
    await _deliver(both)
    assert (await names_there(both)).count(NEW["incident"]["name"]) == 1
    await both.served.app.flush()
    with both.desk.database.read() as session:
        [use] = session.query(KeyUse)
    assert use.last_write_at is not None


async def test_what_is_said_of_an_incident_waits_too(both: TwoKeydesks) -> None:
    """By its id there; what no reader sees goes on, and what nobody could read here is refused."""
    page, story, secret = both.story.page, both.story, mint(both.desk, EVERYTHING)
    await rule(both, second_person="always")
    update = (await both.call_there("GET", f"pages/{page}/incidents/{story.open}")).json()["incident_updates"][0]
    for method, path, body, status in (
        ("PATCH", story.open, UNSAID, 200),
        ("PATCH", story.open, SAID, 202),
        ("PUT", story.open, {"incident": {"components": {story.components["API"]: "operational"}}}, 202),
        ("PATCH", story.open, {"body": "Without its envelope."}, 400),
        ("PATCH", story.resolved, SAID, 403),
        ("PATCH", f"{story.open}/incident_updates/{update['id']}", WORDS, 403),
        ("PATCH", f"{story.open}/incident_updates/{update['id']}", {"body": "Other words."}, 403),
        ("PUT", f"{story.resolved}/postmortem/publish", {"postmortem": {"notify_subscribers": False}}, 403),
        ("POST", f"{story.open}/something_new", SAID, 403),
    ):
        answer = await both.call(secret, method, f"pages/{page}/incidents/{path}", json=body)
        assert answer.status_code == status, (method, path, answer.text)
        assert status != 403 or "a person reads what a key says" in answer.json()["error"]
    shown = (await both.call_there("GET", f"pages/{page}/incidents/{story.open}")).json()
    assert shown["incident_updates"][0] == update
    assert shown["metadata"] == UNSAID["incident"]["metadata"]


async def test_only_what_is_new_to_readers_waits(both: TwoKeydesks) -> None:
    """Where the first post alone is read by a second person: an incident, and one that is opened again."""
    page, story, secret = both.story.page, both.story, mint(both.desk, EVERYTHING)
    later = await both.call_there("POST", f"pages/{page}/incidents", json=NEW)
    await rule(both, second_person="first_post")
    ended = later.json()["id"]
    await both.call_there("PATCH", f"pages/{page}/incidents/{ended}", json=OVER)
    refusal = await both.call(secret, "PATCH", f"pages/{page}/incidents/{ended}", json=AGAIN)
    assert (refusal.status_code, "does not follow" in refusal.json()["error"]) == (403, True), refusal.text
    await rule(both, second_person="first_post", api_posts="publish")
    for method, path, body, status in (
        ("POST", "", NEW, 202),
        ("PATCH", f"/{story.open}", {"incident": {"status": "identified", "body": "A cable."}}, 200),
        ("PATCH", f"/{story.resolved}", SAID, 200),
        ("PATCH", f"/{story.resolved}", AGAIN, 403),
        ("PATCH", f"/{story.resolved}", {"incident": {"status": ["investigating"]}}, 403),
        ("PATCH", f"/{story.resolved}", {"incident": [{"status": {"a": "b"}}]}, 403),
        ("PATCH", f"/{story.resolved}", {"status": "Investigating", **SAID}, 403),
        ("PATCH", f"/{ended}", AGAIN, 202),
    ):
        answer = await both.call(secret, method, f"pages/{page}/incidents{path}", json=body)
        assert answer.status_code == status, (method, path, answer.text)
    await rule(both, second_person="never")
    assert (await both.call(secret, "POST", f"pages/{page}/incidents", json=NEW)).status_code == 201


async def test_a_key_for_named_components_speaks_of_no_others(both: TwoKeydesks) -> None:
    """Whatever its call names: of an incident about others alone it says nothing, and it ends none that is about
    others, too."""
    page, known = both.story.page, both.story.components
    scopes = ["incidents:write", "component_status:write"]
    secret, other = mint(both.desk, scopes, components=[known["API"]]), mint(both.desk, ["incidents:write"])
    states = {known["API"]: "partial_outage", known["Website"]: "partial_outage"}
    wide = (await both.call_there("POST", f"pages/{page}/incidents", json=_new(states))).json()["id"]
    website = {known["Website"]: "partial_outage"}
    foreign = (await both.call_there("POST", f"pages/{page}/incidents", json=_new(website))).json()["id"]
    of_none = (await both.call_there("POST", f"pages/{page}/incidents", json=NEW)).json()["id"]
    identified = {"incident": {"status": "identified", "body": "A cable."}}
    for key, method, incident, body, status in (
        (secret, "PATCH", both.story.open, SAID, 200),
        (secret, "PATCH", wide, identified, 200),
        (secret, "PATCH", wide, OVER, 403),
        (secret, "DELETE", wide, None, 403),
        (secret, "PATCH", foreign, SAID, 403),
        (secret, "DELETE", foreign, None, 403),
        (secret, "PUT", f"{foreign}/postmortem", {"postmortem": {"body_draft": "x"}}, 403),
        (secret, "PATCH", of_none, SAID, 200),
        (secret, "PATCH", both.story.open, OVER, 200),
        (other, "PATCH", foreign, OVER, 200),
    ):
        answer = await both.call(key, method, f"pages/{page}/incidents/{incident}", json=body)
        assert answer.status_code == status, (method, incident, body, answer.text)


def _new(states: dict[str, str]) -> dict[str, object]:
    return {"incident": {"name": "All is slow", "components": states}}


def _only_draft(both: TwoKeydesks) -> str:
    with both.desk.database.read() as session:
        [draft] = session.query(IncidentDraft)
        assert draft.status == DraftStatus.WAITING
        return str(draft.id)


async def _deliver(both: TwoKeydesks) -> None:
    upstreams = both.served.app.upstreams
    deliverer = AtlassianDeliverer(
        upstreams.client, upstreams.book.find, both.desk.clock, on_refused=upstreams.hear_refused
    )
    await OutboxWorker(both.desk, {Channel.ATLASSIAN: deliverer}).deliver_due()
