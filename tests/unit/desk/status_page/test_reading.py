"""What the public sees, read at a cost that does not grow with the age of the page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from desk.incidents.incidents import create_incident, delete_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.status_page.marks import read_archive_mark
from desk.status_page.months import Month, recent_months
from desk.status_page.pages import PageView
from desk.status_page.reading import (
    RECENT,
    find_incident_view,
    list_public_pages,
    read_page_view,
    read_period,
)
from desk.status_page.uptime import Change
from desk.transaction import Actor, Desk, Transaction
from storage.models import Component, ComponentStatus, ComponentStatusChange, Incident, IncidentStatus, IncidentUpdate
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import add_component, add_page
from tests.public_story import write_story

ACTOR = Actor.operator("test")


def view_of(desk: Desk, before: PageView | None = None) -> PageView:
    """The only page as the public sees it now."""

    def read(tx: Transaction) -> PageView:
        [page] = list_public_pages(tx.session)
        return read_page_view(tx.session, page, tx.now, before)

    return desk.read_now(ACTOR, read)


@contextmanager
def counting(desk: Desk) -> Iterator[list[str]]:
    """The statements that are sent within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(desk.database.engine, "before_cursor_execute", note)


def test_what_is_retired_is_of_the_past_alone(desk: Desk) -> None:
    """It is neither shown nor counted, and incidents that were about it are so still."""
    story = write_story(desk)
    before = view_of(desk)
    api = story.components["API"]
    about = [row.id for row in before.history if api in row.component_ids]
    with desk.database.write() as session:
        session.get_one(Component, api).retired_at = desk.clock.now()
    view = view_of(desk)
    assert [row.name for row in view.components] == ["Website", "Europe", "Search"]
    assert [row.name for row in view.retired] == ["API"]
    assert [row.id for row in view.history if api in row.component_ids] == about != []
    assert len(view.leaves) == 2


@both_databases
def test_everything_that_a_page_shows(desk: Desk) -> None:
    """Components in order, what is open and planned, what is over, with updates and components."""
    story = write_story(desk)
    view = view_of(desk)
    assert [row.name for row in view.components] == ["Website", "Europe", "API", "Search"]
    assert [row.id for row in view.open_incidents] == [story.open]
    assert [row.id for row in view.active] == [story.active]
    assert [row.id for row in view.upcoming] == [story.upcoming]
    assert [row.id for row in view.history] == [story.open, story.active, story.completed, story.resolved]
    [opened] = view.open_incidents
    assert opened.component_ids == (story.components["API"],)
    assert [update.body for update in opened.updates] == ["Still looking.", "We see it.\n\nMore *soon*."]
    assert view.first_incident_at == desk.clock.now() - timedelta(days=7)


def test_a_change_costs_what_changed(desk: Desk) -> None:
    """Of the incidents of the view before, those that changed are read again, with what was said of them, and the
    others are the same objects; what a component is called and where it stands is seen of all."""
    story = write_story(desk)
    before = view_of(desk)

    def loaded(view: PageView | None) -> tuple[PageView, set[str]]:
        read: set[str] = set()

        def note(row: IncidentUpdate, *_rest: Any) -> None:
            read.add(row.incident_id)

        event.listen(IncidentUpdate, "load", note)
        try:
            return view_of(desk, view), read
        finally:
            event.remove(IncidentUpdate, "load", note)

    assert loaded(before) == (before, set())
    desk.write_now(ACTOR, lambda tx: update_incident(tx, story.open, IncidentChange(body="Nearly.")))
    after, read = loaded(before)
    assert read == {story.open}
    assert after == view_of(desk) != before
    unchanged = {id(row) for row in before.history if row.id != story.open}
    assert {id(row) for row in after.history if row.id != story.open} == unchanged
    with desk.database.write() as session:
        session.get_one(Component, story.components["API"]).retired_at = desk.clock.now()
    moved, read = loaded(after)
    assert read == set()
    assert moved == view_of(desk)
    desk.write_now(ACTOR, lambda tx: delete_incident(tx, story.open))
    assert loaded(moved) == (view_of(desk), set())


