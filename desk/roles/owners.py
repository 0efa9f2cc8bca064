"""There is always an owner: first owners, the rule that keeps the last one, and what happens when Slack takes them.

A *lasting* owner is a full member who is owner by a grant without an end. Once first owners are appointed, no command
and no sweep leaves the organization without a lasting owner. Only Slack can, by deactivating people or emptying a
group; then the workspace's primary owner becomes owner in the same transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import CursorResult, func, or_, select, update

from desk.audit.trail import Action, record
from desk.commands import slash
from desk.errors import ConflictError
from desk.messages.outbox import owners_conversations, refresh, send_note
from desk.messages.subjects import THE_OWNERS
from desk.pages.pages import find_organization
from desk.people import Subject
from desk.permissions import full_member_condition, list_owner_ids
from desk.roles.cards import NO_OWNER_LEFT, OWNERS_APPOINTED
from desk.roles.grants import find_grant, make_lasting, open_grant
from desk.transaction import Transaction
from storage.models import AuditEvent, Grant, Member, Organization, Role, SubjectKind, UserGroup, UserGroupMember


class LastOwnerError(ConflictError):
    """The change would leave the organization without an owner for good."""


@dataclass(frozen=True, slots=True)
class OwnerGrant:
    """An open grant of `owner`, the full members who are owners by it now, and whether it has no end."""

    grant_id: str
    people: frozenset[str]
    lasting: bool


def owners_by(grants: Iterable[OwnerGrant], *, lasting: bool = False) -> frozenset[str]:
    """Everybody who is owner by these grants, or by those without an end."""
    return frozenset().union(*(grant.people for grant in grants if grant.lasting or not lasting))


def decide_removal(before: Collection[OwnerGrant], after: Collection[OwnerGrant]) -> bool:
    """Whether owners may be taken away: a lasting owner stays if there was one, and somebody stays in any case."""
    if owners_by(before, lasting=True):
        return bool(owners_by(after, lasting=True))
    return bool(owners_by(after)) or not owners_by(before)


def decide_ending_grant(after: Collection[OwnerGrant]) -> bool:
    """Whether owner may be granted until a time: somebody else has to be owner for good."""
    return bool(owners_by(after, lasting=True))


def decide_first_owners(wanted: Sequence[str], people: Collection[Member]) -> Sequence[str]:
    """The first owners among full members: those wanted by the settings, else the workspace's own owners."""
    present = {member.user_id for member in people}
    if wanted:
        return [user_id for user_id in dict.fromkeys(wanted) if user_id in present]
    return [member.user_id for member in people if member.is_primary_owner or member.is_workspace_owner]


def decide_successors(people: Collection[Member]) -> Sequence[str]:
    """Who becomes owner when there is none: the workspace's primary owner, else all of its owners."""
    primary = [member.user_id for member in people if member.is_primary_owner]
    return primary or [member.user_id for member in people if member.is_workspace_owner]


def list_owner_grants(tx: Transaction, *, run_out: bool = False) -> Sequence[OwnerGrant]:
    """Every open grant of `owner`; with `run_out` also those whose time is up and that no sweep ended yet."""
    grants = tx.session.scalars(
        select(Grant).where(Grant.role == Role.OWNER, Grant.ended_at.is_(None)).order_by(Grant.created_at, Grant.id)
    ).all()
    return [
        OwnerGrant(grant.id, people_of(tx, SubjectKind(grant.subject_kind), grant.subject_id), not grant.expires_at)
        for grant in grants
        if run_out or grant.expires_at is None or grant.expires_at > tx.now
    ]


def people_of(tx: Transaction, kind: SubjectKind, subject_id: str) -> frozenset[str]:
    """The full members whom a grant to this user or group reaches now."""
    if kind == SubjectKind.USER:
        condition = Member.user_id == subject_id
    else:
        condition = Member.user_id.in_(
            select(UserGroupMember.user_id)
            .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
            .where(UserGroup.group_id == subject_id, UserGroup.is_disabled.is_(False))
        )
    return frozenset(tx.session.scalars(select(Member.user_id).where(condition, full_member_condition())))


def require_owner_stays(tx: Transaction, leaving: Grant) -> None:
    """Raises LastOwnerError when ending this grant would leave nobody who is owner for good."""
    before = list_owner_grants(tx)
    after = [grant for grant in before if grant.grant_id != leaving.id]
    if not decide_removal(before, after):
        raise LastOwnerError(
            "That would leave the organization without an owner.",
            f"Make somebody else owner first, without an end: {slash('roles grant @somebody owner')}",
        )


