"""A bounded sample of what `make soak-desk` plays."""

from pathlib import Path

from tests.machines import as_dealt
from tests.model.playing import play

REACHES = 20
"""How many different events the sample records at least: lives in which nothing happens prove nothing."""


def test_the_whole_desk_holds_its_promises(sqlite_template: Path, tmp_path: Path) -> None:
    """Whatever people, Slack, clients and time do in whatever order, what must hold holds after each step."""
    reached = play(sqlite_template, tmp_path, as_dealt(lives=6, steps=30))
    assert len(reached) >= REACHES, reached
