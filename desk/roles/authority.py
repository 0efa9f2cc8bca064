"""Who may grant and revoke roles: owners, and keys that have `users:write`.

A key grants and revokes on its own pages, never `owner`, and only roles that whoever answers for it has there at that
instant, and for no longer than they; to them, and to groups that they are in, it grants nothing.
"""

from datetime import datetime

from sqlalchemy import and_, or_, select

from desk.acting_keys import acting_key
from desk.errors import NotAllowedError
from desk.key_powers import require_power, roles_behind
from desk.people import Subject
from desk.permissions import ask_an_owner, open_grant_condition, require_owner
from desk.transaction import ActorKind, Transaction
from storage.models import Grant, Role, Scope, SubjectKind, UserGroup, UserGroupMember


def require_manager(tx: Transaction) -> None:
    """Raises NotAllowedError unless the actor is an owner, or a key that may grant and revoke some role."""
    if tx.actor.kind is ActorKind.KEY:
        require_power(tx, Scope.USERS_WRITE)
    else:
        require_owner(tx)


def require_granter(tx: Transaction, role: Role, page_id: str | None) -> None:
    """Raises NotAllowedError unless the actor may grant and revoke this role, on the page (None: on all)."""
    require_manager(tx)
    if tx.actor.kind is not ActorKind.KEY:
        return
    require_power(tx, Scope.USERS_WRITE, None if page_id is None else (page_id,))
    if role is Role.OWNER:
        raise NotAllowedError("No key makes owners, or ends an ownership.", ask_an_owner(tx))
    if not roles_behind(tx).has(role, page_id):
        raise NotAllowedError(
            f"Whoever answers for this key does not have the role `{role}` there, so it cannot give or take it.",
            ask_an_owner(tx),
        )


def refuse_outlasting(tx: Transaction, role: Role, page_id: str | None, expires_at: datetime | None) -> None:
    """Raises NotAllowedError where a key would grant a role for longer than whoever answers for it has that there."""
    if tx.actor.kind is not ActorKind.KEY:
        return
    ends = _find_end(tx, acting_key(tx).holder_id, role, page_id)
    if ends is not None and (expires_at is None or expires_at > ends):
        raise NotAllowedError(
            f"Whoever answers for this key has the role `{role}` there until {ends:%Y-%m-%d %H:%M} UTC, and it gives"
            " nothing for longer.",
            f"Grant it until then. {ask_an_owner(tx)}",
        )


def _find_end(tx: Transaction, holder_id: str | None, role: Role, page_id: str | None) -> datetime | None:
    """When somebody's last grant ends of all by which they have the role there; None: never, as far as is known."""
    if tx.policy.default_role == role:
        return None
    in_groups = (
        select(UserGroupMember.group_id)
        .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
        .where(UserGroupMember.user_id == holder_id, UserGroup.is_disabled.is_(False))
    )
    theirs = or_(
        and_(Grant.subject_kind == SubjectKind.USER, Grant.subject_id == holder_id),
        and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id.in_(in_groups)),
    )
    there = or_(Grant.page_id.is_(None), Grant.page_id == page_id)
    gives = select(Grant.expires_at).where(theirs, there, Grant.role.in_([role, Role.OWNER]))
    ends = tx.session.scalars(gives.where(open_grant_condition(tx.now))).all()
    return None if None in ends else max((one for one in ends if one is not None), default=None)


def refuse_own_gain(tx: Transaction, subject: Subject) -> None:
    """Raises NotAllowedError where a key would grant something to whoever answers for it."""
    holder_id = acting_key(tx).holder_id
    if holder_id is None:
        return
    in_group = select(UserGroupMember.user_id).where(
        UserGroupMember.group_id == subject.id, UserGroupMember.user_id == holder_id
    )
    is_theirs = subject.kind == SubjectKind.GROUP and tx.session.scalar(in_group) is not None
    if is_theirs or (subject.kind == SubjectKind.USER and subject.id == holder_id):
        raise NotAllowedError("A key grants nothing to whoever answers for it.", ask_an_owner(tx))
