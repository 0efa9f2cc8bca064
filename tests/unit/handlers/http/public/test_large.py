"""A page with very many components: what is left out where, and that what is taken over is what would be rendered."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk.status_page.components import ComponentView
from desk.status_page.incidents import Affected, IncidentView, UpdateView
from desk.status_page.pages import PageView
from desk.status_page.uptime import Change
from handlers.http.public.rendering import Rendered, render_page
from handlers.http.public.sites import plan_sites
from storage.models import ComponentStatus, IncidentStatus
from tests.unit.handlers.http.public.test_bars import component
from tests.unit.handlers.http.public.test_sites import BASE, page

NOW = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
OK, MAJOR = ComponentStatus.OPERATIONAL, ComponentStatus.MAJOR_OUTAGE
ALWAYS = (Change(NOW - timedelta(days=300), OK),)


def large(leaves: int, *, in_group: int = 10, status: ComponentStatus = OK) -> PageView:
    """So many components in groups, all in the same state, and incidents of three months."""
    rows: list[ComponentView] = []
    for number in range(leaves):
        group = f"group{number // in_group:07d}"
        if number % in_group == 0:
            rows.append(component(id=group, group=True, name=f"Region {number // in_group}"))
        own = {"id": f"leaf{number:08d}", "group_id": group, "name": f"Service {number}", "status": status}
        rows.append(component(*ALWAYS, **own, description=f"About {number}"))
    incidents = tuple(incident(number, NOW - timedelta(days=number * 3, hours=2)) for number in range(20))
    facts = page("acme", updated_at=NOW - timedelta(hours=1))
    return PageView(facts, tuple(rows), incidents, incidents[-1].created_at, history=incidents)


def incident(number: int, at: datetime) -> IncidentView:
    """One that is over, and broke the first component for an hour."""
    incident_id, end = f"incident{number:04d}", at + timedelta(hours=1)
    affected = (Affected("leaf00000000", "Region 0 - Service 0", str(MAJOR), str(OK)),)
    update = UpdateView(
        f"update{number:06d}", incident_id, "resolved", "All is well.", end, end, end, affected, True, None
    )
    return IncidentView(
        id=incident_id,
        number=number,
        version=2,
        page_id="acme0000001",
        name=f"Trouble {number}",
        status=IncidentStatus.RESOLVED,
        impact="major",
        created_at=at,
        updated_at=end,
        started_at=at,
        monitoring_at=None,
        resolved_at=end,
        shortlink="",
        reminder_intervals=None,
        scheduled_for=None,
        scheduled_until=None,
        postmortem=None,
        postmortem_at=None,
        postmortem_notified=False,
        updates=(update,),
        component_ids=("leaf00000000",),
    )


def render(view: PageView, before: Rendered | None = None) -> Rendered:
    """All its documents."""
    [site] = plan_sites([view.page], BASE)
    return render_page(view, site, NOW, before)


def bodies(rendered: Rendered) -> Mapping[str, bytes]:
    """What each of them says."""
    return {path: document.body for path, document in rendered.documents.items()}


def groups(rendered: Rendered) -> Mapping[str, str]:
    """The groups of `/`, by their names."""
    found = re.findall(r"<details.*?</details>", rendered.documents["/"].body.decode(), re.DOTALL)
    return {re.search(r"<bdi>(.*?)</bdi>", group).group(1): group for group in found}  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [OK, MAJOR])
def test_a_page_of_five_hundred_components_stays_light(status: ComponentStatus) -> None:
    """It has less than 300 kB before compression, all well or all broken, and names every component."""
    rendered = render(large(500, status=status))
    body = rendered.documents["/"].body.decode()
    assert len(body) < 300_000
    assert all(f">Service {number}<" in body for number in range(500))


def test_what_is_quiet_on_a_large_page_is_folded() -> None:
    """A quiet group gives names, and where its days are; one in trouble is open and says the state of each. The days
    and descriptions are on the page of the uptime."""
    view = large(30)
    broken = tuple(replace(row, status=MAJOR) if row.id == "leaf00000012" else row for row in view.components)
    rendered = render(replace(view, components=broken))
    found = groups(rendered)
    assert found["Region 0"].startswith('<details class="group">')
    assert "component-name" not in found["Region 0"]
    assert 'href="/uptime/#s-group0000000"' in found["Region 0"]
    assert found["Region 1"].startswith('<details class="group" open>')
    assert found["Region 1"].count("component-name") == 10
    assert found["Region 1"].count("Major outage") == 2
    assert 'class="days"' not in rendered.documents["/"].body.decode()
    uptime = rendered.documents["/uptime/"].body.decode()
    assert uptime.count('class="days"') == 30
    assert 'id="s-group0000000"' in uptime
    assert "About 3<" in uptime


def test_a_page_that_is_not_large_shows_its_days() -> None:
    """Up to 25 components have their ninety days on the page itself."""
    body = render(large(25)).documents["/"].body.decode()
    assert body.count('class="days"') == 25
    assert "names" not in body


def changed(view: PageView, what: str) -> PageView:
    """The view after something happened."""
    first, *rest = view.history
    if what == "an incident":
        newer = (incident(90, NOW - timedelta(minutes=90)), first, *rest)
        return replace(view, history=newer, incidents=newer, page=replace(view.page, updated_at=NOW))
    if what == "a correction":
        newer = tuple(replace(row, name="Another name") if row.number in (2, 15) else row for row in view.history)
        return replace(view, history=newer, incidents=newer)
    if what == "a deletion":
        newer = tuple(row for row in view.history if row.number != 15)
        return replace(view, history=newer, incidents=newer)
    values: dict[str, Any] = {"status": MAJOR} if what == "a state" else {"name": "New name"}
    components = tuple(replace(row, **values) if row.id == "leaf00000000" else row for row in view.components)
    return replace(view, components=components)


@pytest.mark.parametrize("what", ["an incident", "a correction", "a deletion", "a state", "a name"])
def test_what_is_taken_over_is_what_would_be_rendered(what: str) -> None:
    """After any change every document is the same, byte for byte, as one that was rendered from nothing."""
    view = large(12)
    after = changed(view, what)
    assert bodies(render(after, render(view))) == bodies(render(after))
    assert bodies(render(after)) != bodies(render(view))


def test_months_that_are_over_are_not_rendered_again() -> None:
    """A new incident renders its own month anew, and takes the others over."""
    view = large(12)
    before = render(view)
    after = render(changed(view, "an incident"), before)
    same = [
        path
        for path in before.documents
        if path.startswith("/history/2") and after.documents[path] is before.documents[path]
    ]
    assert same == ["/history/2026-02/", "/history/2026-01/"]
