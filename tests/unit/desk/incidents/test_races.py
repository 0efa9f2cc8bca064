"""Several people in the same instant: exactly one of them wins, and nobody waits for another for ever."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from desk.errors import ConflictError, KeydeskError, NotFoundError
from desk.incidents.components import set_statuses
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.review import MINE_CARD, REVIEW_CARD
from desk.incidents.incidents import create_incident, delete_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import list_updates
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.updates import edit_update
from desk.pages.status import Impact
from desk.transaction import Desk
from storage.models import (
    ComponentStatus,
    ComponentStatusChange,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentUpdate,
    Role,
    SecondPerson,
)
from tests.clock import HeldClock
from tests.databases import url_on_both
from tests.factories import INES, MAX, OLIVIA
from tests.unit.desk.incidents.incident_stage import IncidentStage, at_once, set_incident_stage
from tests.unit.desk.racing import race

database_url = url_on_both

ROUNDS = 4
SLOW = NewIncident(name="Slow", body="We look.")


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page where a second person must publish everything."""
    stage = set_incident_stage(desk)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


def write(stage: IncidentStage, new: NewIncident = SLOW) -> str:
    """A draft of Ines's, just opened; gives its id."""
    return stage.do(INES, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new).id)


def waiting(stage: IncidentStage) -> str:
    """A draft of Ines's that waits for a second person."""
    draft_id = write(stage)
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    return draft_id


def refusals(results: Sequence[object]) -> list[KeydeskError]:
    """Those of the results that are refusals."""
    return [result for result in results if isinstance(result, KeydeskError)]


def draft_of(stage: IncidentStage, draft_id: str) -> IncidentDraft:
    """A draft as it is now."""
    with stage.desk.database.read() as session:
        return session.get_one(IncidentDraft, draft_id)


def test_two_people_publish_at_once(stage: IncidentStage) -> None:
    """Two who press *Publish* in the same instant make one incident; one of them is told that it is public."""
    for _ in range(ROUNDS):
        publish = partial(publish_draft, draft_id=waiting(stage))
        [conflict] = refusals(at_once(partial(stage.do, MAX, publish), partial(stage.do, OLIVIA, publish)))
        assert isinstance(conflict, ConflictError)
        assert "published already" in conflict.sentence
    assert len(stage.all(Incident)) == len(stage.all(IncidentUpdate)) == stage.recorded("draft.published") == ROUNDS


def test_publish_against_send_back(stage: IncidentStage) -> None:
    """One person publishes while another sends back: one of them wins, and only a publication makes an incident."""
    for _ in range(ROUNDS):
        draft_id = waiting(stage)
        results = at_once(
            partial(stage.do, MAX, partial(publish_draft, draft_id=draft_id)),
            partial(stage.do, OLIVIA, partial(send_back, draft_id=draft_id, reason="Say since when.")),
        )
        assert [type(refusal) for refusal in refusals(results)] == [ConflictError]
        assert draft_of(stage, draft_id).status in {DraftStatus.PUBLISHED, DraftStatus.SENT_BACK}
    published = [draft for draft in stage.all(IncidentDraft) if draft.status == DraftStatus.PUBLISHED]
    assert len(stage.all(Incident)) == len(published)
    assert stage.recorded("draft.published", "draft.sent_back") == ROUNDS


def test_publish_against_throwing_away(stage: IncidentStage) -> None:
    """The author throws a draft away while another publishes it: it ends one way."""
    for _ in range(ROUNDS):
        draft_id = waiting(stage)
        results = at_once(
            partial(stage.do, MAX, partial(publish_draft, draft_id=draft_id)),
            partial(stage.do, INES, partial(discard_draft, draft_id=draft_id)),
        )
        assert [type(refusal) for refusal in refusals(results)] == [ConflictError]
    assert len(stage.all(Incident)) == stage.recorded("draft.published") == ROUNDS - stage.recorded("draft.discarded")


