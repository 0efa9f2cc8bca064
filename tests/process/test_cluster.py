"""`make demo-cluster`, in small: three replicas behind nginx, of which one is killed at each step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from bot.demo.incident_chapter import IncidentChapter
from tests.cluster.__main__ import running, tour


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of the story of an incident."""

    whole: IncidentChapter

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """As far as the page shows it."""
        return self.whole.steps[:3]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_story_goes_on_while_replicas_are_killed(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An incident is written, published and read, though the replica whose turn it is dies as each step begins."""
    with running(database_url, anew=False, over_http=True) as cluster:
        assert tour(cluster, [Beginning(IncidentChapter(cluster.sandbox.url, cluster.url))]) == 3
    assert "Replica 3 is killed." in capsys.readouterr().out
