"""Drafts under every rule about a second person, in every order of events, beside a small model of who may what."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from desk.errors import KeydeskError
from desk.incidents.drafts.drafts import discard_draft, revise_draft, send_back, write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.pages.status import Impact
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from storage.models import (
    AuditEvent,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentUpdate,
    Role,
    SecondPerson,
)
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.factories import INES, MAX, MIA, OLIVIA
from tests.machines import as_found
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage

PUBLISHERS = {INES, MAX, OLIVIA}
OPEN, WAITING, SENT_BACK = DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK
PUBLISHED, DISCARDED = DraftStatus.PUBLISHED, DraftStatus.DISCARDED

people = st.sampled_from([INES, MAX, OLIVIA, MIA])


@dataclass
class Meant:
    """What the model knows of a draft."""

    author: str
    is_critical: bool
    incident: str | None
    """The incident that it is an update of, as it stood then."""
    stood: int = 0
    status: DraftStatus = OPEN
    is_alone: bool = False


class DraftLives(RuleBasedStateMachine):
    """Three who may publish and one who may not, one page, and its rule changing under them."""

    new_stage: Callable[[], IncidentStage]

    def __init__(self) -> None:
        super().__init__()
        self.stage = type(self).new_stage()
        self.rule_ = SecondPerson.NEVER
        self.skips = False
        self.drafts: dict[str, Meant] = {}
        self.incidents: dict[str, tuple[int, bool]] = {}
        """By id: how often it changed, and whether it is critical."""

    def teardown(self) -> None:
        """Let the database go."""
        self.stage.desk.database.close()

    def _do(self, who: str, work: Callable[[Transaction], Any]) -> Any:
        """What it gives, or None when it is refused."""
        assert isinstance(self.stage.desk.clock, HeldClock)
        self.stage.desk.clock.advance(seconds=1)
        try:
            return self.stage.do(who, work)
        except KeydeskError:
            return None

    def _any(self, data: st.DataObject) -> tuple[str, Meant]:
        draft_id = data.draw(st.sampled_from(list(self.drafts)))
        return draft_id, self.drafts[draft_id]

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Something is public, two have written an update of it, and one of them of two other things."""
        self.write(MAX, is_critical=False)
        [draft_id] = self.drafts
        self._publish(MAX, draft_id)
        [incident_id] = self.incidents
        for who in (INES, MAX):
            self._write_update(who, incident_id)
        self.decide_otherwise(data.draw(st.sampled_from(SecondPerson)), data.draw(st.booleans()))
        for is_critical in (True, False):
            self.write(INES, is_critical)

    @rule(second_person=st.sampled_from(SecondPerson), skips=st.booleans())
    def decide_otherwise(self, second_person: SecondPerson, skips: bool) -> None:
        """The page gets another rule: when a second person is needed, and whether incident managers may skip it."""
        self.rule_, self.skips = second_person, skips
        role = Role.INCIDENT_MANAGER if skips else None
        self.stage.set_page(second_person=second_person, second_person_skipped_by=role)

    @rule(who=people, is_critical=st.booleans())
    def write(self, who: str, is_critical: bool) -> None:
        """Somebody writes about something new."""
        new = NewIncident(name="Slow", impact_override=Impact.CRITICAL if is_critical else None)
        draft = self._do(
            who, lambda tx: write_draft(tx, page_id=self.stage.page, kind=DraftKind.INCIDENT, content=new)
        )
        assert (draft is not None) == (who in PUBLISHERS)
        if draft is not None:
            self.drafts[draft.id] = Meant(who, is_critical, None)

    @precondition(lambda self: self.incidents)
    @rule(data=st.data(), authors=st.lists(people, min_size=1, max_size=2))
    def write_updates(self, data: st.DataObject, authors: list[str]) -> None:
        """One or two people write an update of what they see."""
        incident_id = data.draw(st.sampled_from(list(self.incidents)))
        for who in authors:
            self._write_update(who, incident_id)

    def _write_update(self, who: str, incident_id: str) -> None:
        stood, is_critical = self.incidents[incident_id]
        change = IncidentChange(body="Still looking.")
        draft = self._do(
            who,
            lambda tx: write_draft(
                tx, page_id=self.stage.page, kind=DraftKind.UPDATE, content=change, incident_id=incident_id
            ),
        )
        assert (draft is not None) == (who in PUBLISHERS)
        if draft is not None:
            self.drafts[draft.id] = Meant(who, is_critical, incident_id, stood)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), who=people)
    def revise(self, data: st.DataObject, who: str) -> None:
        """Somebody writes it better; it is then about the incident as it stands."""
        draft_id, meant = self._any(data)
        better: NewIncident | IncidentChange = IncidentChange(body="Better.")
        if meant.incident is None:
            better = NewIncident(name="Better", impact_override=Impact.CRITICAL if meant.is_critical else None)
        revised = self._do(who, lambda tx: revise_draft(tx, draft_id, better))
        may = who == meant.author and meant.status in {OPEN, SENT_BACK}
        assert (revised is not None) == may
        if may:
            meant.status = OPEN
            if meant.incident is not None:
                meant.stood, _ = self.incidents[meant.incident]

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), is_stale=st.sampled_from([False, False, True]))
    def publish(self, data: st.DataObject, is_stale: bool) -> None:
        """Somebody, often its author, presses *Publish*, perhaps on what the draft said before."""
        draft_id, meant = self._any(data)
        self._publish(data.draw(st.just(meant.author) | people), draft_id, is_stale=is_stale)

    @rule(second=people)
    def publish_all(self, second: str) -> None:
        """Every author presses *Publish* on what they wrote and, after them, somebody else on all of it."""
        for draft_id in list(self.drafts):
            self._publish(self.drafts[draft_id].author, draft_id)
        for draft_id in list(self.drafts):
            self._publish(second, draft_id)

    def _publish(self, who: str, draft_id: str, *, is_stale: bool = False) -> None:
        meant = self.drafts[draft_id]
        with self.stage.desk.database.read() as session:
            version = session.get_one(IncidentDraft, draft_id).version - is_stale
        done = self._do(who, lambda tx: publish_draft(tx, draft_id, version=version))
        following = None if is_stale else self._foresee(who, meant)
        assert (done is None) == (following is None)
        if following is None:
            return
        _, incident = done
        assert (incident is not None) == (following is PUBLISHED)
        meant.status = following
        if incident is not None:
            meant.is_alone = who == meant.author and self._needs_second(meant)
            times, _ = self.incidents.get(incident.id, (0, False))
            self.incidents[incident.id] = (times + 1, meant.is_critical)

    def _needs_second(self, meant: Meant) -> bool:
        first_post = meant.incident is None
        return self.rule_ == SecondPerson.ALWAYS or (self.rule_ == SecondPerson.FIRST_POST and first_post)

    def _foresee(self, who: str, meant: Meant) -> DraftStatus | None:
        """What a press makes of a draft; None when it is refused."""
        if who not in PUBLISHERS:
            return None
        if who != meant.author:
            following = PUBLISHED if meant.status == WAITING else None
        elif meant.status not in {OPEN, WAITING}:
            following = None
        elif not self._needs_second(meant) or (meant.is_critical and self.skips):
            following = PUBLISHED
        else:
            following = WAITING if meant.status == OPEN else None
        outdated = meant.incident is not None and self.incidents[meant.incident][0] != meant.stood
        return None if following is PUBLISHED and outdated else following

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), who=people)
    def return_it(self, data: st.DataObject, who: str) -> None:
        """Somebody presses *Send back*."""
        draft_id, meant = self._any(data)
        done = self._do(who, lambda tx: send_back(tx, draft_id, reason="Say since when."))
        may = who in PUBLISHERS and meant.status == WAITING
        assert (done is not None) == may
        if may:
            meant.status = SENT_BACK

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), who=people)
    def discard(self, data: st.DataObject, who: str) -> None:
        """Somebody throws a draft away."""
        draft_id, meant = self._any(data)
        done = self._do(who, lambda tx: discard_draft(tx, draft_id))
        may = who in {meant.author, OLIVIA} and meant.status in {OPEN, WAITING, SENT_BACK}
        assert (done is not None) == may
        if may:
            meant.status = DISCARDED

    @invariant()
    def drafts_stand_as_meant(self) -> None:
        """Each draft stands where the model says: what was published or thrown away stays so."""
        assert {draft.id: draft.status for draft in self.stage.all(IncidentDraft)} == {
            draft_id: meant.status for draft_id, meant in self.drafts.items()
        }

    @invariant()
    def each_publication_made_one_thing(self) -> None:
        """As many incidents as published first posts, as many updates as publications, recorded once each."""
        published = {draft_id: meant for draft_id, meant in self.drafts.items() if meant.status == PUBLISHED}
        assert len(self.stage.all(Incident)) == sum(meant.incident is None for meant in published.values())
        assert len(self.stage.all(IncidentUpdate)) == len(published)
        events = [event for event in self.stage.all(AuditEvent) if event.action == "draft.published"]
        assert sorted(event.subject_id for event in events) == sorted(published)
        for event in events:
            meant = published[event.subject_id]
            assert event.data["alone"] == meant.is_alone
            assert not meant.is_alone or meant.is_critical
            assert event.actor.removeprefix("member:") in PUBLISHERS


def test_drafts_hold_their_promises(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever presses what in whatever order, a draft is published once, by somebody who may by the page's rule."""

    def new_stage() -> IncidentStage:
        url = copy_sqlite(sqlite_template, tmp_path_factory.mktemp("machine"))
        return set_incident_stage(Desk(open_database(url), HeldClock(), Policy()))

    machine = type("Machine", (DraftLives,), {"new_stage": staticmethod(new_stage)})
    run_state_machine_as_test(machine, settings=as_found(lives=12))
