"""What is over and old goes; what somebody may still press, read or wait for stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from desk.identifiers import new_id
from desk.transaction import Desk
from handlers.jobs.housekeeping import KEEP_RUNS, tidy
from storage.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Digest,
    DigestItem,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentDraft,
    IncidentStatus,
    IncidentUpdate,
    JobRun,
    KeyStatus,
    KeyUseDay,
    MessageSubject,
    RequestStatus,
    SlackMessage,
    TicketStatus,
)
from tests.clock import HeldClock
from tests.factories import add_key, add_page, add_request, add_ticket

DAY = timedelta(days=1)
KEEP = 400 * DAY
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


def add_message(session: Session, kind: str, subject_id: str, at: datetime, **values: object) -> str:
    """A message of a channel."""
    message = SlackMessage(
        id=new_id(), kind=kind, subject_id=subject_id, conversation="C1", created_at=at, ts="1.0", **values
    )
    session.add(message)
    session.flush()
    return message.id


def add_incident(session: Session, at: datetime, status: IncidentStatus, number: int = 1) -> Incident:
    """An incident with one update."""
    page = add_page(session, at, name=f"Page {number}", subdomain=f"page-{number}")
    incident = Incident(
        id=new_id(), number=number, page_id=page.id, name="Down", status=status, impact="none", created_at=at,
        updated_at=at, started_at=at, shortlink="", created_by="member:U1",
    )  # fmt: skip
    session.add(incident)
    session.flush()
    return incident


def _request(status: RequestStatus) -> Callable[[Session, datetime], tuple[str, str]]:
    return lambda session, old: ("request.card", add_request(session, old, status=status).id)


def _key(**values: object) -> Callable[[Session, datetime], tuple[str, str]]:
    return lambda session, old: ("key.ask", add_key(session, old, **values).id)


def _incident(status: IncidentStatus) -> Callable[[Session, datetime], tuple[str, str]]:
    return lambda session, old: ("incident.head", add_incident(session, old, status).id)


def _update(status: IncidentStatus) -> Callable[[Session, datetime], tuple[str, str]]:
    def add(session: Session, old: datetime) -> tuple[str, str]:
        incident = add_incident(session, old, status)
        said = IncidentUpdate(
            id=new_id(), incident_id=incident.id, status=status, body="So.", created_at=old, updated_at=old,
            display_at=old, created_by="member:U1",
        )  # fmt: skip
        session.add(said)
        session.flush()
        return "incident.said", said.id

    return add


def _ticket(status: TicketStatus) -> Callable[[Session, datetime], tuple[str, str]]:
    def add(session: Session, old: datetime) -> tuple[str, str]:
        request = add_request(session, old, status=RequestStatus.APPROVED)
        add_ticket(session, old, request_id=request.id, status=status)
        return "request.mine", request.id

    return add


def _draft(status: DraftStatus) -> Callable[[Session, datetime], tuple[str, str]]:
    return lambda session, old: ("draft.mine", add_draft(session, old, status).id)


def add_draft(session: Session, at: datetime, status: DraftStatus, **values: object) -> IncidentDraft:
    """A draft of an incident."""
    number = session.query(IncidentDraft).count()
    page = add_page(session, at, name=f"Drafts {number}", subdomain=f"drafts-{number}")
    draft = IncidentDraft(
        id=new_id(), status=status, kind=DraftKind.INCIDENT, author_id="U1", created_at=at, updated_at=at,
        **{"page_id": page.id, **values},
    )  # fmt: skip
    session.add(draft)
    session.flush()
    return draft


@pytest.mark.parametrize(
    ("add", "goes"),
    [
        (_request(RequestStatus.DENIED), True),
        (_request(RequestStatus.PENDING), False),
        (_ticket(TicketStatus.COLLECTED), True),
        (_ticket(TicketStatus.WAITING), False),
        (_key(expires_at=LONG_AGO), True),
        (_key(), False),
        (_key(status=KeyStatus.REVOKED), True),
        (_incident(IncidentStatus.RESOLVED), True),
        (_incident(IncidentStatus.MONITORING), False),
        (_update(IncidentStatus.COMPLETED), True),
        (_update(IncidentStatus.IN_PROGRESS), False),
        (_draft(DraftStatus.PUBLISHED), True),
        (_draft(DraftStatus.WAITING), False),
        (lambda _session, _old: ("role.granted", f"{new_id()}:{new_id()}"), True),
        (lambda _session, _old: ("channel.trouble", "C1"), False),
    ],
)
async def test_messages_go_once_what_they_show_is_over(
    desk: Desk, clock: HeldClock, add: Callable[[Session, datetime], tuple[str, str]], goes: bool
) -> None:
    """A card stays while its subject may change, however old it is; that people were told of a channel stays too."""
    old = clock.now() - KEEP - DAY
    with desk.database.write() as session:
        add_message(session, *add(session, old), old)
    await tidy(desk, clock.now())
    with desk.database.read() as session:
        assert session.query(SlackMessage).count() == (0 if goes else 1)


async def test_messages_that_are_needed_stay(desk: Desk, clock: HeldClock) -> None:
    """One that is young, waits to be delivered or was given up, shows a key that works, or is the head of a thread
    with any of these; the rest of a thread goes with its head."""
    old = clock.now() - KEEP - DAY
    with desk.database.write() as session:
        live = add_key(session, clock.now()).id
        over = add_key(session, old, expires_at=LONG_AGO).id
        notes = [f"{over}:{new_id()}" for _ in range(8)]
        young = add_message(session, "key.changed", notes[0], clock.now())
        dead = add_message(session, "key.changed", notes[1], old)
        session.add(
            Delivery(
                channel=Channel.SLACK, lane="C1", subject=dead, status=DeliveryStatus.DEAD, due_at=old, created_at=old
            )
        )
        showing = add_message(session, "key.changed", notes[2], old)
        gone = add_message(session, "key.changed", notes[3], old)
        for message, key_id in ((showing, live), (gone, over)):
            session.add(MessageSubject(message_id=message, kind="key", subject_id=key_id))
            session.add(MessageSubject(message_id=message, kind="reader", subject_id="own"))
        head = add_message(session, "key.changed", notes[4], old)
        reply = add_message(session, "key.changed", notes[5], clock.now(), thread_of=head)
        add_message(session, "key.changed", notes[7], old, thread_of=add_message(session, "key.ask", over, old))
    await tidy(desk, clock.now())
    with desk.database.read() as session:
        assert {row.id for row in session.query(SlackMessage)} == {young, dead, showing, head, reply}
        assert {row.message_id for row in session.query(MessageSubject)} == {showing}


async def test_what_cards_show_is_kept_as_long_as_they_are(desk: Desk, clock: HeldClock) -> None:
    """Decided drafts and digests go with their last card, and not before; a draft not before its incident is over."""
    old = clock.now() - KEEP - DAY
    with desk.database.write() as session:
        live, over = add_key(session, clock.now()).id, add_key(session, old, expires_at=LONG_AGO).id
        for period, key_id in (("2020-01-06", live), ("2020-01-13", over)):
            session.add(Digest(period=period, scheduled_for=old, composed_at=old))
            session.flush()
            session.add(DigestItem(id=new_id(), period=period, position=0, key_id=key_id, findings=[]))
            message = add_message(session, "digest.card", period, old)
            session.add(MessageSubject(message_id=message, kind="key", subject_id=key_id))
        for status in DraftStatus:
            add_draft(session, old, status)
        shown = add_draft(session, old, DraftStatus.DISCARDED)
        add_message(session, "draft.decided", f"{shown.id}:{new_id()}", clock.now())
        kept = {shown.id} | {
            add_draft(session, old, DraftStatus.PUBLISHED, incident_id=incident.id).id
            for incident in (add_incident(session, old, IncidentStatus.MONITORING, 7),)
        }
    await tidy(desk, clock.now())
    with desk.database.read() as session:
        assert [row.period for row in session.query(Digest)] == ["2020-01-06"]
        assert [row.key_id for row in session.query(DigestItem)] == [live]
        undecided = {DraftStatus.OPEN, DraftStatus.WAITING}
        assert {row.id for row in session.query(IncidentDraft) if row.status not in undecided} == kept
        assert {row.status for row in session.query(IncidentDraft)} >= undecided


async def test_uses_a_day_and_runs_that_were_given_up_go(desk: Desk, clock: HeldClock) -> None:
    """Counts go with their day; a run that nobody finished goes like others, and one that somebody is at stays."""
    now = clock.now()
    with desk.database.write() as session:
        key = add_key(session, now).id
        for days in (0, 399, 401, 1000):
            session.add(KeyUseDay(key_id=key, day=(now - days * DAY).date(), reads=1))
        for period, lease in (("2020-01-06T00:00:00Z", now - KEEP_RUNS - DAY), ("2020-01-07T00:00:00Z", now + DAY)):
            session.add(JobRun(job="sweep", period=period, claimed_by="r1", lease_until=lease))
    await tidy(desk, now)
    with desk.database.read() as session:
        assert [row.day for row in session.query(KeyUseDay).order_by(KeyUseDay.day)] == [
            (now - days * DAY).date() for days in (399, 0)
        ]
        assert [row.period for row in session.query(JobRun)] == ["2020-01-07T00:00:00Z"]


async def test_all_is_kept_where_settings_say_so(desk: Desk, clock: HeldClock) -> None:
    """Without a time nothing is too old."""
    with desk.database.write() as session:
        add_message(session, "role.granted", f"{new_id()}:{new_id()}", clock.now() - 9999 * DAY)
    await tidy(replace(desk, policy=replace(desk.policy, keep_over=None)), clock.now())
    with desk.database.read() as session:
        assert session.query(SlackMessage).count() == 1
