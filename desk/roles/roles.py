"""Roles: granted, revoked, and ended when their time is up."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from sqlalchemy import select

from desk.audit.trail import Action
from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.people import Standing, Subject, name_of, standing_of
from desk.permissions import Duty, is_full_member, require_duty
from desk.reasons import check_reason
from desk.roles.authority import refuse_outlasting, refuse_own_gain, require_granter, require_manager
from desk.roles.cards import tell_ended, tell_granted
from desk.roles.grants import end_grant, find_grant, list_own_grants, open_grant
from desk.roles.lists import list_grants, page_name
from desk.roles.owners import keep_an_owner, list_owner_grants, owners_by, require_lasting_owner, require_owner_stays
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import Grant, Member, Page, Role, SubjectKind, UserGroup

_BATCH = 200


class AnyPage(Enum):
    """Pages were not mentioned."""

    ANY = "any"


PageChoice = str | None | AnyPage
"""A page id, None for all pages, or `AnyPage.ANY`."""


class GrantOutcome(StrEnum):
    """What became of a wish to grant."""

    GRANTED = "granted"
    CHANGED = "changed"
    """The same role was granted with another end; what was asked for now holds."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant and how it came about. `previous_end` is the end it had before, for `CHANGED`."""

    grant: Grant
    outcome: GrantOutcome
    previous_end: datetime | None = None


def grant_role(
    tx: Transaction,
    subject: Subject,
    role: Role,
    *,
    page_id: str | None = None,
    expires_at: datetime | None = None,
    reason: str = "",
) -> Granted:
    """Give a user or a group a role, on a page or on all, for good or until a time, and tell the person.

    What is asked for holds afterwards: granting the same role again changes its end. Raises NotAllowedError unless
    an owner asks, or a key that may (see `authority`), InvalidInputError for people who cannot have roles, and
    LastOwnerError when nobody would be owner for good.
    """
    lock_people(tx.session)
    require_granter(tx, role, page_id)
    refuse_own_gain(tx, subject)
    refuse_outlasting(tx, role, page_id, expires_at)
    reason = check_reason(reason, ask=None)
    _require_possible(tx, subject, role, page_id, expires_at)
    present = find_grant(tx, subject.kind, subject.id, role, page_id)
    if present is not None and present.expires_at is not None and present.expires_at <= tx.now:
        _expire(tx, present)
        present = None
    if present is not None and present.expires_at == expires_at:
        return Granted(present, GrantOutcome.UNCHANGED)
    if role == Role.OWNER and expires_at is not None:
        require_lasting_owner(tx, subject)
    grant = open_grant(
        tx,
        subject.kind,
        subject.id,
        role,
        page_id=page_id,
        expires_at=expires_at,
        reason=reason,
        replaces=present,
    )
    tell_granted(tx, grant)
    if present is None:
        return Granted(grant, GrantOutcome.GRANTED)
    return Granted(grant, GrantOutcome.CHANGED, present.expires_at)


def _require_possible(
    tx: Transaction, subject: Subject, role: Role, page_id: str | None, expires_at: datetime | None
) -> None:
    if role == Role.OWNER and page_id is not None:
        raise InvalidInputError("Owners are owners of all pages.", "Leave the page away.", field="page")
    if page_id is not None and tx.session.get(Page, page_id) is None:
        raise NotFoundError("That page is gone.", "Choose another one.")
    if expires_at is not None and expires_at <= tx.now:
        raise InvalidInputError("That time has passed already.", "Choose a time to come.", field="ends")
    if subject.kind == SubjectKind.GROUP:
        _require_usable_group(tx, subject)
    else:
        _require_full_member(tx, subject)


def _require_usable_group(tx: Transaction, subject: Subject) -> None:
    group = tx.session.get(UserGroup, subject.id)
    if group is None:
        raise InvalidInputError(
            f"I don't know the group {subject.name}.",
            f"Try {slash('roles sync')}, then grant again.",
            field="subject",
        )
    if group.is_disabled:
        raise InvalidInputError(
            f"The group {subject.name} is switched off in Slack.", "Its people would get nothing.", field="subject"
        )


_WHY_NOT = {
    Standing.GUEST: "is a guest here",
    Standing.BOT: "is a bot",
    Standing.FOREIGN: "belongs to another workspace",
    Standing.DELETED: "is deactivated in Slack",
}