def test_one_press_of_publish_that_arrives_five_times(stage: IncidentStage) -> None:
    """The author's press puts a draft before each of the others once, however often it arrives."""
    publish = partial(publish_draft, draft_id=write(stage))
    results = at_once(*[partial(stage.do, INES, publish)] * 5)
    assert len(refusals(results)) == 4
    assert stage.recorded("draft.submitted") == 1
    assert [card.conversation for card in stage.cards(REVIEW_CARD)] == [MAX]
    assert [card.conversation for card in stage.cards(MINE_CARD)] == [INES]
    assert stage.outbox() == [REVIEW_CARD, MINE_CARD]


def test_one_form_that_arrives_five_times(stage: IncidentStage) -> None:
    """A form that is submitted five times in the same instant is one draft, and nobody sees an error."""
    work = partial(write_draft, page_id=stage.page, kind=DraftKind.INCIDENT, content=SLOW, client_token="form-1")
    results = at_once(*[partial(stage.do, INES, work)] * 5)
    [draft] = stage.all(IncidentDraft)
    assert [result.id for result in results if isinstance(result, IncidentDraft)] == [draft.id] * 5


def test_two_updates_that_were_written_of_the_same_state(stage: IncidentStage) -> None:
    """Of two drafts that were written when the incident stood the same, one is published; the other is refused."""
    stage.set_page(second_person=SecondPerson.NEVER)
    for _ in range(ROUNDS):
        incident_id = stage.open()
        change = IncidentChange(status=IncidentStatus.RESOLVED)
        write_update = partial(
            write_draft, page_id=stage.page, kind=DraftKind.UPDATE, content=change, incident_id=incident_id
        )
        presses = [
            partial(stage.do, who, partial(publish_draft, draft_id=stage.do(who, write_update).id))
            for who in (INES, MAX)
        ]
        assert [type(refusal) for refusal in refusals(at_once(*presses))] == [ConflictError]
    assert len(stage.all(IncidentUpdate)) == 2 * ROUNDS
    statuses = sorted(draft.status for draft in stage.all(IncidentDraft))
    assert statuses == [DraftStatus.OPEN] * ROUNDS + [DraftStatus.PUBLISHED] * ROUNDS


def test_deleting_against_everything_else(stage: IncidentStage) -> None:
    """While an incident is deleted, its drafts are published and its words corrected: each comes to its end."""
    stage.set_page(second_person=SecondPerson.NEVER)
    for _ in range(ROUNDS):
        incident_id = stage.open()
        [said] = stage.all(IncidentUpdate)
        change = IncidentChange(body="Still looking.")
        write_update = partial(
            write_draft, page_id=stage.page, kind=DraftKind.UPDATE, content=change, incident_id=incident_id
        )
        draft = stage.do(INES, write_update)
        results = at_once(
            partial(stage.do, INES, partial(publish_draft, draft_id=draft.id)),
            partial(stage.do, MAX, partial(edit_update, update_id=said.id, body="We are looking.")),
            partial(stage.do, OLIVIA, partial(delete_incident, incident_id=incident_id)),
        )
        assert {type(refusal) for refusal in refusals(results)} <= {NotFoundError, ConflictError}
        assert [*stage.all(Incident), *stage.all(IncidentUpdate), *stage.all(IncidentDraft)] == []


def test_a_postmortem_against_reopening(stage: IncidentStage) -> None:
    """A postmortem is published in the instant in which its incident is opened again: no change is lost."""
    for _ in range(ROUNDS):
        incident_id = stage.open(status=IncidentStatus.RESOLVED)
        stage.do(INES, partial(write_postmortem, incident_id=incident_id, body="A cable."))
        before = stage.incident(incident_id).version
        results = at_once(
            partial(stage.do, INES, partial(publish_postmortem, incident_id=incident_id)),
            partial(stage.change, incident_id, MAX, status=IncidentStatus.INVESTIGATING),
        )
        incident = stage.incident(incident_id)
        assert incident.version == before + 2 - len(refusals(results))
        assert (incident.postmortem_body is None) == bool(refusals(results))
        assert incident.status == IncidentStatus.INVESTIGATING


