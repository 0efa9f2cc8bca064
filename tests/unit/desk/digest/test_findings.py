"""Which keys the digest lists, and why."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.digest.composing import Judge, compose
from desk.digest.findings import Advice, Beyond, DigestView, Finding, KeyFacts, decide_advice, findings_of
from desk.digest.sent import get_digest, send_digest
from desk.keys.lookup import SPARKLINE_DAYS, daily_counts
from desk.policy import Policy
from desk.transaction import Actor, Desk, JobName
from storage.models import ApiKey, KeyStatus, KeyUse, KeyUseDay, Role, TicketStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import (
    INES,
    MAX,
    MIA,
    OLIVIA,
    add_grant,
    add_key,
    add_member,
    add_owner,
    add_page,
    add_request,
    add_ticket,
    add_use,
)

DAY = timedelta(days=1)
FACTS = KeyFacts(
    scopes=["read"],
    has_holder=True,
    created_at=NOW - 60 * DAY,
    expires_at=NOW + 60 * DAY,
    last_used_at=NOW - DAY,
    last_write_at=None,
)
SOMEBODY = Actor.job(JobName.DIGEST)


@pytest.mark.parametrize(
    ("case", "facts", "expected"),
    [
        ("a key in use", FACTS, ()),
        ("never used, old enough", replace(FACTS, last_used_at=None), (Finding.NEVER_USED,)),
        ("never used, made an hour ago", replace(FACTS, last_used_at=None, created_at=NOW - DAY / 24), ()),
        ("unused for exactly 30 days", replace(FACTS, last_used_at=NOW - 30 * DAY), (Finding.UNUSED,)),
        ("unused for a minute less", replace(FACTS, last_used_at=NOW - 30 * DAY + DAY / 1440), ()),
        ("expires in exactly 14 days", replace(FACTS, expires_at=NOW + 14 * DAY), (Finding.EXPIRING,)),
        ("expires in a minute more", replace(FACTS, expires_at=NOW + 14 * DAY + DAY / 1440), ()),
        ("nobody answers for it", replace(FACTS, has_holder=False), (Finding.NOBODY,)),
        ("may write, only read", replace(FACTS, scopes=["read", "incidents:write"]), (Finding.WIDER,)),
        (
            "may write, only read, but for less than 30 days",
            replace(FACTS, scopes=["read", "incidents:write"], created_at=NOW - 30 * DAY + DAY / 1440),
            (),
        ),
        (
            "may write, only read for exactly 30 days",
            replace(FACTS, scopes=["read", "incidents:write"], created_at=NOW - 30 * DAY),
            (Finding.WIDER,),
        ),
        (
            "may write and wrote",
            replace(FACTS, scopes=["read", "incidents:write"], last_write_at=NOW - 40 * DAY),
            (),
        ),
        (
            "may write, never used: unused, not wide",
            replace(FACTS, scopes=["incidents:write"], last_used_at=None),
            (Finding.NEVER_USED,),
        ),
        (
            "everything at once, the gravest first",
            replace(
                FACTS,
                scopes=["metrics:write"],
                has_holder=False,
                last_used_at=NOW - 200 * DAY,
                expires_at=NOW + DAY,
            ),
            (Finding.NOBODY, Finding.UNUSED, Finding.EXPIRING, Finding.WIDER),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_findings(case: str, facts: KeyFacts, expected: tuple[Finding, ...]) -> None:
    """Each finding begins at its own limit, and nothing else brings a key into the digest."""
    assert findings_of(facts, now=NOW, policy=Policy()) == expected, case


@given(idle=st.integers(0, 400), limit=st.integers(1, 365))
def test_unused_follows_the_policy(idle: int, limit: int) -> None:
    """A used key is listed as unused exactly when it was idle for the policy's number of days."""
    policy = Policy(unused_after=limit * DAY)
    facts = replace(FACTS, last_used_at=NOW - idle * DAY, created_at=NOW - 500 * DAY)
    assert (Finding.UNUSED in findings_of(facts, now=NOW, policy=policy)) == (idle >= limit)


@pytest.mark.parametrize(
    ("findings", "idle", "advice"),
    [
        ([Finding.NOBODY, Finding.UNUSED, Finding.EXPIRING], 200, Advice.TRANSFER),
        ([Finding.NEVER_USED], 29, Advice.ASK),
        ([Finding.NEVER_USED, Finding.EXPIRING], 30, Advice.SUSPEND),
        ([Finding.UNUSED], 181, Advice.ASK),
        ([Finding.UNUSED, Finding.WIDER], 182, Advice.SUSPEND),
        ([Finding.EXPIRING, Finding.WIDER], 1, Advice.EXTEND),
        ([Finding.WIDER], 1, Advice.NARROW),
    ],
)
def test_what_to_do_follows_from_the_gravest(findings: list[Finding], idle: int, advice: Advice) -> None:
    """One thing to do about a key: its holder is asked at first, and what nothing used for long is suspended."""
    assert decide_advice(findings, idle=idle * DAY, policy=Policy()) is advice


