"""The management API behind the key check."""

import asyncio
import re
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from desk.commands import SlackNames
from desk.keys.check import Need
from desk.policy import Policy
from desk.secret import Secret
from desk.transaction import Transaction
from handlers.http.answers import Answer
from handlers.http.app import HttpSettings
from handlers.http.auth.addresses import parse_networks
from handlers.http.auth.budgets import Budgets
from handlers.http.v1.app import ManagementApi
from handlers.http.v1.operations import OPERATIONS
from handlers.http.v1.routing import Call, Route
from storage.models import ApiKey, KeyStatus, KeyUse
from tests.databases import both_databases, url_on_sqlite
from tests.policies import policy_of
from tests.unit.handlers.http.conftest import Site

database_url = url_on_sqlite
UNAUTHENTICATED = {"error": "Could not authenticate", "message": "Could not authenticate"}


@pytest.mark.parametrize("path", ["/v1/pages", "/v1/pages.json", "/v1/pages/nosuchpage00", "/v1/whatever"])
async def test_nothing_without_a_key(site: Site, path: str) -> None:
    """Without a key every path gives Statuspage's own 401, whether it exists or not."""
    response = await site.client.get(path)
    assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["www-authenticate"].startswith("OAuth")


async def test_each_endpoint_with_and_without_json_suffix(site: Site) -> None:
    """Both spellings of a path give the same document."""
    page = site.page()
    component = site.component(page)
    _, secret = site.key()
    for path in ("/v1/pages", f"/v1/pages/{page.id}", f"/v1/pages/{page.id}/components"):
        plain, suffixed = await site.get(path, secret), await site.get(f"{path}.json", secret)
        assert (plain.status_code, suffixed.status_code) == (200, 200)
        assert plain.content == suffixed.content
        assert plain.headers["content-type"] == "application/json"
    assert [row["id"] for row in plain.json()] == [component.id]


@pytest.mark.parametrize("scheme", ["OAuth ", "oauth ", "OAUTH ", ""])
async def test_the_scheme_word_in_any_case_or_none(site: Site, scheme: str) -> None:
    """Clients that write the scheme small, or leave it out, are let in."""
    _, secret = site.key()
    response = await site.client.get("/v1/pages", headers={"Authorization": scheme + secret})
    assert response.status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer ", "Token ", "OAuth x "])
async def test_other_schemes_are_no_key(site: Site, scheme: str) -> None:
    """A good key behind another scheme word gets the same 401 as a wrong one, as at Statuspage."""
    key_id, secret = site.key()
    response = await site.client.get("/v1/pages", headers={"Authorization": scheme + secret})
    assert (response.status_code, response.json()) == (401, UNAUTHENTICATED)
    assert await site.use(key_id) == (0, 0, 0)


class TestBudgets:
    """A page with a limit."""

    @pytest.fixture(params=[420, 429])
    def http_settings(self, request: pytest.FixtureRequest) -> HttpSettings:
        """Two calls a minute."""
        return HttpSettings(budgets=Budgets(calls=2, code=request.param), distrust_after=timedelta(hours=1))

    async def test_a_call_too_many_says_when_the_next_is_let_through(
        self, site: Site, http_settings: HttpSettings
    ) -> None:
        """In whole seconds, by either code; it counts as a call that failed, and other keys go on."""
        (key_id, secret), (_, other) = site.key(), site.key()
        assert [(await site.get("/v1/pages", secret)).status_code for _ in range(2)] == [200, 200]
        refused = await site.get("/v1/nowhere", secret)
        assert (refused.status_code, refused.headers["retry-after"]) == (http_settings.budgets.code, "60")
        assert refused.json()["error"] == refused.json()["message"]
        assert (await site.get("/v1/pages", other)).status_code == 200
        site.seconds.now += 60
        assert (await site.get("/v1/pages", secret)).status_code == 200
        marks = await site.marks(key_id)
        assert (marks.reads, marks.failed, marks.refused) == (3, 1, 0)


