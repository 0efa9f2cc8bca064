"""The server itself: starting, stopping, its page, its manners and its live updates."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientSession

from sandbox.manifest import load_manifest
from sandbox.server import SandboxServer
from sandbox.workspace import Workspace
from tests.unit.sandbox.conftest import MANIFEST
from tests.unit.sandbox.probes import GENERAL, GUS, MIA, OLIVIA, OWNERS, STATUS, Json, Slack, SocketApp, home, modal
from tests.waiting import wait_until


def test_a_server_starts_and_stops_at_once() -> None:
    """A server answers as soon as it is made, and after stop() its port is free again."""
    begun = time.perf_counter()
    with SandboxServer(manifest=MANIFEST) as server:
        assert httpx.get(f"{server.url}/sandbox/state").json()["team"]["name"] == "Acme Inc"
        assert time.perf_counter() - begun < 5
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)
    with SandboxServer(manifest=MANIFEST, port=port) as again:
        assert again.url == server.url


async def test_a_server_stops_while_things_are_open() -> None:
    """A connected app, an open page and a held call do not keep a server from stopping, nor leave warnings."""
    server = SandboxServer(manifest=MANIFEST).start()
    async with httpx.AsyncClient(base_url=server.url) as http, ClientSession() as session:
        slack = Slack(server, http)
        app = await SocketApp(slack, session).connect()
        page = await session.ws_connect(f"{server.url}/sandbox/live?user={MIA}")
        begun = time.perf_counter()
        server.stop()
        assert time.perf_counter() - begun < 8
        await app.close()
        await page.close()
    assert server.workspace.journal(method="apps.connections.open")


def test_a_workspace_of_ones_own_can_be_served() -> None:
    """`seed` takes a prepared workspace, and the journal can be read after the end."""
    workspace = Workspace(load_manifest(MANIFEST))
    workspace.people[MIA].real_name = "Mia Renamed"
    with SandboxServer(manifest=MANIFEST, seed=workspace) as server:
        body = {"token": "xoxb-sandbox", "user": MIA}
        found = httpx.post(f"{server.api_url}users.info", json=body).json()
    assert found["user"]["real_name"] == "Mia Renamed"
    assert [entry["method"] for entry in workspace.journal(kind="api")] == ["users.info"]


def test_a_port_in_use_is_an_error() -> None:
    """A second server on the same port fails at once, with the system's own error."""
    with SandboxServer(manifest=MANIFEST) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            SandboxServer(manifest=MANIFEST, port=port)


def test_the_command_line_serves_until_it_is_ended() -> None:
    """python -m sandbox prints where everything is and answers there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--manifest", str(MANIFEST)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:

        def answered() -> bool:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/sandbox/state").status_code == 200
            except httpx.ConnectError:
                return False

        try:
            assert wait_until(answered)
        finally:
            process.terminate()
        output, errors = process.communicate(timeout=60)
    assert f"http://127.0.0.1:{port}/api/" in output and "xapp-sandbox" in output
    assert "Traceback" not in errors


def test_the_command_line_says_what_is_wrong_with_the_manifest(tmp_path: Path) -> None:
    """A manifest that cannot be used is one sentence and exit status 2."""
    wrong = tmp_path / "manifest.yml"
    wrong.write_text("- not\n- a manifest\n")
    command = [sys.executable, "-m", "sandbox", "--manifest", str(wrong)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=60)
    assert ended.returncode == 2
    assert "its top level is not a mapping" in ended.stderr and "Traceback" not in ended.stderr


async def test_the_page_has_a_strict_policy(slack: Slack) -> None:
    """The page and its files come with a policy that lets nothing in from elsewhere, and are revalidated."""
    page = await slack.http.get("/?as=U0MIA00001")
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    missing = await slack.http.get("/static/nothing.js")
    escape = await slack.http.get("/static/%2e%2e/seed.py")
    assert (missing.status_code, escape.status_code) == (404, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_foreign_pages_cannot_drive_the_workspace(slack: Slack, headers: dict[str, str]) -> None:
    """Calls with a foreign Origin, Host or fetch site are turned away; the page's own are not."""
    assert (await slack.http.get("/sandbox/state", headers=headers)).status_code == 403
    own = {"origin": slack.server.url, "sec-fetch-site": "same-origin"}
    assert (await slack.http.get("/sandbox/state", headers=own)).status_code == 200


