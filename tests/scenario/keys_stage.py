"""What stories about keys have in common."""

from typing import Any

from sandbox.player import Json, Player
from storage.models import ApiKey
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import add_key, add_use
from tests.scenario.conftest import Scenario
from tests.waiting import wait_until


def add(scenario: Scenario, **values: Any) -> str:
    """A key of Mia's, made now, with `use` as the marks of its use; gives its id."""
    use = values.pop("use", None)
    with scenario.database.write() as session:
        key = add_key(session, values.pop("created_at", NOW), **values)
        if use is not None:
            add_use(session, key, **use)
        return key.id


def stored(scenario: Scenario, key_id: str) -> ApiKey:
    """The key as it is stored now."""
    with scenario.database.read() as session:
        return session.get_one(ApiKey, key_id)


def said(player: Player, text: str) -> Json:
    """The answer to a command. Fails when there is none."""
    answer = player.type_command(text)
    assert answer is not None, f"nothing was answered to {text}"
    return answer


def surely(player: Player, text: str) -> Json:
    """The answer to a command that asks first whether it is meant, once that is said."""
    player.press("Do it", said(player, text))
    return player.messages("C0GENERAL1")[-1]


def open_home(scenario: Scenario, player: Player) -> Json:
    """The Home tab as it is once the bot has answered to its being opened."""
    before = _published(scenario, player)
    scenario.control.call("GET", "home", user=player.user_id)
    wait_until(lambda: _published(scenario, player) > before)
    return current_home(scenario, player)


def current_home(scenario: Scenario, player: Player) -> Json:
    """The Home tab as it stands on the person's screen, without opening it anew."""
    return scenario.server.workspace.home_views[player.user_id]


def _published(scenario: Scenario, player: Player) -> int:
    return sum(call["args"]["user_id"] == player.user_id for call in scenario.calls("views.publish"))
