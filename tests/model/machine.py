"""The machine: a house, its rules, time, and what must hold."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from desk.audit import chain as audit_chain
from desk.policy import Takeover
from desk.transaction import Actor
from storage.models import AuditEvent, Role
from tests.model.checks import AFTER_EACH_STEP, AFTER_JOBS, cards_say_what_is_so, nobody_reads_what_is_not_theirs
from tests.model.house import House
from tests.model.leaving import everything_can_be_left
from tests.model.rules_of_deliveries import RulesOfDeliveries
from tests.model.rules_of_incidents import RulesOfIncidents
from tests.model.rules_of_keys import RulesOfKeys
from tests.model.rules_of_pages import RulesOfPages
from tests.model.rules_of_people import RulesOfPeople
from tests.model.rules_of_programs import RulesOfPrograms
from tests.model.rules_of_the_past import RulesOfThePast
from tests.model.screens import Screen
from tests.model.telling import check_telling

_WORDS = re.compile(r"(?:key|draft)-\d{3,}x")
_DECISIONS: Mapping[str, Sequence[Any]] = {
    "default_role": (Role.INTEGRATOR, None),
    "key_takeover": tuple(Takeover),
    "sole_owner_may_approve_own": (True, False),
    "suspend_unused_after": (None, timedelta(days=10), timedelta(days=30)),
    "revoke_suspended_after": (None, timedelta(days=14)),
    "unused_after": (timedelta(days=5), timedelta(days=60)),
    "expiring_within": (timedelta(days=2), timedelta(days=14)),
}
decisions = st.sampled_from([(name, value) for name, values in _DECISIONS.items() for value in values])
spans = st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=8)])


class WholeDesk(
    RulesOfPeople,
    RulesOfKeys,
    RulesOfIncidents,
    RulesOfThePast,
    RulesOfPrograms,
    RulesOfPages,
    RulesOfDeliveries,
):
    """Everybody may try everything, and time passes."""

    new_house: Callable[[], House]
    reached: "Counter[str]"
    """How often each event was recorded, in all lives."""

    def __init__(self) -> None:
        super().__init__()
        self.house = type(self).new_house()
        self.house.look = self._look
        self.last_event = max((event.seq for event in self.house.rows(AuditEvent)), default=0)
        self.all_held = self.cards_were_so = 0

    def begin(self) -> None:
        """What has happened before each life."""
        for happens in (self.begin_with_keys, self.begin_with_incidents):
            happens()
            self.all_holds()

    def _look(self, screen: Screen) -> None:
        nobody_reads_what_is_not_theirs(self.house, screen, sorted(set(_WORDS.findall(screen.words))))

    @rule(span=spans, times=st.integers(1, 5))
    def wait(self, span: timedelta, times: int) -> None:
        """Time passes, and Keydesk does by itself what that brings about."""
        self._look_at_cards()
        for _ in range(times):
            self.house.pass_time(span)
            self._look_after_jobs()

    @rule(needed=st.integers(1, 3))
    def need_other_approvals(self, needed: int) -> None:
        """The organization wants more owners to approve, or fewer."""
        self.house.set_policy(approvals_needed=needed)
        self._look_after_jobs()

    @rule(decision=decisions)
    def decide_otherwise(self, decision: tuple[str, Any]) -> None:
        """The organization decides otherwise about one thing, and Keydesk starts anew with that."""
        name, value = decision
        self.house.set_policy(**{name: value})
        self._look_after_jobs()

    def _look_at_cards(self) -> None:
        if self.house.happened > self.cards_were_so:
            cards_say_what_is_so(self.house)
            self.cards_were_so = self.house.happened

    def _look_after_jobs(self) -> None:
        for check in AFTER_JOBS:
            check(self.house)

    @invariant()
    def all_holds(self) -> None:
        """Each check holds after each step that was not refused."""
        if self.house.happened == self.all_held:
            return
        for check in AFTER_EACH_STEP:
            check(self.house)
        events = self.house.rows(AuditEvent, AuditEvent.seq > self.last_event)
        rings = self.house.screens.rings
        check_telling(self.house, events, rings)
        rings.clear()
        self.all_held = self.house.happened
        self.last_event = max([self.last_event, *(event.seq for event in events)])

    def teardown(self) -> None:
        """At the end the cards are true, what goes on can be ended, and the audit trail is whole."""
        self.reached.update(event.action for event in self.house.rows(AuditEvent))
        try:
            self._look_at_cards()
            everything_can_be_left(self.house)
            assert self.house.desk.read_now(Actor.operator("ann"), audit_chain.verify).is_intact
        finally:
            self.house.close()
