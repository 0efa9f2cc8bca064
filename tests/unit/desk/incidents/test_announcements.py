"""Incidents in Slack: one head message, one reply for each update, and how far each of them got."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from desk.errors import ConflictError, NotAllowedError, NotFoundError
from desk.incidents.announcements import (
    ALONE_CARD,
    HEAD_CARD,
    UPDATE_CARD,
    Delivery,
    DeliveryState,
    list_deliveries,
    retry_announcement,
)
from desk.incidents.drafts.drafts import write_draft
from desk.incidents.drafts.publishing import publish_draft
from desk.incidents.incidents import delete_incident
from desk.incidents.inputs import NewIncident, Schedule
from desk.incidents.lookup import list_updates
from desk.incidents.postmortems import publish_postmortem, revert_postmortem, write_postmortem
from desk.incidents.updates import edit_update
from desk.messages.dead_letters import sweep_unheard
from desk.messages.outbox import send_note
from desk.pages.status import Impact
from desk.policy import Policy
from desk.transaction import Desk, Transaction
from storage.models import (
    ComponentStatus,
    DeliveryStatus,
    DraftKind,
    IncidentStatus,
    IncidentUpdate,
    Role,
    SecondPerson,
    SlackMessage,
)
from storage.models import Delivery as DeliveryRow
from tests.clock import MONDAY_MORNING as NOW
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA
from tests.unit.desk.incidents.incident_stage import STATUS, SWEEP, IncidentStage, set_incident_stage

ELSEWHERE = "C0OWNERS01"


@pytest.fixture
def policy() -> Policy:
    """Pages that name no channel are announced elsewhere."""
    return Policy(announcement_channel=ELSEWHERE)


@pytest.fixture
def stage(desk: Desk) -> IncidentStage:
    """A page with a channel."""
    return set_incident_stage(desk)


def first_update(stage: IncidentStage, incident_id: str) -> IncidentUpdate:
    """The first thing that was said."""
    return stage.see(INES, lambda tx: list_updates(tx.session, [incident_id])[-1])


def deliveries(stage: IncidentStage, incident_id: str) -> list[Delivery]:
    """How far each announcement got."""
    return list(stage.see(INES, partial(list_deliveries, incident_id=incident_id)))


def head_edits(stage: IncidentStage, incident_id: str) -> int:
    """How often an incident's head was, or is to be, brought up to date."""
    [head] = [card.id for card in stage.cards(HEAD_CARD) if card.subject_id == incident_id]
    return sum(row.subject == head for row in stage.all(DeliveryRow))


def settle(stage: IncidentStage, message_id: str, status: DeliveryStatus, error: str | None = None) -> None:
    """What a worker writes down about all rows of a message."""
    with stage.desk.database.write() as session:
        rows = update(DeliveryRow).where(DeliveryRow.subject == message_id)
        session.execute(rows.values(status=status, last_error=error))
        if status is DeliveryStatus.SENT:
            message = session.get_one(SlackMessage, message_id)
            message.channel_id, message.ts = message.conversation, "1772442000.000100"


def test_an_incident_has_one_head_and_a_reply_for_each_update(stage: IncidentStage, clock: HeldClock) -> None:
    """Opening posts the head and a reply; each update edits the head and adds a reply; a new name edits the head."""
    incident_id = stage.open()
    assert stage.outbox() == [HEAD_CARD, UPDATE_CARD]
    clock.advance(minutes=1)
    stage.change(incident_id, status=IncidentStatus.IDENTIFIED, body="A cable.")
    stage.change(incident_id, name="Slower")
    assert stage.outbox()[2:] == [HEAD_CARD, UPDATE_CARD, HEAD_CARD]
    [head] = stage.cards(HEAD_CARD)
    assert (head.conversation, head.subject_id, head.thread_of) == (STATUS, incident_id, None)
    assert head.facts == {"name": "Slower", "page_id": stage.page}
    replies = stage.cards(UPDATE_CARD)
    assert [reply.thread_of for reply in replies] == [head.id, head.id]
    with stage.desk.database.read() as session:
        said = [one.id for one in list_updates(session, [incident_id])]
    assert [reply.subject_id for reply in replies] == said[::-1]


