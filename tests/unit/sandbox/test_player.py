"""A played person fills in every kind of field, searches menus and reads threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from sandbox.player import Control, Json, NotOnScreenError, Player, options_of
from tests.unit.sandbox.probes import (
    GENERAL,
    MIA,
    OMAR,
    STATUS,
    Slack,
    SocketApp,
    actions,
    modal,
    plain,
    section,
    text_input,
)

NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


def _option(value: str) -> Json:
    return {"text": plain(value.title()), "value": value}


def _field(block_id: str, kind: str, **more: Any) -> Json:
    block = {name: more.pop(name) for name in ("dispatch_action",) if name in more}
    element = {"type": kind, "action_id": f"{block_id}.choose", **more}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "optional": True,
        "element": element,
        **block,
    }


FIELDS = modal(
    _field("page", "static_select", options=[_option("acme"), _option("beta")], dispatch_action=True),
    _field("start", "datetimepicker", initial_date_time=int(NOON.timestamp())),
    _field("day", "datepicker"),
    _field("hour", "timepicker", timezone="Europe/Paris", initial_time="08:00"),
    _field("template", "external_select", min_query_length=0),
    _field("components", "multi_external_select", min_query_length=0),
    _field("where", "conversations_select"),
    _field("channel", "channels_select"),
    _field("who", "multi_users_select"),
    _field("impact", "radio_buttons", options=[_option("minor"), _option("major")], initial_option=_option("minor")),
    _field("tell", "checkboxes", options=[_option("owners"), _option("all")]),
    text_input("text", optional=True, initial_value="as it was"),
    actions({"type": "static_select", "action_id": "state", "options": [_option("down"), _option("up")]}),
    section(
        "More?", block_id="more", accessory={"type": "overflow", "action_id": "more", "options": [_option("help")]}
    ),
    actions({"type": "external_select", "action_id": "similar", "min_query_length": 3}, block_id="search"),
)
GROUPS = [
    {"label": plain("Web"), "options": [_option("checkout"), _option("search")]},
    {"label": plain("API"), "options": [_option("rest")]},
]


async def play(act: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """A played person waits for the sandbox, which waits for the app in this very loop."""
    return await asyncio.to_thread(act, *args, **named)


@pytest.fixture
def mia(slack: Slack) -> Player:
    """Somebody to play."""
    return Player(Control(slack.server.url), MIA)


async def test_every_field_of_a_form_can_be_filled_in(slack: Slack, app: SocketApp, mia: Player) -> None:
    """Each kind of field arrives in Slack's own form; fields that were not named keep what they show."""
    await slack.open(FIELDS)
    later = NOON.replace(hour=13)
    fields = {"start": later, "day": date(2030, 1, 3), "hour": time(9, 30), "template": "outage", "who": [MIA, OMAR]}
    chosen = {"components": ["checkout", "rest"], "where": STATUS, "channel": GENERAL, "tell": ["all"]}
    assert await play(mia.submit, page="beta", impact="major", **fields, **chosen) == {}
    values = {block: next(iter(state.values())) for block, state in slack.app[-1]["view"]["state"]["values"].items()}
    assert values["start"] == {"type": "datetimepicker", "selected_date_time": int(later.timestamp())}
    assert values["day"]["selected_date"] == "2030-01-03"
    assert values["hour"] == {"type": "timepicker", "selected_time": "09:30", "timezone": "Europe/Paris"}
    assert values["page"]["selected_option"] == _option("beta")
    assert values["template"]["selected_option"]["value"] == "outage"
    assert [option["value"] for option in values["components"]["selected_options"]] == ["checkout", "rest"]
    assert (values["where"]["selected_conversation"], values["channel"]["selected_channel"]) == (STATUS, GENERAL)
    assert values["who"]["selected_users"] == [MIA, OMAR]
    assert values["impact"]["selected_option"]["value"] == "major"
    assert [option["value"] for option in values["tell"]["selected_options"]] == ["all"]
    assert values["text"]["value"] == "as it was"