def _compose(desk: Desk) -> DigestView:
    return desk.read_now(SOMEBODY, compose)


def test_lines_are_grouped_under_whoever_answers(desk: Desk) -> None:
    """Keys that nobody answers for come first, then holders by name, each holder's keys together."""
    with desk.database.write() as session:
        add_member(session, MIA, NOW, name="adam")
        add_member(session, MAX, NOW, name="Zoe")
        add_member(session, INES, NOW, name="Ines", is_deleted=True)
        for name, holder in (("a", MIA), ("b", MAX), ("c", MIA), ("d", None), ("e", INES)):
            add_key(session, NOW - 5 * DAY, name=name, holder_id=holder, expires_at=NOW + 90 * DAY)
    lines = _compose(desk).lines
    assert [line.name for line in lines] == ["d", "e", "a", "c", "b"]
    assert [Finding.NOBODY in line.findings for line in lines] == [True, True, False, False, False]


def _add_unused(desk: Desk, *names: str) -> None:
    with desk.database.write() as session:
        add_member(session, MIA, NOW)
        for name in names:
            add_key(session, NOW - 50 * DAY, name=name, expires_at=NOW + 90 * DAY)


def test_of_very_many_keys_the_first_are_listed_and_the_others_counted(desk: Desk) -> None:
    """The counts are of all, and the lines in the order in which all would stand."""
    _add_unused(desk, "c", "a", "d", "b")
    with desk.database.write() as session:
        add_key(session, NOW - 50 * DAY, name="nobody's", holder_id=None, expires_at=NOW + DAY)
        add_key(session, NOW, name="new", expires_at=NOW + 90 * DAY)
    view = desk.read_now(SOMEBODY, partial(compose, most=3))
    assert [line.name for line in view.lines] == ["nobody's", "a", "b"]
    assert view.beyond == Beyond(2, {"never_used": 2})
    assert [view.count(one) for one in (Finding.NEVER_USED, Finding.NOBODY, Finding.EXPIRING)] == [5, 1, 1]
    assert (view.listed_keys, view.live_keys) == (5, 6)
    assert desk.read_now(SOMEBODY, compose).beyond == Beyond()


def _plant_every_kind(session: Session) -> None:
    """Keys at and beside each limit of a finding, of everybody who may or may not answer for them."""
    a, b = add_page(session, NOW).id, add_page(session, NOW, name="Other", subdomain="other").id
    for person in (MIA, MAX, OLIVIA):
        add_member(session, person, NOW)
    add_grant(session, OLIVIA, Role.INTEGRATOR, NOW)
    add_grant(session, MIA, Role.INTEGRATOR, NOW, page_id=a)
    wide = ["read", "incidents:write"]
    held = product((OLIVIA, MIA, MAX, "U0GONE0001", None), (None, [a], [a, b]))
    for number, (holder, pages) in enumerate(held):
        add_key(session, NOW - 50 * DAY, name=f"held {number}", holder_id=holder, pages=pages, scopes=wide)
    ages = (DAY, 7 * DAY, 30 * DAY - DAY / 1440, 30 * DAY)
    uses = (None, 30 * DAY, 30 * DAY - DAY / 1440)
    used_ones = product(ages, uses, (True, False), (14, 15), (["read"], wide))
    for number, (age, used, wrote, ends, scopes) in enumerate(used_ones):
        name, end = f"used {number}", NOW + ends * DAY
        key = add_key(session, NOW - age, name=name, holder_id=OLIVIA, scopes=scopes, expires_at=end)
        last = None if used is None else NOW - used
        add_use(session, key, last_used_at=last, last_write_at=last if wrote else None)


@both_databases
def test_the_database_finds_what_the_rule_finds(desk: Desk) -> None:
    """Whatever a key's age, use, end, scopes, pages and holder: it is counted with the findings that it has where it
    is listed, and stands in the same order however few are listed."""
    desk = replace(desk, policy=replace(desk.policy, default_role=None))
    with desk.database.write() as session:
        _plant_every_kind(session)
    judge = desk.read_now(SOMEBODY, lambda tx: Judge.now(tx, [MIA, MAX, OLIVIA]))
    with desk.database.read() as session:
        everything = session.scalars(select(ApiKey)).all()
        uses = {use.key_id: use for use in session.scalars(select(KeyUse))}
        due = {key.id: found for key in everything if (found := judge.line(key, uses.get(key.id)).findings)}
    assert {found for findings in due.values() for found in findings} == set(Finding) - {Finding.NEVER_COLLECTED}
    whole = _compose(desk)
    assert {line.key.id: line.findings for line in whole.lines if line.key} == due
    assert whole.beyond == Beyond()
    for most in (1, 7, 40, len(due) - 1):
        part = desk.read_now(SOMEBODY, partial(compose, most=most))
        assert [line.name for line in part.lines] == [line.name for line in whole.lines[:most]]
        assert part.beyond.keys == len(due) - most
        assert {one: part.count(one) for one in Finding} == {one: whole.count(one) for one in Finding}


