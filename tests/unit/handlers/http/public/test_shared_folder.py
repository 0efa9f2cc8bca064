"""Replicas of one Keydesk write into one public folder: what one has written is every other's, too."""

import os
import time
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from desk.incidents.incidents import delete_incident
from desk.transaction import Desk
from handlers.http.public.export import FolderExport
from handlers.http.public.serving import PublicSite
from tests.forking import Fork
from tests.public_story import Story, change_page, open_incident
from tests.unit.handlers.http.conftest import ACTOR
from tests.unit.handlers.http.public import sharing_process
from tests.unit.handlers.http.public.sharing_process import ROUNDS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Replica:
    """One that writes when the test says so."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.folder = folder
        self.export = FolderExport(folder, "one")
        self.site = PublicSite(desk, monotonic=lambda: 0.0, export=self.export)

    def write(self) -> None:
        """Render and write everything."""
        self.site.refresh()
        while self.site.catch_up():
            pass

    def listed(self) -> set[str]:
        """What the folder says of itself."""
        return set((self.folder / ".keydesk").read_text().splitlines()[1:])


@pytest.fixture
def replicas(desk: Desk, story: Story, tmp_path: Path) -> list[Replica]:
    """Two that have both written the present state."""
    both = [Replica(desk, tmp_path / "public") for _ in range(2)]
    for replica in both:
        replica.write()
    return both


def test_what_another_replica_has_written_is_not_in_the_way(
    replicas: list[Replica], desk: Desk, story: Story
) -> None:
    """A new incident is written by whoever comes first, and over that, in a later edition, by the other."""
    first, second = replicas
    new = open_incident(desk, story.page, name="Quite new")
    with capture_logs() as logs:
        second.write()
        change_page(desk, story.page, name="Another name")
        first.write()
    assert logs == []
    assert first.export.find_problem() is None
    assert "Another name" in (first.folder / "incidents" / new / "index.html").read_text(encoding="utf-8")


def test_no_replica_takes_the_names_of_another_from_the_list(
    replicas: list[Replica], desk: Desk, story: Story
) -> None:
    """Whoever starts next knows every file of ours, whoever wrote the list last."""
    first, second = replicas
    new = open_incident(desk, story.page, name="Quite new")
    first.write()
    second.export.keep_only([])
    change_page(desk, story.page, configuration={"css_greens": "123456"})
    second.export._list(second.export._names())
    assert f"incidents/{new}/index.html" in first.listed()


def test_what_a_dead_replica_left_is_removed_by_another(replicas: list[Replica], desk: Desk, story: Story) -> None:
    """It wrote of an incident that is gone before anybody else had seen it; not at once, as it may live."""
    first, second = replicas
    new = open_incident(desk, story.page, name="Quite new")
    second.write()
    desk.write_now(ACTOR, partial(delete_incident, incident_id=new))
    left = first.folder / "incidents" / new / "index.html"
    first.write()
    assert left.is_file()
    os.utime(left, (time.time() - 100,) * 2)
    change_page(desk, story.page, name="Another name")
    first.write()
    assert not left.exists()
    assert f"incidents/{new}/index.html" not in first.listed()


def test_two_processes_write_into_one_folder(desk: Desk, story: Story, database_url: str, tmp_path: Path) -> None:
    """At once, again and again: nothing is in the way, every file is listed, and the last edition stays."""
    folder = tmp_path / "public"
    forks = [
        Fork(sharing_process.main, database_url, str(folder), story.page, name, heard=True) for name in ("A", "B")
    ]
    said = [fork.stdout.read() for fork in forks if fork.stdout is not None]
    assert [fork.wait(60) for fork in forks] == [0, 0], said
    last = Replica(desk, folder)
    last.write()
    assert last.export.find_problem() is None
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    plain = {name.removesuffix(".gz").removesuffix(".br") for name in files}
    assert plain == last.listed() | {".keydesk"}
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text == last.site.cache.shared["/"].body.decode()
    for name in "AB":
        assert all(f"{name} {count}" in text for count in range(ROUNDS))
