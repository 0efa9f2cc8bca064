"""What is put into a database row by row is what the desk would have written there."""

from pathlib import Path

from desk.audit.chain import verify
from desk.transaction import Actor, Desk
from storage.signals import Topic
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.policies import policy_of
from tests.public_story import change_page, open_incident, write_story
from tests.written_once import read_rows

READER = Actor.operator("test")


def test_another_database_gets_the_same_rows_and_goes_on(sqlite_template: Path, tmp_path: Path) -> None:
    """Every row is there, whoever follows pages is told, and what is written next goes on from there."""
    seen = []
    told: list[frozenset[Topic]] = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        desk = Desk(open_database(copy_sqlite(sqlite_template, tmp_path / name)), HeldClock(), policy_of())
        desk.database.listen(told.append)
        story = write_story(desk, name="Written once")
        seen.append(read_rows(desk))
        open_incident(desk, story.page)
        change_page(desk, story.page, name="Another name")
        assert desk.read_now(READER, verify).is_intact
        desk.database.close()
    assert seen[0] == seen[1]
    assert sum(Topic.PAGES in topics for topics in told) == 6


def test_the_count_goes_on(desk: Desk) -> None:
    """On either database the next event has a number of its own."""
    story = write_story(desk)
    open_incident(desk, story.page)
    assert desk.read_now(READER, verify).is_intact
