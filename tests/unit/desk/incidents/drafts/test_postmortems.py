"""Two people write a postmortem of the same incident."""

from functools import partial

import pytest

from desk.errors import ConflictError
from desk.incidents.drafts.drafts import get_draft, revise_draft, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.drafts.steps import Step, find_changes, list_steps
from desk.incidents.postmortems import mark_of, postmortem_of, write_postmortem
from desk.transaction import Desk
from storage.models import DraftKind, IncidentStatus
from tests.databases import both_databases
from tests.factories import INES, MAX
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page on which Ines and Max may publish."""
    return set_incident_stage(desk)


@pytest.fixture
def over(stage: IncidentStage) -> str:
    """An incident that is over."""
    return stage.open(status=IncidentStatus.RESOLVED)


def _write(stage: IncidentStage, who: str, over: str, text: str, seen: str | None = None) -> str:
    write = partial(write_draft, page_id=stage.page, kind=DraftKind.POSTMORTEM, content=text, incident_id=over)
    return stage.do(who, lambda tx: write(tx, seen=seen).id)


def _publish(stage: IncidentStage, who: str, draft_id: str) -> None:
    stage.do(who, lambda tx: publish_draft(tx, draft_id))


@both_databases
@pytest.mark.parametrize("opened_first", [True, False])
def test_the_second_sees_the_first_before_replacing_it(stage: IncidentStage, over: str, opened_first: bool) -> None:
    """Whether the first was published between form and preview or between preview and press: the preview shows it and
    takes no *Publish*, and a press is refused; once it was looked at, the second replaces it."""
    if opened_first:
        first, second = _write(stage, MAX, over, "A cable."), None
        _publish(stage, MAX, first)
        second = _write(stage, INES, over, "A disk.", seen="")
    else:
        first, second = _write(stage, MAX, over, "A cable."), _write(stage, INES, over, "A disk.")
        _publish(stage, MAX, first)
    changed = stage.see(INES, lambda tx: find_changes(tx, get_draft(tx, second)))
    assert changed is not None
    assert changed.postmortem == "A cable."
    assert Step.PUBLISH not in stage.see(INES, lambda tx: list_steps(tx, get_draft(tx, second)))
    with pytest.raises(ConflictError, match="written anew"):
        _publish(stage, INES, second)
    assert postmortem_of(stage.incident(over)) == "A cable."
    revise = partial(revise_draft, draft_id=second, content="A cable and a disk.", seen=mark_of("A cable."))
    stage.do(INES, revise)
    _publish(stage, INES, second)
    assert stage.incident(over).postmortem_body == "A cable and a disk."


def test_the_same_words_and_other_changes_are_in_nobodys_way(stage: IncidentStage, over: str) -> None:
    """A word to the incident meanwhile, or the very same text, holds no postmortem up."""
    same, other = _write(stage, MAX, over, "A cable."), _write(stage, INES, over, "A cable.")
    _publish(stage, MAX, same)
    stage.change(over, body="Sorry again.")
    assert stage.see(INES, lambda tx: find_changes(tx, get_draft(tx, other))) is None
    _publish(stage, INES, other)
    assert stage.incident(over).postmortem_body == "A cable."


@both_databases
def test_a_draft_by_the_port_counts_as_well(stage: IncidentStage, over: str) -> None:
    """What a client keeps as a draft is not replaced unseen; who looks at nothing replaces it as before."""
    draft = _write(stage, INES, over, "A disk.")
    stage.do(MAX, lambda tx: write_postmortem(tx, over, "By a client."))
    with pytest.raises(ConflictError):
        _publish(stage, INES, draft)
    stage.do(MAX, lambda tx: write_postmortem(tx, over, "By a client again."))
    assert postmortem_of(stage.incident(over)) == "By a client again."
