"""Asking in the name of another person: keys and operators do, and that person collects."""

from desk.acting_keys import acting_key
from desk.errors import InvalidInputError, NotAllowedError
from desk.key_powers import require_power
from desk.keys.restrictions import has_to_do_with_components
from desk.permissions import EffectiveRoles, ask_an_owner, effective_roles, is_full_member
from desk.requests.terms import Asked
from desk.transaction import ActorKind, Transaction
from storage.models import Member, Role, Scope


def require_reach(tx: Transaction, asked: Asked) -> None:
    """Raises NotAllowedError unless the acting key may ask for such a key: it reaches as far itself."""
    require_power(tx, Scope.KEYS_WRITE, asked.pages)
    if has_to_do_with_components(asked.scopes) and not acting_key(tx).is_for(asked.components):
        raise NotAllowedError("That is for components that this key is not for.", ask_an_owner(tx))


def get_requester(tx: Transaction, named: str | None) -> tuple[str, EffectiveRoles]:
    """In whose name a key or an operator asks, and their roles. Raises InvalidInputError (field `requester`)."""
    own = acting_key(tx).holder_id if tx.actor.kind is ActorKind.KEY else None
    user_id = named or own
    if user_id is None or not is_full_member(tx.session.get(Member, user_id)):
        raise InvalidInputError(
            "A key is asked for in the name of a person, who collects what was granted.",
            "Name a full member of the workspace by their Slack id.",
            field="requester",
        )
    roles = effective_roles(tx.session, user_id, now=tx.now, policy=tx.policy)
    if not roles.has_anywhere(Role.INTEGRATOR):
        raise InvalidInputError(
            "That person may not ask for keys.", "It needs the role `integrator`.", field="requester"
        )
    return user_id, roles
