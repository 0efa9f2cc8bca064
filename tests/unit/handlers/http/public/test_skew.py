"""Replicas whose clocks are apart show the same page."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from desk.status_page.pages import TICK
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Desk, Transaction, pages_changed
from handlers.http.app import create_http_app
from handlers.http.public.bars import Uptime, UptimeReader
from storage.models import Component, ComponentStatus, ComponentStatusChange, Page
from tests.clock import HeldClock
from tests.factories import add_component
from tests.public_story import ACTOR, Story, open_incident

SKEWS = (-15, -0.02, 15)
"""Seconds, up to what is promised."""
SHOWN_BY_THE_TICK = ("as of", "today's bar", "today's share", "the day and the month that it is")
"""What may follow from the clock of whoever renders: a clock that is ahead passes the five-minute tick before others.

A change is shown as of its own instant, by every clock.
"""


def documents_of(desk: Desk, now: datetime) -> Mapping[str, bytes]:
    """Every document that a replica shows whose clock says that it is `now`."""
    public = create_http_app(Desk(desk.database, HeldClock(now), desk.policy)).public
    public.refresh()
    return {path: document.body for path, document in public.cache.shared.items()}


def add_young_component(desk: Desk, page_id: str) -> str:
    """A component that never had an outage, made a year ago; gives its id."""

    def write(tx: Transaction) -> str:
        row = add_component(
            tx.session, tx.session.get_one(Page, page_id), tx.now - timedelta(days=365), name="Mail", position=9
        )
        pages_changed(tx)
        return row.id

    return desk.write_now(ACTOR, write)


@pytest.fixture(
    params=[
        datetime(2026, 3, 18, 9, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 18, 9, 5, 3, tzinfo=UTC),
        # The turn of a month in Zurich, where the page is.
        datetime(2026, 3, 31, 22, 0, 4, tzinfo=UTC),
    ],
    ids=["within a tick", "just after a tick", "a new month"],
)
def changed_at(request: pytest.FixtureRequest, story: Story, clock: HeldClock) -> Iterator[datetime]:
    """When the clock of whoever writes says that something changed."""
    clock.set(request.param)
    yield request.param


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_display_follows_from_whose_clock_is_ahead(desk: Desk, story: Story, changed_at: datetime) -> None:
    """A first outage, a new component, a new incident, all of this instant: a replica whose clock is up to 15 seconds
    behind or ahead shows every document, byte by byte, as the one that wrote them."""
    mail = add_young_component(desk, story.page)
    open_incident(desk, story.page, "No mail", components={mail: ComponentStatus.MAJOR_OUTAGE})
    right = documents_of(desk, changed_at)
    assert b"No mail" in right["/"]
    for skew in SKEWS:
        now = changed_at + timedelta(seconds=skew)
        # A clock that is ahead and past the next tick shows what all show from then on.
        assert now < changed_at or _tick(now) == _tick(changed_at), SHOWN_BY_THE_TICK
        seen = documents_of(desk, now)
        assert seen.keys() == right.keys(), skew
        assert [path for path in right if seen[path] != right[path]] == [], skew


def uptime_of(desk: Desk, component_id: str, now: datetime) -> Uptime:
    """What a replica shows of a component whose clock says that it is `now`."""

    def read(tx: Transaction) -> Uptime:
        [page] = list_public_pages(tx.session)
        view = read_page_view(tx.session, page, now)
        [component] = [row for row in view.components if row.id == component_id]
        return UptimeReader(view, view.as_of(now)).read(component)

    return desk.read_now(ACTOR, read)


def test_the_first_outage_is_no_ninety_days_of_outage(desk: Desk, story: Story, clock: HeldClock) -> None:
    """By a clock that is two hundredths of a second behind, a component that was well for a year still was."""
    mail = add_young_component(desk, story.page)
    clock.advance(minutes=7)
    open_incident(desk, story.page, "No mail", components={mail: ComponentStatus.MAJOR_OUTAGE})
    for behind in (0, 0.02, 15):
        uptime = uptime_of(desk, mail, clock.now() - timedelta(seconds=behind))
        assert (uptime.words, uptime.troubles) == ("100 %", ()), behind
    later = uptime_of(desk, mail, clock.now() + timedelta(hours=2))
    assert len(later.troubles) == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=3), timedelta(days=14), timedelta(days=800)])
def test_a_clock_that_was_far_ahead_makes_no_past(
    desk: Desk, story: Story, clock: HeldClock, ahead: timedelta
) -> None:
    """An outage that a wrong clock wrote is one of now: the past stays as it was, and no day to come is shown."""
    mail = add_young_component(desk, story.page)
    now = clock.now()

    def write(tx: Transaction) -> None:
        tx.session.get_one(Component, mail).status = ComponentStatus.MAJOR_OUTAGE
        down = ComponentStatusChange(component_id=mail, at=now + ahead, status=ComponentStatus.MAJOR_OUTAGE, actor="")
        tx.session.add(down)

    desk.write_now(ACTOR, write)
    uptime = uptime_of(desk, mail, now)
    assert uptime.troubles == ()
    assert uptime.bars[-1].day == now.date()


def _tick(at: datetime) -> float:
    return at.timestamp() // TICK.total_seconds()
