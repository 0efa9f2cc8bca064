"""“Nothing new”: the draft of an update that says that nothing has changed."""

from desk.errors import ConflictError
from desk.incidents.default_texts import NOTHING_NEW
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.inputs import IncidentChange
from desk.incidents.lookup import get_incident
from desk.transaction import Transaction
from storage.models import DraftKind, IncidentDraft, IncidentStatus


def draft_nothing_new(tx: Transaction, incident_id: str) -> IncidentDraft:
    """A draft that keeps an incident's status and says that work goes on. Raises as `write_draft` does.

    Raises ConflictError where the incident is over or has not begun.
    """
    incident = get_incident(tx.session, incident_id)
    status = IncidentStatus(incident.status)
    if status not in NOTHING_NEW:
        raise ConflictError(
            f"“{incident.name}” is {status}: nobody waits for an update.", "Nothing needs to be done."
        )
    content = IncidentChange(status=status, body=NOTHING_NEW[status])
    return write_draft(tx, page_id=incident.page_id, kind=DraftKind.UPDATE, content=content, incident_id=incident.id)
