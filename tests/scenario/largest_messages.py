"""Every kind of message that the bot sends by itself, in the states in which it says most."""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from desk.digest.findings import Finding
from desk.digest.sent import CARD as DIGEST_CARD
from desk.digest.sent import send_digest
from desk.directory import cards as directory_cards
from desk.directory.syncs import SyncReport
from desk.errors import ConflictError
from desk.identifiers import new_id
from desk.keys import cards as key_cards
from desk.keys.cards import ASK_CARD, EXTENSION_CARD, TAKEN_OVER
from desk.keys.changes import CHANGED_NOTE
from desk.keys.rules import Change
from desk.keys.suspended_use import SUSPENDED_USE_CARD
from desk.keys.sweep import EXPIRY_NOTE, RETIRED_NOTE
from desk.messages.channels import CHANNEL_TROUBLE
from desk.messages.dead_letters import DEAD_LETTER
from desk.messages.outbox import send_card, send_note
from desk.messages.outcomes import tell_outcome
from desk.people import Standing
from desk.reasons import MAXIMUM_KEY_NAME, MAXIMUM_REASON
from desk.requests import cards as request_cards
from desk.roles import cards as role_cards
from desk.transaction import Actor, JobName, Transaction
from desk.upstreams import cards as upstream_cards
from desk.upstreams.connecting import connect_upstream
from desk.upstreams.keys import NewUpstreamKey, add_upstream_key
from handlers.slack.keys.catalogue import BY_CHANGE
from storage.models import (
    ApiKey,
    Channel,
    Delivery,
    DeliveryStatus,
    Departure,
    Digest,
    DigestItem,
    DirectorySync,
    KeyStatus,
    RequestStatus,
    Role,
    SlackMessage,
    SyncStatus,
    TicketStatus,
)
from tests.factories import MIA, OLIVIA
from tests.scenario.largest_world import CHANNEL, GROUPS, LEAVER, MEMBERS, NAME, OWNERS, World, longest

OPERATOR = f"operator:{longest(80, 0)}"
ROLES = [role for role in Role if role is not Role.OWNER]


def send_everything(tx: Transaction, world: World) -> None:
    """Put every kind of message into the outbox, to places where somebody can press its buttons."""
    _send_requests(tx, world)
    _send_keys(tx, world)
    _send_roles(tx, world)
    _send_people(tx, world)
    _send_syncs(tx, world)
    _send_dead_letters(tx)
    for number, error in enumerate(["is_archived", *ERRORS, None]):
        names = [f"announcement_channel of the page “{longest(NAME, number)}”"] * 9
        send_card(tx, CHANNEL_TROUBLE, f"C0CLOSED{number:02}", [CHANNEL], names=names, error=error)
    for done in (True, False):
        what = longest(NAME, 1) * 9
        tell_outcome(replace(tx, actor=Actor.job(JobName.DELIVERY)), user_id=MIA, what=what, done=done)
    job = replace(tx, actor=Actor.job(JobName.DIGEST))
    send_digest(job, period="2026-W10", scheduled_for=tx.now - timedelta(hours=5))
    _send_widest_digest(tx, world)


def _send_requests(tx: Transaction, world: World) -> None:
    for request in [*world.requests[:4], *world.requests[30:]]:
        send_card(tx, request_cards.REQUEST_CARD, request, [CHANNEL])
        send_card(tx, request_cards.REQUEST_REMINDER, f"{request}:99", [CHANNEL])
        send_card(tx, request_cards.REQUEST_MINE, request, [MIA])
        for status in RequestStatus:
            if status is not RequestStatus.PENDING:
                send_note(tx, request_cards.REQUEST_DECIDED, request, [MIA], by=OPERATOR, status=str(status))
    for request in world.requests[:2]:
        send_note(tx, request_cards.REQUEST_SELF_APPROVED, request, [CHANNEL])
    for key in world.keys[:4]:
        send_note(tx, key_cards.HOLDER_NAMED, key, [MIA], collector_id=OLIVIA)
        send_note(tx, key_cards.KEY_MADE, key, [OLIVIA], by="operator:ann")
        names = [longest(MAXIMUM_KEY_NAME, 1)] * 10
        imported: dict[str, Any] = {"by": "operator:ann", "count": 10_000, "names": names}
        send_note(tx, key_cards.KEYS_IMPORTED, key, [OLIVIA], **imported, unanswered=9_999)
        send_note(tx, key_cards.KEYS_IMPORTED, key, [MIA], **imported, yours=True)
    for ticket in world.tickets[-8:]:
        send_card(tx, key_cards.TICKET_MINE, ticket, [MIA])
        for ended in (TicketStatus.LAPSED, TicketStatus.WITHDRAWN):
            why = longest(MAXIMUM_REASON, 1)
            send_note(tx, key_cards.TICKET_ENDED, ticket, [MIA], by=OPERATOR, status=str(ended), reason=why)
        send_note(tx, key_cards.TICKET_VOID, ticket, [MIA])
        send_note(tx, key_cards.TICKET_NOT_OPENED, ticket, [MIA])


