"""Who manages incidents and maintenances in the demo: the user group that answers the pager."""

from sqlalchemy import select

from desk.roles.grants import open_grant
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import Grant, Role, SubjectKind

_RESPONDERS = "S0INCIDENT"
_ROLES = (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)


def appoint_responders(tx: Transaction) -> None:
    """Grant the group both roles on all pages. Who is in it is read from Slack at the start, as everywhere.

    A role that it has, or that an owner took away again, is left alone.
    """
    lock_people(tx.session)
    known = set(
        tx.session.scalars(
            select(Grant.role).where(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id == _RESPONDERS)
        )
    )
    for role in _ROLES:
        if role not in known:
            open_grant(tx, SubjectKind.GROUP, _RESPONDERS, role, reason="They answer the pager")
