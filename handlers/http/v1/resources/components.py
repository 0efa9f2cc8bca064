"""Components and groups: made, changed, retired, and their uptime."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from desk.configuration.components import create_component, edit_component, retire_component
from desk.configuration.fields import ComponentFields, GroupFields
from desk.configuration.groups import create_group, edit_group
from desk.errors import NotFoundError
from desk.incidents.components import list_components
from desk.incidents.port import port_of
from desk.status_page.component_uptime import read_uptime
from desk.transaction import Desk, Transaction
from handlers.http.answers import Answer
from handlers.http.errors import NOT_FOUND
from handlers.http.fields import Body, Fields
from handlers.http.v1.documents import json_document
from handlers.http.v1.operations import Key
from handlers.http.v1.routing import Call, Handler
from handlers.http.v1.shapes.components import component_shape, group_shape, group_status
from handlers.http.v1.shapes.uptime import uptime_shape
from handlers.http.v1.writing import Made, creating, reading, writing
from storage.models import Component, ComponentStatus, Page

_COMPONENT = "pages/{page_id}/components/{component_id}"
_GROUP = "pages/{page_id}/component-groups/{id}"
_IN_GROUPS = ("name", "components")
_NO_GROUP = "null"
"""What stands for no group in a text."""


def component_handlers(desk: Desk) -> Mapping[Key, Handler]:
    """The operations that change components and groups, and tell their uptime."""
    change_component, change_group = writing(desk, _change_component), writing(desk, _change_group)
    return {
        ("POST", "pages/{page_id}/components"): creating(desk, _make_component, _again(_show)),
        ("PUT", _COMPONENT): change_component,
        ("PATCH", _COMPONENT): change_component,
        ("DELETE", _COMPONENT): writing(desk, _retire_component),
        ("GET", f"{_COMPONENT}/uptime"): reading(desk, _tell_uptime("component_id")),
        ("POST", "pages/{page_id}/component-groups"): creating(desk, _make_group, _again(_show_group)),
        ("PUT", _GROUP): change_group,
        ("PATCH", _GROUP): change_group,
        ("DELETE", _GROUP): writing(desk, _retire_group),
        ("GET", f"{_GROUP}/uptime"): reading(desk, _tell_uptime("id")),
    }


def _make_component(tx: Transaction, call: Call, body: Body) -> Made:
    fields = body.fields("component")
    status = fields.choice(ComponentStatus, "status") or ComponentStatus.OPERATIONAL
    values = _read_component(fields)
    with fields.problems.gathered():
        row = create_component(tx, call.path["page_id"], values, status=status)
    fields.problems.refuse()
    return Made(Answer(201, _show(tx, row)), row.id, _mark(row))


def _change_component(tx: Transaction, call: Call, body: Body) -> Answer:
    row = _get(tx, call, "component_id")
    fields = body.fields("component")
    status = fields.choice(ComponentStatus, "status")
    values = _read_component(fields)
    with fields.problems.gathered():
        # Whoever may bring it into a state alone, sends nothing else.
        if values:
            row = edit_component(tx, row.id, values, status=status)
        elif status is not None:
            port_of(tx, row.page_id).set_statuses(tx, row.page_id, {row.id: status})
    fields.problems.refuse()
    return Answer(200, _show(tx, row))


def _retire_component(tx: Transaction, call: Call, _body: Body) -> Answer:
    retire_component(tx, _get(tx, call, "component_id").id)
    return Answer(204)


def _make_group(tx: Transaction, call: Call, body: Body) -> Made:
    fields = _group_fields(body)
    values = _read_group(fields, body)
    with fields.problems.gathered():
        row = create_group(tx, call.path["page_id"], values)
    fields.problems.refuse()
    return Made(Answer(201, _show_group(tx, row)), row.id, _mark(row))


def _change_group(tx: Transaction, call: Call, body: Body) -> Answer:
    row, fields = _get(tx, call, "id", group=True), _group_fields(body)
    values = _read_group(fields, body)
    with fields.problems.gathered():
        row = edit_group(tx, row.id, values)
    fields.problems.refuse()
    return Answer(200, _show_group(tx, row))


def _retire_group(tx: Transaction, call: Call, _body: Body) -> Answer:
    row = _get(tx, call, "id", group=True)
    last = _show_group(tx, row)
    retire_component(tx, row.id)
    return Answer(200, last)


def _tell_uptime(name: str) -> Callable[[Transaction, Call], Answer]:
    def tell(tx: Transaction, call: Call) -> Answer:
        row = _get(tx, call, name, group=name == "id")
        report = read_uptime(tx.session, row, call.query.get("start"), call.query.get("end"), tx.now)
        brief = call.query.get("skip_related_events", "").lower() in ("true", "t", "1")
        return Answer(200, json_document(uptime_shape(row, report, _zone(tx, row), brief=brief)))

    return tell


def _read_component(fields: Fields) -> ComponentFields:
    """What a body says of a component. A text that is emptied is taken back, and so is what is null."""
    values = ComponentFields()
    name, position = fields.text("name"), fields.whole("position")
    description, group_id, started = fields.text("description"), fields.text("group_id"), fields.day("start_date")
    email = fields.text("automation_email")
    showcase, only_if_degraded = fields.flag("showcase"), fields.flag("only_show_if_degraded")
    if name is not None:
        values["name"] = name
    if description is not None or fields.is_empty("description"):
        values["description"] = description
    if email is not None or fields.is_null("automation_email"):
        values["automation_email"] = email
    # An empty text is what a client sends that says nothing of it.
    if group_id is not None or fields.is_null("group_id"):
        values["group_id"] = None if group_id in (None, _NO_GROUP) else group_id
    if position is not None:
        values["position"] = position
    if showcase is not None:
        values["showcase"] = showcase
    if only_if_degraded is not None:
        values["only_show_if_degraded"] = only_if_degraded
    if started is not None or fields.is_null("start_date"):
        values["start_date"] = started
    return values


def _group_fields(body: Body) -> Fields:
    """What is in the envelope of a group; one client sends none when it changes a group."""
    return body.fields("component_group", "components_group", bare=_IN_GROUPS)


def _read_group(fields: Fields, body: Body) -> GroupFields:
    """What a body says of a group. Its description may stand beside the envelope or, as clients have it, in it."""
    values = GroupFields()
    name, members, position = fields.text("name"), fields.ids("components"), fields.whole("position")
    if name is not None:
        values["name"] = name
    for where in (fields, body.bare):
        description = where.text("description")
        if description is not None or where.is_empty("description"):
            values["description"] = description
    if members is not None:
        values["components"] = list(members)
    if position is not None:
        values["position"] = position
    return values


def _get(tx: Transaction, call: Call, name: str, *, group: bool = False) -> Component:
    """What is on the page that the path names. Raises NotFoundError."""
    row = tx.session.get(Component, call.path[name])
    if row is None or row.page_id != call.path["page_id"] or row.retired_at is not None or (group and not row.group):
        raise NotFoundError(NOT_FOUND)
    return row


def _again(show: Callable[[Transaction, Component], bytes]) -> Callable[[Transaction, Call, str], Made | None]:
    def find(tx: Transaction, _call: Call, component_id: str) -> Made | None:
        row = tx.session.get(Component, component_id)
        return None if row is None or row.retired_at else Made(Answer(201, show(tx, row)), row.id, _mark(row))

    return find


def _mark(row: Component) -> str:
    return f"{row.version} {row.status}"


def _show(tx: Transaction, row: Component) -> bytes:
    status = ComponentStatus(row.status)
    if row.group:
        members = [one for one in list_components(tx.session, row.page_id) if one.group_id == row.id]
        status = group_status([ComponentStatus(one.status) for one in members])
    return json_document(component_shape(row, status, _zone(tx, row)))


def _show_group(tx: Transaction, row: Component) -> bytes:
    members = [one.id for one in list_components(tx.session, row.page_id) if one.group_id == row.id]
    return json_document(group_shape(row, members, _zone(tx, row)))


def _zone(tx: Transaction, row: Component) -> ZoneInfo:
    return ZoneInfo(tx.session.get_one(Page, row.page_id).time_zone)
