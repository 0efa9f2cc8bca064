"""Slash commands, clicks and look-ups on their way to the app, over both transports."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import pytest
from aiohttp import ClientSession, web

from sandbox.manifest import RequestUrls
from tests.unit.sandbox.probes import (
    GENERAL,
    GUS,
    MIA,
    MIA_IM,
    NO_ACK,
    OLIVIA,
    OMAR,
    OWNERS,
    STATUS,
    UMA,
    HttpApp,
    Json,
    Slack,
    SocketApp,
    actions,
    button,
    modal,
    plain,
    section,
    text_input,
)


async def test_a_command_carries_what_slack_sends(slack: Slack, app: SocketApp) -> None:
    """A slash command arrives as an envelope with Slack's fields, its text as typed."""
    assert await slack.type("/probe one  @mia <b>") == {"ok": True}
    envelope = app.frames[-1]
    payload = envelope["payload"]
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert (payload["command"], payload["text"]) == ("/probe", "one  @mia <b>")
    assert (payload["user_id"], payload["user_name"], payload["team_id"]) == (MIA, "mia", "T0SANDBOX01")
    assert (payload["channel_id"], payload["channel_name"]) == (GENERAL, "general")
    assert payload["api_app_id"] == "A0KEYDESK1" and payload["is_enterprise_install"] == "false"


@pytest.mark.parametrize(
    ("channel", "name"), [(OWNERS, "privategroup"), (STATUS, "status"), ("D0OLIVIA01", "directmessage")]
)
async def test_private_places_are_not_named(slack: Slack, app: SocketApp, channel: str, name: str) -> None:
    """channel_name is the name of public channels only, as with Slack."""
    await slack.look("state", user=OLIVIA)
    await slack.type("/probe", user=OLIVIA, channel=channel)
    assert slack.app[-1]["channel_name"] == name


async def test_mentions_are_escaped_for_commands_that_ask_for_it(slack: Slack, app: SocketApp) -> None:
    """With should_escape the typed mentions arrive as references with a label; unknown names stay as they are."""
    await slack.type("/escaped give @mia and @platform in #status to @nobody & co")
    expected = (
        "give <@U0MIA00001|mia> and <!subteam^S0PLATFORM|@platform> in <#C0STATUS01|status> to @nobody &amp; co"
    )
    assert slack.app[-1]["text"] == expected


async def test_a_signed_request_can_be_verified(slack: Slack, http_app: HttpApp) -> None:
    """Without a socket a command comes as a form, signed over the raw body."""
    assert await slack.type("/probe ünï & co") == {"ok": True}
    [request] = http_app.received
    base = b"v0:" + request.headers["x-slack-request-timestamp"].encode() + b":" + request.body
    digest = hmac.new(b"sandbox-signing-secret", base, hashlib.sha256).hexdigest()
    assert request.headers["x-slack-signature"] == f"v0={digest}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.payload["text"] == "ünï & co"


async def test_a_socket_comes_before_the_request_url(slack: Slack, http_app: HttpApp, app: SocketApp) -> None:
    """While a socket is connected nothing goes to the request URL."""
    await slack.type("/probe")
    assert http_app.received == []
    [delivery] = slack.workspace.journal(kind="delivery")
    assert (delivery["via"], delivery["acked"]) == ("socket", True)


async def test_each_delivery_goes_to_one_of_the_sockets(slack: Slack, app: SocketApp) -> None:
    """With two connections each payload reaches exactly one, in turn."""
    async with ClientSession() as session:
        other = await SocketApp(slack, session).connect()
        for _ in range(4):
            await slack.type("/probe")
        counts = [sum("payload" in frame for frame in each.frames) for each in (app, other)]
        await other.close()
    assert counts == [2, 2]
    assert other.frames[0]["num_connections"] == 2


async def test_a_ticket_opens_one_socket(slack: Slack, app: SocketApp) -> None:
    """An address from apps.connections.open works once, and an invented one never."""
    opened = await slack.api("apps.connections.open", token="xapp-sandbox")
    async with ClientSession() as session:
        first = await session.ws_connect(opened["url"])
        with pytest.raises(Exception, match="403"):
            await session.ws_connect(opened["url"])
        await first.close()


