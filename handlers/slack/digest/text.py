"""What the digest says of a key: what to do and why, how it was used, what will be done and what was."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from desk.digest.findings import Advice, Announced, DigestView, Finding, Line, decide_advice
from desk.keys.scopes import IN_WORDS
from desk.policy import Policy
from handlers.slack.framework.blocks import actor_name, day, escape, mention, plain, when
from storage.models import ApiKey, KeyStatus, KeyUse, Scope

_ADVICE = {
    Advice.TRANSFER: ":bust_in_silhouette: *Transfer it* to somebody",
    Advice.SUSPEND: ":zzz: *Suspend it*, which can be undone",
    Advice.ASK: ":speech_balloon: *Ask its holder* whether it is needed",
    Advice.EXTEND: ":hourglass_flowing_sand: *Extend it*, or let it end",
    Advice.NARROW: ":pencil2: *Ask for one that only reads* in its place",
}


def find_advice(line: Line, key: ApiKey, now: datetime, policy: Policy) -> Advice | None:
    """What to do about a key; None where that is done, or there is nothing to do any more."""
    if outcome_words(key, now) or not line.findings:
        return None
    return decide_advice(line.findings, idle=_idle(line, key, now), policy=policy)


def _idle(line: Line, key: ApiKey, now: datetime) -> timedelta:
    return now - ((line.use and line.use.last_used_at) or key.created_at)


def advice_words(line: Line, key: ApiKey, view: DigestView, policy: Policy) -> str:
    """What to do, and why; of what was dealt with, why it was listed and what became of that."""
    now = view.now
    idle = _idle(line, key, now)
    holds = [_finding_words(line, finding, idle, now) for finding in line.findings]
    if outcome_words(key, now):
        return f"It was listed because {_joined([*holds, *(_PAST[finding] for finding in line.gone)])}."
    gone = [_became_words(line, key, finding, view.composed_at) for finding in line.gone]
    became = f"{_joined(gone)}." if gone else ""
    advised = find_advice(line, key, now, policy)
    if advised is None:
        return f":white_check_mark: Nothing to do any more: {became}"
    advice = f"{_ADVICE[advised]}: {_joined(holds)}."
    return f"{advice} Since it was listed, {became}" if became else advice


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _finding_words(line: Line, finding: Finding, idle: timedelta, now: datetime) -> str:
    days = (now - line.created_at).days
    age = days_in_words(days) if days else "first day"
    return {
        Finding.NOBODY: "nobody answers for it",
        Finding.NEVER_USED: f"it was never used in its {age}",
        Finding.UNUSED: f"it has been unused for {days_in_words(idle.days)}",
        Finding.NEVER_COLLECTED: "it was never collected",
        Finding.EXPIRING: _expiry_words((line.expires_at - now).days),
        Finding.WIDER: f"it may write and has only read in its {age}",
    }[finding]


def _expiry_words(days: int) -> str:
    return f"it expires in {days_in_words(days)}" if days > 0 else "it expires within a day"


_PAST = {
    Finding.NOBODY: "nobody answered for it",
    Finding.NEVER_USED: "it had never been used",
    Finding.UNUSED: "it had long been unused",
    Finding.NEVER_COLLECTED: "it had not been collected",
    Finding.EXPIRING: "it was to expire soon",
    Finding.WIDER: "it may write and had only read",
}


_NOTED_WITHIN = timedelta(minutes=1)
"""A use is written down within seconds."""
_LISTED_LATER = "such keys are listed later, as policy says by now"


def _became_words(line: Line, key: ApiKey, finding: Finding, listed_at: datetime) -> str:
    """What became of a finding that does not hold any more: something happened to the key, or policy changed."""
    used_at = line.use.last_used_at if line.use else None
    is_used = used_at is not None and used_at > listed_at - _NOTED_WITHIN
    used = f"it was used {when(used_at)}" if used_at is not None and is_used else _LISTED_LATER
    is_extended = key.extended_at is not None and key.extended_at > listed_at
    return {
        Finding.NOBODY: f"{mention(key.holder_id)} answers for it",
        Finding.NEVER_USED: used,
        Finding.UNUSED: used,
        Finding.NEVER_COLLECTED: "it was collected",
        Finding.EXPIRING: f"it was given until {day(key.expires_at)}" if is_extended else _LISTED_LATER,
        Finding.WIDER: "it has written",
    }[finding]


def days_in_words(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def use_words(use: KeyUse) -> str:
    """When and how a key was used, and how often."""
    if use.last_used_at is None:
        return f"Calls that Keydesk refused (401, 403): {use.refused}."
    place = f" from {escape(use.last_address)}" if use.last_address else ""
    agent = f" with {escape(plain(use.last_user_agent, limit=60))}" if use.last_user_agent else ""
    return (
        f"Last used {when(use.last_used_at)}{place}{agent}. "
        f"Reads {use.reads}, writes {use.writes}, errors {use.failed}, refused {use.refused}."
    )


def scope_words(scopes: Sequence[str]) -> str:
    """What scopes allow, in plain words."""
    known = {scope.value for scope in Scope}
    return ", ".join(IN_WORDS[Scope(scope)] if scope in known else escape(scope) for scope in scopes)


def act_words(announced: Announced) -> str:
    """What policy will do, and when."""
    act = "suspended" if announced.act == "suspend" else "revoked"
    if announced.is_done:
        return f"It was {act}, as announced."
    if announced.called_off:
        return f"It was to be {act} on {day(announced.act_on)}. That is called off: {escape(announced.called_off)}."
    return f"Will be {act} on {day(announced.act_on)} unless it is used or kept (announcement {announced.times})."


def outcome_words(key: ApiKey, now: datetime) -> str:
    """What became of a key that was listed; empty while nothing did."""
    if key.status == KeyStatus.REVOKED:
        return f":no_entry: Revoked by {actor_name(key.revoked_by)}."
    if key.retires_at is not None:
        return f":arrows_counterclockwise: Rotated; this one works until {when(key.retires_at)}."
    if key.expires_at <= now:
        return f":hourglass: Expired {day(key.expires_at)}."
    if key.status == KeyStatus.SUSPENDED:
        return f":double_vertical_bar: Suspended by {actor_name(key.suspended_by)}."
    if key.kept_until is not None and key.kept_until > now:
        return kept_words(key)
    return ""


def kept_words(key: ApiKey) -> str:
    """Until when a key is kept, by whom and why."""
    until = day(key.kept_until) if key.kept_until else ""
    reason = escape(plain(key.keep_reason or "", limit=200))
    return f":pushpin: Kept until {until} by {actor_name(key.kept_by)}: {reason}"
