"""Publishing a draft: once, by whom the page's rule lets, and as things are at that moment."""

from dataclasses import replace

from sqlalchemy import select

from desk.audit import trail as audit
from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotAllowedError
from desk.incidents.announcements import announce_alone
from desk.incidents.drafts.content import Content, content_of, moves_end, role_of_draft
from desk.incidents.drafts.decision import Outcome, Press, decide_publication, has_written
from desk.incidents.drafts.drafts import already_decided, get_draft, move_draft
from desk.incidents.drafts.duplicates import require_no_double
from desk.incidents.drafts.effects import expected_impact
from desk.incidents.drafts.review import ask_reviewers, list_reviewers, show_draft, tell_author
from desk.incidents.held import reopens
from desk.incidents.inputs import ENDED, IncidentChange, NewIncident
from desk.incidents.lookup import find_incident, get_incident
from desk.incidents.maintenances.plans import check_window
from desk.incidents.port import port_of
from desk.pages.status import Impact
from desk.permissions import ask_an_owner, is_person, roles_of_actor
from desk.transaction import Transaction
from storage.locks import rely_on
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft, IncidentStatus, Page, Role, SecondPerson

_FIRST_POSTS = frozenset({DraftKind.INCIDENT, DraftKind.MAINTENANCE, DraftKind.BACKFILL})


def foresee_publication(tx: Transaction, draft: IncidentDraft) -> Outcome:
    """What a press of *Publish* by the actor leads to now."""
    return decide_publication(_press(tx, draft))


def publish_draft(
    tx: Transaction, draft_id: str, *, quietly: bool = False, version: int | None = None
) -> tuple[Outcome, Incident | None]:
    """Publish a draft or, where the page's rule says so, put it before a second person.

    Gives what happened, and the incident once it is public. Exactly one call publishes. Raises NotAllowedError where
    the person may not, and ConflictError for the other calls, where the draft is no longer the `version` that the
    person saw, where it is open and somebody else's, and where it does not fit any more: OpenDoublesError for an
    incident that is open already on the same components, others for states and times that have passed.
    """
    draft = get_draft(tx, draft_id)
    role = role_of_draft(tx, draft)
    # What is decided here is about the draft as it was read, and holds for no other words.
    seen = draft.version if version is None else version
    outcome = foresee_publication(tx, draft)
    if outcome is Outcome.REFUSE_ROLE:
        page = tx.session.get_one(Page, draft.page_id)
        raise NotAllowedError(f"Publishing that on {page.name} needs the role `{role}`.", ask_an_owner(tx))
    if outcome is Outcome.REFUSE_AUTHOR:
        raise NotAllowedError("Somebody else must publish this: you wrote it.", "It waits for a second person.")
    if outcome is Outcome.ASK_SECOND:
        if not move_draft(tx, draft, [DraftStatus.OPEN], seen=seen, status=DraftStatus.WAITING, quietly=quietly):
            raise already_decided(draft, [DraftStatus.OPEN])
        _check_fit(tx, draft)
        ask_reviewers(tx, draft, role)
        audit.record(tx, audit.Action.DRAFT_SUBMITTED, "draft", draft.id, page_id=draft.page_id, kind=str(draft.kind))
        return outcome, None
    return outcome, _publish(tx, draft, role, outcome, seen=seen, quietly=quietly)


def require_alone(tx: Transaction, incident: Incident, *, is_first_post: bool = False) -> None:
    """Raises ConflictError where a second person must publish all that is said about an incident: what is public is
    then corrected by a new update. For what people do to public words without a draft.

    `is_first_post`: what is new of the incident is its first post."""
    page = tx.session.get_one(Page, incident.page_id)
    rule = _read_rule(tx, page.id)[0]
    if is_first_post and rule is SecondPerson.FIRST_POST:
        raise ConflictError(f"A second person must publish the first post of an incident on {page.name}.")
    if rule is SecondPerson.ALWAYS:
        raise ConflictError(
            f"A second person must publish everything on {page.name}.",
            f"Say what is right in a new update: {slash('incident update')}",
        )


