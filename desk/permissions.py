"""Who may do what at this instant, read from the database each time it is asked, and once by what only reads. Nobody
is anything by default.

Members have the roles that they were granted. Operators, who have the machine, act as owners. A key may write on its
pages what its scopes say (`WRITES`), while it works, and never does what is for people: decide on requests and
drafts, grant roles, make owners, change keys, collect them. A job has what `JOBS` says. Any other actor has no role.

What a transaction that writes was permitted by is read again at its end (`storage.locks.rely_on`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from desk.acting_keys import ActingKey, acting_key, with_included
from desk.errors import NotAllowedError
from desk.policy import Policy
from desk.transaction import Actor, ActorKind, JobName, Transaction
from storage.locks import ONLY_READS, rely_on
from storage.models import Grant, Member, Role, Scope, SubjectKind, UserGroup, UserGroupMember

WRITES: Mapping[Scope, Role] = {
    Scope.INCIDENTS_WRITE: Role.INCIDENT_MANAGER,
    Scope.MAINTENANCES_WRITE: Role.MAINTENANCE_MANAGER,
    Scope.COMPONENT_STATUS_WRITE: Role.PAGE_CONFIGURATION,
    Scope.COMPONENTS_WRITE: Role.PAGE_CONFIGURATION,
    Scope.METRICS_WRITE: Role.PAGE_CONFIGURATION,
    Scope.PAGE_CONFIGURATION_WRITE: Role.PAGE_CONFIGURATION,
    Scope.SUBSCRIBERS_WRITE: Role.PAGE_CONFIGURATION,
    Scope.PAGE_ACCESS_WRITE: Role.PAGE_CONFIGURATION,
}
"""The role by which people write what a scope lets keys write, on the same page. Two of these roles are one scope
each, so keys with that scope have them. Page configuration is several scopes, and none of them gives a key another.
What belongs to the organization and no page (`users:write`, `keys:write`, `deliveries:write`) is not here, and who
reads writes nothing."""
_OF_COMPONENTS = frozenset({Scope.COMPONENT_STATUS_WRITE, Scope.COMPONENTS_WRITE})
_WHOLE_ROLES = frozenset({Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE})


class Duty(StrEnum):
    """What Keydesk does by itself, and nobody else but an operator."""

    TIME = "time"
    """What time brings about: things begin, end, lapse and expire, and people are reminded."""
    MAINTENANCES = "maintenances"
    """Reminding of maintenances, beginning and completing them; no other change of one, and no word of incidents."""
    UNUSED_KEYS = "unused_keys"
    """Suspending and revoking keys that nobody uses."""
    DIGEST = "digest"
    """Sending the digest, and announcing in it."""
    DIRECTORY = "directory"
    """Keeping what Slack says of people and groups, and what follows from it."""
    DELIVERY = "delivery"
    """Noting what became of messages."""
    COPIES = "copies"
    """Keeping what a Statuspage elsewhere says of its pages, and of our keys there."""
    USES = "uses"
    """Noting how keys are used, and telling owners that a suspended one was."""


@dataclass(frozen=True, slots=True)
class EffectiveRoles:
    """An actor's roles now: for all pages, and page by page."""

    everywhere: frozenset[Role] = frozenset()
    on_page: dict[str, frozenset[Role]] = field(default_factory=dict)
    is_member: bool = False
    """Whether they are those of a full member, as read now."""

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


JOBS: Mapping[JobName, frozenset[Duty]] = {
    JobName.SWEEP: frozenset({Duty.TIME, Duty.MAINTENANCES}),
    JobName.UNUSED_POLICY: frozenset({Duty.UNUSED_KEYS}),
    JobName.DIGEST: frozenset({Duty.DIGEST}),
    JobName.RECONCILE: frozenset({Duty.DIRECTORY}),
    JobName.SLACK: frozenset({Duty.DIRECTORY}),
    JobName.DELIVERY: frozenset({Duty.DELIVERY}),
    JobName.KEY_CHECK: frozenset({Duty.USES}),
    JobName.COPIES: frozenset({Duty.COPIES}),
}
"""Every job, with what it needs and no more. A job that is not here may nothing, and none has a role."""


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


