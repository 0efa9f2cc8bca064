"""Drafts of operators: their author is whoever has that login, and a page's rule holds for them as for people."""

from functools import partial

import pytest

from desk.errors import NotAllowedError
from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.drafts import revise_draft, send_back, take_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.review import DECIDED_NOTE, MINE_CARD, REVIEW_CARD
from desk.incidents.inputs import NewIncident
from desk.incidents.listing import list_drafts
from desk.transaction import Actor, Desk
from storage.models import ComponentStatus, DraftKind, DraftStatus, IncidentDraft, Role, SecondPerson
from tests.factories import INES, MAX
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage

ANN, BOB = Actor.operator("ann"), Actor.operator("bob")


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page where a second person must publish everything."""
    stage = set_incident_stage(desk)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


def _hand_in(stage: IncidentStage, status: ComponentStatus | None = None) -> tuple[str, Outcome]:
    new = NewIncident(name="Slow", body="We look.", components={stage.components[0]: status})
    draft = stage.desk.write_now(
        ANN, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new)
    )
    outcome, _ = stage.desk.write_now(ANN, partial(publish_draft, draft_id=draft.id))
    return draft.id, outcome


def _status(stage: IncidentStage, draft_id: str) -> DraftStatus:
    return stage.desk.read_now(ANN, lambda tx: DraftStatus(tx.session.get_one(IncidentDraft, draft_id).status))


def test_it_waits_for_somebody_else(stage: IncidentStage) -> None:
    """Everybody in Slack who may publish is asked; nothing is sent to the author, who has no place there."""
    draft_id, outcome = _hand_in(stage)
    assert outcome is Outcome.ASK_SECOND
    assert {card.conversation for card in stage.cards(REVIEW_CARD)} == {INES, MAX}
    assert stage.cards(MINE_CARD) == []
    with pytest.raises(NotAllowedError, match="you wrote it"):
        stage.desk.write_now(ANN, partial(publish_draft, draft_id=draft_id))


@pytest.mark.parametrize("second", [BOB, Actor.member(INES)], ids=str)
def test_another_operator_or_a_person_publishes_it(stage: IncidentStage, second: Actor) -> None:
    """What counts is that it is somebody else; no note is owed to the author."""
    draft_id, _ = _hand_in(stage)
    outcome, incident = stage.desk.write_now(second, partial(publish_draft, draft_id=draft_id))
    assert (outcome, incident is not None) == (Outcome.PUBLISH, True)
    assert stage.cards(DECIDED_NOTE) == []


def test_critical_impact_may_be_published_alone(stage: IncidentStage) -> None:
    """Where the page lets a role do so: an operator acts as an owner, and has every role."""
    stage.set_page(second_person_skipped_by=Role.INCIDENT_MANAGER)
    _, outcome = _hand_in(stage, ComponentStatus.MAJOR_OUTAGE)
    assert outcome is Outcome.PUBLISH_ALONE


def test_its_author_takes_it_back_and_changes_it(stage: IncidentStage) -> None:
    """As a person would; another operator does not, and neither does who sends it back."""
    draft_id, _ = _hand_in(stage)
    with pytest.raises(NotAllowedError, match="Only its author"):
        stage.desk.write_now(BOB, partial(take_back, draft_id=draft_id))
    stage.desk.write_now(Actor.member(MAX), partial(send_back, draft_id=draft_id, reason="Since when?"))
    assert _status(stage, draft_id) is DraftStatus.SENT_BACK
    words = NewIncident(name="Slow", body="Since nine.")
    with pytest.raises(NotAllowedError, match="Only its author"):
        stage.desk.write_now(BOB, lambda tx: revise_draft(tx, draft_id, words))
    stage.desk.write_now(ANN, lambda tx: revise_draft(tx, draft_id, words))
    assert _status(stage, draft_id) is DraftStatus.OPEN


def test_lists_tell_own_from_others(stage: IncidentStage) -> None:
    """An operator's draft is their own; to another operator it is one that waits."""
    draft_id, _ = _hand_in(stage)
    own, theirs = (stage.desk.read_now(who, list_drafts) for who in (ANN, BOB))
    assert [each.draft.id for each in own.own] == [draft_id] == [each.draft.id for each in theirs.waiting]
    assert (list(own.waiting), list(theirs.own)) == ([], [])


def test_a_very_long_login_is_one_author(stage: IncidentStage) -> None:
    """It is kept as far as it fits, and found again."""
    long = Actor.operator("a" * 60)
    new = NewIncident(name="Slow", body="We look.")
    draft = stage.desk.write_now(
        long, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new)
    )
    stage.desk.write_now(long, partial(publish_draft, draft_id=draft.id))
    with pytest.raises(NotAllowedError, match="you wrote it"):
        stage.desk.write_now(long, partial(publish_draft, draft_id=draft.id))
