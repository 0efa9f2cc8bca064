"""Which scopes can be asked for, by what pages there are."""

from dataclasses import replace

from sqlalchemy import select

from desk.policy import Policy
from desk.transaction import Transaction
from storage.models import Backend, Page, Scope

_ELSEWHERE = frozenset(
    {
        Scope.METRICS_WRITE,
        Scope.SUBSCRIBERS_READ,
        Scope.SUBSCRIBERS_WRITE,
        Scope.PAGE_ACCESS_READ,
        Scope.PAGE_ACCESS_WRITE,
    }
)
"""What opens nothing on the pages that Keydesk keeps itself, and something on those that a Statuspage keeps."""


def policy_here(tx: Transaction) -> Policy:
    """The policy, with all scopes on offer that open something on a page of the organization."""
    if tx.session.scalars(select(Page.id).where(Page.backend != Backend.LOCAL).limit(1)).first() is None:
        return tx.policy
    offered = _ELSEWHERE.union(tx.policy.offered_scopes)
    return replace(tx.policy, offered_scopes=tuple(scope for scope in Scope if scope in offered))
