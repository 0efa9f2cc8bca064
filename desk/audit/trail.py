"""The audit trail: a closed vocabulary, written in the same transaction as the change it records."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update
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


@dataclass(slots=True)
class _Head:
    """The end of the chain, as this transaction has it."""

    seq: int
    hash: str


_HEAD = "audit_head"
# Writers queue here, so that no two of them build on the same end; on SQLite they have queued before.
_LOCK = select(AuditHead.seq, AuditHead.hash).with_for_update()
_INSERT = insert(AuditEvent)
_MOVE = (
    update(AuditHead)
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
    .execution_options(synchronize_session=False)
)


def _lock_head(session: Session) -> _Head:
    """The end of the chain, which is this transaction's until it ends."""
    known: tuple[SessionTransaction | None, _Head] | None = session.info.get(_HEAD)
    if known is not None and known[0] is session.get_transaction() and not session.in_nested_transaction():
        return known[1]
    head = _Head(*session.execute(_LOCK).one())
    # Where a savepoint is rolled back, the lock and the events go with it.
    session.info[_HEAD] = (None if session.in_nested_transaction() else session.get_transaction()), head
    return head


def record(tx: Transaction, action: Action, subject_kind: str, subject_id: str, /, **data: Any) -> None:
    """Append one event to the chain, in `tx`. `data` must be plain JSON and hold no secret.

    Call it as late in the transaction as may be: from here on other writers wait for the commit.
    """
    head = _lock_head(tx.session)
    event: dict[str, Any] = {
        "seq": head.seq + 1,
        "at": tx.now,
        "actor": str(tx.actor),
        "action": str(action),
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "data": data,
    }
    hash_ = event_hash(previous_hash=head.hash, **event)
    tx.session.execute(_INSERT, [{**event, "previous_hash": head.hash, "hash": hash_}])
    head.seq, head.hash = head.seq + 1, hash_
    tx.session.execute(_MOVE, {"new_seq": head.seq, "new_hash": head.hash})
    tx.recorded.append(str(action))
