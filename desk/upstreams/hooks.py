"""The address that a Statuspage elsewhere calls when something changes there: who knows it makes Keydesk look."""

from desk.audit import trail as audit
from desk.permissions import require_owner
from desk.secret import Secret
from desk.transaction import Transaction, upstreams_changed
from desk.upstreams.connecting import lock_upstream


def make_hook(tx: Transaction) -> Secret:
    """A new secret for the address; an earlier one means nothing any more. Raises NotAllowedError, NotFoundError."""
    require_owner(tx)
    upstream, secret = lock_upstream(tx.session), Secret.generate()
    upstream.hook_sha256 = secret.sha256
    audit.record(tx, audit.Action.UPSTREAM_WEBHOOK_SET, "upstream", upstream.id, is_on=True)
    upstreams_changed(tx)
    return secret


def drop_hook(tx: Transaction) -> None:
    """No address is listened to any more. Raises NotAllowedError, NotFoundError."""
    require_owner(tx)
    upstream = lock_upstream(tx.session)
    if upstream.hook_sha256 is None:
        return
    upstream.hook_sha256 = None
    audit.record(tx, audit.Action.UPSTREAM_WEBHOOK_SET, "upstream", upstream.id, is_on=False)
    upstreams_changed(tx)
