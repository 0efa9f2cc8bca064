"""The digest composed from the database: each key judged at one moment, by its use and by who answers for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Nullable, Select, or_, select
from sqlalchemy.orm import Session

from desk.digest.findings import DigestView, Finding, KeyFacts, Line, findings_of, key_line
from desk.keys.holders import Answerers, list_answerers
from desk.keys.rules import KeyState, state_of
from desk.people import Standing, standing_of
from desk.policy import Policy
from desk.transaction import Transaction
from storage.folding import fold, folded
from storage.models import ApiKey, KeyRequest, KeyStatus, KeyUse, Member, Ticket, TicketStatus


def compose(tx: Transaction) -> DigestView:
    """The digest as of now, without the daily counts (see `daily_counts`)."""
    now = tx.now
    rows = tx.session.execute(_live_keys(now)).all()
    judge = Judge.now(tx, [key.holder_id for key, _ in rows])
    lines = [line for key, use in rows if not _is_kept(key, now) and (line := judge.line(key, use)).findings]
    lines += filter(None, (ticket_line(tx, ticket) for ticket in _uncollected(tx)))
    names = _names(tx.session, {line.holder_id for line in lines if line.holder_id})
    lines.sort(key=lambda line: _order(line, names))
    kept = [key for key, _ in rows if _is_kept(key, now)]
    kept.sort(key=lambda key: (key.kept_until or now, key.name))
    return DigestView(composed_at=now, lines=tuple(lines), kept=tuple(kept), live_keys=len(rows))


def _is_kept(key: ApiKey, now: datetime) -> bool:
    return key.kept_until is not None and key.kept_until > now


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges keys at one moment: what is remarkable about each, and what of it that was so is not any more."""

    instant: datetime
    policy: Policy
    answerers: Answerers
    standings: Mapping[str, Standing]

    @classmethod
    def now(cls, tx: Transaction, holder_ids: Iterable[str | None]) -> "Judge":
        """A judge of keys that these people answer for, as things are now."""
        people = tx.session.scalars(select(Member).where(Member.user_id.in_({one for one in holder_ids if one})))
        return cls(tx.now, tx.policy, list_answerers(tx), {one.user_id: standing_of(one) for one in people})

    def line(self, key: ApiKey, use: KeyUse | None, *, then: Sequence[Finding] = ()) -> Line:
        """The line of a key; `then` is what was found when it was listed."""
        answers = self.answerers.may(key.holder_id, key.pages)
        facts = KeyFacts(
            scopes=key.scopes,
            has_holder=answers,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=use.last_used_at if use else None,
            last_write_at=use.last_write_at if use else None,
        )
        state = state_of(key, self.instant)
        ends = state in {KeyState.REVOKED, KeyState.EXPIRED} or key.retires_at is not None
        findings = () if ends else findings_of(facts, now=self.instant, policy=self.policy)
        settled = state is not KeyState.ACTIVE or ends or _is_kept(key, self.instant) or not findings
        return replace(
            key_line(key, use, findings),
            gone=tuple(finding for finding in then if finding not in findings),
            is_settled=bool(then) and settled,
            standing=None if answers or not key.holder_id else self.standings.get(key.holder_id),
        )


def _live_keys(now: datetime) -> Select[ApiKey, KeyUse | None]:
    return (
        select(ApiKey, Nullable(KeyUse))
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > now, ApiKey.retires_at.is_(None))
    )


def list_live_ids(tx: Transaction, *, made_until: datetime) -> set[str]:
    """Ids of the keys that work now and were there at an instant."""
    return {key.id for key, _ in tx.session.execute(_live_keys(tx.now)) if key.created_at <= made_until}


def _uncollected(tx: Transaction) -> Sequence[Ticket]:
    # A ticket that has lapsed since the last weekly digest is still news; an older one is not.
    recently = tx.now - timedelta(days=7)
    return tx.session.scalars(
        select(Ticket).where(
            or_(
                Ticket.status == TicketStatus.WAITING,
                (Ticket.status == TicketStatus.LAPSED) & (Ticket.expires_at >= recently),
            ),
            Ticket.created_at <= tx.now - tx.policy.never_used_after,
        )
    ).all()


def ticket_line(tx: Transaction, ticket: Ticket) -> Line | None:
    """The line of a ticket, under whoever is to answer for its key."""
    holder_id: str | None
    if ticket.request_id is not None:
        request = tx.session.get_one(KeyRequest, ticket.request_id)
        name, holder_id = request.name, request.holder_id
        scopes = request.granted_scopes or request.scopes
    elif ticket.predecessor_id is not None:
        predecessor = tx.session.get_one(ApiKey, ticket.predecessor_id)
        name, holder_id, scopes = predecessor.name, predecessor.holder_id, predecessor.scopes
    else:
        return None
    is_collectable = ticket.status in {TicketStatus.WAITING, TicketStatus.LAPSED}
    found = (Finding.NEVER_COLLECTED,)
    return Line(
        findings=found if is_collectable else (),
        gone=() if is_collectable else found,
        is_settled=not is_collectable,
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
