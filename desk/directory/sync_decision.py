"""When a sync stops and asks: decided purely, over who has which role now and had it an hour ago, as read here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from desk.audit.trail import Action
from desk.people import Standing
from desk.permissions import full_member_condition, open_grant_condition
from desk.transaction import Transaction
from storage.models import (
    AuditEvent,
    AuditHead,
    DirectorySync,
    Grant,
    Member,
    Role,
    SubjectKind,
    SyncStatus,
    UserGroup,
    UserGroupMember,
)

REMEMBERED = timedelta(hours=1)
"""How long people who lost roles by groups count as lost together with those who would lose them next."""
_LOOKED_THROUGH = 2000
"""Audit events, newest first, among which what groups took lately is looked for: a bound to what a look costs."""


class Held(NamedTuple):
    """A role on a page, or on all pages (None)."""

    role: Role
    page_id: str | None


@dataclass(frozen=True, slots=True)
class RoleBook:
    """Everything that decides who has which granted role. The default role is not in it: nobody can lose it."""

    own: Mapping[str, frozenset[Held]]
    of_group: Mapping[str, frozenset[Held]]
    members: Mapping[str, frozenset[str]]
    """People of groups that were granted something."""
    disabled: frozenset[str]
    full_members: frozenset[str]

    def holdings(self) -> dict[str, frozenset[Held]]:
        """Each full member who has any granted role, and what they have."""
        held: dict[str, set[Held]] = {user_id: set(roles) for user_id, roles in self.own.items()}
        for group_id, roles in self.of_group.items():
            if group_id not in self.disabled:
                for user_id in self.members.get(group_id, frozenset()):
                    held.setdefault(user_id, set()).update(roles)
        return {
            user_id: frozenset(roles) for user_id, roles in held.items() if roles and user_id in self.full_members
        }

    def with_standing(self, user_id: str, standing: Standing) -> "RoleBook":
        """The book as it would be if somebody were that."""
        people = self.full_members - {user_id}
        return replace(self, full_members=people | {user_id} if standing is Standing.MEMBER else people)

    def with_members(self, group_id: str, users: Iterable[str]) -> "RoleBook":
        """The book as it would be with other people in a group."""
        return replace(self, members={**self.members, group_id: frozenset(users)})

    def with_switch(self, group_id: str, *, is_disabled: bool) -> "RoleBook":
        """The book as it would be with a group switched off or on."""
        others = self.disabled - {group_id}
        return replace(self, disabled=others | {group_id} if is_disabled else others)


def load_role_books(tx: Transaction) -> tuple[RoleBook, RoleBook]:
    """The book as it stands now, and the earlier one with which losses are measured."""
    book = _load_book(tx)
    return book, _load_earlier_book(tx, book)


def _load_book(tx: Transaction) -> RoleBook:
    own: dict[str, set[Held]] = {}
    of_group: dict[str, set[Held]] = {}
    grants = tx.session.execute(
        select(Grant.subject_kind, Grant.subject_id, Grant.role, Grant.page_id).where(open_grant_condition(tx.now))
    )
    for kind, subject_id, role, page_id in grants:
        side = own if kind == SubjectKind.USER else of_group
        side.setdefault(subject_id, set()).add(Held(Role(role), page_id))
    members: dict[str, set[str]] = {}
    memberships = select(UserGroupMember.group_id, UserGroupMember.user_id).where(
        UserGroupMember.group_id.in_(of_group)
    )
    for group_id, user_id in tx.session.execute(memberships):
        members.setdefault(group_id, set()).add(user_id)
    return RoleBook(
        own={user_id: frozenset(roles) for user_id, roles in own.items()},
        of_group={group_id: frozenset(roles) for group_id, roles in of_group.items()},
        members={group_id: frozenset(people) for group_id, people in members.items()},
        disabled=frozenset(tx.session.scalars(select(UserGroup.group_id).where(UserGroup.is_disabled.is_(True)))),
        full_members=frozenset(tx.session.scalars(select(Member.user_id).where(full_member_condition()))),
    )


def _load_earlier_book(tx: Transaction, book: RoleBook) -> RoleBook:
    """The book as it stood an hour ago, or after the last sync that an owner said yes to: with the people back whom
    groups have lost since, and with groups on that were switched off. Slack takes people out one by one, too."""
    agreed = tx.session.scalar(
        select(func.max(DirectorySync.finished_at)).where(DirectorySync.status == SyncStatus.APPLIED)
    )
    since = max(tx.now - REMEMBERED, agreed) if agreed else tx.now - REMEMBERED
    newest = select(func.max(AuditHead.seq)).scalar_subquery()
    changes = tx.session.execute(
        select(AuditEvent.subject_id, AuditEvent.data).where(
            AuditEvent.seq > newest - _LOOKED_THROUGH,
            AuditEvent.action == Action.GROUP_CHANGED,
            AuditEvent.subject_id.in_(book.of_group),
            AuditEvent.at > since,
        )
    )
    for group_id, data in changes:
        book = book.with_members(group_id, book.members.get(group_id, frozenset()) | set(data.get("removed", ())))
        if data.get("is_disabled"):
            book = book.with_switch(group_id, is_disabled=False)
    return book


Holdings = Mapping[str, frozenset[Held]]


@dataclass(frozen=True, slots=True)
class SyncVerdict:
    """Who would lose which granted roles, of how many people who have any, and whether that is too much at once."""

    losers: Holdings
    people: int
    stops: bool


def decide_sync(before: Holdings, after: Holdings, *, share: float, earlier: Holdings | None = None) -> SyncVerdict:
    """Compare who has what before and after. It stops when more than `share` of the people would lose something,
    or would have lost it since `earlier`.

    Whoever keeps a role by another way loses nothing.
    """
    losers = _losses(before, after)
    measured = before if earlier is None else earlier
    stops = bool(losers) and len(_losses(measured, after)) > share * len(measured)
    return SyncVerdict(losers, len(measured), stops)


def _losses(before: Holdings, after: Holdings) -> dict[str, frozenset[Held]]:
    losses = {user_id: roles - after.get(user_id, frozenset()) for user_id, roles in before.items()}
    return {user_id: lost for user_id, lost in sorted(losses.items()) if lost}