def _send_keys(tx: Transaction, world: World) -> None:
    reason, agent = longest(MAXIMUM_REASON, 1, lines=True), longest(255, 1)
    for number, change in enumerate(Change):
        facts: dict[str, Any] = {"reason": longest(MAXIMUM_REASON, number)}
        if change not in BY_CHANGE or BY_CHANGE[change].told is None:
            continue
        if change in {Change.EXTEND, Change.KEEP}:
            facts["until"] = tx.now.isoformat()
        if change is Change.RENAME:
            facts |= {"before": longest(100, number)}
        if change is Change.TRANSFER:
            facts |= {"to": MIA}
        for key in world.keys[300 + number : 302 + number]:
            send_note(tx, CHANGED_NOTE, key, [CHANNEL, MIA], change=str(change), by=OPERATOR, **facts)
    for number, key in enumerate(world.keys[300:324]):
        at = tx.session.get_one(ApiKey, key).expires_at.isoformat()
        send_note(tx, EXPIRY_NOTE, key, [MIA], days=number % 2 * 7, expires_at=at)
        send_note(tx, RETIRED_NOTE, key, [MIA])
        send_note(tx, TAKEN_OVER, key, [MIA], by=OPERATOR)
        asked: dict[str, Any] = {"asked_by": OPERATOR, "asked_at": tx.now.isoformat()}
        send_card(tx, ASK_CARD, key, [MIA], **asked)
        until = (tx.now + timedelta(days=99)).isoformat()
        send_card(tx, EXTENSION_CARD, key, [CHANNEL], **asked, until=until, reason=reason)
        at = tx.now.isoformat()
        send_card(tx, SUSPENDED_USE_CARD, key, [CHANNEL], at=at, address="2001:0db8:" * 6, user_agent=agent)


def connect_largest(tx: Transaction) -> None:
    """A Statuspage elsewhere with many keys, which end soon."""
    connect_upstream(tx, f"https://{'a' * 200}.example")
    for number in range(25):
        name, soon = longest(80, number)[:80], tx.now + timedelta(days=1 + number)
        with contextlib.suppress(ConflictError):
            add_upstream_key(tx, NewUpstreamKey(name=name, sealed="sealed", expires_at=soon))


def _send_roles(tx: Transaction, world: World) -> None:
    kinds = (role_cards.ROLE_GRANTED, role_cards.ROLE_ENDED, role_cards.OWNER_GRANTED, role_cards.OWNER_ENDED)
    for number, grant in enumerate(world.grants[:8]):
        for kind in kinds:
            send_note(tx, kind, grant, [MIA], by=OPERATOR, how="expired" if number % 2 else "revoked")
    for why in ("settings", "workspace", "vacant", "last"):
        owners = [OLIVIA, *OWNERS, *MEMBERS]
        send_note(tx, role_cards.OWNERS_APPOINTED, new_id(), [OLIVIA, CHANNEL], owners=owners, why=why)
    send_note(tx, role_cards.NO_OWNER_LEFT, new_id(), [CHANNEL])
    for left in (0, 1, 99):
        send_note(tx, upstream_cards.KEY_REFUSED, new_id(), [CHANNEL], name=longest(NAME, left), left=left)
    for days in (30, 14, 7, 1):
        name, end = longest(NAME, days), tx.now.isoformat()
        send_note(tx, upstream_cards.KEY_EXPIRES, new_id(), [CHANNEL], name=name, expires_at=end, days=days)
    for number, group in enumerate(GROUPS[:4]):
        send_note(tx, directory_cards.GROUP_DISABLED, group, [CHANNEL], is_disabled=number % 2 == 0)
        send_note(tx, directory_cards.GROUP_UNREADABLE, group, [CHANNEL], problem=longest(NAME, number))
        send_note(tx, directory_cards.GROUP_READABLE, group, [CHANNEL])


