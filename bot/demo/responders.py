"""Who manages incidents and maintenances in the demo: the user group that answers the pager."""

from sqlalchemy import select

from desk.directory.events import take_read_group
from desk.directory.groups import SeenGroup
from desk.people import Subject
from desk.roles.roles import grant_role
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import Grant, Role, SubjectKind, UserGroup

_RESPONDERS = SeenGroup(group_id="S0INCIDENT", handle="incident-responders", name="Incident responders")
_ROLES = (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER)


def appoint_responders(tx: Transaction) -> None:
    """Grant the group both roles on all pages. Who is in it is read from Slack at the start, as everywhere.

    A role that it has, or that an owner took away again, is left alone.
    """
    lock_people(tx.session)
    group_id = _RESPONDERS.group_id
    if tx.session.get(UserGroup, group_id) is None:
        take_read_group(tx, None, _RESPONDERS)
    known = set(
        tx.session.scalars(
            select(Grant.role).where(Grant.subject_kind == SubjectKind.GROUP, Grant.subject_id == group_id)
        )
    )
    subject = Subject(SubjectKind.GROUP, group_id, _RESPONDERS.handle)
    for role in _ROLES:
        if role not in known:
            grant_role(tx, subject, role, reason="They answer the pager")
