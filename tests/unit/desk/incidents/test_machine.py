"""The life of incidents in every order of events, beside a small model of what must come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from sqlalchemy import select

from desk.audit import chain as audit_chain
from desk.errors import InvalidInputError
from desk.incidents.inputs import ENDED, REALTIME, SCHEDULED, IncidentChange, NewIncident, Schedule
from desk.incidents.lookup import list_updates
from desk.incidents.port import port_of
from desk.pages.status import Impact
from desk.policy import Policy
from desk.status_page.pages import PageView
from desk.status_page.reading import list_public_pages, read_page_view
from desk.transaction import Actor, Desk
from storage.models import Component, ComponentStatus, ComponentStatusChange, Incident, IncidentStatus, Revision
from storage.signals import Topic
from tests.clock import HeldClock
from tests.databases import copy_sqlite, open_database
from tests.factories import INES
from tests.machines import as_found
from tests.unit.desk.incidents.incident_stage import IncidentStage, set_incident_stage

RANKS = {
    ComponentStatus.OPERATIONAL: 0,
    ComponentStatus.UNDER_MAINTENANCE: 0,
    ComponentStatus.DEGRADED_PERFORMANCE: 1,
    ComponentStatus.PARTIAL_OUTAGE: 2,
    ComponentStatus.MAJOR_OUTAGE: 3,
}
ORDER = {status: place for place, status in enumerate(ComponentStatus)}
WELL, AT_WORK = ComponentStatus.OPERATIONAL, ComponentStatus.UNDER_MAINTENANCE
IMPACTS = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)

wanted_states = st.dictionaries(st.integers(0, 2), st.none() | st.sampled_from(ComponentStatus), max_size=3)
words = st.sampled_from(["We look.", "It is *better*.", "Hm."])


@dataclass
class Told:
    """What the model knows of an incident."""

    is_maintenance: bool
    status: IncidentStatus
    said: list[tuple[IncidentStatus, str]] = field(default_factory=list)
    """The newest first."""
    about: set[int] = field(default_factory=set)
    holds: dict[int, ComponentStatus] = field(default_factory=dict)
    """What it says of components until it is over; what a maintenance leaves so counts until somebody says more."""
    brings_back: bool = True
    rank: int = 0
    monitoring_at: datetime | None = None
    resolved_at: datetime | None = None

    @property
    def statuses(self) -> tuple[IncidentStatus, ...]:
        """Those that it may take on."""
        return SCHEDULED if self.is_maintenance else REALTIME

    def is_at_it(self, status: IncidentStatus | None) -> bool:
        """Whether it holds its components in this status."""
        if self.is_maintenance:
            return status in {IncidentStatus.IN_PROGRESS, IncidentStatus.VERIFYING}
        return status is not None and status not in ENDED

    def says(self, place: int) -> ComponentStatus | None:
        """What it says of a component now."""
        counts = self.is_maintenance or self.status not in ENDED
        return self.holds.get(place) if counts else None

    def say(self, status: IncidentStatus, body: str, now: datetime) -> None:
        """Note an update."""
        self.status = status
        self.said.insert(0, (status, body))
        if status is IncidentStatus.MONITORING and self.monitoring_at is None:
            self.monitoring_at = now
        self.resolved_at = (self.resolved_at or now) if status in ENDED else None


class IncidentLives(RuleBasedStateMachine):
    """Several incidents and maintenances that share three components; each step a second after the one before."""

    new_stage: Callable[[], IncidentStage]

    def __init__(self) -> None:
        super().__init__()
        self.stage = type(self).new_stage()
        assert isinstance(self.stage.desk.clock, HeldClock)
        self.clock = self.stage.desk.clock
        self.told: dict[str, Told] = {}
        self.states = [ComponentStatus.OPERATIONAL] * 3
        self.steps: list[tuple[datetime, int, ComponentStatus, str | None]] = []
        self.revision = self._revision()
        self.seen: PageView | None = None

    def teardown(self) -> None:
        """The audit trail has every event, unchanged and in its place. Let the database go."""
        assert self.stage.see(Actor.operator("ann"), audit_chain.verify).is_intact
        self.stage.desk.database.close()

    def _revision(self) -> int:
        with self.stage.desk.database.read() as session:
            return session.get_one(Revision, Topic.PAGES).value

    def _do(self, method: str, *arguments: Any, **named: Any) -> Any:
        """A method of the page's port; what it changed is signalled."""
        self.clock.advance(seconds=1)
        done = self.stage.do(INES, lambda tx: getattr(port_of(tx, self.stage.page), method)(tx, *arguments, **named))
        before, self.revision = self.revision, self._revision()
        assert self.revision > before
        return done

    def _any(self, data: st.DataObject) -> str:
        # In order of making: ids are random, and the same draw must mean the same incident each time.
        return data.draw(st.sampled_from(list(self.told)))

    def _components(self, wanted: Mapping[int, ComponentStatus | None]) -> dict[str, ComponentStatus | None]:
        return {self.stage.components[place]: status for place, status in wanted.items()}

    def _foresee(
        self, told: Told, before: IncidentStatus | None, wanted: Mapping[int, ComponentStatus | None]
    ) -> dict[int, ComponentStatus]:
        """The states that follow, and what is said of them from then on, where `told` has its new status already."""
        held, holds, over = told.is_at_it(before), told.is_at_it(told.status), told.status in ENDED
        ends, begins = held and not holds, holds and not held
        mine = {} if begins or (before in ENDED and not over) else dict(told.holds)
        says: dict[int, ComponentStatus | None] = dict(wanted)
        if told.is_maintenance and ends:
            back = told.brings_back or not over
            freed = [place for place in mine if place not in wanted and back]
            says |= {place: WELL for place in freed if self._is_as_held(told, place)}
        follows = {}
        for place, status in says.items():
            if status is None:
                continue
            others = [one for one in self.told.values() if one is not told]
            spoken = not ends and not (begins and told.is_maintenance)
            for one in others if spoken else ():
                if one.is_maintenance and one.status in ENDED and ORDER[one.holds.get(place, WELL)] > ORDER[status]:
                    del one.holds[place]
            least = [said for one in others if (said := one.says(place)) is not None]
            if (ends or over) and not told.is_maintenance and self._is_watched(others, place):
                least += [self.states[place]] if ORDER[self.states[place]] > ORDER[AT_WORK] else []
            follows[place] = max([status, *least], key=ORDER.__getitem__)
        if told.is_maintenance and (ends or over):
            stays = [place for place in mine if says.get(place) is None and over]
            leaves = [one for one in stays if ends and (not told.brings_back or self.states[one] == AT_WORK)]
            left = stays if before in ENDED else leaves
            told.holds = {place: AT_WORK for place in left if mine[place] == AT_WORK}
        elif not over:
            told.holds = mine | {place: status for place, status in says.items() if status is not None}
            if begins and told.is_maintenance:
                # What it leaves as it is, and is worse, is under it once that is over.
                below = [place for place, status in wanted.items() if status is None]
                told.holds |= {one: AT_WORK for one in below if ORDER[self.states[one]] > ORDER[AT_WORK]}
        return follows

    def _is_as_held(self, told: Told, place: int) -> bool:
        """Whether nothing but what is open has made a component as bad as it is."""
        least = [said for one in self.told.values() if one is not told and (said := one.says(place)) is not None]
        return ORDER[self.states[place]] <= max(ORDER[one] for one in (AT_WORK, *least))

    def _is_watched(self, others: list[Told], place: int) -> bool:
        watching = (one for one in others if not one.is_maintenance and one.status not in ENDED)
        return any(place in one.about and place not in one.holds for one in watching)

    def _try(
        self,
        told: Told,
        before: IncidentStatus | None,
        wanted: Mapping[int, ComponentStatus | None],
        do: Callable[[], Any],
    ) -> tuple[Any, dict[int, ComponentStatus | None]]:
        """Do what takes `told` from one status to the one that it has. Gives what came of it, and what the components
        that it names or moves are brought into; nothing of what is refused, as it would leave them down."""
        kept = {one: dict(each.holds) for one, each in self.told.items()}
        follows = self._foresee(told, before, wanted)
        if told.status in ENDED and any(ORDER[new] > ORDER[self.states[one]] for one, new in follows.items()):
            for one, each in self.told.items():
                each.holds = kept[one]
            with pytest.raises(InvalidInputError, match="with nothing open"):
                do()
            assert self._revision() == self.revision
            return None, {}
        return do(), dict(wanted) | follows

    def _note(self, wanted: Mapping[int, ComponentStatus | None], incident_id: str | None) -> None:
        """Let the model's components change."""
        for place, status in sorted(wanted.items()):
            if status is not None:
                self._bring(place, status, incident_id)
        if incident_id is not None:
            told = self.told[incident_id]
            told.about |= set(wanted)
            if told.status not in ENDED or wanted:
                told.rank = max([told.rank, *(RANKS[self.states[place]] for place in told.about)])

    def _bring(self, place: int, status: ComponentStatus, incident_id: str | None) -> None:
        if status != self.states[place]:
            self.states[place] = status
            self.steps.append((self.clock.now(), place, status, incident_id))

    @initialize()
    def begin(self) -> None:
        """An incident is being watched after an outage, another that shares a component with it is not understood."""
        worse = {0: ComponentStatus.MAJOR_OUTAGE, 1: ComponentStatus.PARTIAL_OUTAGE}
        self._open(IncidentStatus.MONITORING, "We see it.", worse, is_maintenance=False)
        self._open(IncidentStatus.INVESTIGATING, "Strange.", {1: None}, is_maintenance=False)

    @rule(wanted=wanted_states, body=words, is_maintenance=st.booleans(), data=st.data())
    def open(
        self, wanted: dict[int, ComponentStatus | None], body: str, is_maintenance: bool, data: st.DataObject
    ) -> None:
        """An incident or maintenance begins, in any status of its kind."""
        status = data.draw(st.sampled_from(SCHEDULED if is_maintenance else REALTIME))
        brings_back = data.draw(st.booleans())
        self._open(status, body, wanted, is_maintenance=is_maintenance, brings_back=brings_back)

    def _open(
        self,
        status: IncidentStatus,
        body: str,
        wanted: Mapping[int, ComponentStatus | None],
        *,
        is_maintenance: bool,
        brings_back: bool = True,
    ) -> None:
        soon = self.clock.now() + timedelta(hours=1)
        end = soon + timedelta(hours=1)
        window = Schedule(scheduled_for=soon, scheduled_until=end, to_operational_state=brings_back)
        new = NewIncident(
            name="Slow",
            body=body,
            status=status,
            components=self._components(wanted),
            schedule=window if is_maintenance else None,
        )
        told = Told(is_maintenance, status, brings_back=brings_back)
        made, follows = self._try(told, None, wanted, lambda: self._do("create_incident", self.stage.page, new))
        if made is not None:
            self.told[made.id] = told
            told.say(status, body, self.clock.now())
            self._note(follows, made.id)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), wanted=wanted_states, body=words)
    def update(self, data: st.DataObject, wanted: dict[int, ComponentStatus | None], body: str) -> None:
        """Somebody says something about an incident, in any status of its kind: it goes on, ends or begins again."""
        incident_id = self._any(data)
        told = self.told[incident_id]
        status = data.draw(st.none() | st.sampled_from(told.statuses))
        change = IncidentChange(status=status, body=body, components=self._components(wanted))
        self._update(incident_id, change, wanted)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), is_over=st.booleans())
    def recover(self, data: st.DataObject, is_over: bool) -> None:
        """All components of an incident are well again, and perhaps it is over."""
        incident_id = self._any(data)
        told = self.told[incident_id]
        wanted: dict[int, ComponentStatus | None] = dict.fromkeys(sorted(told.about), WELL)
        status = told.statuses[-1] if is_over else told.status
        change = IncidentChange(status=status, body="Well again.", components=self._components(wanted))
        self._update(incident_id, change, wanted)

    def _update(self, incident_id: str, change: IncidentChange, wanted: Mapping[int, ComponentStatus | None]) -> None:
        told = self.told[incident_id]
        before = told.status
        told.status = change.status or before
        done, follows = self._try(
            told, before, wanted, lambda: self._do("update_incident", incident_id, change) or change
        )
        after, told.status = told.status, before if done is None else told.status
        if done is not None and change.says_something:
            told.say(after, change.body or "", self.clock.now())
        if done is not None:
            self._note(follows, incident_id)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), wanted=wanted_states)
    def change_silently(self, data: st.DataObject, wanted: dict[int, ComponentStatus | None]) -> None:
        """Name and components change without a word."""
        incident_id = self._any(data)
        self._update(incident_id, IncidentChange(name="Slower", components=self._components(wanted)), wanted)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), body=words)
    def correct(self, data: st.DataObject, body: str) -> None:
        """An update's words are corrected."""
        incident_id = self._any(data)
        place = data.draw(st.integers(0, len(self.told[incident_id].said) - 1))
        with self.stage.desk.database.read() as session:
            said = list_updates(session, [incident_id])[place]
        self._do("edit_update", said.id, body=body)
        self.told[incident_id].said[place] = (IncidentStatus(said.status), body)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """An incident is deleted."""
        incident_id = self._any(data)
        told = self.told[incident_id]
        before, told.status = told.status, IncidentStatus.SCHEDULED
        runs = told.is_maintenance and told.is_at_it(before)
        follows = self._foresee(told, before, {}) if runs else {}
        self._do("delete_incident", incident_id)
        del self.told[incident_id]
        for place, status in sorted(follows.items()):
            self._bring(place, status, incident_id)

    @rule(wanted=wanted_states.filter(bool))
    def set_statuses(self, wanted: dict[int, ComponentStatus | None]) -> None:
        """Components change without an incident."""
        self._do("set_statuses", self.stage.page, self._components(wanted))
        # As a word of somebody who works on nothing.
        nobody = Told(is_maintenance=False, status=IncidentStatus.INVESTIGATING)
        self._note(self._foresee(nobody, IncidentStatus.INVESTIGATING, wanted), None)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), wanted=wanted_states)
    def be_refused(self, data: st.DataObject, wanted: dict[int, ComponentStatus | None]) -> None:
        """A status of the other kind is refused, with all that came along."""
        incident_id = self._any(data)
        status = data.draw(st.sampled_from(REALTIME if self.told[incident_id].is_maintenance else SCHEDULED))
        with pytest.raises(InvalidInputError):
            self._do(
                "update_incident",
                incident_id,
                IncidentChange(status=status, name="No", body="No.", components=self._components(wanted)),
            )
        assert self._revision() == self.revision

    @invariant()
    def incidents_are_as_told(self) -> None:
        """Status, end, monitoring, impact and words of each are as the model says; impact never fell."""
        rows = {row.id: row for row in self.stage.all(Incident)}
        assert set(rows) == set(self.told)
        said: dict[str, list[tuple[IncidentStatus, str]]] = {incident_id: [] for incident_id in rows}
        with self.stage.desk.database.read() as session:
            for one in list_updates(session, list(rows)):
                said[one.incident_id].append((IncidentStatus(one.status), one.body))
        for incident_id, told in self.told.items():
            row = rows[incident_id]
            assert (row.status, row.monitoring_at, row.resolved_at) == (
                told.status,
                told.monitoring_at,
                told.resolved_at,
            )
            assert (row.resolved_at is not None) == (row.status in ENDED)
            assert row.impact == (Impact.MAINTENANCE if told.is_maintenance else IMPACTS[told.rank])
            assert said[incident_id] == told.said

    @invariant()
    def none_is_better_than_what_holds_it(self) -> None:
        """What is open says of its components what it said last, and none is better than the worst of that."""
        for told in self.told.values():
            for place in told.holds if told.status not in ENDED else ():
                assert ORDER[self.states[place]] >= ORDER[told.holds[place]]

    @invariant()
    def what_is_read_in_part_is_the_whole(self) -> None:
        """What the public sees is the same where only what changed since the step before is read."""
        with self.stage.desk.database.read() as session:
            [page] = list_public_pages(session)
            whole = read_page_view(session, page, self.clock.now())
            assert read_page_view(session, page, self.clock.now(), self.seen) == whole
        self.seen = whole

    @invariant()
    def components_are_as_last_written(self) -> None:
        """Each has the state that follows from what was written last, and its history has every change and nothing
        else."""
        states = {row.id: row.status for row in self.stage.all(Component)}
        assert states == dict(zip(self.stage.components, self.states, strict=True))
        with self.stage.desk.database.read() as session:
            changes = session.scalars(select(ComponentStatusChange)).all()
        places = {component_id: place for place, component_id in enumerate(self.stage.components)}
        kept = [(one.at, places[one.component_id], one.status, one.incident_id) for one in changes]
        assert sorted(kept) == self.steps


def test_incidents_hold_their_promises(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is done to incidents in whatever order, all that is written agrees with the model after each step."""

    def new_stage() -> IncidentStage:
        url = copy_sqlite(sqlite_template, tmp_path_factory.mktemp("machine"))
        return set_incident_stage(Desk(open_database(url), HeldClock(), Policy()))

    machine = type("Machine", (IncidentLives,), {"new_stage": staticmethod(new_stage)})
    run_state_machine_as_test(machine, settings=as_found(lives=20))
