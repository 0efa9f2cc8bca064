"""Rotating a key for whose secret one was never approved: the same button asks for a key that is like it."""

from datetime import timedelta

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.keys.lookup import get_key
from desk.keys.rotation import begin_rotation
from desk.keys.scopes import parse_scopes
from desk.keys.takeovers import TakeoverError
from desk.people import member_name
from desk.requests.cards import refresh_request
from desk.requests.requests import make_request
from desk.requests.terms import MAX_PURPOSE, Asked
from desk.transaction import Transaction
from storage.models import ApiKey, KeyRequest, RequestStatus, Ticket
from storage.transitions import transition

_DAY = timedelta(days=1)


def rotate_or_ask(
    tx: Transaction, key_id: str, grace: timedelta | None = None, *, version: int | None = None
) -> Ticket | KeyRequest:
    """Begin a rotation or, where policy lets nobody take a key over alone, ask the owners for one that is like it.

    Once that was collected the old one works on for the grace period, as after a rotation. Raises as
    `begin_rotation` and `make_request`, and TakeoverError when somebody else would have to ask.
    """
    try:
        return begin_rotation(tx, key_id, grace, version=version)
    except TakeoverError as error:
        if error.collector_id != tx.actor.user_id:
            raise
        wanted = error.grace
    key = get_key(tx, key_id)
    asked = _find_asked(tx, key)
    if asked is None:
        return make_request(tx, _like(tx, key, wanted))
    before, after = asked.grace_seconds, int(wanted.total_seconds())
    if before != after and transition(tx.session, asked, allowed=[RequestStatus.PENDING], grace_seconds=after):
        refresh_request(tx, asked)
        changed = {"before": {"grace_seconds": before}, "after": {"grace_seconds": after}}
        record(tx, Action.REQUEST_CHANGED, "request", asked.id, **changed)
    return asked


def _find_asked(tx: Transaction, key: ApiKey) -> KeyRequest | None:
    """What the actor has asked for in this key's place, and nobody decided."""
    return tx.session.scalars(
        select(KeyRequest).where(
            KeyRequest.requester_id == tx.actor.id,
            KeyRequest.replaces_id == key.id,
            KeyRequest.status == RequestStatus.PENDING,
            KeyRequest.expires_at > tx.now,
        )
    ).first()


def _like(tx: Transaction, key: ApiKey, grace: timedelta) -> Asked:
    whose = f"{member_name(tx.session, key.holder_id)} answers for it" if key.holder_id else "nobody answers for it"
    purpose = f"To take over the key {key.name} ({key.start}…, {whose}). {key.purpose}"
    days = -((tx.now - key.expires_at) // _DAY)
    return Asked(
        name=key.name,
        purpose=purpose[:MAX_PURPOSE],
        scopes=parse_scopes(key.scopes),
        pages=None if key.pages is None else tuple(key.pages),
        lifetime_days=max(1, min(days, tx.policy.maximum_lifetime.days)),
        holder_id=tx.actor.id,
        components=None if key.components is None else tuple(key.components),
        networks=None if key.networks is None else tuple(key.networks),
        replaces_id=key.id,
        grace=grace,
    )
