"""Open modals, each person's stack of at most three."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sandbox.errors import SlackError
from sandbox.ids import Ids

Json = dict[str, Any]
MAX_STACK = 3


class Modals:
    """The modal stacks of all people, bottom view first."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._stacks: dict[str, list[Json]] = {}
        self._owners: dict[str, str] = {}
        self.entered: dict[str, Json] = {}

    def list_stack(self, user: str) -> list[Json]:
        """What this person has open, bottom first."""
        return self._stacks.get(user, [])

    def find_view(self, view_id: str | None = None, external_id: str | None = None) -> Json | None:
        """The open view with this id or external_id."""
        for stack in self._stacks.values():
            for view in stack:
                if view_id and view["id"] == view_id:
                    return view
                if external_id and view["external_id"] == external_id:
                    return view
        return None

    def get_owner(self, view_id: str) -> str:
        """Whose screen the view is on. Raises KeyError when it is not open."""
        return self._owners[view_id]

    def open(self, user: str, view: Json) -> None:
        """Put a new stack on this person's screen, of this one view."""
        self.clear(user)
        view["root_view_id"] = view["id"]
        self._put(user, view)

    def push(self, user: str, view: Json) -> None:
        """Put a view on top. Raises SlackError when nothing is open or three are."""
        stack = self._stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        view["previous_view_id"] = stack[-1]["id"]
        view["root_view_id"] = stack[0]["id"]
        self._put(user, view)

    def update(self, current: Json, fields: Json, entered: Json) -> Json:
        """Give an open view new contents, in which `entered` is filled in."""
        current.update(fields)
        current["hash"] = self._ids.next_hash()
        self.entered[current["id"]] = entered
        return current

    def close(self, user: str, view_id: str) -> list[Json]:
        """Close a view and whatever lies above it; gives what was closed, top first."""
        stack = self._stacks.get(user, [])
        place = next((n for n, view in enumerate(stack) if view["id"] == view_id), len(stack))
        closed = stack[place:]
        del stack[place:]
        for view in closed:
            self._forget(view)
        return closed[::-1]

    def clear(self, user: str) -> list[Json]:
        """Close everything this person has open, top first."""
        closed = self._stacks.pop(user, [])
        for view in closed:
            self._forget(view)
        return closed[::-1]

    def enter(self, view_id: str, block_id: str, action_id: str, value: Json) -> None:
        """Remember what the person entered so far."""
        self.entered.setdefault(view_id, {}).setdefault(block_id, {})[action_id] = deepcopy(value)

    def _put(self, user: str, view: Json) -> None:
        self._stacks.setdefault(user, []).append(view)
        self._owners[view["id"]] = user

    def _forget(self, view: Json) -> None:
        self._owners.pop(view["id"], None)
        self.entered.pop(view["id"], None)
