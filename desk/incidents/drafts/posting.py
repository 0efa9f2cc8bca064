"""What keys hand in: published at once or, where a page's rule wants it, put before a person as a draft."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from desk.acting_keys import acting_key
from desk.audit import trail as audit
from desk.errors import NotAllowedError, NotFoundError, Problems
from desk.identifiers import new_id
from desk.incidents.affected import require_effects
from desk.incidents.components import get_components
from desk.incidents.drafts.composing import list_warnings
from desk.incidents.drafts.content import Content, content_of, role_of_draft, stored_form, texts_of
from desk.incidents.drafts.decision import role_of, role_to_manage
from desk.incidents.drafts.effects import foresee_content
from desk.incidents.drafts.review import ask_reviewers
from desk.incidents.held import is_change_held, is_held
from desk.incidents.inputs import IncidentChange, NewIncident, check_change, check_new
from desk.incidents.limits import require_about, require_states, require_transitions
from desk.incidents.lookup import get_incident, keep_incident
from desk.incidents.port import port_of
from desk.incidents.postmortems import check_postmortem, mark_of
from desk.masking import refuse_secrets
from desk.pages.pages import get_page
from desk.permissions import require_role
from desk.transaction import ActorKind, Transaction
from storage.models import ApiKey, DraftKind, DraftStatus, Incident, IncidentDraft, Role


def post_incident(
    tx: Transaction, page_id: str, new: NewIncident, problems: Problems | None = None
) -> Incident | IncidentDraft:
    """Open an incident, schedule a maintenance or write down one of the past; or the draft of it, which waits.

    For keys alone: people write drafts. `problems`: what was found wrong with it before. Raises NotFoundError,
    NotAllowedError, InvalidInputError for all that is wrong at once, and ConflictError where nobody could publish
    the draft.
    """
    get_page(tx.session, page_id)
    _require_key(tx, role_to_manage(scheduled=new.schedule is not None), page_id)
    require_states(tx, page_id, new.components)
    require_transitions(tx, page_id, new.schedule, new.components)
    problems = problems or Problems()
    with problems.gathered():
        check_new(new, tx.now)
    _check_further(tx, page_id, new, problems)
    if not is_held(tx, page_id, is_first_post=True):
        return port_of(tx, page_id).create_incident(tx, page_id, new)
    kind = DraftKind.MAINTENANCE if new.schedule else DraftKind.INCIDENT
    kind = DraftKind.BACKFILL if new.backfilled_at else kind
    return _hold(tx, page_id, kind, replace(new, id=new_id()))


def post_change(
    tx: Transaction, incident_id: str, change: IncidentChange, problems: Problems | None = None
) -> Incident | IncidentDraft:
    """Change an incident; or the draft of that, which waits. Raises as `post_incident`."""
    incident = get_incident(tx.session, incident_id)
    _require_key(tx, role_of(incident), incident.page_id)
    require_about(tx, incident, change)
    require_states(tx, incident.page_id, change.components)
    require_transitions(tx, incident.page_id, change.schedule, change.components, incident=incident)
    problems = problems or Problems()
    with problems.gathered():
        check_change(change, scheduled=incident.scheduled_for is not None)
    _check_further(tx, incident.page_id, change, problems)
    if is_change_held(tx, incident, change):
        return _hold(tx, incident.page_id, DraftKind.UPDATE, change, incident)
    port_of(tx, incident.page_id).update_incident(tx, incident.id, change)
    return incident


def post_postmortem(
    tx: Transaction, incident_id: str, *, notify_subscribers: bool = True
) -> Incident | IncidentDraft:
    """Publish the postmortem that is drafted; or the draft that says so, which waits. Raises as `post_incident`, and
    ConflictError where there is none or the incident is open."""
    incident = get_incident(tx.session, incident_id)
    _require_key(tx, role_of(incident), incident.page_id)
    require_about(tx, incident)
    text = incident.postmortem_body_draft
    if not is_held(tx, incident.page_id, is_first_post=False) or not text:
        port = port_of(tx, incident.page_id)
        return port.publish_postmortem(tx, incident.id, notify_subscribers=notify_subscribers)
    check_postmortem(tx, incident.id)
    return _hold(tx, incident.page_id, DraftKind.POSTMORTEM, text, incident, quietly=not notify_subscribers)


def _require_key(tx: Transaction, role: Role, page_id: str) -> None:
    require_role(tx, role, page_id)
    if tx.actor.kind != ActorKind.KEY:
        raise NotAllowedError("That is for API keys.", "People write a draft and publish it.")


def find_promised(tx: Transaction, draft_id: str) -> IncidentDraft | None:
    """The actor's own draft that waits or was published; None when it is gone, sent back or thrown away."""
    kept = (DraftStatus.WAITING, DraftStatus.PUBLISHED)
    own = (IncidentDraft.id == draft_id, IncidentDraft.author_id == tx.actor.author_id)
    return tx.session.scalars(select(IncidentDraft).where(*own, IncidentDraft.status.in_(kept))).one_or_none()


