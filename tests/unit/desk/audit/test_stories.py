"""Every event of the vocabulary is recorded as it should be, and everybody is told who should be, and nobody else."""

import pytest
from sqlalchemy import select

from desk.audit.trail import Action
from desk.transaction import Desk
from storage.models import AuditEvent, Delivery, SlackMessage
from tests.databases import url_on_both
from tests.unit.desk.audit import (
    stories_of_incidents,
    stories_of_keys,
    stories_of_people,
    stories_of_requests,
    stories_of_the_rest,
    stories_of_upstreams,
)
from tests.unit.desk.audit.chronicle import STORIES, Event, Story
from tests.unit.desk.audit.hearing import ASKS, NEWS, NOBODY_WAITS, RINGS
from tests.unit.desk.stage import Stage, set_stage

database_url = url_on_both

TOLD_BY = (
    stories_of_incidents,
    stories_of_keys,
    stories_of_people,
    stories_of_requests,
    stories_of_the_rest,
    stories_of_upstreams,
)
"""The modules whose stories are told here."""


@pytest.mark.parametrize("name", list(STORIES))
def test_what_is_recorded_and_told(desk: Desk, name: str) -> None:
    """Each step of a story records exactly its events, with all of their data, and sends exactly its messages."""
    follow(STORIES[name], set_stage(desk))


def follow(told: Story, stage: Stage) -> None:
    """Tell a story and compare. What ends somebody's waiting rings: it sends a message that was not there before."""
    compared: set[str] = set()
    rang: set[tuple[str, str]] = set()
    known: set[str] = set()
    seq = row = 0
    for step in told.telling(stage):
        with stage.desk.database.read() as session:
            kept = session.scalars(select(AuditEvent).where(AuditEvent.seq > seq).order_by(AuditEvent.seq)).all()
            due = session.execute(
                select(Delivery.id, SlackMessage.kind, SlackMessage.conversation)
                .join(SlackMessage, SlackMessage.id == Delivery.subject)
                .where(Delivery.id > row)
            ).all()
            new = {message.id: message.kind for message in session.scalars(select(SlackMessage))}
        seq, row = max([seq, *(one.seq for one in kept)]), max([row, *(number for number, _, _ in due)])
        rang |= {(one.action, kind) for one in kept for message_id, kind in new.items() if message_id not in known}
        known |= new.keys()
        if step is not None:
            events, messages = step
            found = [Event(one.actor, one.action, (one.subject_kind, one.subject_id), one.data) for one in kept]
            assert found == events
            assert {(kind, conversation) for _, kind, conversation in due} == messages
            compared.update(one.action for one in kept)
    assert compared == told.tells
    name = told.telling.__name__
    assert {(str(action), kind) for action, (where, kind) in RINGS.items() if where == name} <= rang


def test_every_event_has_its_story() -> None:
    """A name that is added to the vocabulary is recorded somewhere, and a story tells where."""
    modules = {module.__name__ for module in TOLD_BY}
    assert modules == {told.telling.__module__ for told in STORIES.values()}
    assert set().union(*(told.tells for told in STORIES.values())) == set(Action)


def test_of_every_event_it_is_said_who_hears() -> None:
    """What ends somebody's waiting has a story in which it rings; of all others it is said why nobody waits."""
    listed = [*RINGS, *ASKS, *NEWS, *NOBODY_WAITS]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(Action)
    assert {where for where, _ in RINGS.values()} <= STORIES.keys()
