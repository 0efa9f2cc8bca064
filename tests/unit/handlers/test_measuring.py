"""What is looked at when somebody reads the metrics."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from desk.audit.trail import Action, record
from desk.transaction import Actor, Desk, Transaction
from handlers.measuring import WORST_LANES, look_at_outbox
from handlers.metrics import Metrics
from handlers.slack.framework.requests import what_is_asked
from storage.database import Database
from storage.models import Channel, Delivery, DeliveryStatus
from tests.clock import MONDAY_MORNING, HeldClock
from tests.databases import begin_other
from tests.factories import add_member


async def read(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """All samples: by name and values of their labels."""
    families = text_string_to_metric_families((await metrics.render()).decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def add(database: Database, lane: str, count: int, *, minutes: int, status: str = "pending") -> None:
    """Deliveries that have been due for so long."""
    due_at = MONDAY_MORNING - timedelta(minutes=minutes)
    with database.write() as session:
        for number in range(count):
            row = Delivery(channel=Channel.SLACK, lane=lane, subject=f"{lane}{number}", due_at=due_at)
            row.status, row.created_at = DeliveryStatus(status), due_at
            session.add(row)


async def test_the_outbox_of_all_organizations(database: Database, clock: HeldClock) -> None:
    """Depth and age of a channel, dead letters, and the lanes that have waited longest, not all of them."""
    add(database, "C1", 3, minutes=9)
    add(begin_other(database), "C2", 2, minutes=4)
    add(database, "C3", 1, minutes=60, status="dead")
    add(database, "C4", 1, minutes=-30)
    metrics = Metrics([look_at_outbox(database, clock)])
    seen = await read(metrics)
    assert seen["keydesk_outbox_waiting", "slack"] == 6
    assert seen["keydesk_outbox_age_seconds", "slack"] == 540
    assert seen["keydesk_outbox_dead", "slack"] == 1
    assert seen["keydesk_outbox_waiting", "webhook"] == 0
    assert seen["keydesk_outbox_lane_waiting", "slack", "C2"] == 2
    assert seen["keydesk_outbox_lane_age_seconds", "slack", "C4"] == 0
    for number in range(WORST_LANES):
        add(database, f"D{number}", 1, minutes=20)
    lanes = {labels[1] for name, *labels in await read(metrics) if name == "keydesk_outbox_lane_waiting"}
    assert lanes == {f"D{number}" for number in range(WORST_LANES)}


async def test_what_is_recorded_counts_once_it_is_kept(desk: Desk) -> None:
    """Not where the transaction is given up."""
    metrics = Metrics()
    desk = replace(desk, on_recorded=metrics.recorded)

    def work(tx: Transaction, *, fails: bool) -> None:
        add_member(tx.session, f"U{fails}", tx.now)
        record(tx, Action.MEMBER_JOINED, "member", f"U{fails}")
        if fails:
            raise LookupError

    operator = Actor.operator("root")
    await desk.write(operator, lambda tx: work(tx, fails=False))
    with suppress(LookupError):
        await desk.write(operator, lambda tx: work(tx, fails=True))
    assert (await read(metrics))["keydesk_audit_events_total", "member.joined"] == 1


def test_requests_have_names_of_a_closed_vocabulary() -> None:
    """Whatever somebody sends makes no series."""
    asked: list[dict[str, Any]] = [
        {"command": "/acme-keys", "text": "help"},
        {"command": "/another"},
        {"type": "block_actions", "actions": [{"action_id": "request.approve"}]},
        {"type": "block_actions", "actions": [{"action_id": "forged"}]},
        {"type": "block_suggestion", "action_id": "forged"},
        {"type": "view_submission", "view": {"callback_id": "forged"}},
        {"type": "event_callback", "event": {"type": "team_join"}},
        {"type": "event_callback", "event": {"type": "message"}},
        {"type": "shortcut"},
    ]
    assert [what_is_asked(body, {"team_join"}) for body in asked] == [
        ("command", "/keys"),
        ("command", "other"),
        ("button", "request.approve"),
        ("button", "other"),
        ("menu", "other"),
        ("modal", "other"),
        ("event", "team_join"),
        ("event", "other"),
        ("other", "other"),
    ]
