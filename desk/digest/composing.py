"""The digest composed from the database: each key judged at one moment, by its use and by who answers for it.

Of any number of keys, the database tells what is remarkable and counts them, by who is to answer for them and for
which pages. Of those that come first in the digest alone anything is read.
"""

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Nullable, Text, and_, case, cast, func, literal, or_, select
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
_BITS = {finding: 1 << number for number, finding in enumerate(Finding)}
"""The graver, the lesser."""


class _Found(NamedTuple):
    """A key that something was found of."""

    findings: tuple[Finding, ...]
    holder_id: str | None
    name: str
    created_at: datetime
    key_id: str


class _Alike(NamedTuple):
    """What keys have in common of which the same is found."""

    holder_id: str | None
    pages: str | None
    """Their ids as JSON."""
    bits: int
    """What was found beside who answers for it, see `_bits`."""


def compose(tx: Transaction, *, most: int = MOST_LINES) -> DigestView:
    """The digest as of now, without the daily counts (see `daily_counts`)."""
    names = _names(tx.session)
    answerers = list_answerers(tx)
    found = {alike: (findings, count) for alike, findings, count in _count_alike(tx, answerers) if findings}
    keys = sum(count for _, count in found.values())
    counts: Counter[Finding] = Counter()
    for findings, count in found.values():
        counts.update(dict.fromkeys(findings, count))
    first = _list_first(found, names, most)
    tickets = [line for ticket in _uncollected(tx) if (line := ticket_line(tx, ticket)) is not None]
    everything: Iterable[_Found | Line] = chain(_read_alike(tx, answerers, first), tickets)
    lines = _whole(tx, heapq.nsmallest(most, everything, key=lambda one: _order(one, names)))
    for line in lines:
        if line.key is not None:
            counts.subtract(line.findings)
            keys -= 1
    # One that came in between the counting and the reading is listed without having been counted.
    beyond = Beyond(max(keys, 0), {str(finding): count for finding, count in counts.items() if count > 0})
    live = tx.session.scalar(select(func.count()).select_from(ApiKey).where(*_is_live(tx.now))) or 0
    return DigestView(composed_at=tx.now, lines=lines, kept=list_kept(tx), live_keys=live, beyond=beyond)


def _count_alike(tx: Transaction, answerers: Answerers) -> Iterator[tuple[_Alike, tuple[Finding, ...], int]]:
    """How many keys are alike, and what is found of them."""
    alike = _alike(tx.now, tx.policy)
    query = (
        select(*alike, func.count())
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(*_may_be_found(tx, answerers))
        .group_by(*alike)
    )
    for holder_id, pages, bits, count in tx.session.execute(query):
        has_holder = answerers.may(holder_id, None if pages is None else json.loads(pages))
        findings = tuple(
            one for one, bit in _BITS.items() if bits & bit or (one is Finding.NOBODY and not has_holder)
        )
        yield _Alike(holder_id, pages, bits), findings, count


def _list_first(
    found: Mapping[_Alike, tuple[tuple[Finding, ...], int]], names: Mapping[str, str], most: int
) -> Mapping[_Alike, tuple[Finding, ...]]:
    """Those among which the first so many keys are: all that stand in one place of the order, or none of them."""
    placed = [(_place(findings, one.holder_id, names), one) for one, (findings, _) in found.items()]
    first: dict[_Alike, tuple[Finding, ...]] = {}
    listed, last = 0, None
    for place, one in sorted(placed, key=itemgetter(0)):
        if listed >= most and place != last:
            break
        first[one], count = found[one]
        listed, last = listed + count, place
    return first


def _read_alike(
    tx: Transaction, answerers: Answerers, wanted: Mapping[_Alike, tuple[Finding, ...]]
) -> Iterator[_Found]:
    """Each key that is like these."""
    holders = {one.holder_id for one in wanted}
    theirs = ApiKey.holder_id.in_(sorted(one for one in holders if one is not None))
    alike = _alike(tx.now, tx.policy)
    query = (
        select(*alike, ApiKey.name, ApiKey.created_at, ApiKey.id)
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .where(*_may_be_found(tx, answerers), or_(theirs, ApiKey.holder_id.is_(None)) if None in holders else theirs)
    )
    rows = tx.session.execute(query, execution_options={"yield_per": _AT_ONCE})
    for holder_id, pages, bits, name, created_at, key_id in rows:
        if findings := wanted.get(_Alike(holder_id, pages, bits)):
            yield _Found(findings, holder_id, name, created_at, key_id)


def _alike(now: datetime, policy: Policy) -> tuple[ColumnElement[str | None], ColumnElement[str], ColumnElement[int]]:
    return ApiKey.holder_id.expression, cast(ApiKey.pages, Text), _bits(now, policy)


def _may_be_found(tx: Transaction, answerers: Answerers) -> Sequence[ColumnElement[bool]]:
    """Keys that work and of which something may be found: most are in use and in good hands."""
    # Others may answer for what is on some pages alone.
    good = ApiKey.holder_id.in_(sorted(answerers.everywhere & answerers.members))
    nobody = or_(ApiKey.holder_id.is_(None), ~good)
    return *_is_live(tx.now), ~_is_kept(tx.now), or_(nobody, *_signs(tx.now, tx.policy).values())


def _signs(now: datetime, policy: Policy) -> Mapping[Finding, ColumnElement[bool]]:
    """What `findings_of` judges by a key and its use alone, for the database to judge."""
    never, writes = KeyUse.last_used_at.is_(None), cast(ApiKey.scopes, Text).contains(':write"')
    old = ApiKey.created_at <= now - WIDER_AFTER
    return {
        Finding.NEVER_USED: and_(never, ApiKey.created_at <= now - policy.never_used_after),
        Finding.UNUSED: KeyUse.last_used_at <= now - policy.unused_after,
        Finding.EXPIRING: ApiKey.expires_at <= now + policy.expiring_within,
        Finding.WIDER: and_(KeyUse.last_used_at.is_not(None), KeyUse.last_write_at.is_(None), old, writes),
    }


def _bits(now: datetime, policy: Policy) -> ColumnElement[int]:
    bits: ColumnElement[int] = literal(0)
    for finding, sign in _signs(now, policy).items():
        bits = bits + case((sign, _BITS[finding]), else_=0)
    return bits


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
    return (*_place(line.findings, line.holder_id, names), fold(line.name), line.created_at)


def _place(
    findings: Sequence[Finding], holder_id: str | None, names: Mapping[str, str]
) -> tuple[bool, str, str, int]:
    holder = holder_id or ""
    return Finding.NOBODY not in findings, names.get(holder, holder), holder, _BITS[findings[0]]
