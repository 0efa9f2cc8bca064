"""Who has which role, and by which grant."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from desk.acting_keys import acting_key
from desk.errors import InvalidInputError
from desk.key_powers import require_insider_or
from desk.people import Subject, group_name, member_name
from desk.permissions import (
    full_member_condition,
    is_full_member,
    open_grant_condition,
    require_insider,
)
from desk.transaction import ActorKind, Transaction
from storage.folding import holds
from storage.models import Grant, Member, Page, Role, Scope, SubjectKind, UserGroup, UserGroupMember


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant with names. `through` is the group by which the asked-for person has it, None for their own."""

    grant: Grant
    subject: Subject
    page_name: str | None
    through: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A full member who has a role now, and the grants that give it."""

    user_id: str
    name: str
    sources: tuple[ListedGrant, ...]


def page_name(tx: Transaction, grant: Grant) -> str | None:
    """The name of the page that a grant is for; None for all pages."""
    if grant.page_id is None:
        return None
    page = tx.session.get(Page, grant.page_id)
    return page.name if page else grant.page_id


def list_usable_groups(tx: Transaction, text: str) -> Sequence[UserGroup]:
    """Up to a hundred user groups that may be granted something and whose handle or name holds `text`, by handle.

    Raises NotAllowedError for who may not look behind the public page.
    """
    require_insider(tx)
    wanted = text.removeprefix("@")
    groups = select(UserGroup).where(
        UserGroup.is_disabled.is_(False), or_(holds(UserGroup.handle, wanted), holds(UserGroup.name, wanted))
    )
    return tx.session.scalars(groups.order_by(UserGroup.handle).limit(100)).all()


def list_grants(
    tx: Transaction, *, subject: Subject | None = None, page_id: str | None = None
) -> Sequence[ListedGrant]:
    """Open grants: everybody's, or those that reach one user (own and through groups) or belong to one group.

    With a page, those that hold on it; a key sees those that hold on its pages. Owners first, then by role and age.
    Raises NotAllowedError for who may not look behind the public page.
    """
    require_insider_or(tx, Scope.USERS_READ)
    return _read_grants(tx, subject, page_id)


def _read_grants(tx: Transaction, subject: Subject | None, page_id: str | None) -> Sequence[ListedGrant]:
    statement = select(Grant).where(open_grant_condition(tx.now))
    if subject is not None:
        statement = statement.where(_reaches(subject))
    if page_id is not None:
        statement = statement.where(or_(Grant.page_id == page_id, Grant.page_id.is_(None)))
    if tx.actor.kind is ActorKind.KEY and (pages := acting_key(tx).pages) is not None:
        statement = statement.where(or_(Grant.page_id.in_(pages), Grant.page_id.is_(None)))
    grants = tx.session.scalars(statement.order_by(Grant.created_at, Grant.id)).all()
    # The session knows a row as long as somebody holds it, and else would ask for one after the other.
    _held = _list_named(tx, grants)
    order = list(Role)
    return [_listed(tx, grant, subject) for grant in sorted(grants, key=lambda grant: order.index(Role(grant.role)))]


def _list_named(tx: Transaction, grants: Sequence[Grant]) -> Sequence[object]:
    """The people, groups and pages of grants."""
    subjects, pages = ({grant.subject_id for grant in grants}, {grant.page_id for grant in grants if grant.page_id})
    people = tx.session.scalars(select(Member).where(Member.user_id.in_(subjects))).all()
    groups = tx.session.scalars(select(UserGroup).where(UserGroup.group_id.in_(subjects))).all()
    return [*people, *groups, *tx.session.scalars(select(Page).where(Page.id.in_(pages)))]


def _reaches(subject: Subject) -> ColumnElement[bool]:
    own = and_(Grant.subject_kind == subject.kind, Grant.subject_id == subject.id)
    if subject.kind == SubjectKind.GROUP:
        return own
    groups = (
        select(UserGroupMember.group_id)
        .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
        .where(UserGroupMember.user_id == subject.id, UserGroup.is_disabled.is_(False))
    )
    return or_(own, and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id.in_(groups)))


def list_one(tx: Transaction, grant: Grant) -> ListedGrant:
    """One grant with names, for whoever has it already."""
    return _listed(tx, grant, None)


def _listed(tx: Transaction, grant: Grant, asked: Subject | None) -> ListedGrant:
    kind = SubjectKind(grant.subject_kind)
    name = group_name if kind == SubjectKind.GROUP else member_name
    subject = Subject(kind, grant.subject_id, name(tx.session, grant.subject_id))
    through = subject.name if asked is not None and asked.kind != kind else None
    return ListedGrant(grant, subject, page_name(tx, grant), through)


@dataclass(frozen=True, slots=True)
class Remains:
    """What somebody still has of a role once a grant of it ended."""

    wholly: tuple[ListedGrant, ...] = ()
    """Grants by which they have it wherever that one gave it: nothing was lost."""
    partly: tuple[ListedGrant, ...] = ()
    """Grants by which they have it on some page."""
    by_default: bool = False
    """Every full member has it."""

    @property
    def lost_nothing(self) -> bool:
        """Whether they may still do all that the grant let them do."""
        return self.by_default or bool(self.wholly)


def decide_remains(ended: Grant, others: Sequence[ListedGrant], *, default_role: str | None) -> Remains:
    """What of `ended` is left to a full member who is reached by `others`. Pure. Owners have every role."""
    same = [item for item in others if item.grant.role == ended.role or item.grant.role == Role.OWNER]
    wholly = tuple(item for item in same if item.grant.page_id is None or item.grant.page_id == ended.page_id)
    partly = tuple(item for item in same if item not in wholly) if ended.page_id is None else ()
    return Remains(wholly, partly, ended.role == default_role)


def read_remains(tx: Transaction, ended: Grant) -> Remains:
    """What the person to whom a grant was given has of it now."""
    subject = Subject(SubjectKind.USER, ended.subject_id, "")
    if ended.subject_kind != SubjectKind.USER or not is_full_member(tx.session.get(Member, ended.subject_id)):
        return Remains()
    others = [item for item in list_grants(tx, subject=subject) if item.grant.id != ended.id]
    return decide_remains(ended, others, default_role=tx.policy.default_role)


def list_holders(tx: Transaction, role: Role, page_id: str | None = None) -> Sequence[Holder]:
    """The full members who were granted a role, on a page (or on any, without one), by name.

    Owners have every role and are not listed for others; neither is everybody who has the default role.
    """
    sources: dict[str, list[ListedGrant]] = {}
    for item in _read_grants(tx, None, page_id):
        if item.grant.role == role:
            for user_id in _reached_by(tx, item.subject):
                sources.setdefault(user_id, []).append(item)
    members = tx.session.scalars(
        select(Member)
        .where(Member.user_id.in_(sources), full_member_condition())
        .order_by(Member.name, Member.user_id)
    ).all()
    return [Holder(member.user_id, member.name, tuple(sources[member.user_id])) for member in members]


def _reached_by(tx: Transaction, subject: Subject) -> Sequence[str]:
    if subject.kind == SubjectKind.USER:
        return [subject.id]
    return tx.session.scalars(
        select(UserGroupMember.user_id)
        .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
        .where(UserGroupMember.group_id == subject.id, UserGroup.is_disabled.is_(False))
    ).all()


NAMES: dict[Role, str] = {
    Role.OWNER: "owner",
    Role.PAGE_CONFIGURATION: "page configuration",
    Role.INCIDENT_MANAGER: "incident manager",
    Role.MAINTENANCE_MANAGER: "maintenance manager",
    Role.INTEGRATOR: "integrator",
}

ALLOWS: dict[Role, str] = {
    Role.OWNER: "decides on key requests, grants roles, and may do everything else",
    Role.PAGE_CONFIGURATION: "changes pages, components and how they look",
    Role.INCIDENT_MANAGER: "opens, updates and resolves incidents",
    Role.MAINTENANCE_MANAGER: "schedules and runs maintenances",
    Role.INTEGRATOR: "may ask for API keys and hold them",
}


def find_role(text: str) -> Role | None:
    """The role that somebody means, in any case, with blanks, dashes or underscores, in singular or plural."""
    word = "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    for candidate in (word, word.removesuffix("s")):
        if candidate in set(Role):
            return Role(candidate)
    return None


def get_role(text: str) -> Role:
    """As `find_role`. Raises InvalidInputError (field `role`) for anything else."""
    role = find_role(text)
    if role is None:
        raise InvalidInputError(f"“{text}” is not a role.", f"Roles are: {', '.join(Role)}.", field="role")
    return role
