"""What is on this side: the database, keys of a Statuspage elsewhere, and the address at which Keydesk is found."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from functools import partial

import aiohttp
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bot.database import make_desk, require_schema
from bot.doctor.finding import Finding
from bot.settings import Settings
from bot.slack_link import EVENTS_PATH
from bot.upstream import can_open, find_seal
from desk.errors import KeydeskError
from desk.messages.channels import list_named_channels
from desk.transaction import Actor
from desk.upstreams.troubles import list_upstream_troubles
from storage.database import Database

_CALL_SECONDS = 5
_CHALLENGE = "keydesk doctor"
_ALIVE = '"status":"alive"'
"""What `/healthz` says."""


def look_at_database(database: Database) -> Sequence[Finding]:
    """Whether it answers, has the schema of this release, and has room."""
    what = "database"
    try:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        require_schema(database)
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [
            Finding.problem(what, f"It does not answer: {said}", "Is KEYDESK_DATABASE_URL right, and does it run?")
        ]
    except KeydeskError as error:
        return [Finding.problem(what, error.sentence, error.hint)]
    problem = database.room.find_problem()
    if problem is not None:
        return [Finding.problem(what, problem, "Make room on its disk.")]
    kind = "SQLite" if database.engine.dialect.name == "sqlite" else "PostgreSQL"
    return [Finding.ok(what, f"{kind} answers, and has the schema of this release.")]


def look_at_upstream(settings: Settings, database: Database, actor: Actor) -> Sequence[Finding]:
    """What operators have to see to at a Statuspage elsewhere."""
    desk = make_desk(settings, database)
    opens = partial(can_open, find_seal(settings))
    troubles = desk.read_now(actor, partial(list_upstream_troubles, opens=opens))
    hint = "See 'keydesk upstream show', and 'keydesk upstream replace-key'."
    return [Finding.warning("Statuspage", f"{trouble[0].upper()}{trouble[1:]}.", hint) for trouble in troubles]


def list_channels(settings: Settings, database: Database, actor: Actor) -> Mapping[str, Sequence[str]]:
    """The channels that settings and pages name."""
    return make_desk(settings, database).read_now(actor, list_named_channels)


async def look_at_address(settings: Settings) -> Sequence[Finding]:
    """Whether Keydesk is found at `KEYDESK_BASE_URL` and, where Slack calls it there, knows Slack's signature."""
    what, url = "KEYDESK_BASE_URL", settings.base_url
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS), trust_env=True
        ) as session:
            async with session.get(f"{url}/healthz", allow_redirects=False) as response:
                alive = response.status == 200 and _ALIVE in await response.text(errors="replace")
            if not alive:
                hint = "Does the proxy in front of Keydesk pass everything on, or is the address somebody else's?"
                return [Finding.problem(what, f"Something else than Keydesk answers at {url}.", hint)]
            found = [Finding.ok(what, f"Keydesk answers at {url}.")]
            if settings.slack_app_token is None and settings.slack_signing_secret is not None:
                found.append(await _look_at_signature(session, settings))
            return found
    except (aiohttp.ClientError, TimeoutError) as error:
        who = "Readers and API clients" if settings.slack_app_token else "Slack, readers and API clients"
        hint = f"Is Keydesk running, and does the address lead to it? {who} must reach it too."
        said = str(error) or type(error).__name__
        return [Finding.warning(what, f"Nothing answers at {url} as seen from here: {said}.", hint)]


async def _look_at_signature(session: aiohttp.ClientSession, settings: Settings) -> Finding:
    assert settings.slack_signing_secret is not None
    what = "SLACK_SIGNING_SECRET"
    body = json.dumps({"type": "url_verification", "token": "t", "challenge": _CHALLENGE}).encode()
    at = str(int(time.time()))
    secret = settings.slack_signing_secret.get_secret_value().encode()
    signature = hmac.new(secret, b"v0:%s:%s" % (at.encode(), body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={signature}",
    }
    async with session.post(f"{settings.base_url}{EVENTS_PATH}", data=body, headers=headers) as response:
        answered = await response.text()
        status = response.status
    if status == 200 and _CHALLENGE in answered:
        return Finding.look(
            what,
            "The running Keydesk has this one.",
            "Only Slack knows whether it is the app's: compare it with its page Basic Information.",
        )
    hint = "The running Keydesk has another one: restart it, or correct the setting."
    return Finding.problem(what, f"A request that was signed with it is answered {status}.", hint)