async def test_the_eleventh_socket_is_turned_away(slack: Slack) -> None:
    """Slack keeps ten connections at most; one more is told too_many_websockets and closed."""
    async with ClientSession() as session:
        apps = [await SocketApp(slack, session).connect() for _ in range(10)]
        opened = await slack.api("apps.connections.open", token="xapp-sandbox")
        extra = await session.ws_connect(opened["url"])
        frame = await extra.receive_json()
        assert frame == {"type": "disconnect", "reason": "too_many_websockets"}
        await extra.close()
        for each in apps:
            await each.close()


@pytest.mark.parametrize(
    ("answer", "text"),
    [("plain words", "plain words"), ({"text": "in JSON"}, "in JSON"), ({"text": "x", "blocks": [section()]}, "x")],
)
async def test_the_acknowledgement_of_a_command_can_say_something(
    slack: Slack, http_app: HttpApp, answer: Any, text: str
) -> None:
    """Text or blocks in the acknowledgement are shown to the person alone."""
    http_app.answer = lambda payload: answer
    await slack.type("/probe", channel=STATUS)
    [message] = await slack.messages(STATUS)
    assert (message["text"], message["is_ephemeral"]) == (text, True)
    assert await slack.messages(STATUS, user=OMAR) == []


async def test_a_command_can_answer_for_all_to_see(slack: Slack, app: SocketApp) -> None:
    """response_type in_channel makes the answer a message of the channel."""
    app.answer = lambda payload: {"response_type": "in_channel", "text": "everybody"}
    await slack.type("/probe", channel=STATUS)
    [message] = await slack.messages(STATUS, user=OMAR)
    assert message["text"] == "everybody" and "is_ephemeral" not in message


async def test_an_acknowledgement_with_invalid_blocks_is_an_error(slack: Slack, app: SocketApp) -> None:
    """Blocks in an acknowledgement are checked like all others."""
    app.answer = lambda payload: {"text": "x", "blocks": [{"type": "nonsense"}]}
    assert (await slack.type("/probe"))["error"] == '/probe failed with the error "invalid_blocks"'
    assert slack.violations()


async def test_unknown_commands_never_reach_the_app(slack: Slack, app: SocketApp) -> None:
    """A command that the manifest lacks is answered by Slack itself."""
    assert (await slack.type("/nonsense"))["error"] == "/nonsense is not a valid command."
    assert slack.app == []


async def test_nobody_there_is_a_dispatch_failure(slack: Slack) -> None:
    """Without socket or request URL the person sees dispatch_failed."""
    assert await slack.type("/probe") == {"ok": False, "error": '/probe failed with the error "dispatch_failed"'}
    assert any("could not be reached" in sentence for sentence in slack.violations())


async def test_a_command_that_is_not_acknowledged_times_out(slack: Slack, app: SocketApp) -> None:
    """No acknowledgement in time is operation_timeout and a violation; one that comes later is another."""
    slack.workspace.timing.acknowledge_within = 0.05
    app.answer = lambda payload: NO_ACK
    assert (await slack.type("/probe"))["error"] == '/probe failed with the error "operation_timeout"'
    assert any("not acknowledged within" in sentence for sentence in slack.violations())
    slack.workspace.timing.acknowledge_within = 3
    late = app.frames[-1]["envelope_id"]
    await app.send(late)
    app.answer = lambda payload: None
    await slack.type("/probe")
    assert any("too late" in sentence for sentence in slack.violations())


async def test_a_slow_answer_over_http_times_out(slack: Slack, http_app: HttpApp) -> None:
    """Over HTTP, too, the deadline is Slack's and not the app's."""
    slack.workspace.timing.acknowledge_within = 0.05
    never = asyncio.Event()

    async def wait(payload: Json) -> None:
        await never.wait()

    http_app.answer = wait
    assert (await slack.type("/probe"))["error"] == '/probe failed with the error "operation_timeout"'


async def test_an_http_error_is_a_dispatch_failure(slack: Slack, http_app: HttpApp) -> None:
    """Any status but 200 fails the command, and the journal knows which it was."""
    http_app.answer = lambda payload: web.Response(status=500)
    assert (await slack.type("/probe"))["error"] == '/probe failed with the error "dispatch_failed"'
    [delivery] = slack.workspace.journal(kind="delivery")
    assert (delivery["status"], delivery["acked"]) == (500, False)