_UNDECIDED = (DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK)


def list_own_drafts(tx: Transaction) -> Sequence[IncidentDraft]:
    """What the acting key has said on its pages and nobody has decided on, the newest first."""
    own = IncidentDraft.author_id == tx.actor.author_id
    drafts = select(IncidentDraft).where(own, IncidentDraft.status.in_(_UNDECIDED))
    newest = drafts.order_by(IncidentDraft.updated_at.desc(), IncidentDraft.id)
    key = acting_key(tx)
    return [one for one in tx.session.scalars(newest) if key.reaches([one.page_id])]


def get_own_draft(tx: Transaction, draft_id: str) -> IncidentDraft:
    """What the acting key has said on one of its pages, whatever became of it. Raises NotFoundError."""
    draft = tx.session.get(IncidentDraft, draft_id)
    if draft is None or draft.author_id != tx.actor.author_id or not acting_key(tx).reaches([draft.page_id]):
        raise NotFoundError("This key has no such draft.", "What others wrote is read in Slack.")
    return draft


def promised_id(draft: IncidentDraft) -> str | None:
    """The id that the incident of a draft has, or will have once it is published."""
    content = content_of(draft)
    return draft.incident_id or (content.id if isinstance(content, NewIncident) else None)


def _check_further(tx: Transaction, page_id: str, content: NewIncident | IncidentChange, problems: Problems) -> None:
    with problems.gathered():
        refuse_secrets(*texts_of(content), field="body")
    for component_id in content.components:
        with problems.gathered():
            # They are locked together, and after the incident, once it is changed.
            get_components(tx.session, page_id, [component_id], lock=False)
    problems.refuse()


def _hold(
    tx: Transaction,
    page_id: str,
    kind: DraftKind,
    content: Content,
    incident: Incident | None = None,
    *,
    quietly: bool = False,
) -> IncidentDraft:
    incident_id = keep_incident(tx.session, incident.id).id if incident is not None else None
    require_effects(foresee_content(tx, page_id, content, incident_id).values())
    key = tx.session.get_one(ApiKey, tx.actor.id)
    stored = stored_form(content)
    if isinstance(content, str) and incident is not None:
        stored["seen"] = mark_of(content)
    draft = IncidentDraft(
        id=new_id(),
        version=1,
        status=DraftStatus.WAITING,
        kind=kind,
        page_id=page_id,
        # What was changed since is no reason to wait for the key: it does not look, and writes as things are then.
        incident_id=incident_id,
        content=stored,
        warnings=list_warnings(tx, content),
        quietly=quietly,
        author_id=tx.actor.author_id,
        on_behalf_of=key.holder_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.session.add(draft)
    tx.session.flush()
    ask_reviewers(tx, draft, role_of_draft(tx, draft))
    audit.record(tx, audit.Action.DRAFT_SUBMITTED, "draft", draft.id, page_id=page_id, kind=str(kind))
    return draft
