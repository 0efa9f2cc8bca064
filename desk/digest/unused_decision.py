"""What is to be done about a key that nobody uses, and what calls it off. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from desk.policy import Policy
from storage.models import Act, KeyStatus

ANNOUNCEMENTS_NEEDED = 2


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
    expired: bool = False
    rotated: bool = False
    """A successor has taken its place; it works on until its grace period ends."""
    refused_at: datetime | None = None
    """When Keydesk last turned away a call with it."""
    kept_until: datetime | None = None
    suspended_at: datetime | None = None
    suspended_by_policy: bool = False
    act: Act | None = None
    act_on: datetime | None = None
    first_announced_at: datetime | None = None
    announced_times: int = 0
    spoken_for_at: datetime | None = None
    """When somebody last said to keep it, or restored it."""


def is_missed(situation: Situation) -> bool:
    """Whether something called with the key since it was suspended: it is in use, whatever nobody restored. Pure."""
    if situation.status != KeyStatus.SUSPENDED or situation.suspended_at is None:
        return False
    return situation.refused_at is not None and situation.refused_at >= situation.suspended_at


def wanted_act(situation: Situation, policy: Policy) -> Act | None:
    """What policy would do to the key if it had been announced long enough. Pure."""
    if situation.expired or situation.rotated or _is_kept(situation):
        return None
    if situation.status == KeyStatus.ACTIVE and policy.suspend_unused_after is not None:
        idle = situation.now - situation.idle_since
        return Act.SUSPEND if idle >= policy.suspend_unused_after else None
    if situation.status == KeyStatus.SUSPENDED and policy.revoke_suspended_after is not None:
        if not situation.suspended_by_policy or situation.suspended_at is None or is_missed(situation):
            return None
        waited = situation.now - situation.suspended_at
        return Act.REVOKE if waited >= policy.revoke_suspended_after else None
    return None


def find_end(situation: Situation, policy: Policy) -> str | None:
    """Why what was announced will not be done, in words; None while it stands. Pure.

    What answered it counts for good, also when nobody looked in time and policy would want the same again.
    """
    since = situation.first_announced_at or situation.now
    spoken_for = situation.spoken_for_at is not None and situation.spoken_for_at >= since
    ends = {
        "the key was revoked": situation.status == KeyStatus.REVOKED,
        "the key has expired": situation.expired,
        "the key was rotated": situation.rotated,
        "it was used": situation.idle_since >= since,
        "something still calls with it": is_missed(situation),
        "it is kept": _is_kept(situation),
        "somebody spoke for it": spoken_for,
        "the key is suspended already": (situation.act, situation.status) == (Act.SUSPEND, KeyStatus.SUSPENDED),
        "the key was restored": (situation.act, situation.status) == (Act.REVOKE, KeyStatus.ACTIVE),
        "policy does not ask for it any more": wanted_act(situation, policy) != situation.act,
    }
    return next((words for words, holds in ends.items() if holds), None)


def _is_kept(situation: Situation) -> bool:
    return situation.kept_until is not None and situation.kept_until > situation.now


def decide_step(situation: Situation, policy: Policy) -> Step:
    """What to do about a key at this instant. Pure; the digest carries out ANNOUNCE, the sweep ACT, both CALL_OFF."""
    if situation.act is None:
        return Step.ANNOUNCE if wanted_act(situation, policy) is not None else Step.NOTHING
    if find_end(situation, policy) is not None:
        return Step.CALL_OFF
    ready = situation.announced_times >= ANNOUNCEMENTS_NEEDED
    if ready and situation.act_on is not None and situation.act_on <= situation.now:
        return Step.ACT
    return Step.ANNOUNCE
