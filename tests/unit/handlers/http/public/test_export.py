"""The folder that outlives Keydesk."""

import json
import re
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from desk.incidents.incidents import delete_incident, update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.status_page.incidents import IncidentView
from desk.status_page.months import Month
from desk.transaction import Desk, Transaction
from handlers.http.app import HttpSettings
from handlers.http.public import archive
from handlers.http.public.document import Document
from handlers.http.public.export import FolderExport
from handlers.http.public.folder import OccupiedFolderError
from handlers.http.public.rendering import Rendered, render_month
from handlers.http.public.serving import PublicSite
from tests.clock import HeldClock
from tests.factories import add_page
from tests.forking import Fork
from tests.public_story import Story, change_page, open_incident, open_later
from tests.serving import serving
from tests.unit.handlers.http.conftest import ACTOR
from tests.unit.handlers.http.public import dying_process, writing_process
from tests.waiting import eventually, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@contextmanager
def full_disk(size: int = 3000) -> Iterator[None]:
    """No file can become larger than that within the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Writer:
    """A public site that is not running: it writes when the test says so."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.folder = folder
        self.export = FolderExport(folder)
        self.site = PublicSite(desk, monotonic=lambda: 0.0, export=self.export)

    def write(self) -> set[str]:
        """Render and write everything; gives the names of the files."""
        self.site.refresh()
        while self.site.catch_up():
            pass
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def read(self, name: str) -> str:
        """What a file says."""
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture
def writer(desk: Desk, story: Story, tmp_path: Path) -> Iterator[Writer]:
    """Writes into a folder of its own."""
    yield Writer(desk, tmp_path / "public")


def test_every_document_is_a_file(writer: Writer, story: Story) -> None:
    """What readers get from memory is in the folder byte for byte, also for the page's own host."""
    names = writer.write()
    cache = writer.site.cache
    for folder, table in (("", cache.shared), ("_hosts/status.acme.example/", cache.tables["status.acme.example"])):
        for path, document in table.items():
            name = folder + path.lstrip("/") + ("index.html" if path.endswith("/") else "")
            assert (writer.folder / name).read_bytes() == document.body
    assert {
        "index.html",
        "api/v2/summary.json",
        "history.atom",
        "404.html",
        "index.html.br",
        "index.html.gz",
    } <= names
    assert f"incidents/{story.open}/index.html" in names
    assert not [name for name in names if name.endswith("keydesk-new")]


async def test_a_plain_file_server_shows_the_page_while_keydesk_is_dead(
    desk: Desk, story: Story, tmp_path: Path
) -> None:
    """After Keydesk has stopped, a server that knows nothing of it serves the same documents from the folder."""
    settings = HttpSettings(public_folder=tmp_path)
    async with serving(desk, settings=settings) as served, httpx.AsyncClient(base_url=served.url) as client:
        paths = ["/", "/history/", "/uptime/", f"/incidents/{story.open}/", "/api/v2/summary.json", "/history.atom"]
        alive = {path: (await client.get(path)).content for path in paths}
        await eventually((tmp_path / "incidents" / story.resolved / "index.html").is_file)
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        async with httpx.AsyncClient(base_url=base) as client:
            for path, body in alive.items():
                assert (await client.get(path)).content == body, path
            style = alive["/"].decode().split('rel="stylesheet" href="')[1].split('"')[0]
            assert (await client.get(style)).headers["content-type"] == "text/css"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_what_is_gone_goes_and_what_is_not_ours_stays(writer: Writer, desk: Desk, story: Story) -> None:
    """A deleted incident leaves the folder, old stylesheets too; files of others are never touched."""
    change_page(desk, story.page, configuration={"css_greens": "00aa00"})
    writer.write()
    (writer.folder / "mine.txt").write_text("kept")
    [style] = [path for path in writer.site.cache.shared if path.startswith("/assets/style-")][:1]
    assert style.removeprefix("/") in writer.write()
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.resolved))
    change_page(desk, story.page, configuration={"css_greens": "123456"})
    names = writer.write()
    assert f"incidents/{story.resolved}/index.html" not in names
    assert f"incidents/{story.resolved}/index.html.br" not in names
    assert style.removeprefix("/") not in names
    assert writer.read("mine.txt") == "kept"


