"""The forms of components and groups, drawn and read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from desk.configuration.fields import MAX_NAME, ComponentFields, GroupFields
from desk.configuration.lookup import get_component, get_configurable_page
from desk.errors import ConflictError, InvalidInputError
from desk.incidents.components import list_components
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, value_of
from handlers.slack.framework.blocks import (
    Block,
    actions,
    button,
    confirm,
    context,
    escape,
    input_block,
    modal,
    option,
    section,
    text_input,
)
from handlers.slack.framework.payloads import ViewState
from handlers.slack.pages.inputs import MOST_MEMBERS, NO_GROUP, Carried, group_select, members_select
from storage.models import Component

RESTORES = "restores"
MAX_INPUT = 3000
_UPTIME, _DEGRADED = "showcase", "only_show_if_degraded"
_FLAGS = {_UPTIME: "Show its uptime", _DEGRADED: "Show it only while something is wrong with it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What stands in a form of a component or group."""

    name: str = ""
    description: str = ""
    position: str = ""
    group_id: str | None = None
    flags: tuple[str, ...] = (_UPTIME,)
    start_date: str | None = None
    members: tuple[str, ...] = ()
    problem: str = ""
    """Shown above the form."""


def new_form(tx: Transaction, page_id: str, *, group: bool, name: str = "") -> Block:
    """The empty form. Raises NotFoundError, NotAllowedError."""
    page = get_configurable_page(tx, page_id)
    draw = draw_group if group else draw_component
    return draw(tx, Carried(page.id), Filled(name=name[:MAX_NAME]))


def edit_form(tx: Transaction, component_id: str, *, name: str = "") -> Block:
    """The form filled in with a component or group, and the new `name` that was said; of one that is retired, to
    bring it back.

    Raises NotFoundError, NotAllowedError.
    """
    row = get_component(tx, component_id)
    is_gone = row.retired_at is not None
    carried = Carried(row.page_id, row.id, row.version, RESTORES if is_gone else "")
    filled = filled_with(tx, row)
    filled = replace(filled, name=name) if name else filled
    return (draw_group if row.group else draw_component)(tx, carried, filled)


def filled_with(tx: Transaction, row: Component) -> Filled:
    """What a form of this component says at first."""
    members = [one.id for one in list_components(tx.session, row.page_id) if one.group_id == row.id]
    return Filled(
        name=row.name,
        description=row.description or "",
        position=str(row.position),
        group_id=row.group_id,
        flags=tuple(flag for flag in _FLAGS if getattr(row, flag)),
        start_date=row.start_date.isoformat() if row.start_date else None,
        members=tuple(members),
    )


def draw_component(tx: Transaction, carried: Carried, filled: Filled) -> Block:
    """The form of a component."""
    groups = [row for row in list_components(tx.session, carried.page_id) if row.group]
    options = [option(words, flag) for flag, words in _FLAGS.items()]
    flags: Block = {"type": "checkboxes", "action_id": "value", "options": options}
    if chosen := [one for one in options if one["value"] in filled.flags]:
        flags["initial_options"] = chosen
    day: Block = {"type": "datepicker", "action_id": "value"}
    if filled.start_date:
        day["initial_date"] = filled.start_date
    blocks = [
        *_words(filled),
        input_block("Group", group_select(groups, filled.group_id), block_id="group_id"),
        _position(filled),
        input_block("On the page", flags, block_id="flags", optional=True),
        input_block(
            "In use since", day, block_id="start_date", optional=True, hint="Uptime of earlier days is not told."
        ),
    ]
    return _form("component", CallbackId.COMPONENT, carried, filled, blocks)


def draw_group(tx: Transaction, carried: Carried, filled: Filled) -> Block:
    """The form of a group."""
    rows = list_components(tx.session, carried.page_id)
    blocks = _words(filled)
    if len(filled.members) > MOST_MEMBERS:
        blocks.append(context(f"Its {len(filled.members)} components have no room here: move them one by one."))
    else:
        hint = "All that is in it. What you leave out stands behind it, in no group."
        select = members_select(rows, filled.members)
        blocks.append(input_block("Components", select, block_id="components", hint=hint))
    if carried.part != RESTORES:
        blocks.append(_position(filled))
    return _form("group", CallbackId.COMPONENT_GROUP, carried, filled, blocks)


