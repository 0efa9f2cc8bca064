"""When a sync stops and asks: pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from desk.directory.holdings import Held

Holdings = Mapping[str, frozenset[Held]]


@dataclass(frozen=True, slots=True)
class SyncVerdict:
    """Who would lose which granted roles, of how many people who have any, and whether that is too much at once."""

    losers: Holdings
    people: int
    stops: bool


def decide_sync(before: Holdings, after: Holdings, *, share: float) -> SyncVerdict:
    """Compare who has what before and after. It stops when more than `share` of the people would lose something.

    Whoever keeps a role by another way loses nothing.
    """
    losses = {user_id: roles - after.get(user_id, frozenset()) for user_id, roles in before.items()}
    losers = {user_id: lost for user_id, lost in sorted(losses.items()) if lost}
    return SyncVerdict(losers, len(before), len(losers) > share * len(before))
