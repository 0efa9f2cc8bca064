"""The whole way from *Publish* to the page, its folder and the channel, cut off by SIGKILL at every step."""

import contextlib
import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from desk.audit.chain import verify
from desk.transaction import Actor
from sandbox.player import Player, SandboxRefusedError, find_label, words_of
from sandbox.server import SandboxServer
from storage.models import (
    AuditEvent,
    ComponentStatusChange,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentDraft,
    IncidentUpdate,
)
from tests.factories import INES
from tests.scenario.keydesk_processes import Keydesk, Town, seeded
from tests.waiting import wait_until

LINE = (
    '/incident new "Checkout errors" on acme component:checkout=partial_outage component:search=degraded '
    "investigating We are looking into it."
)


@pytest.fixture
def town(slack_server: SandboxServer, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """The page, its components, and Ines, who manages its incidents."""
    with seeded(slack_server, database_url, tmp_path, [INES]) as town:
        yield town


def _preview(town: Town) -> Player:
    """Ines, who looks at the preview of a new incident."""
    ines = town.person(INES)
    assert ines.type_command(LINE) is None
    return ines


def _press(ines: Player) -> str:
    """*Publish* once more, where the window still offers it; what it says then."""
    if find_label(ines.modal, "Publish") is not None:
        ines.press("Publish", ines.modal)
    return words_of(ines.modal)


def _see_through(town: Town, keydesk: Keydesk) -> None:
    """Wait until everything that was promised is done, and look whether it was done once."""
    wait_until(lambda: {row.status for row in town.rows(Delivery)} == {DeliveryStatus.SENT}, 150)
    (incident,) = town.rows(Incident)
    (said,) = town.rows(IncidentUpdate)
    (draft,) = town.rows(IncidentDraft)
    assert (draft.status, draft.incident_id, said.incident_id) == ("published", incident.id, incident.id)
    changed = [(row.component_id, row.status) for row in town.rows(ComponentStatusChange)]
    checkout, search = town.components["Checkout"], town.components["Search"]
    assert sorted(changed) == sorted([(checkout, "partial_outage"), (search, "degraded_performance")])

    actions = Counter(row.action for row in town.rows(AuditEvent))
    expected = {"draft.published": 1, "incident.created": 1, "component.changed": 2}
    assert {action: actions[action] for action in expected} == expected
    assert town.desk.read_now(Actor.operator("test"), verify).is_intact

    (head,) = town.heads()
    assert "Checkout errors" in words_of(head)
    (reply,) = town.replies(head)
    assert "We are looking into it." in words_of(reply)
    _is_public(town, keydesk, incident.id)


def _is_public(town: Town, keydesk: Keydesk, incident_id: str) -> None:
    """The page, its JSON and the folder show the incident, and nothing is left behind of what was cut off."""
    folder = town.folder / "public"
    paths = {"/": "index.html", f"/incidents/{incident_id}/": f"incidents/{incident_id}/index.html"}
    paths["/api/v2/summary.json"] = "api/v2/summary.json"

    def agree() -> bool:
        return all((folder / name).read_bytes() == keydesk.get(path)[1] for path, name in paths.items())

    wait_until(agree)
    summary = json.loads(keydesk.get("/api/v2/summary.json")[1])
    assert [one["id"] for one in summary["incidents"]] == [incident_id]
    assert [one["body"] for one in summary["incidents"][0]["incident_updates"]] == ["We are looking into it."]
    states = {row["name"]: row["status"] for row in summary["components"]}
    assert states["Checkout"] == "partial_outage"
    assert b"Checkout errors" in keydesk.get("/")[1]
    assert not list(folder.rglob("*.keydesk-new"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ["written", "committing"])
def test_killed_before_the_commit_nothing_was_published(town: Town, where: str) -> None:
    """Nothing is left of what was not committed, the window is still there, and the next click publishes."""
    _dies_and_is_not_public(town, where)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_killed_before_the_commit_with_a_server(town: Town) -> None:
    """The same where the database outlives the process."""
    _dies_and_is_not_public(town, "committing")


def _dies_and_is_not_public(town: Town, where: str) -> None:
    dying = town.start(where)
    ines = _preview(town)
    with pytest.raises(SandboxRefusedError):
        ines.press("Publish", ines.modal)
    assert wait_until(dying.death) == -signal.SIGKILL
    assert town.rows(Incident) == town.rows(IncidentUpdate) == town.rows(ComponentStatusChange) == []
    assert town.rows(IncidentDraft)[0].status == "open"
    again = town.start()
    assert "is on the page" in _press(ines)
    _see_through(town, again)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ["committed", "rendering", "file-1", "file-2", "file-30"])
def test_killed_before_the_page_and_its_folder_show_it(town: Town, where: str) -> None:
    """What was committed reaches the page and the folder with the next start; a second click is told that it did."""
    _dies_and_is_seen_through(town, where)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("where", "heads", "replies"),
    [
        ("head-claimed", 0, 0),
        ("head-calling", 0, 0),
        ("head-answered", 1, 0),
        ("head-noting", 1, 0),
        ("head-stored", 1, 0),
        ("reply-calling", 1, 0),
        ("reply-answered", 1, 1),
        ("reply-noting", 1, 1),
    ],
)
def test_killed_on_the_way_to_the_channel(town: Town, where: str, heads: int, replies: int) -> None:
    """However far the messages had come, the next start leaves one head and one reply in the channel."""
    _dies_and_is_seen_through(town, where, (heads, replies))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("where", ["committed", "rendering", "head-noting", "reply-answered"])
