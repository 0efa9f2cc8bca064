"""Postmortems: drafted, published, taken back, by whoever manages such incidents on the page."""

import hashlib

from desk.audit import trail as audit
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.incidents.announcements import announce
from desk.incidents.authority import require_publisher
from desk.incidents.drafts.decision import role_of
from desk.incidents.held import require_unheld
from desk.incidents.inputs import ENDED, check_body
from desk.incidents.limits import require_about
from desk.incidents.lookup import get_incident, own_incident
from desk.permissions import require_role
from desk.transaction import Transaction, pages_changed
from storage.models import Incident, Page


def postmortem_of(incident: Incident) -> str:
    """The text that there is, drafted or public; empty where there is none."""
    return incident.postmortem_body_draft or incident.postmortem_body or ""


def mark_of(text: str) -> str:
    """Tells one text of a postmortem from another; empty for none."""
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def write_postmortem(tx: Transaction, incident_id: str, body: str, *, seen: str | None = None) -> Incident:
    """Keep a draft; the public sees it once it is published. `seen`: the mark of the text that its author saw.

    Raises NotAllowedError, InvalidInputError (`body`), and ConflictError where there is another text than was seen.
    """
    incident = _lock(tx, incident_id)
    text = check_body(body)
    there = postmortem_of(incident)
    if seen is not None and there != text and mark_of(there) != seen:
        raise ConflictError(
            "This postmortem was written anew after you looked.", "Read what it says before yours replaces it."
        )
    if not text:
        raise InvalidInputError("A postmortem needs a text.", field="body")
    incident.postmortem_body_draft = text
    incident.postmortem_body_draft_updated_at = tx.now
    incident.version += 1
    tx.session.flush()
    audit.record(tx, audit.Action.POSTMORTEM_WRITTEN, "incident", incident.id, name=incident.name)
    return incident


def check_postmortem(tx: Transaction, incident_id: str) -> Incident:
    """The incident, if the actor may write its postmortem now. Raises NotAllowedError, and ConflictError while it
    is open."""
    incident = get_incident(tx.session, incident_id)
    require_publisher(tx, role_of(incident), tx.session.get_one(Page, incident.page_id))
    _require_ended(incident)
    return incident


def publish_postmortem(tx: Transaction, incident_id: str, *, notify_subscribers: bool = True) -> Incident:
    """Make the draft public. Raises NotAllowedError, and ConflictError while the incident is open or where there is
    no draft."""
    incident = _lock(tx, incident_id)
    require_unheld(tx, incident.page_id)
    _require_ended(incident)
    if not incident.postmortem_body_draft:
        raise ConflictError("There is no draft to publish.", "Write the postmortem first.")
    incident.postmortem_body = incident.postmortem_body_draft
    incident.postmortem_body_last_updated_at = incident.postmortem_body_draft_updated_at
    incident.postmortem_published_at = tx.now
    incident.postmortem_notified_subscribers = notify_subscribers
    _changed(tx, incident)
    audit.record(
        tx,
        audit.Action.POSTMORTEM_PUBLISHED,
        "incident",
        incident.id,
        name=incident.name,
        notify_subscribers=notify_subscribers,
    )
    return incident


def revert_postmortem(tx: Transaction, incident_id: str) -> Incident:
    """Take a published postmortem back; its text stays as the draft.

    Raises NotAllowedError, and ConflictError where none is public.
    """
    incident = _lock(tx, incident_id)
    if incident.postmortem_published_at is None:
        raise ConflictError("No postmortem of this incident is public.")
    incident.postmortem_published_at = None
    incident.postmortem_body = None
    incident.postmortem_notified_subscribers = False
    _changed(tx, incident)
    audit.record(tx, audit.Action.POSTMORTEM_REVERTED, "incident", incident.id, name=incident.name)
    return incident


def delete_postmortem(tx: Transaction, incident_id: str) -> Incident:
    """Remove a postmortem, public or not, and its text. Raises NotAllowedError, and NotFoundError where none is."""
    incident = _lock(tx, incident_id)
    if not postmortem_of(incident):
        raise NotFoundError("There is no postmortem of this incident.")
    incident.postmortem_published_at = None
    incident.postmortem_body = incident.postmortem_body_draft = None
    incident.postmortem_body_last_updated_at = incident.postmortem_body_draft_updated_at = None
    incident.postmortem_notified_subscribers = False
    _changed(tx, incident)
    audit.record(tx, audit.Action.POSTMORTEM_DELETED, "incident", incident.id, name=incident.name)
    return incident


def _require_ended(incident: Incident) -> None:
    if incident.status not in ENDED:
        raise ConflictError(f"“{incident.name}” is still open.", "Resolve it first, then publish its postmortem.")


def _lock(tx: Transaction, incident_id: str) -> Incident:
    """The incident as it is now, for who manages such, and ours until the commit."""
    incident = own_incident(tx.session, incident_id)
    require_role(tx, role_of(incident), incident.page_id)
    require_about(tx, incident)
    return incident


def _changed(tx: Transaction, incident: Incident) -> None:
    incident.updated_at = tx.now
    incident.version += 1
    tx.session.get_one(Page, incident.page_id).updated_at = tx.now
    tx.session.flush()
    announce(tx, incident, None)
    pages_changed(tx)
