"""Pages, components and groups: seen, made, changed, retired and brought back, in the words of `/page`."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from desk.acting_keys import acting_key
from desk.configuration.components import create_component, edit_component, restore_component, retire_component
from desk.configuration.fields import ComponentFields, GroupFields
from desk.configuration.groups import create_group, edit_group
from desk.configuration.lookup import get_by_word
from desk.configuration.pages import edit_page
from desk.errors import InvalidInputError, NotFoundError
from desk.incidents.components import list_components, list_retired
from desk.incidents.port import port_of
from desk.pages.pages import get_page, list_pages, require_own
from desk.transaction import Transaction
from handlers.http.own.asked import Asked, Work
from handlers.http.own.shapes.base import Part, Shape, part_of
from handlers.http.own.shapes.pages import (
    ComponentChanged,
    ComponentShown,
    PageOf,
    component_of,
    page_of,
    page_shown,
)
from storage.models import Backend, Component, Page

_PAGE = "pages/{page_id}"
_COMPONENTS = f"{_PAGE}/components"
_ONE = f"{_COMPONENTS}/{{component_id}}"


def list_(tx: Transaction, asked: Asked) -> Shape:
    """A part of the pages that are the key's."""
    key, wanted = acting_key(tx), asked.query
    own = [page for page in list_pages(tx.session) if page.backend == Backend.LOCAL and key.reaches([page.id])]
    items = [page_of(page) for page in part_of(own, wanted)]
    return Part[PageOf](items=items, total=len(own), page=wanted.page, per_page=wanted.per_page)


def show(tx: Transaction, asked: Asked) -> Shape:
    """All that is set of one."""
    return page_shown(_own_page(tx, asked))


def change(tx: Transaction, asked: Asked) -> Shape:
    """Change what is named of it."""
    return page_shown(edit_page(tx, asked.path["page_id"], asked.body.settings, version=asked.body.version))


def list_of(tx: Transaction, asked: Asked) -> Shape:
    """A part of what is on a page, or was."""
    page, wanted = _own_page(tx, asked), asked.query
    shown, gone = list_components(tx.session, page.id), list_retired(tx.session, page.id)
    rows = gone if wanted.retired else shown
    items = [component_of(row, (*gone, *shown)) for row in part_of(rows, wanted)]
    return Part[ComponentShown](items=items, total=len(rows), page=wanted.page, per_page=wanted.per_page)


def show_one(tx: Transaction, asked: Asked) -> Shape:
    """A component or group."""
    return _shown(tx, _get(tx, asked))


def create(tx: Transaction, asked: Asked) -> Shape:
    """A new component."""
    body, page_id = asked.body, asked.path["page_id"]
    fields = ComponentFields(
        name=body.name,
        description=body.description,
        group_id=_group(tx, page_id, body.group),
        showcase=body.showcase,
        only_show_if_degraded=body.only_show_if_degraded,
        start_date=body.start_date,
        automation_email=body.automation_email,
    )
    if body.position is not None:
        fields["position"] = body.position
    return _shown(tx, create_component(tx, page_id, fields, status=body.status))


def create_of(tx: Transaction, asked: Asked) -> Shape:
    """A new group."""
    body, page_id = asked.body, asked.path["page_id"]
    fields = GroupFields(
        name=body.name, description=body.description, components=_members(tx, page_id, body.components)
    )
    if body.position is not None:
        fields["position"] = body.position
    return _shown(tx, create_group(tx, page_id, fields))


def change_one(tx: Transaction, asked: Asked) -> Shape:
    """Change what is said of a component or group, and leave the rest."""
    body = asked.body
    # A state alone goes to whoever keeps the page; everything else of a component is changed there.
    alone = body.model_fields_set <= {"status", "version"} and body.status is not None
    row = _get(tx, asked, anywhere=alone)
    if body.components is not None:
        return _shown(tx, _change_group(tx, row, body))
    fields = _read_fields(tx, row.page_id, body)
    # Whoever may bring it into a state alone, says nothing else.
    if fields or body.status is None:
        row = edit_component(tx, row.id, fields, version=body.version, status=body.status)
    else:
        port_of(tx, row.page_id).set_statuses(tx, row.page_id, {row.id: body.status})
    return _shown(tx, row)