def test_other_heads_follow_a_component(stage: IncidentStage) -> None:
    """Where a component's state changes, the heads of the other open incidents about it are edited, and no more."""
    first, second, *_ = stage.components
    about = {"it": first, "it too": first, "it, over": first, "another": second}
    ids = {
        name: stage.open(name=name, components={component: ComponentStatus.DEGRADED_PERFORMANCE})
        for name, component in about.items()
    }
    stage.change(ids["it, over"], status=IncidentStatus.RESOLVED, components={first: None})
    before = [head_edits(stage, incident_id) for incident_id in ids.values()]
    for status in (ComponentStatus.MAJOR_OUTAGE, ComponentStatus.MAJOR_OUTAGE):
        stage.change(ids["it"], body="Worse.", components={first: status})
    edits = [head_edits(stage, incident_id) - count for incident_id, count in zip(ids.values(), before, strict=True)]
    assert dict(zip(ids, edits, strict=True)) == {"it": 2, "it too": 1, "it, over": 0, "another": 0}


@both_databases
def test_a_correction_edits_its_reply(stage: IncidentStage) -> None:
    """A corrected update brings its own reply up to date and adds none."""
    incident_id = stage.open()
    said = first_update(stage, incident_id)
    stage.do(INES, lambda tx: edit_update(tx, said.id, body="We are looking."))
    assert stage.outbox()[2:] == [HEAD_CARD, UPDATE_CARD]
    assert len(stage.cards(UPDATE_CARD)) == 1
    assert first_update(stage, incident_id).body == "We are looking."
    stage.do(INES, lambda tx: edit_update(tx, said.id, deliver_notifications=False))
    kept = first_update(stage, incident_id)
    assert (kept.body, kept.deliver_notifications) == ("We are looking.", False)


@both_databases
def test_a_postmortem_shows_on_the_head_once_it_is_public(stage: IncidentStage) -> None:
    """Its draft says nothing in Slack; publishing it and taking it back edit the head."""
    incident_id = stage.open(status=IncidentStatus.RESOLVED)
    stage.do(INES, lambda tx: write_postmortem(tx, incident_id, "A cable."))
    assert len(stage.outbox()) == 2
    stage.do(INES, lambda tx: publish_postmortem(tx, incident_id))
    stage.do(INES, lambda tx: revert_postmortem(tx, incident_id))
    assert stage.outbox()[2:] == [HEAD_CARD, HEAD_CARD]


def test_a_deleted_incident_edits_its_head_once_more(stage: IncidentStage) -> None:
    """The head is left to say that the incident is gone, and still knows its name and page."""
    incident_id = stage.open()
    stage.do(INES, partial(delete_incident, incident_id=incident_id))
    assert stage.outbox()[2:] == [HEAD_CARD]
    assert stage.cards(HEAD_CARD)[0].facts["name"] == "Slow"


def test_maintenances_are_announced_and_the_past_is_not(stage: IncidentStage) -> None:
    """A maintenance has its thread like an incident; what is written down afterwards has none, whatever follows."""
    hour = timedelta(hours=1)
    stage.open(schedule=Schedule(scheduled_for=NOW + hour, scheduled_until=NOW + 2 * hour))
    assert stage.outbox() == [HEAD_CARD, UPDATE_CARD]
    past = stage.open(backfilled_at=NOW - hour)
    stage.change(past, body="More of it.")
    stage.do(INES, partial(delete_incident, incident_id=past))
    assert len(stage.outbox()) == 2


