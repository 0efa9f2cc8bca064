"""The duplicate guard: nobody publishes, or asks a second person to publish, what is open already."""

from functools import partial

import pytest

from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.incidents.drafts.drafts import revise_draft, write_draft
from desk.incidents.drafts.duplicates import OpenDoublesError, accept_doubles
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import NewIncident
from desk.transaction import Desk
from storage.models import DraftKind, DraftStatus, IncidentDraft, IncidentStatus, SecondPerson
from tests.factories import INES, MAX, MIA
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """Three components; Ines and Max publish."""
    return set_incident_stage(desk)


def written(stage: IncidentStage, *components: int) -> str:
    """Ines' draft of an incident on these components."""
    new = NewIncident(
        name="Slow", body="We look.", components={stage.components[place]: None for place in components}
    )
    write = partial(write_draft, page_id=stage.page, kind=DraftKind.INCIDENT, content=new)
    return stage.do(INES, write).id


def status(stage: IncidentStage, draft_id: str) -> DraftStatus:
    """Where a draft stands."""
    with stage.desk.database.read() as session:
        return session.get_one(IncidentDraft, draft_id).status


@pytest.mark.parametrize("rule", [SecondPerson.NEVER, SecondPerson.ALWAYS])
def test_what_is_open_already_is_not_opened_again(stage: IncidentStage, rule: SecondPerson) -> None:
    """Neither by its author nor by asking a second person: the draft stays open, and nobody is told."""
    stage.set_page(second_person=rule)
    stage.open(name="Down", components={stage.components[1]: None})
    draft = written(stage, 0, 1)
    told = len(stage.outbox())
    with pytest.raises(OpenDoublesError, match="“Down” is open on the same components"):
        stage.do(INES, partial(publish_draft, draft_id=draft))
    assert status(stage, draft) == DraftStatus.OPEN
    assert len(stage.outbox()) == told


@pytest.mark.parametrize("beside", ["an earlier one", "another component", "nothing"])
def test_what_is_no_duplicate(stage: IncidentStage, beside: str) -> None:
    """One that is over, or about something else, stands in nobody's way."""
    if beside == "an earlier one":
        stage.change(stage.open(components={stage.components[0]: None}), status=IncidentStatus.RESOLVED)
    if beside == "another component":
        stage.open(components={stage.components[2]: None})
    draft = written(stage, 0)
    stage.do(INES, partial(publish_draft, draft_id=draft))
    assert status(stage, draft) == DraftStatus.PUBLISHED


def test_what_is_said_to_be_something_else(stage: IncidentStage) -> None:
    """It may be published beside what was open then, and not beside what was opened since."""
    stage.open(name="Down", components={stage.components[0]: None})
    draft = written(stage, 0)
    stage.do(INES, partial(accept_doubles, draft_id=draft))
    stage.open(name="Too", components={stage.components[0]: None})
    with pytest.raises(OpenDoublesError, match=r"^“Too” is open"):
        stage.do(INES, partial(publish_draft, draft_id=draft))
    with pytest.raises(NotAllowedError, match="Only its author"):
        stage.do(MAX, partial(accept_doubles, draft_id=draft))
    stage.do(INES, partial(accept_doubles, draft_id=draft))
    stage.do(INES, partial(publish_draft, draft_id=draft))
    assert status(stage, draft) == DraftStatus.PUBLISHED
    with pytest.raises(ConflictError, match="published already"):
        stage.do(INES, partial(accept_doubles, draft_id=draft))


def test_who_may_not_publish_does_not_say_so(stage: IncidentStage) -> None:
    """Whether it is something else is said by those who may publish it."""
    with pytest.raises(NotAllowedError):
        stage.do(MIA, partial(accept_doubles, draft_id=written(stage, 0)))


def test_a_draft_is_not_edited_to_nothing(stage: IncidentStage) -> None:
    """Without a name, or on a component of another page, it is refused, and says what it said before."""
    draft = written(stage, 0)
    for new, field in (
        (NewIncident(name=" ", body="We look."), "name"),
        (NewIncident(name="Slow", components={"otherpage000": None}), "components"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            stage.do(INES, partial(revise_draft, draft_id=draft, content=new))
        assert refusal.value.field == field
    with stage.desk.database.read() as session:
        kept = session.get_one(IncidentDraft, draft)
    assert (kept.content["name"], kept.version) == ("Slow", 1)
