"""What policy does to unused keys: announced in two digests at least, then suspended; announced in two more, then
revoked. A use, or somebody's word to keep the key, calls it off."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Nullable, select

from desk.audit import trail as audit
from desk.digest.findings import Announced
from desk.errors import KeydeskError
from desk.identifiers import new_id
from desk.keys.changes import revoke_key, suspend_key
from desk.permissions import Duty, require_duty
from desk.policy import Policy
from desk.transaction import Actor, JobName, Transaction
from storage.models import Act, Announcement, ApiKey, KeyStatus, KeyUse

ANNOUNCEMENTS_NEEDED = 2
NOTICE = timedelta(days=14)
"""From the first announcement to the act: two weekly digests."""
NOTICE_AFTER_REPEAT = timedelta(days=6)
"""The least time between the last needed announcement and the act, also when a digest was missed."""
POLICY = Actor.job(JobName.UNUSED_POLICY)
"""Whose name stands on what this policy does; the second act knows the first by it."""
_BATCH = 1
"""One key a transaction: each act ends at the audit chain, and nothing may be locked after that."""


class Step(StrEnum):
    """What becomes of a key's announcement at a digest or on its day. Pure outcome of `decide_step`."""

    NOTHING = "nothing"
    ANNOUNCE = "announce"
    CALL_OFF = "call_off"
    ACT = "act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of a key and of its open announcement, if there is one."""

    now: datetime
    status: KeyStatus
    idle_since: datetime
    """When it was last used or, if never, made."""
    kept_until: datetime | None = None
    suspended_at: datetime | None = None
    suspended_by_policy: bool = False
    act: Act | None = None
    act_on: datetime | None = None
    first_announced_at: datetime | None = None
    announced_times: int = 0


def wanted_act(situation: Situation, policy: Policy) -> Act | None:
    """What policy would do to the key if it had been announced long enough. Pure."""
    if situation.kept_until is not None and situation.kept_until > situation.now:
        return None
    if situation.status == KeyStatus.ACTIVE and policy.suspend_unused_after is not None:
        idle = situation.now - situation.idle_since
        return Act.SUSPEND if idle >= policy.suspend_unused_after else None
    if situation.status == KeyStatus.SUSPENDED and policy.revoke_suspended_after is not None:
        if not situation.suspended_by_policy or situation.suspended_at is None:
            return None
        waited = situation.now - situation.suspended_at
        return Act.REVOKE if waited >= policy.revoke_suspended_after else None
    return None


def decide_step(situation: Situation, policy: Policy) -> Step:
    """What to do about a key at this instant. Pure; the digest carries out ANNOUNCE, the sweep ACT, both CALL_OFF."""
    act = wanted_act(situation, policy)
    if situation.act is None:
        return Step.ANNOUNCE if act is not None else Step.NOTHING
    if act != situation.act:
        return Step.CALL_OFF
    ready = situation.announced_times >= ANNOUNCEMENTS_NEEDED
    if ready and situation.act_on is not None and situation.act_on <= situation.now:
        return Step.ACT
    return Step.ANNOUNCE


def _situation(tx: Transaction, key: ApiKey, use: KeyUse | None, open_one: Announcement | None) -> Situation:
    return Situation(
        now=tx.now,
        status=KeyStatus(key.status),
        idle_since=use.last_used_at if use and use.last_used_at else key.created_at,
        kept_until=key.kept_until,
        suspended_at=key.suspended_at,
        suspended_by_policy=key.suspended_by == str(POLICY),
        act=Act(open_one.act) if open_one else None,
        act_on=open_one.act_on if open_one else None,
        first_announced_at=open_one.first_announced_at if open_one else None,
        announced_times=open_one.announced_times if open_one else 0,
    )


