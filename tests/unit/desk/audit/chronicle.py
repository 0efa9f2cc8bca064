"""Stories of what happens at the desk, each step with all that it records and all that it tells people.

A story is a generator: after each step it yields the step's events and messages, in full. `test_stories.py` compares
them with what the database has since the step before: what is missing, wrong or too many is found.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from desk.audit.trail import Action
from desk.transaction import Actor
from tests.clock import HeldClock
from tests.unit.desk.stage import Stage

T = TypeVar("T")
CHANNEL = "C0OWNERS01"
_KINDS = {"role": "grant", "owners": "organization", "postmortem": "incident"}
"""What an event's subject is, where its name begins with another word."""


@dataclass(frozen=True)
class Event:
    """What the trail keeps of one change."""

    actor: str
    action: str
    subject: tuple[str, str]
    data: dict[str, Any] = field(default_factory=dict)


Message = tuple[str, str]
"""A kind of message, and the conversation in which it is sent or brought up to date."""
Step = tuple[list[Event], set[Message]] | None
"""What a step records and sends; None where another story tells of it."""
Telling = Callable[[Stage], Iterator[Step]]


@dataclass(frozen=True)
class Story:
    """A story, and the events that it tells of."""

    tells: frozenset[Action]
    telling: Telling


STORIES: dict[str, Story] = {}


def story(*tells: Action) -> Callable[[Telling], Telling]:
    """Make a generator one of the stories."""

    def keep(telling: Telling) -> Telling:
        assert telling.__name__ not in STORIES
        STORIES[telling.__name__] = Story(frozenset(tells), telling)
        return telling

    return keep


def event(actor: str | Actor, action: Action, subject_id: str, /, **data: Any) -> Event:
    """An event, of a member (by user id) or another actor."""
    who = str(Actor.member(actor) if isinstance(actor, str) else actor)
    subject = action.partition(".")[0]
    return Event(who, str(action), (_KINDS.get(subject, subject), subject_id), data)


def sent(kind: str, *conversations: str) -> set[Message]:
    """The same message in several conversations."""
    return {(kind, conversation) for conversation in conversations}


def under(stage: Stage, **policy: Any) -> Stage:
    """The same desk under another policy."""
    return replace(stage, desk=replace(stage.desk, policy=replace(stage.desk.policy, **policy)))


def given(stage: Stage, add: Callable[..., T], **values: Any) -> T:
    """A row of `tests.factories` that was there before."""
    with stage.desk.database.write() as session:
        return add(session, stage.desk.clock.now(), **values)


def later(stage: Stage, *, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    """Time goes on; gives the new instant."""
    assert isinstance(stage.desk.clock, HeldClock)
    return stage.desk.clock.advance(days=days, hours=hours, minutes=minutes)