def test_publishing_alone_against_revising(stage: IncidentStage) -> None:
    """Somebody may skip the second person for what is critical, not for what they make of it in the same instant."""
    stage.set_page(second_person_skipped_by=Role.INCIDENT_MANAGER)
    critical = replace(SLOW, impact_override=Impact.CRITICAL)
    for _ in range(ROUNDS):
        draft_id = write(stage, critical)
        at_once(
            partial(stage.do, INES, partial(publish_draft, draft_id=draft_id)),
            partial(stage.do, INES, partial(revise_draft, draft_id=draft_id, content=SLOW)),
        )
    assert {incident.impact_override for incident in stage.all(Incident)} <= {Impact.CRITICAL}
    drafts = stage.all(IncidentDraft)
    assert len(stage.all(Incident)) == sum(draft.status == DraftStatus.PUBLISHED for draft in drafts)


def test_what_somebody_read_is_what_they_publish(stage: IncidentStage) -> None:
    """A card of an older version neither publishes nor sends back, and nobody publishes what its author changes."""
    draft_id = waiting(stage)
    seen = draft_of(stage, draft_id).version
    stage.do(OLIVIA, partial(send_back, draft_id=draft_id, reason="Say since when.", version=seen))
    stage.do(INES, partial(revise_draft, draft_id=draft_id, content=replace(SLOW, body="Since nine.")))
    with pytest.raises(ConflictError, match="is open"):
        stage.do(MAX, partial(publish_draft, draft_id=draft_id))
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    for late in (partial(publish_draft, version=seen), partial(send_back, reason="No.", version=seen)):
        with pytest.raises(ConflictError, match="changed since you looked"):
            stage.do(MAX, partial(late, draft_id=draft_id))
    stage.do(MAX, partial(publish_draft, draft_id=draft_id, version=draft_of(stage, draft_id).version))
    assert [said.body for said in stage.all(IncidentUpdate)] == ["Since nine."]


def test_whoever_comes_last_with_an_earlier_instant(stage: IncidentStage, clock: HeldClock) -> None:
    """By a slow clock, or after a wait, the later change is the later one, in the history and in what is said."""
    checkout = stage.components[0]
    first = stage.open(components={checkout: ComponentStatus.MAJOR_OUTAGE})
    clock.advance(seconds=-2)
    stage.change(first, body="It is over.", status=IncidentStatus.RESOLVED, components={checkout: None})
    stage.do(INES, lambda tx: set_statuses(tx, stage.page, {checkout: ComponentStatus.OPERATIONAL}))
    with stage.desk.database.read() as session:
        changed = (ComponentStatusChange.at, ComponentStatusChange.id)
        history = session.scalars(select(ComponentStatusChange.status).order_by(*changed)).all()
        said = [update.body for update in list_updates(session, [first])]
    assert history == [ComponentStatus.MAJOR_OUTAGE, ComponentStatus.OPERATIONAL]
    assert said == ["It is over.", "We look."]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_component_that_somebody_is_just_changing(stage: IncidentStage) -> None:
    """Whoever saw it operational, and waited for who brings it down, is told of it and changes nothing."""
    down = (
        OLIVIA,
        partial(set_statuses, page_id=stage.page, wanted={stage.components[0]: ComponentStatus.MAJOR_OUTAGE}),
    )
    new = NewIncident(
        name="Slow",
        components={stage.components[0]: ComponentStatus.PARTIAL_OUTAGE},
        seen_states={stage.components[0]: ComponentStatus.OPERATIONAL},
    )
    _, refusal = race(stage.desk, down, (MAX, partial(create_incident, page_id=stage.page, new=new)))
    assert isinstance(refusal, ConflictError)
    assert stage.all(Incident) == []
