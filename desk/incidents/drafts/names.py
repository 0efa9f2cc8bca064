"""Whom a text names: members and user groups of the workspace, by their ids and by their handles."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.folding import folded
from storage.models import Member, UserGroup

_AT = re.compile(r"(?<![\w@/.])@([\w][\w.'-]*)")
BROADCASTS = frozenset({"here", "channel", "everyone"})


@dataclass(frozen=True, slots=True)
class Names:
    """The people and groups that a text could name, as far as the desk knows them."""

    people: Mapping[str, str] = field(default_factory=dict)
    """Slack user id → what people call them."""
    handles: Mapping[str, str] = field(default_factory=dict)
    """Handle of a member, in lower case → what people call them."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Slack user group id → its handle."""

    @property
    def group_handles(self) -> frozenset[str]:
        """Handles of the groups, in lower case."""
        return frozenset(handle.lower() for handle in self.groups.values())


def list_handles(text: str) -> tuple[str, ...]:
    """Every `@handle` in the text, without the @, once each and in lower case."""
    found = (match[1].rstrip(".-'").lower() for match in _AT.finditer(text))
    return tuple(dict.fromkeys(handle for handle in found if handle))


def read_names(
    session: Session,
    *,
    user_ids: Collection[str] = (),
    group_ids: Collection[str] = (),
    handles: Collection[str] = (),
) -> Names:
    """Those of them that the desk knows, with at most two queries."""
    if not (user_ids or group_ids or handles):
        return Names()
    called = [folded(handle) for handle in handles]
    people = session.execute(
        select(Member.user_id, Member.handle, Member.name).where(
            or_(Member.user_id.in_(user_ids), folded(Member.handle).in_(called))
        )
    ).all()
    groups = session.execute(
        select(UserGroup.group_id, UserGroup.handle).where(
            or_(UserGroup.group_id.in_(group_ids), folded(UserGroup.handle).in_(called))
        )
    ).all()
    return Names(
        people={row.user_id: row.name for row in people},
        handles={row.handle.lower(): row.name for row in people if row.handle},
        groups={row.group_id: row.handle for row in groups},
    )
