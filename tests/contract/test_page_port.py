"""What every port of a status page promises, read back from whichever system keeps the page's record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from desk.errors import ConflictError, NotFoundError
from desk.incidents.inputs import REALTIME, SCHEDULED, IncidentChange, Schedule
from desk.pages.status import Impact
from desk.status_page.incidents import Affected
from storage.models import ComponentStatus, IncidentStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.contract.page_systems import PageSystem

OPERATIONAL, DEGRADED = ComponentStatus.OPERATIONAL, ComponentStatus.DEGRADED_PERFORMANCE
PARTIAL, MAJOR = ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.MAJOR_OUTAGE
RESOLVED = IncidentStatus.RESOLVED
HOUR = timedelta(hours=1)
WINDOW = Schedule(scheduled_for=NOW + HOUR, scheduled_until=NOW + 3 * HOUR)


def change(system: PageSystem, incident_id: str, version: int | None = None, **values: Any) -> None:
    """Change an incident through the port, an hour later."""
    system.clock.advance(HOUR)
    wanted = IncidentChange(**values)
    system.write(lambda tx, port: port.update_incident(tx, incident_id, wanted, version=version))


def said(system: PageSystem, incident_id: str) -> list[tuple[str, str]]:
    """What was said about an incident, the newest first."""
    return [(update.status, update.body) for update in system.incident(incident_id).updates]


def test_a_new_incident_is_being_investigated(system: PageSystem) -> None:
    """With a name and a text alone it began now, is investigated, has no impact, and says its text once."""
    incident = system.incident(system.open())
    assert (incident.name, incident.status, incident.impact) == ("Slow", IncidentStatus.INVESTIGATING, Impact.NONE)
    assert (incident.created_at, incident.updated_at, incident.started_at) == (NOW, NOW, NOW)
    assert (incident.monitoring_at, incident.resolved_at, incident.scheduled_for) == (None, None, None)
    assert (incident.component_ids, incident.postmortem, incident.reminder_intervals) == ((), None, None)
    assert incident.shortlink == system.link_of(incident.id)
    assert "/incidents/" in incident.shortlink
    [update] = incident.updates
    assert (update.status, update.body, update.affected) == (incident.status, "We look.", ())
    assert (update.created_at, update.display_at, update.deliver_notifications) == (NOW, NOW, True)
    assert system.seen().page.updated_at == NOW


def test_every_status_can_be_the_first(system: PageSystem) -> None:
    """Incidents and maintenances begin in any status of their kind; monitoring and the end are stamped with it."""
    for status in (*REALTIME, *SCHEDULED):
        window = WINDOW if status in SCHEDULED else None
        incident = system.incident(system.open(status=status, schedule=window))
        assert incident.status == incident.updates[0].status == status
        assert incident.monitoring_at == (NOW if status is IncidentStatus.MONITORING else None)
        assert incident.resolved_at == (NOW if status in {RESOLVED, IncidentStatus.COMPLETED} else None)


def test_updates_follow_an_incident_to_its_end(system: PageSystem) -> None:
    """Each change of status is an update, the newest first; monitoring is stamped once, the end with the last."""
    incident_id = system.open()
    for status in (IncidentStatus.IDENTIFIED, IncidentStatus.MONITORING, IncidentStatus.MONITORING, RESOLVED):
        change(system, incident_id, status=status, body=f"It is {status}.")
    incident = system.incident(incident_id)
    assert said(system, incident_id) == [
        (RESOLVED, "It is resolved."),
        (IncidentStatus.MONITORING, "It is monitoring."),
        (IncidentStatus.MONITORING, "It is monitoring."),
        (IncidentStatus.IDENTIFIED, "It is identified."),
        (IncidentStatus.INVESTIGATING, "We look."),
    ]
    assert (incident.monitoring_at, incident.resolved_at) == (NOW + 2 * HOUR, NOW + 4 * HOUR)
    assert incident.updated_at == system.seen().page.updated_at == NOW + 4 * HOUR


def test_reopening_takes_the_end_away(system: PageSystem) -> None:
    """A resolved incident that is investigated again is open and without an end, until it is resolved anew."""
    incident_id = system.open()
    change(system, incident_id, status=RESOLVED)
    change(system, incident_id, status=IncidentStatus.INVESTIGATING, body="It is back.")
    assert system.incident(incident_id).is_open
    assert system.incident(incident_id).resolved_at is None
    change(system, incident_id, status=RESOLVED)
    assert system.incident(incident_id).resolved_at == NOW + 3 * HOUR


def test_components_come_along(system: PageSystem) -> None:
    """Components take on their states, are the incident's from then on, and each update keeps old and new."""
    api, website, search = (system.components[name] for name in ("API", "Website", "Search"))
    incident_id = system.open(components={website: None, api: PARTIAL})
    change(system, incident_id, body="Search as well.", components={api: MAJOR, search: DEGRADED})
    incident = system.incident(incident_id)
    assert incident.component_ids == (api, website, search)
    second, first = ({one.name: one for one in update.affected} for update in incident.updates)
    assert first == {
        "Europe - API": Affected(api, "Europe - API", "operational", "partial_outage"),
        "Website": Affected(website, "Website", "operational", "operational"),
    }
    assert second == {
        "Europe - API": Affected(api, "Europe - API", "partial_outage", "major_outage"),
        "Search": Affected(search, "Search", "operational", "degraded_performance"),
    }
    states = {row.name: row.status for row in system.seen().leaves}
    assert states == {"API": MAJOR, "Website": OPERATIONAL, "Search": DEGRADED}
    assert [(step.status, step.at) for step in system.component("API").changes][-1] == (MAJOR, NOW + HOUR)


