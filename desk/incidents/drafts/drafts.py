"""Drafts: written, previewed, revised, and published once, sent back or thrown away."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from desk.audit import trail as audit
from desk.commands import slash
from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.identifiers import new_id
from desk.incidents.affected import require_effects
from desk.incidents.drafts.content import (
    Content,
    as_seen,
    check_content,
    check_kind,
    content_of,
    is_scheduled,
    role_of_draft,
    stored_form,
    with_what_no_form_has,
)
from desk.incidents.drafts.decision import is_of_key, is_own, role_for
from desk.incidents.drafts.effects import foresee_content
from desk.incidents.drafts.review import ask_reviewers, list_reviewers, show_draft, tell_author
from desk.incidents.lookup import find_incident, keep_incident
from desk.incidents.postmortems import check_postmortem, mark_of, postmortem_of
from desk.pages.pages import get_page
from desk.permissions import require_insider, require_person, require_role, roles_of_actor
from desk.reasons import check_reason
from desk.transaction import ActorKind, Transaction
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft


def find_draft(tx: Transaction, draft_id: str) -> IncidentDraft | None:
    """The draft, or None. Raises NotAllowedError for who may not look behind the public page."""
    require_insider(tx)
    return tx.session.get(IncidentDraft, draft_id)


def get_draft(tx: Transaction, draft_id: str, *, lock: bool = False) -> IncidentDraft:
    """The draft, for whoever asks for the permission then; with `lock`, as it is until the commit.

    Raises NotFoundError.
    """
    locked: dict[str, Any] = {"with_for_update": {"key_share": True}, "populate_existing": True} if lock else {}
    draft = tx.session.get(IncidentDraft, draft_id, **locked)
    if draft is None:
        raise _gone()
    return draft


def get_reviewable(tx: Transaction, draft_id: str, *, lock: bool = False) -> IncidentDraft:
    """As `get_draft`, for whoever may publish such things. Raises NotFoundError, NotAllowedError."""
    draft = get_draft(tx, draft_id, lock=lock)
    require_reviewer(tx, draft)
    return draft


def require_reviewer(tx: Transaction, draft: IncidentDraft) -> None:
    """Raises NotAllowedError unless the actor may publish such things, and is a person: no key is a second one."""
    require_role(tx, role_of_draft(tx, draft), draft.page_id)
    require_person(tx)


def require_author(tx: Transaction, draft: IncidentDraft) -> None:
    """Raises NotAllowedError unless the actor is the draft's author, and may publish such things still."""
    if draft.author_id != tx.actor.author_id:
        raise NotAllowedError("Only its author can change this draft.", "Send it back with what should change.")
    require_reviewer(tx, draft)


def require_editor(tx: Transaction, draft: IncidentDraft) -> None:
    """Raises NotAllowedError unless the actor may change what the draft says: its author or, of what a key said,
    whoever may publish it."""
    if is_of_key(draft):
        require_reviewer(tx, draft)
    else:
        require_author(tx, draft)


