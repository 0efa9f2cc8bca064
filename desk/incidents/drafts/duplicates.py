"""The duplicate guard: what is open already on the components of a new incident."""

from collections.abc import Sequence

from desk.errors import ConflictError, NotAllowedError
from desk.incidents.components import lock_components
from desk.incidents.drafts.content import content_of
from desk.incidents.drafts.drafts import already_decided, discard_draft, get_reviewable, move_draft
from desk.incidents.drafts.review import show_draft
from desk.incidents.lookup import list_open_on
from desk.transaction import Transaction
from storage.models import DraftKind, DraftStatus, Incident, IncidentDraft

_UNDECIDED = frozenset({DraftStatus.OPEN, DraftStatus.WAITING, DraftStatus.SENT_BACK})


class OpenDoublesError(ConflictError):
    """Something is open already on the same components, and nobody has said that this is something else."""


def list_doubles(tx: Transaction, draft: IncidentDraft) -> Sequence[Incident]:
    """Open incidents on the components of a new one, but those that it was said to be another than."""
    content = content_of(draft)
    if draft.kind != DraftKind.INCIDENT or isinstance(content, str):
        return []
    found = list_open_on(tx.session, draft.page_id, list(content.components))
    return [incident for incident in found if incident.id not in draft.accepted]


def accept_doubles(tx: Transaction, draft_id: str) -> IncidentDraft:
    """Say that a draft is about something else than what is open now. Raises NotAllowedError, ConflictError."""
    draft = get_reviewable(tx, draft_id)
    if draft.status == DraftStatus.OPEN and draft.author_id != tx.actor.author_id:
        raise NotAllowedError("Only its author says that this draft is about something else.")
    accepted = [*draft.accepted, *(incident.id for incident in list_doubles(tx, draft))]
    allowed = [DraftStatus.OPEN, DraftStatus.WAITING]
    if not move_draft(tx, draft, allowed, seen=draft.version, accepted=accepted):
        raise already_decided(draft, allowed)
    show_draft(tx, draft)
    return draft


def get_undecided(tx: Transaction, draft_id: str) -> IncidentDraft:
    """The draft of something new, whose words are to go into an update of what is open.

    Raises NotFoundError, NotAllowedError, and ConflictError once it is decided.
    """
    draft = get_reviewable(tx, draft_id)
    if draft.status not in _UNDECIDED:
        raise already_decided(draft)
    return draft


def give_up(tx: Transaction, draft_id: str) -> None:
    """The words of a draft went into an update of what is open: it is thrown away, where it is the actor's own and
    nobody decided it meanwhile."""
    draft = get_reviewable(tx, draft_id, lock=True)
    if draft.author_id == tx.actor.author_id and draft.status in _UNDECIDED:
        discard_draft(tx, draft_id)


def require_no_double(tx: Transaction, draft: IncidentDraft) -> None:
    """Raises OpenDoublesError where something is open on the same components that is not known to be another.

    The components are ours from here on: whoever opens something else on them waits, and then finds this one.
    """
    content = content_of(draft)
    if draft.kind == DraftKind.INCIDENT and not isinstance(content, str):
        lock_components(tx.session, draft.page_id, list(content.components))
    doubles = list_doubles(tx, draft)
    if doubles:
        names = ", ".join(f"“{incident.name}”" for incident in doubles[:3])
        raise OpenDoublesError(
            f"{names} is open on the same components.", "Update that one instead, or say that this is something else."
        )