def test_an_end_brings_back_what_it_names(system: PageSystem) -> None:
    """A component that an end does not name stays as it is, and may be brought back afterwards."""
    api, website = system.components["API"], system.components["Website"]
    incident_id = system.open(components={api: MAJOR, website: PARTIAL})
    change(system, incident_id, status=RESOLVED, body="Fixed.", components={api: OPERATIONAL})
    assert {row.id: row.status for row in system.seen().components if row.id in {api, website}} == {
        api: OPERATIONAL,
        website: PARTIAL,
    }
    system.write(lambda tx, port: port.set_statuses(tx, system.page_id, {website: OPERATIONAL}))
    assert all(row.status == OPERATIONAL for row in system.seen().components)


def test_impact_is_the_worst_that_its_own_components_were(system: PageSystem) -> None:
    """It rises with the incident's components, does not fall with them, and takes no notice of any other."""
    api, website = system.components["API"], system.components["Website"]
    system.write(lambda tx, port: port.set_statuses(tx, system.page_id, {website: MAJOR}))
    incident_id = system.open(components={api: DEGRADED})
    assert system.incident(incident_id).impact == Impact.MINOR
    change(system, incident_id, components={api: PARTIAL})
    assert system.incident(incident_id).impact == Impact.MAJOR
    change(system, incident_id, status=RESOLVED, components={api: OPERATIONAL})
    assert system.incident(incident_id).impact == Impact.MAJOR


def test_impact_can_be_overridden(system: PageSystem) -> None:
    """What a person says goes before the components, until it is cleared."""
    incident_id = system.open(components={system.components["API"]: DEGRADED}, impact_override=Impact.CRITICAL)
    assert system.incident(incident_id).impact == Impact.CRITICAL
    change(system, incident_id, impact_override=Impact.NONE)
    assert system.incident(incident_id).impact == Impact.NONE
    change(system, incident_id, clear_impact_override=True)
    assert system.incident(incident_id).impact == Impact.MINOR


