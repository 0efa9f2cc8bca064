"""Cards of requests that wait say whose word counts, and so follow who the owners are."""

from functools import partial

import pytest
from sqlalchemy import select

from desk.people import Subject
from desk.requests.cards import REQUEST_CARD, REQUEST_MINE
from desk.requests.requests import withdraw
from desk.roles.roles import grant_role, revoke_grant
from desk.transaction import Desk
from storage.models import Delivery, DeliveryStatus, Role, SlackMessage, SubjectKind, UserGroup, UserGroupMember
from storage.slack_messages import Place, keep_place
from tests.databases import both_databases
from tests.factories import INES, MAX, MIA, OLIVIA, OMAR, add_grant
from tests.unit.desk.stage import Stage, set_stage

KEEPERS = "S0KEEPERS1"


@pytest.fixture
def stage(desk: Desk) -> Stage:
    """Olivia and Omar are owners."""
    return set_stage(desk)


def drawn_since(stage: Stage, last: int) -> set[tuple[str, str]]:
    """Kind and conversation of what is to be drawn again after a delivery."""
    with stage.desk.database.read() as session:
        rows = select(SlackMessage.kind, SlackMessage.conversation).join(
            Delivery, Delivery.subject == SlackMessage.id
        )
        return {(kind, place) for kind, place in session.execute(rows.where(Delivery.id > last)).all()}


def last_delivery(stage: Stage) -> int:
    """The newest delivery's number."""
    return max(delivery.id for delivery in stage.all(Delivery))


@both_databases
def test_a_waiting_request_is_drawn_again_when_owners_change(stage: Stage) -> None:
    """A new owner, and one less, bring every copy of its card up to date, the requester's too; once it is decided it
    stays as it is."""
    request = stage.ask()
    copies = {(REQUEST_CARD, OLIVIA), (REQUEST_CARD, OMAR), (REQUEST_MINE, MIA)}
    subject = Subject(SubjectKind.USER, INES, "Ines")
    last = last_delivery(stage)
    granted = stage.do(OLIVIA, partial(grant_role, subject=subject, role=Role.OWNER))
    assert copies <= drawn_since(stage, last)
    last = last_delivery(stage)
    stage.do(OLIVIA, partial(revoke_grant, grant_id=granted.grant.id))
    assert copies <= drawn_since(stage, last)
    stage.do(MIA, partial(withdraw, request_id=request.id))
    last = last_delivery(stage)
    stage.do(OLIVIA, partial(grant_role, subject=subject, role=Role.OWNER))
    assert not copies & drawn_since(stage, last)


@both_databases
def test_a_group_that_is_owner_no_more_takes_its_peoples_copies_along(stage: Stage) -> None:
    """What was sent to the group's people as owners is drawn again, also what is on its way in this instant."""
    now = stage.desk.clock.now()
    with stage.desk.database.write() as session:
        session.add(UserGroup(group_id=KEEPERS, handle="keepers", name="Keepers"))
        session.flush()
        session.add(UserGroupMember(group_id=KEEPERS, user_id=MAX))
        grant_id = add_grant(session, KEEPERS, Role.OWNER, now, subject_kind=SubjectKind.GROUP).id
    stage.ask(name="arrived")
    with stage.desk.database.write() as session:
        for message in session.scalars(select(SlackMessage).where(SlackMessage.conversation == MAX)).all():
            keep_place(session, message.id, Place("D0MAX00001", "1.000001"), won=True)
    stage.ask(name="on its way")
    last = last_delivery(stage)
    with stage.desk.database.write() as session:
        newest = select(Delivery).where(Delivery.lane == MAX).order_by(Delivery.id.desc()).limit(1)
        session.scalars(newest).one().status = DeliveryStatus.SENDING
    stage.do(OLIVIA, partial(revoke_grant, grant_id=grant_id))
    with stage.desk.database.read() as session:
        again = session.scalars(
            select(Delivery.subject)
            .distinct()
            .join(SlackMessage, Delivery.subject == SlackMessage.id)
            .where(Delivery.id > last, SlackMessage.conversation == MAX, SlackMessage.kind == REQUEST_CARD)
        ).all()
    assert len(again) == 2
