"""What does a click cost, compared with a button of Bolt's that does nothing?

    python -m bench.clicks [--clicks 60] [--rounds 5] [--keys 100] [--sqlite-only]

Signed requests go through a whole app in this process: the baseline's has one button, which does nothing; Keydesk's
answers *Approve* on a request that waits (committed, with its cards, ticket and audit events), and three commands of
somebody who holds `--keys` keys. Prints the ratio of the CPU time of each to the button's; no server's time is in
either, which would make the ratios smaller.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bench.measure_keys import fill
from bench.measure_results import Goal, databases, keep
from desk.clock import SystemClock
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.transaction import Actor, Desk
from handlers.slack.app import create_bolt_app
from handlers.slack.directory.reading import ensure_known
from handlers.slack.framework.action_ids import ActionId
from storage.database import Database
from storage.models import Role, Scope
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_grant, add_member, add_owner, add_page
from tests.policies import policy_of

_SECRET = "bench"  # noqa: S105 - nobody else's
_OWNER, _ASKER, _HOLDER = "U0OWNER0001", "U0ASKER0001", "U0000000000"
_IDENTITY = AuthorizeResult(enterprise_id=None, team_id="T0BENCH0001", bot_token="xoxb-bench")  # noqa: S106 - nobody's
_CLIENT = AsyncWebClient(token="xoxb-bench", base_url="http://127.0.0.1:9/")  # noqa: S106 - nobody is called
_COMMANDS = ("help", "mine", "list")


def prepare(url: str, keys: int) -> Desk:
    """A desk with a page, two owners, somebody who asks for keys and somebody who holds many."""
    migrate(url)
    desk = Desk(Database.from_url(url).of(ORGANIZATION), SystemClock(), policy_of(owners_channel="C0OWNERS01"))
    now = desk.clock.now()
    fill(desk.database, keys, holders=1)
    with desk.database.write() as session:
        add_page(session, now)
        for owner in (_OWNER, "U0OWNER0002"):
            add_owner(session, owner, now)
        for person in (_ASKER, _HOLDER):
            add_member(session, person, now)
            add_grant(session, person, Role.INTEGRATOR, now)
    return desk


def ask(desk: Desk) -> str:
    """A request that waits; gives its id."""
    asked = Asked(
        name="terraform prod",
        purpose="Terraform",
        scopes=(Scope.READ,),
        pages=None,
        lifetime_days=90,
        holder_id=_ASKER,
    )
    return desk.write_now(Actor.member(_ASKER), lambda tx: make_request(tx, asked)).id


def signed(body: dict[str, str]) -> AsyncBoltRequest:
    """A request as Slack sends it."""
    raw, now = urlencode(body), str(int(time.time()))
    signature = SignatureVerifier(_SECRET).generate_signature(timestamp=now, body=raw)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": now,
        "x-slack-signature": str(signature),
    }
    return AsyncBoltRequest(body=raw, headers=dict(headers))


def click(action_id: str, value: str) -> AsyncBoltRequest:
    """An owner presses a button of a message."""
    action: dict[str, Any] = {
        "action_id": action_id,
        "block_id": "buttons",
        "type": "button",
        "value": value,
        "action_ts": "1.0",
        "text": {"type": "plain_text", "text": "Approve"},
    }
    payload = {
        "type": "block_actions",
        "team": {"id": _IDENTITY.team_id},
        "user": {"id": _OWNER},
        "trigger_id": "1.2.3",
        "container": {"type": "message", "channel_id": "C0OWNERS01", "message_ts": "1.0"},
        "channel": {"id": "C0OWNERS01"},
        "message": {"ts": "1.0", "blocks": []},
        "actions": [action],
    }
    return signed({"payload": json.dumps(payload)})


def command(text: str) -> AsyncBoltRequest:
    """The holder types a command."""
    return signed(
        {"command": "/keys", "text": text, "user_id": _HOLDER, "team_id": "T0BENCH0001", "channel_id": "C0GENERAL1"}
    )


def idle_app() -> AsyncApp:
    """An app with one button, which does nothing."""

    async def authorize() -> AuthorizeResult:
        return _IDENTITY

    app = AsyncApp(client=_CLIENT, signing_secret=_SECRET, authorize=authorize, process_before_response=True)

    @app.action("idle")
    async def listener(ack: Callable[[], Awaitable[None]]) -> None:
        await ack()

    return app


async def measure(app: AsyncApp, requests: Sequence[AsyncBoltRequest]) -> float:
    """Seconds of CPU that each took, of all threads. Fails when one was not answered."""
    began = time.process_time()
    answers = [await app.async_dispatch(request) for request in requests]
    seconds = time.process_time() - began
    assert {answer.status for answer in answers} == {200}
    return seconds / len(requests)


async def run(kind: str, desk: Desk, options: argparse.Namespace) -> None:
    """Measure everything in turn and keep the ratios."""
    app, idle = (
        create_bolt_app(desk, _CLIENT, signing_secret=_SECRET, identity=_IDENTITY, ensure_known=ensure_known),
        idle_app(),
    )
    found: dict[str, list[float]] = {}
    for number in range(options.rounds + 1):
        base = await measure(idle, [click("idle", "") for _ in range(options.clicks * 3)])
        approvals = [click(ActionId.REQUEST_APPROVE, f"{ask(desk)}:1") for _ in range(options.clicks)]
        taken = {"approve by click, committed": await measure(app, approvals)}
        for text in _COMMANDS:
            taken[f"/keys {text}, {options.keys} keys"] = await measure(
                app, [command(text) for _ in range(options.clicks)]
            )
        if number:
            for what, seconds in taken.items():
                found.setdefault(what, []).append(seconds / base)
            print(f"{kind}, ms: no-op {base * 1000:.3f}", {k: round(v * 1000, 3) for k, v in taken.items()})
    for what, ratios in found.items():
        goal = Goal(most=15 if what.startswith("approve") else 3)
        keep(f"{what}, against a no-op of Bolt's, {kind}", goal, ratios, "python -m bench.clicks")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--sqlite-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(folder, sqlite_only=options.sqlite_only) as kinds:
        for kind, address in kinds:
            desk = prepare(address("clicks"), options.keys)
            asyncio.run(run(kind, desk, options))
            desk.database.close()


if __name__ == "__main__":
    main()
