"""The life of components: made, changed, moved, retired and brought back. For who configures the page.

What is retired is not on the page any more, and nobody can choose it; what is past keeps its name. It is never
removed: incidents, the history of its states and the audit trail speak of it, and it can be brought back.
"""

from desk.audit import trail as audit
from desk.configuration.fields import ComponentFields, check_fields
from desk.configuration.groups import restore_group, retire_group
from desk.configuration.lookup import get_component
from desk.configuration.places import Shelf, facts_of
from desk.errors import ConflictError, InvalidInputError
from desk.identifiers import new_id
from desk.incidents.lookup import list_open_on
from desk.incidents.port import port_of
from desk.pages.pages import get_page
from desk.permissions import require_write
from desk.transaction import Transaction
from storage.models import Component, ComponentStatus, Scope

_NAMED = 3
_OF_COMPONENTS = ("showcase", "only_show_if_degraded", "start_date", "automation_email")
"""What groups do not have."""
_OPERATIONAL = ComponentStatus.OPERATIONAL


def create_component(
    tx: Transaction, page_id: str, fields: ComponentFields, *, status: ComponentStatus = _OPERATIONAL
) -> Component:
    """Make a component, behind the others of its group unless a position is given.

    Raises NotFoundError for the page, NotAllowedError, and InvalidInputError whose `field` names what cannot be.
    """
    require_write(tx, Scope.COMPONENTS_WRITE, get_page(tx.session, page_id).id)
    values = check_fields({"name": "", **fields}, of="A component")
    shelf = Shelf(tx, page_id)
    group_id, position = values.pop("group_id", None), values.pop("position", None)
    _require_group(shelf, group_id)
    row = Component(
        id=new_id(),
        page_id=page_id,
        group_id=group_id,
        group=False,
        position=0,
        status=_OPERATIONAL,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        **({"showcase": True, "only_show_if_degraded": False} | values),
    )
    tx.session.add(row)
    shelf.rows.append(row)
    shelf.put(row, position)
    shelf.note(audit.Action.COMPONENT_CREATED, row)
    shelf.finish()
    if status != _OPERATIONAL:
        port_of(tx, page_id).set_statuses(tx, page_id, {row.id: status})
    return row


def edit_component(
    tx: Transaction,
    component_id: str,
    fields: ComponentFields,
    *,
    version: int | None = None,
    status: ComponentStatus | None = None,
) -> Component:
    """Change what is named of a component, or of a group; what is as it was is no change. Moved elsewhere without a
    position, it comes last.

    With `version`, the one that the actor saw, nothing that somebody else did since is lost. A `status` is brought
    about as by `set_statuses`. Raises NotFoundError, NotAllowedError, InvalidInputError whose `field` names what
    cannot be, and ConflictError.
    """
    seen = get_component(tx, component_id)
    values = check_fields(fields, of="A component")
    shelf = Shelf(tx, seen.page_id)
    row = shelf.get_shown(component_id, version=version)
    if status is not None:
        # Before anything is recorded, which comes last of what is locked.
        port_of(tx, row.page_id).set_statuses(tx, row.page_id, {row.id: status})
    before = facts_of(row)
    group_id = values.pop("group_id", row.group_id)
    if row.group and group_id is not None:
        raise InvalidInputError(f"“{row.name}” is a group, and can be in none.", field="group_id")
    alone = next((name for name in _OF_COMPONENTS if row.group and name in values), None)
    if alone is not None:
        raise InvalidInputError(f"“{row.name}” is a group.", "Say it of its components.", field=alone)
    _require_group(shelf, group_id)
    position = values.pop("position", None)
    if group_id != row.group_id or position is not None:
        # What moves makes others move.
        require_write(tx, Scope.COMPONENTS_WRITE, row.page_id)
        shelf.move(row, group_id, position)
    row.name = values.get("name", row.name)
    row.description = values.get("description", row.description)
    row.showcase = values.get("showcase", row.showcase)
    row.only_show_if_degraded = values.get("only_show_if_degraded", row.only_show_if_degraded)
    row.start_date = values.get("start_date", row.start_date)
    row.automation_email = values.get("automation_email", row.automation_email)
    shelf.note_changes(row, before)
    shelf.finish()
    return row


def retire_component(tx: Transaction, component_id: str, *, version: int | None = None) -> Component:
    """Take a component or group off the page. With its last component a group goes; of a group that is retired, the
    components stay, where it was.

    What is open holds its components: readers would be told of trouble with what is not there any more, and nobody
    how it ended. So it is refused, naming what is open. Raises NotFoundError, NotAllowedError and ConflictError.
    """
    seen = get_component(tx, component_id)
    shelf = Shelf(tx, seen.page_id)
    row = shelf.get_shown(component_id, version=version)
    if row.group:
        retire_group(shelf, row)
    else:
        _refuse_held(tx, row)
        if row.status != _OPERATIONAL:
            # Of what is not there any more nothing is out of order: its outage ends here, and goes on nowhere.
            port_of(tx, row.page_id).set_statuses(tx, row.page_id, {row.id: _OPERATIONAL})
        shelf.retire(row)
    shelf.finish()
    return row


def restore_component(tx: Transaction, component_id: str, *, members: list[str] | None = None) -> Component:
    """Bring a component or group back, behind the others; a component with the group that went with it. A group needs
    `members`, since those that it had are elsewhere by now.

    Raises NotFoundError, NotAllowedError, InvalidInputError and ConflictError.
    """
    seen = get_component(tx, component_id)
    shelf = Shelf(tx, seen.page_id)
    row = shelf.get(component_id)
    if row.retired_at is None:
        raise ConflictError(f"“{row.name}” is on the page.", "Nothing needs to be done.")
    if row.group:
        restore_group(shelf, row, members or [])
    else:
        group = next((one for one in shelf.rows if one.id == row.group_id and one.group), None)
        if group is None:
            row.group_id = None
        elif group.retired_at is not None:
            shelf.restore(group)
        shelf.restore(row)
    shelf.finish()
    return row


def _require_group(shelf: Shelf, group_id: str | None) -> None:
    if group_id is not None and shelf.find_group(group_id) is None:
        raise InvalidInputError(f"There is no group {group_id} on this page.", field="group_id")


def _refuse_held(tx: Transaction, row: Component) -> None:
    open_on = list_open_on(tx.session, row.page_id, [row.id], scheduled=None)
    if not open_on:
        return
    named = ", ".join(f"“{incident.name}”" for incident in open_on[:_NAMED])
    more = f" and {len(open_on) - _NAMED} more" if len(open_on) > _NAMED else ""
    raise ConflictError(
        f"“{row.name}” cannot be retired: {named}{more} {'is' if len(open_on) == 1 else 'are'} open on it.",
        "Resolve or complete what is open first.",
    )
