"""Who may publish a draft, and whether somebody else must. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from storage.models import DraftKind, Incident, IncidentDraft, Role, SecondPerson


class Outcome(StrEnum):
    """What pressing *Publish* leads to."""

    PUBLISH = "publish"
    PUBLISH_ALONE = "publish_alone"
    """The second person is skipped because the impact is critical; it is announced."""
    ASK_SECOND = "ask_second"
    """The draft goes to the others who may publish."""
    REFUSE_ROLE = "refuse_role"
    REFUSE_AUTHOR = "refuse_author"
    """The draft waits for somebody else than its author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press of *Publish*: the page's rule, the draft, and who presses."""

    second_person: SecondPerson
    may_publish: bool
    is_author: bool
    is_waiting: bool
    is_first_post: bool
    is_critical: bool
    may_skip: bool
    """Whether the person has the role that may publish alone when the impact is critical."""


def decide_publication(press: Press) -> Outcome:
    """What a press of *Publish* leads to."""
    if not press.may_publish:
        return Outcome.REFUSE_ROLE
    needs_second = press.second_person == SecondPerson.ALWAYS or (
        press.second_person == SecondPerson.FIRST_POST and press.is_first_post
    )
    if not needs_second or not press.is_author:
        return Outcome.PUBLISH
    if press.is_critical and press.may_skip:
        return Outcome.PUBLISH_ALONE
    return Outcome.REFUSE_AUTHOR if press.is_waiting else Outcome.ASK_SECOND


def is_of_key(draft: IncidentDraft) -> bool:
    """Whether an API key handed the draft in."""
    return draft.author_id.startswith("key:")


def is_own(draft: IncidentDraft, author_id: str) -> bool:
    """Whether somebody wrote the draft, or answered for the key that did: neither is its second person."""
    return author_id in {draft.author_id, draft.on_behalf_of}


def has_written(draft: IncidentDraft, author_id: str) -> bool:
    """Whether words of it are somebody's, so that they are no second person for it."""
    return is_own(draft, author_id) or author_id == draft.edited_by


def role_to_manage(*, scheduled: bool) -> Role:
    """The role, on the page, that managing an incident or (`scheduled`) a maintenance needs."""
    return Role.MAINTENANCE_MANAGER if scheduled else Role.INCIDENT_MANAGER


def role_of(incident: Incident) -> Role:
    """The role, on its page, that publishing something about an incident needs."""
    return role_to_manage(scheduled=incident.scheduled_for is not None)


def role_for(kind: DraftKind, *, scheduled: bool) -> Role:
    """The role, on the page, that publishing such a draft needs."""
    return role_to_manage(scheduled=scheduled or kind is DraftKind.MAINTENANCE)