def open_grant_condition(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """A grant that was not ended and has not run out."""
    return and_(Grant.ended_at.is_(None), or_(Grant.expires_at.is_(None), Grant.expires_at > now))


# These are asked several times in each transaction, and making a statement takes longer than executing it.
_PERSON = bindparam("user_id", type_=Member.user_id.type)
_NOW: BindParameter[datetime] = bindparam("now", type_=Grant.created_at.type)
_OPEN = open_grant_condition(_NOW)
_IN_GROUPS = (
    select(UserGroupMember.group_id)
    .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
    .where(UserGroupMember.user_id == _PERSON, UserGroup.is_disabled.is_(False))
)
_OF_PERSON = or_(
    and_(Grant.subject_kind == SubjectKind.USER, Grant.subject_id == _PERSON),
    and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id.in_(_IN_GROUPS)),
)
_IS_MEMBER = select(Member.user_id).where(Member.user_id == _PERSON, full_member_condition())
_ROLES = (
    select(Grant.role, Grant.page_id)
    .select_from(Member)
    .outerjoin(Grant, and_(_OPEN, _OF_PERSON))
    .where(Member.user_id == _PERSON, full_member_condition())
)
"""Of a full member a row for each grant, or one without a role where there is none; of anybody else no row."""
_BY_GRANT = select(Grant.subject_id).where(Grant.role == Role.OWNER, Grant.subject_kind == SubjectKind.USER, _OPEN)
_THROUGH_GROUPS = (
    select(UserGroupMember.user_id)
    .join(UserGroup, UserGroup.group_id == UserGroupMember.group_id)
    .join(Grant, and_(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id == UserGroup.group_id))
    .where(Grant.role == Role.OWNER, _OPEN, UserGroup.is_disabled.is_(False))
)
_IS_OWNER = and_(full_member_condition(), or_(Member.user_id.in_(_BY_GRANT), Member.user_id.in_(_THROUGH_GROUPS)))
_OWNER_IDS = select(Member.user_id).where(_IS_OWNER).order_by(Member.user_id)
_OWNER_NAMES = select(Member.name).where(_IS_OWNER).order_by(Member.name).limit(3)


def effective_roles(session: Session, user_id: str, *, now: datetime, policy: Policy) -> EffectiveRoles:
    """Own grants and those of the person's groups; nothing for anyone who is not a full member."""
    return rely_on(session, ("roles", user_id), partial(_read_roles, session, user_id, now=now, policy=policy))


def _read_roles(session: Session, user_id: str, *, now: datetime, policy: Policy) -> EffectiveRoles:
    found = session.execute(_ROLES, {"user_id": user_id, "now": now}).all()
    if not found:
        return EffectiveRoles()
    everywhere: set[Role] = set()
    if policy.default_role:
        everywhere.add(Role(policy.default_role))
    pages: dict[str, set[Role]] = {}
    for role, page_id in found:
        if role is not None:
            (everywhere if page_id is None else pages.setdefault(page_id, set())).add(Role(role))
    on_page = {page: frozenset(roles) for page, roles in pages.items()}
    return EffectiveRoles(frozenset(everywhere), on_page, is_member=True)


def _read_is_member(session: Session, user_id: str) -> bool:
    return session.scalar(_IS_MEMBER, {"user_id": user_id}) is not None


_FULL_MEMBERS = select(Member.user_id).where(
    Member.user_id.in_(bindparam("people", expanding=True)), full_member_condition()
)


def list_full_members(session: Session, user_ids: Collection[str]) -> frozenset[str]:
    """Those of these people who are full members now."""
    return frozenset(session.scalars(_FULL_MEMBERS, {"people": list(user_ids)})) if user_ids else frozenset()


def roles_of_actor(tx: Transaction) -> EffectiveRoles:
    """The roles that the actor has at this instant."""
    if tx.actor.kind == ActorKind.MEMBER:
        return effective_roles(tx.session, tx.actor.id, now=tx.now, policy=tx.policy)
    if tx.actor.kind == ActorKind.OPERATOR:
        return EffectiveRoles(frozenset({Role.OWNER}))
    if tx.actor.kind == ActorKind.KEY:
        key = acting_key(tx)
        return _on_pages(key, frozenset(WRITES[scope] for scope in _WHOLE_ROLES & key.scopes))
    return EffectiveRoles()


def _on_pages(key: ActingKey, roles: frozenset[Role]) -> EffectiveRoles:
    if key.pages is None:
        return EffectiveRoles(roles)
    return EffectiveRoles(on_page=dict.fromkeys(key.pages, roles))


def _duties_of(actor: Actor) -> frozenset[Duty]:
    if actor.kind != ActorKind.JOB or actor.id not in set(JobName):
        return frozenset()
    return JOBS.get(JobName(actor.id), frozenset())


def has_duty(tx: Transaction, duty: Duty) -> bool:
    """Whether the actor is the job that does this, or an operator."""
    return tx.actor.kind == ActorKind.OPERATOR or duty in _duties_of(tx.actor)


