"""A key that nobody asked for: made by an operator on the server, as the first one of an organization must be."""

from datetime import timedelta

from desk.audit.trail import Action, record
from desk.errors import InvalidInputError, NotAllowedError
from desk.identifiers import new_id
from desk.keys.cards import KEY_MADE
from desk.keys.holders import may_answer
from desk.keys.restrictions import facts_of_restrictions, require_on_pages
from desk.messages.outbox import owners_conversations, send_note
from desk.pages.pages import list_pages
from desk.permissions import ask_an_owner
from desk.requests.offers import policy_here
from desk.requests.terms import Asked, check_asked, refuse_unoffered
from desk.secret import Secret
from desk.transaction import ActorKind, Transaction, keys_changed
from storage.models import ApiKey


def make_key(tx: Transaction, wanted: Asked) -> tuple[ApiKey, Secret]:
    """Make a key at once: for operators alone. All owners are told, and whoever is to answer for it.

    The secret is nowhere but in what is given back. Raises NotAllowedError, and InvalidInputError whose field names
    the input.
    """
    if tx.actor.kind is not ActorKind.OPERATOR:
        raise NotAllowedError("Only operators make keys without a request.", ask_an_owner(tx))
    wanted = check_asked(wanted, tx.policy)
    refuse_unoffered(wanted.scopes, policy_here(tx))
    if not {page.id for page in list_pages(tx.session)}.issuperset(wanted.pages or ()):
        raise InvalidInputError("There is no such page.", field="pages")
    require_on_pages(tx.session, wanted.components, wanted.pages)
    if not may_answer(tx, wanted.holder_id, wanted.pages):
        raise InvalidInputError(
            "That person may not hold keys for all of these pages.",
            "Choose a full member of the workspace with the role `integrator` there.",
            field="holder",
        )
    secret = Secret.generate()
    key = ApiKey(
        id=new_id(),
        name=wanted.name,
        purpose=wanted.purpose,
        sha256=secret.sha256,
        start=secret.start,
        scopes=[str(scope) for scope in wanted.scopes],
        pages=None if wanted.pages is None else list(wanted.pages),
        components=None if wanted.components is None else list(wanted.components),
        networks=None if wanted.networks is None else list(wanted.networks),
        holder_id=wanted.holder_id,
        created_at=tx.now,
        created_by=str(tx.actor),
        expires_at=tx.now + timedelta(days=wanted.lifetime_days),
        # Nothing shows its secret but the terminal, and that has it by now.
        revealed_at=tx.now,
    )
    tx.session.add(key)
    tx.session.flush()
    keys_changed(tx, key.id)
    send_note(tx, KEY_MADE, key.id, [*owners_conversations(tx), wanted.holder_id], by=str(tx.actor))
    record(
        tx,
        Action.KEY_MINTED,
        "key",
        key.id,
        name=key.name,
        scopes=key.scopes,
        pages=key.pages,
        **facts_of_restrictions(key.components, key.networks),
        holder_id=key.holder_id,
        expires_at=key.expires_at.isoformat(),
    )
    return key, secret
