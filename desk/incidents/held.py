"""What keys hand in and may not publish by themselves: where a page's rule wants a person to read it first."""

from typing import NamedTuple

from sqlalchemy import select

from desk.errors import NotAllowedError
from desk.incidents.inputs import ENDED, IncidentChange
from desk.transaction import ActorKind, Transaction
from storage.locks import rely_on
from storage.models import ApiPosts, Incident, Page, SecondPerson


def decide_hold(second_person: SecondPerson, api_posts: ApiPosts, *, is_first_post: bool) -> bool:
    """Whether what a key hands in waits for a person. Pure.

    `second_person` is the page's rule for people, and no key gets round it, whatever the impact.
    """
    if api_posts is ApiPosts.DRAFT or second_person is SecondPerson.ALWAYS:
        return True
    return second_person is SecondPerson.FIRST_POST and is_first_post


class PostRule(NamedTuple):
    """A page's rule on what is posted there."""

    second_person: SecondPerson
    api_posts: ApiPosts

    @classmethod
    def of(cls, page: Page) -> "PostRule":
        """That of a page."""
        return cls(SecondPerson(page.second_person), ApiPosts(page.api_posts))

    def holds(self, *, is_first_post: bool) -> bool:
        """Whether what a key hands in waits for a person."""
        return decide_hold(self.second_person, self.api_posts, is_first_post=is_first_post)


def is_held(tx: Transaction, page_id: str, *, is_first_post: bool) -> bool:
    """Whether what the actor says on the page waits for a person: a key's, and nobody else's."""
    if tx.actor.kind != ActorKind.KEY:
        return False
    rule = select(Page.second_person, Page.api_posts).where(Page.id == page_id)
    # Somebody may change the rule while we wait: what is published is so under the one that holds then.
    second_person, api_posts = rely_on(tx.session, ("posts", page_id), lambda: tx.session.execute(rule).one())
    return PostRule(SecondPerson(second_person), ApiPosts(api_posts)).holds(is_first_post=is_first_post)


def is_change_held(tx: Transaction, incident: Incident, change: IncidentChange) -> bool:
    """The same of a change of an incident, which is held for what readers see of it alone."""
    return is_read(change) and is_held(tx, incident.page_id, is_first_post=reopens(incident, change))


def require_unheld(tx: Transaction, page_id: str, *, is_first_post: bool = False) -> None:
    """Raises NotAllowedError where what the actor says on the page would wait for a person."""
    if is_held(tx, page_id, is_first_post=is_first_post):
        raise refusal()


def refusal() -> NotAllowedError:
    """What a key is told that would say something by itself."""
    return NotAllowedError(
        "On this page a person reads what a key says before it is public.",
        "Say it in an update of the incident: that waits for a second person.",
    )


def reopens(incident: Incident, change: IncidentChange) -> bool:
    """Whether it opens again what was over, which is as new to readers as a first post."""
    return incident.status in ENDED and change.status is not None and change.status not in ENDED


def is_read(change: IncidentChange) -> bool:
    """Whether readers see anything of a change."""
    words = change.name is not None or change.says_something
    facts = change.impact_override is not None or change.clear_impact_override or change.schedule is not None
    return words or facts or bool(change.components)