async def test_a_foreign_page_gets_no_live_updates(slack: Slack) -> None:
    """The WebSocket is guarded as well: its Origin must be the sandbox's own."""
    async with ClientSession() as session:
        with pytest.raises(Exception, match="403"):
            await session.ws_connect(f"{slack.server.url}/sandbox/live?user={MIA}", origin="https://evil.example")


async def test_control_calls_must_be_json(slack: Slack) -> None:
    """A form, which any page could send, is refused, and so are broken bodies; each with a sentence."""
    form = await slack.http.post("/sandbox/reset", data={"a": "b"})
    broken = await slack.http.post("/sandbox/command", content="{", headers={"content-type": "application/json"})
    array = await slack.http.post("/sandbox/command", json=[])
    assert [form.status_code, broken.status_code, array.status_code] == [415, 400, 400]
    assert "error" in broken.json()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("command", {"user": "U0NOBODY01", "channel": STATUS, "text": "/probe"}, 404),
        ("command", {"user": "U0DAN00001", "channel": STATUS, "text": "/probe"}, 403),
        ("command", {"user": "U0DEPLOY01", "channel": STATUS, "text": "/probe"}, 403),
        ("command", {"user": MIA, "channel": OWNERS, "text": "/probe"}, 404),
        ("command", {"user": MIA, "channel": STATUS, "text": "probe"}, 400),
        ("message", {"user": MIA, "channel": STATUS, "text": " "}, 400),
        ("submit", {"user": MIA, "view_id": "V1"}, 404),
        ("action", {"user": MIA, "container": {"type": "cloud"}}, 400),
        ("action", {"user": MIA, "container": {"type": "home"}}, 404),
        ("files", {"user": MIA, "name": "a", "content": "!"}, 400),
        ("users", {"name": "x"}, 400),
    ],
)
async def test_what_nobody_could_do_is_refused(slack: Slack, path: str, body: Json, status: int) -> None:
    """Control calls that no person in Slack could make have a status and a sentence."""
    answer = await slack.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == status and answer.json()["error"]


async def test_a_reset_goes_back_to_the_seed(slack: Slack, app: SocketApp) -> None:
    """Messages, people, modals, faults and journal go back; the app stays connected."""
    await slack.do("message", user=MIA, channel=STATUS, text="hello")
    await slack.http.patch(f"/sandbox/users/{MIA}", json={"real_name": "Somebody"})
    await slack.open(modal())
    await slack.do("reset")
    assert await slack.messages(STATUS) == [] and await slack.stack() == []
    state = await slack.look("state", user=MIA)
    assert state["connected"] is True
    assert next(user["real_name"] for user in state["users"] if user["id"] == MIA) == "Mia Member"
    assert slack.workspace.journal() == []


async def test_the_state_is_what_the_page_draws(slack: Slack) -> None:
    """Commands as in the manifest, people with a colour, and the channels that this person can see."""
    state = await slack.look("state", user=MIA)
    assert {"command": "/probe", "description": "Try the sandbox", "usage_hint": "[anything]"}.items() <= state[
        "commands"
    ][0].items()
    assert all(user["avatar_color"].startswith("#") for user in state["users"])
    assert {c["id"] for c in state["conversations"]} == {GENERAL, STATUS, "D0MIA00001"}
    assert (state["app"]["name"], state["app"]["home_tab_enabled"]) == ("Probe", True)
    assert state["connected"] is False


async def test_an_avatar_is_drawn_here(slack: Slack) -> None:
    """Pictures of people come from the sandbox itself, so that nothing is fetched from elsewhere."""
    user = (await slack.api("users.info", user=MIA))["user"]
    picture = await slack.http.get(user["profile"]["image_48"])
    assert picture.headers["content-type"] == "image/svg+xml" and ">MM<" in picture.text


async def live(slack: Slack, session: ClientSession, user: str) -> list[Json]:
    """Frames that this person's page gets while a few things happen, up to a final message of their own."""
    frames: list[Json] = []
    async with session.ws_connect(f"{slack.server.url}/sandbox/live?user={user}") as page:
        assert (await page.receive_json())["type"] == "connected"
        posted = await slack.api("chat.postMessage", channel=STATUS, text="one")
        await slack.api("chat.update", channel=STATUS, ts=posted["ts"], text="two")
        await slack.api("chat.delete", channel=STATUS, ts=posted["ts"])
        await slack.api("chat.postEphemeral", channel=STATUS, user=MIA, text="psst")
        await slack.api("chat.postMessage", channel=OWNERS, text="private")
        await slack.api("views.publish", user_id=MIA, view=home())
        await slack.open(modal(), user=MIA)
        await slack.do("message", user=user, channel=GENERAL, text="end")
        while not frames or frames[-1].get("message", {}).get("text") != "end":
            frames.append(await page.receive_json(timeout=30))
    return frames


