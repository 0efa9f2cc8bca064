"""A draft in words: what it is about, how it stands, what has changed since, and what to look at in it."""

from collections.abc import Mapping

from desk.incidents.components import full_name, list_components
from desk.incidents.drafts.concerns import Concern, find_concerns, find_far_off
from desk.incidents.drafts.content import content_of, role_of_draft, texts_of
from desk.incidents.drafts.decision import is_of_key
from desk.incidents.drafts.leaks import Leak
from desk.incidents.drafts.review import list_reviewers
from desk.incidents.drafts.steps import ChangedSince, find_changes
from desk.incidents.inputs import NewIncident
from desk.incidents.lookup import find_incident
from desk.incidents.templates import list_placeholders
from desk.keys.rules import KeyState, state_of
from desk.transaction import Transaction
from handlers.slack.framework.blocks import (
    Block,
    actor_name,
    context,
    escape,
    mention,
    section,
    when,
)
from handlers.slack.incidents.text import (
    impact_text,
    name_text,
    on_page,
    plain_name,
    public_link,
    render_leaks,
    said_blocks,
    speaker,
    state_text,
    status_text,
)
from handlers.slack.requests.text import quotation
from storage.models import ApiKey, DraftKind, DraftStatus, IncidentDraft

_NAMED = 5
_MOST_MOVED = 5
_LAST_WORDS = 300
_THEIR_WORDS = 2800
_KINDS: Mapping[DraftKind, str] = {
    DraftKind.INCIDENT: "a new incident",
    DraftKind.MAINTENANCE: "a new maintenance",
    DraftKind.UPDATE: "an update of",
    DraftKind.BACKFILL: "an incident of the past",
    DraftKind.POSTMORTEM: "the postmortem of",
}


def subject_text(tx: Transaction, draft: IncidentDraft) -> str:
    """What would be published: `an update of *Checkout errors* on Acme`."""
    kind = DraftKind(draft.kind)
    words, comma = _KINDS[kind], "" if kind in {DraftKind.UPDATE, DraftKind.POSTMORTEM} else ","
    return f"{words}{comma} {name_text(_name(tx, draft))}{on_page(tx, draft.page_id)}"


def plain_subject(tx: Transaction, draft: IncidentDraft) -> str:
    """The same within the text of a notification."""
    return f"{_KINDS[DraftKind(draft.kind)]} “{plain_name(_name(tx, draft))}”{on_page(tx, draft.page_id)}"


def _name(tx: Transaction, draft: IncidentDraft) -> str:
    content = content_of(draft)
    if isinstance(content, NewIncident):
        return content.name
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    return incident.name if incident is not None else "an incident"


def author_text(tx: Transaction, draft: IncidentDraft) -> str:
    """Who wrote it: a person by mention, whoever did not write in Slack by name."""
    return _speaker(tx, draft.author_id)


def editor_text(tx: Transaction, draft: IncidentDraft) -> str:
    """Who has changed what a key said; empty where nobody has."""
    return f", changed by {_speaker(tx, draft.edited_by)}" if draft.edited_by else ""


def _speaker(tx: Transaction, author_id: str) -> str:
    return speaker(tx, author_id if ":" in author_id else f"member:{author_id}")


