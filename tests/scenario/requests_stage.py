"""What stories about requests and collections have in common."""

import re
from typing import Any

from sqlalchemy import select

from sandbox.player import Json, Player, words_of
from storage.models import ApiKey, AuditEvent, Delivery, KeyRequest, Member, Ticket
from tests.factories import add_page
from tests.scenario.conftest import Scenario, shows

SECRET = re.compile(r"kd_\w{38}")
LINE = '/keys request "terraform prod" scope:read scope:components:write page:acme for 90d because we automate it'


def ask(scenario: Scenario, player: Player, line: str = LINE) -> Json:
    """Somebody asks in one line; gives the owners' card."""
    player.type_command(line)
    return shows(scenario.owners_channel(), "asks for an API key")


def approved(scenario: Scenario, player: Player, line: str = LINE) -> Json:
    """Somebody asks and Omar approves; gives the card with *Collect my key*."""
    scenario.omar.press("Approve", ask(scenario, player, line))
    return mine(scenario, player)


def mine(scenario: Scenario, player: Player) -> Json:
    """The newest card of a request in somebody's direct messages."""
    return shows([each for each in scenario.direct_messages(player) if not is_reply(each)], "terraform")


def replies(scenario: Scenario, player: Player) -> list[Json]:
    """What stands in threads of somebody's direct messages, oldest first."""
    return [each for each in scenario.direct_messages(player) if is_reply(each)]


def is_reply(message: Json) -> bool:
    """Whether a message stands in a thread."""
    return bool(message.get("thread_ts", message["ts"]) != message["ts"])


def secret_in(view: Json) -> str:
    """The secret that a window shows."""
    found = SECRET.search(words_of(view))
    assert found is not None, f"no secret in: {words_of(view)}"
    return found.group()


def everything(scenario: Scenario, model: type[Any]) -> list[Any]:
    """Every row of a table."""
    with scenario.database.read() as session:
        return list(session.scalars(select(model)))


def keys(scenario: Scenario) -> list[ApiKey]:
    """Every key, void ones included, oldest first."""
    return sorted(everything(scenario, ApiKey), key=lambda key: (key.created_at, key.voided_at is None))


def only(rows: list[Any]) -> Any:
    """The one row that there is."""
    (row,) = rows
    return row


def change_member(scenario: Scenario, user_id: str, **values: bool) -> None:
    """What Slack says of a person changes."""
    with scenario.database.write() as session:
        for name, value in values.items():
            setattr(session.get_one(Member, user_id), name, value)


def add_pages(scenario: Scenario, count: int) -> None:
    """More pages."""
    with scenario.database.write() as session:
        for number in range(count):
            add_page(session, scenario.clock.now(), name=f"Page {number:03}", subdomain=f"page-{number:03}")


def assert_secret_is_nowhere(scenario: Scenario, secret: str) -> None:
    """The secret is in no row, and went over the wire only inside modals of the bot."""
    rows = [
        str({name: value for name, value in vars(row).items() if not name.startswith("_")})
        for model in (ApiKey, AuditEvent, KeyRequest, Delivery, Ticket)
        for row in everything(scenario, model)
    ]
    assert rows
    assert not [row for row in rows if secret in row]
    carriers = {entry.get("method", entry["kind"]) for entry in scenario.control.journal() if secret in str(entry)}
    assert carriers <= {"views.update", "delivery"}
