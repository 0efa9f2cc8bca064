"""The roles that a person was granted on pages, seen and set as one table, as Statuspage's API does it.

It knows own grants alone. What somebody has through a group, or as an owner, is not theirs to be set here.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from desk.acting_keys import acting_key
from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.key_powers import require_insider_or, require_power
from desk.pages.pages import list_pages
from desk.people import Subject, member_name
from desk.permissions import effective_roles, full_member_condition, is_full_member, open_grant_condition
from desk.roles.authority import require_manager
from desk.roles.roles import grant_role, revoke_grant
from desk.transaction import ActorKind, Transaction
from storage.folding import folded
from storage.locks import lock_people
from storage.models import Grant, Member, Page, Role, Scope, SubjectKind

PAGE_ROLES = (Role.PAGE_CONFIGURATION, Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)
"""Those that Statuspage has too."""

Table = Mapping[str, frozenset[Role]]
"""By page id: the roles on it."""


def list_people(tx: Transaction) -> Sequence[Member]:
    """All full members, by name. Raises NotAllowedError for who may not look behind the page."""
    require_insider_or(tx, Scope.USERS_READ)
    people = select(Member).where(full_member_condition())
    return tx.session.scalars(people.order_by(folded(Member.name), Member.user_id)).all()


def read_page_roles(tx: Transaction, user_id: str) -> Table:
    """What a full member was granted on each page; a key sees its own. Raises NotFoundError, NotAllowedError."""
    require_insider_or(tx, Scope.USERS_READ)
    _require_member(tx, user_id)
    grants = _list_grants(tx, user_id)
    return {
        page.id: frozenset(Role(grant.role) for grant in grants if grant.page_id in (None, page.id))
        for page in _list_pages(tx)
    }


def set_page_roles(tx: Transaction, user_id: str, wanted: Table) -> None:
    """Give a full member exactly these roles on pages: those on pages that are left out end.

    For owners, and keys that may grant: of all that it reaches, also by leaving it out. Raises NotFoundError,
    NotAllowedError, InvalidInputError (field `pages`) and, where a grant for all pages is in the way, ConflictError.
    """
    lock_people(tx.session)
    require_manager(tx)
    _require_member(tx, user_id)
    name = member_name(tx.session, user_id)
    if effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy).is_owner:
        raise ConflictError(f"{name} is an owner, and has every role.", "Other owners can end that in Slack.")
    _require_pages(tx, wanted)
    grants = _list_grants(tx, user_id)
    everywhere = {Role(grant.role) for grant in grants if grant.page_id is None}
    for page in _list_pages(tx):
        if missing := everywhere - wanted.get(page.id, frozenset()):
            named = " and ".join(sorted(missing))
            raise ConflictError(
                f"{name} was granted {named} for all pages, those to come included.",
                f"End that grant first: {slash('roles revoke')}.",
            )
    for grant in grants:
        if grant.page_id is not None and Role(grant.role) not in wanted.get(grant.page_id, frozenset()):
            revoke_grant(tx, grant.id)
    had = {(grant.page_id, Role(grant.role)) for grant in grants}
    for page_id, roles in wanted.items():
        for role in PAGE_ROLES:
            if role in roles and role not in everywhere and (page_id, role) not in had:
                grant_role(tx, Subject(SubjectKind.USER, user_id, name), role, page_id=page_id)


def _require_member(tx: Transaction, user_id: str) -> None:
    if not is_full_member(tx.session.get(Member, user_id)):
        raise NotFoundError("There is no such user.", "Users are the full members of the workspace.")


def _require_pages(tx: Transaction, page_ids: Collection[str]) -> None:
    known = {page.id for page in list_pages(tx.session)}
    for page_id in page_ids:
        if page_id not in known:
            raise InvalidInputError(f"There is no page {page_id}.", field="pages")
    if tx.actor.kind is ActorKind.KEY:
        require_power(tx, Scope.USERS_WRITE, page_ids)


def _list_pages(tx: Transaction) -> Sequence[Page]:
    """All pages or, where a key acts, its own."""
    pages = list_pages(tx.session)
    return [page for page in pages if acting_key(tx).reaches([page.id])] if tx.actor.kind is ActorKind.KEY else pages


def _list_grants(tx: Transaction, user_id: str) -> Sequence[Grant]:
    own = Grant.subject_kind == SubjectKind.USER, Grant.subject_id == user_id, Grant.role.in_(PAGE_ROLES)
    open_ones = select(Grant).where(*own, open_grant_condition(tx.now))
    return tx.session.scalars(open_ones.order_by(Grant.created_at, Grant.id)).all()
