"""What must hold whatever happened. Each check reads the database and the screens, and knows no rule of the desk but
those that are written down here once more, in plain words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from difflib import unified_diff
from pprint import pformat

from sqlalchemy import select

from desk.digest.composing import compose
from desk.digest.findings import Finding
from desk.incidents.inputs import ENDED
from desk.keys.cards import EXTENSION_CARD
from desk.keys.ring import read_key_ring
from desk.permissions import effective_roles, list_owner_ids
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Message
from storage.models import (
    Announcement,
    ApiKey,
    Approval,
    Component,
    ComponentStatus,
    Grant,
    Incident,
    IncidentComponent,
    IncidentDraft,
    KeyRequest,
    KeyStatus,
    KeyUse,
    RequestStatus,
    Role,
    SlackMessage,
    Ticket,
    TicketStatus,
)
from tests.model.house import DIGEST, House
from tests.model.screens import Screen
from tests.ring import everything_in

_LATE = timedelta(hours=1)
"""Deeds take seconds, and jobs run whenever more time passes."""


def owners(house: House) -> set[str]:
    """Who is an owner now."""
    return set(house.desk.read_now(DIGEST, list_owner_ids))


def somebody_is_owner(house: House) -> None:
    """The organization always has an owner."""
    assert owners(house)


def approvals_that_suffice_decide(house: House) -> None:
    """No request waits that as many owners have approved as it needs, its requester not among them, as long as that
    one may hold keys."""
    approvals = house.rows(Approval)
    deciders = owners(house)
    for request in house.rows(KeyRequest, KeyRequest.status == RequestStatus.PENDING):
        if not house.is_full_member(request.requester_id):
            continue
        given = {one.approver_id for one in approvals if one.request_id == request.id} & deciders
        assert len(given - {request.requester_id}) < request.approvals_needed, (request.name, given)


def every_key_was_approved(house: House) -> None:
    """A key of a request goes back to as many owners as that needed, none of them the requester."""
    approvals = house.rows(Approval)
    requests = {request.id: request for request in house.rows(KeyRequest)}
    for key in house.rows(ApiKey, ApiKey.request_id.is_not(None), ApiKey.predecessor_id.is_(None)):
        request = requests[str(key.request_id)]
        given = {one.approver_id for one in approvals if one.request_id == request.id}
        assert request.status == RequestStatus.APPROVED
        assert len(given - {request.requester_id}) >= request.approvals_needed


def tickets_end_once(house: House) -> None:
    """One ticket for an approved request, one live key for a collected ticket."""
    tickets = house.rows(Ticket)
    of_requests = Counter(ticket.request_id for ticket in tickets if ticket.request_id)
    for request in house.rows(KeyRequest):
        assert of_requests[request.id] == int(request.status == RequestStatus.APPROVED)
    live = Counter(str(key.ticket_id) for key in house.rows(ApiKey, ApiKey.voided_at.is_(None)))
    for ticket in tickets:
        assert live[ticket.id] == int(ticket.status == TicketStatus.COLLECTED)


def keys_have_holders_or_are_listed(house: House) -> None:
    """Whoever answers for a key that works is a full member who may hold keys; else the digest would say so."""

    def look(tx: Transaction) -> list[str]:
        lines = compose(tx).lines
        listed = {line.key.id for line in lines if line.key is not None and Finding.NOBODY in line.findings}
        found = []
        keys = select(ApiKey).where(ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > tx.now)
        for key in tx.session.scalars(keys.where(ApiKey.retires_at.is_(None))):
            kept = key.kept_until is not None and key.kept_until > tx.now
            roles = effective_roles(tx.session, key.holder_id or "", now=tx.now, policy=tx.policy)
            if not kept and not roles.has_anywhere(Role.INTEGRATOR) and key.id not in listed:
                found.append(key.name)
        return found

    assert house.desk.read_now(DIGEST, look) == []


def a_key_and_its_successor_have_one_holder(house: House) -> None:
    """While a rotated key works on in its grace period, whoever answers for it answers for its successor too; not
    where a request put another key in its place."""
    now = house.clock.now()
    rotations = {ticket.id for ticket in house.rows(Ticket, Ticket.predecessor_id.is_not(None))}
    keys = {key.id: key for key in house.rows(ApiKey, ApiKey.status == KeyStatus.ACTIVE, ApiKey.expires_at > now)}
    for key in keys.values():
        before = keys.get(key.predecessor_id or "")
        is_rotation = key.ticket_id in rotations
        if is_rotation and before is not None and before.retires_at is not None and before.retires_at > now:
            holder = house.is_full_member(before.holder_id or "")
            assert key.holder_id == before.holder_id or not holder, (key.name, key.holder_id, before.holder_id)


def policy_ends_nothing_in_use(house: House) -> None:
    """What policy suspended or revoked was used by nobody since it was announced, turned away calls included."""
    uses = {use.key_id: use for use in house.rows(KeyUse)}
    announced = house.rows(Announcement, Announcement.outcome == "carried out")
    for one in announced:
        use = uses.get(one.key_id)
        assert one.announced_times >= 2
        assert one.closed_at is not None
        calls = [] if use is None else [use.last_used_at, use.last_refused_at]
        assert not any(at is not None and one.first_announced_at <= at <= one.closed_at for at in calls), one.act


def announcements_end_with_their_keys(house: House) -> None:
    """Nothing is announced any more of a key that was revoked."""
    gone = {key.id for key in house.rows(ApiKey, ApiKey.revoked_at < house.clock.now() - _LATE)}
    assert not house.rows(Announcement, Announcement.closed_at.is_(None), Announcement.key_id.in_(gone))


def nothing_waits_past_its_end(house: House) -> None:
    """What has an end comes to it by itself: requests, tickets, announcements, grants, a key's grace."""
    ago = house.clock.now() - _LATE
    waiting = RequestStatus.PENDING, TicketStatus.WAITING
    assert not house.rows(KeyRequest, KeyRequest.status == waiting[0], KeyRequest.expires_at < ago)
    assert not house.rows(Ticket, Ticket.status == waiting[1], Ticket.expires_at < ago)
    assert not house.rows(Grant, Grant.ended_at.is_(None), Grant.expires_at < ago)
    assert not house.rows(ApiKey, ApiKey.status != KeyStatus.REVOKED, ApiKey.retires_at < ago)
    due = (Announcement.closed_at.is_(None), Announcement.act_on < ago, Announcement.announced_times >= 2)
    assert not house.rows(Announcement, *due)


