"""response_url: five answers in thirty minutes."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.probes import MIA, OLIVIA, OMAR, OWNERS, STATUS, Json, Slack, SocketApp, actions, button


async def pressed(
    slack: Slack, *, ephemeral: bool = False, channel: str = STATUS, user: str = MIA
) -> tuple[Json, str]:
    """A message with a button that somebody pressed, and the response_url that came of it."""
    content: Json = {"text": "card", "blocks": [actions(button())]}
    if ephemeral:
        shown = await slack.api("chat.postEphemeral", channel=channel, user=user, **content)
        message: Json = {"ts": shown["message_ts"]}
    else:
        message = await slack.api("chat.postMessage", channel=channel, **content)
    await slack.press(message, channel, user=user)
    url: str = slack.app[-1]["response_url"]
    return message, url


async def test_an_answer_is_ephemeral_by_default(slack: Slack, app: SocketApp) -> None:
    """Without further words an answer is shown to the person who acted."""
    await slack.type("/probe", channel=STATUS)
    answer = await slack.http.post(slack.app[-1]["response_url"], json={"text": "for you"})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert (await slack.messages(STATUS))[-1]["is_ephemeral"] is True
    assert await slack.messages(STATUS, user=OMAR) == []


async def test_it_works_where_the_app_is_no_member(slack: Slack, app: SocketApp) -> None:
    """response_url answers in a channel in which the app may not post otherwise."""
    await slack.type("/probe")
    url = slack.app[-1]["response_url"]
    await slack.http.post(url, json={"text": "all", "response_type": "in_channel"})
    assert (await slack.messages("C0GENERAL1", user=OMAR))[-1]["text"] == "all"


@pytest.mark.parametrize("ephemeral", [False, True])
async def test_the_original_can_be_replaced_and_deleted(slack: Slack, app: SocketApp, ephemeral: bool) -> None:
    """replace_original and delete_original change the message that was acted on, also an ephemeral one."""
    message, url = await pressed(slack, ephemeral=ephemeral)
    await slack.http.post(url, json={"text": "changed", "replace_original": True})
    [changed] = await slack.messages(STATUS)
    assert (changed["ts"], changed["text"], "blocks" in changed) == (message["ts"], "changed", False)
    await slack.http.post(url, json={"delete_original": True})
    assert await slack.messages(STATUS) == []


async def test_a_url_can_be_used_five_times(slack: Slack, app: SocketApp) -> None:
    """The sixth answer is refused with used_url, and is a violation."""
    _, url = await pressed(slack)
    statuses = [(await slack.http.post(url, json={"text": str(n)})).status_code for n in range(6)]
    assert statuses == [200] * 5 + [404]
    assert slack.workspace.journal(kind="response_url")[-1]["error"] == "used_url"
    assert "response_url: used_url" in slack.violations()


async def test_a_url_lasts_thirty_minutes(slack: Slack, app: SocketApp) -> None:
    """Half an hour later an answer is refused with expired_url."""
    _, url = await pressed(slack)
    slack.workspace.clock.advance(30 * 60 + 1)
    refused = await slack.http.post(url, json={"text": "late"})
    assert refused.json() == {"ok": False, "error": "expired_url"}


async def test_a_guessed_url_is_refused(slack: Slack, app: SocketApp) -> None:
    """The secret part must be right."""
    _, url = await pressed(slack)
    assert (await slack.http.post(url + "x", json={"text": "hm"})).status_code == 404


@pytest.mark.parametrize("body", [{}, {"text": "x", "blocks": [{"type": "nonsense"}]}, {"text": "x", "blocks": "["}])
async def test_an_invalid_answer_is_refused(slack: Slack, app: SocketApp, body: Json) -> None:
    """Answers are checked like all messages."""
    _, url = await pressed(slack)
    assert (await slack.http.post(url, json=body)).status_code == 400
    assert slack.violations()


async def test_an_answer_in_a_private_channel_stays_there(slack: Slack, app: SocketApp) -> None:
    """An in_channel answer to a click in a private channel is seen by its members."""
    _, url = await pressed(slack, channel=OWNERS, user=OLIVIA)
    await slack.http.post(url, data={"payload": '{"text": "secret", "response_type": "in_channel"}'})
    assert (await slack.messages(OWNERS, user=OMAR))[-1]["text"] == "secret"