def _change_group(tx: Transaction, row: Component, body: ComponentChanged) -> Component:
    alone = body.model_fields_set - {"name", "description", "position", "components", "version"}
    if alone:
        raise InvalidInputError(
            f"What is in a group is not changed together with `{sorted(alone)[0]}`.", field=sorted(alone)[0]
        )
    fields = GroupFields(components=_members(tx, row.page_id, body.components or ()))
    if body.name is not None:
        fields["name"] = body.name
    if "description" in body.model_fields_set:
        fields["description"] = body.description
    if body.position is not None:
        fields["position"] = body.position
    return edit_group(tx, row.id, fields, version=body.version)


def _read_fields(tx: Transaction, page_id: str, body: ComponentChanged) -> ComponentFields:
    fields, said = ComponentFields(), body.model_fields_set
    if body.name is not None:
        fields["name"] = body.name
    if "description" in said:
        fields["description"] = body.description
    if "group" in said:
        fields["group_id"] = _group(tx, page_id, body.group)
    if body.position is not None:
        fields["position"] = body.position
    if body.showcase is not None:
        fields["showcase"] = body.showcase
    if body.only_show_if_degraded is not None:
        fields["only_show_if_degraded"] = body.only_show_if_degraded
    if "start_date" in said:
        fields["start_date"] = body.start_date
    if "automation_email" in said:
        fields["automation_email"] = body.automation_email
    return fields


def retire(tx: Transaction, asked: Asked) -> Shape:
    """Take one off the page."""
    return _shown(tx, retire_component(tx, _get(tx, asked).id, version=asked.body.version))


def restore(tx: Transaction, asked: Asked) -> Shape:
    """Bring one back."""
    row = _get(tx, asked)
    members = _members(tx, row.page_id, asked.body.components)
    return _shown(tx, restore_component(tx, row.id, members=members))


def _own_page(tx: Transaction, asked: Asked) -> Page:
    page = get_page(tx.session, asked.path["page_id"])
    require_own(page)
    return page


def _get(tx: Transaction, asked: Asked, *, anywhere: bool = False) -> Component:
    row = tx.session.get(Component, asked.path["component_id"])
    page = get_page(tx.session, asked.path["page_id"]) if anywhere else _own_page(tx, asked)
    if row is None or row.page_id != page.id:
        raise NotFoundError("There is no such component.", "Look at the page again for what there is.")
    return row


def _group(tx: Transaction, page_id: str, word: str | None) -> str | None:
    return None if word is None else get_by_word(tx, page_id, word).id


def _members(tx: Transaction, page_id: str, words: Sequence[str]) -> list[str]:
    return [get_by_word(tx, page_id, word).id for word in words]


def find_shown(tx: Transaction, component_id: str) -> ComponentShown | None:
    """A component or group that is on its page."""
    row = tx.session.get(Component, component_id)
    return None if row is None or row.retired_at is not None else _shown(tx, row)


def _shown(tx: Transaction, row: Component) -> ComponentShown:
    beside = select(Component).where(Component.page_id == row.page_id)
    return component_of(row, tx.session.scalars(beside).all())


HANDLERS: Mapping[tuple[str, str], Work] = {
    ("GET", "pages"): list_,
    ("GET", _PAGE): show,
    ("POST", f"{_PAGE}/change"): change,
    ("GET", _COMPONENTS): list_of,
    ("GET", _ONE): show_one,
    ("POST", _COMPONENTS): create,
    ("POST", f"{_PAGE}/groups"): create_of,
    ("POST", f"{_ONE}/change"): change_one,
    ("POST", f"{_ONE}/retire"): retire,
    ("POST", f"{_ONE}/restore"): restore,
}