def test_a_restored_incident_of_the_same_version_is_read(desk: Desk, clock: HeldClock) -> None:
    """A database that was brought back may come to the same version by another change, at another time."""
    story = write_story(desk)
    before = view_of(desk)
    clock.advance(hours=1)
    with desk.database.write() as session:
        row = session.get_one(Incident, story.open)
        row.name, row.updated_at = "Another history", clock.now()
    assert view_of(desk, before) == view_of(desk) != before


def test_the_cost_does_not_grow_with_age(desk: Desk) -> None:
    """Years of incidents and state changes: as many statements as on the first day, and only rows that are shown."""
    story = write_story(desk)
    with counting(desk) as before:
        view_of(desk)

    def suffer(tx: Transaction, days: int) -> None:
        search = story.components["Search"]
        then = replace(tx, now=tx.now - timedelta(days=days))
        down = NewIncident(name=f"{days} days ago", components={search: ComponentStatus.MAJOR_OUTAGE})
        incident = create_incident(then, story.page, down)
        ended = replace(then, now=then.now + timedelta(hours=1))
        up = {search: ComponentStatus.OPERATIONAL}
        update_incident(ended, incident.id, IncidentChange(status=IncidentStatus.RESOLVED, components=up))

    for days in (*range(150 + 10 * RECENT, 150, -10), 7):
        desk.write_now(ACTOR, partial(suffer, days=days))
    with counting(desk) as after:
        view = view_of(desk)
    assert len(after) == len(before)
    assert len(view.realtime) == RECENT
    search = view.components[-1]
    # The state at the beginning of the window, and what happened within it.
    assert [change.status for change in search.changes] == [
        ComponentStatus.OPERATIONAL,
        ComponentStatus.MAJOR_OUTAGE,
        ComponentStatus.OPERATIONAL,
    ]


def history_of(desk: Desk, *changes: tuple[float, ComponentStatus], **values: Any) -> Sequence[Change]:
    """The history of one component that changed so many days ago; `values` are its own fields."""

    def write(tx: Transaction) -> None:
        page = add_page(tx.session, tx.now)
        component = add_component(tx.session, page, tx.now, **values)
        for days, status in changes:
            at = tx.now - timedelta(days=days)
            tx.session.add(ComponentStatusChange(component_id=component.id, at=at, status=status, actor="test"))

    desk.write_now(ACTOR, write)
    return view_of(desk).components[0].changes


def test_a_component_without_changes_is_as_it_is_since_it_was_made(desk: Desk) -> None:
    """Its first day counts from when it was made, or from its start date if that is earlier."""
    now = desk.clock.now()
    made = now - timedelta(days=20)
    found = history_of(desk, created_at=made, start_date=(now - timedelta(days=30)).date())
    assert [(change.at.date(), change.status) for change in found] == [
        ((now - timedelta(days=30)).date(), ComponentStatus.OPERATIONAL)
    ]


def test_a_component_that_began_in_trouble(desk: Desk) -> None:
    """Without a change its state has been what it is since it was made."""
    made = desk.clock.now() - timedelta(days=2)
    found = history_of(desk, created_at=made, status=ComponentStatus.MAJOR_OUTAGE)
    assert found[-1] == Change(made, ComponentStatus.MAJOR_OUTAGE)


def test_the_window_begins_with_the_state_before_it(desk: Desk) -> None:
    """A change of long ago still says how the first shown day began."""
    found = history_of(desk, (300, ComponentStatus.MAJOR_OUTAGE), (200, ComponentStatus.PARTIAL_OUTAGE))
    assert [change.status for change in found] == [ComponentStatus.PARTIAL_OUTAGE]


def test_a_history_is_the_same_until_something_happens(desk: Desk, clock: HeldClock) -> None:
    """Where a component was in a state before the window, its history does not move with the clock: it would be drawn
    anew at each look."""
    found = history_of(desk, (300, ComponentStatus.OPERATIONAL))
    clock.advance(timedelta(minutes=7))
    assert view_of(desk).components[0].changes == found