@both_databases
def test_a_digest_that_was_composed_before_says_what_it_found(desk: Desk) -> None:
    """What is counted beside its lines is kept with it; what became of its lines is read anew."""
    _add_unused(desk, "a", "b", "c")
    job = Actor.job(JobName.DIGEST)
    found = desk.read_now(job, partial(compose, most=1))
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW)
    assert desk.write_now(job, partial(send_digest, period="2026-03-02", scheduled_for=NOW, found=found))
    view = desk.read_now(Actor.member(OLIVIA), partial(get_digest, period="2026-03-02"))
    assert ([line.name for line in view.lines], view.beyond) == (["a"], Beyond(2, {"never_used": 2}))
    assert (view.count(Finding.NEVER_USED), view.live_keys) == (3, 3)


def test_keys_that_do_not_work_are_left_out(desk: Desk) -> None:
    """Revoked, suspended, expired and rotated keys are not listed, and not counted as working."""
    with desk.database.write() as session:
        add_member(session, MIA, NOW)
        old = NOW - 50 * DAY
        add_key(session, old, status=KeyStatus.REVOKED)
        add_key(session, old, status=KeyStatus.SUSPENDED)
        add_key(session, old, expires_at=NOW)
        add_key(session, old, retires_at=NOW + DAY)
        add_key(session, old, name="the one")
    view = _compose(desk)
    assert [line.name for line in view.lines] == ["the one"]
    assert view.live_keys == 1


def test_a_kept_key_is_shown_as_kept_until_its_day(desk: Desk) -> None:
    """Keeping takes a key out of the lines and into the list of kept ones; when the day is over it comes back."""
    with desk.database.write() as session:
        add_member(session, MIA, NOW)
        add_key(session, NOW - 50 * DAY, kept_until=NOW + DAY, kept_by=f"member:{OLIVIA}", keep_reason="yearly job")
        add_key(session, NOW - 50 * DAY, name="was kept", kept_until=NOW, kept_by=f"member:{OLIVIA}")
    view = _compose(desk)
    assert [line.name for line in view.lines] == ["was kept"]
    assert [key.keep_reason for key in view.kept] == ["yearly job"]


def test_approved_but_never_collected(desk: Desk) -> None:
    """A ticket that waits, or has lapsed within the week, is a line under whoever is to answer for its key."""
    with desk.database.write() as session:
        add_member(session, MIA, NOW)
        add_owner(session, OLIVIA, NOW)
        for name, made, status in (
            ("waiting", 2, TicketStatus.WAITING),
            ("fresh", 0, TicketStatus.WAITING),
            ("lapsed", 5, TicketStatus.LAPSED),
            ("lapsed long ago", 30, TicketStatus.LAPSED),
            ("collected", 5, TicketStatus.COLLECTED),
        ):
            request = add_request(session, NOW - made * DAY, name=name, holder_id=MIA, granted_scopes=["read"])
            add_ticket(session, NOW - made * DAY, request_id=request.id, status=status)
    lines = _compose(desk).lines
    assert [(line.name, line.findings, line.holder_id) for line in lines] == [
        ("lapsed", (Finding.NEVER_COLLECTED,), MIA),
        ("waiting", (Finding.NEVER_COLLECTED,), MIA),
    ]


@both_databases
def test_daily_counts_fill_thirty_days(desk: Desk) -> None:
    """Counts are uses of each of the last 30 days, today last; refused calls are not counted."""
    with desk.database.write() as session:
        key = add_key(session, NOW)
        add_use(session, key)
        today = NOW.date()
        session.add(KeyUseDay(key_id=key.id, day=today, reads=3, writes=1, refused=7))
        session.add(KeyUseDay(key_id=key.id, day=today - 29 * DAY, reads=2))
        session.add(KeyUseDay(key_id=key.id, day=today - 30 * DAY, reads=9))
    with desk.database.read() as session:
        counts = daily_counts(session, [key.id], today=today)[key.id]
    assert len(counts) == SPARKLINE_DAYS
    assert (counts[-1], counts[0], sum(counts)) == (4, 2, 6)
