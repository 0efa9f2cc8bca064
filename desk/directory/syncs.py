"""Syncs: Slack's whole directory compared with what is kept, applied, or stopped when it would take too much.

What takes roles from people and trips the brake is withheld until an owner says yes; everything else of the same
reading is applied. An owner's yes is to one plan: it is carried out by the next reading that finds the same plan.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.directory.cards import SYNC_STOPPED
from desk.directory.events import follow_standing
from desk.directory.groups import (
    SeenGroup,
    describe_group,
    has_grants,
    list_granted_groups,
    list_members,
    mark_readable,
    mark_unreadable,
    set_members,
    switch_group,
)
from desk.directory.leavers import lock_what_ends, members_left
from desk.directory.sync_decision import Held, RoleBook, SyncVerdict, decide_sync, load_role_books
from desk.directory.sync_steps import close_sync, find_open_sync
from desk.identifiers import new_id
from desk.messages.outbox import owners_conversations, send_card
from desk.people import SeenUser, Standing, is_news, standing_of, store_user
from desk.permissions import Duty, require_duty
from desk.roles.owners import appoint_first_owners, keep_an_owner
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import DirectorySync, Member, SyncStatus, UserGroup

_MOST_PEOPLE = 1000
"""In the groups of one batch, unless one group has more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What Slack said at one reading. `flipped` are people whose standing is not what is kept of them."""

    flipped: Sequence[SeenUser]
    groups: Sequence[SeenGroup]
    people: int
    groups_taken: int = 0
    """How many more groups there were, of which everything is kept already."""
    people_problem: str | None = None


@dataclass(slots=True)
class SyncReport:
    """What a sync found and did; plain JSON values, so that it can be told later as well."""

    people: int = 0
    groups: int = 0
    added: dict[str, list[str]] = field(default_factory=dict)
    """Group → people who came, for groups that have roles."""
    removed: dict[str, list[str]] = field(default_factory=dict)
    switched: dict[str, bool] = field(default_factory=dict)
    """Group → whether it is switched off now."""
    flips: dict[str, str] = field(default_factory=dict)
    """Person → what they are now."""
    losers: dict[str, list[list[str | None]]] = field(default_factory=dict)
    """Person → the roles they lost or would lose, as [role, page id]."""
    unreadable: dict[str, str] = field(default_factory=dict)
    people_problem: str | None = None
    stopped_id: str | None = None
    """The sync that waits for an owner's word; None: everything was applied."""
    applied_id: str | None = None
    """The sync that an owner had confirmed and that is carried out now."""
    new_owners: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a snapshot would change, as far as it bears on roles."""

    flips: Mapping[str, SeenUser]
    members: Mapping[str, SeenGroup]
    """Groups whose list of people may be taken over."""
    switches: Mapping[str, bool]


def take_people(tx: Transaction, seen: Collection[SeenUser]) -> list[SeenUser]:
    """Keep what Slack says of a batch of people, new ones included. Gives those whose standing would change."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    ids = [user.user_id for user in seen]
    known = {m.user_id: m for m in tx.session.scalars(select(Member).where(Member.user_id.in_(ids)))}
    flipped = []
    for user in seen:
        member = known.get(user.user_id)
        if member is not None and is_news(member, user) and standing_of(member) != standing_of(user):
            flipped.append(user)
        else:
            store_user(tx, user)
    return flipped


def take_groups(tx: Transaction, seen: Collection[SeenGroup]) -> list[SeenGroup]:
    """Keep what Slack says of a batch of groups. Gives those that have roles, of which nothing is kept yet: what
    becomes of them is judged together with all else (`apply_snapshot`)."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    granted = set(list_granted_groups(tx))
    plain = [group for group in seen if group.group_id not in granted]
    report = SyncReport()
    for group in plain:
        _note_readability(tx, group, report)
    _apply(tx, _changes(tx, Snapshot(flipped=(), groups=plain, people=0)), frozenset(), report)
    return [group for group in seen if group.group_id in granted]


def in_batches(groups: Iterable[SeenGroup]) -> Iterator[Sequence[SeenGroup]]:
    """As many groups at a time as one transaction should keep, so that nobody waits long for it. Pure."""
    batch: list[SeenGroup] = []
    people = 0
    for group in groups:
        batch.append(group)
        people += len(group.users or ())
        if people >= _MOST_PEOPLE:
            yield batch
            batch, people = [], 0
    if batch:
        yield batch


def apply_snapshot(tx: Transaction, snapshot: Snapshot) -> SyncReport:
    """Make a snapshot what is kept, or stop in part and ask the owners. First owners are appointed here, once."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    lock_what_ends(tx, [seen.user_id for seen in snapshot.flipped if seen.is_deleted])
    report = SyncReport(people=snapshot.people, people_problem=snapshot.people_problem)
    report.groups = len(snapshot.groups) + snapshot.groups_taken
    for seen in snapshot.groups:
        _note_readability(tx, seen, report)
    changes = _changes(tx, snapshot)
    book, earlier = load_role_books(tx)
    after, share = _after(book, changes).holdings(), tx.policy.group_sync_brake
    verdict = decide_sync(book.holdings(), after, share=share, earlier=earlier.holdings())
    report.losers = {user_id: _plain(held) for user_id, held in verdict.losers.items()}
    withheld = _judge(tx, verdict, changes, report)
    _apply(tx, changes, withheld, report)
    report.new_owners += [*appoint_first_owners(tx), *keep_an_owner(tx)]
    return report


