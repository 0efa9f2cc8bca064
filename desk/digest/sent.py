"""Digests that were sent: what each found is kept, what became of it is read anew whenever it is shown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, insert, select, update

from desk.audit import trail as audit
from desk.commands import slash
from desk.digest.composing import Judge, compose, count_live, list_kept, read_keys, ticket_line
from desk.digest.findings import Beyond, DigestView, Finding, Line
from desk.digest.unused_policy import announce, list_announced
from desk.errors import NotFoundError
from desk.identifiers import new_id
from desk.key_powers import require_owner_or
from desk.messages.outbox import places_of, send_card
from desk.messages.subjects import Shown, Thing, take_over
from desk.permissions import Duty, has_duty, require_duty, require_owner
from desk.policy import Policy
from desk.transaction import Transaction
from storage.models import Announcement, Audience, Digest, DigestItem, Scope, SlackMessage, Ticket
from storage.once import insert_once

CARD = "digest.card"
"""The card's kind; its subject is the digest's period."""


def period_of(instant: datetime, policy: Policy) -> str:
    """The period of the digest that is due, or asked for, at an instant: that day in the organization's time zone, so
    that a late run still is that day's digest. Pure."""
    return instant.astimezone(policy.time_zone).date().isoformat()


def compose_to_send(tx: Transaction) -> DigestView:
    """What the digest finds now. For the job that sends it. Raises NotAllowedError."""
    require_duty(tx, Duty.DIGEST)
    return compose(tx)


def send_digest(tx: Transaction, *, period: str, scheduled_for: datetime, found: DigestView | None = None) -> bool:
    """Keep what the digest of a period found and hand it to the outbox, in one transaction.

    `found`, from `compose_to_send` just before, spares others the wait while it is composed here.
    False when that period's digest went out before; nothing happens then.
    """
    require_duty(tx, Duty.DIGEST)
    if not _claim(tx, period, scheduled_for):
        return False
    announced = announce(tx, period=period)
    view = found or compose(tx)
    digest = tx.session.get_one(Digest, period)
    digest.composed_at = view.composed_at
    digest.beyond = {"keys": view.beyond.keys, "counts": dict(view.beyond.counts)} if view.beyond.keys else None
    items = [_item(period, position, line) for position, line in enumerate(view.lines)]
    if items:
        tx.session.execute(insert(DigestItem), items)
    view = replace(view, announced=list_announced(tx, period=period))
    send_card(tx, CARD, period, places_of(tx, Audience.DIGEST), shows=_shown(view))
    _follow_instead(tx, period, scheduled_for)
    audit.record(
        tx,
        audit.Action.DIGEST_SENT,
        "digest",
        period,
        scheduled_for=scheduled_for.isoformat(),
        lines=len(view.lines) + view.beyond.keys,
        kept=len(view.kept),
        announced=announced,
    )
    return True


def _claim(tx: Transaction, period: str, scheduled_for: datetime) -> bool:
    """Whether the period's digest is still to be sent. One that a clock which was ahead has sent on a day before is
    called by that day, and makes room."""
    new = {"scheduled_for": scheduled_for, "composed_at": tx.now}
    if insert_once(tx.session, Digest, period=period, **new) is not None:
        return True
    there = tx.session.get_one(Digest, period, with_for_update=True, populate_existing=True)
    if period_of(there.composed_at, tx.policy) >= period:
        return False
    called = f"{period_of(there.composed_at, tx.policy)} at {there.composed_at:%H.%M.%S}"
    made = {"scheduled_for": there.composed_at, "composed_at": there.composed_at}
    insert_once(tx.session, Digest, period=called, **made)
    for holds, of_early in (
        (DigestItem.period, DigestItem.period == period),
        (Announcement.last_period, Announcement.last_period == period),
        (SlackMessage.subject_id, and_(SlackMessage.kind == CARD, SlackMessage.subject_id == period)),
    ):
        tx.session.execute(update(holds.class_).where(of_early).values({holds.key: called}))
    there.scheduled_for, there.composed_at = scheduled_for, tx.now
    tx.session.flush()
    return True


def _item(period: str, position: int, line: Line) -> dict[str, object]:
    return {
        "id": new_id(),
        "period": period,
        "position": position,
        "holder_id": line.holder_id,
        "key_id": line.key.id if line.key else None,
        "ticket_id": line.ticket.id if line.ticket else None,
        "findings": [str(finding) for finding in line.findings],
    }


def _shown(view: DigestView) -> Sequence[Shown]:
    keys = [line.key for line in view.lines if line.key] + [*view.kept, *(one.key for one in view.announced)]
    tickets = [line.ticket for line in view.lines if line.ticket]
    return [*((Thing.KEY, key.id) for key in keys), *((Thing.TICKET, ticket.id) for ticket in tickets)]


def _follow_instead(tx: Transaction, period: str, scheduled_for: datetime) -> None:
    """Of the digests that list something, the newest alone follows it from now on."""
    # One that is made up for late is older than those that went out meanwhile, and leaves to them what they list.
    for newer in tx.session.scalars(select(Digest.period).where(Digest.scheduled_for > scheduled_for)).all():
        take_over(tx, CARD, newer)
    take_over(tx, CARD, period)


def get_digest(tx: Transaction, period: str) -> DigestView:
    """A digest that was sent: what it listed, and all that it says of it as that is now.

    For owners, and to be delivered. Raises NotAllowedError, and NotFoundError when there is none for the period.
    """
    if not has_duty(tx, Duty.DELIVERY):
        require_owner(tx)
    digest = tx.session.get(Digest, period)
    if digest is None:
        raise NotFoundError("That digest is not kept any more.", f"Use {slash('keys digest')} for a fresh one.")
    lines = _read_lines(tx, period)
    found_then = {line.key.id for line in lines if line.key}
    return DigestView(
        composed_at=digest.composed_at,
        drawn_at=tx.now,
        lines=lines,
        kept=tuple(key for key in list_kept(tx) if key.id not in found_then),
        live_keys=count_live(tx, made_until=digest.composed_at, period=period),
        beyond=Beyond(**digest.beyond) if digest.beyond else Beyond(),
        scheduled_for=digest.scheduled_for,
        period=period,
        announced=list_announced(tx, period=period),
    )


def _read_lines(tx: Transaction, period: str) -> tuple[Line, ...]:
    """What a digest listed, in its order, judged anew."""
    items = tx.session.scalars(
        select(DigestItem).where(DigestItem.period == period).order_by(DigestItem.position)
    ).all()
    keys = read_keys(tx.session, [item.key_id for item in items if item.key_id])
    judge = Judge.now(tx, [key.holder_id for key, _ in keys.values()])
    lines: list[Line | None] = []
    for item in items:
        if item.key_id is not None:
            then = [Finding(finding) for finding in item.findings]
            lines.append(judge.line(*keys[item.key_id], then=then))
        elif item.ticket_id is not None:
            lines.append(ticket_line(tx, tx.session.get_one(Ticket, item.ticket_id)))
    return tuple(line for line in lines if line is not None)


def current_digest(tx: Transaction) -> DigestView:
    """The digest as it would be now, kept and announced nowhere. For owners, and keys that read all keys. Raises
    NotAllowedError."""
    require_owner_or(tx, Scope.KEYS_READ)
    return replace(compose(tx), announced=list_announced(tx))