def test_only_words_and_statuses_make_updates(system: PageSystem) -> None:
    """Name, impact, components and settings change silently; status and text together are one update."""
    api = system.components["API"]
    incident_id = system.open()
    for silent in (
        {"name": "Slower"},
        {"impact_override": Impact.MAJOR},
        {"components": {api: PARTIAL}},
        {"metadata": {"jira": {"issue": "X-1"}}},
        {"reminder_intervals": "[1,5]"},
    ):
        change(system, incident_id, **silent)
    assert (system.incident(incident_id).name, len(said(system, incident_id))) == ("Slower", 1)
    assert system.component("API").status == PARTIAL
    change(system, incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    change(system, incident_id, body="It is being mended.")
    assert said(system, incident_id)[:2] == [
        (IncidentStatus.IDENTIFIED, "It is being mended."),
        (IncidentStatus.IDENTIFIED, "A cable."),
    ]


def test_whether_subscribers_are_told_is_kept_with_each_update(system: PageSystem) -> None:
    """Every update keeps whether it was delivered, and a correction may change that."""
    incident_id = system.open(deliver_notifications=False)
    change(system, incident_id, body="Loud.")
    change(system, incident_id, body="Quiet.", deliver_notifications=False)
    updates = system.incident(incident_id).updates
    assert [update.deliver_notifications for update in updates] == [False, True, False]
    system.write(lambda tx, port: port.edit_update(tx, updates[1].id, deliver_notifications=False))
    update = system.incident(incident_id).updates[1]
    assert (update.body, update.deliver_notifications) == ("Loud.", False)


def test_a_maintenance_keeps_its_schedule(system: PageSystem) -> None:
    """A maintenance waits with its window and what happens by itself; moving it says nothing."""
    incident_id = system.open(schedule=WINDOW, components={system.components["API"]: None})
    incident = system.incident(incident_id)
    assert (incident.status, incident.impact) == (IncidentStatus.SCHEDULED, Impact.MAINTENANCE)
    assert (incident.scheduled_for, incident.scheduled_until) == (NOW + HOUR, NOW + 3 * HOUR)
    assert system.component("API").status == OPERATIONAL
    moved = Schedule(
        scheduled_for=NOW + 5 * HOUR,
        scheduled_until=NOW + 6 * HOUR,
        remind_prior=False,
        auto_completed=False,
        to_operational_state=False,
        notify_at_end=False,
    )
    change(system, incident_id, schedule=moved)
    shown, fields = system.incident(incident_id), system.fields(incident_id)
    assert (shown.scheduled_for, shown.scheduled_until, len(shown.updates)) == (NOW + 5 * HOUR, NOW + 6 * HOUR, 1)
    assert {name: fields[name] for name in fields if name.startswith(("scheduled_auto", "auto_"))} == {
        "scheduled_auto_in_progress": True,
        "scheduled_auto_completed": False,
        "auto_transition_to_maintenance_state": True,
        "auto_transition_to_operational_state": False,
        "auto_transition_deliver_notifications_at_start": True,
        "auto_transition_deliver_notifications_at_end": False,
    }
    assert fields["scheduled_remind_prior"] is False


def test_what_is_written_down_afterwards_lies_in_the_past(system: PageSystem) -> None:
    """A backfilled incident began then, is over, and nobody is told; a backfilled maintenance is completed."""
    then = NOW - 100 * HOUR
    incident = system.incident(system.open(backfilled_at=then))
    assert (incident.status, incident.resolved_at) == (RESOLVED, then)
    assert (incident.created_at, incident.started_at) == (then, then)
    assert (incident.updates[0].display_at, incident.updates[0].deliver_notifications) == (then, False)
    assert system.fields(incident.id)["backfilled"] is True
    window = Schedule(scheduled_for=then, scheduled_until=then + HOUR)
    assert system.incident(system.open(backfilled_at=then, schedule=window)).status == IncidentStatus.COMPLETED


def test_metadata_and_reminders_are_kept_until_they_are_replaced(system: PageSystem) -> None:
    """Both come back as they were handed in; a change that does not name them leaves them."""
    incident_id = system.open(metadata={"jira": {"issue": "X-1"}}, reminder_intervals="[1,5,7]")
    change(system, incident_id, body="Still looking.")
    assert system.fields(incident_id)["metadata"] == {"jira": {"issue": "X-1"}}
    assert system.incident(incident_id).reminder_intervals == "[1,5,7]"
    change(system, incident_id, metadata={"ops": {"n": 1}}, reminder_intervals="[]")
    assert system.fields(incident_id)["metadata"] == {"ops": {"n": 1}}
    assert system.incident(incident_id).reminder_intervals == "[]"


def test_a_change_of_what_was_not_seen_is_refused(system: PageSystem) -> None:
    """Whoever saw an older version is told how the incident stands, and nothing changes."""
    incident_id = system.open()
    seen = system.incident(incident_id).version
    change(system, incident_id, version=seen, status=IncidentStatus.IDENTIFIED)
    before = (system.seen(), system.traces())
    with pytest.raises(ConflictError, match="identified"):
        change(system, incident_id, version=seen, status=RESOLVED)
    assert (system.seen(), system.traces()) == before
    change(system, incident_id, version=system.incident(incident_id).version, status=RESOLVED)
    assert not system.incident(incident_id).is_open


def test_published_words_can_be_corrected(system: PageSystem) -> None:
    """A correction changes the words and when they were changed; status, place and time of the update stay."""
    incident_id = system.open(body="We lok.", components={system.components["API"]: PARTIAL})
    change(system, incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    newest, first = system.incident(incident_id).updates
    system.clock.advance(HOUR)
    system.write(lambda tx, port: port.edit_update(tx, first.id, body="We look."))
    corrected = replace(first, body="We look.", updated_at=NOW + 2 * HOUR)
    assert system.incident(incident_id).updates == (newest, corrected)
    assert system.incident(incident_id).status == IncidentStatus.IDENTIFIED


def test_deleting_leaves_components_as_they_are(system: PageSystem) -> None:
    """The incident is gone with its updates; others, and the states of its components, stay."""
    kept = system.open("Another")
    gone = system.open(components={system.components["API"]: MAJOR})
    system.write(lambda tx, port: port.delete_incident(tx, gone))
    assert [incident.id for incident in system.seen().incidents] == [kept]
    assert system.component("API").status == MAJOR


def test_components_change_without_an_incident(system: PageSystem) -> None:
    """States can be set alone; what is given back says old and new of each, and no incident is made."""
    api, website = system.components["API"], system.components["Website"]
    affected = system.write(lambda tx, port: port.set_statuses(tx, system.page_id, {api: MAJOR, website: None}))
    changes = {one["code"]: (one["old_status"], one["new_status"]) for one in affected}
    assert changes == {api: ("operational", "major_outage"), website: ("operational", "operational")}
    assert (system.component("API").status, system.component("Website").status) == (MAJOR, OPERATIONAL)
    assert system.seen().incidents == ()


def test_a_postmortem_is_drafted_published_and_taken_back(system: PageSystem) -> None:
    """A draft is not public, nor can it be while the incident is open; taken back, the text is a draft again."""
    incident_id = system.open()
    system.write(lambda tx, port: port.write_postmortem(tx, incident_id, "A cable."))
    with pytest.raises(ConflictError):
        system.write(lambda tx, port: port.publish_postmortem(tx, incident_id))
    with pytest.raises(ConflictError):
        system.write(lambda tx, port: port.revert_postmortem(tx, incident_id))
    change(system, incident_id, status=RESOLVED)
    assert system.incident(incident_id).postmortem is None
    system.clock.advance(HOUR)
    system.write(lambda tx, port: port.publish_postmortem(tx, incident_id, notify_subscribers=False))
    shown = system.incident(incident_id)
    assert (shown.postmortem, shown.postmortem_at) == ("A cable.", NOW + 2 * HOUR)
    fields = system.fields(incident_id)
    assert fields["postmortem_notified_subscribers"] is False
    assert fields["postmortem_body_last_updated_at"] == fields["postmortem_body_draft_updated_at"] == NOW
    system.write(lambda tx, port: port.write_postmortem(tx, incident_id, "Two cables."))
    assert system.incident(incident_id).postmortem == "A cable."
    system.write(lambda tx, port: port.revert_postmortem(tx, incident_id))
    assert (system.incident(incident_id).postmortem, system.incident(incident_id).postmortem_at) == (None, None)
    assert system.fields(incident_id)["postmortem_body_draft"] == "Two cables."
    system.write(lambda tx, port: port.publish_postmortem(tx, incident_id))
    system.write(lambda tx, port: port.delete_postmortem(tx, incident_id))
    assert (system.incident(incident_id).postmortem, system.fields(incident_id)["postmortem_body_draft"]) == (
        None,
        None,
    )
    with pytest.raises(NotFoundError):
        system.write(lambda tx, port: port.delete_postmortem(tx, incident_id))
