"""Taking over: a new secret for somebody who was never approved for the key needs what a request would need."""

from datetime import timedelta

from sqlalchemy import select

from desk.audit.trail import Action
from desk.errors import ConflictError
from desk.keys.changes import tell_all_owners
from desk.keys.rules import Change
from desk.people import name_of
from desk.policy import Takeover
from desk.transaction import ActorKind, Transaction
from storage.models import ApiKey, AuditEvent


class TakeoverError(ConflictError):
    """Whoever would collect the key's new secret was never approved for it: they have to ask, as for any key."""

    def __init__(self, tx: Transaction, key: ApiKey, collector_id: str, grace: timedelta) -> None:
        who = "You were" if collector_id == tx.actor.user_id else f"{name_of(tx, collector_id)} was"
        super().__init__(
            f"{who} never approved for “{key.name}”, so its new secret needs what a request needs.",
            "Whoever is to have it asks for a key that is like it, and other owners decide.",
        )
        self.collector_id, self.grace = collector_id, grace


def decide_takeover(collector_id: str, *, transferred_by: str | None, actor_id: str | None, needed: int) -> bool:
    """Whether too few others than the collector stand behind their getting the secret. Pure.

    Who transferred the key to them and who rotates it now count, as they would when they approved a request.
    """
    return len({transferred_by, actor_id} - {None, collector_id}) < needed


def is_takeover(tx: Transaction, key: ApiKey, collector_id: str) -> bool:
    """Whether the actor would give the key's new secret to somebody whom too few have approved for it.

    Whom a request or an import made the holder was approved; so was, where people rotate it, whom an operator trusted
    with it, which owners were told.
    """
    if tx.actor.kind is ActorKind.JOB:
        return False
    by: str | None = None
    if collector_id == key.holder_id:
        transfer = _last_transfer(tx, key.id)
        if transfer is None:
            return False
        kind, _, by = transfer.partition(":")
        if kind == ActorKind.OPERATOR:
            return tx.actor.kind is ActorKind.OPERATOR
        if kind != ActorKind.MEMBER:
            # What a key does, nobody has approved.
            by = None
    return decide_takeover(
        collector_id, transferred_by=by, actor_id=tx.actor.user_id, needed=tx.policy.approvals_needed
    )


def _last_transfer(tx: Transaction, key_id: str) -> str | None:
    """Who made the key's holder that, when it was not so from the beginning."""
    return tx.session.scalars(
        select(AuditEvent.actor)
        .where(
            AuditEvent.subject_kind == "key",
            AuditEvent.subject_id == key_id,
            AuditEvent.action == str(Action.KEY_TRANSFERRED),
        )
        .order_by(AuditEvent.seq.desc())
        .limit(1)
    ).first()


def allow_takeover(tx: Transaction, key: ApiKey, collector_id: str, grace: timedelta) -> None:
    """Raises TakeoverError where policy wants a request for it; otherwise, and where an operator does it, who cannot
    ask, all owners are told at once."""
    is_operator = tx.actor.kind is ActorKind.OPERATOR
    if tx.policy.key_takeover is Takeover.REQUEST and not is_operator:
        raise TakeoverError(tx, key, collector_id, grace)
    tell_all_owners(tx, key, Change.ROTATE, to=collector_id, is_operator=is_operator)