def test_old_incidents_are_there_and_follow_changes(
    writer: Writer, desk: Desk, story: Story, clock: HeldClock
) -> None:
    """What lies years back is written too, changes when its postmortem is published, and goes when it is deleted."""
    clock.advance(timedelta(days=800))
    open_later(desk, story.page, 120)
    old = f"incidents/{story.resolved}/index.html"
    names = writer.write()
    assert old in names
    assert f"/incidents/{story.resolved}/" not in writer.site.cache.shared
    assert "history/2026-02/index.html" in names
    assert len([name for name in names if name.startswith("incidents/") and name.endswith(".html")]) == 125
    clock.advance(minutes=1)

    def review(tx: object) -> None:
        write_postmortem(tx, story.resolved, "A **fuse** blew.")  # type: ignore[arg-type]
        publish_postmortem(tx, story.resolved)  # type: ignore[arg-type]

    desk.write_now(ACTOR, review)
    writer.write()
    assert "<strong>fuse</strong>" in writer.read(old)
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.resolved))
    assert old not in writer.write()


def test_incidents_that_become_old_stay(writer: Writer, desk: Desk, story: Story, clock: HeldClock) -> None:
    """A file that was written while its incident was recent is still there when it is not."""
    writer.write()
    clock.advance(timedelta(days=200))
    open_later(desk, story.page, 60)
    assert f"incidents/{story.resolved}/index.html" in writer.write()


def test_a_second_start_writes_nothing_twice(writer: Writer, desk: Desk) -> None:
    """A new process takes over the folder: same files, untouched where they are right, healed where they are not."""
    before = writer.write()
    stamps = {path: path.stat().st_mtime_ns for path in writer.folder.rglob("*.json")}
    (writer.folder / "index.html").write_text("damaged")
    (writer.folder / ".index.html.0000.keydesk-new").write_text("left behind by a kill")
    again = Writer(desk, writer.folder)
    assert again.write() == before
    assert {path: path.stat().st_mtime_ns for path in writer.folder.rglob("*.json")} == stamps
    assert again.read("index.html").startswith("<!doctype html>")


def test_a_folder_that_cannot_be_written_is_told_of_and_tried_again(desk: Desk, story: Story, tmp_path: Path) -> None:
    """Readers get their documents from memory all the same; once the folder can be written, everything is there."""
    (tmp_path / "taken").write_text("a file where the folder should be")
    writer = Writer(desk, tmp_path / "taken")
    with capture_logs() as logs:
        for _ in range(3):
            writer.site.refresh()
            assert not writer.site.catch_up()
            assert writer.export.is_behind
        assert writer.site.cache.find("", "/") is not None
        (tmp_path / "taken").unlink()
        names = writer.write()
    assert [entry["event"] for entry in logs] == ["public_folder_not_written", "public_folder_written_again"]
    assert {"index.html", f"incidents/{story.resolved}/index.html"} <= names
    assert not writer.export.is_behind


def test_a_full_disk_leaves_what_is_there(writer: Writer, desk: Desk, story: Story) -> None:
    """Where no file can become large, the folder keeps its last edition, whole; then it gets the new one."""
    writer.write()
    before = _contents(writer.folder)
    open_incident(desk, story.page, "Late letters")
    with capture_logs() as logs, full_disk():
        writer.write()
    assert [entry["event"] for entry in logs] == ["public_folder_not_written"]
    assert b"Late letters" in writer.site.cache.shared["/"].body
    during = _contents(writer.folder)
    assert {name: during.get(name) for name in before} == before
    writer.write()
    assert "Late letters" in writer.read("index.html")


