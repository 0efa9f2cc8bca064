"""The audit trail: a closed vocabulary, written in the same transaction as the change it records."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, SessionTransaction

from desk.transaction import Transaction
from storage.models import AuditEvent, AuditHead


class Action(StrEnum):
    """Everything that can be recorded, as `subject.action`."""

    ORGANIZATION_SEEDED = "organization.seeded"
    PAGE_SEEDED = "page.seeded"
    ORGANIZATION_RESTORED = "organization.restored"
    """A backup took the place of the database."""

    UPSTREAM_CONNECTED = "upstream.connected"
    UPSTREAM_COPIED = "upstream.copied"
    UPSTREAM_WEBHOOK_SET = "upstream.webhook_set"
    """Pages of the Statuspage elsewhere came, changed or went."""
    UPSTREAM_KEY_ADDED = "upstream_key.added"
    UPSTREAM_KEY_DROPPED = "upstream_key.dropped"
    UPSTREAM_KEY_REFUSED = "upstream_key.refused"
    """The Statuspage elsewhere did not take it any more."""

    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    ROLE_EXPIRED = "role.expired"
    OWNERS_APPOINTED = "owners.appointed"
    OWNERS_VACANT = "owners.vacant"
    """Slack took the last owner, and there is nobody who could be the next."""
    MEMBER_JOINED = "member.joined"
    MEMBER_CHANGED = "member.changed"
    MEMBER_LEFT = "member.left"
    MEMBER_RETURNED = "member.returned"
    MEMBER_FORGOTTEN = "member.forgotten"
    """What somebody who left was called was deleted."""
    GROUP_CHANGED = "group.changed"
    GROUP_UNREADABLE = "group.unreadable"
    GROUP_READABLE = "group.readable"
    SYNC_STOPPED = "sync.stopped"
    SYNC_CONFIRMED = "sync.confirmed"
    SYNC_CANCELLED = "sync.cancelled"
    SYNC_APPLIED = "sync.applied"

    REQUEST_MADE = "request.made"
    REQUEST_APPROVAL = "request.approval"
    REQUEST_CHANGED = "request.changed"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DENIED = "request.denied"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_EXPIRED = "request.expired"
    REQUEST_REMINDED = "request.reminded"

    TICKET_MADE = "ticket.made"
    TICKET_CHANGED = "ticket.changed"
    """The grace period of the key that it replaces is another."""
    TICKET_COLLECTED = "ticket.collected"
    TICKET_LAPSED = "ticket.lapsed"
    TICKET_WITHDRAWN = "ticket.withdrawn"
    TICKET_RETURNED = "ticket.returned"
    """The key that it minted was seen by nobody and is void; the ticket waits again."""

    KEY_MINTED = "key.minted"
    KEY_IMPORTED = "key.imported"
    """Its secret was made elsewhere, and works here from now on."""
    KEY_REVEALED = "key.revealed"
    KEY_VOIDED = "key.voided"
    KEY_RENAMED = "key.renamed"
    KEY_EXTENDED = "key.extended"
    KEY_EXTENSION_ASKED = "key.extension_asked"
    """Its holder asked owners to let it live longer."""
    KEY_EXTENSION_DECLINED = "key.extension_declined"
    KEY_ROTATED = "key.rotated"
    KEY_RETIRED = "key.retired"
    KEY_SUSPENDED = "key.suspended"
    KEY_RESTORED = "key.restored"
    KEY_REVOKED = "key.revoked"
    KEY_TRANSFERRED = "key.transferred"
    KEY_KEPT = "key.kept"
    KEY_EXPIRED = "key.expired"
    KEY_KNOCKED = "key.knocked"
    """A suspended key was used."""
    KEY_ANNOUNCED = "key.announced"
    """Its suspension or revocation on a date was announced."""
    KEY_CALLED_OFF = "key.called_off"
    """What was announced will not be done."""
    KEY_ASKED = "key.asked"
    """Its holder was asked whether it is still needed."""

    PAGE_IMPORTED = "page.imported"
    """Something of it was taken over from a Statuspage elsewhere."""
    PAGE_EDITED = "page.edited"
    COMPONENT_CREATED = "component.created"
    COMPONENT_EDITED = "component.edited"
    """Its name, place or looks; of its status `component.changed` tells."""
    COMPONENT_RETIRED = "component.retired"
    COMPONENT_RESTORED = "component.restored"
    COMPONENT_CHANGED = "component.changed"
    INCIDENT_CREATED = "incident.created"
    INCIDENT_UPDATED = "incident.updated"
    INCIDENT_EDITED = "incident.edited"
    """Its name, schedule or an earlier update's text was changed, without an update that people are told of."""
    INCIDENT_DELETED = "incident.deleted"
    INCIDENT_REMINDED = "incident.reminded"
    INCIDENT_SNOOZED = "incident.snoozed"
    """Somebody put the next reminder to say something new off."""
    POSTMORTEM_WRITTEN = "postmortem.written"
    POSTMORTEM_PUBLISHED = "postmortem.published"
    POSTMORTEM_REVERTED = "postmortem.reverted"
    POSTMORTEM_DELETED = "postmortem.deleted"
    TEMPLATE_CREATED = "template.created"
    TEMPLATE_CHANGED = "template.changed"
    TEMPLATE_DELETED = "template.deleted"
    DRAFT_SUBMITTED = "draft.submitted"
    DRAFT_PUBLISHED = "draft.published"
    DRAFT_EDITED = "draft.edited"
    DRAFT_TAKEN_BACK = "draft.taken_back"
    DRAFT_REMINDED = "draft.reminded"
    """It waits for a second person, who was reminded of it, or owners were told."""
    DRAFT_SENT_BACK = "draft.sent_back"
    DRAFT_DISCARDED = "draft.discarded"
    DRAFT_KEPT = "draft.kept"
    DRAFT_EXPIRED = "draft.expired"

    DIGEST_SENT = "digest.sent"
    DELIVERY_DIED = "delivery.died"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_READDRESSED = "delivery.readdressed"
    """It goes to where its readers are now."""
    DELIVERY_DROPPED = "delivery.dropped"
    CLOCK_SET_RIGHT = "clock.set_right"
    """What a clock that was ahead had written was set right."""


