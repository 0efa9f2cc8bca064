"""What operators have to see to at a Statuspage elsewhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from desk.permissions import require_insider
from desk.transaction import Transaction
from desk.upstreams.connecting import find_upstream
from desk.upstreams.keys import list_upstream_keys
from storage.models import UpstreamKeyStatus

WARNED_BEFORE = timedelta(days=30)
"""So long before a key of Statuspage expires it is said."""
_STALE = timedelta(hours=1)
"""Copies are brought up to date every few minutes."""


def list_upstream_troubles(tx: Transaction, others: Sequence[tuple[str, datetime | None]] = ()) -> Sequence[str]:
    """A sentence for each; none where the organization has no Statuspage. `others` are the keys that settings name,
    with their ends."""
    require_insider(tx)
    upstream = find_upstream(tx.session)
    if upstream is None:
        return []
    kept = list_upstream_keys(tx.session)
    found = [f"Statuspage does not take the key “{key.name}” any more" for key in kept if _is_refused(key.status)]
    working = [(key.name, key.expires_at) for key in kept if not _is_refused(key.status)]
    for name, end in [*working, *others]:
        if end is not None and end - tx.now <= WARNED_BEFORE:
            found.append(f"the key “{name}” of Statuspage {_ends(end - tx.now)}")
    if not working and not others:
        found.append("there is no key of Statuspage to call with")
    if upstream.problem is not None:
        found.append(f"its pages could not be copied: {upstream.problem}")
    elif upstream.copied_at is None or tx.now - upstream.copied_at > _STALE:
        found.append("its pages were not copied within the last hour")
    return found


def _is_refused(status: str) -> bool:
    return status == UpstreamKeyStatus.REFUSED


def _ends(left: timedelta) -> str:
    if left <= timedelta():
        return "has expired"
    return f"expires in {left.days} days" if left.days > 1 else "expires within two days"
