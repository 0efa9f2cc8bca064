"""The audit trail, and messages that could not be delivered."""

from collections.abc import Mapping

from desk.audit.chain import Extract, Head, list_events, verify
from desk.messages.dead_letters import drop_delivery, list_dead, retry_delivery
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Shape
from handlers.http.own.shapes.keys import event_of
from handlers.http.own.shapes.trail import Events, Letters, Settled, letter_of, proof_of


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of the trail."""
    wanted = asked.query
    extract = Extract(
        since=wanted.since,
        until=wanted.until,
        action=wanted.action,
        actor=wanted.actor,
        subject_kind=wanted.subject_kind,
        subject_id=wanted.subject_id,
    )
    found = list_events(tx, extract, after=wanted.after, limit=wanted.limit)
    return Events(items=[event_of(one) for one in found], last=found[-1].seq if found else wanted.after)


def prove(tx: Transaction, asked: Asked) -> Shape:
    """Read the whole trail, and say whether it is whole."""
    number, _, digest = (asked.query.noted or "").partition(":")
    return proof_of(verify(tx, noted=Head(int(number), digest) if number else None))


def list_letters(tx: Transaction, _asked: Asked) -> Shape:
    """What could not be delivered."""
    return Letters(items=[letter_of(one) for one in list_dead(tx)])


def retry(tx: Transaction, asked: Asked) -> Shape:
    """Try a message again."""
    retry_delivery(tx, asked.path["delivery_id"])
    return Settled(id=asked.path["delivery_id"], outcome="retried")


def drop(tx: Transaction, asked: Asked) -> Shape:
    """Never send a message."""
    drop_delivery(tx, asked.path["delivery_id"])
    return Settled(id=asked.path["delivery_id"], outcome="dropped")


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "audit"): list_,
    ("GET", "audit/verify"): prove,
    ("GET", "deliveries/dead"): list_letters,
    ("POST", "deliveries/{delivery_id}/retry"): retry,
    ("POST", "deliveries/{delivery_id}/drop"): drop,
}