def test_a_full_disk_keeps_nothing_that_is_gone(
    writer: Writer, desk: Desk, story: Story, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted incident goes from every file, though none can be written; nothing is rendered anew for it meanwhile,
    `/readyz` says so, and once there is room everything is there."""
    clock.advance(timedelta(days=800))
    writer.write()
    rendered: list[Month] = []

    def render(place: Rendered, month: Month, rows: list[IncidentView]) -> Document:
        rendered.append(month)
        return render_month(place, month, rows)

    monkeypatch.setattr(archive, "render_month", render)
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.resolved))
    with capture_logs(), full_disk(10):
        writer.write()
        assert _showing(writer.folder, story.resolved) == []
        assert (writer.export.find_problem() or "").endswith("documents could not be written: File too large")
        months = len(rendered)
        for _ in range(3):
            writer.write()
    assert len(rendered) == months
    writer.write()
    assert writer.export.find_problem() is None
    assert _contents(writer.folder) == _contents_of_another(desk, writer.folder)


def test_a_page_that_is_not_for_everybody_any_more_goes(writer: Writer, desk: Desk, story: Story) -> None:
    """With all its past, before anything else is written, also where nothing can be."""
    writer.write()
    change_page(desk, story.page, configuration={"viewers_must_be_team_members": True})
    with capture_logs(), full_disk(10):
        writer.site.refresh()
        assert _showing(writer.folder, story.resolved) == []
        assert not list(writer.folder.rglob("history/*"))


@pytest.mark.parametrize("change", [{"viewers_must_be_team_members": True}, {"hidden_from_search": True}])
def test_a_page_that_leaves_the_list_of_pages_goes_from_it(
    writer: Writer, desk: Desk, story: Story, change: dict[str, object]
) -> None:
    """Where the new list cannot be written, there is none; a list that lacks nothing but news stays."""
    with desk.database.write() as session:
        other = add_page(session, desk.clock.now(), name="Plans of a merger", subdomain="merger").id
        add_page(session, desk.clock.now(), name="Third", subdomain="third")
    writer.write()
    change_page(desk, story.page, name="Acme, with a new name")
    with capture_logs(), full_disk(10):
        writer.write()
    assert "index.html" in _showing(writer.folder, "Plans of a merger")
    change_page(desk, other, configuration=change)
    with capture_logs(), full_disk(10):
        writer.write()
    assert "index.html" not in _showing(writer.folder, "Plans of a merger")
    writer.write()
    assert "Third" in writer.read("index.html")


def test_what_cannot_be_removed_is_told_and_tried_again(writer: Writer, desk: Desk, story: Story) -> None:
    """By `/readyz`, until it is gone."""
    writer.write()
    link = writer.folder / "incidents" / story.resolved / "index.html"
    link.unlink()
    link.mkdir()
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.resolved))
    writer.write()
    assert (writer.export.find_problem() or "").startswith("1 that are gone could not be removed")
    link.rmdir()
    writer.write()
    assert writer.export.find_problem() is None


@pytest.mark.parametrize(
    "there",
    [
        {"index.html": "mine"},
        {".keydesk": "# of another\n"},
        {"index.html": "mine", ".keydesk": ""},
        {"index.html": "mine", ".keydesk": "history.rss\n"},
    ],
    ids=str,
)
def test_a_folder_of_somebody_else_is_refused(writer: Writer, there: dict[str, str]) -> None:
    """One with a page in it, whatever list of ours lies beside it, or in which another Keydesk writes, stays as it
    is."""
    writer.folder.mkdir()
    for name, text in there.items():
        (writer.folder / name).write_text(text)
    with pytest.raises(OccupiedFolderError):
        writer.write()
    assert {path.name: path.read_text() for path in writer.folder.iterdir()} == there


def test_files_of_others_in_our_way_stay(writer: Writer, desk: Desk, story: Story, tmp_path: Path) -> None:
    """Files, links, linked folders and another Keydesk's folder: nothing is written over or through them, the rest of
    the page is there, and what is missing is told."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    writer.folder.mkdir()
    (writer.folder / "history.rss").write_text("mine")
    (writer.folder / "badge.svg").symlink_to(elsewhere / "badge.svg")
    (writer.folder / "uptime").symlink_to(elsewhere)
    (writer.folder / "api").mkdir()
    (writer.folder / "api" / ".keydesk").write_text("# of another\n")
    names = writer.write()
    assert "index.html" in names
    assert writer.read("history.rss") == "mine"
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in (writer.folder / "api").iterdir()] == [".keydesk"]
    assert "a file that is not Keydesk's is in the way" in (writer.export.find_problem() or "")
    (writer.folder / "history.rss").unlink()
    writer.write()
    assert writer.read("history.rss").startswith("<?xml")


def test_a_file_of_ours_that_became_a_link_is_a_file_again(writer: Writer, desk: Desk, tmp_path: Path) -> None:
    """What it pointed at is not touched."""
    writer.write()
    mine = tmp_path / "mine.html"
    mine.write_text("mine")
    (writer.folder / "index.html").unlink()
    (writer.folder / "index.html").symlink_to(mine)
    Writer(desk, writer.folder).write()
    assert mine.read_text() == "mine"
    assert not (writer.folder / "index.html").is_symlink()