@pytest.mark.parametrize(
    ("case", "page_channel", "policy_channel", "places"),
    [
        ("the page's own", STATUS, ELSEWHERE, [STATUS]),
        ("the policy's", None, ELSEWHERE, [ELSEWHERE]),
        ("none", None, None, []),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_where_an_incident_is_announced(
    stage: IncidentStage, case: str, page_channel: str | None, policy_channel: str | None, places: list[str]
) -> None:
    """In its page's channel, else in the one for all pages, else nowhere."""
    stage.set_page(announcement_channel=page_channel)
    desk = replace(stage.desk, policy=Policy(announcement_channel=policy_channel))
    replace(stage, desk=desk).open()
    assert [card.conversation for card in stage.cards(HEAD_CARD)] == places, case
    assert [card.conversation for card in stage.cards(UPDATE_CARD)] == places, case


@both_databases
def test_a_head_goes_on_showing_the_state_when_the_channel_changes(stage: IncidentStage, clock: HeldClock) -> None:
    """After the page's channel changed, the old head is edited as before, and the thread goes on in the new one."""
    incident_id = stage.open()
    clock.advance(minutes=1)
    stage.set_page(announcement_channel=ELSEWHERE)
    stage.change(incident_id, status=IncidentStatus.RESOLVED)
    assert [card.conversation for card in stage.cards(HEAD_CARD)] == [STATUS, ELSEWHERE]
    assert [card.conversation for card in stage.cards(UPDATE_CARD)] == [STATUS, ELSEWHERE]
    with stage.desk.database.read() as session:
        lanes = session.scalars(select(DeliveryRow.lane).order_by(DeliveryRow.id)).all()
    assert lanes == [STATUS, STATUS, ELSEWHERE, STATUS, ELSEWHERE]


@both_databases
def test_publishing_without_a_second_person_is_said_in_the_thread(stage: IncidentStage) -> None:
    """Where the role lets somebody publish a critical incident alone, the thread names them."""
    stage.set_page(second_person=SecondPerson.ALWAYS, second_person_skipped_by=Role.INCIDENT_MANAGER)
    new = NewIncident(name="Down", impact_override=Impact.CRITICAL)

    def publish(tx: Transaction) -> tuple[str, str]:
        draft = write_draft(tx, page_id=stage.page, kind=DraftKind.INCIDENT, content=new)
        _, incident = publish_draft(tx, draft.id)
        assert incident is not None
        return draft.id, incident.id

    draft_id, incident_id = stage.do(INES, publish)
    assert stage.outbox() == [HEAD_CARD, UPDATE_CARD, ALONE_CARD]
    [alone] = stage.cards(ALONE_CARD)
    assert (alone.subject_id, alone.thread_of) == (draft_id, stage.cards(HEAD_CARD)[0].id)
    assert alone.facts == {"incident_id": incident_id, "by": f"member:{INES}"}


@both_databases
def test_how_far_announcements_got(stage: IncidentStage, clock: HeldClock) -> None:
    """The head comes first, then the replies, the oldest first: queued, posted with its place, or failed and why."""
    incident_id = stage.open()
    stage.open(name="Another")
    clock.advance(minutes=1)
    stage.change(incident_id, body="Still looking.")
    head, first, second = deliveries(stage, incident_id)
    assert {one.state for one in (head, first, second)} == {DeliveryState.QUEUED}
    assert [one.kind for one in (head, first, second)] == [HEAD_CARD, UPDATE_CARD, UPDATE_CARD]
    assert (head.subject_id, first.subject_id) == (incident_id, first_update(stage, incident_id).id)
    settle(stage, head.message_id, DeliveryStatus.SENT)
    settle(stage, first.message_id, DeliveryStatus.DEAD, "is_archived")
    settle(stage, second.message_id, DeliveryStatus.SENDING)
    states = [(one.state, one.error, one.ts) for one in deliveries(stage, incident_id)]
    assert states == [
        (DeliveryState.POSTED, "", "1772442000.000100"),
        (DeliveryState.FAILED, "is_archived", ""),
        (DeliveryState.QUEUED, "", ""),
    ]
    settle(stage, second.message_id, DeliveryStatus.DROPPED)
    assert deliveries(stage, incident_id)[2].state is DeliveryState.FAILED
    stage.change(incident_id, name="Slower")
    assert deliveries(stage, incident_id)[0].state is DeliveryState.QUEUED
    with stage.desk.database.write() as session:
        session.query(DeliveryRow).delete()
    assert {one.state for one in deliveries(stage, incident_id)} == {DeliveryState.POSTED}


def test_a_failed_announcement_can_be_tried_again(stage: IncidentStage) -> None:
    """Whoever may publish such an incident, and nobody else, tries a dead announcement again, once."""
    incident_id = stage.open()
    for failed in deliveries(stage, incident_id):
        settle(stage, failed.message_id, DeliveryStatus.DEAD, "is_archived")
        again = partial(retry_announcement, message_id=failed.message_id)
        with pytest.raises(NotAllowedError):
            stage.do(MIA, again)
        stage.do(MAX, again)
        with pytest.raises(ConflictError):
            stage.do(OLIVIA, again)
    assert [one.state for one in deliveries(stage, incident_id)] == [DeliveryState.QUEUED] * 2
    assert stage.recorded("delivery.retried") == 2


def test_only_announcements_of_incidents_that_are_there_are_tried_again(stage: IncidentStage) -> None:
    """Other messages, unknown ones and those of deleted incidents are not found."""
    incident_id = stage.open()
    [head, *_] = deliveries(stage, incident_id)
    settle(stage, head.message_id, DeliveryStatus.DEAD, "is_archived")
    stage.do(INES, partial(delete_incident, incident_id=incident_id))
    stage.do(OLIVIA, lambda tx: send_note(tx, "test.note", "s", [STATUS]))
    [note] = stage.cards("test.note")
    for message_id in (head.message_id, note.id, "nosuchthing1"):
        with pytest.raises(NotFoundError):
            stage.do(OLIVIA, partial(retry_announcement, message_id=message_id))


@both_databases
def test_what_is_said_quietly_posts_no_message(stage: IncidentStage, clock: HeldClock) -> None:
    """A quiet incident is in no channel; a quiet update edits the head that is there; what is loud posts both."""
    incident_id = stage.open(deliver_notifications=False)
    stage.change(incident_id, name="Slower")
    assert stage.outbox() == []
    clock.advance(minutes=1)
    stage.change(incident_id, body="A cable.")
    assert stage.outbox() == [HEAD_CARD, UPDATE_CARD]
    loud = stage.change(incident_id, body="We found it.")
    assert stage.outbox() == [HEAD_CARD, UPDATE_CARD] * 2
    quiet = stage.change(incident_id, status=IncidentStatus.RESOLVED, deliver_notifications=False)
    assert stage.outbox() == [*[HEAD_CARD, UPDATE_CARD] * 2, HEAD_CARD]
    # Corrected, each stays where it is: what was said quietly is not posted now, and what was posted is edited.
    assert loud is not None
    assert quiet is not None
    for update_id, notify in ((quiet.id, None), (loud.id, False)):
        correct = partial(edit_update, update_id=update_id, body="Corrected.", deliver_notifications=notify)
        stage.do(INES, correct)
    assert stage.outbox()[5:] == [HEAD_CARD, HEAD_CARD, UPDATE_CARD]
    assert len(stage.cards(UPDATE_CARD)) == 2


def give_up(stage: IncidentStage) -> None:
    """Slack takes nothing that is on its way."""
    for kind in (HEAD_CARD, UPDATE_CARD):
        for message in stage.cards(kind):
            if message.ts is None:
                settle(stage, message.id, DeliveryStatus.DEAD, "channel_not_found")


def announced(stage: IncidentStage, incident_id: str) -> list[tuple[str, str, bool]]:
    """Where an incident's announcements are or will be, and whether in a thread of the same channel."""
    messages = {message.id: message for kind in (HEAD_CARD, UPDATE_CARD) for message in stage.cards(kind)}
    with stage.desk.database.read() as session:
        said = {one.id for one in list_updates(session, [incident_id])}
    found = []
    for message in messages.values():
        if message.subject_id in {incident_id, *said}:
            head = messages.get(message.thread_of or "")
            found.append(
                (message.kind, message.conversation, head is not None and head.conversation == message.conversation)
            )
    return found


@both_databases
def test_what_nobody_saw_goes_to_the_pages_corrected_channel(stage: IncidentStage, clock: HeldClock) -> None:
    """The head and what was said below it, once. What is over by then is no news: *Retry* says it there."""
    over, late, running = stage.open(name="Over"), stage.open(name="Late"), stage.open(name="Running")
    stage.change(over, status=IncidentStatus.RESOLVED)
    give_up(stage)
    stage.set_page(announcement_channel=ELSEWHERE)
    clock.advance(minutes=1)
    # The next update brings a head of its own to the right place; what was said before goes below that one. The old
    # head is on its way once more.
    stage.change(late, body="We found it.")
    assert stage.do(SWEEP, sweep_unheard) == 3
    assert stage.do(SWEEP, sweep_unheard) == 0
    assert announced(stage, running) == [(HEAD_CARD, ELSEWHERE, False), (UPDATE_CARD, ELSEWHERE, True)]
    assert (UPDATE_CARD, STATUS, True) not in announced(stage, late)
    assert announced(stage, late).count((UPDATE_CARD, ELSEWHERE, True)) == 2
    assert {place for _, place, _ in announced(stage, over)} == {STATUS}
    [head, *_] = deliveries(stage, over)
    stage.do(INES, partial(retry_announcement, message_id=head.message_id))
    assert (HEAD_CARD, ELSEWHERE, False) in announced(stage, over)