def test_pages_that_are_not_for_everybody(desk: Desk) -> None:
    """A page for team members, or for some addresses, is not public."""

    def write(tx: Transaction) -> list[str]:
        add_page(tx.session, tx.now, name="Open", subdomain="open")
        add_page(tx.session, tx.now, name="A", subdomain="a", configuration={"viewers_must_be_team_members": True})
        add_page(tx.session, tx.now, name="B", subdomain="b", configuration={"ip_restrictions": "192.0.2.1"})
        return [page.name for page in list_public_pages(tx.session)]

    assert desk.write_now(ACTOR, write) == ["Open"]


@both_databases
def test_what_lies_further_back(desk: Desk) -> None:
    """One incident or one month at a time; a maintenance belongs to the month for which it was planned."""
    story = write_story(desk)
    view = view_of(desk)
    now = desk.clock.now()

    def read(tx: Transaction) -> None:
        march, february = recent_months(now, view.zone, 2)
        period = read_period(tx.session, view, february.start, february.end)
        assert [row.id for row in period] == [story.completed, story.resolved]
        assert story.upcoming not in [row.id for row in read_period(tx.session, view, march.start, march.end)]
        found = find_incident_view(tx.session, view, story.resolved)
        assert found is not None
        assert found.name == "Orders fail"
        assert find_incident_view(tx.session, view, "nosuchincide") is None

    desk.read_now(ACTOR, read)


@both_databases
@pytest.mark.parametrize("is_maintenance", [False, True])
def test_a_period_begins_with_its_first_instant_and_ends_before_its_last(desk: Desk, is_maintenance: bool) -> None:
    """Whether it began then or was planned for then: it belongs to one month."""
    page = desk.write_now(ACTOR, lambda tx: add_page(tx.session, tx.now).id)
    view = view_of(desk)
    [month] = recent_months(desk.clock.now(), view.zone, 1)

    def begin(tx: Transaction, name: str, at: datetime) -> str:
        window = Schedule(scheduled_for=at, scheduled_until=at + timedelta(hours=1)) if is_maintenance else None
        status = IncidentStatus.COMPLETED if is_maintenance else IncidentStatus.RESOLVED
        new = NewIncident(name=name, status=status, schedule=window)
        return create_incident(replace(tx, now=at), page, new).id

    first = desk.write_now(ACTOR, partial(begin, name="first", at=month.start))
    desk.write_now(ACTOR, partial(begin, name="next", at=month.end))
    found = desk.read_now(ACTOR, lambda tx: read_period(tx.session, view, month.start, month.end))
    assert [row.id for row in found] == [first]


def test_the_mark_of_the_archive(desk: Desk) -> None:
    """It is another one after anything about any incident changed, and the same after nothing did."""
    story = write_story(desk)

    def mark(tx: Transaction) -> object:
        return read_archive_mark(tx.session, story.page)

    first = desk.read_now(ACTOR, mark)
    assert desk.read_now(ACTOR, mark) == first
    desk.write_now(ACTOR, lambda tx: update_incident(tx, story.resolved, IncidentChange(name="Renamed")))
    assert desk.read_now(ACTOR, mark) != first

    def replace_the_newest(tx: Transaction) -> tuple[object, object]:
        one = create_incident(tx, story.page, NewIncident(name="One"))
        before = mark(tx)
        delete_incident(tx, one.id)
        create_incident(tx, story.page, NewIncident(name="Two"))
        return before, mark(tx)

    before, after = desk.write_now(ACTOR, replace_the_newest)
    assert before != after


def test_months() -> None:
    """Months follow each other over the turn of the year, and begin in the page's zone."""
    zurich = ZoneInfo("Europe/Zurich")
    december = Month(2025, 12, zurich)
    assert str(december.next()) == "2026-01"
    assert december.next().previous() == december
    assert december.end.isoformat() == "2025-12-31T23:00:00+00:00"
