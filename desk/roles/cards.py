"""Which notes tell of roles, and to whom."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from desk.messages.outbox import owners_conversations, refresh, send_note
from desk.messages.readers import look_again
from desk.messages.subjects import THE_OWNERS
from desk.permissions import is_full_member
from desk.transaction import Transaction
from storage.models import Grant, Member, Role, SubjectKind, UserGroupMember

ROLE_GRANTED = "role.granted"
"""Said to the person; the subject is the grant."""
ROLE_ENDED = "role.ended"
"""Said to the person; the subject is the grant, the fact `how` is `revoked`, `expired` or `left`."""
OWNER_GRANTED = "owner.granted"
"""Said to owners: somebody, or a group, was made owner."""
OWNER_ENDED = "owner.ended"
"""Said to owners: somebody, or a group, is owner no more by that grant; facts as for ROLE_ENDED."""
OWNERS_APPOINTED = "owners.appointed"
"""Said to each new owner and to the owners' channel; facts: `owners` (user ids), `why` (see `desk.roles.owners`)."""
NO_OWNER_LEFT = "owners.none"
"""Said in the owners' channel when nobody is left whom Keydesk could make owner."""


def tell_granted(tx: Transaction, grant: Grant) -> None:
    """Tell the person, and the owners when there is a new one."""
    _tell_person(tx, grant, ROLE_GRANTED)
    if grant.role == Role.OWNER:
        refresh(tx, *THE_OWNERS)
        send_note(tx, OWNER_GRANTED, grant.id, _other_owners(tx, grant), by=str(tx.actor))


def tell_ended(tx: Transaction, grant: Grant, how: str) -> None:
    """Tell the person, and the owners when there is one less."""
    _tell_person(tx, grant, ROLE_ENDED, how=how)
    look_again(tx, _people_of(tx, grant))
    if grant.role == Role.OWNER:
        refresh(tx, *THE_OWNERS)
        send_note(tx, OWNER_ENDED, grant.id, _other_owners(tx, grant), by=str(tx.actor), how=how)


def _other_owners(tx: Transaction, grant: Grant) -> Sequence[str]:
    """Where owners read; whose grant it is has been told already, and need not read it twice."""
    told = grant.subject_id if grant.subject_id != tx.actor.user_id else None
    return [place for place in owners_conversations(tx) if place != told]


def _people_of(tx: Transaction, grant: Grant) -> Sequence[str]:
    if grant.subject_kind == SubjectKind.USER:
        return [grant.subject_id]
    return tx.session.scalars(
        select(UserGroupMember.user_id)
        .where(UserGroupMember.group_id == grant.subject_id)
        .order_by(UserGroupMember.user_id)
    ).all()


def _tell_person(tx: Transaction, grant: Grant, kind: str, **facts: Any) -> None:
    # A group's people are not told one by one: they may be hundreds, and Slack told them that they joined it.
    if grant.subject_kind != SubjectKind.USER or grant.subject_id == tx.actor.user_id:
        return
    if is_full_member(tx.session.get(Member, grant.subject_id)):
        send_note(tx, kind, grant.id, [grant.subject_id], by=str(tx.actor), **facts)
