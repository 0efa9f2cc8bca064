"""Who may answer for which key: full members who may hold it, on each of its pages."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from desk.permissions import effective_roles, full_member_condition, may_hold_key, open_grant_condition
from desk.transaction import Transaction
from storage.models import Grant, Member, Role, SubjectKind, UserGroup, UserGroupMember

_HOLDING = (Role.INTEGRATOR, Role.OWNER)


def may_answer(tx: Transaction, user_id: str | None, pages: Collection[str] | None) -> bool:
    """Whether somebody may hold a key to these pages (None: all pages) at this instant."""
    if not user_id:
        return False
    return may_hold_key(effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy), pages)


@dataclass(frozen=True, slots=True)
class Answerers:
    """Everybody who may hold keys at an instant: `may_answer` for many keys at once."""

    members: frozenset[str]
    everywhere: frozenset[str]
    on_page: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def may(self, user_id: str | None, pages: Collection[str] | None) -> bool:
        """Whether somebody may hold a key to these pages."""
        if user_id not in self.members:
            return False
        if user_id in self.everywhere:
            return True
        return pages is not None and all(user_id in self.on_page.get(page, ()) for page in pages)


def list_answerers(tx: Transaction) -> Answerers:
    """Who may hold keys now."""
    members = frozenset(tx.session.scalars(select(Member.user_id).where(full_member_condition())))
    if tx.policy.default_role in set(_HOLDING):
        return Answerers(members, members)
    grants = tx.session.execute(
        select(Grant.page_id, Grant.subject_id, UserGroupMember.user_id)
        .outerjoin(
            UserGroup,
            (Grant.subject_kind == SubjectKind.GROUP)
            & (UserGroup.group_id == Grant.subject_id)
            & UserGroup.is_disabled.is_(False),
        )
        .outerjoin(UserGroupMember, UserGroupMember.group_id == UserGroup.group_id)
        .where(
            open_grant_condition(tx.now),
            Grant.role.in_(_HOLDING),
            or_(Grant.subject_kind == SubjectKind.USER, UserGroupMember.user_id.is_not(None)),
        )
    )
    held: dict[str | None, set[str]] = {}
    for page_id, subject_id, through_group in grants:
        held.setdefault(page_id, set()).add(through_group or subject_id)
    everywhere = frozenset(held.pop(None, ()))
    return Answerers(members, everywhere, {page: frozenset(people) for page, people in held.items() if page})
