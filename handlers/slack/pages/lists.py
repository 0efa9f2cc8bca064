"""What is on a page, and which pages there are, as messages with buttons."""

from collections.abc import Sequence

from desk.commands import slash
from desk.configuration.lookup import get_configurable_page, list_configurable_pages
from desk.incidents.components import full_name, list_components, list_retired
from desk.pages.status import worst
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    day,
    escape,
    plain,
    section,
    trim,
)
from handlers.slack.framework.messages import list_text
from storage.models import Component, ComponentStatus, Page

SHEET = 20
"""Rows of a sheet: a message holds fifty blocks."""
_LINE, _TITLE = 350, 80
"""Characters of a row's markup, and of a title: what all rows of a sheet say together has a limit, too."""


def pages_message(tx: Transaction, offset: int = 0) -> Message:
    """The pages that the reader configures. Raises NotAllowedError."""
    pages = list_configurable_pages(tx)
    if not pages:
        none = "There is no page yet. An operator makes one with `keydesk seed`."
        return Message(none, [section(none)])
    shown = pages[offset : offset + SHEET]
    rows = [
        section(_page_text(page), accessory=button("Open", ActionId.PAGE_OPEN, value_of(page.id, 0)))
        for page in shown
    ]
    turns = _turns("", offset, len(pages))
    text = list_text("Pages that you configure", [page.name for page in shown])
    return Message(text, [section("*Pages that you configure*"), *rows, *turns], replaces=True)


def which_page_message(tx: Transaction, label: str, action_id: ActionId, wrote: str) -> Message:
    """Asks which of the pages that the reader configures is meant, with a button for each, and gives back what was
    typed. Raises NotAllowedError."""
    pages = list_configurable_pages(tx, policy_only=action_id is ActionId.PAGE_POLICY)
    number = 0 if action_id is ActionId.PAGE_RETIRED else None
    rows = [
        section(_page_text(page), accessory=button(label, action_id, value_of(page.id, number)))
        for page in pages[:SHEET]
    ]
    hint = f"Or name it: `{slash(f'page {wrote} on NAME')}`"
    text = list_text("Which page is meant", [page.name for page in pages])
    return Message(text, [section("*Which page?*"), *rows, context(escape(trim(hint, limit=_LINE)))])


def page_message(tx: Transaction, page_id: str, offset: int = 0, *, done: str = "") -> Message:
    """What is on a page, a sheet of it, with buttons for everything. Raises NotFoundError, NotAllowedError."""
    page = get_configurable_page(tx, page_id)
    rows = list_components(tx.session, page.id)
    groups = {row.id: row.name for row in rows if row.group}
    offset = min(offset, max(len(rows) - 1, 0) // SHEET * SHEET)
    blocks = [
        *([section(done)] if done else []),
        section(_page_text(page)),
        actions(
            button("New component", ActionId.COMPONENT_NEW, page.id),
            button("New group", ActionId.COMPONENT_GROUP_NEW, page.id),
            button("Retired", ActionId.PAGE_RETIRED, value_of(page.id, 0)),
            button("Texts", ActionId.PAGE_TEXTS, page.id),
            button("Look", ActionId.PAGE_LOOK, page.id),
            button("Policy", ActionId.PAGE_POLICY, page.id),
            block_id="page",
        ),
        *(_row(row, rows, groups) for row in rows[offset : offset + SHEET]),
        *([] if rows else [section("There is nothing on it yet.")]),
        *_turns(page.id, offset, len(rows)),
    ]
    return Message(f"The page {escape(plain(page.name, limit=_TITLE))}", blocks, replaces=True)


def retired_message(tx: Transaction, page_id: str, offset: int = 0) -> Message:
    """What is not on a page any more. Raises NotFoundError, NotAllowedError."""
    page = get_configurable_page(tx, page_id)
    gone = list_retired(tx.session, page.id)
    groups = {row.id: row.name for row in (*list_components(tx.session, page.id), *gone) if row.group}
    rows = [
        section(
            f"{_name(row, groups)}  retired {day(row.retired_at) if row.retired_at else ''}",
            accessory=button("Bring back", ActionId.COMPONENT_RESTORE, row.id),
        )
        for row in gone[offset : offset + SHEET]
    ]
    heading = f"*Retired* on {trim(escape(page.name), limit=_LINE)}"
    back = actions(button("Back to the page", ActionId.PAGE_OPEN, value_of(page.id, 0)), block_id="page.back")
    nothing = [] if gone else [section("Nothing was retired.")]
    turns = _turns(page.id, offset, len(gone), previous=ActionId.PAGE_RETIRED, following=ActionId.PAGE_RETIRED_NEXT)
    title = f"Retired on {escape(plain(page.name, limit=_TITLE))}"
    text = list_text(title, [full_name(row, groups) for row in gone]) if gone else f"{title}: nothing"
    return Message(text, [section(heading), *rows, *nothing, *turns, back], replaces=True)


def _page_text(page: Page) -> str:
    facts = [escape(one) for one in (page.subdomain, page.domain, page.time_zone) if one]
    return trim("  ·  ".join([_bold(trim(escape(page.name), limit=_LINE // 2)), *facts]), limit=_LINE)


def _row(row: Component, rows: Sequence[Component], groups: dict[str, str]) -> Block:
    if row.group:
        states = [ComponentStatus(one.status) for one in rows if one.group_id == row.id]
        facts = [f"group of {len(states)}", _spoken(worst(states))]
    else:
        facts = [_spoken(ComponentStatus(row.status))]
        facts += ["only while something is wrong"] if row.only_show_if_degraded else []
        facts += [] if row.showcase else ["without uptime"]
    place = next((f"{one.position}." for one in rows if one.id == row.group_id), "")
    text = f"{place}{row.position}. {'  ·  '.join([_name(row, groups), *facts])}"
    return section(text, accessory=button("Change", ActionId.COMPONENT_CHANGE, row.id))


def _name(row: Component, groups: dict[str, str]) -> str:
    name = trim(escape(full_name(row, groups)), limit=_LINE)
    return _bold(name) if row.group else name


def _bold(markup: str) -> str:
    return f"*{markup.replace('*', '∗')}*"


def _spoken(status: ComponentStatus) -> str:
    return status.replace("_", " ")


def _turns(
    page_id: str,
    offset: int,
    total: int,
    *,
    previous: ActionId = ActionId.PAGE_PREVIOUS,
    following: ActionId = ActionId.PAGE_NEXT,
) -> list[Block]:
    """*Previous* and *Next*, where there is more than a sheet."""
    if total <= SHEET:
        return []
    buttons = []
    if offset:
        buttons.append(button("Previous", previous, value_of(page_id, max(offset - SHEET, 0))))
    if offset + SHEET < total:
        buttons.append(button("Next", following, value_of(page_id, offset + SHEET)))
    where = f"{offset + 1} to {min(offset + SHEET, total)} of {total}. `{slash('page change NAME')}` opens any."
    return [actions(*buttons, block_id="page.turn"), context(where)]
