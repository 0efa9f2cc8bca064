"""Drafts: written, previewed, revised, and published once, sent back or thrown away."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select, update

from desk import audit
from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.identifiers import new_id
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.incidents.lookup import find_incident, get_incident
from desk.incidents.postmortems import publish_postmortem, write_postmortem
from desk.incidents.publication import Outcome, Press, decide_publication, role_for
from desk.page_status import Impact, impact_of
from desk.permissions import ask_an_owner, require_role, roles_of_actor
from desk.transaction import Transaction
from storage.models import ComponentStatus, DraftKind, DraftStatus, Incident, IncidentDraft, Page, Role, SecondPerson

_NEW: TypeAdapter[NewIncident] = TypeAdapter(NewIncident)
_CHANGE: TypeAdapter[IncidentChange] = TypeAdapter(IncidentChange)

Content = NewIncident | IncidentChange | str
"""What a draft holds: an incident or maintenance to be, an update, or a postmortem's text."""


def content_of(draft: IncidentDraft) -> Content:
    """What the draft says."""
    if draft.kind == DraftKind.POSTMORTEM:
        return str(draft.content["body"])
    if draft.kind == DraftKind.UPDATE:
        return _CHANGE.validate_python(draft.content)
    return _NEW.validate_python(draft.content)


def _stored(content: Content) -> dict[str, Any]:
    if isinstance(content, str):
        return {"body": content}
    if isinstance(content, NewIncident):
        return dict(_NEW.dump_python(content, mode="json"))
    return dict(_CHANGE.dump_python(content, mode="json"))


def find_draft(tx: Transaction, draft_id: str) -> IncidentDraft | None:
    """The draft, or None."""
    return tx.session.get(IncidentDraft, draft_id)


def get_draft(tx: Transaction, draft_id: str) -> IncidentDraft:
    """The draft. Raises NotFoundError."""
    draft = find_draft(tx, draft_id)
    if draft is None:
        raise NotFoundError("That draft is gone.", "Begin again with /incident new.")
    return draft


def is_scheduled(tx: Transaction, draft: IncidentDraft) -> bool:
    """Whether the draft is about a maintenance."""
    if draft.kind == DraftKind.MAINTENANCE:
        return True
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    return incident is not None and incident.scheduled_for is not None