def speaking_key_blocks(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    """That somebody has stopped the key which handed it in; nothing while it works, or where a person wrote it."""
    key = tx.session.get(ApiKey, draft.author_id.partition(":")[2]) if is_of_key(draft) else None
    if key is None or key.retires_at is not None:
        return []
    state = state_of(key, tx.now)
    if state is KeyState.REVOKED:
        deed = f"revoked by {actor_name(key.revoked_by)}"
    elif state is KeyState.SUSPENDED:
        deed = f"suspended by {actor_name(key.suspended_by)}"
    else:
        return []
    return [
        section(f":warning: *The key that handed this in was {deed} since.* Is it what you want readers to know?")
    ]


def reviewers_text(tx: Transaction, draft: IncidentDraft) -> str:
    """Those who may publish it besides its author, by mention; the first of them, where they are many."""
    reviewers = list_reviewers(tx, draft, role_of_draft(tx, draft))
    named = ", ".join(mention(user_id) for user_id in reviewers[:_NAMED])
    more = f" and {len(reviewers) - _NAMED} more" if len(reviewers) > _NAMED else ""
    return f"{named}{more}" if named else "but nobody else may. An owner can appoint somebody"


def outcome_text(tx: Transaction, draft: IncidentDraft) -> str:
    """What became of a draft that waits no more, by whom and when."""
    who, at = actor_name(draft.decided_by), when(draft.decided_at or draft.updated_at)
    match DraftStatus(draft.status):
        case DraftStatus.PUBLISHED if draft.quietly:
            return f":no_bell: *Published quietly* by {who} {at}: nobody was notified."
        case DraftStatus.PUBLISHED:
            return f":white_check_mark: *Published* by {who} {at}"
        case DraftStatus.SENT_BACK:
            return f":leftwards_arrow_with_hook: *Sent back* by {who} {at}"
        case DraftStatus.DISCARDED if (draft.decided_by or "").startswith("job:"):
            return f":wastebasket: *Thrown away* {at}: nobody came back to it."
        case DraftStatus.DISCARDED:
            return f":wastebasket: *Thrown away* by {who} {at}"
        case _:
            author, since = author_text(tx, draft), when(draft.updated_at)
            return f":pencil2: {author} has it in hand since {since}. It has not been handed in again yet."


def outcome_blocks(tx: Transaction, draft: IncidentDraft) -> list[Block]:
    """The reason for which it was sent back, or the link to what was published."""
    if draft.status == DraftStatus.SENT_BACK and draft.decision_reason:
        return quotation(draft.decision_reason)
    incident = find_incident(tx.session, draft.incident_id) if draft.incident_id else None
    if draft.status != DraftStatus.PUBLISHED or incident is None:
        return []
    return [context(public_link(tx, incident))]


def wish_blocks(draft: IncidentDraft, *, viewer_id: str | None) -> list[Block]:
    """That its author wants an unpublished draft to notify nobody; nothing where it is to notify."""
    if not draft.quietly:
        return []
    own = viewer_id == draft.author_id
    return [context(f":no_bell: {'You wish' if own else 'The author wishes'} to notify nobody.")]


def changes_blocks(tx: Transaction, draft: IncidentDraft, *, viewer_id: str | None) -> list[Block]:
    """What changed since it was written, so that it cannot be published as it is, and what to do now."""
    changed = find_changes(tx, draft)
    if changed is None:
        return []
    if changed.postmortem:
        return [*theirs_blocks(tx, changed), _advice(tx, draft, viewer_id)]
    if draft.kind == DraftKind.POSTMORTEM:
        return [*_incident_changed(tx, changed), context("Its postmortem can be published once it is over again.")]
    return [*_incident_changed(tx, changed), *_states_changed(tx, draft, changed), _advice(tx, draft, viewer_id)]


def theirs_blocks(tx: Transaction, changed: ChangedSince) -> list[Block]:
    """The postmortem that somebody else has written since, before another one replaces it."""
    if not changed.postmortem or changed.incident is None:
        return []
    public = changed.incident.postmortem_published_at
    where = f"It is public since {when(public)}" if public is not None else "It is not public yet"
    link = public_link(tx, changed.incident)
    said = f":warning: *This postmortem was written anew after you looked.* {where}, and yours would replace it:"
    return [section(said), *said_blocks(changed.postmortem, limit=_THEIR_WORDS), context(link)]


def _incident_changed(tx: Transaction, changed: ChangedSince) -> list[Block]:
    incident, last = changed.incident, changed.last
    if incident is None:
        return []
    text = (
        f":warning: The incident was changed {when(incident.updated_at)}, after this was written: it is "
        f"{status_text(incident.status)} now."
    )
    if last is None:
        return [section(text)]
    said = f"\nLast update {when(last.created_at)} by {speaker(tx, last.created_by)}:"
    return [section(f"{text}{said}"), *said_blocks(last.body, limit=_LAST_WORDS)]


def _states_changed(tx: Transaction, draft: IncidentDraft, changed: ChangedSince) -> list[Block]:
    if not changed.states:
        return []
    groups = {row.id: row.name for row in list_components(tx.session, draft.page_id) if row.group}
    lines = [
        f":warning: {escape(full_name(moved.component, groups))} was {state_text(moved.was)} when this was written, "
        f"and is {state_text(moved.now)} now."
        for moved in changed.states[:_MOST_MOVED]
    ]
    more = len(changed.states) - _MOST_MOVED
    return [section("\n".join([*lines, f"…and {more} more"] if more > 0 else lines))]


def _advice(tx: Transaction, draft: IncidentDraft, viewer_id: str | None) -> Block:
    if viewer_id != draft.author_id:
        return context(f"{author_text(tx, draft)} has to look at the draft again first.")
    steps = "*Take back*, then *Edit*," if draft.status == DraftStatus.WAITING else "*Edit*"
    return section(f":memo: *Your draft is kept.* {steps} shows your words beside how things stand; publish it then.")


def concern_blocks(tx: Transaction, draft: IncidentDraft, *, choose: Block | None = None) -> list[Block]:
    """What does not fit together once the draft is public; `choose` stands beside what components would settle."""
    concerns = find_concerns(tx, draft)
    groups = {row.id: row.name for row in list_components(tx.session, draft.page_id) if row.group}
    down = [f"{escape(full_name(row, groups))}: {state_text(status)}" for row, status in concerns.down[:_MOST_MOVED]]
    if len(concerns.down) > _MOST_MOVED:
        down.append(f"…and {len(concerns.down) - _MOST_MOVED} more")
    content = content_of(draft)
    at = None if isinstance(content, str) else find_far_off(content, tx.now)
    texts = {
        Concern.FAR_OFF: f"*{when(at) if at else ''}*: look whether that is the year which you mean.",
        Concern.NO_COMPONENT: "*No component is affected.* None shows readers that something is wrong by it.",
        Concern.IMPACT: "*Impact and components disagree.* Readers are told "
        f"{impact_text(concerns.impact)}, and by its components, at their worst, it is "
        f"{impact_text(concerns.own_impact)}.",
        Concern.STILL_DOWN: "*It is over, and components stay as they are:*\n" + "\n".join(down),
    }
    return [section(f":warning: {texts[concern]}", accessory=choose) for concern in concerns.found]


def warning_blocks(draft: IncidentDraft) -> list[Block]:
    """What somebody should look at before the draft is public."""
    text = render_leaks([Leak.from_json(kept) for kept in draft.warnings])
    unfilled = list_placeholders(*texts_of(content_of(draft)))
    if unfilled:
        names = ", ".join(escape(f"{{{{{name}}}}}") for name in unfilled[:10])
        text = f"{text}\n:warning: Not filled in: {names}.".strip()
    return [section(text)] if text else []