def test_killed_after_the_commit_with_a_server(town: Town, where: str) -> None:
    """The same where the database outlives the process."""
    _dies_and_is_seen_through(town, where)


def _dies_and_is_seen_through(town: Town, where: str, shown: tuple[int, int] | None = None) -> None:
    dying = town.start(where)
    ines = _preview(town)
    with contextlib.suppress(SandboxRefusedError):
        ines.press("Publish", ines.modal)
    assert wait_until(dying.death) == -signal.SIGKILL
    if shown is not None:
        heads = town.heads()
        assert (len(heads), sum(len(town.replies(head)) for head in heads)) == shown
    if where in ("rendering", "file-1", "file-2"):
        assert b"Checkout errors" not in (town.folder / "public" / "index.html").read_bytes()
    again = town.start()
    answer = _press(ines)
    assert "was published already" in answer or ("is on the page" in answer and where != "committed")
    _see_through(town, again)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_killed_before_the_acknowledgement(town: Town) -> None:
    """The window says that it is public, Slack says that nobody answered, and the former is right."""
    dying = town.start()
    ines = _preview(town)
    town.fault(method="views.update", kind="timeout", seconds=30, carried_out=True)
    with ThreadPoolExecutor(1) as pool:
        pressing = pool.submit(ines.press, "Publish", ines.modal)
        wait_until(lambda: "is on the page" in words_of(ines.modal))
        town.end(dying)
        with pytest.raises(SandboxRefusedError):
            pressing.result(30)
    _see_through(town, town.start())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_slack_is_down_while_the_page_must_go_out(town: Town) -> None:
    """The page goes out without Slack, also from a process that starts meanwhile; then the channel catches up."""
    keydesk = town.start()
    greetings = town.settle(keydesk)
    ines = _preview(town)
    # The first post arrives without anybody hearing of it; after that, nothing does.
    town.fault(method="chat.postMessage", kind="drop", carried_out=True, match="Checkout errors")
    town.fault(method="*", kind="http_500", times=10_000)
    ines.press("Publish", ines.modal)
    wait_until(lambda: b"Checkout errors" in keydesk.get("/")[1])
    wait_until(lambda: b"Checkout errors" in (town.folder / "public" / "index.html").read_bytes())
    wait_until(town.heads)
    town.end(keydesk)

    again = town.start(waits=False)
    assert b"Checkout errors" in again.get("/")[1]
    # On a slow machine the pauses between attempts have doubled a few times by now.
    wait_until(lambda: any(line["event"] == "delivery_put_back" for line in again.events()), 100)
    unsaid = [row for row in town.rows(Delivery) if row.id not in greetings]
    assert len(unsaid) == 2
    assert DeliveryStatus.SENT not in {row.status for row in unsaid}
    town.fault(clear=True)
    wait_until(again.is_ready, 60)
    assert "was published already" in _press(ines)
    _see_through(town, again)
