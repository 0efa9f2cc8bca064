"""Every event of the vocabulary is recorded as it should be, and everybody is told who should be, and nobody else."""

import pytest
from sqlalchemy import select

from desk.audit.trail import Action
from desk.transaction import Desk
from storage.models import AuditEvent, Delivery, SlackMessage
from tests.unit.desk.audit import (
    stories_of_incidents,
    stories_of_keys,
    stories_of_people,
    stories_of_requests,
    stories_of_the_rest,
)
from tests.unit.desk.audit.chronicle import STORIES, Event, Story
from tests.unit.desk.stage import Stage, set_stage

TOLD_BY = (stories_of_incidents, stories_of_keys, stories_of_people, stories_of_requests, stories_of_the_rest)
"""The modules whose stories are told here."""


@pytest.mark.parametrize("name", list(STORIES))
def test_what_is_recorded_and_told(desk: Desk, name: str) -> None:
    """Each step of a story records exactly its events, with all of their data, and sends exactly its messages."""
    follow(STORIES[name], set_stage(desk))


def follow(told: Story, stage: Stage) -> None:
    """Tell a story and compare."""
    compared: set[str] = set()
    seq = row = 0
    for step in told.telling(stage):
        with stage.desk.database.read() as session:
            kept = session.scalars(select(AuditEvent).where(AuditEvent.seq > seq).order_by(AuditEvent.seq)).all()
            due = session.execute(
                select(Delivery.id, SlackMessage.kind, SlackMessage.conversation)
                .join(SlackMessage, SlackMessage.id == Delivery.subject)
                .where(Delivery.id > row)
            ).all()
        seq, row = max([seq, *(one.seq for one in kept)]), max([row, *(number for number, _, _ in due)])
        if step is not None:
            events, messages = step
            found = [Event(one.actor, one.action, (one.subject_kind, one.subject_id), one.data) for one in kept]
            assert found == events
            assert {(kind, conversation) for _, kind, conversation in due} == messages
            compared.update(one.action for one in kept)
    assert compared == told.tells


def test_every_event_has_its_story() -> None:
    """A name that is added to the vocabulary is recorded somewhere, and a story tells where."""
    modules = {module.__name__ for module in TOLD_BY}
    assert modules == {told.telling.__module__ for told in STORIES.values()}
    assert set().union(*(told.tells for told in STORIES.values())) == set(Action)
