"""What somebody may do with a draft, by its state, by whose it is, and by what became of its incident."""

from collections.abc import Callable
from functools import partial

import pytest

from desk.errors import ConflictError, KeydeskError, NotAllowedError
from desk.incidents.drafts.decision import Outcome
from desk.incidents.drafts.drafts import discard_draft, get_draft, revise_draft, send_back, take_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.steps import Step, decide_steps, find_changes, get_editable, list_steps
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.transaction import Desk, Transaction
from storage.models import ComponentStatus, DraftKind, DraftStatus, SecondPerson
from tests.clock import HeldClock
from tests.factories import INES, MAX, MIA
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage

OPEN, WAITING, SENT_BACK = DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK
PUBLISH, REFUSE_ROLE, REFUSE_AUTHOR = Outcome.PUBLISH, Outcome.REFUSE_ROLE, Outcome.REFUSE_AUTHOR


@pytest.mark.parametrize(
    ("case", "status", "outcome", "is_author", "steps"),
    [
        ("its author looks at it", OPEN, PUBLISH, True, "publish edit discard"),
        ("it goes to a second person", OPEN, Outcome.ASK_SECOND, True, "publish edit discard"),
        ("its author has lost the role", OPEN, REFUSE_ROLE, True, "discard"),
        ("somebody else's, not handed in", OPEN, PUBLISH, False, ""),
        ("it waits, for its author", WAITING, REFUSE_AUTHOR, True, "take_back discard"),
        ("it waits, and the rule is gone", WAITING, PUBLISH, True, "publish take_back discard"),
        ("it waits, and has become critical", WAITING, Outcome.PUBLISH_ALONE, True, "publish take_back discard"),
        ("it waits, for others who may", WAITING, PUBLISH, False, "publish send_back"),
        ("it waits, for others who may not", WAITING, REFUSE_ROLE, False, ""),
        ("sent back, for its author", SENT_BACK, PUBLISH, True, "edit discard"),
        ("sent back, for others", SENT_BACK, PUBLISH, False, ""),
        ("published", DraftStatus.PUBLISHED, PUBLISH, True, ""),
        ("thrown away", DraftStatus.DISCARDED, PUBLISH, True, ""),
    ],
)
def test_steps(case: str, status: DraftStatus, outcome: Outcome, is_author: bool, steps: str) -> None:
    """Nobody is offered what the desk would refuse; what is outdated is offered alike, but for publishing."""
    offered = decide_steps(status, outcome, is_author=is_author)
    assert offered == set(steps.split()), case
    assert decide_steps(status, outcome, is_author=is_author, is_outdated=True) == offered - {Step.PUBLISH}


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page where a second person must publish everything."""
    stage = set_incident_stage(desk)
    stage.set_page(second_person=SecondPerson.ALWAYS)
    return stage


def _write(stage: IncidentStage) -> str:
    new = NewIncident(name="Slow", body="We look.")
    return stage.do(INES, lambda tx: write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new).id)


def _steps(tx: Transaction, draft_id: str) -> frozenset[Step]:
    return list_steps(tx, get_draft(tx, draft_id))


@pytest.mark.parametrize("handed_in", [False, True])
def test_what_is_offered_can_be_done_and_nothing_else(stage: IncidentStage, handed_in: bool) -> None:
    """Each step that somebody is offered succeeds on a draft in that state, and every other one is refused."""
    new = NewIncident(name="Slow", body="Better words.")
    does: dict[Step, Callable[..., object]] = {
        Step.PUBLISH: publish_draft,
        Step.SEND_BACK: partial(send_back, reason="Say since when."),
        Step.EDIT: partial(revise_draft, content=new),
        Step.TAKE_BACK: take_back,
        Step.DISCARD: discard_draft,
    }
    for who in (INES, MAX, MIA):
        for step, do in does.items():
            draft_id = _write(stage)
            if handed_in:
                stage.do(INES, partial(publish_draft, draft_id=draft_id))
            offered = stage.see(who, partial(_steps, draft_id=draft_id))
            try:
                stage.do(who, partial(do, draft_id=draft_id))
                done = True
            except KeydeskError:
                done = False
            # The author takes it back rather, and sending it back to oneself harms nobody.
            needless = (who, step) == (INES, Step.SEND_BACK)
            assert done == (step in offered) or needless, (who, step, offered)


def test_a_draft_is_edited_by_its_author_alone_and_not_while_it_waits(stage: IncidentStage) -> None:
    """The form is refused, with what to do, to others, while a second person reads the draft, and once it is over."""
    draft_id = _write(stage)
    edit = partial(get_editable, draft_id=draft_id)
    assert stage.see(INES, edit).id == draft_id
    with pytest.raises(NotAllowedError, match="Only its author"):
        stage.see(MAX, edit)
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    with pytest.raises(ConflictError, match="take it back first"):
        stage.see(INES, edit)
    stage.do(MAX, partial(publish_draft, draft_id=draft_id))
    with pytest.raises(ConflictError, match="was published already"):
        stage.see(INES, edit)


def test_what_changed_since_a_draft_was_written(stage: IncidentStage, clock: HeldClock) -> None:
    """An update is outdated by its incident, and by a component that it would move and that was moved; published, by
    neither."""
    stage.set_page(second_person=SecondPerson.NEVER)
    incident_id, moved, other = stage.open(), stage.components[0], stage.components[1]
    states = {moved: ComponentStatus.MAJOR_OUTAGE, other: None}
    content = IncidentChange(body="Worse.", components=states)
    write = partial(write_draft, page_id=stage.page, kind=DraftKind.UPDATE, incident_id=incident_id)
    draft_id = stage.do(INES, lambda tx: write(tx, content=content).id)

    def changes() -> tuple[str | None, list[tuple[str, str, str]]] | None:
        found = stage.see(INES, lambda tx: find_changes(tx, get_draft(tx, draft_id)))
        if found is None:
            return None
        last = found.last.body if found.last is not None else None
        return last, [(one.component.id, str(one.was), str(one.now)) for one in found.states]

    assert changes() is None
    stage.open(MAX, components={moved: ComponentStatus.PARTIAL_OUTAGE, other: ComponentStatus.MAJOR_OUTAGE})
    assert changes() == (None, [(moved, "operational", "partial_outage")])
    stage.do(INES, partial(revise_draft, draft_id=draft_id, content=content))
    assert changes() is None
    clock.advance(minutes=1)
    stage.change(incident_id, MAX, body="Faster than you.")
    assert changes() == ("Faster than you.", [])
    with pytest.raises(ConflictError, match="was changed since"):
        stage.do(INES, partial(publish_draft, draft_id=draft_id))
    stage.do(INES, partial(revise_draft, draft_id=draft_id, content=content))
    stage.do(INES, partial(publish_draft, draft_id=draft_id))
    assert changes() is None