def test_stylesheets_stay_until_nothing_old_needs_them(
    writer: Writer, desk: Desk, story: Story, clock: HeldClock
) -> None:
    """After a change of colours, a permalink of years ago finds its stylesheet at every moment."""
    clock.advance(timedelta(days=800))
    open_later(desk, story.page, 60)
    change_page(desk, story.page, configuration={"css_greens": "00aa00"})
    writer.write()
    change_page(desk, story.page, configuration={"css_greens": "123456"})
    writer.site.refresh()
    styles = []
    while True:
        style = (
            writer.read(f"incidents/{story.resolved}/index.html").split('rel="stylesheet" href="/')[1].split('"')[0]
        )
        assert (writer.folder / style).is_file()
        styles.append(style)
        if not writer.site.catch_up():
            break
    assert styles[0] != styles[-1]
    assert not (writer.folder / styles[0]).exists()


def test_readers_see_whole_files_only(writer: Writer, desk: Desk, story: Story) -> None:
    """However often a file is replaced, whoever reads it gets one edition, whole."""
    writer.write()
    stop, broken = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            text = writer.read("index.html")
            if not (text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")):
                broken.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for index in range(15):
        open_incident(desk, story.page, f"Again {index}")
        writer.site.refresh()
    stop.set()
    reader.join()
    assert broken == []


def _has_reached(writer: Writer, edition: int) -> bool:
    found = re.search(r"Edition (\d+)", writer.read("index.html"))
    return found is not None and int(found.group(1)) >= edition


def test_a_kill_leaves_whole_files(
    writer: Writer, desk: Desk, story: Story, database_url: str, tmp_path: Path
) -> None:
    """Killed at any instant, the folder has whole files only; the next start finishes them and clears up."""
    writer.write()
    for enough in (3, 11):
        process = Fork(writing_process.main, database_url, str(writer.folder), story.page)
        wait_until(partial(_has_reached, writer, enough), 60)
        process.kill()
        process.wait()
        for page in writer.folder.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert text.startswith("<!doctype html>"), page
            assert text.rstrip().endswith("</html>"), page
        for document in writer.folder.rglob("*.json"):
            json.loads(document.read_bytes())
    names = Writer(desk, writer.folder).write()
    assert not [name for name in names if name.endswith("keydesk-new")]
    shown = writer.read("index.html")
    assert writer.site.cache.shared["/"].body != shown.encode()
    writer.site.refresh()
    assert writer.site.cache.shared["/"].body == shown.encode()


def test_a_kill_at_any_step_is_made_up_for(
    writer: Writer, desk: Desk, story: Story, database_url: str, tmp_path: Path
) -> None:
    """Killed between the commit and the last file, wherever that is: no half file, and the next start puts all right.

    The commit changes a text, takes an incident away and gives the page new colours, so that files are written,
    replaced and removed.
    """
    writer.write()
    before = _contents(writer.folder)

    def publish(tx: Transaction) -> None:
        update_incident(tx, story.open, IncidentChange(body="Nearly there."))
        delete_incident(tx, story.resolved)

    desk.write_now(ACTOR, publish)
    change_page(desk, story.page, configuration={"css_greens": "123456"})
    dying = Fork(dying_process.main, database_url, str(writer.folder), str(tmp_path / "copies"), "7", heard=True)
    assert dying.stdout is not None
    said = dying.stdout.read()
    assert dying.wait(120) == 0, said
    after = _contents(tmp_path / "copies" / "0")
    assert int(said) > 100
    assert f"incidents/{story.resolved}/index.html" in before.keys() - after.keys()
    for copy in (tmp_path / "copies").iterdir():
        for name, content in _contents(copy).items():
            assert content in (before.get(name), after.get(name)), (copy.name, name)
        for name in before.keys() & after.keys():
            assert (copy / name).is_file(), (copy.name, name)
        again = Writer(desk, copy)
        again.write()
        assert _contents(copy) == after, copy.name
        assert not list(copy.rglob("*.keydesk-new"))
        assert (copy / "index.html").read_bytes() == again.site.cache.shared["/"].body


def _showing(folder: Path, word: str) -> list[str]:
    return [name for name, content in _contents(folder).items() if word in name or word.encode() in content]


def _contents_of_another(desk: Desk, folder: Path) -> dict[str, bytes]:
    """What a folder holds that begins now."""
    another = Writer(desk, folder.with_name("another"))
    another.write()
    return _contents(another.folder)


def _contents(folder: Path) -> dict[str, bytes]:
    """Everything that a file server would show."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
