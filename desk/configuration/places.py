"""Who changes a page's components waits for whoever else does: positions stay dense, and no group is left empty."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from desk.audit import trail as audit
from desk.configuration.fields import ComponentFields
from desk.errors import ConflictError, NotFoundError
from desk.pages.order import in_order, number, put
from desk.pages.pages import get_page, lock_organization, require_own
from desk.transaction import Transaction, pages_changed
from storage.models import Component, Page

Event = tuple[audit.Action, Component, Mapping[str, Any]]
"""What is to be recorded of a component once nothing more is to be locked."""


class Shelf:
    """All components of a page, as they are and ours until the commit, and what becomes of them."""

    def __init__(self, tx: Transaction, page_id: str) -> None:
        self._tx = tx
        self._page_id = page_id
        require_own(get_page(tx.session, page_id))
        # Before the components: nobody else makes one meanwhile, and two who configure never wait for each other's.
        lock_organization(tx.session)
        every = select(Component).where(Component.page_id == page_id).order_by(Component.id)
        locked = every.with_for_update().execution_options(populate_existing=True)
        self.rows: list[Component] = list(tx.session.scalars(locked).all())
        self._events: list[Event] = []

    def get(self, component_id: str, *, version: int | None = None) -> Component:
        """A component as it is now. Raises NotFoundError, and ConflictError where somebody changed it since."""
        row = next((row for row in self.rows if row.id == component_id), None)
        if row is None:
            raise NotFoundError("There is no such component.", "Look at the page again for what there is.")
        if version not in (None, row.version):
            raise ConflictError(f"Somebody changed “{row.name}” since you looked.", "Look at how it is now.")
        return row

    def get_shown(self, component_id: str, *, version: int | None = None) -> Component:
        """As `get`, of what is on the page. Raises ConflictError also where it is retired."""
        row = self.get(component_id, version=version)
        if row.retired_at is not None:
            raise ConflictError(f"“{row.name}” was retired.", "Bring it back first.")
        return row

    def find_group(self, group_id: str | None) -> Component | None:
        """The group, where there is one of this id on the page."""
        return next((row for row in self.rows if row.id == group_id and row.group and row.retired_at is None), None)

    def members(self, group_id: str | None) -> list[Component]:
        """What is in a group, in order; of None, what stands in no group, the groups among it."""
        return in_order(self.rows, group_id)

    def put(self, row: Component, position: int | None = None) -> None:
        """Give it its position within the group that it is in by now; None: the last."""
        put(self.rows, row, position)

    def move(self, row: Component, group_id: str | None, position: int | None = None) -> None:
        """Put it into a group, or (None) into none. What it was in closes up, and goes with its last component."""
        before = row.group_id
        row.group_id = group_id
        self.put(row, position)
        if before != group_id:
            self.close_up(before)

    def close_up(self, group_id: str | None) -> None:
        """Something left a group, or the place beside the groups."""
        number(self.members(group_id))
        group = self.find_group(group_id)
        if group is not None and not self.members(group_id):
            # Statuspage's rule: a group without components is none.
            self.retire(group)

    def retire(self, row: Component) -> None:
        """Take it off the page. Nothing is in it any more, or it is in no group that would be left empty by it."""
        row.retired_at = self._tx.now
        self.touch(row)
        self.note(audit.Action.COMPONENT_RETIRED, row)
        self.close_up(row.group_id)

    def restore(self, row: Component, position: int | None = None) -> None:
        """Put it on the page again."""
        row.retired_at = None
        self.touch(row)
        self.put(row, position)
        self.note(audit.Action.COMPONENT_RESTORED, row)

    def touch(self, row: Component) -> None:
        """Somebody changed it."""
        row.version += 1
        row.updated_at = self._tx.now

    def note(self, action: audit.Action, row: Component, **data: Any) -> None:
        """Have it recorded at the end."""
        self._events.append((action, row, data))

    def note_changes(self, row: Component, before: Mapping[str, Any]) -> None:
        """Have recorded what became of a component since these were its facts, if anything."""
        after = facts_of(row)
        changed = [name for name, value in after.items() if before[name] != value]
        if changed:
            self.touch(row)
            was, now = ({name: facts[name] for name in changed} for facts in (before, after))
            self.note(audit.Action.COMPONENT_EDITED, row, before=was, after=now)

    def finish(self) -> None:
        """Show the page as it is now, and record what was done."""
        if not self._events:
            return
        self._tx.session.get_one(Page, self._page_id).updated_at = self._tx.now
        self._tx.session.flush()
        pages_changed(self._tx)
        for action, row, data in self._events:
            known = {"name": row.name, "page_id": row.page_id, "group": row.group}
            audit.record(self._tx, action, "component", row.id, **known, **data)


def facts_of(row: Component) -> Mapping[str, Any]:
    """What somebody can change of a component, as the audit trail keeps it."""
    facts = {name: getattr(row, name) for name in ComponentFields.__annotations__}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}