async def test_a_page_hears_what_its_person_may_see(slack: Slack, app: SocketApp) -> None:
    """Ephemerals, modals and Home tabs go to one person, private channels to their members."""
    async with ClientSession() as session:
        mia = [frame["type"] for frame in await live(slack, session, MIA)]
        olivia = await live(slack, session, OLIVIA)
    expected = ["message", "message_changed", "message_deleted", "message", "home", "view_opened", "views", "message"]
    assert mia == expected
    channels = [frame["channel"] for frame in olivia if frame["type"] == "message"]
    assert channels == [STATUS, OWNERS, GENERAL]
    assert {frame["type"] for frame in olivia} == {"message", "message_changed", "message_deleted"}


async def test_everybody_hears_of_changes_to_people(slack: Slack) -> None:
    """Users, groups, the app's coming and a reset reach every page."""
    address = f"{slack.server.url}/sandbox/live?user={GUS}"
    async with ClientSession() as session, session.ws_connect(address) as page:
        await page.receive_json()
        await slack.http.patch(f"/sandbox/users/{MIA}", json={"is_restricted": True})
        await slack.http.put("/sandbox/usergroups/S0PLATFORM", json={"users": []})
        connected = await SocketApp(slack, session).connect()
        await connected.close()
        await slack.do("reset")
        frames = [await page.receive_json(timeout=30) for _ in range(5)]
    assert [frame["type"] for frame in frames] == ["user", "usergroup", "connected", "connected", "reset"]
    assert [frame["connected"] for frame in frames[2:4]] == [True, False]


async def test_a_file_chosen_by_a_person_can_be_submitted(slack: Slack) -> None:
    """POST /sandbox/files gives a Slack file object with the right size."""
    file = await slack.do("files", user=MIA, name="keys.csv", mimetype="text/csv", content="YSxi")
    assert (file["name"], file["size"], file["user"]) == ("keys.csv", 3, MIA)
    assert (await slack.http.get(file["url_private"])).content == b"a,b"


async def test_a_failure_is_shown_to_whoever_met_it(slack: Slack) -> None:
    """The toast of a failed command reaches the pages of the person who typed it, and nobody else's."""
    frames: dict[str, list[Json]] = {}
    async with ClientSession() as session:
        pages = {
            user: await session.ws_connect(f"{slack.server.url}/sandbox/live?user={user}") for user in (MIA, OLIVIA)
        }
        await slack.type("/probe")
        await slack.do("message", user=MIA, channel=GENERAL, text="end")
        for user, page in pages.items():
            frames[user] = [await page.receive_json(timeout=30) for _ in range(3 if user == MIA else 2)]
            await page.close()
    assert [frame["type"] for frame in frames[MIA]] == ["connected", "toast", "message"]
    assert frames[MIA][1]["text"] == '/probe failed with the error "dispatch_failed"'
    assert [frame["type"] for frame in frames[OLIVIA]] == ["connected", "message"]


def test_a_read_only_messages_tab_takes_no_typing(tmp_path: Path) -> None:
    """Where Slack shows no composer, neither messages nor commands can be typed; the app may still write."""
    manifest = tmp_path / "manifest.yml"
    written = MANIFEST.read_text(encoding="utf-8")
    manifest.write_text(written.replace("read_only_enabled: false", "read_only_enabled: true"), encoding="utf-8")
    with SandboxServer(manifest=manifest) as server:
        body = {"user": MIA, "channel": "D0MIA00001", "text": "/probe"}
        first = httpx.get(f"{server.url}/sandbox/state").json()["me"]
        httpx.get(f"{server.url}/sandbox/state", params={"user": MIA})
        typed = [httpx.post(f"{server.url}/sandbox/{path}", json=body) for path in ("command", "message")]
        posted = httpx.post(
            f"{server.api_url}chat.postMessage", json={"token": "xoxb-sandbox", "channel": MIA, "text": "hi"}
        )
    assert first == OLIVIA
    assert [answer.status_code for answer in typed] == [403, 403]
    assert typed[0].json() == {"error": "Sending messages to Probe has been turned off."}
    assert posted.json()["ok"] is True
