"""What the digest says: which keys deserve a look, and why. Composed from the database, changed by nothing here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from desk.keys.scopes import is_write
from desk.people import Standing
from desk.policy import Policy
from storage.models import (
    Act,
    ApiKey,
    KeyUse,
    Ticket,
)


class Finding(StrEnum):
    """Why a key is in the digest, the gravest first. A *use* is a call that passed the key check."""

    NOBODY = "nobody"
    """Nobody answers for it, or somebody who has left or may not hold it."""
    NEVER_USED = "never_used"
    UNUSED = "unused"
    NEVER_COLLECTED = "never_collected"
    EXPIRING = "expiring"
    WIDER = "wider"
    """It may write, but only reads were seen, for long enough to tell."""


class Advice(StrEnum):
    """What to do about a key in the digest."""

    TRANSFER = "transfer"
    SUSPEND = "suspend"
    ASK = "ask"
    EXTEND = "extend"
    NARROW = "narrow"


WIDER_AFTER = timedelta(days=30)
"""A key younger than this has not had the time to show what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What the findings of a key are judged by."""

    scopes: Sequence[str]
    has_holder: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    last_write_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key, or one ticket that nobody collected, as the digest shows it."""

    findings: tuple[Finding, ...]
    """What holds at the moment of the view."""
    holder_id: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    key: ApiKey | None = None
    ticket: Ticket | None = None
    use: KeyUse | None = None
    collector_id: str | None = None
    gone: tuple[Finding, ...] = ()
    """What held when it was listed, and does not any more."""
    is_settled: bool = False
    """It is dealt with: nothing of it wants a look any more."""
    standing: Standing | None = None
    """Of somebody who is named and may not hold the key: what they are now."""
    daily: tuple[int, ...] = ()
    """Successful calls a day over the last 30 days, the newest last; filled in for the lines that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What policy will do to an unused key, and on which day."""

    key: ApiKey
    act: Act
    act_on: datetime
    times: int
    """In how many digests it was announced so far."""
    called_off: str | None = None
    """Why it will not be done, in words; None while it stands."""
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a digest found beside its lines, when there was too much to list: counted when it was composed."""

    keys: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    """By finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """A whole digest: lines grouped under whoever answers for them, and what was kept."""

    composed_at: datetime
    lines: tuple[Line, ...] = ()
    kept: tuple[ApiKey, ...] = ()
    live_keys: int = 0
    """Keys that worked when it was composed; those with lines are among them."""
    beyond: Beyond = Beyond()
    scheduled_for: datetime | None = None
    """None for a digest that somebody asked for."""
    period: str | None = None
    announced: tuple[Announced, ...] = ()
    """What policy will do, the nearest day first; with what became of what it announced itself."""
    drawn_at: datetime | None = None
    """The moment of everything that it says, where that is not when it was composed."""

    @property
    def now(self) -> datetime:
        """The moment of everything that it says."""
        return self.drawn_at or self.composed_at

    @property
    def is_late(self) -> bool:
        """Whether it went out more than an hour after its time."""
        return self.scheduled_for is not None and self.composed_at - self.scheduled_for > timedelta(hours=1)

    @property
    def listed_keys(self) -> int:
        """Of how many keys that worked something was found; the other lines are of tickets that nobody collected."""
        return sum(line.key is not None for line in self.lines) + self.beyond.keys

    def count(self, finding: Finding) -> int:
        """Of how many lines a finding holds and nobody has dealt with it."""
        listed = sum(finding in line.findings and not line.is_settled for line in self.lines)
        return listed + self.beyond.counts.get(str(finding), 0)

    @property
    def listed_tickets(self) -> int:
        """How many lines are of tickets that nobody had collected."""
        return sum(line.ticket is not None for line in self.lines)

    @property
    def settled(self) -> int:
        """How many of what it listed is dealt with."""
        return sum(line.is_settled for line in self.lines)


def findings_of(facts: KeyFacts, *, now: datetime, policy: Policy) -> tuple[Finding, ...]:
    """What is remarkable about a key that works, in the order of `Finding`. Pure."""
    found = set()
    if not facts.has_holder:
        found.add(Finding.NOBODY)
    if facts.last_used_at is None:
        if now - facts.created_at >= policy.never_used_after:
            found.add(Finding.NEVER_USED)
    elif now - facts.last_used_at >= policy.unused_after:
        found.add(Finding.UNUSED)
    if facts.expires_at - now <= policy.expiring_within:
        found.add(Finding.EXPIRING)
    only_reads = facts.last_used_at is not None and facts.last_write_at is None
    if only_reads and now - facts.created_at >= WIDER_AFTER and any(is_write(scope) for scope in facts.scopes):
        found.add(Finding.WIDER)
    return tuple(finding for finding in Finding if finding in found)


def decide_advice(findings: Sequence[Finding], *, idle: timedelta, policy: Policy) -> Advice:
    """What to do about a key with these findings that nothing has used for so long. Pure."""
    if Finding.NOBODY in findings:
        return Advice.TRANSFER
    if Finding.NEVER_USED in findings:
        return Advice.SUSPEND if idle >= policy.unused_after else Advice.ASK
    if Finding.UNUSED in findings:
        return Advice.SUSPEND if idle >= policy.in_use_within else Advice.ASK
    return Advice.EXTEND if Finding.EXPIRING in findings else Advice.NARROW


def key_line(key: ApiKey, use: KeyUse | None, findings: Iterable[Finding]) -> Line:
    """The line of a key."""
    return Line(
        findings=tuple(findings),
        holder_id=key.holder_id,
        name=key.name,
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        expires_at=key.expires_at,
        key=key,
        use=use,
    )
