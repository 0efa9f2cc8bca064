"""What the digest says: which keys deserve a look, and why. Composed from the database, changed by nothing here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Nullable, Select, or_, select
from sqlalchemy.orm import Session

from desk.keys.scopes import is_write
from desk.permissions import full_member_condition
from desk.policy import Policy
from desk.transaction import Transaction
from storage.folding import fold, folded
from storage.models import (
    Act,
    ApiKey,
    KeyRequest,
    KeyStatus,
    KeyUse,
    Member,
    Ticket,
    TicketStatus,
)


class Finding(StrEnum):
    """Why a key is in the digest, the gravest first. A *use* is a call that passed the key check."""

    NOBODY = "nobody"
    """Nobody answers for it, or somebody who has left."""
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
    holder_id: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    key: ApiKey | None = None
    ticket: Ticket | None = None
    use: KeyUse | None = None
    collector_id: str | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """A whole digest: lines grouped under whoever answers for them, and what was kept."""

    composed_at: datetime
    lines: tuple[Line, ...] = ()
    kept: tuple[ApiKey, ...] = ()
    live_keys: int = 0
    """Keys that worked when it was composed; those with lines are among them."""
    scheduled_for: datetime | None = None
    """None for a digest that somebody asked for."""
    period: str | None = None
    announced: tuple[Announced, ...] = ()
    """What policy will do, the nearest day first."""

    @property
    def is_late(self) -> bool:
        """Whether it went out more than an hour after its time."""
        return self.scheduled_for is not None and self.composed_at - self.scheduled_for > timedelta(hours=1)

    @property
    def listed_keys(self) -> int:
        """How many of the keys that worked have a line; the other lines are of tickets that nobody collected."""
        return sum(line.key is not None for line in self.lines)

    def count(self, finding: Finding) -> int:
        """How many lines have a finding."""
        return sum(finding in line.findings for line in self.lines)


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


def compose(tx: Transaction) -> DigestView:
    """The digest as of now, without the daily counts (see `daily_counts`)."""
    session, now = tx.session, tx.now
    holders = set(session.scalars(select(Member.user_id).where(full_member_condition())))
    rows = session.execute(_live_keys(now)).all()
    lines = [line for key, use in rows if (line := _key_line(key, use, holders, tx)) is not None]
    lines += _uncollected(tx)
    names = _names(session, {line.holder_id for line in lines if line.holder_id})
    lines.sort(key=lambda line: _order(line, names))
    kept = [key for key, _ in rows if key.kept_until is not None and key.kept_until > now]
    kept.sort(key=lambda key: (key.kept_until or now, key.name))
    return DigestView(composed_at=now, lines=tuple(lines), kept=tuple(kept), live_keys=len(rows))


def _live_keys(now: datetime) -> Select[ApiKey, KeyUse | None]:
    return (
        select(ApiKey, Nullable(KeyUse))
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > now, ApiKey.retires_at.is_(None))
    )


def list_live_ids(tx: Transaction, *, made_until: datetime) -> set[str]:
    """Ids of the keys that work now and were there at an instant."""
    return {key.id for key, _ in tx.session.execute(_live_keys(tx.now)) if key.created_at <= made_until}


def _key_line(key: ApiKey, use: KeyUse | None, holders: set[str], tx: Transaction) -> Line | None:
    if key.kept_until is not None and key.kept_until > tx.now:
        return None
    facts = KeyFacts(
        scopes=key.scopes,
        has_holder=key.holder_id in holders,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=use.last_used_at if use else None,
        last_write_at=use.last_write_at if use else None,
    )
    findings = findings_of(facts, now=tx.now, policy=tx.policy)
    return key_line(key, use, findings) if findings else None


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


def _uncollected(tx: Transaction) -> list[Line]:
    # A ticket that has lapsed since the last weekly digest is still news; an older one is not.
    recently = tx.now - timedelta(days=7)
    tickets = tx.session.scalars(
        select(Ticket).where(
            or_(
                Ticket.status == TicketStatus.WAITING,
                (Ticket.status == TicketStatus.LAPSED) & (Ticket.expires_at >= recently),
            ),
            Ticket.created_at <= tx.now - tx.policy.never_used_after,
        )
    ).all()
    return [line for ticket in tickets if (line := ticket_line(tx.session, ticket)) is not None]


def ticket_line(session: Session, ticket: Ticket) -> Line | None:
    """The line of a ticket, under whoever is to answer for its key."""
    holder_id: str | None
    if ticket.request_id is not None:
        request = session.get_one(KeyRequest, ticket.request_id)
        name, holder_id = request.name, request.holder_id
        scopes = request.granted_scopes or request.scopes
    elif ticket.predecessor_id is not None:
        predecessor = session.get_one(ApiKey, ticket.predecessor_id)
        name, holder_id, scopes = predecessor.name, predecessor.holder_id, predecessor.scopes
    else:
        return None
    return Line(
        findings=(Finding.NEVER_COLLECTED,),
        holder_id=holder_id,
        name=name,
        scopes=tuple(scopes),
        created_at=ticket.created_at,
        expires_at=ticket.expires_at,
        ticket=ticket,
        collector_id=ticket.collector_id,
    )


def _names(session: Session, user_ids: set[str]) -> dict[str, str]:
    found = session.execute(select(Member.user_id, folded(Member.name)).where(Member.user_id.in_(user_ids)))
    return dict(found.all())


def _order(line: Line, names: dict[str, str]) -> tuple[object, ...]:
    gravest = list(Finding).index(line.findings[0])
    nobody_first = Finding.NOBODY not in line.findings
    holder = line.holder_id or ""
    return (nobody_first, names.get(holder, holder), holder, gravest, fold(line.name), line.created_at)
