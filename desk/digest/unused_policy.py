"""What policy does to unused keys: announced in two digests at least, then suspended; announced in two more, then
revoked. A use, a refused call with a suspended key, or somebody's word calls it off, and all begins anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Nullable, Select, and_, false, func, or_, select

from desk.audit import trail as audit
from desk.digest.findings import Announced
from desk.digest.unused_decision import ANNOUNCEMENTS_NEEDED, Situation, Step, decide_step, find_end, wanted_act
from desk.errors import KeydeskError
from desk.identifiers import new_id
from desk.keys.changes import revoke_key, suspend_key
from desk.keys.rules import KeyState, state_of
from desk.messages.outbox import refresh
from desk.messages.subjects import Thing
from desk.permissions import Duty, require_duty
from desk.transaction import Actor, JobName, Transaction
from storage.models import Act, Announcement, ApiKey, AuditEvent, KeyStatus, KeyUse

NOTICE = timedelta(days=14)
"""From the first announcement to the act: two weekly digests."""
NOTICE_AFTER_REPEAT = timedelta(days=6)
"""The least time between the last needed announcement and the act, also when a digest was missed."""
POLICY = Actor.job(JobName.UNUSED_POLICY)
"""Whose name stands on what this policy does; the second act knows the first by it."""
_CARRIED_OUT = "carried out"
_BATCH = 1
"""One act a transaction: each ends at the audit chain, and nothing may be locked after that."""


def _situation(
    tx: Transaction, key: ApiKey, use: KeyUse | None, open_one: Announcement | None, spoken: Mapping[str, datetime]
) -> Situation:
    return Situation(
        now=tx.now,
        status=KeyStatus(key.status),
        expired=state_of(key, tx.now) is KeyState.EXPIRED,
        rotated=key.retires_at is not None,
        idle_since=use.last_used_at if use and use.last_used_at else key.created_at,
        refused_at=_last_refused(use),
        kept_until=key.kept_until,
        suspended_at=key.suspended_at,
        suspended_by_policy=key.suspended_by == str(POLICY),
        act=Act(open_one.act) if open_one else None,
        act_on=open_one.act_on if open_one else None,
        first_announced_at=open_one.first_announced_at if open_one else None,
        announced_times=open_one.announced_times if open_one else 0,
        spoken_for_at=spoken.get(key.id),
    )


def _last_refused(use: KeyUse | None) -> datetime | None:
    # That owners were told of a call is on disk at once, its mark of use a second later.
    seen = [] if use is None else [at for at in (use.last_refused_at, use.knock_told_at) if at is not None]
    return max(seen, default=None)


def _read_spoken_for(tx: Transaction) -> Mapping[str, datetime]:
    """When somebody last spoke for a key of which something is announced: by key."""
    said = (
        select(AuditEvent.subject_id, func.max(AuditEvent.at))
        .join(Announcement, (Announcement.key_id == AuditEvent.subject_id) & Announcement.closed_at.is_(None))
        .where(
            AuditEvent.subject_kind == "key",
            AuditEvent.action.in_([str(audit.Action.KEY_KEPT), str(audit.Action.KEY_RESTORED)]),
            AuditEvent.at >= Announcement.first_announced_at,
        )
        .group_by(AuditEvent.subject_id)
    )
    return {key_id: at for key_id, at in tx.session.execute(said)}  # noqa: C416 - a Row is no tuple to the type checker


def _announcements() -> Select[Announcement, ApiKey, KeyUse | None]:
    """What was announced, with its key, the nearest day first."""
    return (
        select(Announcement, ApiKey, Nullable(KeyUse))
        .join(ApiKey, ApiKey.id == Announcement.key_id)
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .order_by(Announcement.act_on, ApiKey.name, ApiKey.id)
    )


def announce(tx: Transaction, *, period: str) -> int:
    """Say in the digest of `period` what will happen on which day; gives the number of keys announced.

    An announcement is repeated by each digest until its day. Where a digest was missed the day moves, so that
    nothing happens within six days of the second announcement..
    """
    said, ended = [], []
    spoken = _read_spoken_for(tx)
    for key, use, open_one in tx.session.execute(_announceable(tx)).all():
        situation = _situation(tx, key, use, open_one, spoken)
        step = decide_step(situation, tx.policy)
        if step is Step.CALL_OFF and open_one is not None:
            ended.append(_call_off(tx, open_one, situation))
            situation = _situation(tx, key, use, None, spoken)
            step, open_one = decide_step(situation, tx.policy), None
        if step is Step.ANNOUNCE and (one := _announce_one(tx, key, open_one, situation, period)):
            said.append(one)
    _record_ended(tx, ended)
    for one in said:
        data = {"act": str(one.act), "act_on": one.act_on.isoformat(), "times": one.announced_times}
        audit.record(tx, audit.Action.KEY_ANNOUNCED, "key", one.key_id, **data)
    return len(said)


def _announceable(tx: Transaction) -> Select[ApiKey, KeyUse | None, Announcement | None]:
    """Keys of which something is announced or, where policy does anything, could be."""
    has_policy = tx.policy.suspend_unused_after is not None or tx.policy.revoke_suspended_after is not None
    live = and_(ApiKey.status != KeyStatus.REVOKED, ApiKey.expires_at > tx.now, ApiKey.retires_at.is_(None))
    return (
        select(ApiKey, Nullable(KeyUse), Nullable(Announcement))
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .outerjoin(Announcement, (Announcement.key_id == ApiKey.id) & Announcement.closed_at.is_(None))
        .where(or_(Announcement.id.is_not(None), live if has_policy else false()))
    )


def _announce_one(
    tx: Transaction, key: ApiKey, open_one: Announcement | None, situation: Situation, period: str
) -> Announcement | None:
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
        return None
    open_one.announced_times += 1
    open_one.last_period = period
    if open_one.announced_times <= ANNOUNCEMENTS_NEEDED:
        open_one.act_on = max(open_one.act_on, tx.now + NOTICE_AFTER_REPEAT)
    tx.session.flush()
    return open_one


def list_announced(tx: Transaction, *, period: str | None = None) -> tuple[Announced, ...]:
    """What is announced and still stands, the nearest day first; with what the digest of `period` announced and is
    done or called off by now."""
    shown = or_(Announcement.closed_at.is_(None), false() if period is None else Announcement.last_period == period)
    spoken = _read_spoken_for(tx)
    listed = []
    for one, key, use in tx.session.execute(_announcements().where(shown)):
        end = one.outcome if one.closed_at else find_end(_situation(tx, key, use, one, spoken), tx.policy)
        if end is None or one.last_period == period:
            listed.append(
                Announced(
                    key=key,
                    act=Act(one.act),
                    act_on=one.act_on,
                    times=one.announced_times,
                    called_off=None if end == _CARRIED_OUT else end,
                    is_done=end == _CARRIED_OUT,
                )
            )
    return tuple(listed)


_ACTS: dict[Act, Callable[..., object]] = {Act.SUSPEND: suspend_key, Act.REVOKE: revoke_key}
_REASONS: dict[Act, str] = {
    Act.SUSPEND: "Unused for a long time, as announced in the digest.",
    Act.REVOKE: "Suspended as unused and not missed, as announced in the digest.",
}


def sweep_announcements(tx: Transaction) -> int:
    """Call off what does not stand any more, or else carry out the first that is due; gives how many, 0 for none."""
    require_duty(tx, Duty.TIME)
    over, due = _list_moving(tx)
    ended = [_call_off(tx, one, situation) for one, situation in _lock(tx, over, Step.CALL_OFF)]
    if ended:
        _record_ended(tx, ended)
        return len(ended)
    acting = _lock(tx, due[:_BATCH], Step.ACT)
    for one, _ in acting:
        _carry_out(tx, one)
    return len(acting)


def _list_moving(tx: Transaction) -> tuple[list[str], list[str]]:
    """Ids of what is to be called off, and of what is due."""
    spoken = _read_spoken_for(tx)
    steps: dict[Step, list[str]] = {Step.CALL_OFF: [], Step.ACT: []}
    for one, key, use in tx.session.execute(_announcements().where(Announcement.closed_at.is_(None))):
        step = decide_step(_situation(tx, key, use, one, spoken), tx.policy)
        if step in steps:
            steps[step].append(one.id)
    return steps[Step.CALL_OFF], steps[Step.ACT]


def _lock(tx: Transaction, ids: Sequence[str], step: Step) -> list[tuple[Announcement, Situation]]:
    """Those for which it is this step still. Of several replicas one takes them, and the others leave them alone."""
    if not ids:
        return []
    rows = tx.session.execute(
        _announcements()
        .where(Announcement.id.in_(ids), Announcement.closed_at.is_(None))
        .with_for_update(of=Announcement, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    spoken = _read_spoken_for(tx)
    found = [(one, _situation(tx, key, use, one, spoken)) for one, key, use in rows]
    return [(one, situation) for one, situation in found if decide_step(situation, tx.policy) is step]


def _carry_out(tx: Transaction, announcement: Announcement) -> None:
    act = Act(announcement.act)
    try:
        _ACTS[act](replace(tx, actor=POLICY), announcement.key_id, reason=_REASONS[act])
    except KeydeskError as refusal:
        _close(tx, announcement, refusal.sentence)
        _record_ended(tx, [announcement])
    else:
        _close(tx, announcement, _CARRIED_OUT)


def _call_off(tx: Transaction, announcement: Announcement, situation: Situation) -> Announcement:
    _close(tx, announcement, find_end(situation, tx.policy) or "it does not stand any more")
    refresh(tx, Thing.KEY, announcement.key_id)
    return announcement


def _close(tx: Transaction, announcement: Announcement, outcome: str) -> None:
    announcement.closed_at = tx.now
    announcement.outcome = outcome[:255]
    tx.session.flush()


def _record_ended(tx: Transaction, ended: Sequence[Announcement]) -> None:
    for one in ended:
        data = {"act": str(one.act), "act_on": one.act_on.isoformat(), "reason": one.outcome}
        audit.record(tx, audit.Action.KEY_CALLED_OFF, "key", one.key_id, **data)
