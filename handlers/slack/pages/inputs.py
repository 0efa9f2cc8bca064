"""What is chosen in the forms of components and groups: the group, and what is in it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from desk.configuration.lookup import get_configurable_page
from desk.incidents.components import full_name, list_components
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, option, plain_text
from handlers.slack.framework.metadata import unpack
from handlers.slack.framework.payloads import OptionsRequest, SlackContext
from storage.folding import fold
from storage.models import Component

MOST_MEMBERS = 100
NO_GROUP = "none"
_MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Carried:
    """What a form carries: ids, and which state its author saw."""

    page_id: str
    component_id: str | None = None
    """What is changed; None: something new."""
    version: int | None = None
    part: str = ""
    """Of a page's settings: which of them. Of a group: whether it is brought back."""

    def pack(self) -> str:
        """For a modal's private metadata."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def unpack(cls, text: str) -> "Carried":
        """From a modal's private metadata. Raises ForeignWindowError."""
        return unpack(cls, text)


def group_select(groups: Sequence[Component], chosen: str | None) -> Block:
    """A searched menu of a page's groups."""
    names = {group.id: group.name for group in groups}
    known = chosen if chosen in names else None
    return {
        "type": "external_select",
        "action_id": ActionId.PAGE_GROUP,
        "min_query_length": 0,
        "initial_option": option(names[known], known) if known else _no_group(),
        "placeholder": plain_text("Choose a group"),
    }


def members_select(rows: Sequence[Component], chosen: Sequence[str]) -> Block:
    """A searched menu of a page's components."""
    groups = {row.id: row.name for row in rows if row.group}
    names = {row.id: full_name(row, groups) for row in rows if not row.group}
    element: Block = {
        "type": "multi_external_select",
        "action_id": ActionId.PAGE_MEMBERS,
        "min_query_length": 0,
        "max_selected_items": MOST_MEMBERS,
        "placeholder": plain_text("Type a name"),
    }
    initial = [option(names[one], one) for one in chosen if one in names][:MOST_MEMBERS]
    return element | ({"initial_options": initial} if initial else {})


async def offer_groups(slack: SlackContext, request: OptionsRequest) -> Sequence[Block]:
    """The groups whose name holds what was typed, and none."""

    def find(tx: Transaction) -> Sequence[Block]:
        rows = [row for row in _rows(tx, request) if row.group and _holds(row.name, request.text)]
        return [_no_group(), *(option(row.name, row.id) for row in rows)][:_MOST_OPTIONS]

    return await slack.desk.read(request.actor, find)


async def offer_members(slack: SlackContext, request: OptionsRequest) -> Sequence[Block]:
    """The components whose name, or that of whose group, holds what was typed."""

    def find(tx: Transaction) -> Sequence[Block]:
        rows = _rows(tx, request)
        groups = {row.id: row.name for row in rows if row.group}
        named = [(full_name(row, groups), row.id) for row in rows if not row.group]
        return [option(name, one) for name, one in named if _holds(name, request.text)][:_MOST_OPTIONS]

    return await slack.desk.read(request.actor, find)


def _rows(tx: Transaction, request: OptionsRequest) -> Sequence[Component]:
    page = get_configurable_page(tx, Carried.unpack(request.private_metadata).page_id)
    return list_components(tx.session, page.id)


def _holds(name: str, typed: str) -> bool:
    return fold(" ".join(typed.split())) in fold(name)


def _no_group() -> Block:
    return option("No group", NO_GROUP)