def may_see_key_words(house: House, reader: str, word: str) -> bool:
    """Owners see all, others what they asked for, answer for or collect."""
    if reader in owners(house):
        return True
    own = house.rows(KeyRequest, KeyRequest.name == word)
    if any(reader in {request.requester_id, request.holder_id} for request in own):
        return True
    ids = {key.id for key in house.rows(ApiKey, ApiKey.name == word)}
    holders = {key.holder_id for key in house.rows(ApiKey, ApiKey.name == word)}
    collectors = {ticket.collector_id for ticket in house.rows(Ticket) if ticket.predecessor_id in ids}
    return reader in holders | collectors


_SPOKEN = ("draft.", "incident.")
"""What a key says of incidents is read with its name."""


def nobody_reads_what_is_not_theirs(house: House, screen: Screen, words: Sequence[str]) -> None:
    """What is drawn for somebody names keys that they may see at that moment, and drafts that they may read."""
    reader = screen.conversation
    if not reader.startswith("U"):
        return
    for word in words:
        if word not in screen.words:
            continue
        if word.startswith("key-"):
            if screen.kind.startswith(_SPOKEN):
                continue
            assert may_see_key_words(house, reader, word) or ":" in screen.subject, (screen.kind, word, reader)
        else:
            drafts = [draft for draft in house.rows(IncidentDraft) if word in str(draft.content)]
            # What a key says in somebody's name is theirs, too.
            mine = any(reader in (draft.author_id, draft.on_behalf_of) for draft in drafts)
            assert mine or house.is_full_member(reader), (screen.kind, word, reader)