@pytest.mark.parametrize(
    "fields", [{"page": "gamma"}, {"nonsense": "x"}, {"start": NOON.replace(tzinfo=None)}, {"tell": ["nobody"]}]
)
async def test_what_is_not_offered_cannot_be_entered(
    slack: Slack, app: SocketApp, mia: Player, fields: dict[str, Any]
) -> None:
    """An option, field or instant that no person could enter is an error, and nothing is sent."""
    await slack.open(FIELDS)
    heard = len(slack.app)
    with pytest.raises(NotOnScreenError):
        await play(mia.submit, **fields)
    assert len(slack.app) == heard


async def test_an_input_that_dispatches_tells_what_was_entered_so_far(
    slack: Slack, app: SocketApp, mia: Player
) -> None:
    """`enter` sends block_actions with the state so far where the input dispatches, and is kept until submitted."""
    await slack.open(FIELDS)
    heard = len(slack.app)
    await play(mia.enter, "text", "written before")
    assert len(slack.app) == heard
    await play(mia.enter, "page", "beta")
    click = slack.app[-1]
    assert click["actions"][0]["selected_option"]["value"] == "beta"
    state = click["view"]["state"]["values"]
    assert state["text"]["value"]["value"] == "written before"
    assert state["page"]["page.choose"]["selected_option"]["value"] == "beta"
    assert await play(mia.submit, impact="major", start=None) == {}
    state = slack.app[-1]["view"]["state"]["values"]
    assert state["text"]["value"]["value"] == "written before"
    assert state["impact"]["impact.choose"]["selected_option"]["value"] == "major"
    assert state["start"]["start.choose"]["selected_date_time"] is None


async def test_a_searched_menu_offers_what_the_app_gives(slack: Slack, app: SocketApp, mia: Player) -> None:
    """`options` gives groups as the app answered, from which one can be chosen; the app learns what was typed and the
    modal's private metadata, but, as in Slack, nothing that was entered elsewhere."""
    await slack.open(FIELDS | {"private_metadata": "page:acme"})
    await play(mia.enter, "text", "typed")
    app.answer = lambda payload: {"option_groups": GROUPS} if payload["type"] == "block_suggestion" else None
    offered = await play(mia.options, "components")
    assert [group["label"]["text"] for group in offered["option_groups"]] == ["Web", "API"]
    asked = slack.app[-1]
    assert (asked["block_id"], asked["value"], asked["view"]["private_metadata"]) == ("components", "", "page:acme")
    assert asked["view"]["state"] == {"values": {}}
    await play(mia.submit, components=options_of(offered)[1:])
    chosen = slack.app[-1]["view"]["state"]["values"]["components"]["components.choose"]["selected_options"]
    assert chosen == [_option("search"), _option("rest")]


async def test_a_choice_is_made_by_its_words(slack: Slack, app: SocketApp, mia: Player) -> None:
    """`choose` finds an entry in selects and overflow menus of a modal, and types it into a menu that is searched."""
    await slack.open(FIELDS)

    def answer(payload: Json) -> Any:
        if payload["type"] != "block_suggestion" or payload["action_id"] != "similar":
            return {"options": []} if payload["type"] == "block_suggestion" else None
        return {"options": [_option("login")] if payload["value"] == "Login" else [_option("other")]}

    app.answer = answer
    for label, action_id in (("Up", "state"), ("Help", "more"), ("Beta", "page.choose"), ("Login", "similar")):
        await play(mia.choose, label, await play(lambda: mia.modal))
        action = slack.app[-1]["actions"][0]
        assert (action["action_id"], action["selected_option"]["text"]["text"]) == (action_id, label)
    with pytest.raises(NotOnScreenError):
        await play(mia.choose, "Nowhere", await play(lambda: mia.modal))


async def test_a_thread_is_read_without_its_head(slack: Slack, mia: Player) -> None:
    """`thread` gives the replies that the person sees, their own ephemerals included and nobody else's."""
    head = (await slack.api("chat.postMessage", channel=STATUS, text="head"))["ts"]
    await slack.api("chat.postMessage", channel=STATUS, text="elsewhere")
    await slack.api("chat.postMessage", channel=STATUS, text="first", thread_ts=head)
    for user in (MIA, OMAR):
        await slack.api("chat.postEphemeral", channel=STATUS, user=user, text=f"for {user}", thread_ts=head)
    assert [message["text"] for message in await play(mia.thread, STATUS, head)] == ["first", f"for {MIA}"]