def _send_people(tx: Transaction, world: World) -> None:
    for returned_at in (None, tx.now):
        departure = Departure(
            id=new_id(),
            user_id=LEAVER,
            left_at=tx.now,
            returned_at=returned_at,
            key_ids=world.keys,
            roles_ended=300,
            requests_withdrawn=300,
        )
        tx.session.add(departure)
        tx.session.flush()
        send_card(tx, directory_cards.MEMBER_LEFT, departure.id, [CHANNEL], keys=departure.key_ids)
    for user_id in (MIA, *MEMBERS[:4], LEAVER):
        send_note(tx, directory_cards.MEMBER_RETURNED, user_id, [CHANNEL], roles_ended=300)
    for before in Standing:
        for after in Standing:
            standings = str(before), str(after)
            send_note(
                tx, directory_cards.STANDING_CHANGED, LEAVER, [CHANNEL], before=standings[0], after=standings[1]
            )


def _losers(world: World) -> dict[str, list[list[str | None]]]:
    return {user_id: [[str(role), page] for role in ROLES for page in world.pages[:3]] for user_id in MEMBERS}


def _send_syncs(tx: Transaction, world: World) -> None:
    flips = {user_id: str(standing) for user_id in MEMBERS for standing in Standing}
    plan = {"losers": _losers(world), "flips": flips, "people": len(MEMBERS), "switched_off": GROUPS}
    stopped: list[str] = []
    for status in SyncStatus:
        sync = DirectorySync(id=new_id(), status=status, created_at=tx.now, created_by=f"member:{OLIVIA}", plan=plan)
        sync.decided_at, sync.decided_by = tx.now, OPERATOR
        tx.session.add(sync)
        tx.session.flush()
        send_card(tx, directory_cards.SYNC_STOPPED, sync.id, [CHANNEL])
        if status in {SyncStatus.CONFIRMED, SyncStatus.CANCELLED, SyncStatus.APPLIED, SyncStatus.SUPERSEDED}:
            send_note(tx, directory_cards.SYNC_DECIDED, sync.id, [CHANNEL, MIA], status=str(status), by=OPERATOR)
        stopped.append(sync.id)
    for stopped_id in (None, *stopped):
        report = SyncReport(
            people=100_000,
            groups=1_000,
            added=dict.fromkeys(GROUPS, MEMBERS),
            removed=dict.fromkeys(GROUPS, MEMBERS),
            switched={group: number % 2 == 0 for number, group in enumerate(GROUPS)},
            flips=flips,
            losers=_losers(world),
            unreadable={group: longest(NAME, number) for number, group in enumerate(GROUPS)},
            people_problem=longest(NAME, 1),
            stopped_id=stopped_id,
            new_owners=OWNERS,
        )
        send_note(tx, directory_cards.SYNC_DONE, new_id(), [OLIVIA], report=asdict(report))


def _send_widest_digest(tx: Transaction, world: World) -> None:
    """Every line has a holder and an outcome of its own."""
    period = "2026-W11"
    tx.session.add(Digest(period=period, scheduled_for=tx.now - timedelta(days=1), composed_at=tx.now))
    tx.session.flush()
    keys = [tx.session.get_one(ApiKey, key) for key in world.keys[-60:]]
    suspended = [key for key in keys if key.status == KeyStatus.SUSPENDED]
    for position, key in enumerate([*suspended, *(key for key in keys if key not in suspended)]):
        item = DigestItem(id=new_id(), period=period, position=position, holder_id=key.holder_id, key_id=key.id)
        item.findings = [str(finding) for finding in Finding]
        tx.session.add(item)
    tx.session.flush()
    send_card(tx, DIGEST_CARD, period, [CHANNEL])


ERRORS: Sequence[str] = (
    "access_denied",
    f"not_drawn:{longest(100, 0)}",
    f"restricted_action_{longest(100, 2)}",
    f"msg_{longest(100, 1)}",
    f"http_{longest(100, 0)}",
    longest(400, 0),
)
"""Why messages could not be delivered: Slack's codes, and what Slack never says."""


def _send_dead_letters(tx: Transaction) -> None:
    for number, error in enumerate([*ERRORS, None, None, None]):
        dead = SlackMessage(
            id=new_id(),
            kind=role_cards.NO_OWNER_LEFT,
            subject_id=new_id(),
            conversation=f"C0CLOSED0{number}",
            created_at=tx.now,
        )
        tx.session.add(dead)
        tx.session.flush()
        facts: dict[str, Any] = {"channel": "slack", "lane": dead.conversation}
        facts |= {"what": longest(3000, number, lines=True)}
        if error is not None:
            row = Delivery(
                channel=Channel.SLACK, lane=dead.conversation, subject=dead.id, due_at=tx.now, created_at=tx.now
            )
            row.status, row.last_error = DeliveryStatus.DEAD, error
            tx.session.add(row)
        else:
            facts |= {"settled": [None, "retried", "dropped"][number % 3], "by": OPERATOR, "at": tx.now.isoformat()}
        send_card(tx, DEAD_LETTER, dead.id, [CHANNEL], **facts)