def _require_full_member(tx: Transaction, subject: Subject) -> None:
    member = tx.session.get(Member, subject.id)
    if member is None:
        raise InvalidInputError(
            f"I know nobody with the id {subject.id}.",
            f"Name them, like @mia. If they joined just now, use {slash('roles sync')} first.",
            field="subject",
        )
    if not is_full_member(member):
        raise InvalidInputError(
            f"{member.name} {_WHY_NOT[standing_of(member)]} and can't have roles.",
            "Roles are for full members of the workspace.",
            field="subject",
        )


def revoke_role(tx: Transaction, subject: Subject, role: Role, page: PageChoice = AnyPage.ANY) -> Grant:
    """End the grant of a role to a user or group. Without a page it has to be clear which one is meant.

    Raises NotFoundError when there is none, InvalidInputError when there are several, and what `revoke_grant` raises.
    """
    lock_people(tx.session)
    require_manager(tx)
    if page is not AnyPage.ANY:
        require_granter(tx, role, page)
    grants = [
        grant
        for grant in list_own_grants(tx, subject.kind, subject.id)
        if grant.role == role and (page is AnyPage.ANY or grant.page_id == page) and _is_open(tx, grant)
    ]
    if not grants:
        raise NotFoundError(f"{subject.name} was not granted that.", _where_else(tx, subject, role))
    if len(grants) > 1:
        places = ", ".join(sorted(page_name(tx, grant) or "all pages" for grant in grants))
        raise InvalidInputError(
            f"{subject.name} has that role in {len(grants)} grants: {places}.",
            f"Say which one ends, or all: {slash(f'roles revoke @somebody {role} on PAGE')}",
            field="page",
        )
    return _revoke(tx, grants[0])


def revoke_grant(tx: Transaction, grant_id: str) -> Grant:
    """End one grant and tell the person. Raises NotAllowedError, ConflictError (it has ended) and LastOwnerError."""
    lock_people(tx.session)
    require_manager(tx)
    grant = tx.session.get(Grant, grant_id)
    if grant is None:
        raise NotFoundError("There is no such grant.", f"See {slash('roles list')}.")
    if not _is_open(tx, grant):
        by = f" by {name_of(tx, grant.ended_by)}" if grant.ended_by else ""
        raise ConflictError(f"That grant was ended already{by}.", f"See {slash('roles list')}.")
    return _revoke(tx, grant)


def _revoke(tx: Transaction, grant: Grant) -> Grant:
    require_granter(tx, Role(grant.role), grant.page_id)
    if grant.role == Role.OWNER:
        require_owner_stays(tx, grant)
    if not end_grant(tx, grant, Action.ROLE_REVOKED, "revoked"):
        raise ConflictError("That grant was ended already.", f"See {slash('roles list')}.")
    tell_ended(tx, grant, "revoked")
    return grant


def _is_open(tx: Transaction, grant: Grant) -> bool:
    return grant.ended_at is None and (grant.expires_at is None or grant.expires_at > tx.now)


def _where_else(tx: Transaction, subject: Subject, role: Role) -> str:
    listed = [item for item in list_grants(tx, subject=subject) if item.grant.role == role]
    if not listed:
        return f"See {slash('roles list')}."
    places = ", ".join(
        f"{item.page_name or 'all pages'}{f' through {item.through}' if item.through else ''}" for item in listed
    )
    return f"They have it on: {places}."


def sweep_roles(tx: Transaction) -> int:
    """End grants whose time is up, record it and tell the people; gives how many. The last owner's does not end."""
    require_duty(tx, Duty.TIME)
    lock_people(tx.session)
    due = select(Grant).where(Grant.ended_at.is_(None), Grant.expires_at <= tx.now)
    grants = tx.session.scalars(due.order_by(Grant.expires_at, Grant.id).limit(_BATCH)).all()
    if any(grant.role == Role.OWNER for grant in grants) and not owners_by(list_owner_grants(tx), lasting=True):
        keep_an_owner(tx)
    return sum(_expire(tx, grant) for grant in grants)


def _expire(tx: Transaction, grant: Grant) -> bool:
    ended = end_grant(tx, grant, Action.ROLE_EXPIRED, "expired")
    if ended:
        tell_ended(tx, grant, "expired")
    return ended
