"""Drafts, templates and postmortems: published once, by whom the page's rule lets, and kept for the next time."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.incidents.drafts.content import Content, content_of
from desk.incidents.drafts.decision import Outcome, Press, decide_publication
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, take_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident, Schedule
from desk.incidents.listing import list_drafts
from desk.incidents.lookup import list_updates
from desk.incidents.postmortems import publish_postmortem, revert_postmortem, write_postmortem
from desk.incidents.templates import (
    create_template_from,
    delete_template,
    fill_in,
    get_template,
    list_placeholders,
)
from desk.transaction import Actor, Desk
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft, IncidentStatus, Page, Role, SecondPerson
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA, add_grant, add_member, add_owner, add_page

INES_, MAX_, MIA_ = Actor.member(INES), Actor.member(MAX), Actor.member(MIA)
SLOW = NewIncident(name="Slow", body="We look.")


@pytest.fixture
def page(desk: Desk) -> str:
    """A page on which Ines and Max may publish incidents and Mia may not; gives its id."""
    with desk.database.write() as session:
        page = add_page(session, NOW)
        add_owner(session, OLIVIA, NOW)
        for user_id in (INES, MAX, MIA):
            add_member(session, user_id, NOW)
        for user_id in (INES, MAX):
            add_grant(session, user_id, Role.INCIDENT_MANAGER, NOW, page_id=page.id)
        return page.id


def _rule(desk: Desk, page: str, rule: SecondPerson) -> None:
    with desk.database.write() as session:
        session.get_one(Page, page).second_person = rule


def _draft(desk: Desk, page: str, *, token: str | None = None) -> IncidentDraft:
    return desk.write_now(
        INES_, lambda tx: write_draft(tx, page_id=page, kind=DraftKind.INCIDENT, content=SLOW, client_token=token)
    )


def _publish(
    desk: Desk, draft: IncidentDraft, who: Actor, *, quietly: bool = False
) -> tuple[Outcome, Incident | None]:
    return desk.write_now(who, lambda tx: publish_draft(tx, draft.id, quietly=quietly))


@both_databases
def test_drafts_are_listed_for_their_author_and_for_who_may_publish(desk: Desk, page: str) -> None:
    """One that waits is its author's, and waits for the others who may publish it; nobody else sees it."""
    mine, waiting = _draft(desk, page), _draft(desk, page)
    with desk.database.write() as session:
        session.get_one(IncidentDraft, waiting.id).status = DraftStatus.WAITING

    def listed(who: Actor) -> tuple[set[str], set[str]]:
        drafts = desk.read_now(who, list_drafts)
        own, others = ({each.draft.id for each in some} for some in (drafts.own, drafts.waiting))
        return own, others

    assert listed(INES_) == ({mine.id, waiting.id}, set())
    assert listed(MAX_) == (set(), {waiting.id})
    assert listed(MIA_) == (set(), set())


ALONE = Press(
    second_person=SecondPerson.NEVER,
    may_publish=True,
    is_author=True,
    is_waiting=False,
    is_first_post=True,
    is_critical=False,
    may_skip=False,
)


