"""Ninety days as bars."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.status_page.components import ComponentView
from desk.status_page.pages import PageView
from desk.status_page.uptime import Change
from handlers.http.public.bars import DAYS, Uptime, UptimeReader
from handlers.http.public.words import duration, percent
from storage.models import ComponentStatus
from tests.unit.handlers.http.public.test_sites import page

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WORST_FIRST = ["major", "partial", "degraded", "maintenance", "operational"]
LOOK = dict(zip(reversed(ComponentStatus), WORST_FIRST, strict=True))


def component(*changes: Change, **values: Any) -> ComponentView:
    """A component with a history."""
    defaults: dict[str, Any] = {
        "id": "component001",
        "page_id": "page00000001",
        "group_id": None,
        "group": False,
        "name": "Website",
        "description": None,
        "position": 1,
        "status": ComponentStatus.OPERATIONAL,
        "showcase": True,
        "only_show_if_degraded": False,
        "start_date": None,
        "created_at": NOW,
        "updated_at": NOW,
        "changes": changes,
    }
    return ComponentView(**(defaults | values))


def read(*changes: Change, zone: str = "UTC") -> Uptime:
    """The uptime of a component with that history."""
    view = PageView(page=page("acme", time_zone=zone), components=(), incidents=(), first_incident_at=None)
    return UptimeReader(view, NOW).read(component(*changes))


def test_days_look_like_their_worst_moment() -> None:
    """A day with an hour of partial outage is one, with the duration in words; others are quiet."""
    at = datetime(2026, 2, 20, 10, tzinfo=UTC)
    uptime = read(
        Change(NOW - timedelta(days=100), ComponentStatus.OPERATIONAL),
        Change(at, ComponentStatus.DEGRADED_PERFORMANCE),
        Change(at + timedelta(minutes=10), ComponentStatus.PARTIAL_OUTAGE),
        Change(at + timedelta(minutes=75), ComponentStatus.OPERATIONAL),
    )
    assert len(uptime.bars) == DAYS
    [trouble] = uptime.troubles
    assert (trouble.day, trouble.look) == (date(2026, 2, 20), "partial")
    assert trouble.words == "20 February 2026: partial outage 1 h 5 min, degraded performance 10 min"
    assert uptime.words == "99.98 %"
    assert uptime.summary == "99.98 % uptime over 90 days, 1 day with something to tell"


def test_before_its_first_day_nothing_is_known() -> None:
    """A component that is ten days old has ten known days, and its uptime is of those."""
    uptime = read(Change(NOW - timedelta(days=9), ComponentStatus.OPERATIONAL))
    assert [bar.look for bar in uptime.bars].count("unknown") == 80
    assert uptime.summary == "100 % uptime over 10 days, every day without trouble"
    today = read(Change(NOW - timedelta(hours=2), ComponentStatus.OPERATIONAL))
    assert today.summary == "100 % uptime over 1 day, every day without trouble"


def test_days_are_those_of_the_page_s_zone() -> None:
    """What happened at 23:30 UTC was on the next day in Zurich."""
    at = datetime(2026, 2, 20, 23, 30, tzinfo=UTC)
    history = (
        Change(NOW - timedelta(days=100), ComponentStatus.OPERATIONAL),
        Change(at, ComponentStatus.MAJOR_OUTAGE),
        Change(at + timedelta(minutes=20), ComponentStatus.OPERATIONAL),
    )
    assert [bar.day for bar in read(*history).troubles] == [date(2026, 2, 20)]
    assert [bar.day for bar in read(*history, zone="Europe/Zurich").troubles] == [date(2026, 2, 21)]


changes = st.lists(
    st.tuples(st.integers(0, 100 * 24 * 60), st.sampled_from(list(ComponentStatus))),
    max_size=20,
    unique_by=lambda change: change[0],
).map(lambda found: [Change(NOW - timedelta(minutes=ago), status) for ago, status in sorted(found, reverse=True)])


@given(history=changes)
def test_bars_agree_with_a_look_at_every_change(history: list[Change]) -> None:
    """Each day shows the worst state that the component was in at any instant of it, and unknown before the first."""
    uptime = read(*history)
    for bar in uptime.bars:
        start = datetime.combine(bar.day, datetime.min.time(), UTC)
        end = min(start + timedelta(days=1), NOW)
        seen = [change.status for change in history if start <= change.at < end and change.at < NOW]
        before = [change.status for change in history if change.at <= start]
        looks = {LOOK[status] for status in [*before[-1:], *seen]}
        assert bar.look == min(looks, key=WORST_FIRST.index, default="unknown")


@given(share=st.floats(0, 1))
def test_only_what_was_never_down_is_a_hundred(share: float) -> None:
    """Uptime is cut, never rounded up."""
    shown = float(percent(share).removesuffix(" %"))
    assert (shown == 100) == (share == 1)
    assert shown / 100 <= share + 1e-8


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (10, "under a minute"),
        (60, "1 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
        (0, "under a minute"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    """Days, hours and minutes, those that are there."""
    assert duration(seconds) == words