def require_duty(tx: Transaction, duty: Duty) -> None:
    """Raises NotAllowedError unless the actor is the job that does this, or an operator."""
    if not has_duty(tx, duty):
        raise NotAllowedError("Keydesk does that by itself.", "Nobody else needs to.")


def may_write(tx: Transaction, scope: Scope, page_id: str, *, of: Collection[str] | None = None) -> bool:
    """Whether the actor may write what the scope names, on the page: a key that has it, others by their role.

    A key for named components writes no others. `of` says which ones are meant; None: any there are, or are to be.
    """
    if tx.actor.kind != ActorKind.KEY:
        return roles_of_actor(tx).has(WRITES[scope], page_id)
    key = acting_key(tx)
    may = scope in with_included(key.scopes) and key.reaches([page_id])
    return may and (scope not in _OF_COMPONENTS or key.is_for(of))


def require_write(tx: Transaction, scope: Scope, page_id: str, *, of: Collection[str] | None = None) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor may write what the scope names, on the page."""
    if may_write(tx, scope, page_id, of=of):
        return
    if scope in _OF_COMPONENTS and may_write(tx, scope, page_id, of=()):
        require_components(tx, of)
    needed = f"scope `{scope}`" if tx.actor.kind == ActorKind.KEY else f"role `{WRITES[scope]}`"
    raise NotAllowedError(f"That needs the {needed}.", ask_an_owner(tx))


def require_components(tx: Transaction, component_ids: Collection[str] | None) -> None:
    """Raises NotAllowedError when the actor is a key for named components and would change others, or (None) when it
    is not said which. Whatever a key changes of components, also by an incident that names them, asks this."""
    if tx.actor.kind == ActorKind.KEY and not acting_key(tx).is_for(component_ids):
        raise NotAllowedError("This key is for certain components, and changes no others.", ask_an_owner(tx))


def is_person(tx: Transaction) -> bool:
    """Whether the actor is somebody of ours: a full member or an operator, whatever else they may."""
    if tx.actor.kind == ActorKind.MEMBER:
        own = tx.actor.id
        if tx.session.info.get(ONLY_READS):
            # What almost every look asks besides, and says the same.
            return roles_of_actor(tx).is_member
        return rely_on(tx.session, ("member", own), partial(_read_is_member, tx.session, own))
    return tx.actor.kind == ActorKind.OPERATOR


def require_person(tx: Transaction) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor is a full member or an operator."""
    if not is_person(tx):
        raise NotAllowedError("That is for full members of the workspace.", ask_an_owner(tx))


def is_insider(tx: Transaction) -> bool:
    """Whether the actor may look behind the public page: people of ours, and jobs. Never a key."""
    return is_person(tx) or bool(_duties_of(tx.actor))


def require_insider(tx: Transaction) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor may look behind the public page."""
    if not is_insider(tx):
        raise NotAllowedError("That is for full members of the workspace.", ask_an_owner(tx))


def list_owner_ids(tx: Transaction) -> Sequence[str]:
    """Slack user ids of the organization's owners now, by own grant or through a group, sorted."""
    return tx.session.scalars(_OWNER_IDS, {"now": tx.now}).all()


def require_owner(tx: Transaction) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor is an owner at this instant."""
    if not roles_of_actor(tx).is_owner:
        raise NotAllowedError("Only owners can do that.", ask_an_owner(tx))


def require_role(tx: Transaction, role: Role, page_id: str | None = None) -> None:
    """Raises NotAllowedError, naming whom to ask, unless the actor has `role` (on the page) at this instant."""
    if not roles_of_actor(tx).has(role, page_id):
        own = next((scope for scope in _WHOLE_ROLES if WRITES[scope] == role), None)
        needed = f"scope `{own}`" if own and tx.actor.kind == ActorKind.KEY else f"role `{role}`"
        raise NotAllowedError(f"That needs the {needed}.", ask_an_owner(tx))


def ask_an_owner(tx: Transaction) -> str:
    """A hint that names up to three owners."""
    names = tx.session.scalars(_OWNER_NAMES, {"now": tx.now}).all()
    if not names:
        return "No owner is appointed yet: set KEYDESK_OWNERS and start Keydesk again."
    return f"Ask an owner: {', '.join(names)}."


def may_hold_key(roles: EffectiveRoles, pages: Collection[str] | None) -> bool:
    """Whether a person with `roles` may ask for and hold a key to these pages (None: all pages)."""
    if pages is None:
        return roles.has(Role.INTEGRATOR)
    return all(roles.has(Role.INTEGRATOR, page_id) for page_id in pages)
