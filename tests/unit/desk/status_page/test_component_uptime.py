"""The uptime of components and groups over a range of days."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from desk.errors import InvalidInputError
from desk.status_page.component_uptime import Days, UptimeReport, decide_days, read_uptime
from desk.transaction import Desk
from storage.models import Component, ComponentStatus, ComponentStatusChange, Incident, IncidentComponent
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import add_component, add_page

TODAY = date(2026, 3, 2)
HOUR = timedelta(hours=1)
ADJUSTED = "date was adjusted to"


@pytest.mark.parametrize(
    ("start", "end", "started", "days"),
    [
        (None, None, None, (date(2025, 12, 2), TODAY)),
        (None, None, date(2026, 2, 1), (date(2026, 2, 1), TODAY)),
        (None, None, date(2020, 2, 1), (date(2025, 12, 2), TODAY)),
        ("2026-01", "2026-02", None, (date(2026, 1, 1), date(2026, 2, 28))),
        ("2025-12-24", "2025", None, (date(2025, 12, 24), date(2025, 12, 31))),
        ("2026", None, None, (date(2026, 1, 1), TODAY)),
        ("2025-09-02", None, None, (date(2025, 9, 2), TODAY)),
    ],
)
def test_days_that_are_meant(
    start: str | None, end: str | None, started: date | None, days: tuple[date, date]
) -> None:
    """A year or a month is all of it; without a start ninety days, or since the component was started."""
    assert decide_days(start, end, today=TODAY, started=started) == Days(*days)


@pytest.mark.parametrize(
    ("start", "end", "started", "days", "count"),
    [
        ("2026-01-01", "2026-12", None, (date(2026, 1, 1), TODAY), 1),
        ("2025-09-01", None, None, (date(2025, 9, 2), TODAY), 1),
        ("2020", None, date(2026, 2, 1), (date(2026, 2, 1), TODAY), 1),
        ("1960", "1970-02", None, (date(1970, 1, 1), date(1970, 2, 28)), 1),
        ("2024-01-01", "2024-08-31", None, (date(2024, 2, 29), date(2024, 8, 31)), 1),
        ("2030", "2031", None, (TODAY, TODAY), 1),
        (None, "2030", None, (date(2025, 12, 2), TODAY), 1),
        (None, "0001-01-01", None, (date(1970, 1, 1), date(1970, 1, 1)), 1),
        ("0001", "0001", None, (date(1970, 1, 1), date(1970, 1, 1)), 2),
    ],
)
def test_what_is_out_of_range_is_adjusted(
    start: str | None, end: str | None, started: date | None, days: tuple[date, date], count: int
) -> None:
    """To today, to when the component was started, to six months or to 1970, and a warning says so."""
    found = decide_days(start, end, today=TODAY, started=started)
    assert (found.first, found.last) == days
    assert [ADJUSTED in warning for warning in found.warnings] == [True] * count


@pytest.mark.parametrize(
    ("start", "end", "fields"),
    [
        ("soon", None, ["start"]),
        ("2026-2-1", "26", ["start", "end"]),
        ("2026-02-30", None, ["start"]),
        ("2026-02-01-03", None, ["start"]),
        ("2026-02-02", "2026-02-01", ["start"]),
        ("-026", None, ["start"]),
        ("２０２６", None, []),
    ],
)
def test_what_is_no_date(start: str, end: str | None, fields: list[str]) -> None:
    """It is refused beside what asked for it, all at once; an end before its start as well."""
    if not fields:
        decide_days(start, end, today=TODAY, started=None)
        return
    with pytest.raises(InvalidInputError) as refused:
        decide_days(start, end, today=TODAY, started=None)
    assert [one.field for one in refused.value.together] == fields


def _down(session: Session, row: Component, status: ComponentStatus, hours: int) -> None:
    """Some hours of it, ten days ago."""
    at = NOW - timedelta(days=10)
    for instant, state in ((at, status), (at + hours * HOUR, ComponentStatus.OPERATIONAL)):
        session.add(ComponentStatusChange(component_id=row.id, at=instant, status=state, actor="operator:ann"))
    session.flush()


@both_databases
def test_outages_are_counted(desk: Desk) -> None:
    """Of a component its own seconds and incidents; of a group those of all in it that show their uptime."""
    with desk.database.write() as session:
        page = add_page(session, NOW - timedelta(days=40))
        group = add_component(session, page, NOW, name="Core", group=True)
        made = NOW - timedelta(days=40)
        api, web, hidden = (
            add_component(session, page, made, name=name, group_id=group.id, position=place, showcase=name != "Old")
            for place, name in enumerate(("API", "Web", "Old"), start=1)
        )
        _down(session, api, ComponentStatus.MAJOR_OUTAGE, 2)
        _down(session, web, ComponentStatus.PARTIAL_OUTAGE, 4)
        _down(session, hidden, ComponentStatus.MAJOR_OUTAGE, 24)
        for number, (days_ago, until) in enumerate(((10, 9), (60, 50))):
            begun, ended = (NOW - timedelta(days=days) for days in (days_ago, until))
            incident = Incident(id=f"incident{number}000", number=number, page_id=page.id, name="Down", impact="none")
            incident.status, incident.shortlink, incident.created_by = "resolved", "", "operator:ann"  # type: ignore[assignment]
            incident.created_at = incident.updated_at = incident.started_at = begun
            incident.resolved_at = ended
            session.add(incident)
            session.flush()
            session.add(IncidentComponent(incident_id=incident.id, component_id=api.id))
        session.flush()

    def read(row: Component) -> UptimeReport:
        with desk.database.read() as session:
            return read_uptime(session, row, "2026-02-01", "2026-02-28", NOW)

    own, both = read(api), read(group)
    assert (own.span.major_outage, own.span.partial_outage, own.span.known) == (7200, 0, 28 * 86400)
    assert own.related == {api.id: ["incident0000"]}
    assert (both.span.major_outage, both.span.partial_outage, both.span.known) == (7200, 4 * 3600, 2 * 28 * 86400)
    assert both.span.uptime == pytest.approx(1 - (7200 + 0.3 * 4 * 3600) / (56 * 86400))
    assert set(both.related) == {api.id, web.id}
    with pytest.raises(InvalidInputError, match="does not show its uptime"):
        read(hidden)
