"""The minute's sweep: every area, batch by batch, whatever befalls the others."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from structlog.testing import capture_logs

from desk.people import Subject
from desk.roles.roles import grant_role, revoke_role
from desk.transaction import Desk, Transaction
from handlers.jobs import sweep as sweep_job
from handlers.jobs.housekeeping import KEEP_DELIVERIES, KEEP_EVENTS, KEEP_POSTS, tidy
from handlers.jobs.sweep import follow_people, sweep
from storage.models import (
    ApiKey,
    ApiPost,
    AuditEvent,
    Channel,
    Delivery,
    DeliveryLane,
    DeliveryStatus,
    KeyRequest,
    KeyUse,
    Member,
    RequestStatus,
    Role,
    SeenEvent,
    SubjectKind,
    Ticket,
)
from storage.posts import claim_post
from tests.clock import HeldClock
from tests.factories import MAX, OLIVIA, OMAR, add_key, add_member, add_owner, add_request, add_ticket, add_use
from tests.unit.desk.stage import set_stage
from tests.waiting import eventually


async def test_every_area_is_swept(desk: Desk, clock: HeldClock) -> None:
    """A request, a ticket and a key whose time is up are settled by one sweep; a second one finds nothing."""
    with desk.database.write() as session:
        add_owner(session, "U0OLIVIA01", clock.now())
        request = add_request(session, clock.now()).id
        ticket = add_ticket(session, clock.now()).id
        add_key(session, clock.now())
    clock.advance(days=91)
    done = await sweep(desk, clock.now())
    assert done.keys() == sweep_job.AREAS.keys()
    assert (done["requests"], done["tickets"], done["keys"]) == (1, 1, 1)
    with desk.database.read() as session:
        assert session.get_one(KeyRequest, request).status == "expired"
        assert session.get_one(Ticket, ticket).status == "lapsed"
        assert "key.expired" in session.scalars(select(AuditEvent.action)).all()
    assert set((await sweep(desk, clock.now())).values()) == {0}


async def test_an_approval_that_counts_again_grants_at_once(desk: Desk, clock: HeldClock) -> None:
    """An approver who has their role back need not press again, and nobody waits for the next minute."""
    stage = set_stage(replace(desk, policy=replace(desk.policy, approvals_needed=2)))
    request = stage.ask()
    following = asyncio.create_task(follow_people(stage.desk))
    omar = Subject(SubjectKind.USER, OMAR, "Omar")
    stage.approve(request, OMAR)
    stage.do(OLIVIA, partial(revoke_role, subject=omar, role=Role.OWNER))
    stage.approve(request, OLIVIA)
    await asyncio.sleep(0)
    assert stage.fresh(KeyRequest, request.id).status == RequestStatus.PENDING
    stage.do(OLIVIA, partial(grant_role, subject=omar, role=Role.OWNER))
    assert await eventually(lambda: stage.fresh(KeyRequest, request.id).status == RequestStatus.APPROVED)
    following.cancel()


async def test_batches_follow_one_another(desk: Desk, clock: HeldClock) -> None:
    """An area with more to do than fits into a batch is swept until nothing is left."""
    left = [3, 3, 1, 0]
    assert await sweep(desk, clock.now(), areas={"busy": lambda _tx: left.pop(0)}) == {"busy": 7}
    assert left == []


async def test_an_area_that_fails_holds_up_no_other(desk: Desk, clock: HeldClock) -> None:
    """A failing area is logged with a reference; what it wrote is undone, and the areas after it are swept."""

    def fail(tx: Transaction) -> int:
        add_key(tx.session, tx.now)
        raise LookupError("a mistake")

    counts = iter([2, 0])
    with capture_logs() as logs:
        done = await sweep(desk, clock.now(), areas={"failing": fail, "other": lambda _tx: next(counts)})
    assert done == {"failing": 0, "other": 2}
    assert [(entry["area"], bool(entry["reference"])) for entry in logs] == [("failing", True)]
    with desk.database.read() as session:
        assert session.query(ApiKey).count() == 0


async def test_housekeeping_forgets_only_what_is_old_and_settled(desk: Desk, clock: HeldClock) -> None:
    """Old sent rows and events go; new ones, and old ones that still wait or are dead, stay."""
    old = clock.now() - KEEP_DELIVERIES - timedelta(days=1)
    with desk.database.write() as session:
        for created_at in (old, clock.now()):
            for status in DeliveryStatus:
                session.add(
                    Delivery(
                        channel=Channel.SLACK,
                        lane=f"C{status}",
                        subject="m1",
                        status=status,
                        due_at=created_at,
                        created_at=created_at,
                    )
                )
                clock.advance(seconds=1)
            if created_at == old:
                session.flush()
                session.query(Delivery).filter_by(status=DeliveryStatus.SENDING).delete()
        for sent_at in (old, clock.now()):
            session.add(DeliveryLane(channel=Channel.SLACK, lane=sent_at.isoformat(), sent_at=sent_at))
        session.add(SeenEvent(event_id="old", at=clock.now() - KEEP_EVENTS - timedelta(minutes=1)))
        session.add(SeenEvent(event_id="new", at=clock.now()))
        key = add_key(session, clock.now())
        for name, made_at in (("old", clock.now() - KEEP_POSTS - timedelta(minutes=1)), ("new", clock.now())):
            claim_post(session, key.id, name, content="", now=made_at)
    assert await tidy(desk, clock.now()) == 5
    with desk.database.read() as session:
        left = {row.status for row in session.query(Delivery) if row.created_at == old}
        assert left == {DeliveryStatus.PENDING, DeliveryStatus.DEAD}
        assert session.query(Delivery).count() == 2 + len(DeliveryStatus)
        assert session.query(DeliveryLane).count() == 1
        assert [event.event_id for event in session.query(SeenEvent)] == ["new"]
        assert [post.fingerprint for post in session.query(ApiPost)] == ["new"]


async def test_housekeeping_keeps_of_people_what_settings_say(desk: Desk, clock: HeldClock) -> None:
    """From where a key was called goes ninety days after its last call, refused ones counted, and names of people who
    left when it is said."""
    day = timedelta(days=1)
    with desk.database.write() as session:
        uses = {}
        for name, used, refused in (("old", 91, 91), ("used", 1, 91), ("refused", 91, 1)):
            key = add_key(session, clock.now(), name=name)
            at = {"last_used_at": clock.now() - used * day, "last_refused_at": clock.now() - refused * day}
            uses[name] = add_use(session, key, last_address="192.0.2.7", last_user_agent="curl/8", **at).key_id
        add_member(session, MAX, clock.now() - 40 * day, is_deleted=True)
    await tidy(replace(desk, policy=replace(desk.policy, forget_left_after=30 * day)), clock.now())
    with desk.database.read() as session:
        kept = {name: session.get_one(KeyUse, key_id) for name, key_id in uses.items()}
        assert {name: use.last_address is not None for name, use in kept.items()} == {
            "old": False,
            "used": True,
            "refused": True,
        }
        assert kept["old"].last_user_agent is None
        assert session.get_one(Member, MAX).forgotten_at == clock.now()