def write_draft(
    tx: Transaction,
    *,
    page_id: str,
    kind: DraftKind,
    content: Content,
    incident_id: str | None = None,
    client_token: str | None = None,
) -> IncidentDraft:
    """Keep a draft of the acting member's; the same `client_token` gives the same draft however often it comes.

    Raises NotAllowedError unless the member may publish such things on that page.
    """
    if client_token is not None:
        known = tx.session.scalars(select(IncidentDraft).where(IncidentDraft.client_token == client_token)).first()
        if known is not None:
            return known
    scheduled = kind is DraftKind.MAINTENANCE
    if incident_id is not None:
        scheduled = get_incident(tx.session, incident_id, page_id=page_id).scheduled_for is not None
    require_role(tx, role_for(kind, scheduled=scheduled), page_id)
    draft = IncidentDraft(
        id=new_id(),
        version=1,
        status=DraftStatus.OPEN,
        kind=kind,
        page_id=page_id,
        incident_id=incident_id,
        client_token=client_token,
        content=_stored(content),
        author_id=tx.actor.user_id or str(tx.actor)[:32],
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.session.add(draft)
    tx.session.flush()
    return draft


def revise_draft(tx: Transaction, draft_id: str, content: Content) -> IncidentDraft:
    """Change what a draft says; one that was sent back is open again. Raises ConflictError once it is decided."""
    draft = get_draft(tx, draft_id)
    if draft.author_id != tx.actor.user_id:
        raise NotAllowedError("Only its author can change this draft.", "Send it back with what should change.")
    allowed = (DraftStatus.OPEN, DraftStatus.SENT_BACK)
    if not _move(tx, draft, allowed, status=DraftStatus.OPEN, content=_stored(content)):
        raise _decided(draft)
    return draft


def publish_draft(tx: Transaction, draft_id: str, *, quietly: bool = False) -> tuple[Outcome, Incident | None]:
    """Publish a draft or, where the page's rule says so, put it before a second person.

    Gives what happened, and the incident once it is public. Exactly one call publishes; raises ConflictError for
    the others and NotAllowedError where the person may not.
    """
    draft = get_draft(tx, draft_id)
    page = tx.session.get_one(Page, draft.page_id)
    role = role_for(DraftKind(draft.kind), scheduled=is_scheduled(tx, draft))
    outcome = decide_publication(_press(tx, draft, page, role))
    if outcome is Outcome.REFUSE_ROLE:
        raise NotAllowedError(f"Publishing that on {page.name} needs the role `{role}`.", ask_an_owner(tx))
    if outcome is Outcome.REFUSE_AUTHOR:
        raise NotAllowedError("Somebody else must publish this: you wrote it.", "It waits for a second person.")
    if outcome is Outcome.ASK_SECOND:
        if not _move(tx, draft, [DraftStatus.OPEN], status=DraftStatus.WAITING):
            raise _decided(draft)
        audit.record(tx, audit.Action.DRAFT_SUBMITTED, "draft", draft.id, page_id=page.id, kind=str(draft.kind))
        return outcome, None
    by = {"decided_by": str(tx.actor), "decided_at": tx.now}
    if not _move(tx, draft, [DraftStatus.OPEN, DraftStatus.WAITING], status=DraftStatus.PUBLISHED, **by):
        raise _decided(draft)
    incident = _carry_out(tx, draft, quietly=quietly)
    draft.incident_id = incident.id
    tx.session.flush()
    audit.record(
        tx,
        audit.Action.DRAFT_PUBLISHED,
        "draft",
        draft.id,
        incident_id=incident.id,
        author=draft.author_id,
        alone=outcome is Outcome.PUBLISH_ALONE,
        quietly=quietly,
    )
    return outcome, incident


def send_back(tx: Transaction, draft_id: str, *, reason: str) -> IncidentDraft:
    """Return a waiting draft to its author with a reason. Raises ConflictError, NotAllowedError."""
    draft = get_draft(tx, draft_id)
    require_role(tx, role_for(DraftKind(draft.kind), scheduled=is_scheduled(tx, draft)), draft.page_id)
    by = {"decided_by": str(tx.actor), "decided_at": tx.now, "decision_reason": reason}
    if not _move(tx, draft, [DraftStatus.WAITING], status=DraftStatus.SENT_BACK, **by):
        raise _decided(draft)
    audit.record(tx, audit.Action.DRAFT_SENT_BACK, "draft", draft.id, page_id=draft.page_id, reason=reason)
    return draft


def discard_draft(tx: Transaction, draft_id: str) -> IncidentDraft:
    """Throw a draft away; its author may. Raises ConflictError once it is decided, NotAllowedError."""
    draft = get_draft(tx, draft_id)
    if draft.author_id != tx.actor.user_id and not roles_of_actor(tx).is_owner:
        raise NotAllowedError("Only its author can throw this draft away.")
    allowed = (DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK)
    by = {"decided_by": str(tx.actor), "decided_at": tx.now}
    if not _move(tx, draft, allowed, status=DraftStatus.DISCARDED, **by):
        raise _decided(draft)
    audit.record(tx, audit.Action.DRAFT_DISCARDED, "draft", draft.id, page_id=draft.page_id)
    return draft


def expected_impact(tx: Transaction, draft: IncidentDraft) -> Impact:
    """The impact that publishing the draft gives its incident, as far as the draft itself says."""
    content = content_of(draft)
    if isinstance(content, str):
        return Impact.NONE
    if content.impact_override is not None:
        return content.impact_override
    scheduled = isinstance(content, NewIncident) and content.schedule is not None
    if scheduled or is_scheduled(tx, draft):
        return Impact.MAINTENANCE
    return impact_of([ComponentStatus(status) for status in content.components.values() if status])


def _press(tx: Transaction, draft: IncidentDraft, page: Page, role: Role) -> Press:
    roles = roles_of_actor(tx)
    skips = Role(page.second_person_skipped_by) if page.second_person_skipped_by else None
    return Press(
        second_person=SecondPerson(page.second_person),
        may_publish=roles.has(role, page.id),
        is_author=draft.author_id == tx.actor.user_id,
        is_waiting=draft.status == DraftStatus.WAITING,
        is_first_post=draft.kind in {DraftKind.INCIDENT, DraftKind.MAINTENANCE, DraftKind.BACKFILL},
        is_critical=expected_impact(tx, draft) is Impact.CRITICAL,
        may_skip=skips is not None and roles.has(skips, page.id),
    )


def _carry_out(tx: Transaction, draft: IncidentDraft, *, quietly: bool) -> Incident:
    content = content_of(draft)
    if isinstance(content, str):
        assert draft.incident_id is not None
        write_postmortem(tx, draft.incident_id, content)
        return publish_postmortem(tx, draft.incident_id, notify_subscribers=not quietly)
    if isinstance(content, NewIncident):
        stored = _stored(content) | ({"deliver_notifications": False} if quietly else {})
        return create_incident(tx, draft.page_id, _NEW.validate_python(stored))
    assert draft.incident_id is not None
    stored = _stored(content) | ({"deliver_notifications": False} if quietly else {})
    update_incident(tx, draft.incident_id, _CHANGE.validate_python(stored))
    return get_incident(tx.session, draft.incident_id)


def _move(tx: Transaction, draft: IncidentDraft, allowed: Any, **values: Any) -> bool:
    won = tx.session.execute(
        update(IncidentDraft)
        .where(IncidentDraft.id == draft.id, IncidentDraft.status.in_(list(allowed)))
        .values(version=IncidentDraft.version + 1, updated_at=tx.now, **values)
        .returning(IncidentDraft.id),
        execution_options={"synchronize_session": False},
    ).first()
    tx.session.refresh(draft)
    return won is not None


def _decided(draft: IncidentDraft) -> ConflictError:
    words = {
        DraftStatus.PUBLISHED: "was published already",
        DraftStatus.SENT_BACK: "was sent back already",
        DraftStatus.DISCARDED: "was thrown away",
        DraftStatus.WAITING: "waits for a second person",
        DraftStatus.OPEN: "is open again: its author changes it",
    }[DraftStatus(draft.status)]
    return ConflictError(f"This draft {words}.", "Type /incident list to see where things stand.")
