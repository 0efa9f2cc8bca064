"""The life of component groups. For who configures the page.

Statuspage's rules: a group has at least one component; it goes with its last one; when it goes itself, its components
stay.
"""

from collections.abc import Sequence

from desk.audit import trail as audit
from desk.configuration.fields import GroupFields, check_fields
from desk.configuration.lookup import get_component
from desk.configuration.places import Shelf, facts_of
from desk.errors import InvalidInputError, NotFoundError
from desk.identifiers import new_id
from desk.pages.pages import get_page
from desk.permissions import require_write
from desk.transaction import Transaction
from storage.models import Component, Scope


def create_group(tx: Transaction, page_id: str, fields: GroupFields) -> Component:
    """Make a group of components that are on the page, behind what is beside it unless a position is given.

    Raises NotFoundError for the page, NotAllowedError, and InvalidInputError whose `field` names what cannot be.
    """
    require_write(tx, Scope.COMPONENTS_WRITE, get_page(tx.session, page_id).id)
    values = check_fields({"name": "", **fields}, of="A group")
    members, position = values.pop("components", []), values.pop("position", None)
    shelf = Shelf(tx, page_id)
    chosen = _get_members(shelf, members)
    row = Component(
        id=new_id(),
        page_id=page_id,
        group=True,
        position=0,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        **values,
    )
    tx.session.add(row)
    # Its components refer to it.
    tx.session.flush()
    shelf.rows.append(row)
    shelf.put(row, position)
    shelf.note(audit.Action.COMPONENT_CREATED, row)
    _set_members(shelf, row, chosen)
    shelf.finish()
    return row


def edit_group(tx: Transaction, component_id: str, fields: GroupFields, *, version: int | None = None) -> Component:
    """Change what is named of a group. Components that it is not to have any more stand behind it, in no group.

    Raises NotFoundError, NotAllowedError, InvalidInputError whose `field` names what cannot be, and ConflictError.
    """
    seen = get_component(tx, component_id)
    if not seen.group:
        raise NotFoundError(f"“{seen.name}” is no group.", "Change it as a component.")
    values = check_fields(fields, of="A group")
    shelf = Shelf(tx, seen.page_id)
    row = shelf.get_shown(component_id, version=version)
    before = facts_of(row)
    members = _get_members(shelf, values.pop("components")) if "components" in values else None
    if (position := values.pop("position", None)) is not None:
        shelf.put(row, position)
    row.name = values.get("name", row.name)
    row.description = values.get("description", row.description)
    shelf.note_changes(row, before)
    if members is not None:
        _set_members(shelf, row, members)
    shelf.finish()
    return row


def retire_group(shelf: Shelf, group: Component) -> None:
    """Take a group off the page; its components stand where it stood."""
    place = group.position
    for row in reversed(shelf.members(group.id)):
        before = facts_of(row)
        row.group_id = None
        shelf.put(row, place)
        shelf.note_changes(row, before)
    for row in shelf.rows:
        if row.group_id == group.id:
            # What was retired before it cannot come back into it.
            row.group_id = None
    shelf.retire(group)


def restore_group(shelf: Shelf, group: Component, component_ids: Sequence[str]) -> None:
    """Put a group on the page again, with these components."""
    chosen = _get_members(shelf, component_ids)
    shelf.restore(group)
    _set_members(shelf, group, chosen)


def _get_members(shelf: Shelf, component_ids: Sequence[str]) -> list[Component]:
    if not component_ids:
        raise InvalidInputError(
            "A group needs at least one component.", "Choose some, or retire the group.", field="components"
        )
    shown = {row.id: row for row in shelf.rows if row.retired_at is None and not row.group}
    for component_id in component_ids:
        row = next((row for row in shelf.rows if row.id == component_id), None)
        if row is not None and row.group:
            raise InvalidInputError(f"“{row.name}” is a group, and can be in none.", field="components")
        if component_id not in shown:
            raise InvalidInputError(f"There is no component {component_id} on this page.", field="components")
    return [shown[component_id] for component_id in dict.fromkeys(component_ids)]


def _set_members(shelf: Shelf, group: Component, chosen: Sequence[Component]) -> None:
    """Let a group have these components in this order; those that it had besides stand behind it."""
    before = {row.id: facts_of(row) for row in shelf.rows}
    left = [row for row in shelf.members(group.id) if row not in chosen]
    for place, row in enumerate(chosen, start=1):
        shelf.move(row, group.id, place)
    for row in reversed(left):
        shelf.move(row, None, group.position + 1)
    for row in (*chosen, *left):
        shelf.note_changes(row, before[row.id])