def cards_say_what_is_so(house: House) -> None:
    """No card shows what is not so any more: whatever it shows brought it up to date when it changed."""
    for screen, again in house.screens.list_stale(house.desk):
        raise AssertionError(f"{screen.kind} in {screen.conversation}\n" + "\n".join(_differences(screen, again)))


def _differences(screen: Screen, again: Message | None) -> Sequence[str]:
    shown, now = (pformat(asdict(one)).splitlines() if one else [] for one in (screen.message, again))
    return list(unified_diff(shown, now, "shown", "so now", lineterm="", n=1))


_WORSE = (
    ComponentStatus.OPERATIONAL,
    ComponentStatus.UNDER_MAINTENANCE,
    ComponentStatus.DEGRADED_PERFORMANCE,
    ComponentStatus.PARTIAL_OUTAGE,
    ComponentStatus.MAJOR_OUTAGE,
)
"""Each is worse than those before it."""


def no_component_is_better_than_what_is_open_says(house: House) -> None:
    """A component is at least as bad as the worst that anything open says of it, and under maintenance only where a
    maintenance says so: one that goes on, or one that was to leave it so."""
    incidents = {incident.id: incident for incident in house.rows(Incident)}
    said: dict[str, list[tuple[Incident, ComponentStatus]]] = {}
    for row in house.rows(IncidentComponent, IncidentComponent.holds.is_not(None)):
        said.setdefault(row.component_id, []).append((incidents[row.incident_id], ComponentStatus(row.holds or "")))
    for component in house.rows(Component):
        now = _WORSE.index(ComponentStatus(component.status))
        words = said.get(component.id, [])
        assert all(_WORSE.index(status) <= now for incident, status in words if incident.status not in ENDED)
        if component.status == ComponentStatus.UNDER_MAINTENANCE:
            assert any(status == component.status and incident.scheduled_for for incident, status in words)


def the_key_ring_is_as_the_database(house: House) -> None:
    """A ring that follows what changed gives the same as one that is read anew."""
    with house.desk.database.everywhere.read() as session:
        anew = read_key_ring(session)
        assert everything_in(house.ring.value, session) == everything_in(anew, session)


def a_key_has_one_successor(house: House) -> None:
    """Of what rotations and requests put in a key's place, one rotation at most is there."""
    rotations = {ticket.id for ticket in house.rows(Ticket, Ticket.predecessor_id.is_not(None))}
    seen = house.rows(ApiKey, ApiKey.predecessor_id.is_not(None), ApiKey.revealed_at.is_not(None))
    following = Counter(key.predecessor_id for key in seen if key.ticket_id in rotations)
    assert not [key_id for key_id, times in following.items() if times > 1]


def wishes_stand_where_they_can_be_answered(house: House) -> None:
    """Nobody waits for more time for a key that ends whatever owners say."""
    wishes = house.rows(SlackMessage, SlackMessage.kind == EXTENSION_CARD)
    waiting = {wish.subject_id.partition(":")[0] for wish in wishes if not wish.facts.get("answered")}
    over = ApiKey.retires_at.is_not(None) | (ApiKey.status == KeyStatus.REVOKED)
    assert not house.rows(ApiKey, ApiKey.id.in_(waiting), over)


def what_is_of_the_past_is_over(house: House) -> None:
    """Nothing goes on of which nobody is told."""
    assert not house.rows(Incident, Incident.backfilled, Incident.status.not_in(ENDED))


AFTER_EACH_STEP = (
    a_key_has_one_successor,
    wishes_stand_where_they_can_be_answered,
    what_is_of_the_past_is_over,
    the_key_ring_is_as_the_database,
    no_component_is_better_than_what_is_open_says,
    somebody_is_owner,
    every_key_was_approved,
    tickets_end_once,
    keys_have_holders_or_are_listed,
    a_key_and_its_successor_have_one_holder,
    policy_ends_nothing_in_use,
    announcements_end_with_their_keys,
)
AFTER_JOBS = (approvals_that_suffice_decide, nothing_waits_past_its_end)
"""What time brings about is done within the minute in which it falls due."""
