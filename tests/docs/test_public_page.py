"""The web server that docs/public-page.md describes, as a real nginx before a real Keydesk."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from desk.transaction import Desk
from tests.forking import Fork
from tests.nginx import Nginx, nginx_running
from tests.places import find_place
from tests.ports import free_port
from tests.public_story import Story, write_story
from tests.scenario import serving_process
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "public-page.md"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx, and whoever reads from it."""

    client: httpx.Client
    nginx: Nginx

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Read an address."""
        return self.client.get(path, headers=headers)


def read_configuration() -> str:
    """What the page tells people to write."""
    [said] = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(said)


def folder_alone(said: str) -> str:
    """The configuration changed as the page says for serving from the folder alone."""
    for begin in ("    location / {", "    location ~ ^/(v1|slack)/ {"):
        start = said.index(begin)
        said = said[:start] + said[said.index("\n    }\n", start) + 7 :]
    return said.replace("location @folder", "location /")


@contextmanager
def front(said: str, work: Path, public: Path, keydesk: str) -> Iterator[Front]:
    """nginx with the configuration of the page, on ports and paths of the test."""
    port = free_port()
    for given, ours in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("/srv/keydesk/public;", f"{public};"),
        ("127.0.0.1:3000", keydesk),
    ):
        assert given in said or given == "127.0.0.1:3000", f"the page no longer says {given}"
        said = said.replace(given, ours)
    with nginx_running(said, port, work) as nginx, httpx.Client(base_url=nginx.url) as client:
        yield Front(client, nginx)


@contextmanager
def keydesk(database_url: str, public: Path) -> Iterator[tuple[str, Fork]]:
    """Keydesk in a process of its own: where it answers, and the process."""
    process = Fork(serving_process.main, database_url, "1", str(public), heard=True)
    assert process.stdout is not None
    try:
        yield f"127.0.0.1:{process.stdout.readline().strip()}", process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def story(desk: Desk) -> Story:
    """A page with something of every kind."""
    return write_story(desk)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that nginx's worker may read too, which is somebody else where root starts it. Not one of pytest's:
    every run that begins, one of another checkout too, closes the folder above them to others again."""
    with tempfile.TemporaryDirectory(prefix="keydesk-nginx-", dir=find_place()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_the_documented_nginx_outlives_keydesk(story: Story, database_url: str, place: Path) -> None:
    """Killed without warning, Keydesk leaves a page on which everything reads as before, down to its headers."""
    public = place / "public"
    paths = ["/", "/history", "/history/2026-02/", "/uptime/", f"/incidents/{story.open}", "/api/v2/summary.json"]
    paths += ["/history.atom", "/history.rss", "/maintenances.ics", "/badge.svg", "/embed.js", "/robots.txt"]
    with keydesk(database_url, public) as (address, process):
        # What is past is written after what is shown now, month by month.
        for written in (f"incidents/{story.resolved}", "history/2026-02"):
            wait_until((public / written / "index.html").is_file)
        with front(read_configuration(), place / "nginx", public, address) as before:
            paths.append(re.findall(r"/assets/style-\w+\.css", before.get("/").text)[0])
            alive = {path: before.get(path) for path in paths}
            process.kill()
            process.wait()
            check_folder(before, alive)
            assert before.get("/v1/pages").status_code == 502
            assert "warn" not in before.nginx.complaints()
    with front(folder_alone(read_configuration()), place / "alone", public, "") as after:
        check_folder(after, alive)


def check_folder(front: Front, alive: dict[str, httpx.Response]) -> None:
    """Everything that was read before, read again."""
    usual = ("content-type", "cache-control", "x-content-type-options")
    for path, before in alive.items():
        now = front.get(path)
        assert (now.status_code, now.content) == (200, before.content), path
        # What is too short to be packed has one form only.
        same = (*usual, "vary") if "content-encoding" in before.headers else usual
        said = {name: now.headers.get(name, "").lower() for name in same}
        assert said == {name: before.headers.get(name, "").lower() for name in same}, path
        assert now.headers["access-control-allow-origin"] == "*"
        assert front.get(path, **{"If-None-Match": now.headers["etag"]}).status_code == 304, path
        assert front.client.head(path).status_code == 200
    assert front.get("/").headers["content-encoding"] == "gzip"
    assert front.get("/").headers["content-security-policy"] == alive["/"].headers["content-security-policy"]
    for nowhere in ("/incidents/zzzzzzzzzzzz/", "/nothing", "/.keydesk", "/_hosts/status.acme.example/index.html"):
        answer = front.get(nowhere)
        assert (answer.status_code, "Nothing here" in answer.text) == (404, True), nowhere
