"""Whoever waits is told, once: what was recorded in a step beside the messages that rang in it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from desk.audit.trail import Action
from desk.incidents.drafts.review import DECIDED_NOTE
from desk.keys.cards import TAKEN_OVER, TICKET_ENDED
from desk.keys.changes import CHANGED_NOTE
from desk.requests.cards import REQUEST_DECIDED
from storage.models import ApiKey, AuditEvent, IncidentDraft, KeyRequest, KeyStatus, Ticket
from tests.model.house import House
from tests.model.screens import Screen

Waiting = Callable[[House, AuditEvent], Collection[str | None]]
"""Who waits for, or is concerned by, what was recorded."""


def _requester(house: House, event: AuditEvent) -> Collection[str | None]:
    return [request.requester_id for request in house.rows(KeyRequest, KeyRequest.id == event.subject_id)]


def _collector(house: House, event: AuditEvent) -> Collection[str | None]:
    return [ticket.collector_id for ticket in house.rows(Ticket, Ticket.id == event.subject_id)]


def _author(house: House, event: AuditEvent) -> Collection[str | None]:
    return [draft.author_id for draft in house.rows(IncidentDraft, IncidentDraft.id == event.subject_id)]


def _holder(house: House, event: AuditEvent) -> Collection[str | None]:
    return [key.holder_id for key in house.rows(ApiKey, ApiKey.id == event.subject_id)]


def _both_holders(house: House, event: AuditEvent) -> Collection[str | None]:
    # What a key has replaced, or is about to, goes along with it: they are told once, of the key.
    replaces = (ApiKey.predecessor_id == event.subject_id, ApiKey.voided_at.is_(None))
    if house.rows(ApiKey, *replaces, ApiKey.status != KeyStatus.REVOKED):
        return []
    return [event.data["before"], event.data["holder_id"]]


def _taken_from(house: House, event: AuditEvent) -> Collection[str | None]:
    [successor] = house.rows(ApiKey, ApiKey.id == event.data["successor_id"])
    [ticket] = house.rows(Ticket, Ticket.id == successor.ticket_id)
    # Whoever takes over a key of their own, by a request, knows.
    return [] if ticket.predecessor_id else set(_holder(house, event)) - {ticket.collector_id}


TELLS: Mapping[Action, tuple[Waiting, str]] = {
    Action.REQUEST_APPROVED: (_requester, REQUEST_DECIDED),
    Action.REQUEST_DENIED: (_requester, REQUEST_DECIDED),
    Action.REQUEST_EXPIRED: (_requester, REQUEST_DECIDED),
    Action.TICKET_LAPSED: (_collector, TICKET_ENDED),
    Action.DRAFT_SENT_BACK: (_author, DECIDED_NOTE),
    Action.DRAFT_PUBLISHED: (_author, DECIDED_NOTE),
    Action.KEY_SUSPENDED: (_holder, CHANGED_NOTE),
    Action.KEY_RESTORED: (_holder, CHANGED_NOTE),
    Action.KEY_REVOKED: (_holder, CHANGED_NOTE),
    Action.KEY_EXTENDED: (_holder, CHANGED_NOTE),
    Action.KEY_RENAMED: (_holder, CHANGED_NOTE),
    Action.KEY_ROTATED: (_taken_from, TAKEN_OVER),
    Action.KEY_KEPT: (_holder, CHANGED_NOTE),
    Action.KEY_TRANSFERRED: (_both_holders, CHANGED_NOTE),
}


def check_telling(house: House, events: Sequence[AuditEvent], rings: Sequence[Screen]) -> None:
    """Each of `events` rang once for each person that it concerns and who did not do it; `rings` are what rang in
    the same step. Whoever is no full member any more may be told, once."""
    expected: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        told = TELLS.get(Action(event.action))
        for person in set(told[0](house, event)) - {None} if told else ():
            if told and person and event.actor != f"member:{person}":
                expected[person, told[1], event.subject_id] += 1
    for (person, kind, subject), times in expected.items():
        rung = [
            ring
            for ring in rings
            if (ring.conversation, ring.kind) == (person, kind) and ring.subject.partition(":")[0] == subject
        ]
        gone = not house.is_full_member(person)
        assert len(rung) == times or (gone and len(rung) < times), (kind, person, times, rung)
