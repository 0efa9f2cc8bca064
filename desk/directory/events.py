"""Slack's directory, followed as events tell of it: each event once, in the transaction of its effect."""

from enum import StrEnum

from desk.audit.trail import Action, record
from desk.directory.groups import (
    MembershipChange,
    SeenGroup,
    change_members,
    describe_group,
    has_grants,
    is_next,
    list_members,
    set_members,
    switch_group,
)
from desk.directory.leavers import lock_what_ends, member_returned, members_left, standing_changed
from desk.directory.sync_decision import decide_sync, load_role_books
from desk.directory.sync_steps import request_sync
from desk.pages.pages import lock_organization, name_organization
from desk.people import SeenUser, Standing, fit_name, is_news, standing_of, store_user
from desk.permissions import Duty, require_duty
from desk.roles.owners import keep_an_owner
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import Member, UserGroup
from storage.seen_events import remember_event


class Taken(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """It was handled before."""
    UNCLEAR = "unclear"
    """It came out of order or is incomplete: nothing was changed, Slack has to be asked."""


def take_user_event(tx: Transaction, event_id: str, seen: SeenUser, *, joined: bool = False) -> Taken:
    """Slack says what somebody is now, or that somebody joined."""
    require_duty(tx, Duty.DIRECTORY)
    if not remember_event(tx.session, event_id, tx.now):
        return Taken.REPEATED
    take_user(tx, seen, joined=joined)
    return Taken.APPLIED


def take_user(tx: Transaction, seen: SeenUser, *, joined: bool = False) -> None:
    """Keep what Slack says of a person, and do what follows when they left, came back or changed their standing."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    known = tx.session.get(Member, seen.user_id)
    if known is not None and not is_news(known, seen):
        return
    before = standing_of(known) if known else None
    was_primary = known.is_primary_owner if known else False
    member = store_user(tx, seen)
    after = standing_of(member)
    if after is Standing.DELETED:
        lock_what_ends(tx, [member.user_id])
    if before != after or was_primary != member.is_primary_owner:
        # Before anything is told to owners: when the last one left, it is told to the next one.
        keep_an_owner(tx)
    follow_standing(tx, member, before)
    if before is None and joined:
        record(tx, Action.MEMBER_JOINED, "member", member.user_id, standing=str(after))


def follow_standing(tx: Transaction, member: Member, before: Standing | None) -> None:
    """What follows from a person's standing, for somebody whom the desk knew with another one."""
    after = standing_of(member)
    if before is None or before == after:
        return
    if after is Standing.DELETED:
        members_left(tx, [member])
        return
    if before is Standing.DELETED:
        member_returned(tx, member)
    else:
        standing_changed(tx, member, before, after)


def take_group_event(tx: Transaction, event_id: str, seen: SeenGroup) -> Taken:
    """Slack describes a group, new or changed; `seen.users` is None when it did not name everybody in it."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    known = tx.session.get(UserGroup, seen.group_id)
    if known is not None and _is_doubtful(tx, known, seen):
        return Taken.UNCLEAR
    if not remember_event(tx.session, event_id, tx.now):
        return Taken.REPEATED
    take_group(tx, seen)
    return Taken.APPLIED


def _is_doubtful(tx: Transaction, known: UserGroup, seen: SeenGroup) -> bool:
    if seen.date_update != known.date_update:
        return seen.date_update < known.date_update
    # Two different lists of the same second: nobody knows which came first.
    return seen.users is not None and seen.users != list_members(tx, seen.group_id)


def take_group(tx: Transaction, seen: SeenGroup) -> None:
    """Keep what Slack says of a group. What would take roles from too many, a list of people without them or a group
    that is switched off, is left to a sync."""
    group = describe_group(tx, seen)
    if _stops(tx, group, users=seen.users, is_disabled=seen.is_disabled):
        request_sync(tx)
    else:
        switch_group(tx, group, is_disabled=seen.is_disabled)
        if seen.users is not None:
            set_members(tx, group, seen.users, seen.date_update)
    keep_an_owner(tx)


def _stops(tx: Transaction, group: UserGroup, *, users: frozenset[str] | None, is_disabled: bool) -> bool:
    """Whether a group with these people (None: the same), on or off, would take roles from too many at once."""
    loses = users is not None and not list_members(tx, group.group_id) <= users
    if not (loses or (is_disabled and not group.is_disabled)) or not has_grants(tx, group.group_id):
        return False
    book, earlier = load_role_books(tx)
    after = book.with_switch(group.group_id, is_disabled=is_disabled)
    if users is not None:
        after = after.with_members(group.group_id, users)
    share = tx.policy.group_sync_brake
    return decide_sync(book.holdings(), after.holdings(), share=share, earlier=earlier.holdings()).stops


def take_members_event(tx: Transaction, event_id: str, change: MembershipChange) -> Taken:
    """Slack says who was put into a group and who was taken out. What would take roles from too many is left to a
    sync, which asks the owners.

    UNCLEAR for a group that is not known, and when events were missed or overtook each other.
    """
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    group = tx.session.get(UserGroup, change.group_id)
    present = list_members(tx, change.group_id)
    if group is None or not is_next(group, change, present):
        return Taken.UNCLEAR
    if not remember_event(tx.session, event_id, tx.now):
        return Taken.REPEATED
    users = (present | change.added) - change.removed
    if _stops(tx, group, users=users, is_disabled=group.is_disabled):
        # Its date stays, too: what Slack says of the group next is read whole.
        request_sync(tx)
        return Taken.APPLIED
    change_members(tx, group, added=change.added, removed=change.removed)
    group.date_update = max(group.date_update, change.date_update)
    tx.session.flush()
    keep_an_owner(tx)
    return Taken.APPLIED


def take_read_group(tx: Transaction, event_id: str | None, seen: SeenGroup) -> Taken:
    """A group as it was read from Slack because an event was unclear, or because somebody named it.

    When it could not be read, or changed here meanwhile, a sync is asked for: that one reports.
    """
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    if event_id is not None and not remember_event(tx.session, event_id, tx.now):
        return Taken.REPEATED
    known = tx.session.get(UserGroup, seen.group_id)
    overtaken = known is not None and seen.version is not None and known.version != seen.version
    if overtaken or seen.problem is not None:
        request_sync(tx)
        return Taken.UNCLEAR
    take_group(tx, seen)
    return Taken.APPLIED


def remember_team(tx: Transaction, team_id: str, team_name: str) -> None:
    """Keep which Slack workspace this is, and call the organization by its name where no seed has named it."""
    require_duty(tx, Duty.DIRECTORY)
    lock_people(tx.session)
    organization = lock_organization(tx.session)
    if not organization.name:
        name_organization(tx.session, fit_name(team_name))
    if organization.slack_team_id is None:
        organization.slack_team_id = team_id
    tx.session.flush()
