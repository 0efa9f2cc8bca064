"""What somebody may do with a draft as it stands, and what has changed since it was written."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from desk.commands import slash
from desk.errors import ConflictError
from desk.incidents.announcements import channel_of
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.decision import Outcome, is_of_key, is_own
from desk.incidents.drafts.drafts import already_decided, get_draft, require_editor
from desk.incidents.drafts.effects import foresee
from desk.incidents.drafts.publishing import foresee_publication
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import find_incident, list_updates
from desk.incidents.postmortems import mark_of, postmortem_of
from desk.permissions import roles_of_actor
from desk.transaction import Transaction
from storage.models import (
    Component,
    ComponentStatus,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentUpdate,
    Page,
)

_UNDECIDED = frozenset({DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK})
_REFUSALS = frozenset({Outcome.REFUSE_ROLE, Outcome.REFUSE_AUTHOR})


class Step(StrEnum):
    """What can be done with a draft."""

    PUBLISH = "publish"
    """Quietly or not; where the page's rule says so, it goes to a second person."""
    SEND_BACK = "send_back"
    EDIT = "edit"
    TAKE_BACK = "take_back"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class MovedState:
    """A component that a draft would bring into another state, and that took on one of its own since."""

    component: Component
    was: ComponentStatus
    now: ComponentStatus


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """What is not any more as the author of a draft saw it."""

    incident: Incident | None
    """The incident that the draft updates, where that was changed."""
    last: IncidentUpdate | None
    """What was said last about it."""
    states: Sequence[MovedState]
    postmortem: str = ""
    """What somebody else has written since, where the draft is a postmortem that would replace it."""


def decide_steps(
    status: DraftStatus, outcome: Outcome, *, is_author: bool, is_outdated: bool = False, is_of_key: bool = False
) -> frozenset[Step]:
    """What somebody may do whose press of *Publish* would lead to `outcome`. Pure.

    What is outdated cannot be published before its author has looked at it again. What a key said is changed by those
    who may publish it, as no key looks at a form.
    """
    publish = frozenset() if is_outdated or outcome in _REFUSALS else frozenset({Step.PUBLISH})
    edit = frozenset() if outcome is Outcome.REFUSE_ROLE else frozenset({Step.EDIT})
    if status is DraftStatus.WAITING and not is_author:
        if outcome is Outcome.REFUSE_ROLE:
            return frozenset()
        return publish | {Step.SEND_BACK} | (edit if is_of_key else frozenset())
    if not is_author or status not in _UNDECIDED:
        return frozenset()
    if status is DraftStatus.WAITING:
        return publish | {Step.TAKE_BACK, Step.DISCARD}
    return (publish if status is DraftStatus.OPEN else frozenset()) | edit | {Step.DISCARD}


def list_steps(tx: Transaction, draft: IncidentDraft) -> frozenset[Step]:
    """What the actor may do with the draft now."""
    steps = decide_steps(
        DraftStatus(draft.status),
        foresee_publication(tx, draft),
        is_author=draft.author_id == tx.actor.author_id,
        is_outdated=find_changes(tx, draft) is not None,
        is_of_key=is_of_key(draft),
    )
    # No key throws away what it handed in, so that whoever answers for it may, as owners may.
    ours = is_own(draft, tx.actor.author_id) or roles_of_actor(tx).is_owner
    waits = draft.status == DraftStatus.WAITING
    return steps | {Step.DISCARD} if is_of_key(draft) and ours and waits else steps


def find_audience_of(tx: Transaction, draft: IncidentDraft) -> str | None:
    """The channel that can be notified of a draft; None: nobody can, and *quietly* would say nothing.

    Nobody is told of the past, and a postmortem is found where its incident is.
    """
    if draft.kind in {DraftKind.BACKFILL, DraftKind.POSTMORTEM}:
        return None
    return channel_of(tx, tx.session.get_one(Page, draft.page_id))


def find_changes(tx: Transaction, draft: IncidentDraft) -> ChangedSince | None:
    """What keeps an undecided draft from being published because it changed since; None: nothing did."""
    if draft.status not in _UNDECIDED:
        return None
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if draft.kind == DraftKind.POSTMORTEM:
        if incident is not None and incident.status not in ENDED:
            return ChangedSince(incident, next(iter(list_updates(tx.session, [incident.id])), None), ())
        # Published whatever was said of its incident meanwhile, it replaces no text that its author has not seen.
        theirs = _find_theirs(draft, incident)
        return ChangedSince(incident, None, (), theirs) if theirs else None
    seen = draft.incident_version if draft.kind == DraftKind.UPDATE else None
    if incident is None or seen is None or seen == incident.version:
        incident = None
    states = _list_moved(tx, draft)
    if incident is None and not states:
        return None
    last = next(iter(list_updates(tx.session, [incident.id])), None) if incident is not None else None
    return ChangedSince(incident, last, states)


def _find_theirs(draft: IncidentDraft, incident: Incident | None) -> str:
    seen, theirs = draft.content.get("seen"), postmortem_of(incident) if incident is not None else ""
    return "" if seen is None or theirs == content_of(draft) or mark_of(theirs) == seen else theirs


def _list_moved(tx: Transaction, draft: IncidentDraft) -> list[MovedState]:
    stale = [one for one in foresee(tx, draft).values() if one.is_stale]
    return [MovedState(one.component, one.was, one.now) for one in stale]


def get_editable(tx: Transaction, draft_id: str) -> IncidentDraft:
    """The draft, if the actor could change it now.

    Raises ConflictError while it waits, unless a key wrote it, and once it is decided; NotAllowedError and
    NotFoundError.
    """
    draft = get_draft(tx, draft_id)
    require_editor(tx, draft)
    if is_of_key(draft):
        if draft.status != DraftStatus.WAITING:
            raise already_decided(draft)
        return draft
    if draft.status == DraftStatus.WAITING:
        raise ConflictError(
            "This draft waits for a second person, who reads it as it is.",
            f"To change it, take it back first: {slash('incident drafts')} lists it.",
        )
    if draft.status not in _UNDECIDED:
        raise already_decided(draft)
    return draft
