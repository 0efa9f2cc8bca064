"""What must hold once everything is well again, whatever happened before."""

import http.client
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from bot.demo.assembly import STATUS_CHANNEL
from desk.audit.chain import verify
from desk.requests.lookup import status_of
from desk.secret import Secret
from desk.transaction import Actor, Transaction
from sandbox.player import Json, find_label, words_of
from storage.models import (
    ApiKey,
    Delivery,
    DeliveryStatus,
    Incident,
    IncidentUpdate,
    KeyRequest,
    KeyStatus,
    RequestStatus,
    Ticket,
)
from tests.contract.failing_statuspage import PAGE
from tests.soak.deeds import MIA, OLIVIA, Ledger
from tests.soak.schedules import OF_POSTGRESQL, Fault
from tests.soak.stage import OWNERS, World

_ACTOR = Actor.operator("soak")
_WAITING = (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
_NOT_HEARD = ("acknowledge", "could not be reached")
"""Of a machine that is busy, or a replica that stood still or was killed, late answers and none prove nothing."""
_AWAY = frozenset({*OF_POSTGRESQL, Fault.DISK})
"""Those that keep the database away, or from writing."""
_CUT_OFF = frozenset({Fault.PROXY, Fault.SLACK, Fault.UNINSTALLED})
"""Those in which Slack's side refuses or is not reached."""
_EXPLAINED: Mapping[str, Collection[Fault]] = {
    "account_inactive": {Fault.UNINSTALLED},
    "clock_apart": {Fault.CLOCK},
    "clock_steered": {Fault.CLOCK, Fault.FREEZE},
    "clock_jumped": {Fault.CLOCK, Fault.FREEZE},
    "clock_set_right": {Fault.CLOCK},
    "database_disk_full": {Fault.DISK},
    "Failed to retrieve WSS URL": _CUT_OFF,
    "delivery_paused": _CUT_OFF,
    "directory_not_read": _CUT_OFF,
    "installation_ended": {Fault.UNINSTALLED},
    "outbox_unreadable": _AWAY,
    "slack_refuses_call": _CUT_OFF,
    "slack_refuses_token": {Fault.UNINSTALLED},
}
"""What an operator must hear of, and of which faults."""
_THROWN: Mapping[str, Collection[Fault]] = {
    "OperationalError": _AWAY,
    "Cannot write to closing transport": {Fault.SOCKET, Fault.PROXY, Fault.UNINSTALLED},
}
"""What every part of Keydesk may run into."""
_NO_START: Mapping[str, Collection[Fault]] = {
    "Slack refuses the token": {Fault.UNINSTALLED},
    "Copy it again from your app's page": {Fault.UNINSTALLED},
    "The database does not answer": _AWAY,
    "Is KEYDESK_DATABASE_URL right": _AWAY,
}
"""What the last words of a replica are that starts meanwhile."""


def is_quiet(world: World) -> bool:
    """Whether nothing waits to be sent."""
    with world.desk.database.read() as session:
        return not session.scalar(select(func.count()).select_from(Delivery).where(Delivery.status.in_(_WAITING)))


def find_wrong(world: World, ledger: Ledger, faults: Collection[Fault] = ()) -> list[str]:
    """Everything that does not hold after these faults, each in a sentence."""
    wrong = list(ledger.wrong)

    def look(tx: Transaction) -> None:
        wrong.extend(_of_requests(tx, world, ledger))
        wrong.extend(_of_incidents(tx, world, ledger))
        wrong.extend(_of_the_statuspage(tx, world))
        wrong.extend(_of_deliveries(tx))
        wrong.extend(f"the audit trail is broken at {one.seq}: {one.what}" for one in verify(tx).problems)

    world.desk.read_now(_ACTOR, look)
    wrong.extend(_of_keys(world, ledger))
    wrong.extend(_of_replicas(world, frozenset(faults)))
    wrong.extend(_of_the_wire(world))
    return wrong


def _of_requests(tx: Transaction, world: World, ledger: Ledger) -> list[str]:
    """What was promised is there once; each card says what is so, and who waited was told once."""
    wrong = []
    requests = {row.name: row for row in tx.session.scalars(select(KeyRequest))}
    counts = Counter(tx.session.scalars(select(KeyRequest.name)))
    cards = world.control.person(OLIVIA).messages(OWNERS)
    for name, told in ledger.asked.items():
        is_a_lie = counts[name] and told == "not done" and not ledger.is_doubled
        if counts[name] > 1 or (counts[name] != 1 and told == "done") or is_a_lie:
            wrong.append(f"“{name}” was {told}, and is there {counts[name]} times")
        if (request := requests.get(name)) is None:
            continue
        own = [one for one in cards if f"asks for an API key: *{name}*" in words_of(one)]
        if len(own) != 1:
            wrong.append(f"“{name}” has {len(own)} cards")
        for card in own:
            is_open = find_label(card, "Approve") is not None
            # One that was made by a clock a year behind has expired to all others.
            if is_open != (status_of(request, tx.now) == RequestStatus.PENDING):
                wrong.append(f"“{name}” is {request.status}, and its card says: {words_of(card)[-200:]}")
        notes = [one for one in _direct_messages(world, request.requester_id) if _is_decision(one, name)]
        decided = request.status in (RequestStatus.APPROVED, RequestStatus.DENIED)
        if len(notes) != int(decided):
            wrong.append(f"“{name}” is {request.status}, and its requester was told {len(notes)} times")
        tickets = tx.session.scalars(select(Ticket).where(Ticket.request_id == request.id)).all()
        if len(tickets) != int(request.status == RequestStatus.APPROVED):
            wrong.append(f"“{name}” is {request.status} and has {len(tickets)} tickets")
        keys = tx.session.scalars(select(ApiKey).where(ApiKey.request_id == request.id)).all()
        if sum(key.status == KeyStatus.ACTIVE for key in keys) > 1:
            wrong.append(f"“{name}” has {len(keys)} keys")
    return wrong


def _is_decision(message: Json, name: str) -> bool:
    words = words_of(message)
    return f"Your request for the API key “{name}” was" in words


def _direct_messages(world: World, user_id: str) -> list[Json]:
    return world.control.person(user_id).direct_messages()


def _of_incidents(tx: Transaction, world: World, ledger: Ledger) -> list[str]:
    """What was published is on every replica's page once, with one head and a reply for each of its updates."""
    wrong = []
    incidents = tx.session.scalars(select(Incident).where(Incident.page_id != PAGE)).all()
    counts = Counter(row.name for row in incidents)
    for name, told in ledger.published.items():
        if counts[name] > 1 or (told == "done" and counts[name] != 1):
            wrong.append(f"“{name}” was {told}, and is there {counts[name]} times")
    for name in ledger.resolved:
        if [row.status for row in incidents if row.name == name] != ["resolved"]:
            wrong.append(f"“{name}” was resolved, and is not")
    there = sorted((row.name, row.status) for row in incidents)
    for replica in world.replicas:
        shown = [(row["name"], row["status"]) for row in _get(replica.port, "/api/v2/incidents.json")["incidents"]]
        if sorted(shown) != there:
            wrong.append(f"replica {replica.number} shows {sorted(shown)}, and {there} is so")
    messages = world.control.person(MIA).messages(STATUS_CHANNEL)
    for row in incidents:
        heads = [one for one in messages if _is_head(one) and f"*{row.name}*" in words_of(one)]
        if len(heads) != 1:
            wrong.append(f"“{row.name}” has {len(heads)} heads in the channel")
            continue
        replies = [one for one in messages if one.get("thread_ts") == heads[0]["ts"] and not _is_head(one)]
        updates = tx.session.scalar(
            select(func.count()).select_from(IncidentUpdate).where(IncidentUpdate.incident_id == row.id)
        )
        if len(replies) != updates:
            wrong.append(f"“{row.name}” has {updates} updates and {len(replies)} replies")
    return wrong


def _of_the_statuspage(tx: Transaction, world: World) -> list[str]:
    """What was published for a page elsewhere is there, once."""
    there = Counter(row["name"] for row in world.there.incidents.values())
    here = Counter(tx.session.scalars(select(Incident.name).where(Incident.page_id == PAGE)))
    return [] if there == here else [f"the Statuspage has {dict(there)}, and {dict(here)} was published"]


def _is_head(message: Json) -> bool:
    return message.get("thread_ts") in (None, message["ts"])


def _of_deliveries(tx: Transaction) -> list[str]:
    left = tx.session.scalars(select(Delivery).where(Delivery.status.in_((*_WAITING, DeliveryStatus.DEAD)))).all()
    return [f"a delivery is {row.status} after {row.attempts} attempts: {row.last_error}" for row in left]


def _of_keys(world: World, ledger: Ledger) -> list[str]:
    """A secret that somebody saw is good exactly where its key is active, by every replica."""
    wrong = []
    with world.desk.database.read() as session:
        states = {row.sha256: KeyStatus(row.status) for row in session.scalars(select(ApiKey))}
    for key in ledger.collected.values():
        state = states.get(Secret(key.secret).sha256)
        if state is None:
            wrong.append(f"the secret of “{key.name}” was shown, and there is no such key")
            continue
        if key.revoked == "done" and state != KeyStatus.REVOKED:
            wrong.append(f"“{key.name}” was revoked, and is {state}")
        if key.revoked == "not done" and state == KeyStatus.REVOKED:
            wrong.append(f"“{key.name}” was not revoked, and is")
        expected = 200 if state == KeyStatus.ACTIVE else 401
        answers = [_status(replica.port, "/v1/pages", key.secret) for replica in world.replicas]
        if set(answers) != {expected}:
            wrong.append(f"“{key.name}” is {state}, and calls with it were answered {answers}")
    return wrong


def _of_replicas(world: World, faults: frozenset[Fault]) -> list[str]:
    """No replica found anything that these faults do not explain, and none ended by itself."""
    wrong: list[str] = []
    for replica in world.replicas:
        processes = [*replica.ended, *([replica.process] if replica.process else [])]
        for process in processes:
            loud = [line for line in process.lines if line["level"] in ("error", "critical")]
            bad = [line for line in loud if not _is_explained(line, faults)]
            wrong.extend(f"replica {replica.number} logged {_in_short(line)}" for line in bad)
            printed = [word for word in process.words if not _is_any_of(word, _NO_START, faults)]
            wrong.extend(f"replica {replica.number} printed {word}" for word in printed[-30:])
            has_said_why = len(printed) < len(process.words)
            if process.status is not None and process.status >= 0 and not has_said_why:
                wrong.append(f"replica {replica.number} ended by itself with {process.status}: {process.lines[-5:]}")
    return wrong


def _is_explained(line: Mapping[str, Any], faults: frozenset[Fault]) -> bool:
    return _is_any_of(line["event"], _EXPLAINED, faults) or _is_any_of(str(line.get("exception")), _THROWN, faults)


def _is_any_of(text: str, explained: Mapping[str, Collection[Fault]], faults: frozenset[Fault]) -> bool:
    return any(said in text and not faults.isdisjoint(by) for said, by in explained.items())


def _in_short(line: Mapping[str, Any]) -> str:
    told = {name: value for name, value in line.items() if name not in ("exception", "level", "logger", "at")}
    return f"{told} {str(line.get('exception', ''))[-600:]}"


def _of_the_wire(world: World) -> list[str]:
    """Nothing was said that Slack would not have taken."""
    entries: Sequence[Json] = world.control.journal(kind="violation")
    return [f"Slack would mind: {one}" for one in entries if not any(word in json.dumps(one) for word in _NOT_HEARD)]


def _get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": "status.acme.example"})
        response = connection.getresponse()
        said = response.read()
        assert response.status == 200, (response.status, said[:200])
        return json.loads(said)
    finally:
        connection.close()


def _status(port: int, path: str, secret: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Authorization": f"OAuth {secret}"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
