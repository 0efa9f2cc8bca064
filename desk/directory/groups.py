"""User groups and who is in them, as Slack says: kept, and reported when they cannot be read.

Every function that changes something is called under `storage.locks.lock_people`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from desk.audit.trail import Action, record
from desk.directory.cards import GROUP_DISABLED, GROUP_READABLE, GROUP_UNREADABLE
from desk.messages.outbox import owners_conversations, refresh, send_note
from desk.messages.readers import look_again, roles_changed
from desk.messages.subjects import THE_OWNERS
from desk.people import fit_name
from desk.permissions import Duty, open_grant_condition, require_duty
from desk.transaction import Transaction
from storage.models import Grant, SubjectKind, UserGroup, UserGroupMember
from storage.signals import Topic, signal


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenGroup:
    """A user group as Slack described it. Who is in it is None when Slack did not say, or not all of it."""

    group_id: str
    handle: str
    name: str
    is_disabled: bool = False
    date_update: int = 0
    users: frozenset[str] | None = None
    problem: str | None = None
    """Why it could not be read, in words."""
    version: int | None = None
    """The version that the group had here before Slack was asked; None when that does not matter."""


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """Who was put into a group and who was taken out, as one event says."""

    group_id: str
    added: frozenset[str]
    removed: frozenset[str]
    date_update: int
    date_previous_update: int | None
    is_complete: bool
    """False when the event counts more people than it names."""


def describe_group(tx: Transaction, seen: SeenGroup) -> UserGroup:
    """Keep a group's name and handle. Who is in it, and whether it is switched off, stays as it is."""
    group = tx.session.get(UserGroup, seen.group_id)
    if group is None:
        group = UserGroup(group_id=seen.group_id, is_disabled=seen.is_disabled, version=1, date_update=0)
        tx.session.add(group)
    handle, name = fit_name(seen.handle) or seen.group_id, fit_name(seen.name)
    if (group.handle, group.name) != (handle, name):
        group.handle, group.name = handle, name
        signal(tx.session, Topic.PEOPLE)
    tx.session.flush()
    return group


def is_next(group: UserGroup, change: MembershipChange, present: frozenset[str]) -> bool:
    """Whether an event can be applied as it is: it names everybody, nothing was missed and nothing overtook it."""
    if not change.is_complete or change.date_update < group.date_update:
        return False
    if change.date_update == group.date_update:
        # Of the second that is known already: fine if it says nothing new, otherwise nobody knows which came first.
        return change.added <= present and not change.removed & present
    return (change.date_previous_update or 0) <= group.date_update


def list_members(tx: Transaction, group_id: str) -> frozenset[str]:
    """User ids of a group's people as Slack last said, deactivated ones and guests included."""
    return frozenset(tx.session.scalars(select(UserGroupMember.user_id).where(UserGroupMember.group_id == group_id)))


def change_members(
    tx: Transaction, group: UserGroup, *, added: Collection[str] = (), removed: Collection[str] = ()
) -> None:
    """Put people in and take people out, recorded for groups that have roles."""
    present = list_members(tx, group.group_id)
    coming, going = sorted(set(added) - present), sorted(set(removed) & present)
    if not coming and not going:
        return
    if going:
        leaving = UserGroupMember.user_id.in_(going)
        tx.session.execute(delete(UserGroupMember).where(UserGroupMember.group_id == group.group_id, leaving))
    if coming:
        rows = [{"group_id": group.group_id, "user_id": user_id} for user_id in coming]
        tx.session.execute(insert(UserGroupMember), rows)
    group.version += 1
    group.synced_at = tx.now
    tx.session.flush()
    signal(tx.session, Topic.PEOPLE)
    if has_grants(tx, group.group_id):
        look_again(tx, going)
        roles_changed(tx, [*coming, *going])
        refresh(tx, *THE_OWNERS)
        record(tx, Action.GROUP_CHANGED, "group", group.group_id, handle=group.handle, added=coming, removed=going)


def set_members(tx: Transaction, group: UserGroup, users: Collection[str], date_update: int) -> None:
    """Make these the group's people; `date_update` is Slack's, of the state that is kept from now on."""
    present = list_members(tx, group.group_id)
    change_members(tx, group, added=set(users) - present, removed=present - set(users))
    group.date_update = max(group.date_update, date_update)
    mark_readable(tx, group)
    tx.session.flush()


def switch_group(tx: Transaction, group: UserGroup, *, is_disabled: bool) -> None:
    """Slack switched a group off or on: recorded, and owners told when it has roles."""
    if group.is_disabled == is_disabled:
        return
    group.is_disabled = is_disabled
    group.version += 1
    tx.session.flush()
    signal(tx.session, Topic.PEOPLE)
    if has_grants(tx, group.group_id):
        people = list_members(tx, group.group_id)
        look_again(tx, people if is_disabled else ())
        roles_changed(tx, people)
        refresh(tx, *THE_OWNERS)
        send_note(tx, GROUP_DISABLED, group.group_id, owners_conversations(tx), is_disabled=is_disabled)
        record(tx, Action.GROUP_CHANGED, "group", group.group_id, handle=group.handle, is_disabled=is_disabled)


def has_grants(tx: Transaction, group_id: str) -> bool:
    """Whether a group was granted anything that holds now."""
    return group_id in list_granted_groups(tx)


def list_granted_groups(tx: Transaction) -> Sequence[str]:
    """Ids of the groups that were granted something that holds now."""
    require_duty(tx, Duty.DIRECTORY)
    return tx.session.scalars(
        select(Grant.subject_id)
        .where(Grant.subject_kind == SubjectKind.GROUP, open_grant_condition(tx.now))
        .distinct()
        .order_by(Grant.subject_id)
    ).all()


def group_versions(tx: Transaction) -> Mapping[str, int]:
    """Each known group's version: take it before asking Slack."""
    require_duty(tx, Duty.DIRECTORY)
    rows = tx.session.execute(select(UserGroup.group_id, UserGroup.version))
    return {group_id: version for group_id, version in rows}  # noqa: C416 - a Row is no tuple to the type checker


def mark_unreadable(tx: Transaction, group: UserGroup, problem: str) -> None:
    """A group with roles could not be read: its people keep their roles; owners are told once per episode."""
    if group.unreadable_since is not None or not has_grants(tx, group.group_id):
        return
    group.unreadable_since, group.unreadable_reason = tx.now, problem[:255]
    tx.session.flush()
    send_note(tx, GROUP_UNREADABLE, group.group_id, owners_conversations(tx), problem=problem[:255])
    record(tx, Action.GROUP_UNREADABLE, "group", group.group_id, handle=group.handle, problem=problem[:255])


def mark_readable(tx: Transaction, group: UserGroup) -> None:
    """A group could be read: if there was an episode, it is over and owners are told."""
    group.synced_at = tx.now
    if group.unreadable_since is None:
        return
    group.unreadable_since, group.unreadable_reason = None, None
    tx.session.flush()
    send_note(tx, GROUP_READABLE, group.group_id, owners_conversations(tx))
    record(tx, Action.GROUP_READABLE, "group", group.group_id, handle=group.handle)
