"""Drafts, incidents and maintenances: written, published, moved, ended, taken up again."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.incidents.drafts.drafts import discard_draft, send_back, write_draft
from desk.incidents.drafts.duplicates import accept_doubles
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.inputs import ENDED, IncidentChange, NewIncident, Schedule
from desk.incidents.maintenances.plans import (
    complete_by_itself,
    plan_cancellation,
    plan_completion,
    plan_move,
    plan_start,
    propose_states,
)
from desk.incidents.port import port_of
from desk.transaction import Transaction
from storage.models import (
    ComponentStatus,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    Page,
    SecondPerson,
)
from tests.factories import INES, MAX
from tests.model.house import House, publishers_mostly

_BY_HAND = [status for status in ComponentStatus if status is not ComponentStatus.UNDER_MAINTENANCE]
"""Only maintenances put a component under maintenance here, so that it can be seen when none does any more."""
states = st.dictionaries(st.integers(0, 2), st.none() | st.sampled_from(_BY_HAND), max_size=3)
_REALTIME = (IncidentStatus.INVESTIGATING, IncidentStatus.MONITORING, IncidentStatus.RESOLVED)
_PLANS = {"start": plan_start, "complete": plan_completion, "cancel": plan_cancellation}


class RulesOfIncidents(RuleBasedStateMachine):
    """What is said of incidents and maintenances goes through drafts, some of which wait while the world moves on."""

    house: House

    def _components(self, wanted: Mapping[int, ComponentStatus | None]) -> dict[str, ComponentStatus | None]:
        return {self.house.components[place]: status for place, status in wanted.items()}

    def begin_with_incidents(self) -> None:
        """One is open and has a component down, a maintenance of it begins in an hour, another is thought of."""
        down: dict[int, ComponentStatus | None] = {0: ComponentStatus.PARTIAL_OUTAGE}
        self.report(INES, down, IncidentStatus.INVESTIGATING, True)
        self.plan(INES, 1, 5, 15)
        self.report(MAX, {1: None}, IncidentStatus.MONITORING, False)

    @rule(who=publishers_mostly, wanted=states, status=st.sampled_from(_REALTIME), at_once=st.booleans())
    def report(
        self, who: str, wanted: Mapping[int, ComponentStatus | None], status: IncidentStatus, at_once: bool
    ) -> None:
        """Somebody writes about something new, and perhaps publishes it."""
        new = NewIncident(
            name=self.house.word("draft"), body="We look.", status=status, components=self._components(wanted)
        )
        work = partial(write_draft, page_id=self.house.page, kind=DraftKind.INCIDENT, content=new)
        self._wrote(who, self.house.act(who, work), at_once)

    @rule(
        who=publishers_mostly,
        begins=st.sampled_from([1, 30, 200]),
        lasts=st.sampled_from([1, 5]),
        flags=st.integers(0, 15),
    )
    def plan(self, who: str, begins: int, lasts: int, flags: int) -> None:
        """Somebody schedules a maintenance of the first components."""
        start = self.house.clock.now() + timedelta(hours=begins)
        window = Schedule(
            scheduled_for=start,
            scheduled_until=start + timedelta(hours=lasts),
            auto_in_progress=bool(flags & 1),
            auto_completed=bool(flags & 2),
            to_maintenance_state=bool(flags & 4),
            to_operational_state=bool(flags & 8),
        )
        about: dict[int, ComponentStatus | None] = {0: None, 1: None}
        new = NewIncident(name=self.house.word("draft"), schedule=window, components=self._components(about))
        work = partial(write_draft, page_id=self.house.page, kind=DraftKind.MAINTENANCE, content=new)
        self._wrote(who, self.house.act(who, work), True)

    @rule(
        data=st.data(),
        who=publishers_mostly,
        wanted=st.none() | states,
        status=st.none() | st.sampled_from(_REALTIME),
        at_once=st.booleans(),
    )
    def update(
        self,
        data: st.DataObject,
        who: str,
        wanted: Mapping[int, ComponentStatus | None] | None,
        status: IncidentStatus | None,
        at_once: bool,
    ) -> None:
        """Somebody writes an update: with components that they chose, or with those that Keydesk proposes."""
        incident = self.house.any(data, Incident, Incident.scheduled_for.is_(None))
        if incident is None:
            return

        def write(tx: Transaction) -> IncidentDraft:
            components = self._components(wanted or {})
            if wanted is None and status is not None:
                components = dict(propose_states(tx.session, incident, status))
            change = IncidentChange(status=status, body=self.house.word("draft"), components=components)
            return write_draft(
                tx, page_id=incident.page_id, kind=DraftKind.UPDATE, content=change, incident_id=incident.id
            )

        self._wrote(who, self.house.act(who, write), at_once)

    @rule(data=st.data(), who=publishers_mostly, deed=st.sampled_from(list(_PLANS)), at_once=st.booleans())
    def carry_out(self, data: st.DataObject, who: str, deed: str, at_once: bool) -> None:
        """Somebody starts, completes or cancels a maintenance."""
        incident = self.house.any(data, Incident, Incident.scheduled_for.is_not(None))
        if incident is None:
            return

        def write(tx: Transaction) -> IncidentDraft:
            change = _PLANS[deed](tx, incident.id)
            return write_draft(
                tx, page_id=incident.page_id, kind=DraftKind.UPDATE, content=change, incident_id=incident.id
            )

        self._wrote(who, self.house.act(who, write), at_once)

    @rule(
        data=st.data(), who=publishers_mostly, hours=st.sampled_from([1, 3, 50]), by_itself=st.none() | st.booleans()
    )
    def take_longer(self, data: st.DataObject, who: str, hours: int, by_itself: bool | None) -> None:
        """A maintenance gets another end, or whether it is completed by itself is decided anew."""
        incident = self.house.any(data, Incident, Incident.scheduled_for.is_not(None), Incident.status.not_in(ENDED))
        if incident is None:
            return
        if by_itself is not None:
            self.house.act(who, partial(complete_by_itself, incident_id=incident.id, does=by_itself))
            return

        def write(tx: Transaction) -> IncidentDraft:
            assert incident.scheduled_for is not None
            until = tx.now + timedelta(hours=hours)
            change = plan_move(tx, incident.id, incident.scheduled_for, until)
            return write_draft(
                tx, page_id=incident.page_id, kind=DraftKind.UPDATE, content=change, incident_id=incident.id
            )

        self._wrote(who, self.house.act(who, write), True)

    def _wrote(self, who: str, draft: IncidentDraft | None, at_once: bool) -> None:
        if draft is not None and at_once:
            self._publish(who, draft)

    def _publish(self, who: str, draft: IncidentDraft) -> None:
        if draft.kind == DraftKind.INCIDENT:
            # Whatever is open on the same components: this is something else.
            self.house.act(who, partial(accept_doubles, draft_id=draft.id))
        self.house.act(who, partial(publish_draft, draft_id=draft.id))

    @rule(data=st.data(), who=publishers_mostly, deed=st.sampled_from(["publish", "publish", "send back", "discard"]))
    def press(self, data: st.DataObject, who: str, deed: str) -> None:
        """Somebody presses a button of a draft that waited for a while."""
        open_ones = [DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK]
        draft = self.house.any(data, IncidentDraft, IncidentDraft.status.in_(open_ones))
        if draft is None:
            return
        who = data.draw(st.just(draft.author_id) | st.just(who))
        if deed == "publish":
            self._publish(who, draft)
        elif deed == "discard":
            self.house.act(who, partial(discard_draft, draft_id=draft.id))
        else:
            self.house.act(who, partial(send_back, draft_id=draft.id, reason="Say since when."))

    @rule(second_person=st.sampled_from(SecondPerson))
    def want_second_person(self, second_person: SecondPerson) -> None:
        """The page gets another rule."""
        with self.house.desk.database.write() as session:
            session.get_one(Page, self.house.page).second_person = second_person

    @rule(who=publishers_mostly, wanted=states.filter(bool))
    def set_states(self, who: str, wanted: Mapping[int, ComponentStatus | None]) -> None:
        """Components are set by hand."""
        page, components = self.house.page, self._components(wanted)
        self.house.act(who, lambda tx: port_of(tx, page).set_statuses(tx, page, components))
