"""The digest of keys that want a look."""

from collections.abc import Sequence

from pydantic import Field

from desk.digest.findings import DigestView, Line
from desk.transaction import Transaction
from handlers.http.own.shapes.base import Instant, Shape


class DigestLine(Shape):
    """One key, or a granted one that nobody collected, that wants a look."""

    key_id: str | None
    ticket_id: str | None
    name: str
    holder_id: str | None
    findings: Sequence[str]
    scopes: Sequence[str]
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None


class DigestAnnounced(Shape):
    """What policy will do to a key."""

    key_id: str
    act: str
    act_on: Instant


class Digest(Shape):
    """What the digest would say now, and when it goes out."""

    composed_at: Instant
    live_keys: int
    lines: Sequence[DigestLine]
    announced: Sequence[DigestAnnounced]
    kept: Sequence[str] = Field(description="Ids of keys that somebody said to keep.")
    day: int = Field(description="Of the week, Monday is 0.")
    time: str
    time_zone: str
    channel: str | None


def digest_of(tx: Transaction, view: DigestView) -> Digest:
    """The digest as it would be now."""
    policy = tx.policy
    return Digest(
        composed_at=view.composed_at,
        live_keys=view.live_keys,
        lines=[_line(line) for line in view.lines],
        announced=[DigestAnnounced(key_id=one.key.id, act=str(one.act), act_on=one.act_on) for one in view.announced],
        kept=[key.id for key in view.kept],
        day=policy.digest_day,
        time=f"{policy.digest_time:%H:%M}",
        time_zone=policy.time_zone.key,
        channel=policy.digest_channel,
    )


def _line(line: Line) -> DigestLine:
    return DigestLine(
        key_id=line.key.id if line.key else None,
        ticket_id=line.ticket.id if line.ticket else None,
        name=line.name,
        holder_id=line.holder_id,
        findings=[str(finding) for finding in line.findings],
        scopes=line.scopes,
        created_at=line.created_at,
        expires_at=line.expires_at,
        last_used_at=line.use.last_used_at if line.use else None,
    )
