"""Who manages incidents and maintenances in the demo: the user group that answers the pager."""

from desk.grants import open_grant
from desk.transaction import Transaction
from storage.models import Role, SubjectKind

_RESPONDERS = "S0INCIDENT"


def appoint_responders(tx: Transaction) -> None:
    """Grant the group both roles on all pages. Who is in it is read from Slack at the start, as everywhere."""
    for role in (Role.INCIDENT_MANAGER, Role.MAINTENANCE_MANAGER):
        open_grant(tx, SubjectKind.GROUP, _RESPONDERS, role, reason="They answer the pager")