async def test_a_key_in_the_address_is_refused_with_the_reason(site: Site) -> None:
    """The api_key parameter gets a sentence on what to do, even beside a good header; the refusal counts."""
    key_id, secret = site.key()
    for headers in ({}, {"Authorization": f"OAuth {secret}"}):
        response = await site.client.get("/v1/pages", params={"api_key": secret}, headers=headers)
        assert response.status_code == 401
        assert response.json()["error"] == response.json()["message"]
        assert "Authorization: OAuth <key>" in response.json()["error"]
        assert secret not in response.text
    assert await site.use(key_id) == (0, 0, 2)
    unknown = await site.client.get("/v1/pages?api_key=unknown")
    assert unknown.json() == response.json()


async def test_the_parameter_is_found_however_it_is_written(site: Site) -> None:
    """Percent-encoding hides it from nobody."""
    _, secret = site.key()
    response = await site.get("/v1/pages?%61pi%5Fkey=x", secret)
    assert response.status_code == 401


@pytest.mark.parametrize(
    "values",
    [
        {"status": KeyStatus.SUSPENDED},
        {"status": KeyStatus.REVOKED},
        {"expires_at": "now"},
        {"retires_at": "now"},
    ],
)
async def test_keys_that_are_not_active_get_the_401_of_unknown_ones(site: Site, values: dict[str, Any]) -> None:
    """Nobody can tell a suspended, revoked, expired or retired key from one that never was; its refusal counts."""
    now = site.desk.clock.now()
    ended = {name: now if value == "now" else value for name, value in values.items()}
    # Neither is it told which pages there are, nor which scopes it once had.
    key_id, secret = site.key(**ended, pages=["otherpage000"], scopes=["incidents:write"])
    for path in ("/v1/pages", f"/v1/pages/{site.page().id}", "/v1/pages/nosuchpage00", "/v1/whatever"):
        refused, unknown = await site.get(path, secret), await site.get(path, "kd_unknown")
        assert (refused.status_code, refused.content) == (401, unknown.content)
        assert refused.headers == unknown.headers
    assert await site.use(key_id) == (0, 0, 4)


async def test_a_key_works_until_its_last_moment(site: Site, clock: Any) -> None:
    """Expiry needs no job and no reading of the database: the same key is refused once its time has come."""
    key_id, secret = site.key(expires_at=clock.now() + timedelta(hours=1))
    clock.advance(minutes=59)
    assert (await site.get("/v1/pages", secret)).status_code == 200
    clock.advance(minutes=1)
    assert (await site.get("/v1/pages", secret)).status_code == 401
    assert await site.use(key_id) == (1, 0, 1)


@both_databases
async def test_a_revoked_key_stops_with_the_commit(site: Site) -> None:
    """The first call after the revocation is refused."""
    key_id, secret = site.key()
    assert (await site.get("/v1/pages", secret)).status_code == 200

    def revoke(tx: Transaction) -> None:
        tx.session.get_one(ApiKey, key_id).status = KeyStatus.REVOKED

    site.change(revoke)
    assert (await site.get("/v1/pages", secret)).status_code == 401


@pytest.mark.parametrize(
    ("scopes", "pages_status", "components_status"),
    [
        (["read"], 200, 200),
        (["components:write"], 403, 200),
        (["page_configuration:write"], 200, 403),
        (["incidents:write"], 403, 403),
    ],
)
async def test_reading_needs_read_or_the_write_scope_of_the_same_thing(
    site: Site, scopes: list[str], pages_status: int, components_status: int
) -> None:
    """A write scope opens its own resource for reading and nothing else."""
    page = site.page()
    _, secret = site.key(scopes=scopes)
    assert (await site.get(f"/v1/pages/{page.id}", secret)).status_code == pages_status
    assert (await site.get(f"/v1/pages/{page.id}/components", secret)).status_code == components_status


async def test_a_missing_scope_is_named(site: Site) -> None:
    """The 403 says which scope to ask for, under both names that clients read, and counts as refused."""
    key_id, secret = site.key(scopes=["incidents:write"])
    response = await site.get("/v1/pages", secret)
    assert response.status_code == 403
    assert response.json()["error"] == response.json()["message"]
    assert "scope read" in response.json()["error"]
    assert await site.use(key_id) == (0, 0, 1)