def _words(filled: Filled) -> list[Block]:
    text = text_input(initial=filled.description, multiline=True, max_length=MAX_INPUT)
    is_long = len(filled.description) > MAX_INPUT
    return [
        input_block("Name", text_input(initial=filled.name, max_length=MAX_NAME), block_id="name"),
        context("Its description has no room here and stays as it is.")
        if is_long
        else input_block("Description", text, block_id="description", optional=True),
    ]


def _position(filled: Filled) -> Block:
    hint = "From 1, among what stands beside it. Empty: behind the others."
    place = text_input(initial=filled.position, max_length=5)
    return input_block("Position", place, block_id="position", hint=hint, optional=True)


def _form(what: str, callback_id: CallbackId, carried: Carried, filled: Filled, blocks: Sequence[Block]) -> Block:
    is_new, restores = carried.component_id is None, carried.part == RESTORES
    title = f"New {what}" if is_new else f"Bring {what} back" if restores else f"Change {what}"
    warning = [section(f":warning: {escape(filled.problem)}")] if filled.problem else []
    end = [] if is_new or restores else [_retire(what, carried)]
    return modal(
        title,
        [*warning, *blocks, *end],
        callback_id=callback_id,
        submit="Bring back" if restores else "Keep",
        close="Cancel",
        private_metadata=carried.pack(),
    )


def _retire(what: str, carried: Carried) -> Block:
    words = "It is taken off the page. What is past keeps its name, and you can bring it back."
    words += " Its components stay, in no group." if what == "group" else ""
    value = value_of(carried.component_id or "", carried.version)
    ask = confirm(f"Retire this {what}?", words, "Retire", danger=True)
    return actions(button("Retire", ActionId.COMPONENT_RETIRE, value, style="danger", ask=ask), block_id="retire")


def read_filled(entered: ViewState, seen: Filled) -> Filled:
    """What is filled in so far; what the form had no room for as it was `seen`."""
    values = entered.values
    group = entered.choice("group_id")
    return Filled(
        name=entered.name("name"),
        description=entered.text("description") if "description" in values else seen.description,
        position=entered.text("position"),
        group_id=None if group in (None, NO_GROUP) else group,
        flags=tuple(entered.choices("flags")),
        start_date=entered.choice("start_date"),
        members=tuple(entered.choices("components")) if "components" in values else seen.members,
    )


def component_fields(filled: Filled, seen: Filled | None) -> ComponentFields:
    """What a form says of a component, but where it stands as it was seen. Raises InvalidInputError."""
    fields = ComponentFields(
        name=filled.name,
        description=filled.description,
        group_id=filled.group_id,
        showcase=_UPTIME in filled.flags,
        only_show_if_degraded=_DEGRADED in filled.flags,
        start_date=date.fromisoformat(filled.start_date) if filled.start_date else None,
    )
    is_moved = seen is None or (filled.position, filled.group_id) != (seen.position, seen.group_id)
    # Of another group the position that was shown means nothing.
    stays = seen is not None and filled.group_id != seen.group_id and filled.position == seen.position
    if is_moved and not stays and (position := _read_position(filled)) is not None:
        fields["position"] = position
    return fields


def group_fields(filled: Filled, seen: Filled | None) -> GroupFields:
    """What a form says of a group. Raises InvalidInputError."""
    fields = GroupFields(name=filled.name, description=filled.description)
    if seen is None or filled.members != seen.members:
        fields["components"] = list(filled.members)
    position = _read_position(filled)
    if position is not None and (seen is None or filled.position != seen.position):
        fields["position"] = position
    return fields


def _read_position(filled: Filled) -> int | None:
    if not filled.position:
        return None
    if not (filled.position.isascii() and filled.position.isdigit()):
        raise InvalidInputError("A position is a whole number from 1.", field="position")
    return int(filled.position)


def again(tx: Transaction, carried: Carried, filled: Filled, error: ConflictError) -> Block:
    """The form with what was typed, as of what there is now, and what is in the way."""
    row = get_component(tx, carried.component_id) if carried.component_id else None
    now = Carried(carried.page_id, carried.component_id, row.version if row else None, carried.part)
    problem = f"{error} *Keep* puts what stands here in the place of what there is now."
    is_group = row is not None and row.group
    members = filled.members
    drawn = Filled(
        name=filled.name,
        description=filled.description,
        position=filled.position,
        group_id=filled.group_id,
        flags=filled.flags,
        start_date=filled.start_date,
        members=members,
        problem=problem if row else str(error),
    )
    return (draw_group if is_group else draw_component)(tx, now, drawn)
