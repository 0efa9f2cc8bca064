"""Where the model lives: an organization on a held clock, in which everybody may try everything."""

import itertools
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import DeclarativeBase
from structlog.testing import capture_logs

from desk.digest.sent import period_of, send_digest
from desk.errors import KeydeskError
from desk.keys.ring import KeyRing, follow_key_ring, read_key_ring
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.jobs.sweep import AREAS
from storage.database import Database
from storage.mirror import Mirror
from storage.models import Member, Organization, Role, SubjectKind, UserGroup, UserGroupMember
from storage.signals import Topic
from tests.clock import HeldClock
from tests.factories import (
    GUS,
    INES,
    MAX,
    MIA,
    OLIVIA,
    OMAR,
    add_component,
    add_grant,
    add_member,
    add_owner,
    add_page,
)
from tests.model.screens import Screen, Screens

T = TypeVar("T")
Row = TypeVar("Row", bound=DeclarativeBase)

NAMES = {OLIVIA: "Olivia", OMAR: "Omar", MIA: "Mia", MAX: "Max", INES: "Ines", GUS: "Gus"}
PEOPLE = tuple(NAMES)
CHANNEL = "C0STATUS01"
"""Where the page's incidents are announced."""
KEEPERS = "S0KEEPERS1"
"""A group whose people are owners: Max, to begin with."""
SWEEP, SLACK, DIGEST = (Actor.job(name) for name in (JobName.SWEEP, JobName.SLACK, JobName.DIGEST))
POLICY = Policy(
    approvals_needed=2,
    suspend_unused_after=timedelta(days=30),
    revoke_suspended_after=timedelta(days=14),
    update_due_after_none=timedelta(hours=1),
)
_MOST_BATCHES = 50

people = st.sampled_from(PEOPLE)
owners_mostly = st.sampled_from((OLIVIA, OMAR, OLIVIA, OMAR, *PEOPLE))
publishers_mostly = st.sampled_from((INES, MAX, INES, MAX, *PEOPLE))
"""Anybody may try, and often it is somebody who may, to begin with."""


@dataclass(slots=True)
class House:
    """The desk, what is on people's screens, and what they are told: see `act` and `pass_time`."""

    desk: Desk
    clock: HeldClock
    page: str
    components: tuple[str, ...]
    ring: Mirror[KeyRing]
    """All keys in memory, as a process that answers calls has them."""
    screens: Screens = field(default_factory=Screens)
    look: Callable[[Screen], None] = lambda screen: None
    """Judges what is drawn, at the instant of its drawing."""
    counter: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    happened: int = 0
    """How often something was done that was not refused, or time passed."""

    def act(self, who: str | Actor, work: Callable[[Transaction], T]) -> T | None:
        """One press: done in one transaction, with all messages that it causes; None when it was refused."""
        self.clock.advance(seconds=1)
        try:
            done = self.desk.write_now(Actor.member(who) if isinstance(who, str) else who, work)
        except KeydeskError:
            return None
        self.happened += 1
        self.deliver()
        return done

    def deliver(self) -> None:
        """Bring what is owed to Slack."""
        self.screens.deliver(self.desk, self.look)

    def pass_time(self, span: timedelta) -> None:
        """Let time pass: jobs run at its end, and a digest for the last of the Mondays in between."""
        until = self.clock.now() + span
        monday = _last_monday(until)
        if monday > self.clock.now():
            self.clock.advance(monday - self.clock.now())
            self.run_jobs()
            period = period_of(monday, self.desk.policy)
            self.desk.write_now(DIGEST, partial(send_digest, period=period, scheduled_for=monday))
            self.deliver()
        self.clock.advance(max(until - self.clock.now(), timedelta()))
        self.run_jobs()

    def run_jobs(self) -> None:
        """What time brings about, as the sweep does it."""
        self.happened += 1
        with capture_logs() as logs:
            for work in AREAS.values():
                for _ in range(_MOST_BATCHES):
                    if not self.desk.write_now(SWEEP, work):
                        break
                else:
                    raise AssertionError(f"{work} never ends")
        # One that fails holds up no other, and is logged.
        assert not [entry for entry in logs if entry["log_level"] in {"error", "critical"}], logs
        self.deliver()

    def set_policy(self, **values: Any) -> None:
        """Start anew with other decisions."""
        self.desk = replace(self.desk, policy=replace(self.desk.policy, **values))
        self.run_jobs()

    def word(self, kind: str) -> str:
        """A name that nothing else has and that is found wherever it is shown."""
        return f"{kind}-{next(self.counter):03}x"

    def rows(self, model: type[Row], *conditions: Any) -> Sequence[Row]:
        """Rows in order of making: ids are random, and the same draw must mean the same row each time."""
        with self.desk.database.read() as session:
            return session.scalars(select(model).where(*conditions).order_by(text("rowid"))).all()

    def any(self, data: st.DataObject, model: type[Row], *conditions: Any) -> Row | None:
        """One of the rows, the newest first when something is made simpler; None where there are none."""
        rows = self.rows(model, *conditions)
        return data.draw(st.sampled_from(rows[::-1])) if rows else None

    def is_full_member(self, user_id: str) -> bool:
        """Whether somebody is a full member now."""
        full = (Member.is_deleted.is_(False), Member.is_guest.is_(False))
        return bool(self.rows(Member, Member.user_id == user_id, *full))

    def copied(self, database: Database) -> "House":
        """The same house somewhere else: with a copy of its database, where nothing has happened since."""
        clock = HeldClock(self.clock.now())
        screens = replace(self.screens, shown=dict(self.screens.shown), rings=[])
        counter = itertools.count(next(copy(self.counter)))
        desk = replace(self.desk, database=database, clock=clock)
        return House(desk, clock, self.page, self.components, _ring(desk), screens, counter=counter)

    def close(self) -> None:
        """Let the database go."""
        self.desk.database.close()


def _last_monday(until: datetime) -> datetime:
    nine = until.replace(hour=9, minute=0, second=0, microsecond=0)
    monday = nine - timedelta(days=nine.weekday())
    return monday if monday <= until else monday - timedelta(days=7)


def build_house(desk: Desk) -> House:
    """Two owners, one of them also Slack's, and a group of owners; people with roles on the page and without; a
    guest, and three components."""
    assert isinstance(desk.clock, HeldClock)
    now = desk.clock.now()
    with desk.database.write() as session:
        page = add_page(session, now, announcement_channel=CHANNEL)
        # Its first owners were appointed: from then on Keydesk sees to it that there is one.
        session.scalars(select(Organization)).one().owners_seeded_at = now
        for user_id, name in NAMES.items():
            add = add_owner if user_id in {OLIVIA, OMAR} else add_member
            add(session, user_id, now, name=name, is_guest=user_id == GUS, is_primary_owner=user_id == OLIVIA)
        for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
            for user_id in (INES, MAX):
                add_grant(session, user_id, role, now, page_id=page.id)
        session.add(UserGroup(group_id=KEEPERS, handle="keepers", name="Keepers", date_update=1))
        session.add(UserGroupMember(group_id=KEEPERS, user_id=MAX))
        add_grant(session, KEEPERS, Role.OWNER, now, subject_kind=SubjectKind.GROUP)
        rows = [add_component(session, page, now, name=f"C{place}", position=place) for place in range(3)]
    return House(desk, desk.clock, page.id, tuple(row.id for row in rows), _ring(desk))


def _ring(desk: Desk) -> Mirror[KeyRing]:
    ring = Mirror(desk.database.everywhere, Topic.KEYS, read_key_ring, follow=follow_key_ring)
    ring.reload()
    return ring