async def test_a_click_carries_message_and_response_url(slack: Slack, app: SocketApp) -> None:
    """block_actions has the message, its container, the button's own value and a response_url."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="card", blocks=[actions(button(value="key-1"))])
    assert await slack.press(posted, STATUS) == {"ok": True}
    payload = slack.app[-1]
    assert payload["type"] == "block_actions"
    assert payload["container"]["message_ts"] == payload["message"]["ts"] == posted["ts"]
    [action] = payload["actions"]
    assert (action["action_id"], action["value"], action["type"]) == ("press", "key-1", "button")
    assert payload["user"]["id"] == MIA and payload["channel"]["id"] == STATUS
    assert payload["response_url"].startswith(slack.server.url)
    assert (await slack.api("views.open", trigger_id=payload["trigger_id"], view=modal()))["ok"] is True


async def test_a_click_repeats_texts_escaped(slack: Slack, app: SocketApp) -> None:
    """As Slack does, in what was pressed and in the message, also where the text is plain; values stay."""
    pressed = button(text=plain("Acme & <Co>"), value="a&b")
    posted = await slack.api("chat.postMessage", channel=STATUS, text="card", blocks=[actions(pressed)])
    await slack.press(posted, STATUS)
    [action] = slack.app[-1]["actions"]
    assert (action["text"]["text"], action["value"]) == ("Acme &amp; &lt;Co&gt;", "a&b")
    assert slack.app[-1]["message"]["blocks"][0]["elements"][0]["text"]["text"] == "Acme &amp; &lt;Co&gt;"
    [kept] = await slack.messages(STATUS)
    assert kept["blocks"][0]["elements"][0]["text"]["text"] == "Acme & <Co>"


async def test_a_click_in_what_one_person_sees_carries_no_message(slack: Slack, app: SocketApp) -> None:
    """Slack gives an ephemeral message back to nobody; its container says what it is."""
    shown = await slack.api("chat.postEphemeral", channel=STATUS, user=MIA, text="card", blocks=[actions(button())])
    assert await slack.press({"ts": shown["message_ts"]}, STATUS) == {"ok": True}
    payload = slack.app[-1]
    assert "message" not in payload
    assert payload["container"] == {
        "type": "message",
        "message_ts": shown["message_ts"],
        "channel_id": STATUS,
        "is_ephemeral": True,
    }


async def test_a_selection_carries_its_option(slack: Slack, app: SocketApp) -> None:
    """A select's action holds the chosen option, and the message's state remembers it per person."""
    option = {"text": plain("One"), "value": "1"}
    select = {"type": "static_select", "action_id": "pick", "options": [option]}
    posted = await slack.api("chat.postMessage", channel=STATUS, text="x", blocks=[actions(select, button())])
    container = {"type": "message", "channel": STATUS, "ts": posted["ts"]}
    await slack.do(
        "action",
        user=MIA,
        container=container,
        block_id="buttons",
        action_id="pick",
        action={"selected_option": option},
    )
    assert slack.app[-1]["actions"][0]["selected_option"] == option
    await slack.press(posted, STATUS)
    assert slack.app[-1]["state"]["values"]["buttons"]["pick"]["selected_option"] == option
    await slack.press(posted, STATUS, user=OMAR)
    assert slack.app[-1]["state"]["values"]["buttons"]["pick"]["selected_option"] is None


async def test_a_click_that_crosses_an_update_still_arrives(slack: Slack, app: SocketApp) -> None:
    """A button that was on the message a moment ago can be pressed; the payload has the message as it is now."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="open", blocks=[actions(button())])
    await slack.api("chat.update", channel=STATUS, ts=posted["ts"], text="decided")
    assert await slack.press(posted, STATUS) == {"ok": True}
    assert slack.app[-1]["message"]["text"] == "decided"


