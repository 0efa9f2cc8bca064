"""Keys: looked at, and changed in the words of Slack."""

from collections.abc import Callable, Mapping

from desk.acting_keys import acting_key
from desk.digest.sent import current_digest
from desk.durations import parse_duration
from desk.keys.changes import rename_key, restore_key, revoke_key, suspend_key, transfer_key
from desk.keys.details import get_key_details, show_changed, show_keys
from desk.keys.lookup import KeyFilter
from desk.keys.questions import ask_holder, keep_key
from desk.keys.rotation import begin_rotation
from desk.keys.spans import ask_for_extension_as_said, end_said, extend_as_said
from desk.pages.pages import get_organization, list_pages
from desk.people import get_answerer, subject_word
from desk.permissions import (
    list_owner_ids,
)
from desk.requests.offers import policy_here
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape
from handlers.http.own.shapes.digest import digest_of
from handlers.http.own.shapes.keys import Info, Key, Me, details_of, key_of, rotation_of
from storage.models import ApiKey


def me(tx: Transaction, _asked: Asked) -> Shape:
    """The key that asks."""
    key = tx.session.get_one(ApiKey, tx.actor.id)
    return Me(**{name: getattr(key, name) for name in Me.model_fields})


def info(tx: Transaction, _asked: Asked) -> Shape:
    """What one has to know to ask for a key and to use it; of pages, those of the acting key."""
    organization, policy, key = get_organization(tx.session), tx.policy, acting_key(tx)
    return Info(
        organization_id=organization.id,
        organization=organization.name,
        base_url=policy.base_url,
        pages={page.id: page.name for page in list_pages(tx.session) if key.reaches([page.id])},
        owners=list_owner_ids(tx),
        scopes=[str(scope) for scope in policy_here(tx).offered_scopes],
        approvals_needed=policy.approvals_needed,
        default_lifetime_days=policy.default_lifetime.days,
        maximum_lifetime_days=policy.maximum_lifetime.days,
    )


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of the keys."""
    wanted = asked.query
    narrowed = KeyFilter(view=wanted.view, holder_id=wanted.holder_id, page_id=wanted.page_id, text=wanted.q)
    found = show_keys(tx, narrowed, offset=wanted.offset, limit=wanted.per_page, most=None)
    # Past the end Slack shows the last part; a program asks until there is nothing.
    keys = found.keys if found.offset == wanted.offset else []
    return Part[Key](
        items=[key_of(key) for key in keys], total=found.total, page=wanted.page, per_page=wanted.per_page
    )


def show(tx: Transaction, asked: Asked) -> Shape:
    """Everything about one key."""
    return details_of(get_key_details(tx, asked.path["key_id"]))


def _changing(change: Callable[[Transaction, str, Asked], ApiKey]) -> Work:
    def work(tx: Transaction, asked: Asked) -> Shape:
        return key_of(show_changed(tx, change(tx, asked.path["key_id"], asked)))

    return work


def _rename(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    return rename_key(tx, key_id, asked.body.name, version=asked.body.version)


def _suspend(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    return suspend_key(tx, key_id, reason=asked.body.reason, version=asked.body.version)


def _restore(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    return restore_key(tx, key_id, version=asked.body.version)


def _revoke(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    body = asked.body
    return revoke_key(tx, key_id, reason=body.reason, version=body.version, warn=not body.confirmed)


def _extend(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    return extend_as_said(tx, key_id, asked.body.until, version=asked.body.version)


def _ask_for_extension(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    return ask_for_extension_as_said(tx, key_id, asked.body.until, reason=asked.body.reason)


def _keep(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    body = asked.body
    return keep_key(tx, key_id, end_said(tx, body.until), body.reason, version=body.version)


def _transfer(tx: Transaction, key_id: str, asked: Asked) -> ApiKey:
    to = get_answerer(tx.session, subject_word(asked.body.to))
    return transfer_key(tx, key_id, to, version=asked.body.version)


def _ask_holder(tx: Transaction, key_id: str, _asked: Asked) -> ApiKey:
    return ask_holder(tx, key_id)


def rotate(tx: Transaction, asked: Asked) -> Shape:
    """Let the key's holder collect a new one in its place."""
    grace = parse_duration(asked.body.grace) if asked.body.grace is not None else None
    return rotation_of(begin_rotation(tx, asked.path["key_id"], grace, version=asked.body.version))


def digest(tx: Transaction, _asked: Asked) -> Shape:
    """What the digest would say now."""
    return digest_of(tx, current_digest(tx))


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "me"): me,
    ("GET", "info"): info,
    ("GET", "digest"): digest,
    ("GET", "keys"): list_,
    ("GET", "keys/{key_id}"): show,
    ("POST", "keys/{key_id}/rename"): _changing(_rename),
    ("POST", "keys/{key_id}/suspend"): _changing(_suspend),
    ("POST", "keys/{key_id}/restore"): _changing(_restore),
    ("POST", "keys/{key_id}/revoke"): _changing(_revoke),
    ("POST", "keys/{key_id}/extend"): _changing(_extend),
    ("POST", "keys/{key_id}/ask-for-extension"): _changing(_ask_for_extension),
    ("POST", "keys/{key_id}/keep"): _changing(_keep),
    ("POST", "keys/{key_id}/transfer"): _changing(_transfer),
    ("POST", "keys/{key_id}/ask-holder"): _changing(_ask_holder),
    ("POST", "keys/{key_id}/rotate"): rotate,
}