def announce(tx: Transaction, *, period: str) -> int:
    """Say in the digest of `period` what will happen on which day; gives the number of keys announced.

    An announcement is repeated by each digest until its day. Where a digest was missed the day moves, so that
    nothing happens within six days of the second announcement.
    """
    if tx.policy.suspend_unused_after is None and tx.policy.revoke_suspended_after is None:
        return 0
    rows = tx.session.execute(
        select(ApiKey, Nullable(KeyUse), Nullable(Announcement))
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .outerjoin(Announcement, (Announcement.key_id == ApiKey.id) & Announcement.closed_at.is_(None))
        .where(
            ApiKey.status.in_([KeyStatus.ACTIVE, KeyStatus.SUSPENDED]),
            ApiKey.expires_at > tx.now,
            ApiKey.retires_at.is_(None),
        )
    ).all()
    count = 0
    for key, use, open_one in rows:
        situation = _situation(tx, key, use, open_one)
        step = decide_step(situation, tx.policy)
        if step is Step.CALL_OFF and open_one is not None:
            _close(tx, open_one, "called off: used, kept or changed")
            situation = _situation(tx, key, use, None)
            step, open_one = decide_step(situation, tx.policy), None
        if step is Step.ANNOUNCE:
            count += _announce_one(tx, key, open_one, situation, period)
    return count


def _announce_one(
    tx: Transaction, key: ApiKey, open_one: Announcement | None, situation: Situation, period: str
) -> int:
    act = wanted_act(situation, tx.policy)
    assert act is not None
    if open_one is None:
        open_one = Announcement(
            id=new_id(),
            key_id=key.id,
            act=act,
            act_on=tx.now + NOTICE,
            first_announced_at=tx.now,
            announced_times=0,
        )
        tx.session.add(open_one)
    if open_one.last_period == period:
        return 0
    open_one.announced_times += 1
    open_one.last_period = period
    if open_one.announced_times <= ANNOUNCEMENTS_NEEDED:
        open_one.act_on = max(open_one.act_on, tx.now + NOTICE_AFTER_REPEAT)
    tx.session.flush()
    audit.record(
        tx,
        audit.Action.KEY_ANNOUNCED,
        "key",
        key.id,
        act=str(act),
        act_on=open_one.act_on.isoformat(),
        times=open_one.announced_times,
    )
    return 1


def list_announced(tx: Transaction) -> tuple[Announced, ...]:
    """What is announced and still to come, the nearest day first."""
    found = tx.session.execute(
        select(Announcement, ApiKey)
        .join(ApiKey, ApiKey.id == Announcement.key_id)
        .where(Announcement.closed_at.is_(None))
        .order_by(Announcement.act_on, ApiKey.name)
    )
    return tuple(
        Announced(key=key, act=Act(one.act), act_on=one.act_on, times=one.announced_times) for one, key in found
    )


_ACTS: dict[Act, Callable[..., object]] = {Act.SUSPEND: suspend_key, Act.REVOKE: revoke_key}
_REASONS: dict[Act, str] = {
    Act.SUSPEND: "Unused for a long time, as announced in the digest.",
    Act.REVOKE: "Suspended as unused and not missed, as announced in the digest.",
}


def sweep_announcements(tx: Transaction) -> int:
    """Carry out what is due, or call it off where it is not wanted any more: one key a call; 0 when none is."""
    require_duty(tx, Duty.TIME)
    due = tx.session.execute(
        select(Announcement, ApiKey, Nullable(KeyUse))
        .join(ApiKey, ApiKey.id == Announcement.key_id)
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(
            Announcement.closed_at.is_(None),
            Announcement.act_on <= tx.now,
            Announcement.announced_times >= ANNOUNCEMENTS_NEEDED,
        )
        .order_by(Announcement.act_on)
        .limit(_BATCH)
        # Of several replicas one carries it out, and no other takes that for a reason to call it off.
        .with_for_update(of=Announcement, skip_locked=True)
    ).all()
    for announcement, key, use in due:
        step = decide_step(_situation(tx, key, use, announcement), tx.policy)
        if step is Step.ACT:
            _carry_out(tx, announcement, key)
        else:
            _close(tx, announcement, "called off: used, kept or changed")
    return len(due)


def _carry_out(tx: Transaction, announcement: Announcement, key: ApiKey) -> None:
    act = Act(announcement.act)
    try:
        _ACTS[act](replace(tx, actor=POLICY), key.id, reason=_REASONS[act])
    except KeydeskError as refusal:
        _close(tx, announcement, f"called off: {refusal.sentence}")
    else:
        _close(tx, announcement, "carried out")


def _close(tx: Transaction, announcement: Announcement, outcome: str) -> None:
    announcement.closed_at = tx.now
    announcement.outcome = outcome[:255]
    tx.session.flush()