def require_lasting_owner(tx: Transaction, subject: Subject) -> None:
    """Raises LastOwnerError when giving `subject` owner until a time would leave nobody who is owner for good."""
    present = find_grant(tx, subject.kind, subject.id, Role.OWNER, None)
    after = [grant for grant in list_owner_grants(tx) if present is None or grant.grant_id != present.id]
    if not decide_ending_grant(after):
        raise LastOwnerError(
            "Then nobody would be owner for good, and one day nobody at all.",
            "Grant it without an end, or make somebody else owner for good first.",
        )


def appoint_first_owners(tx: Transaction) -> Sequence[str]:
    """Make the first owners, once in the organization's life; gives the new ones.

    Empty when that was done before, or when nobody can be one yet; then it is tried again next time.
    """
    organization = find_organization(tx.session)
    if organization is None or organization.owners_seeded_at is not None:
        return []
    chosen = decide_first_owners(tx.policy.owners, _possible_owners(tx, tx.policy.owners))
    if list_owner_ids(tx) and not tx.policy.owners:
        # An operator was faster, on the command line: that is a choice, and Slack's owners are none.
        chosen = []
    elif not chosen:
        return []
    won = tx.session.execute(
        update(Organization)
        .where(Organization.id == organization.id, Organization.owners_seeded_at.is_(None))
        .values(owners_seeded_at=tx.now)
    )
    assert isinstance(won, CursorResult)
    return _appoint(tx, chosen, "settings" if tx.policy.owners else "workspace") if won.rowcount else []


def keep_an_owner(tx: Transaction) -> Sequence[str]:
    """When Slack left nobody who is owner for good, appoint the workspace's primary owner, else all of its owners.

    When there is none either, the owner whose role would have ended last keeps it for good. When nobody is left at
    all, that is said in the owners' channel and recorded, once. Gives the new owners.
    """
    organization = find_organization(tx.session)
    if organization is None or organization.owners_seeded_at is None:
        return []
    if owners_by(list_owner_grants(tx), lasting=True):
        return []
    successors = decide_successors(_possible_owners(tx, ()))
    if successors:
        return _appoint(tx, successors, "vacant")
    return _keep_the_last(tx, organization)


def _keep_the_last(tx: Transaction, organization: Organization) -> Sequence[str]:
    reaching = {grant.grant_id: grant.people for grant in list_owner_grants(tx, run_out=True) if grant.people}
    grants = tx.session.scalars(select(Grant).where(Grant.id.in_(reaching))).all()
    if grants:
        last = max(grants, key=lambda grant: (grant.expires_at or tx.now, grant.id))
        make_lasting(tx, last, "the last owner's role does not end")
        owners = sorted(reaching[last.id])
        _announce(tx, owners, "last")
        return owners
    if not _is_known_to_be_vacant(tx):
        record(tx, Action.OWNERS_VACANT, "organization", organization.id)
        send_note(tx, NO_OWNER_LEFT, organization.id, owners_conversations(tx))
    return []


def _is_known_to_be_vacant(tx: Transaction) -> bool:
    said = tx.session.scalar(select(func.max(AuditEvent.at)).where(AuditEvent.action == Action.OWNERS_VACANT))
    granted = tx.session.scalar(select(func.max(Grant.created_at)).where(Grant.role == Role.OWNER))
    return said is not None and (granted is None or granted <= said)


def _possible_owners(tx: Transaction, wanted: Sequence[str]) -> Sequence[Member]:
    return tx.session.scalars(
        select(Member)
        .where(
            full_member_condition(),
            or_(Member.user_id.in_(wanted), Member.is_primary_owner.is_(True), Member.is_workspace_owner.is_(True)),
        )
        .order_by(Member.is_primary_owner.desc(), Member.user_id)
    ).all()


def _appoint(tx: Transaction, user_ids: Sequence[str], why: str) -> Sequence[str]:
    for user_id in user_ids:
        present = find_grant(tx, SubjectKind.USER, user_id, Role.OWNER, None)
        if present is None or present.expires_at is not None:
            open_grant(tx, SubjectKind.USER, user_id, Role.OWNER, reason=_REASONS[why], replaces=present)
    if user_ids:
        refresh(tx, *THE_OWNERS)
        _announce(tx, user_ids, why)
    return user_ids


_REASONS = {
    "settings": "first owner, named in the settings",
    "workspace": "first owner, as owner of the Slack workspace",
    "vacant": "nobody was owner for good any more",
}


def _announce(tx: Transaction, user_ids: Sequence[str], why: str) -> None:
    organization = find_organization(tx.session)
    assert organization is not None
    channel = owners_conversations(tx) if tx.policy.owners_channel else []
    send_note(tx, OWNERS_APPOINTED, organization.id, [*user_ids, *channel], owners=list(user_ids), why=why)
    record(tx, Action.OWNERS_APPOINTED, "organization", organization.id, owners=list(user_ids), why=why)
