"""Why a key cannot be changed, in words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from desk.audit.trail import Action
from desk.commands import slash
from desk.errors import ConflictError, KeydeskError, NotAllowedError
from desk.keys.rules import Refusal
from desk.people import name_of
from desk.permissions import ask_an_owner
from desk.transaction import ActorKind, Transaction
from storage.models import ApiKey, AuditEvent

_VERBS: dict[Action, str] = {
    Action.KEY_MINTED: "collected it",
    Action.KEY_VOIDED: "voided it",
    Action.KEY_RENAMED: "renamed it",
    Action.KEY_EXTENDED: "extended it",
    Action.KEY_ROTATED: "rotated it",
    Action.KEY_RETIRED: "retired it after its rotation",
    Action.KEY_SUSPENDED: "suspended it",
    Action.KEY_RESTORED: "restored it",
    Action.KEY_REVOKED: "revoked it",
    Action.KEY_TRANSFERRED: "transferred it",
    Action.KEY_KEPT: "said to keep it",
    Action.KEY_EXPIRED: "saw it expire",
}

_BEHIND_A_KEY = frozenset({Refusal.NOT_YOURS, Refusal.OWNERS_ONLY, Refusal.NO_KEYS_FOR_YOU})


@dataclass(frozen=True, slots=True)
class RecentUse:
    """The last call with a key that somebody would miss."""

    at: datetime
    address: str | None
    user_agent: str | None
    refused: bool
    """The key is suspended, and something still uses it."""


class RecentlyUsedError(ConflictError):
    """The key is about to be revoked although something used it lately: `use` says when and from where."""

    def __init__(self, key: ApiKey, use: RecentUse) -> None:
        super().__init__(f"“{key.name}” was used lately.", "Suspend it instead, or confirm that it is to be revoked.")
        self.key_id = key.id
        self.use = use


def refusal_error(tx: Transaction, key: ApiKey, refusal: Refusal) -> KeydeskError:
    """The error to raise for a refusal, with what happened to the key last where that explains it."""
    name = f"“{key.name}”"
    latest = last_change(tx, key)
    if tx.actor.kind is ActorKind.KEY and refusal in _BEHIND_A_KEY:
        return NotAllowedError(
            f"Whoever answers for this key could not do that to {name} either.",
            "A key changes keys only as its holder may.",
        )
    match refusal:
        case Refusal.SCOPE_MISSING:
            return NotAllowedError("That needs the scope `keys:write`, or `keys:read` to look.", ask_an_owner(tx))
        case Refusal.REACHES_FURTHER:
            return NotAllowedError(f"{name} is for pages or components that this key is not for.", ask_an_owner(tx))
        case Refusal.FOR_PEOPLE:
            return NotAllowedError(f"No key can do that to {name}: it is for people.", ask_an_owner(tx))
        case Refusal.NOT_YOURS:
            return NotAllowedError("You don't answer for that key.", ask_an_owner(tx))
        case Refusal.OWNERS_ONLY:
            return NotAllowedError(f"Only owners can do that to {name}.", ask_an_owner(tx))
        case Refusal.NO_KEYS_FOR_YOU:
            return NotAllowedError("Holding a key needs the role `integrator`.", ask_an_owner(tx))
        case Refusal.REVOKED:
            return ConflictError(
                f"{name} is revoked, for good.", latest or f"Ask for a new one: `{slash('keys request')}`."
            )
        case Refusal.EXPIRED:
            return ConflictError(f"{name} has expired.", f"An owner can extend it: `{slash('keys extend')}`.")
        case Refusal.SUSPENDED:
            return ConflictError(f"{name} is suspended.", latest or f"`{slash('keys restore')}` lets it work again.")
        case Refusal.SUSPENDED_BY_ANOTHER:
            return NotAllowedError(f"You did not suspend {name}, so an owner has to restore it.", ask_an_owner(tx))
        case Refusal.NOT_SUSPENDED:
            return ConflictError(f"{name} is not suspended.", latest)
        case Refusal.RETIRING:
            return ConflictError(f"{name} was rotated already and is in its grace period.", "See its successor.")
        case Refusal.NOBODY_ANSWERS:
            return ConflictError(f"Nobody answers for {name}.", "Transfer it to somebody first.")


def changed_meanwhile(tx: Transaction, key: ApiKey) -> ConflictError:
    """The error for a button or modal that shows an older version of the key than there is."""
    latest = last_change(tx, key)
    return ConflictError(
        f"“{key.name}” was changed after this was shown to you.",
        f"{latest} Look at it again with `{slash(f'keys show {key.start}')}`.".strip(),
    )


def last_change(tx: Transaction, key: ApiKey) -> str:
    """A sentence on what was done to the key last, by whom and when; empty when nothing is recorded."""
    event = tx.session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.subject_kind == "key",
            AuditEvent.subject_id == key.id,
            AuditEvent.action.in_([str(action) for action in _VERBS]),
        )
        .order_by(AuditEvent.seq.desc())
        .limit(1)
    ).first()
    if event is None:
        return ""
    return f"{_capital(name_of(tx, event.actor))} {_VERBS[Action(event.action)]} on {event.at:%Y-%m-%d at %H:%M} UTC."


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
