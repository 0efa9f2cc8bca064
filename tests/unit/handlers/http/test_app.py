"""The whole application: health, distrust, uses of suspended keys, and the way of uses to the database."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import select, text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from desk.keys.suspended_use import SUSPENDED_USE_CARD
from desk.secret import Secret
from desk.transaction import Desk, Transaction, keys_changed
from handlers.http.app import HttpApp, HttpSettings, create_http_app
from storage.models import ApiKey, KeyStatus, KeyUse, SlackMessage
from storage.watcher import Watcher
from tests.clock import HeldClock
from tests.databases import PostgresqlServer
from tests.factories import OLIVIA, add_key, add_owner
from tests.unit.handlers.http.conftest import ACTOR, Site
from tests.waiting import eventually

NEVER = timedelta(hours=1)
SOON = timedelta(milliseconds=20)


class TestWithoutQuestions:
    """Nobody asks the database by itself, so that the test says when the ring grows old."""

    @pytest.fixture(autouse=True)
    def _nobody_watches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # However rarely the watcher asks, on SQLite it also does so after each commit that it sees at a glance.
        monkeypatch.setattr(Watcher, "start", lambda _watcher: None)

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_a_ring_that_grew_old_is_not_trusted(self, site: Site) -> None:
        """Five seconds after the last proof every call asks the database for its own key, as it is by then; where
        that does not answer either, it gets 503 with Retry-After, good key or not."""
        key_id, secret = site.key()
        revoked_id, revoked = site.key()
        with site.desk.database.write() as session:
            session.get_one(ApiKey, revoked_id).status = KeyStatus.REVOKED
        site.seconds.now += 5
        assert [(await site.get("/v1/pages", one)).status_code for one in (secret, revoked)] == [200, 200]
        site.seconds.now += 0.1
        presented_then = (secret, revoked, "kd_unknown")
        assert [(await site.get("/v1/pages", one)).status_code for one in presented_then] == [200, 401, 401]
        _rename(site.desk, "api_key", "away")
        for presented in (secret, "kd_unknown"):
            response = await site.get("/v1/pages", presented)
            assert (response.status_code, set(response.json())) == (503, {"error", "message"})
            assert int(response.headers["retry-after"]) >= 1
        assert (await site.client.get("/v1/pages")).status_code == 401
        _rename(site.desk, "away", "api_key")
        assert await site.use(key_id) == (2, 0, 0)

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_readiness_says_when_the_ring_is_old(self, site: Site) -> None:
        """/readyz turns to 503 with a sentence about the keys; /healthz goes on saying that the process lives."""
        ready = await site.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        site.seconds.now += 6
        old = await site.client.get("/readyz")
        assert (old.status_code, old.json()["status"]) == (503, "not ready")
        assert "6 seconds" in old.json()["checks"]["keys"]
        assert (await site.client.get("/healthz")).status_code == 200

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_a_commit_here_is_proof_too(self, site: Site) -> None:
        """Reading the ring after a commit of this process makes it young again."""
        _, secret = site.key()
        site.seconds.now += 60
        assert not site.app.key_check.is_confident()
        site.key()
        assert site.app.key_check.is_confident()
        assert (await site.get("/v1/pages", secret)).status_code == 200


class TestWithoutDatabase:
    """Questions are asked often, and the database stops answering."""

    @pytest.fixture
    def http_settings(self) -> HttpSettings:
        """Questions at once."""
        return HttpSettings(revision_interval=SOON, use_flush_interval=SOON)

    async def test_trust_ends_and_comes_back_with_the_database(self, site: Site) -> None:
        """While the database does not answer, keys work for five seconds, then none does; then all do again."""
        key_id, secret = site.key()
        _rename(site.desk, "revision", "away")
        _rename(site.desk, "api_key", "gone")
        assert (await site.get("/v1/pages", secret)).status_code == 200
        site.seconds.now += 5.1
        assert (await site.get("/v1/pages", secret)).status_code == 503
        _rename(site.desk, "gone", "api_key")
        assert (await site.get("/v1/pages", secret)).status_code == 200
        _rename(site.desk, "away", "revision")
        await eventually(site.app.key_check.is_confident)
        assert (await site.get("/v1/pages", secret)).status_code == 200
        assert await site.use(key_id) == (3, 0, 0)

    @pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
    async def test_a_lost_postgresql_ends_trust(self, site: Site, postgresql_server: PostgresqlServer) -> None:
        """Every connection cut, the listener's too, and no new ones: 503 after five seconds, until they are back."""
        _, secret = site.key()
        name = str(site.desk.database.engine.url.database)
        with psycopg.connect(postgresql_server.url("postgres"), autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            assert (await site.get("/v1/pages", secret)).status_code == 200
            site.seconds.now += 5.1
            assert (await site.get("/v1/pages", secret)).status_code == 503
            assert (await site.client.get("/readyz")).status_code == 503
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await eventually(site.app.key_check.is_confident)
        assert (await site.get("/v1/pages", secret)).status_code == 200

    async def test_uses_outlive_a_database_that_fails(self, site: Site) -> None:
        """Uses that could not be written are written once the table is there again, each once."""
        key_id, secret = site.key()
        _rename(site.desk, "key_use", "away")
        with capture_logs() as logs:
            for _ in range(3):
                await site.get("/v1/pages", secret)
                with pytest.raises(Exception, match="key_use"):
                    await site.app.flush()
            await eventually(lambda: [entry for entry in logs if entry["event"] == "uses_not_written"])
        # Monitoring hears of it beside all that is well, and what a kill would lose now.
        told = (await site.client.get("/readyz")).json()["warnings"]["uses"]
        assert re.search(
            r"could not be written since 20\d\d-.* UTC\. .*\(marks of a key and a day: 1 of 100,000\)", told
        )
        _rename(site.desk, "away", "key_use")
        await eventually(lambda: _reads(site.desk, key_id) == 3)
        async with asyncio.timeout(20):
            while "uses" in (await site.client.get("/readyz")).json()["warnings"]:
                pass


def _rename(desk: Desk, before: str, after: str) -> None:
    with desk.database.write() as session:
        session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


def _reads(desk: Desk, key_id: str) -> int:
    with desk.database.read() as session:
        use = session.get(KeyUse, key_id)
        return 0 if use is None else use.reads


class TestSuspendedUses:
    """A suspended key that is used."""

    @pytest.fixture
    def http_settings(self) -> HttpSettings:
        """Uses are written down once an hour: owners must not have to wait for that."""
        return HttpSettings(use_flush_interval=NEVER)

    @pytest.fixture
    def suspended(self, site: Site) -> tuple[str, str]:
        """A suspended key, and an owner to tell."""
        with site.desk.database.write() as session:
            add_owner(session, OLIVIA, site.desk.clock.now())
        return site.key(status=KeyStatus.SUSPENDED, suspended_at=site.desk.clock.now() - timedelta(hours=1))

    async def test_owners_are_told_at_once(self, site: Site, suspended: tuple[str, str]) -> None:
        """One refused call is enough, and nobody waits for the next flush; more calls say no more."""
        key_id, secret = suspended
        for _ in range(20):
            assert (
                await site.get(
                    "/v1/pages",
                    secret,
                )
            ).status_code == 401
        (card,) = await eventually(lambda: _suspended_uses(site.desk))
        assert (card.subject_id, card.conversation) == (key_id, OLIVIA)
        assert card.facts["address"] == "127.0.0.1"
        assert card.facts["user_agent"].startswith("python-httpx")
        assert await site.use(key_id) == (0, 0, 20)
        assert len(_suspended_uses(site.desk)) == 1

    async def test_again_after_an_hour(self, site: Site, suspended: tuple[str, str], clock: HeldClock) -> None:
        """A suspended key that is still used is told of again when an hour has passed."""
        _, secret = suspended
        for minutes in (0, 59, 1):
            clock.advance(minutes=minutes)
            await site.get("/v1/pages", secret)
            await site.app.flush()
        assert len(_suspended_uses(site.desk)) == 2

    async def test_a_new_suspension_is_told_of_at_once(
        self, site: Site, suspended: tuple[str, str], clock: HeldClock
    ) -> None:
        """Restored and suspended again within the hour: the next use is news."""
        key_id, secret = suspended
        await site.get("/v1/pages", secret)
        await site.app.flush()
        clock.advance(minutes=1)

        def suspend_again(tx: Transaction) -> None:
            key = tx.session.get_one(ApiKey, key_id)
            key.suspended_at, key.version = tx.now, key.version + 2

        site.change(suspend_again)
        clock.advance(minutes=1)
        await site.get("/v1/pages", secret)
        await site.app.flush()
        assert len(_suspended_uses(site.desk)) == 2

    async def test_a_telling_that_fails_is_tried_again(self, site: Site, suspended: tuple[str, str]) -> None:
        """When the outbox cannot be written, the telling is kept, and uses are written all the same."""
        key_id, secret = suspended
        _rename(site.desk, "slack_message", "away")
        await site.get("/v1/pages", secret)
        with pytest.raises(Exception, match="slack_message"):
            await site.app.flush()
        _rename(site.desk, "away", "slack_message")
        await site.app.flush()
        assert len(_suspended_uses(site.desk)) == 1
        assert await site.use(key_id) == (0, 0, 1)

    async def test_expired_and_revoked_keys_tell_nobody(self, site: Site, suspended: tuple[str, str]) -> None:
        """Only a suspended key can be restored, so only that is worth a message."""
        now = site.desk.clock.now()
        for values in ({"status": KeyStatus.REVOKED}, {"status": KeyStatus.SUSPENDED, "expires_at": now}):
            _, secret = site.key(**values)
            await site.get("/v1/pages", secret)
        await site.app.flush()
        assert _suspended_uses(site.desk) == []


def _suspended_uses(desk: Desk) -> list[SlackMessage]:
    with desk.database.read() as session:
        return list(session.scalars(select(SlackMessage).where(SlackMessage.kind == SUSPENDED_USE_CARD)).all())


async def test_the_end_writes_everything_down(desk: Desk) -> None:
    """When the application stops, the uses since the last flush are in the database."""
    app = create_http_app(desk, settings=HttpSettings(use_flush_interval=NEVER))
    async with app.running():
        key_id = await _call_once(desk, app)
        assert _reads(desk, key_id) == 0
    assert _reads(desk, key_id) == 1


async def test_an_end_without_database_says_what_is_lost(desk: Desk) -> None:
    """Uses that cannot be written at the end are counted in the log."""
    app = create_http_app(desk, settings=HttpSettings(use_flush_interval=NEVER))
    with capture_logs() as logs:
        async with app.running():
            await _call_once(desk, app)
            _rename(desk, "key_use", "away")
    assert [entry["uses"] for entry in logs if entry["event"] == "uses_lost"] == [1]


async def _call_once(desk: Desk, app: HttpApp) -> str:
    secret = Secret.generate()

    def add(tx: Transaction) -> str:
        key = add_key(tx.session, tx.now, sha256=secret.sha256)
        keys_changed(tx, key.id)
        return key.id

    key_id = desk.write_now(ACTOR, add)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as client:
        response = await client.get("/v1/pages", headers={"Authorization": secret.reveal()})
    assert response.status_code == 200
    return key_id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_other_routes_are_served_beside_the_api(desk: Desk) -> None:
    """Routes handed in are reached; what nobody handed in is 404 as JSON; their checks join readiness."""

    async def hello(_request: Request) -> Response:
        return PlainTextResponse("hello")

    async def failing() -> str | None:
        raise ConnectionError("Slack is away")

    async def fine() -> str | None:
        return None

    app = create_http_app(desk, routes=[Route("/slack/events", hello)], checks={"slack": failing, "database": fine})
    transport = httpx.ASGITransport(app=app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        assert (await client.get("/slack/events")).text == "hello"
        missing, wrong = await client.get("/v2"), await client.post("/slack/events")
        assert (missing.status_code, set(missing.json())) == (404, {"error", "message"})
        assert (wrong.status_code, set(wrong.json())) == (405, {"error", "message"})
        ready = (await client.get("/readyz")).json()
        assert ready["status"] == "not ready"
        assert ready["checks"] == {"keys": "ok", "slack": "failed: ConnectionError", "database": "ok"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_warning_is_said_and_sends_nobody_elsewhere(desk: Desk, tmp_path: Path) -> None:
    """What operators should look at stands in /readyz, which stays ready: requests are still well served here."""

    async def warns() -> str | None:
        return "KEYDESK_OWNERS_CHANNEL: is_archived"

    async def fine() -> str | None:
        return None

    (tmp_path / "file").touch()
    settings = HttpSettings(public_folder=tmp_path / "file" / "folder")
    app = create_http_app(desk, warnings={"channels": warns, "other": fine}, settings=settings)
    transport = httpx.ASGITransport(app=app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert ready.json()["warnings"] == {
            "channels": "KEYDESK_OWNERS_CHANNEL: is_archived",
            "public_folder": "it cannot be opened: Not a directory",
        }
