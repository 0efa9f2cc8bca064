"""Grants as rows: opened, ended and found. Whether that may be is decided in `roles` and `owners`.

Every function that changes a grant is called under `storage.locks.lock_people`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update

from desk.audit.trail import Action, record
from desk.identifiers import new_id
from desk.messages.readers import roles_changed
from desk.transaction import Transaction
from storage.models import Grant, Role, SubjectKind, UserGroupMember
from storage.signals import Topic, signal


def find_grant(tx: Transaction, kind: SubjectKind, subject_id: str, role: Role, page_id: str | None) -> Grant | None:
    """The grant of exactly this role on exactly these pages that was not ended yet, even when its time is up."""
    return tx.session.scalars(
        select(Grant).where(
            Grant.subject_kind == kind,
            Grant.subject_id == subject_id,
            Grant.role == role,
            Grant.page_id.is_(None) if page_id is None else Grant.page_id == page_id,
            Grant.ended_at.is_(None),
        )
    ).one_or_none()


def list_own_grants(tx: Transaction, kind: SubjectKind, subject_id: str) -> Sequence[Grant]:
    """What a user or a group was granted and what was not ended yet, oldest first."""
    return tx.session.scalars(
        select(Grant)
        .where(Grant.subject_kind == kind, Grant.subject_id == subject_id, Grant.ended_at.is_(None))
        .order_by(Grant.created_at, Grant.id)
    ).all()


def open_grant(
    tx: Transaction,
    kind: SubjectKind,
    subject_id: str,
    role: Role,
    *,
    page_id: str | None = None,
    expires_at: datetime | None = None,
    reason: str = "",
    replaces: Grant | None = None,
) -> Grant:
    """Write and record a new grant. `replaces` is ended without a record of its own."""
    previous: dict[str, Any] = {}
    if replaces is not None:
        _close(tx, replaces, "replaced")
        previous = {"replaces": replaces.id, "previous_end": _iso(replaces.expires_at)}
    grant = Grant(
        id=new_id(),
        role=role,
        subject_kind=kind,
        subject_id=subject_id,
        page_id=page_id,
        created_at=tx.now,
        created_by=str(tx.actor),
        reason=reason,
        expires_at=expires_at,
    )
    tx.session.add(grant)
    tx.session.flush()
    signal(tx.session, Topic.PEOPLE)
    _show(tx, grant)
    record(tx, Action.ROLE_GRANTED, "grant", grant.id, **_facts(grant), reason=reason, **previous)
    return grant


def end_grant(tx: Transaction, grant: Grant, action: Action, reason: str) -> bool:
    """End and record a grant; False when it was ended already."""
    if not _close(tx, grant, reason):
        return False
    _show(tx, grant)
    record(tx, action, "grant", grant.id, **_facts(grant), reason=reason)
    return True


def make_lasting(tx: Transaction, grant: Grant, reason: str) -> Grant:
    """The same grant without an end, as a new row."""
    return open_grant(
        tx,
        SubjectKind(grant.subject_kind),
        grant.subject_id,
        Role(grant.role),
        page_id=grant.page_id,
        reason=reason,
        replaces=grant,
    )


def _show(tx: Transaction, grant: Grant) -> None:
    if grant.subject_kind == SubjectKind.USER:
        roles_changed(tx, [grant.subject_id])
    else:
        people = select(UserGroupMember.user_id).where(UserGroupMember.group_id == grant.subject_id)
        roles_changed(tx, tx.session.scalars(people).all())


def _close(tx: Transaction, grant: Grant, reason: str) -> bool:
    result = tx.session.execute(
        update(Grant)
        .where(Grant.id == grant.id, Grant.ended_at.is_(None))
        .values(ended_at=tx.now, ended_by=str(tx.actor), end_reason=reason[:255]),
        execution_options={"synchronize_session": False},
    )
    tx.session.refresh(grant)
    signal(tx.session, Topic.PEOPLE)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _facts(grant: Grant) -> dict[str, Any]:
    return {
        "role": str(grant.role),
        "subject_kind": str(grant.subject_kind),
        "subject_id": grant.subject_id,
        "page_id": grant.page_id,
        "expires_at": _iso(grant.expires_at),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