class TestUnderAPrefix:
    """Where the workspace's commands bear one."""

    @pytest.fixture
    def policy(self) -> Policy:
        """The prefix."""
        return policy_of(name_command=SlackNames("acme-"))

    async def test_a_refusal_names_the_command_as_it_is_set(self, site: Site) -> None:
        """For a scope that is missing and for a page that is not the key's."""
        _, secret = site.key(scopes=["incidents:write"], pages=[site.page().id])
        missing, outside = f"/v1/pages/{site.page(subdomain='beta').id}", "/v1/pages"
        for path in (missing, outside):
            response = await site.get(path, secret)
            assert response.status_code == 403
            assert "with /acme-keys request in Slack" in response.json()["error"]


async def test_a_key_sees_its_own_pages_only(site: Site) -> None:
    """The list holds the key's pages; another page is a 403 that names it, an unknown id a 404."""
    own, other = site.page(), site.page(name="Beta", subdomain="beta")
    key_id, secret = site.key(pages=[own.id])
    listed = await site.get("/v1/pages", secret)
    assert [page["id"] for page in listed.json()] == [own.id]
    assert (await site.get(f"/v1/pages/{own.id}", secret)).status_code == 200
    for path in (f"/v1/pages/{other.id}", f"/v1/pages/{other.id}/components.json"):
        outside = await site.get(path, secret)
        assert outside.status_code == 403
        assert other.id in outside.json()["error"]
    missing = await site.get("/v1/pages/nosuchpage00", secret)
    assert missing.status_code == 404
    assert set(missing.json()) == {"error", "message"}
    assert await site.use(key_id) == (2, 0, 2)
    assert (await site.marks(key_id)).failed == 1


async def test_unknown_paths_and_methods_have_statuspage_s_error_shape(site: Site) -> None:
    """404 and 405 are JSON with error and message; 405 says what there is."""
    page = site.page()
    key_id, secret = site.key()
    headers = {"Authorization": f"OAuth {secret}"}
    for path in ("/v1/", "/v1/page", f"/v1/pages/{page.id}/nothing", "/v1/pages/a/b/c/d"):
        response = await site.client.get(path, headers=headers)
        assert (response.status_code, set(response.json())) == (404, {"error", "message"})
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        response = await site.client.request(method, "/v1/pages", headers=headers)
        assert (response.status_code, set(response.json())) == (405, {"error", "message"})
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    # Whoever calls what does not exist uses the key all the same.
    use = await site.marks(key_id)
    assert (use.reads, use.writes, use.failed, use.refused) == (0, 0, 9, 0)
    assert use.last_used_at == use.last_read_at == use.last_write_at == use.last_failed_at


@pytest.mark.parametrize(
    "tail", ["pages%2f..", "pages/acmepage0001;x", "pages//acmepage0001", "pages/%2e%2e/pages", "ü"]
)
async def test_an_address_of_two_readings_is_refused_before_its_key(site: Site, tail: str) -> None:
    """Whoever asks, and what for: 400, which counts against no key. What is escaped in vain means the same."""
    key_id, secret = site.key()
    for headers in ({}, {"Authorization": secret}):
        answer = await site.client.get(f"/v1/{tail}", headers=headers)
        assert (answer.status_code, "different ways" in answer.json()["error"]) == (400, True)
    assert (await site.get("/v1/%70ages", secret)).status_code == 200
    assert await site.use(key_id) == (1, 0, 0)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
async def test_another_method_in_a_header_means_nothing(site: Site, header: str) -> None:
    """What is decided on is the method of the request."""
    _, secret = site.key(scopes=["read"])
    headers = {"Authorization": secret, header: "DELETE"}
    answer = await site.client.get("/v1/pages?_method=DELETE", headers=headers)
    assert answer.status_code == 200
    assert (await site.client.post("/v1/pages", headers={**headers, header: "GET"})).status_code == 405


