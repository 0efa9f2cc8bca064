"""Who may do what at this instant, read from the database each time it is asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from desk.errors import NotAllowedError
from desk.policy import Policy
from desk.transaction import Transaction
from storage.models import Grant, Member, Role, SubjectKind, UserGroup, UserGroupMember


@dataclass(frozen=True, slots=True)
class EffectiveRoles:
    """A person's roles now: for all pages, and page by page."""

    everywhere: frozenset[Role] = frozenset()
    on_page: dict[str, frozenset[Role]] = field(default_factory=dict)

    @property
    def is_owner(self) -> bool:
        """Whether the person decides requests and grants roles."""
        return Role.OWNER in self.everywhere

    def has(self, role: Role, page_id: str | None = None) -> bool:
        """Whether the person has `role` on the page (or, with None, on all pages). Owners have every role."""
        if self.is_owner or role in self.everywhere:
            return True
        return page_id is not None and role in self.on_page.get(page_id, frozenset())

    def has_anywhere(self, role: Role) -> bool:
        """Whether the person has `role` on all pages or on at least one."""
        return self.has(role) or any(role in roles for roles in self.on_page.values())


def is_full_member(member: Member | None) -> bool:
    """False for guests, bots, deactivated users, other workspaces' users and people we know nothing of."""
    return member is not None and not (member.is_deleted or member.is_guest or member.is_bot or member.is_foreign)


def full_member_condition() -> ColumnElement[bool]:
    """`is_full_member` as SQL."""
    return and_(
        Member.is_deleted.is_(False),
        Member.is_guest.is_(False),
        Member.is_bot.is_(False),
        Member.is_foreign.is_(False),
    )


def open_grant_condition(now: datetime) -> ColumnElement[bool]:
    """A grant that was not ended and has not run out."""
    return and_(Grant.ended_at.is_(None), or_(Grant.expires_at.is_(None), Grant.expires_at > now))


def effective_roles(session: Session, user_id: str, *, now: datetime, policy: Policy) -> EffectiveRoles:
    """Own grants and those of the person's groups; nothing for anyone who is not a full member."""
    if not is_full_member(session.get(Member, user_id)):
        return EffectiveRoles()
    groups = (
        select(UserGroupMember.group_id)
        .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
        .where(UserGroupMember.user_id == user_id, UserGroup.is_disabled.is_(False))
    )
    grants = session.scalars(
        select(Grant).where(
            open_grant_condition(now),
            or_(
                and_(Grant.subject_kind == SubjectKind.USER, Grant.subject_id == user_id),
                and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id.in_(groups)),
            ),
        )
    ).all()
    everywhere = {Role(grant.role) for grant in grants if grant.page_id is None}
    if policy.default_role:
        everywhere.add(Role(policy.default_role))
    pages: dict[str, set[Role]] = {}
    for grant in grants:
        if grant.page_id is not None:
            pages.setdefault(grant.page_id, set()).add(Role(grant.role))
    return EffectiveRoles(frozenset(everywhere), {page: frozenset(roles) for page, roles in pages.items()})


def roles_of_actor(tx: Transaction) -> EffectiveRoles:
    """The acting member's roles. Operators and jobs act as owners: they have the machine already."""
    if tx.actor.user_id is None:
        return EffectiveRoles(frozenset({Role.OWNER}))
    return effective_roles(tx.session, tx.actor.user_id, now=tx.now, policy=tx.policy)


def list_owner_ids(tx: Transaction) -> Sequence[str]:
    """Slack user ids of the organization's owners now, by own grant or through a group, sorted."""
    through_groups = (
        select(UserGroupMember.user_id)
        .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
        .join(Grant, and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id == UserGroup.group_id))
        .where(Grant.role == Role.OWNER, open_grant_condition(tx.now), UserGroup.is_disabled.is_(False))
    )
    own = select(Grant.subject_id).where(
        Grant.role == Role.OWNER, Grant.subject_kind == SubjectKind.USER, open_grant_condition(tx.now)
    )
    members = select(Member.user_id).where(
        full_member_condition(), or_(Member.user_id.in_(own), Member.user_id.in_(through_groups))
    )
    return tx.session.scalars(members.order_by(Member.user_id)).all()


def require_owner(tx: Transaction) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor is an owner at this instant."""
    if not roles_of_actor(tx).is_owner:
        raise NotAllowedError("Only owners can do that.", ask_an_owner(tx))


def require_role(tx: Transaction, role: Role, page_id: str | None = None) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor has `role` (on the page) at this instant."""
    if not roles_of_actor(tx).has(role, page_id):
        raise NotAllowedError(f"That needs the role `{role}`.", ask_an_owner(tx))


def ask_an_owner(tx: Transaction) -> str:
    """A hint that names up to three owners."""
    names = tx.session.scalars(
        select(Member.name).where(Member.user_id.in_(list_owner_ids(tx))).order_by(Member.name).limit(3)
    ).all()
    if not names:
        return "No owner is appointed yet: set KEYDESK_OWNERS and start Keydesk again."
    return f"Ask an owner: {', '.join(names)}."


def may_hold_key(roles: EffectiveRoles, pages: Collection[str] | None) -> bool:
    """Whether a person with `roles` may ask for and hold a key to these pages (None: all pages)."""
    if pages is None:
        return roles.has(Role.INTEGRATOR)
    return all(roles.has(Role.INTEGRATOR, page_id) for page_id in pages)