@pytest.mark.parametrize(
    ("case", "changes", "outcome"),
    [
        ("nobody else is needed", {}, Outcome.PUBLISH),
        ("no role", {"may_publish": False}, Outcome.REFUSE_ROLE),
        ("always a second person", {"second_person": SecondPerson.ALWAYS}, Outcome.ASK_SECOND),
        ("for the first post", {"second_person": SecondPerson.FIRST_POST}, Outcome.ASK_SECOND),
        ("not the first post", {"second_person": SecondPerson.FIRST_POST, "is_first_post": False}, Outcome.PUBLISH),
        (
            "the author, while it waits",
            {"second_person": SecondPerson.ALWAYS, "is_waiting": True},
            Outcome.REFUSE_AUTHOR,
        ),
        (
            "the second person",
            {"second_person": SecondPerson.ALWAYS, "is_waiting": True, "is_author": False},
            Outcome.PUBLISH,
        ),
        (
            "critical, with the role that may skip",
            {"second_person": SecondPerson.ALWAYS, "is_critical": True, "may_skip": True},
            Outcome.PUBLISH_ALONE,
        ),
        ("critical, without it", {"second_person": SecondPerson.ALWAYS, "is_critical": True}, Outcome.ASK_SECOND),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_who_publishes(case: str, changes: dict[str, object], outcome: Outcome) -> None:
    """What a press of *Publish* leads to follows from the page's rule, the draft and the person alone."""
    press = Press(**({name: getattr(ALONE, name) for name in ALONE.__dataclass_fields__} | changes))
    assert decide_publication(press) is outcome, case


def test_a_draft_is_published_once(desk: Desk, page: str) -> None:
    """The first press makes the incident; the second is told that it is public already."""
    draft = _draft(desk, page)
    outcome, incident = _publish(desk, draft, INES_)
    assert outcome is Outcome.PUBLISH
    assert incident is not None
    assert incident.name == "Slow"
    with pytest.raises(ConflictError, match="published already"):
        _publish(desk, draft, MAX_)
    with desk.database.read() as session:
        assert session.query(Incident).count() == 1


def test_publishing_quietly_tells_nobody(desk: Desk, page: str) -> None:
    """The update of a quiet publication is marked as not to be delivered."""
    _, incident = _publish(desk, _draft(desk, page), INES_, quietly=True)
    assert incident is not None
    with desk.database.read() as session:
        (said,) = list_updates(session, [incident.id])
    assert not said.deliver_notifications


def test_the_same_form_makes_one_draft(desk: Desk, page: str) -> None:
    """A form that is submitted twice gives the same draft."""
    assert _draft(desk, page, token="t1").id == _draft(desk, page, token="t1").id


def test_a_second_person_publishes_or_sends_back(desk: Desk, page: str) -> None:
    """The author's press puts it before the others; sent back it is revised, and another publishes it."""
    _rule(desk, page, SecondPerson.ALWAYS)
    draft = _draft(desk, page)
    assert _publish(desk, draft, INES_) == (Outcome.ASK_SECOND, None)
    with pytest.raises(NotAllowedError, match="Somebody else"):
        _publish(desk, draft, INES_)
    sent = desk.write_now(MAX_, lambda tx: send_back(tx, draft.id, reason="Say since when."))
    assert (sent.status, sent.decision_reason) == (DraftStatus.SENT_BACK, "Say since when.")
    better = NewIncident(name="Slow since 9", body="We look.")
    revised = desk.write_now(INES_, lambda tx: revise_draft(tx, draft.id, better))
    assert content_of(revised) == better
    assert _publish(desk, draft, INES_) == (Outcome.ASK_SECOND, None)
    outcome, incident = _publish(desk, draft, MAX_)
    assert outcome is Outcome.PUBLISH
    assert incident is not None
    assert incident.name == "Slow since 9"


def test_who_may_not(desk: Desk, page: str) -> None:
    """Without the role one neither drafts nor publishes, and only the author revises or throws away."""
    with pytest.raises(NotAllowedError):
        desk.write_now(MIA_, lambda tx: write_draft(tx, page_id=page, kind=DraftKind.INCIDENT, content=SLOW))
    draft = _draft(desk, page)
    with pytest.raises(NotAllowedError):
        _publish(desk, draft, MIA_)
    with pytest.raises(NotAllowedError):
        desk.write_now(MAX_, lambda tx: discard_draft(tx, draft.id))
    desk.write_now(INES_, lambda tx: discard_draft(tx, draft.id))
    with pytest.raises(ConflictError, match="thrown away"):
        _publish(desk, draft, INES_)


def test_templates_come_from_incidents_and_are_filled_in(desk: Desk, page: str) -> None:
    """A template keeps title, first words and status; placeholders are listed, filled in, and left where unknown."""
    new = NewIncident(name="Slow in {{region}}", body="{{service}} is slow in {{ region }}.")
    incident = desk.write_now(INES_, lambda tx: create_incident(tx, page, new))
    template = desk.write_now(INES_, lambda tx: create_template_from(tx, incident.id, name="Slow"))
    assert list_placeholders(template.title, template.body) == ("region", "service")
    assert fill_in(template.body, {"region": "Europe"}) == "{{service}} is slow in Europe."
    with pytest.raises(InvalidInputError, match="already"):
        desk.write_now(INES_, lambda tx: create_template_from(tx, incident.id, name="slow"))
    desk.write_now(INES_, lambda tx: delete_template(tx, page, "SLOW"))
    with desk.database.read() as session, pytest.raises(NotFoundError, match="none yet"):
        get_template(session, page, "Slow")


def test_a_postmortem_is_drafted_published_and_taken_back(desk: Desk, page: str) -> None:
    """It can be published once the incident is over; taken back, its text stays as the draft."""
    incident = desk.write_now(INES_, lambda tx: create_incident(tx, page, SLOW))
    desk.write_now(INES_, lambda tx: write_postmortem(tx, incident.id, "A cable."))
    with pytest.raises(ConflictError, match="still open"):
        desk.write_now(INES_, lambda tx: publish_postmortem(tx, incident.id))
    desk.write_now(INES_, lambda tx: update_incident(tx, incident.id, IncidentChange(status=IncidentStatus.RESOLVED)))
    other = desk.write_now(INES_, lambda tx: create_incident(tx, page, replace(SLOW, status=IncidentStatus.RESOLVED)))
    with pytest.raises(ConflictError, match="no draft to publish"):
        desk.write_now(INES_, lambda tx: publish_postmortem(tx, other.id))
    public = desk.write_now(INES_, lambda tx: publish_postmortem(tx, incident.id))
    assert (public.postmortem_body, public.postmortem_published_at) == ("A cable.", NOW)
    back = desk.write_now(INES_, lambda tx: revert_postmortem(tx, incident.id))
    assert (back.postmortem_body, back.postmortem_body_draft) == (None, "A cable.")


def test_a_form_that_is_sent_again_with_other_words(desk: Desk, page: str) -> None:
    """After a lost answer the same form may come with corrected words: it is still one draft, and says those."""
    first = _draft(desk, page, token="t1")
    better = NewIncident(name="Slow since 9", body="We look.")
    second = desk.write_now(
        INES_,
        lambda tx: write_draft(tx, page_id=page, kind=DraftKind.INCIDENT, content=better, client_token="t1"),
    )
    assert (second.id, content_of(second)) == (first.id, better)


def test_an_author_takes_a_draft_back(desk: Desk, page: str) -> None:
    """While it waits its author opens it again; nobody else does, and what was published stays so."""
    _rule(desk, page, SecondPerson.ALWAYS)
    draft = _draft(desk, page)
    _publish(desk, draft, INES_, quietly=True)
    with pytest.raises(NotAllowedError):
        desk.write_now(MAX_, lambda tx: take_back(tx, draft.id))
    back = desk.write_now(INES_, lambda tx: take_back(tx, draft.id))
    assert (back.status, back.quietly) == (DraftStatus.OPEN, True)
    with pytest.raises(ConflictError):
        desk.write_now(INES_, lambda tx: take_back(tx, draft.id))


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (DraftKind.MAINTENANCE, SLOW),
        (DraftKind.BACKFILL, SLOW),
        (DraftKind.INCIDENT, NewIncident(name="Old", backfilled_at=NOW)),
        (DraftKind.INCIDENT, "A postmortem"),
        (DraftKind.UPDATE, SLOW),
    ],
)
def test_a_draft_says_what_its_kind_is_for(desk: Desk, page: str, kind: DraftKind, content: Content) -> None:
    """Each kind asks for a role of its own, so nothing else is kept under its name."""
    with desk.database.write() as session:
        add_grant(session, INES, Role.MAINTENANCE_MANAGER, NOW, page_id=page)
    with pytest.raises(InvalidInputError, match="not what a draft of the kind"):
        desk.write_now(INES_, lambda tx: write_draft(tx, page_id=page, kind=kind, content=content))


def test_a_draft_plans_no_window_that_has_passed(desk: Desk, page: str) -> None:
    """Neither written nor revised: a maintenance is for a time to come."""
    day = timedelta(days=1)
    planned = replace(SLOW, schedule=Schedule(scheduled_for=NOW + day, scheduled_until=NOW + 2 * day))
    passed = replace(SLOW, schedule=Schedule(scheduled_for=NOW - 2 * day, scheduled_until=NOW - day))
    write = partial(write_draft, page_id=page, kind=DraftKind.MAINTENANCE)
    owner = Actor.member(OLIVIA)
    draft = desk.write_now(owner, partial(write, content=planned))
    for work in (partial(write, content=passed), partial(revise_draft, draft_id=draft.id, content=passed)):
        with pytest.raises(InvalidInputError, match="is over"):
            desk.write_now(owner, work)
