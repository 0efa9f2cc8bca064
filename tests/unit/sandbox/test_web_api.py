"""The Web API's front door and its smaller methods."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from sandbox.server import SandboxServer
from tests.unit.sandbox.probes import DAN, GENERAL, MIA, MIA_IM, OLIVIA, OWNERS, STATUS, ZOE, Json, Slack, section


async def test_a_call_without_a_token_is_not_authed(slack: Slack) -> None:
    """A method called without any token answers not_authed, with status 200 as Slack does."""
    answer = await slack.http.post("/api/auth.test")
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": "not_authed"})


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "xoxb-wrong", "invalid_auth"),
        ("auth.test", "xapp-sandbox", "not_allowed_token_type"),
        ("apps.connections.open", "xoxb-sandbox", "not_allowed_token_type"),
        ("chat.shout", "xoxb-sandbox", "unknown_method"),
    ],
)
async def test_a_wrong_token_or_method_has_slacks_code(slack: Slack, method: str, token: str, error: str) -> None:
    """Wrong tokens, tokens of the wrong kind and unknown methods are told apart by code."""
    assert (await slack.api(method, token=token))["error"] == error


@pytest.mark.parametrize("style", ["json", "form", "multipart", "query"])
async def test_every_body_that_slack_takes_is_taken(slack: Slack, style: str) -> None:
    """The same call works as JSON, as a form, as multipart and in the query; blocks may be JSON text."""
    fields = {"channel": STATUS, "text": "hello", "blocks": json.dumps([section()]), "token": "xoxb-sandbox"}
    if style == "json":
        answer = await slack.http.post("/api/chat.postMessage", json=fields)
    elif style == "form":
        answer = await slack.http.post("/api/chat.postMessage", data=fields)
    elif style == "multipart":
        parts = {name: (None, value.encode()) for name, value in fields.items()}
        answer = await slack.http.post("/api/chat.postMessage", files=parts)
    else:
        answer = await slack.http.get("/api/chat.postMessage", params=fields)
    message = answer.json()["message"]
    assert (message["text"], message["blocks"][0]["text"]["text"]) == ("hello", "hello")


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", "{", "invalid_json"),
        ("application/json", "[]", "json_not_object"),
        ("text/csv", "a,b", "invalid_post_type"),
    ],
)
async def test_an_unreadable_body_is_refused(slack: Slack, content_type: str, body: str, error: str) -> None:
    """Bodies that cannot be read are refused before anything else."""
    headers = {"content-type": content_type, "authorization": "Bearer xoxb-sandbox"}
    answer = await slack.http.post("/api/auth.test", content=body, headers=headers)
    assert answer.json()["error"] == error


async def test_auth_test_names_the_app(slack: Slack) -> None:
    """auth.test gives the ids that payloads carry too."""
    answer = await slack.api("auth.test")
    assert answer["ok"] is True
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0SANDBOX01", "U0KEYDESK1", "B0KEYDESK1")


async def test_a_missing_scope_says_what_is_needed_and_what_there_is(slack: Slack) -> None:
    """A method whose scope the manifest lacks is refused with both lists, and noted as a violation."""
    answer = await slack.api("users.lookupByEmail", email="mia@acme.example")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read.email")
    assert "chat:write" in answer["provided"].split(",")
    assert any("missing_scope" in sentence for sentence in slack.violations())


async def test_the_email_needs_its_own_scope(slack: Slack) -> None:
    """users.info leaves the e-mail address out when only users:read is granted."""
    profile = (await slack.api("users.info", user=MIA))["user"]["profile"]
    assert profile["real_name"] == "Mia Member"
    assert "email" not in profile


async def test_people_look_like_slacks(slack: Slack) -> None:
    """Owners, guests, deactivated people, visitors and bots are marked as Slack marks them."""
    olivia = (await slack.api("users.info", user=OLIVIA))["user"]
    dan = (await slack.api("users.info", user=DAN))["user"]
    zoe = (await slack.api("users.info", user=ZOE))["user"]
    assert olivia["is_primary_owner"] and olivia["is_owner"] and olivia["tz"] == "Europe/London"
    assert dan["deleted"] is True and "is_owner" not in dan and "tz" not in dan
    assert zoe["is_stranger"] is True and zoe["team_id"] != "T0SANDBOX01"
    assert (await slack.api("users.info", user="U0NOBODY01"))["error"] == "user_not_found"


async def test_users_list_pages(slack: Slack) -> None:
    """users.list hands out pages, the last one without a cursor, everybody once, visitors never."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = await slack.api("users.list", limit=4, cursor=cursor)
        seen += [member["id"] for member in page["members"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 11
    assert DAN in seen and ZOE not in seen
    assert (await slack.api("users.list", cursor="nonsense!"))["error"] == "invalid_cursor"
    assert (await slack.api("users.list", limit=5000))["error"] == "invalid_limit"


async def test_user_groups_are_listed_as_asked_for(slack: Slack) -> None:
    """Members, counts and disabled groups come only when asked for; an unknown group has its own code."""
    plain_list = (await slack.api("usergroups.list"))["usergroups"]
    full = (await slack.api("usergroups.list", include_users=True, include_count="true"))["usergroups"]
    assert "users" not in plain_list[0] and "user_count" not in plain_list[0]
    assert (full[0]["handle"], full[0]["user_count"]) == ("incident-responders", 2)
    await slack.http.put("/sandbox/usergroups/S0PLATFORM", json={"date_delete": 1})
    assert len((await slack.api("usergroups.list"))["usergroups"]) == 1
    assert len((await slack.api("usergroups.list", include_disabled=1))["usergroups"]) == 2
    assert (await slack.api("usergroups.users.list", usergroup="S0INCIDENT"))["users"]
    for gone in ("S0PLATFORM", "S0NOSUCH"):
        assert (await slack.api("usergroups.users.list", usergroup=gone))["error"] == "no_such_subteam"


async def test_conversations_are_seen_as_by_the_app(slack: Slack) -> None:
    """Lists hold the kinds asked for, info says whether the app is a member, members are paged."""
    channels = (await slack.api("conversations.list", types="public_channel,private_channel"))["channels"]
    assert {channel["id"]: channel["is_member"] for channel in channels} == {
        GENERAL: False,
        OWNERS: True,
        STATUS: True,
    }
    info = (await slack.api("conversations.info", channel=OWNERS))["channel"]
    assert (info["is_private"], info["name"]) == (True, "keydesk-owners")
    first = await slack.api("conversations.members", channel=GENERAL, limit=2)
    assert len(first["members"]) == 2 and first["response_metadata"]["next_cursor"]
    assert (await slack.api("conversations.info", channel="C0NOWHERE1"))["error"] == "channel_not_found"
    assert (await slack.api("conversations.list", types="im"))["needed"] == "im:read"


async def test_joining_a_channel_lets_the_app_post_there(slack: Slack) -> None:
    """Without membership a public channel answers not_in_channel; after conversations.join it takes the message."""
    assert (await slack.api("chat.postMessage", channel=GENERAL, text="hi"))["error"] == "not_in_channel"
    assert (await slack.api("conversations.join", channel=GENERAL))["channel"]["is_member"] is True
    assert (await slack.api("chat.postMessage", channel=GENERAL, text="hi"))["ok"] is True
    assert (await slack.api("conversations.join", channel=GENERAL))["warning"] == "already_in_channel"


@pytest.mark.parametrize(
    ("user", "error"),
    [
        ("U0DEPLOY01", "cannot_dm_bot"),
        ("USLACKBOT", "cannot_dm_bot"),
        (DAN, "user_disabled"),
        (ZOE, "user_not_visible"),
        ("U0NOBODY01", "user_not_found"),
        ("", "users_list_not_supplied"),
    ],
)
async def test_a_direct_message_with_the_wrong_person_is_refused(slack: Slack, user: str, error: str) -> None:
    """conversations.open says why there can be no direct message."""
    assert (await slack.api("conversations.open", users=user))["error"] == error


async def test_a_direct_message_is_opened_once(slack: Slack) -> None:
    """Opening the same direct message twice gives the same channel, and says that it was open."""
    first = await slack.api("conversations.open", users=MIA)
    second = await slack.api("conversations.open", users=MIA, return_im=True)
    assert first["channel"]["id"] == second["channel"]["id"] == MIA_IM
    assert (first["already_open"], second["already_open"]) == (False, True)
    assert second["channel"]["user"] == MIA


async def test_a_file_goes_up_in_three_steps(slack: Slack) -> None:
    """An announced upload of the right length can be shared; a wrong length is refused."""
    announced = await slack.api("files.getUploadURLExternal", filename="keys.csv", length=5)
    assert (await slack.http.post(announced["upload_url"], content=b"toolong")).status_code == 400
    file = {"id": announced["file_id"], "title": "Keys"}
    early = await slack.api("files.completeUploadExternal", files=[file], channel_id=STATUS)
    assert early["error"] == "file_not_found"
    assert (await slack.http.post(announced["upload_url"], content=b"a,b,c")).status_code == 200
    done = await slack.api("files.completeUploadExternal", files=[file], channel_id=STATUS, initial_comment="here")
    assert done["files"][0]["title"] == "Keys"
    posted = (await slack.messages(STATUS))[-1]
    assert (posted["text"], posted["files"][0]["id"]) == ("here", announced["file_id"])
    served = await slack.http.get(posted["files"][0]["url_private"])
    assert served.content == b"a,b,c" and served.headers["content-disposition"].startswith("attachment")


async def test_the_journal_tells_what_was_called(slack: Slack) -> None:
    """Each call is in the journal with arguments (never the token), answer and error."""
    await slack.api("chat.postMessage", channel="C0NOWHERE1", text="lost")
    [entry] = slack.workspace.journal(kind="api", method="chat.postMessage")
    assert entry["args"] == {"channel": "C0NOWHERE1", "text": "lost"}
    assert (entry["status"], entry["ok"], entry["error"]) == (200, False, "channel_not_found")
    assert "xoxb" not in json.dumps(entry)


async def test_the_journal_keeps_what_was_said_then(slack: Slack) -> None:
    """A message that changes later does not change what the journal says was sent and answered."""
    sent: Json = {"type": "section", "text": {"type": "mrkdwn", "text": "before"}}
    posted = await slack.api("chat.postMessage", channel=STATUS, text="before", blocks=[sent])
    await slack.api("chat.update", channel=STATUS, ts=posted["ts"], text="after")
    [entry] = slack.workspace.journal(method="chat.postMessage")
    assert entry["response"]["message"]["text"] == "before"
    assert entry["args"]["blocks"] == [sent]


async def test_a_manifest_without_the_home_and_messages_tabs_closes_them(tmp_path: Path) -> None:
    """views.publish answers not_enabled and direct messages messages_tab_disabled without their tab."""
    manifest = tmp_path / "manifest.yml"
    manifest.write_text("oauth_config: {scopes: {bot: ['chat:write']}}\n")
    with SandboxServer(manifest=manifest) as server:
        async with httpx.AsyncClient(base_url=server.url) as http:
            bare = Slack(server, http)
            published = await bare.api("views.publish", user_id=MIA, view={"type": "home", "blocks": []})
            posted = await bare.api("chat.postMessage", channel=MIA, text="hi")
            connection = await bare.api("apps.connections.open", token="xapp-sandbox")
    assert published["error"] == "not_enabled"
    assert posted["error"] == "messages_tab_disabled"
    assert connection["error"] == "socket_mode_not_enabled"


async def test_a_private_channel_without_the_app_does_not_exist_for_it(slack: Slack) -> None:
    """Info, members, history and posting all answer channel_not_found, and no list has it."""
    slack.workspace.conversations[OWNERS].members.remove("U0KEYDESK1")
    for method in ("conversations.info", "conversations.members", "conversations.history", "chat.postMessage"):
        assert (await slack.api(method, channel=OWNERS, text="x"))["error"] == "channel_not_found"
    listed = (await slack.api("conversations.list", types="private_channel"))["channels"]
    assert listed == []


async def test_an_open_direct_message_can_be_named_again(slack: Slack) -> None:
    """conversations.open with the channel of a direct message finds it; another channel is refused."""
    opened = await slack.api("conversations.open", users=MIA)
    again = await slack.api("conversations.open", channel=opened["channel"]["id"])
    assert (again["already_open"], again["channel"]["id"]) == (True, MIA_IM)
    assert (await slack.api("conversations.open", channel=STATUS))["error"] == "channel_not_found"


async def test_small_methods_answer(slack: Slack) -> None:
    """api.test echoes, team.info and bots.info describe, blocks.validate judges."""
    assert (await slack.api("api.test", foo="bar"))["args"] == {"foo": "bar"}
    assert (await slack.api("api.test", error="my_error"))["error"] == "my_error"
    assert (await slack.api("team.info"))["team"]["domain"] == "acme-sandbox"
    assert (await slack.api("team.info", team="T1"))["error"] == "team_not_found"
    assert (await slack.api("bots.info"))["bot"]["app_id"] == "A0KEYDESK1"
    assert (await slack.api("bots.info", bot="B1"))["error"] == "bot_not_found"
    assert (await slack.api("blocks.validate", blocks=[section()]))["ok"] is True
    assert (await slack.api("blocks.validate", blocks=[section("")]))["error"] == "invalid_blocks"


async def test_more_scopes_allow_more(tmp_path: Path) -> None:
    """users:read.email shows addresses and finds people by them; chat:write.public posts without membership."""
    manifest = tmp_path / "manifest.yml"
    scopes = ["users:read", "users:read.email", "chat:write", "chat:write.public"]
    manifest.write_text(json.dumps({"oauth_config": {"scopes": {"bot": scopes}}}))
    with SandboxServer(manifest=manifest) as server:
        async with httpx.AsyncClient(base_url=server.url) as http:
            slack = Slack(server, http)
            found = await slack.api("users.lookupByEmail", email="MIA@acme.example")
            errors = [
                (await slack.api("users.lookupByEmail", email=email))["error"]
                for email in ("nobody@acme.example", "dan@acme.example", "zoe@other.example")
            ]
            shown = await slack.api("users.info", user=OLIVIA)
            posted = await slack.api("chat.postMessage", channel=GENERAL, text="hello")
    assert found["user"]["id"] == MIA and errors == ["users_not_found"] * 3
    assert shown["user"]["profile"]["email"] == "olivia@acme.example"
    assert posted["ok"] is True