def write_draft(
    tx: Transaction,
    *,
    page_id: str,
    kind: DraftKind,
    content: Content,
    incident_id: str | None = None,
    incident_version: int | None = None,
    client_token: str | None = None,
    warnings: Sequence[dict[str, Any]] = (),
    seen: str | None = None,
) -> IncidentDraft:
    """Keep a draft of the acting member's; the same `client_token` gives the same draft however often it comes.
    `seen`: the mark of the postmortem beside which one was written, or else that of the one that there is;
    `incident_version`: the version of the incident that its author saw, or else that of now.

    Raises NotFoundError for the page or the incident, NotAllowedError unless the member may publish such things on
    that page, and InvalidInputError, whose `field` names what cannot be published.
    """
    get_page(tx.session, page_id)
    incident = keep_incident(tx.session, incident_id, page_id=page_id) if incident_id is not None else None
    scheduled = kind is DraftKind.MAINTENANCE or (incident is not None and incident.scheduled_for is not None)
    require_role(tx, role_for(kind, scheduled=scheduled), page_id)
    require_person(tx)
    known = _find_by_token(tx, client_token)
    if known is not None:
        return _resubmit(tx, known, content, warnings, seen, incident_version)
    if kind is DraftKind.POSTMORTEM and incident is not None:
        check_postmortem(tx, incident.id)
    check_kind(kind, content)
    check_content(tx, page_id, content, scheduled=scheduled)
    require_effects(foresee_content(tx, page_id, content, incident_id).values())
    draft = IncidentDraft(
        id=new_id(),
        version=1,
        status=DraftStatus.OPEN,
        kind=kind,
        page_id=page_id,
        incident_id=incident_id,
        incident_version=_version_of(incident, incident_version),
        client_token=client_token,
        content=_stored(tx, content, incident, seen),
        warnings=list(warnings),
        author_id=tx.actor.author_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(draft)
    except IntegrityError:
        # The same form was sent twice in the same instant, and the other one was first.
        known = _find_by_token(tx, client_token)
        if known is None:
            raise
        return known
    return draft


def _version_of(incident: Incident | None, seen: int | None) -> int | None:
    """The version of its incident that a draft is about: the one that was `seen`, or else as it is now."""
    if incident is None:
        return None
    return incident.version if seen is None else seen


def _stored(tx: Transaction, content: Content, incident: Incident | None, seen: str | None) -> dict[str, Any]:
    stored = stored_form(as_seen(tx, content))
    if isinstance(content, str) and incident is not None:
        stored["seen"] = seen if seen is not None else mark_of(postmortem_of(incident))
    return stored


def _resubmit(
    tx: Transaction,
    known: IncidentDraft,
    content: Content,
    warnings: Sequence[dict[str, Any]],
    seen: str | None,
    incident_version: int | None,
) -> IncidentDraft:
    """The draft of a form that was sent again, after a lost answer perhaps with corrected words."""
    incident = find_incident(tx.session, known.incident_id) if known.incident_id else None
    if known.status != DraftStatus.OPEN or _stored(tx, content, incident, seen) == known.content:
        return known
    return revise_draft(tx, known.id, content, warnings=warnings, seen=seen, incident_version=incident_version)


def _find_by_token(tx: Transaction, client_token: str | None) -> IncidentDraft | None:
    if client_token is None:
        return None
    own = IncidentDraft.author_id == tx.actor.author_id
    return tx.session.scalars(select(IncidentDraft).where(IncidentDraft.client_token == client_token, own)).first()


def revise_draft(
    tx: Transaction,
    draft_id: str,
    content: Content,
    *,
    warnings: Sequence[dict[str, Any]] = (),
    seen: str | None = None,
    version: int | None = None,
    incident_version: int | None = None,
) -> IncidentDraft:
    """Change what a draft says; one that was sent back is open again. Raises ConflictError once it is decided, and
    where somebody else changed it after the `version` that the actor saw.

    It is then about the incident as it is now or, with `incident_version`, as the actor saw it. What a key said waits
    on; whoever changes it is no second person for it, and the others are asked again. Raises NotAllowedError unless
    the actor is its author or may publish what a key said, ConflictError also where nobody else may, and
    InvalidInputError as `write_draft` does.
    """
    draft = get_draft(tx, draft_id)
    require_editor(tx, draft)
    if version not in (None, draft.version) and draft.edited_by not in (None, tx.actor.author_id):
        raise already_decided(draft, [DraftStatus(draft.status)])
    read = draft.version
    content = with_what_no_form_has(content, content_of(draft))
    check_kind(DraftKind(draft.kind), content)
    check_content(tx, draft.page_id, content, scheduled=is_scheduled(tx, draft))
    require_effects(foresee_content(tx, draft.page_id, content, draft.incident_id).values())
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    values: dict[str, Any] = {
        "content": _stored(tx, content, incident, seen),
        "warnings": list(warnings),
        "incident_version": _version_of(incident, incident_version),
    }
    of_key, allowed = is_of_key(draft), [DraftStatus.OPEN, DraftStatus.SENT_BACK]
    if of_key:
        allowed, values = [DraftStatus.WAITING], values | {"edited_by": tx.actor.author_id}
    if not move_draft(tx, draft, allowed, seen=read if of_key else None, status=allowed[0], **values):
        raise already_decided(draft, allowed)
    show_draft(tx, draft)
    if not of_key:
        return draft
    role = role_of_draft(tx, draft)
    if tx.actor.author_id not in list_reviewers(tx, draft, role):
        ask_reviewers(tx, draft, role)
    audit.record(tx, audit.Action.DRAFT_EDITED, "draft", draft.id, page_id=draft.page_id)
    return draft


def take_back(tx: Transaction, draft_id: str) -> IncidentDraft:
    """Open a draft again that waits for a second person; its author may. Raises ConflictError, NotAllowedError."""
    draft = get_draft(tx, draft_id)
    if draft.author_id != tx.actor.author_id:
        raise NotAllowedError("Only its author can take this draft back.", "Send it back with what should change.")
    require_person(tx)
    if not move_draft(tx, draft, [DraftStatus.WAITING], status=DraftStatus.OPEN):
        raise already_decided(draft)
    show_draft(tx, draft)
    audit.record(tx, audit.Action.DRAFT_TAKEN_BACK, "draft", draft.id, page_id=draft.page_id)
    return draft


def check_send_back(tx: Transaction, draft_id: str) -> IncidentDraft:
    """The draft, if the actor could send it back now. Raises ConflictError, NotAllowedError, NotFoundError."""
    draft = get_reviewable(tx, draft_id)
    if draft.status != DraftStatus.WAITING:
        raise already_decided(draft)
    return draft


def send_back(tx: Transaction, draft_id: str, *, reason: str, version: int | None = None) -> IncidentDraft:
    """Return a waiting draft to its author with a reason. `version`: what the person saw.

    Raises as `check_send_back`, and InvalidInputError (field `reason`).
    """
    draft = check_send_back(tx, draft_id)
    why = check_reason(reason, ask="Say what should change.")
    by: dict[str, Any] = {"decided_by": str(tx.actor), "decided_at": tx.now, "decision_reason": why}
    if not move_draft(tx, draft, [DraftStatus.WAITING], seen=version, status=DraftStatus.SENT_BACK, **by):
        raise already_decided(draft, [DraftStatus.WAITING])
    show_draft(tx, draft)
    tell_author(tx, draft)
    audit.record(tx, audit.Action.DRAFT_SENT_BACK, "draft", draft.id, page_id=draft.page_id, reason=why)
    return draft


def discard_draft(tx: Transaction, draft_id: str) -> IncidentDraft:
    """Throw a draft away; its author may, be it a key. Raises ConflictError once it is decided, NotAllowedError."""
    draft = get_draft(tx, draft_id)
    if not is_own(draft, tx.actor.author_id) and not roles_of_actor(tx).is_owner:
        raise NotAllowedError("Only its author can throw this draft away.")
    if tx.actor.kind is ActorKind.KEY:
        require_role(tx, role_of_draft(tx, draft), draft.page_id)
    else:
        require_person(tx)
    allowed = (DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK)
    by: dict[str, Any] = {"decided_by": str(tx.actor), "decided_at": tx.now}
    if not move_draft(tx, draft, allowed, status=DraftStatus.DISCARDED, **by):
        raise already_decided(draft)
    show_draft(tx, draft)
    tell_author(tx, draft)
    audit.record(tx, audit.Action.DRAFT_DISCARDED, "draft", draft.id, page_id=draft.page_id)
    return draft


def move_draft(
    tx: Transaction,
    draft: IncidentDraft,
    allowed: Collection[DraftStatus],
    *,
    seen: int | None = None,
    **values: Any,
) -> bool:
    """Set values on a draft that is in one of the allowed states (and has the version that was `seen`); whether this
    call won. Raises NotFoundError when it is gone."""
    conditions = [IncidentDraft.id == draft.id, IncidentDraft.status.in_(list(allowed))]
    if seen is not None:
        conditions.append(IncidentDraft.version == seen)
    won = tx.session.execute(
        update(IncidentDraft)
        .where(*conditions)
        .values(version=IncidentDraft.version + 1, updated_at=tx.now, **values)
        .returning(IncidentDraft.id),
        execution_options={"synchronize_session": False},
    ).first()
    if tx.session.get(IncidentDraft, draft.id, populate_existing=True) is None:
        raise _gone()
    return won is not None


def _gone() -> NotFoundError:
    return NotFoundError("That draft is gone.", f"Begin again with {slash('incident new')}.")


def already_decided(draft: IncidentDraft, expected: Sequence[DraftStatus] = ()) -> ConflictError:
    """Why a step did not succeed: the draft is in another state than one of those that it `expected` or, being in
    one, says something else by now."""
    if draft.status in expected:
        return ConflictError("This draft was changed since you looked.", "Read what it says now, then decide.")
    words = {
        DraftStatus.PUBLISHED: "was published already",
        DraftStatus.SENT_BACK: "was sent back already",
        DraftStatus.DISCARDED: "was thrown away",
        DraftStatus.WAITING: "waits for a second person",
        DraftStatus.OPEN: "is open: its author changes it",
    }[DraftStatus(draft.status)]
    return ConflictError(f"This draft {words}.", f"Use {slash('incident list')} to see where things stand.")