async def test_head_is_get_without_a_body(site: Site) -> None:
    """Probes with HEAD see status and length, and count as reads."""
    site.page()
    key_id, secret = site.key()
    got = await site.get("/v1/pages", secret)
    head = await site.client.head("/v1/pages", headers={"Authorization": f"OAuth {secret}"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert (await site.client.head("/v1/pages")).status_code == 401
    assert await site.use(key_id) == (2, 0, 0)


async def test_options_says_what_can_be_done(site: Site) -> None:
    """OPTIONS needs no key, tells the methods, and invites no browser of another site."""
    response = await site.client.options("/v1/pages", headers={"Origin": "https://elsewhere.example"})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert (await site.client.options("/v1/nothing")).status_code == 404


async def test_parameters_that_nobody_knows_are_ignored(site: Site) -> None:
    """Clients send names of other endpoints and other times; none of them may fail."""
    site.page()
    _, secret = site.key()
    response = await site.get("/v1/pages?limit=100&page=&per_page=x&q=%ff&&=&api_keys=1", secret)
    assert response.status_code == 200


@both_databases
async def test_no_call_asks_the_database(site: Site) -> None:
    """Checks, answers and notes of a hundred calls cost not one statement, but for the question on PostgreSQL, where
    there may be other replicas, how fresh what is in memory is."""
    page = site.page()
    site.component(page)
    _, secret = site.key()
    _, narrow = site.key(scopes=["incidents:write"])
    # What is public for the first time gets its lasting address, which is a change as well.
    await asyncio.to_thread(site.app.public.refresh)
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        # The public page reads what there is in its own time, in a thread of its own.
        if not threading.current_thread().name.startswith(("keydesk-public", "keydesk-archive")):
            statements.append(statement)

    event.listen(site.desk.database.engine, "before_cursor_execute", note)
    for _ in range(25):
        await site.get("/v1/pages", secret)
        await site.get(f"/v1/pages/{page.id}/components", secret)
        await site.get("/v1/pages", narrow)
        await site.get("/v1/pages", "unknown")
    event.remove(site.desk.database.engine, "before_cursor_execute", note)
    # The watcher and the flusher go on once a second; they read revisions, and write uses of the keys that are there.
    asked = [text for text in statements if "FROM api_key WHERE id IN (SELECT " not in text]
    assert [text for text in asked if "FROM api_key" in text or "FROM page" in text] == []
    assert len([text for text in statements if "FROM revision" not in text]) < 20
    is_alone = site.desk.database.engine.dialect.name == "sqlite"
    assert len(statements) < (20 if is_alone else 120)


@both_databases
async def test_a_use_is_noted_with_time_place_and_client(site: Site, clock: Any) -> None:
    """The last use of a key says when, from where and by which program."""
    key_id, secret = site.key()
    await site.get("/v1/pages", secret)
    clock.advance(seconds=90)
    await site.client.get("/v1/pages", headers={"Authorization": secret, "User-Agent": "curl/8.9.1\x01"})
    await site.app.flush()
    with site.desk.database.read() as session:
        use = session.get_one(KeyUse, key_id)
    assert use.last_used_at == use.last_read_at == clock.now()
    assert use.first_used_at == clock.now() - timedelta(seconds=90)
    assert (use.last_address, use.last_user_agent) == ("127.0.0.1", "curl/8.9.1")
    assert (use.last_write_at, use.last_refused_at) == (None, None)


async def test_a_secret_in_the_user_agent_is_not_kept(site: Site, clock: Any) -> None:
    """Neither one of ours nor the imported one that the call presents, which has no shape of its own."""
    key_id, secret = site.key()
    headers = {"Authorization": secret, "User-Agent": f"tool/1 {secret}"}
    await site.client.get("/v1/pages", headers=headers)
    assert (await site.marks(key_id)).last_user_agent == "tool/1 [masked]"
    clock.advance(seconds=1)
    await site.client.get("/v1/pages", headers={**headers, "User-Agent": f"%20{Secret.generate().reveal()}"})
    assert (await site.marks(key_id)).last_user_agent == "%20kd_[masked]"


class TestBehindProxies:
    """With the test client's own address trusted."""

    @pytest.fixture
    def http_settings(self) -> HttpSettings:
        """Loopback is a proxy."""
        return HttpSettings(trusted_proxies=parse_networks(["127.0.0.0/8"]))

    async def test_the_forwarded_address_is_noted(self, site: Site) -> None:
        """The client's address is the one that the trusted proxy wrote down."""
        key_id, secret = site.key()
        headers = {"Authorization": secret, "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        await site.client.get("/v1/pages", headers=headers)
        await site.app.flush()
        with site.desk.database.read() as session:
            assert session.get_one(KeyUse, key_id).last_address == "198.51.100.7"


async def test_an_unexpected_error_has_a_reference(site: Site) -> None:
    """When a handler fails, the client gets a 500 in the usual shape: a reference, and nothing of the inside."""

    async def fail(_call: Call) -> Answer:
        raise RuntimeError("the inside")

    route = Route("GET", "pages", Need("page_configuration", write=False), fail)
    api = ManagementApi(site.app.key_check, [route])
    _, secret = site.key()
    transport = httpx.ASGITransport(app=api)
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            response = await client.get("/v1/pages", headers={"Authorization": secret})
    assert response.status_code == 500
    assert "inside" not in response.text
    (entry,) = [entry for entry in logs if entry["event"] == "call_failed"]
    assert entry["reference"] in response.json()["message"]


@both_databases
async def test_writes_are_counted_apart(site: Site) -> None:
    """A route that writes counts as a write when it succeeds; what the resource answers with an error is counted
    apart and is a use; only Keydesk's own 401 and 403 are refused."""
    answers = [Answer(201), *(Answer(status) for status in (400, 404, 405, 409, 420, 422, 429, 500, 401, 403))]

    async def write(_call: Call) -> Answer:
        return answers.pop(0)

    route = Route("POST", "pages/{page_id}/components", Need("components", write=True), write)
    api = ManagementApi(site.app.key_check, [route])
    key_id, secret = site.key(scopes=["components:write"])
    reader_id, reader = site.key(scopes=["read"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url="http://testserver") as client:
        for _ in range(11):
            await client.post("/v1/pages/p1/components", headers={"Authorization": secret})
        refused = await client.post("/v1/pages/p1/components", headers={"Authorization": reader})
    assert "scope components:write" in refused.json()["message"]
    use = await site.marks(key_id)
    assert (use.reads, use.writes, use.failed, use.refused) == (0, 1, 8, 2)
    assert await site.use(reader_id) == (0, 0, 1)


@pytest.mark.parametrize("status", [404, 420, 422])
async def test_a_key_that_meets_errors_is_used(site: Site, status: int) -> None:
    """A key all of whose calls the resource answers with an error has a last use, with its place and program."""

    async def fail(_call: Call) -> Answer:
        return Answer(status)

    route = Route("PATCH", "pages/{page_id}", Need("page_configuration", write=True), fail)
    key_id, secret = site.key(scopes=["page_configuration:write"])
    transport = httpx.ASGITransport(app=ManagementApi(site.app.key_check, [route]))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        await client.patch("/v1/pages/p1", headers={"Authorization": secret, "User-Agent": "deploy/1"})
    use = await site.marks(key_id)
    assert (use.failed, use.refused, use.last_user_agent) == (1, 0, "deploy/1")
    assert use.first_used_at == use.last_used_at == use.last_write_at == use.last_failed_at == site.desk.clock.now()


async def test_what_is_not_there_says_so_and_why(site: Site) -> None:
    """Each operation that is missing, to every key that works and is for the page, whatever its scopes; others learn
    nothing by it. No client tries again after 501."""
    page, other = site.page(), site.page(name="Other", subdomain="other")
    key_id, secret = site.key(scopes=["read"], pages=[page.id])
    headers = {"Authorization": f"OAuth {secret}"}
    missing = [one for one in OPERATIONS if one.missing is not None]
    for operation in missing:
        path = re.sub(r"\{\w+\}", "x", f"/v1/{operation.path}".replace("{page_id}", page.id))
        response = await site.client.request(operation.method, path, headers=headers)
        assert (response.status_code, set(response.json())) == (501, {"error", "message"}), path
        assert f"{operation.method} /v1/{operation.path}" in response.json()["error"]
    assert missing
    assert len(OPERATIONS) == 112
    use = await site.marks(key_id)
    assert (use.reads, use.writes, use.failed, use.refused) == (0, 0, len(missing), 0)
    incidents = f"/v1/pages/{other.id}/incidents"
    assert (await site.client.post(incidents, headers=headers)).status_code == 403
    assert (await site.client.post(incidents)).status_code == 401
