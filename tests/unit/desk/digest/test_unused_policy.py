"""Unused keys are suspended, and revoked later, only on announced dates."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from desk.digest.sent import CARD, period_of, send_digest
from desk.digest.unused_decision import Situation, Step, decide_step
from desk.digest.unused_policy import POLICY, _carry_out, list_announced, sweep_announcements
from desk.keys.changes import revoke_key, suspend_key
from desk.keys.questions import keep_key
from desk.policy import Policy
from desk.timekeeping.setting_right import set_right
from desk.transaction import Actor, Desk, JobName, Transaction
from storage.models import Act, Announcement, ApiKey, AuditEvent, Digest, DigestItem, KeyStatus, SlackMessage
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MIA, OLIVIA, add_key, add_member, add_owner, add_page, add_use

DAY = timedelta(days=1)
RULES = Policy(suspend_unused_after=90 * DAY, revoke_suspended_after=30 * DAY)
IDLE = Situation(now=NOW, status=KeyStatus.ACTIVE, idle_since=NOW - 100 * DAY)
ANNOUNCED = replace(IDLE, act=Act.SUSPEND, act_on=NOW, first_announced_at=NOW - 14 * DAY, announced_times=2)
SUSPENDED = replace(IDLE, status=KeyStatus.SUSPENDED, suspended_at=NOW - 30 * DAY, suspended_by_policy=True)
MISSED_BY_NOBODY = replace(
    SUSPENDED, act=Act.REVOKE, act_on=NOW, first_announced_at=NOW - 14 * DAY, announced_times=2
)
JOB = Actor.job(JobName.DIGEST)


@pytest.fixture
def policy() -> Policy:
    """A policy that suspends after 90 days without use and revokes 30 days later."""
    return RULES


@pytest.mark.parametrize(
    ("case", "situation", "rules", "expected"),
    [
        ("idle long enough, not announced", IDLE, RULES, Step.ANNOUNCE),
        ("no such policy", IDLE, Policy(), Step.NOTHING),
        ("used lately", replace(IDLE, idle_since=NOW - DAY), RULES, Step.NOTHING),
        ("kept", replace(IDLE, kept_until=NOW + DAY), RULES, Step.NOTHING),
        ("announced twice, day reached", ANNOUNCED, RULES, Step.ACT),
        ("announced once only", replace(ANNOUNCED, announced_times=1), RULES, Step.ANNOUNCE),
        ("day not reached", replace(ANNOUNCED, act_on=NOW + DAY), RULES, Step.ANNOUNCE),
        ("used since", replace(ANNOUNCED, idle_since=NOW - DAY), RULES, Step.CALL_OFF),
        ("kept since", replace(ANNOUNCED, kept_until=NOW + DAY), RULES, Step.CALL_OFF),
        (
            "used since, and long ago again",
            replace(ANNOUNCED, first_announced_at=NOW - 120 * DAY),
            RULES,
            Step.CALL_OFF,
        ),
        ("spoken for since", replace(ANNOUNCED, spoken_for_at=NOW - 14 * DAY), RULES, Step.CALL_OFF),
        ("spoken for before", replace(ANNOUNCED, spoken_for_at=NOW - 15 * DAY), RULES, Step.ACT),
        ("expired since", replace(ANNOUNCED, expired=True), RULES, Step.CALL_OFF),
        ("rotated since", replace(ANNOUNCED, rotated=True), RULES, Step.CALL_OFF),
        ("rotated, not announced", replace(IDLE, rotated=True), RULES, Step.NOTHING),
        ("revocation due", MISSED_BY_NOBODY, RULES, Step.ACT),
        (
            "refused since it was suspended",
            replace(MISSED_BY_NOBODY, refused_at=NOW - 30 * DAY),
            RULES,
            Step.CALL_OFF,
        ),
        ("refused before", replace(MISSED_BY_NOBODY, refused_at=NOW - 31 * DAY), RULES, Step.ACT),
        ("refused since, not announced", replace(SUSPENDED, refused_at=NOW - 30 * DAY), RULES, Step.NOTHING),
        ("revoked since", replace(ANNOUNCED, status=KeyStatus.REVOKED), RULES, Step.CALL_OFF),
        ("policy switched off since", ANNOUNCED, Policy(), Step.CALL_OFF),
        ("suspended by policy long enough", SUSPENDED, RULES, Step.ANNOUNCE),
        ("suspended by an owner", replace(SUSPENDED, suspended_by_policy=False), RULES, Step.NOTHING),
        ("suspended yesterday", replace(SUSPENDED, suspended_at=NOW - DAY), RULES, Step.NOTHING),
        (
            "revocation announced, restored since",
            replace(ANNOUNCED, act=Act.REVOKE, idle_since=NOW - DAY),
            RULES,
            Step.CALL_OFF,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_steps(case: str, situation: Situation, rules: Policy, expected: Step) -> None:
    """What is done about a key follows from its situation and the policy alone."""
    assert decide_step(situation, rules) is expected, case


def test_never_without_two_announcements() -> None:
    """In every situation: what was announced is carried out from its day on if it was announced twice and is still
    what policy wants, and not otherwise."""
    acts = 0
    for times, days_left, status, idle, act, by_policy in product(
        range(4), (-1, 0, 1), KeyStatus, (0, 29, 30, 89, 90, 200), Act, (False, True)
    ):
        since = NOW - idle * DAY
        situation = Situation(
            now=NOW,
            status=status,
            idle_since=since,
            suspended_at=since,
            suspended_by_policy=by_policy,
            act=act,
            act_on=NOW + days_left * DAY,
            first_announced_at=NOW - 20 * DAY,
            announced_times=times,
        )
        wanted = (act, status) == (Act.SUSPEND, KeyStatus.ACTIVE) and idle >= 90
        wanted |= (act, status) == (Act.REVOKE, KeyStatus.SUSPENDED) and idle >= 30 and by_policy
        due = wanted and times >= 2 and days_left <= 0
        assert (decide_step(situation, RULES) is Step.ACT) == due, situation
        acts += due
    assert acts > 20


def _seed(desk: Desk) -> str:
    with desk.database.write() as session:
        add_page(session, NOW)
        add_member(session, MIA, NOW)
        add_owner(session, OLIVIA, NOW)
        return add_key(session, NOW - 95 * DAY, expires_at=NOW + 300 * DAY).id


def _digest(desk: Desk) -> None:
    now = desk.clock.now()
    period = now.date().isoformat()
    assert desk.write_now(JOB, lambda tx: send_digest(tx, period=period, scheduled_for=now))


def _sweep(desk: Desk) -> int:
    return desk.write_now(Actor.job(JobName.SWEEP), sweep_announcements)


def _key(desk: Desk, key_id: str) -> ApiKey:
    with desk.database.read() as session:
        return session.get_one(ApiKey, key_id)


def test_the_whole_way_to_revocation(desk: Desk, clock: HeldClock) -> None:
    """Two digests, suspension on the day; a month later two more, revocation on the second day; all on record."""
    key_id = _seed(desk)
    _digest(desk)
    for week in (1, 2):
        clock.advance(days=7)
        assert _sweep(desk) == (1 if week == 2 else 0)
        _digest(desk)
    assert _key(desk, key_id).status == KeyStatus.SUSPENDED
    assert _key(desk, key_id).suspended_by == str(POLICY)
    for _ in range(7):
        clock.advance(days=7)
        _sweep(desk)
        _digest(desk)
    assert _key(desk, key_id).status == KeyStatus.REVOKED
    with desk.database.read() as session:
        actions = session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_id == key_id).order_by(AuditEvent.seq)
        ).all()
    suspended, revoked = actions.index("key.suspended"), actions.index("key.revoked")
    assert actions[:suspended].count("key.announced") >= 2
    assert actions[suspended:revoked].count("key.announced") >= 2


def test_a_use_calls_it_off(desk: Desk, clock: HeldClock) -> None:
    """A key that is used after the announcement stays active, and its announcement is closed."""
    key_id = _seed(desk)
    _digest(desk)
    clock.advance(days=7)
    _digest(desk)
    with desk.database.write() as session:
        add_use(session, session.get_one(ApiKey, key_id), last_used_at=clock.now())
    clock.advance(days=7)
    _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.ACTIVE
    with desk.database.read() as session:
        assert session.scalars(select(Announcement)).one().closed_at == clock.now()


@both_databases
def test_a_missed_digest_moves_the_day(desk: Desk, clock: HeldClock) -> None:
    """Without a second announcement nothing happens on the day; the next digest announces a later one."""
    key_id = _seed(desk)
    _digest(desk)
    first_day = _open_announcement(desk).act_on
    clock.advance(days=21)
    assert _sweep(desk) == 0
    _digest(desk)
    moved = _open_announcement(desk)
    assert moved.act_on >= clock.now() + 6 * DAY > first_day
    _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.ACTIVE
    clock.set(moved.act_on)
    _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.SUSPENDED


def _suspended_by_policy(desk: Desk, clock: HeldClock) -> str:
    """A key that policy has suspended, and whose revocation two digests announced."""
    key_id = _seed(desk)
    while _key(desk, key_id).status == KeyStatus.ACTIVE:
        _digest(desk)
        clock.advance(days=7)
        _sweep(desk)
    clock.advance(days=30)
    _digest(desk)
    clock.advance(days=7)
    _digest(desk)
    assert _open_announcement(desk).act == Act.REVOKE
    return key_id


def _ended(desk: Desk) -> list[str | None]:
    """Why what was announced ended, where something else than its day ended it."""
    with desk.database.read() as session:
        return [
            event.data["reason"]
            for event in session.scalars(select(AuditEvent).where(AuditEvent.action == "key.called_off"))
        ]


def test_what_still_calls_is_never_revoked(desk: Desk, clock: HeldClock) -> None:
    """One refused call since the suspension calls the revocation off for good; the digest had promised just that."""
    key_id = _suspended_by_policy(desk, clock)
    with desk.database.write() as session:
        refused = clock.now() - DAY
        add_use(session, session.get_one(ApiKey, key_id), last_used_at=None, last_refused_at=refused, refused=1)
    assert desk.read_now(JOB, list_announced) == ()
    assert _sweep(desk) == 1
    for _ in range(20):
        clock.advance(days=7)
        _digest(desk)
        _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.SUSPENDED
    assert _ended(desk) == ["something still calls with it"]


@pytest.mark.parametrize("looked_at", [True, False], ids=["seen by the sweep", "over before anybody looked"])
def test_a_short_keep_calls_it_off(desk: Desk, clock: HeldClock, looked_at: bool) -> None:
    """*Keep until…* for a day ends what was announced, also when Keydesk was down all that day: two digests announce
    it anew before anything is done."""
    key_id = _seed(desk)
    _digest(desk)
    clock.advance(days=7)
    _digest(desk)
    desk.write_now(Actor.member(OLIVIA), lambda tx: keep_key(tx, key_id, tx.now + DAY, reason="It is needed."))
    if looked_at:
        assert _sweep(desk) == 1
    clock.advance(days=7)
    _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.ACTIVE
    _digest(desk)
    assert _open_announcement(desk).announced_times == 1
    for _ in range(2):
        clock.advance(days=7)
        _sweep(desk)
        _digest(desk)
    assert _key(desk, key_id).status == KeyStatus.SUSPENDED
    assert len(_ended(desk)) == 1


def test_a_use_that_nobody_saw_in_time_calls_it_off(desk: Desk, clock: HeldClock) -> None:
    """A key that was used after the announcement and idle again for as long as policy wants is announced anew."""
    key_id = _seed(desk)
    _digest(desk)
    clock.advance(days=7)
    _digest(desk)
    with desk.database.write() as session:
        add_use(session, session.get_one(ApiKey, key_id), last_used_at=clock.now())
    clock.advance(days=120)
    _sweep(desk)
    assert _key(desk, key_id).status == KeyStatus.ACTIVE
    assert _ended(desk) == ["it was used"]


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        (partial(revoke_key, reason="Leaked."), "the key was revoked"),
        (partial(suspend_key, reason="Leaked."), "the key is suspended already"),
    ],
)
def test_it_ends_with_its_key(desk: Desk, clock: HeldClock, work: Callable[..., object], reason: str) -> None:
    """What was announced of a key that somebody ended stands nowhere from that moment, and is closed in a minute."""
    key_id = _seed(desk)
    _digest(desk)
    desk.write_now(Actor.member(OLIVIA), lambda tx: work(tx, key_id))
    assert desk.read_now(JOB, list_announced) == ()
    assert [one.called_off for one in desk.read_now(JOB, lambda tx: list_announced(tx, period=_today(desk)))] == [
        reason
    ]
    assert (_sweep(desk), _sweep(desk)) == (1, 0)
    assert _ended(desk) == [reason]


def test_an_act_that_is_refused_ends_its_announcement(desk: Desk) -> None:
    """Somebody changes the key between the look at it and the act: what was announced ends with what forbids it."""
    key_id = _seed(desk)
    _digest(desk)
    announced = _open_announcement(desk)
    desk.write_now(Actor.member(OLIVIA), partial(revoke_key, key_id=key_id, reason="Leaked."))
    desk.write_now(JOB, lambda tx: _carry_out(tx, tx.session.get_one(Announcement, announced.id)))
    assert _ended(desk) == ["“terraform prod” is revoked, for good."]
    assert _sweep(desk) == 0


def _today(desk: Desk) -> str:
    return desk.clock.now().date().isoformat()


def test_it_ends_with_the_policy(desk: Desk, clock: HeldClock) -> None:
    """Once policy is switched off, nothing that was announced stands; switched on again, it begins anew."""
    key_id = _seed(desk)
    _digest(desk)
    clock.advance(days=7)
    _digest(desk)
    without = replace(desk, policy=Policy())
    assert without.read_now(JOB, list_announced) == ()
    assert _sweep(without) == 1
    clock.advance(days=14)
    assert _sweep(desk) == 0
    assert _key(desk, key_id).status == KeyStatus.ACTIVE


def _open_announcement(desk: Desk) -> Announcement:
    with desk.database.read() as session:
        return session.scalars(select(Announcement).where(Announcement.closed_at.is_(None))).one()


def test_a_digests_period_is_the_day_where_the_organization_is() -> None:
    """A quarter to midnight in London is the next day in Zurich."""
    late = datetime(2026, 3, 1, 23, 45, tzinfo=UTC)
    assert period_of(late, Policy(time_zone=ZoneInfo("Europe/Zurich"))) == "2026-03-02"
    assert period_of(late, Policy(time_zone=ZoneInfo("Europe/London"))) == "2026-03-01"


def test_a_digest_goes_out_once_for_its_period(desk: Desk, clock: HeldClock) -> None:
    """Sending the digest of a period again does nothing and announces nothing a second time."""
    _seed(desk)
    now: datetime = clock.now()

    def send(tx: Transaction) -> bool:
        return send_digest(tx, period="2026-03-02", scheduled_for=now)

    assert desk.write_now(JOB, send)
    assert not desk.write_now(JOB, send)
    assert _open_announcement(desk).announced_times == 1


@both_databases
def test_a_digest_that_went_out_before_its_time_is_not_the_one_of_its_week(desk: Desk, clock: HeldClock) -> None:
    """A clock that was a week ahead has sent it; in its time the week has its own, and the early one keeps its card,
    what it listed and what it announced."""
    _seed(desk)
    begun = clock.now()
    clock.advance(days=7)
    _digest(desk)
    clock.set(begun)
    assert desk.write_now(Actor.job(JobName.SWEEP), set_right) is not None
    [early] = _sent(desk)
    clock.set(begun + 7 * DAY)
    _digest(desk)
    own, moved = sorted(_sent(desk), key=len)
    assert (own, moved[:10]) == (early, begun.date().isoformat())
    assert not desk.write_now(JOB, partial(send_digest, period=own, scheduled_for=clock.now()))
    with desk.database.read() as session:
        listed = [session.query(DigestItem).filter_by(period=period).count() for period in (own, moved)]
        cards = sorted(session.scalars(select(SlackMessage.subject_id).where(SlackMessage.kind == CARD)), key=len)
    assert (listed, cards) == ([1, 1], [own, moved])
    assert (_open_announcement(desk).announced_times, _open_announcement(desk).last_period) == (2, own)


@pytest.mark.parametrize("back", [timedelta(minutes=10), timedelta(hours=3)])
def test_a_clock_that_is_set_back_sends_no_digest_twice(desk: Desk, clock: HeldClock, back: timedelta) -> None:
    """What went out on its day is the digest of its week, also where that day's hour comes again."""
    _seed(desk)
    begun = clock.now()
    _digest(desk)
    clock.set(begun - back)
    desk.write_now(Actor.job(JobName.SWEEP), set_right)
    clock.set(begun)
    assert not desk.write_now(JOB, partial(send_digest, period=_sent(desk)[0], scheduled_for=begun))


def _sent(desk: Desk) -> list[str]:
    with desk.database.read() as session:
        return list(session.scalars(select(Digest.period)))
