"""Events API: what is sent, what is not, and what is sent again."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from aiohttp import web

from sandbox.server import SandboxServer
from tests.unit.sandbox.probes import DAN, MIA, NO_ACK, STATUS, HttpApp, Json, Slack, SocketApp, home


def events(slack: Slack, kind: str) -> list[Json]:
    """The events of one type that reached the app."""
    return [
        payload["event"]
        for payload in slack.app
        if payload.get("type") == "event_callback" and payload["event"]["type"] == kind
    ]


async def test_an_event_is_wrapped_as_slack_wraps_it(slack: Slack, app: SocketApp) -> None:
    """event_callback has ids, times and the authorization; the app hears when somebody opens its Home tab."""
    await slack.api("views.publish", user_id=MIA, view=home())
    await slack.look("home", user=MIA)
    await app.until(lambda: bool(slack.app))
    [wrapped] = slack.app
    assert wrapped["event_id"].startswith("Ev") and isinstance(wrapped["event_time"], int)
    assert wrapped["authorizations"][0]["user_id"] == "U0KEYDESK1"
    event = wrapped["event"]
    assert (event["type"], event["tab"], event["user"]) == ("app_home_opened", "home", MIA)
    assert event["view"]["type"] == "home" and event["channel"].startswith("D")
    envelope = app.frames[-1]
    assert (envelope["retry_attempt"], envelope["accepts_response_payload"]) == (0, False)


async def test_a_deactivation_is_a_user_change(slack: Slack, app: SocketApp) -> None:
    """PATCH with deleted sends user_change with a user that is deleted and out of the channels."""
    answer = await slack.http.patch(f"/sandbox/users/{MIA}", json={"deleted": True})
    assert answer.json()["deleted"] is True
    await app.until(lambda: bool(events(slack, "user_change")))
    user = events(slack, "user_change")[0]["user"]
    assert (user["id"], user["deleted"], "is_owner" in user) == (MIA, True, False)
    members = (await slack.api("conversations.members", channel=STATUS))["members"]
    assert MIA not in members
    assert (await slack.http.get("/sandbox/views", params={"user": MIA})).status_code == 403


async def test_somebody_new_is_a_team_join(slack: Slack, app: SocketApp) -> None:
    """POST of a user sends team_join; the new member is in the public channels."""
    user = await slack.do("users", name="nina", real_name="Nina New", tz="Asia/Tokyo")
    await app.until(lambda: bool(events(slack, "team_join")))
    assert events(slack, "team_join")[0]["user"]["id"] == user["id"]
    assert user["tz_offset"] == 9 * 3600
    assert user["id"] in (await slack.api("conversations.members", channel=STATUS))["members"]
    again = await slack.http.post("/sandbox/users", json={"name": "nina", "real_name": "N"})
    assert again.status_code == 409


async def test_a_changed_group_tells_whole_and_delta(slack: Slack, app: SocketApp) -> None:
    """PUT of a group sends subteam_updated with all its members and subteam_members_changed with the difference."""
    await slack.http.put("/sandbox/usergroups/S0INCIDENT", json={"users": [MIA, "U0INES0001"]})
    await app.until(lambda: bool(events(slack, "subteam_members_changed")))
    [updated], [changed] = events(slack, "subteam_updated"), events(slack, "subteam_members_changed")
    assert updated["subteam"]["users"] == [MIA, "U0INES0001"]
    assert (changed["added_users"], changed["removed_users"]) == ([MIA], ["U0MAX00001"])
    assert (changed["added_users_count"], changed["subteam_id"]) == ("1", "S0INCIDENT")
    await slack.http.put("/sandbox/usergroups/S0NEW00001", json={"handle": "new", "users": [DAN]})
    await app.until(lambda: bool(events(slack, "subteam_created")))


async def test_what_is_not_subscribed_is_not_sent(slack: Slack, app: SocketApp) -> None:
    """The manifest of these tests does not subscribe messages, so none are sent."""
    await slack.do("message", user=MIA, channel=STATUS, text="hello")
    await slack.look("home", user=MIA)
    await app.until(lambda: bool(slack.app))
    assert [payload["event"]["type"] for payload in slack.app] == ["app_home_opened"]


async def test_an_unacknowledged_event_comes_again_by_socket(slack: Slack, app: SocketApp) -> None:
    """After a timeout the same event_id comes with retry_attempt 1, then 2, then 3, and then no more."""
    timing = slack.workspace.timing
    timing.acknowledge_within, timing.event_retry_delays = 0.02, (0, 0, 0)
    app.answer = lambda payload: NO_ACK
    await slack.look("home", user=MIA)
    await app.until(lambda: len(slack.app) == 4)
    assert len({payload["event_id"] for payload in slack.app}) == 1
    envelopes = [frame for frame in app.frames if "payload" in frame]
    assert [frame["retry_attempt"] for frame in envelopes] == [0, 1, 2, 3]
    assert envelopes[1]["retry_reason"] == "timeout"


async def test_a_failed_event_comes_again_over_http_until_it_is_taken(slack: Slack, http_app: HttpApp) -> None:
    """An error status brings the event again with X-Slack-Retry-Num and -Reason; a 2xx ends it."""
    slack.workspace.timing.event_retry_delays = (0, 0, 0)
    http_app.answer = lambda payload: web.Response(status=500 if len(http_app.received) < 3 else 202)
    await slack.look("home", user=MIA)
    await http_app.until(lambda: len(http_app.received) == 3)
    assert "x-slack-retry-num" not in http_app.received[0].headers
    last = http_app.received[2].headers
    assert (last["x-slack-retry-num"], last["x-slack-retry-reason"]) == ("2", "http_error")
    entries = slack.workspace.journal(kind="delivery")
    assert [entry["retry_num"] for entry in entries] == [0, 1, 2]


async def test_an_app_can_refuse_retries(slack: Slack, http_app: HttpApp) -> None:
    """X-Slack-No-Retry on an error answer stops the retries of that event."""
    slack.workspace.timing.event_retry_delays = (0, 0, 0)
    http_app.answer = lambda payload: web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
    await slack.look("home", user=MIA)
    await http_app.until(lambda: bool(http_app.received))
    http_app.answer = lambda payload: None
    await slack.http.patch(f"/sandbox/users/{MIA}", json={"real_name": "Mia M."})
    await http_app.until(lambda: len(http_app.received) == 2)
    assert [request.payload["event"]["type"] for request in http_app.received] == ["app_home_opened", "user_change"]


async def test_a_reset_ends_the_retries(slack: Slack, http_app: HttpApp) -> None:
    """Events that wait for their next try are forgotten by a reset."""
    slack.workspace.timing.event_retry_delays = (0, 30)
    http_app.answer = lambda payload: web.Response(status=500)
    await slack.look("home", user=MIA)
    await http_app.until(lambda: len(http_app.received) == 2)
    slack.workspace.reset()
    slack.workspace.timing.event_retry_delays = ()
    await slack.type("/probe")
    assert len(http_app.received) == 3


async def test_a_duplicate_event_looks_like_a_redelivery(slack: Slack, app: SocketApp) -> None:
    """The fault duplicate sends an event twice with one event_id, the second as a retry."""
    slack.workspace.add_fault(kind="duplicate")
    await slack.look("home", user=MIA)
    await app.until(lambda: len(slack.app) == 2)
    assert slack.app[0]["event_id"] == slack.app[1]["event_id"]
    assert [frame["retry_attempt"] for frame in app.frames if "payload" in frame] == [0, 1]


async def test_messages_and_mentions_are_sent_to_whoever_subscribed(tmp_path: Path) -> None:
    """With the events and scopes in the manifest, messages in the app's channels and mentions of it arrive."""
    manifest = tmp_path / "manifest.yml"
    manifest.write_text(
        "features: {app_home: {messages_tab_enabled: true, messages_tab_read_only_enabled: false}}\n"
        "oauth_config: {scopes: {bot: [commands, 'channels:history', 'im:history', 'app_mentions:read']}}\n"
        "settings: {event_subscriptions: {bot_events: [message.channels, message.im, app_mention, message.groups]}}\n"
    )
    with SandboxServer(manifest=manifest) as server:
        async with httpx.AsyncClient(base_url=server.url) as http:
            slack = Slack(server, http)
            async with HttpApp(slack) as app:
                await slack.look("state", user=MIA)
                await slack.do("message", user=MIA, channel=STATUS, text="hello @app")
                await slack.do("message", user=MIA, channel="D0MIA00001", text="in private")
                await slack.do("message", user="U0OLIVIA01", channel="C0OWNERS01", text="no scope for this")
                await app.until(lambda: len(app.received) >= 3)
            received = [each.payload["event"] for each in app.received]
            sorts = sorted((event["type"], event.get("channel_type")) for event in received)
            violations = slack.violations()
    assert sorts == [("app_mention", None), ("message", "channel"), ("message", "im")]
    assert violations == ["The manifest subscribes message.groups, which needs the scope groups:history."]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"is_owner": "yes"}, 400),
        ({"tz": "Mars/Olympus"}, 400),
        ({"team_id": "T1"}, 400),
        ({"is_ultra_restricted": True}, 200),
    ],
)
async def test_changes_to_people_are_checked(slack: Slack, body: Json, status: int) -> None:
    """Only what an administrator can change, with values of the right kind, is taken."""
    assert (await slack.http.patch(f"/sandbox/users/{MIA}", json=body)).status_code == status
    assert (await slack.http.patch("/sandbox/users/U0NOBODY01", json=body)).status_code == 404
