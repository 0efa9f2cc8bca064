"""What a key may do behind the page: with other keys, with people's roles, with messages and the audit trail.

It reads what its scopes say, of its own pages. What it changes is besides never more than whoever answers for it may
at that instant, so that nobody gets by a key what they would not get by themselves; where nobody answers for it, it
changes nothing there. What is for people stays with them: see `keys.rules` and `roles.authority`.
"""

from collections.abc import Collection

from desk.acting_keys import acting_key, with_included
from desk.errors import NotAllowedError
from desk.permissions import (
    EffectiveRoles,
    ask_an_owner,
    effective_roles,
    is_insider,
    roles_of_actor,
)
from desk.transaction import ActorKind, Transaction
from storage.models import Scope


def has_power(tx: Transaction, scope: Scope, pages: Collection[str] | None = ()) -> bool:
    """Whether a key acts that has the scope and is for all of these pages (None: for all that there are)."""
    key = acting_key(tx)
    return scope in with_included(key.scopes) and key.reaches(pages)


def require_power(tx: Transaction, scope: Scope, pages: Collection[str] | None = ()) -> None:
    """Raises NotAllowedError, saying what it lacks, unless a key acts that has the scope and is for these pages."""
    if not has_power(tx, scope):
        raise NotAllowedError(f"That needs the scope `{scope}`.", ask_an_owner(tx))
    if not has_power(tx, scope, pages):
        where = "all pages" if pages is None else "every page that this reaches"
        raise NotAllowedError(f"That needs a key that is for {where}.", ask_an_owner(tx))


def roles_behind(tx: Transaction) -> EffectiveRoles:
    """The roles of the actor or, where a key acts, of whoever answers for it: the most that it may change."""
    if tx.actor.kind is not ActorKind.KEY:
        return roles_of_actor(tx)
    holder_id = acting_key(tx).holder_id
    if holder_id is None:
        return EffectiveRoles()
    return effective_roles(tx.session, holder_id, now=tx.now, policy=tx.policy)


def require_owner_or(tx: Transaction, scope: Scope) -> None:
    """Raises NotAllowedError unless the actor is an owner, or a key on all pages that has the scope."""
    if tx.actor.kind is ActorKind.KEY:
        require_power(tx, scope, None)
    elif not roles_of_actor(tx).is_owner:
        raise NotAllowedError("Only owners can do that.", ask_an_owner(tx))


def require_insider_or(tx: Transaction, scope: Scope) -> None:
    """Raises NotAllowedError unless the actor may look behind the page, or is a key that has the scope."""
    if tx.actor.kind is ActorKind.KEY:
        require_power(tx, scope)
    elif not is_insider(tx):
        raise NotAllowedError("That is for full members of the workspace.", ask_an_owner(tx))