async def test_what_is_not_there_cannot_be_pressed(slack: Slack, app: SocketApp) -> None:
    """Unknown elements, messages and channels, and channels one is not in, are refused with a sentence."""
    posted = await slack.api("chat.postMessage", channel=OWNERS, text="card", blocks=[actions(button())])

    async def press(user: str, channel: str, ts: str, action_id: str) -> int:
        container = {"type": "message", "channel": channel, "ts": ts}
        body = {"user": user, "container": container, "block_id": "buttons", "action_id": action_id}
        return (await slack.http.post("/sandbox/action", json=body)).status_code

    assert await press(OLIVIA, OWNERS, posted["ts"], "nonsense") == 404
    assert await press(OLIVIA, OWNERS, "1.000000", "press") == 404
    assert await press(MIA, OWNERS, posted["ts"], "press") == 404
    assert await press(UMA, STATUS, posted["ts"], "press") == 404
    assert await press("U0DAN00001", GENERAL, posted["ts"], "press") == 403
    assert slack.app == []


async def test_a_failed_click_says_so(slack: Slack, http_app: HttpApp) -> None:
    """A click that the app answers with an error shows its status to the person."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="x", blocks=[actions(button())])
    http_app.answer = lambda payload: web.Response(status=404)
    assert (await slack.press(posted, STATUS))["error"] == "This app responded with Status Code 404."
    slack.workspace.set_request_url(None)
    assert (await slack.press(posted, STATUS))["error"] == "This app could not be reached."


async def test_guests_act_where_they_are(slack: Slack, app: SocketApp) -> None:
    """A guest may use commands in the channels that they are in, and sees no others."""
    assert await slack.type("/probe", user=GUS, channel=GENERAL) == {"ok": True}
    state = await slack.look("state", user=UMA)
    assert [c["id"] for c in state["conversations"] if c["kind"] == "channel"] == [GENERAL]


EXTERNAL: Json = {"type": "external_select", "action_id": "page", "min_query_length": 2}


async def test_options_come_from_the_app(slack: Slack, app: SocketApp) -> None:
    """block_suggestion carries what was typed, and its acknowledgement the options; short queries send nothing."""
    posted = await slack.api("chat.postMessage", channel=STATUS, text="x", blocks=[actions(EXTERNAL)])
    options = [{"text": plain("Acme"), "value": "acme"}]
    app.answer = lambda payload: {"options": options}
    container = {"type": "message", "channel": STATUS, "ts": posted["ts"]}
    place: Json = {"user": MIA, "container": container, "block_id": "buttons", "action_id": "page"}
    assert await slack.do("options", value="ac", **place) == {"options": options}
    assert (slack.app[-1]["type"], slack.app[-1]["value"]) == ("block_suggestion", "ac")
    assert await slack.do("options", value="a", **place) == {"options": []}
    assert len(slack.app) == 1
    app.answer = lambda payload: {"options": [{"text": plain("x" * 76), "value": "1"}]}
    refused = await slack.http.post("/sandbox/options", json={"value": "ac", **place})
    assert refused.status_code == 502 and slack.violations()


async def test_a_duplicate_delivery_arrives_twice(slack: Slack, app: SocketApp) -> None:
    """The fault duplicate sends one payload twice, and the person sees one answer."""
    slack.workspace.add_fault(kind="duplicate")
    app.answer = lambda payload: "hello"
    await slack.type("/probe", channel=STATUS)
    assert len(slack.app) == 2 and slack.app[0] == slack.app[1]
    assert len(await slack.messages(STATUS)) == 1


async def test_a_dropped_delivery_never_arrives(slack: Slack, app: SocketApp) -> None:
    """The fault drop loses a delivery; with carried_out it arrives, and its acknowledgement is lost."""
    slack.workspace.add_fault(method="delivery", kind="drop")
    assert (await slack.type("/probe"))["ok"] is False
    assert slack.app == []
    slack.workspace.add_fault(method="delivery", kind="drop", carried_out=True)
    assert (await slack.type("/probe"))["ok"] is False
    assert len(slack.app) == 1


async def test_a_late_delivery_brings_an_expired_trigger(slack: Slack, app: SocketApp) -> None:
    """The fault timeout holds a delivery back; the time that passes counts against its trigger."""
    slack.workspace.timing.trigger_lifetime = 0.01
    slack.workspace.add_fault(method="delivery", kind="timeout", seconds=0.05)
    await slack.type("/probe")
    opened = await slack.api("views.open", trigger_id=slack.app[-1]["trigger_id"], view=modal())
    assert opened["error"] == "expired_trigger_id"


async def test_a_socket_can_be_cut(slack: Slack, app: SocketApp) -> None:
    """socket_drop breaks the connection without a word."""
    slack.workspace.add_fault(kind="socket_drop")
    await app.until(lambda: app.frames[-1]["type"] == "closed")
    assert [frame["type"] for frame in app.frames] == ["hello", "closed"]
    assert (await slack.look("state", user=MIA))["connected"] is False


async def test_an_app_that_does_not_leave_a_socket_is_closed_out(slack: Slack, app: SocketApp) -> None:
    """socket_disconnect says goodbye with a reason, and closes when the app stays."""
    slack.workspace.timing.leave_within = 0.02
    slack.workspace.add_fault(kind="socket_disconnect")
    await app.until(lambda: app.frames[-1]["type"] == "closed")
    assert [frame["type"] for frame in app.frames] == ["hello", "disconnect", "closed"]
    assert app.frames[1]["reason"] == "refresh_requested"
    assert (await slack.look("state", user=MIA))["connected"] is False


async def test_a_socket_that_is_refreshed_takes_nothing_new_and_may_still_answer(
    slack: Slack, app: SocketApp
) -> None:
    """What an app owes when it is told to go is taken over the old socket; the next delivery goes to the new one."""

    async def answer_late(payload: Json) -> object:
        await asyncio.to_thread(slack.workspace.add_fault, kind="socket_disconnect")
        return None

    app.answer = answer_late
    assert (await slack.type("/probe"))["ok"] is True
    assert (await slack.look("state", user=MIA))["connected"] is False
    async with ClientSession() as session:
        other = await SocketApp(slack, session).connect()
        assert (await slack.type("/probe"))["ok"] is True
        await other.close()
    assert [sum("payload" in frame for frame in each.frames) for each in (app, other)] == [1, 1]


async def test_a_socket_lost_before_the_acknowledgement_fails_the_command(slack: Slack, app: SocketApp) -> None:
    """A socket that breaks while an acknowledgement is due is a dispatch failure at once."""

    async def break_first(payload: Json) -> object:
        await asyncio.to_thread(slack.workspace.add_fault, kind="socket_drop")
        return NO_ACK

    app.answer = break_first
    assert (await slack.type("/probe"))["error"] == '/probe failed with the error "dispatch_failed"'


async def test_noise_on_the_socket_is_a_violation(slack: Slack, app: SocketApp) -> None:
    """A frame that acknowledges nothing is noted."""
    await app.send("no-such-envelope")
    await slack.type("/probe")
    assert any("too late, or twice" in sentence for sentence in slack.violations())


async def test_a_modal_with_a_conversation_select_gets_a_response_url(slack: Slack, app: SocketApp) -> None:
    """response_url_enabled gives the submission a response_url for the chosen conversation."""
    element = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    choose = {"type": "input", "block_id": "channel", "label": plain("Where"), "element": element}
    view = await slack.open(modal(choose, text_input(optional=True)))
    values = {"channel": {"where": {"type": "conversations_select", "selected_conversation": STATUS}}}
    await slack.do("submit", user=MIA, view_id=view["id"], values=values)
    [given] = slack.app[-1]["response_urls"]
    assert given["channel_id"] == STATUS
    await slack.http.post(given["response_url"], json={"text": "done", "response_type": "in_channel"})
    assert (await slack.messages(STATUS))[-1]["text"] == "done"


async def test_the_direct_message_with_the_app_is_always_there(slack: Slack) -> None:
    """Everybody's sidebar has the direct message with the app, before anybody wrote in it."""
    state = await slack.look("state", user=MIA)
    [im] = [c for c in state["conversations"] if c["kind"] == "im"]
    assert (im["id"], im["user"]) == (MIA_IM, "U0KEYDESK1")


async def test_what_has_no_address_is_not_sent(slack: Slack, http_app: HttpApp) -> None:
    """An app that declared where commands go, and nothing else, hears of commands alone."""
    urls = slack.workspace.request_urls
    assert urls is not None
    slack.workspace.set_request_urls(RequestUrls(commands=urls.commands))
    assert await slack.type("/probe") == {"ok": True}
    await slack.look("home", user=MIA)
    assert [payload.get("command") for payload in slack.app] == ["/probe"]