def _publish(
    tx: Transaction, draft: IncidentDraft, role: Role, outcome: Outcome, *, seen: int, quietly: bool
) -> Incident:
    by = {"decided_by": str(tx.actor), "decided_at": tx.now, "quietly": quietly}
    # While its author changes it, nobody else has read what it says.
    own = draft.author_id == tx.actor.author_id
    allowed = [DraftStatus.OPEN, DraftStatus.WAITING] if own else [DraftStatus.WAITING]
    if not move_draft(tx, draft, allowed, seen=seen, status=DraftStatus.PUBLISHED, **by):
        raise already_decided(draft, allowed)
    _check_fit(tx, draft)
    incident = _carry_out(tx, draft, quietly=quietly)
    draft.incident_id = incident.id
    tx.session.flush()
    show_draft(tx, draft)
    tell_author(tx, draft)
    alone = outcome is Outcome.PUBLISH_ALONE
    if alone:
        announce_alone(tx, incident, draft.id, others=list_reviewers(tx, draft, role))
    audit.record(
        tx,
        audit.Action.DRAFT_PUBLISHED,
        "draft",
        draft.id,
        incident_id=incident.id,
        author=draft.author_id,
        alone=alone,
        quietly=quietly,
    )
    return incident


def _check_fit(tx: Transaction, draft: IncidentDraft) -> None:
    """Raises ConflictError where what the draft says could not be written any more as things are now."""
    require_no_double(tx, draft)
    content = content_of(draft)
    if isinstance(content, str):
        return
    if content.schedule is not None:
        try:
            check_window(content.schedule, tx.now, has_begun=moves_end(content))
        except InvalidInputError as refusal:
            raise ConflictError(refusal.sentence, "Edit the draft and choose a time to come.") from refusal
    if _cancels(tx, draft, content):
        raise ConflictError(
            "The time for which it was scheduled has come, so it cannot be cancelled any more.",
            "Discard the draft, and say what happened when the maintenance is completed.",
        )


def _cancels(tx: Transaction, draft: IncidentDraft, content: Content) -> bool:
    """Whether it would call off a maintenance whose time has come."""
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if incident is None or not isinstance(content, IncidentChange) or incident.scheduled_for is None:
        return False
    ends = content.status in ENDED and incident.status == IncidentStatus.SCHEDULED
    return ends and incident.scheduled_for <= tx.now


def _read_rule(tx: Transaction, page_id: str) -> tuple[SecondPerson, Role | None]:
    """The page's rule, and the role that may publish alone what is critical."""
    rule = select(Page.second_person, Page.second_person_skipped_by).where(Page.id == page_id)
    second_person, skipped_by = rely_on(tx.session, ("rule", page_id), lambda: tx.session.execute(rule).one())
    return SecondPerson(second_person), Role(skipped_by) if skipped_by else None


def _press(tx: Transaction, draft: IncidentDraft) -> Press:
    page, role, roles = tx.session.get_one(Page, draft.page_id), role_of_draft(tx, draft), roles_of_actor(tx)
    second_person, skips = _read_rule(tx, page.id)
    # Nothing of the past is in a hurry.
    urgent = draft.kind not in {DraftKind.BACKFILL, DraftKind.POSTMORTEM}
    return Press(
        second_person=second_person,
        may_publish=roles.has(role, page.id) and is_person(tx),
        is_author=has_written(draft, tx.actor.author_id),
        is_waiting=draft.status == DraftStatus.WAITING,
        is_first_post=draft.kind in _FIRST_POSTS or _reopens(tx, draft),
        is_critical=urgent and expected_impact(tx, draft) is Impact.CRITICAL,
        may_skip=skips is not None and roles.has(skips, page.id),
    )


def _reopens(tx: Transaction, draft: IncidentDraft) -> bool:
    content = content_of(draft)
    incident = (
        find_incident(tx.session, draft.incident_id) if draft.kind == DraftKind.UPDATE and draft.incident_id else None
    )
    return incident is not None and isinstance(content, IncidentChange) and reopens(incident, content)


def _carry_out(tx: Transaction, draft: IncidentDraft, *, quietly: bool) -> Incident:
    content, port = content_of(draft), port_of(tx, draft.page_id)
    if isinstance(content, NewIncident):
        new = replace(content, deliver_notifications=False) if quietly else content
        return port.create_incident(tx, draft.page_id, new)
    assert draft.incident_id is not None
    if isinstance(content, str):
        port.write_postmortem(tx, draft.incident_id, content, seen=draft.content.get("seen"))
        return port.publish_postmortem(tx, draft.incident_id, notify_subscribers=not quietly)
    change = replace(content, deliver_notifications=False) if quietly else content
    port.update_incident(tx, draft.incident_id, change, version=draft.incident_version)
    return get_incident(tx.session, draft.incident_id)
