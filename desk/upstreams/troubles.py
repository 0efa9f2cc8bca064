"""What operators and owners have to see to at a Statuspage elsewhere."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desk.permissions import Duty, require_duty, require_insider
from desk.transaction import Transaction
from desk.upstreams.cards import tell_expiring
from desk.upstreams.connecting import find_upstream
from desk.upstreams.keys import list_upstream_keys
from storage.models import UpstreamKeyStatus, UpstreamWarning
from storage.once import insert_once

WARNED_DAYS = (30, 14, 7, 1)
"""So many days before a key of Statuspage expires owners are told, each time once."""
_STALE = timedelta(hours=1)
"""Copies are brought up to date every few minutes."""


@dataclass(frozen=True, slots=True)
class ExpiringKey:
    """A key of Statuspage whose end is near, or over."""

    name: str
    expires_at: datetime
    left: timedelta

    @property
    def in_words(self) -> str:
        """As a sentence goes on."""
        if self.left <= timedelta():
            return f"the key “{self.name}” of Statuspage has expired"
        days = self.left.days
        ends = f"in {days} days" if days > 1 else "within two days" if days == 1 else "within a day"
        return f"the key “{self.name}” of Statuspage expires {ends}"


def decide_warning(left: timedelta) -> int | None:
    """Of how many days a key that lasts so long is warned now; None: of none."""
    return min((days for days in WARNED_DAYS if timedelta() < left <= timedelta(days=days)), default=None)


def list_expiring(tx: Transaction) -> Sequence[ExpiringKey]:
    """Keys that are called with and end within thirty days, the next first; those too that settings name."""
    require_insider(tx)
    if find_upstream(tx.session) is None:
        return []
    kept = [(key.name, key.expires_at) for key in list_upstream_keys(tx.session) if not _is_refused(key.status)]
    dated = [(name, end) for name, end in (*kept, *tx.policy.named_upstream_keys) if end is not None]
    found = [ExpiringKey(name, end, end - tx.now) for name, end in dated]
    return sorted((one for one in found if one.left <= timedelta(days=WARNED_DAYS[0])), key=lambda one: one.left)


def list_upstream_troubles(tx: Transaction, opens: Callable[[str], bool] = lambda _: True) -> Sequence[str]:
    """A sentence for each; none where the organization has no Statuspage. `opens`: whether the encryption keys that
    there are open what is sealed."""
    require_insider(tx)
    upstream = find_upstream(tx.session)
    if upstream is None:
        return []
    kept = list_upstream_keys(tx.session)
    found = [f"Statuspage does not take the key “{key.name}” any more" for key in kept if _is_refused(key.status)]
    working = [key for key in kept if not _is_refused(key.status)]
    closed = [key for key in working if key.sealed is not None and not opens(key.sealed)]
    found += [f"the key “{key.name}” of Statuspage is sealed with what no encryption key opens" for key in closed]
    found += [one.in_words for one in list_expiring(tx)]
    if len(working) == len(closed) and not tx.policy.named_upstream_keys:
        found.append("there is no key of Statuspage to call with")
    if upstream.problem is not None:
        found.append(f"its pages could not be copied: {upstream.problem}")
    elif upstream.copied_at is None or tx.now - upstream.copied_at > _STALE:
        found.append("its pages were not copied within the last hour")
    return found


def warn_of_expiry(tx: Transaction) -> int:
    """Tell the owners of keys that expire in 30, 14, 7 or 1 days, once of each; gives how many were news."""
    require_duty(tx, Duty.COPIES)
    news = 0
    for key in list_expiring(tx):
        days = decide_warning(key.left)
        if days is None:
            continue
        of_it = {"key_name": key.name, "expires_at": key.expires_at, "days": days}
        if insert_once(tx.session, UpstreamWarning, **of_it, told_at=tx.now, organization_id=tx.organization):
            tell_expiring(tx, key.name, key.expires_at, days)
            news += 1
    return news


def _is_refused(status: str) -> bool:
    return status == UpstreamKeyStatus.REFUSED
