"""Other words for what a Statuspage elsewhere did not take, which is tried again with them."""

from dataclasses import dataclass

from desk.errors import ConflictError
from desk.incidents.drafts.publishing import require_alone
from desk.incidents.elsewhere.refused import get_given_up, retry_changes
from desk.incidents.incidents import update_incident
from desk.incidents.inputs import IncidentChange
from desk.incidents.updates import edit_update
from desk.masking import refuse_secrets
from desk.transaction import Transaction
from storage.models import ChangeKind, Incident, UpstreamChange

_WITH_WORDS = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.CORRECT})


@dataclass(frozen=True, slots=True)
class Words:
    """What readers would read. None: the change says nothing of it."""

    name: str | None
    body: str | None


def words_of(change: UpstreamChange) -> Words:
    """Those of a change."""
    return Words(change.body.get("name"), change.body.get("body"))


def may_be_amended(change: UpstreamChange) -> bool:
    """Whether a change has words that can be written anew."""
    return change.kind in _WITH_WORDS and words_of(change) != Words(None, None)


def get_amendable(tx: Transaction, change_id: str) -> UpstreamChange:
    """A change whose words the actor may write anew, without anybody else.

    Raises as `get_given_up`, and ConflictError where it has no words, or a second person must read them.
    """
    change = get_given_up(tx, change_id)
    if not may_be_amended(change):
        raise ConflictError("Its words are no hindrance: it has none.", "Try it again as it is.")
    incident = tx.session.get_one(Incident, change.incident_id)
    require_alone(tx, incident, is_first_post=change.kind == ChangeKind.CREATE)
    return change


def amend_and_retry(tx: Transaction, change_id: str, words: Words) -> None:
    """Try a change again in other words, here and there. Raises as `get_amendable`, and InvalidInputError (`name`,
    `body`)."""
    change = get_amendable(tx, change_id)
    before = words_of(change)
    name = words.name if before.name is not None else None
    body = words.body if before.body is not None else None
    refuse_secrets(name or "", body or "")
    if name is not None and name != before.name:
        assert change.incident_id is not None
        update_incident(tx, change.incident_id, IncidentChange(name=name))
    if body is not None and body != before.body and change.update_id is not None:
        edit_update(tx, change.update_id, body=body)
    anew = {"name": name, "body": body}
    change.body = {**change.body, **{part: text.strip() for part, text in anew.items() if text is not None}}
    tx.session.flush()
    retry_changes(tx, change_id)