def event_hash(
    *,
    previous_hash: str,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject_kind: str,
    subject_id: str,
    data: dict[str, Any],
) -> str:
    """SHA-256, in hexadecimal, over the event's canonical JSON and the hash of the one before it."""
    body = {
        "previous_hash": previous_hash,
        "seq": seq,
        "at": at.isoformat(timespec="microseconds"),
        "actor": actor,
        "action": action,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "data": data,
    }
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


_LOCKED = "audit_head"
_LOCK = update(AuditHead).values(seq=AuditHead.seq).returning(AuditHead)
_LOCKING = {"synchronize_session": False, "populate_existing": True}


def _lock_head(session: Session) -> AuditHead:
    """The end of the chain, which is this transaction's until it ends."""
    locked: tuple[SessionTransaction | None, AuditHead] | None = session.info.get(_LOCKED)
    if locked is not None and locked[0] is session.get_transaction():
        return locked[1]
    # The update makes writers queue here, so that no two of them build on the same end.
    head = session.scalars(_LOCK, execution_options=_LOCKING).one()
    # Where a savepoint is rolled back, the lock goes with it.
    if not session.in_nested_transaction():
        session.info[_LOCKED] = session.get_transaction(), head
    return head


def record(tx: Transaction, action: Action, subject_kind: str, subject_id: str, /, **data: Any) -> AuditEvent:
    """Append one event to the chain, in `tx`. `data` must be plain JSON and hold no secret.

    Call it as late in the transaction as may be: from here on other writers wait for the commit.
    """
    session = tx.session
    head = _lock_head(session)
    seq = head.seq + 1
    hash_ = event_hash(
        previous_hash=head.hash,
        seq=seq,
        at=tx.now,
        actor=str(tx.actor),
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        data=data,
    )
    event = AuditEvent(
        seq=seq,
        at=tx.now,
        actor=str(tx.actor),
        action=str(action),
        subject_kind=subject_kind,
        subject_id=subject_id,
        data=data,
        previous_hash=head.hash,
        hash=hash_,
    )
    session.add(event)
    tx.recorded.append(event.action)
    head.seq, head.hash = seq, hash_
    session.flush()
    return event
