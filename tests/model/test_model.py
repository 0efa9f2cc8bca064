"""A bounded sample of what `make soak` plays."""

from pathlib import Path

from tests.model.playing import play


def test_the_whole_desk_holds_its_promises(sqlite_template: Path, tmp_path: Path) -> None:
    """Whatever people, Slack, clients and time do in whatever order, what must hold holds after each step."""
    play(sqlite_template, tmp_path, lives=20, steps=30)
