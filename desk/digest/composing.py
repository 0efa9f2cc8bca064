"""The digest composed from the database: each key judged at one moment, by its use and by who answers for it.

Of any number of keys, those that something may be found of are read one after another and forgotten, and the first of
them alone are read whole.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from sqlalchemy import ColumnElement, Nullable, Text, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from desk.digest.findings import WIDER_AFTER, Beyond, DigestView, Finding, KeyFacts, Line, findings_of, key_line
from desk.keys.holders import Answerers, list_answerers
from desk.keys.rules import KeyState, state_of
from desk.people import Standing, standing_of
from desk.policy import Policy
from desk.transaction import Transaction
from storage.folding import fold, folded
from storage.models import ApiKey, DigestItem, KeyRequest, KeyStatus, KeyUse, Member, Ticket, TicketStatus

MOST_LINES = 1000
"""Of more, the first are listed, and the others are counted."""
_AT_ONCE = 1000


class _Found(NamedTuple):
    """A key that something was found of."""

    findings: tuple[Finding, ...]
    holder_id: str | None
    name: str
    created_at: datetime
    key_id: str


def compose(tx: Transaction, *, most: int = MOST_LINES) -> DigestView:
    """The digest as of now, without the daily counts (see `daily_counts`)."""
    names = _names(tx.session)
    counts: Counter[Finding] = Counter()
    keys = 0

    def counted() -> Iterator[_Found]:
        nonlocal keys
        for found in _judged(tx):
            keys += 1
            counts.update(found.findings)
            yield found

    tickets = [line for ticket in _uncollected(tx) if (line := ticket_line(tx, ticket)) is not None]
    everything: Iterable[_Found | Line] = chain(counted(), tickets)
    lines = _whole(tx, heapq.nsmallest(most, everything, key=lambda one: _order(one, names)))
    for line in lines:
        if line.key is not None:
            counts.subtract(line.findings)
            keys -= 1
    beyond = Beyond(keys, {str(finding): count for finding, count in counts.items() if count})
    live = tx.session.scalar(select(func.count()).select_from(ApiKey).where(*_is_live(tx.now))) or 0
    return DigestView(composed_at=tx.now, lines=lines, kept=list_kept(tx), live_keys=live, beyond=beyond)


def _judged(tx: Transaction) -> Iterator[_Found]:
    """Each key that something is found of."""
    answerers, now = list_answerers(tx), tx.now
    columns = (ApiKey.id, ApiKey.holder_id, ApiKey.pages, ApiKey.scopes, ApiKey.name, ApiKey.created_at)
    uses = (ApiKey.expires_at, KeyUse.last_used_at, KeyUse.last_write_at)
    rows = (
        select(*columns, *uses)
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(*_is_live(now), ~_is_kept(now), _may_be_found(now, tx.policy, answerers))
    )
    for row in tx.session.execute(rows, execution_options={"yield_per": _AT_ONCE}):
        facts = KeyFacts(
            scopes=row.scopes,
            has_holder=answerers.may(row.holder_id, row.pages),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            last_write_at=row.last_write_at,
        )
        if findings := findings_of(facts, now=now, policy=tx.policy):
            yield _Found(findings, row.holder_id, row.name, row.created_at, row.id)


def _may_be_found(now: datetime, policy: Policy, answerers: Answerers) -> ColumnElement[bool]:
    """What `findings_of` needs at the least: most keys are in use and in good hands, and need not be read."""
    never = and_(KeyUse.last_used_at.is_(None), ApiKey.created_at <= now - policy.never_used_after)
    unused = KeyUse.last_used_at <= now - policy.unused_after
    writes = cast(ApiKey.scopes, Text).contains(":write")
    wider = and_(KeyUse.last_write_at.is_(None), ApiKey.created_at <= now - WIDER_AFTER, writes)
    # Others may answer for what is on some pages alone, which is found when it is read.
    good = ApiKey.holder_id.in_(sorted(answerers.everywhere & answerers.members))
    expiring = ApiKey.expires_at <= now + policy.expiring_within
    return or_(ApiKey.holder_id.is_(None), ~good, never, unused, expiring, wider)


def _whole(tx: Transaction, listed: Sequence["_Found | Line"]) -> tuple[Line, ...]:
    keys = list(read_keys(tx.session, [one.key_id for one in listed if isinstance(one, _Found)]).values())
    judge = Judge.now(tx, [key.holder_id for key, _ in keys])
    whole = {key.id: judge.line(key, use) for key, use in keys}
    return tuple(whole[one.key_id] if isinstance(one, _Found) else one for one in listed)


def read_keys(session: Session, key_ids: Sequence[str]) -> dict[str, tuple[ApiKey, KeyUse | None]]:
    """Some keys by their ids, each with its use."""
    rows = select(ApiKey, Nullable(KeyUse)).outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
    return {key.id: (key, use) for key, use in session.execute(rows.where(ApiKey.id.in_(key_ids)))}


def list_kept(tx: Transaction) -> tuple[ApiKey, ...]:
    """Keys that work and that somebody said to leave alone, those first that are kept shortest."""
    kept = select(ApiKey).where(*_is_live(tx.now), _is_kept(tx.now)).order_by(ApiKey.kept_until)
    return tuple(sorted(tx.session.scalars(kept), key=lambda key: (key.kept_until or tx.now, key.name)))


def count_live(tx: Transaction, *, made_until: datetime, period: str) -> int:
    """How many keys work now and were there at an instant, or are listed by a digest."""
    listed = select(DigestItem.key_id).where(DigestItem.period == period, DigestItem.key_id.is_not(None))
    others = (*_is_live(tx.now), ApiKey.created_at <= made_until, ApiKey.id.not_in(listed))
    count = select(func.count()).select_from(ApiKey)
    found = [tx.session.scalar(count.where(*which)) or 0 for which in (others, (ApiKey.id.in_(listed),))]
    return sum(found)


def _is_live(now: datetime) -> Sequence[ColumnElement[bool]]:
    return ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > now, ApiKey.retires_at.is_(None)


def _is_kept(now: datetime) -> ColumnElement[bool]:
    return and_(ApiKey.kept_until.is_not(None), ApiKey.kept_until > now)


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
        settled = (
            state is not KeyState.ACTIVE
            or ends
            or (key.kept_until is not None and key.kept_until > self.instant)
            or not findings
        )
        return replace(
            key_line(key, use, findings),
            gone=tuple(finding for finding in then if finding not in findings),
            is_settled=bool(then) and settled,
            standing=None if answers or not key.holder_id else self.standings.get(key.holder_id),
        )


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


def _names(session: Session) -> dict[str, str]:
    return dict(session.execute(select(Member.user_id, folded(Member.name))).all())


def _order(line: _Found | Line, names: Mapping[str, str]) -> tuple[object, ...]:
    gravest = list(Finding).index(line.findings[0])
    nobody_first = Finding.NOBODY not in line.findings
    holder = line.holder_id or ""
    return (nobody_first, names.get(holder, holder), holder, gravest, fold(line.name), line.created_at)