def _note_readability(tx: Transaction, seen: SeenGroup, report: SyncReport) -> None:
    group = tx.session.get(UserGroup, seen.group_id)
    if seen.problem is None:
        group = describe_group(tx, seen)
        if seen.users is not None:
            mark_readable(tx, group)
    elif group is not None:
        mark_unreadable(tx, group, seen.problem)
    if seen.problem is not None and has_grants(tx, seen.group_id):
        report.unreadable[seen.group_id] = seen.problem


def _changes(tx: Transaction, snapshot: Snapshot) -> _Changes:
    ids = [seen.group_id for seen in snapshot.groups]
    known = {row.group_id: row for row in tx.session.scalars(select(UserGroup).where(UserGroup.group_id.in_(ids)))}
    readable = [seen for seen in snapshot.groups if seen.problem is None]
    # A group that changed here while Slack was being read is left to the next sync: the event knew better.
    fresh = [seen for seen in readable if seen.version is None or known[seen.group_id].version == seen.version]
    flips = {}
    for seen in snapshot.flipped:
        member = tx.session.get(Member, seen.user_id)
        if member is not None and is_news(member, seen) and standing_of(member) != standing_of(seen):
            flips[seen.user_id] = seen
    return _Changes(
        flips=flips,
        members={seen.group_id: seen for seen in fresh if seen.users is not None},
        switches={s.group_id: s.is_disabled for s in fresh if s.is_disabled != known[s.group_id].is_disabled},
    )


def _after(book: RoleBook, changes: _Changes) -> RoleBook:
    for user_id, seen in changes.flips.items():
        book = book.with_standing(user_id, standing_of(seen))
    for group_id, group in changes.members.items():
        if group_id in book.of_group:
            book = book.with_members(group_id, group.users or ())
    for group_id, is_disabled in changes.switches.items():
        book = book.with_switch(group_id, is_disabled=is_disabled)
    return book


def _judge(tx: Transaction, verdict: SyncVerdict, changes: _Changes, report: SyncReport) -> frozenset[str]:
    """The people whose losses are withheld. Keeps the record of stopped syncs up to date with the verdict."""
    waiting = find_open_sync(tx)
    if not verdict.stops:
        if waiting is not None:
            close_sync(tx, waiting, SyncStatus.SUPERSEDED)
        return frozenset()
    plan = _plan(verdict, changes)
    fingerprint = hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
    if waiting is not None and waiting.fingerprint == fingerprint:
        if waiting.status == SyncStatus.CONFIRMED:
            close_sync(tx, waiting, SyncStatus.APPLIED)
            report.applied_id = waiting.id
            return frozenset()
        report.stopped_id = waiting.id
        return frozenset(verdict.losers)
    if waiting is not None:
        close_sync(tx, waiting, SyncStatus.SUPERSEDED)
    report.stopped_id = _stop(tx, plan, fingerprint, verdict).id
    return frozenset(verdict.losers)


def _plan(verdict: SyncVerdict, changes: _Changes) -> dict[str, Any]:
    return {
        "losers": {user_id: _plain(held) for user_id, held in verdict.losers.items()},
        "flips": {u: str(standing_of(seen)) for u, seen in sorted(changes.flips.items()) if u in verdict.losers},
        "switched_off": sorted(group_id for group_id, is_disabled in changes.switches.items() if is_disabled),
    }


def _plain(held: Collection[Held]) -> list[list[str | None]]:
    return sorted(([str(item.role), item.page_id] for item in held), key=str)


def _stop(tx: Transaction, plan: dict[str, Any], fingerprint: str, verdict: SyncVerdict) -> DirectorySync:
    sync = DirectorySync(
        id=new_id(),
        status=SyncStatus.STOPPED,
        created_at=tx.now,
        created_by=str(tx.actor),
        fingerprint=fingerprint,
        plan=plan | {"people": verdict.people},
    )
    tx.session.add(sync)
    tx.session.flush()
    send_card(tx, SYNC_STOPPED, sync.id, owners_conversations(tx))
    record(tx, Action.SYNC_STOPPED, "sync", sync.id, losers=sorted(verdict.losers), people=verdict.people)
    return sync


def _apply(tx: Transaction, changes: _Changes, withheld: frozenset[str], report: SyncReport) -> None:
    flips = {user_id: seen for user_id, seen in changes.flips.items() if user_id not in withheld}
    before = {user_id: standing_of(member) for user_id in flips if (member := tx.session.get(Member, user_id))}
    members = [store_user(tx, seen) for seen in flips.values()]
    report.new_owners += keep_an_owner(tx)
    members_left(tx, [member for member in members if standing_of(member) is Standing.DELETED])
    for member in members:
        report.flips[member.user_id] = str(standing_of(member))
        if standing_of(member) is not Standing.DELETED:
            follow_standing(tx, member, before[member.user_id])
    for seen in changes.members.values():
        _apply_members(tx, replace(seen, users=_without(tx, seen, withheld)), report)
    for group_id, is_disabled in changes.switches.items():
        if not (is_disabled and withheld & list_members(tx, group_id)):
            group = tx.session.get_one(UserGroup, group_id)
            switch_group(tx, group, is_disabled=is_disabled)
            report.switched[group_id] = is_disabled


def _without(tx: Transaction, seen: SeenGroup, withheld: frozenset[str]) -> frozenset[str]:
    return (seen.users or frozenset()) | (withheld & list_members(tx, seen.group_id))


def _apply_members(tx: Transaction, seen: SeenGroup, report: SyncReport) -> None:
    group = tx.session.get_one(UserGroup, seen.group_id)
    present, users = list_members(tx, seen.group_id), seen.users or frozenset()
    set_members(tx, group, users, seen.date_update)
    if not has_grants(tx, seen.group_id):
        return
    if users - present:
        report.added[seen.group_id] = sorted(users - present)
    if present - users:
        report.removed[seen.group_id] = sorted(present - users)
