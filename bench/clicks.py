"""What does a click cost, compared with a button of Bolt's that does nothing?

    python -m bench.clicks [--clicks 60] [--rounds 5] [--keys 100] [--sqlite-only]

This process sends signed requests, one after another, to two servers of the same kind: the baseline's has a Bolt app
with one button, which does nothing; Keydesk's answers *Approve* on a request that waits (committed, with its cards,
ticket and audit events), and three commands of somebody who holds `--keys` keys. Prints the ratio of the CPU time of
each to the button's.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier
from sqlalchemy import func, select

from bench.key_check import Server
from bench.measure_keys import fill
from bench.measure_results import Goal, databases, keep
from bench.measure_server import IDENTITY, SECRET
from bot.slack_link import EVENTS_PATH
from desk.clock import SystemClock
from desk.requests.requests import make_request
from desk.requests.terms import Asked
from desk.transaction import Actor, Desk
from handlers.slack.framework.action_ids import ActionId
from storage.database import Database
from storage.models import KeyRequest, RequestStatus, Role, Scope
from tests.databases import ORGANIZATION, migrate
from tests.factories import add_grant, add_member, add_owner, add_page
from tests.policies import policy_of

_OWNER, _ASKER, _HOLDER = "U0OWNER0001", "U0ASKER0001", "U0000000000"
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


def signed(body: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The body and headers of a request as Slack sends it."""
    raw, now = urlencode(body), str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=now, body=raw)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": now,
        "x-slack-signature": str(signature),
    }
    return raw, headers


def click(action_id: str, value: str) -> tuple[str, dict[str, str]]:
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
        "team": {"id": IDENTITY.team_id},
        "user": {"id": _OWNER},
        "trigger_id": "1.2.3",
        "container": {"type": "message", "channel_id": "C0OWNERS01", "message_ts": "1.0"},
        "channel": {"id": "C0OWNERS01"},
        "message": {"ts": "1.0", "blocks": []},
        "actions": [action],
    }
    return signed({"payload": json.dumps(payload)})


def command(text: str) -> tuple[str, dict[str, str]]:
    """The holder types a command."""
    body = {"command": "/keys", "text": text, "user_id": _HOLDER, "team_id": IDENTITY.team_id or ""}
    return signed(
        body | {"channel_id": "C0GENERAL1", "trigger_id": "1.2.3", "response_url": "https://slack.example/"}
    )


def measure(server: Server, requests: Sequence[tuple[str, dict[str, str]]]) -> float:
    """Seconds of CPU that the server took for each. Fails when one was not answered."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    used = server.cpu_seconds()
    for body, headers in requests:
        connection.request("POST", EVENTS_PATH, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()
    return (server.cpu_seconds() - used) / len(requests)


def run(kind: str, desk: Desk, url: str, options: argparse.Namespace) -> None:
    """Measure everything in turn and keep the ratios."""
    idle, keydesk = Server("idle"), Server("slack", url)
    found: dict[str, list[float]] = {}
    for number in range(options.rounds + 1):
        base = measure(idle, [click("idle", "") for _ in range(options.clicks * 5)])
        waiting = [ask(desk) for _ in range(options.clicks)]
        approvals = [click(ActionId.REQUEST_APPROVE, f"{request_id}:1") for request_id in waiting]
        taken = {"approve by click, committed": measure(keydesk, approvals)}
        assert count_approved(desk) == options.clicks * (number + 1)
        for text in _COMMANDS:
            taken[f"/keys {text}, {options.keys} keys"] = measure(
                keydesk, [command(text) for _ in range(options.clicks)]
            )
        if number:
            for what, seconds in taken.items():
                found.setdefault(what, []).append(seconds / base)
            print(f"{kind}, ms: no-op {base * 1000:.3f}", {k: round(v * 1000, 3) for k, v in taken.items()})
    for server in (idle, keydesk):
        server.stop()
    for what, ratios in found.items():
        goal = Goal(most=15 if what.startswith("approve") else 3)
        keep(f"{what}, against a no-op of Bolt's, {kind}", goal, ratios, "python -m bench.clicks")


def count_approved(desk: Desk) -> int:
    """How many requests were approved so far."""
    with desk.database.read() as session:
        approved = select(func.count()).where(KeyRequest.status == RequestStatus.APPROVED)
        return session.execute(approved).scalar_one()


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
            url = address("clicks")
            desk = prepare(url, options.keys)
            run(kind, desk, url, options)
            desk.database.close()


if __name__ == "__main__":
    main()
