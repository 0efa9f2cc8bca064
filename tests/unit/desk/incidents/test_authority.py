"""Who may write and take back postmortems, and keep and read templates: whoever manages the page's incidents."""

from collections.abc import Callable

import pytest

from desk.errors import ConflictError, NotAllowedError
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.listing import IncidentFilter, list_current, list_incidents
from desk.incidents.postmortems import (
    check_postmortem,
    delete_postmortem,
    publish_postmortem,
    revert_postmortem,
    write_postmortem,
)
from desk.incidents.templates import (
    change_template,
    create_template,
    create_template_from,
    delete_template,
    get_template,
    get_template_by_word,
    get_template_to_change,
    list_usable_templates,
)
from desk.transaction import Actor, Desk, Transaction
from storage.models import DraftKind, IncidentStatus, Role
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import GUS, INES, MAX, OLIVIA, add_grant, add_member, add_owner, add_page

INES_, MAX_ = Actor.member(INES), Actor.member(MAX)
OPERATOR = Actor.operator("ann")


@pytest.fixture
def page_id(desk: Desk) -> str:
    """Acme, whose incidents Ines manages; Max manages its maintenances and the incidents of another page."""
    with desk.database.write() as session:
        page, other = add_page(session, NOW), add_page(session, NOW, name="Beta", subdomain="beta")
        add_owner(session, OLIVIA, NOW)
        for user_id in (INES, MAX):
            add_member(session, user_id, NOW)
        add_member(session, GUS, NOW, is_guest=True)
        add_grant(session, INES, Role.INCIDENT_MANAGER, NOW, page_id=page.id)
        add_grant(session, MAX, Role.MAINTENANCE_MANAGER, NOW, page_id=page.id)
        add_grant(session, MAX, Role.INCIDENT_MANAGER, NOW, page_id=other.id)
        return page.id


def _end(desk: Desk, page_id: str) -> str:
    """An incident that is over and has a public postmortem and a template; gives its id."""

    def work(tx: Transaction) -> str:
        incident_id = create_incident(tx, page_id, NewIncident(name="Slow", body="We look.")).id
        update_incident(tx, incident_id, IncidentChange(status=IncidentStatus.RESOLVED))
        write_postmortem(tx, incident_id, "A disk was full.")
        publish_postmortem(tx, incident_id)
        create_template_from(tx, incident_id, name="slow")
        return incident_id

    return desk.write_now(OPERATOR, work)


def _change_template(tx: Transaction, page_id: str) -> object:
    seen = get_template(tx.session, page_id, "slow")
    return change_template(
        tx,
        seen.id,
        seen_at=seen.updated_at,
        name="slow",
        title="Very slow",
        body="",
        update_status=None,
        component_ids=(),
        should_send_notifications=True,
    )


ACTS: dict[str, Callable[[Transaction, str, str], object]] = {
    "see the form of a postmortem": lambda tx, page, incident: check_postmortem(tx, incident),
    "draft a postmortem": lambda tx, page, incident: write_draft(
        tx, page_id=page, kind=DraftKind.POSTMORTEM, content="Why", incident_id=incident
    ),
    "take a postmortem back": lambda tx, page, incident: revert_postmortem(tx, incident),
    "delete a postmortem": lambda tx, page, incident: delete_postmortem(tx, incident),
    "keep a template": lambda tx, page, incident: create_template_from(tx, incident, name="again"),
    "write a template": lambda tx, page, incident: create_template(tx, page, name="by hand", title="Slow", body=""),
    "see the form of a template": lambda tx, page, incident: get_template_to_change(
        tx, get_template(tx.session, page, "slow").id
    ),
    "change a template": lambda tx, page, incident: _change_template(tx, page),
    "list templates": lambda tx, page, incident: list_usable_templates(tx, page),
    "read a template": lambda tx, page, incident: get_template_by_word(tx, "slow", page_id=page),
    "delete a template": lambda tx, page, incident: delete_template(tx, page, "slow"),
}


def test_only_who_manages_the_pages_incidents(desk: Desk, page_id: str) -> None:
    """Every one of these acts is refused to who has another role there or this role elsewhere; Ines may."""
    incident_id = _end(desk, page_id)
    for name, act in ACTS.items():
        with pytest.raises(NotAllowedError, match=r"incident_manager.*Ask an owner"):
            desk.write_now(MAX_, lambda tx, act=act: act(tx, page_id, incident_id))  # type: ignore[misc]
            pytest.fail(name)
        desk.write_now(INES_, lambda tx, act=act: act(tx, page_id, incident_id))  # type: ignore[misc]
    assert [each.name for each in desk.read_now(INES_, list_usable_templates)] == ["again", "by hand"]
    assert desk.read_now(MAX_, list_usable_templates) == []


def test_an_open_incident_has_no_postmortem_to_draft(desk: Desk, page_id: str) -> None:
    """While it is open neither its form nor a draft of it is to be had."""
    incident_id = desk.write_now(INES_, lambda tx: create_incident(tx, page_id, NewIncident(name="Slow")).id)
    for name in ("see the form of a postmortem", "draft a postmortem"):
        with pytest.raises(ConflictError, match="still open"):
            desk.write_now(INES_, lambda tx, name=name: ACTS[name](tx, page_id, incident_id))  # type: ignore[misc]


def test_lists_are_for_full_members(desk: Desk, page_id: str) -> None:
    """A guest may ask what is open, as the page shows it, and no more; only publishers may say the next."""
    desk.write_now(INES_, lambda tx: create_incident(tx, page_id, NewIncident(name="Slow")))
    guest = Actor.member(GUS)
    with pytest.raises(NotAllowedError, match="full members"):
        desk.read_now(guest, lambda tx: list_incidents(tx, IncidentFilter()))
    for who, may in ((guest, False), (MAX_, False), (INES_, True), (Actor.member(OLIVIA), True)):
        assert [each.may_publish for each in desk.read_now(who, list_current)] == [may]
