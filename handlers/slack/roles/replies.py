"""What `/roles` answers, and lists that are turned by buttons: what a list shows travels in the button, what it finds
is read each time."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from desk.commands import slash
from desk.people import Standing, Subject, SubjectWord
from desk.roles.lists import ALLOWS, NAMES, Holder, ListedGrant
from desk.roles.orders import GrantOrder, Holders, Listing, RevokeOrder, UnsureError, WhichPageError
from desk.roles.roles import AnyPage, Granted, GrantOutcome
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    escape,
    header,
    mention,
    section,
)
from handlers.slack.framework.commands import CommandFamily
from handlers.slack.framework.metadata import our_window, shaped
from handlers.slack.roles.parsing import Query
from handlers.slack.roles.text import (
    STANDINGS,
    end_text,
    grant_line,
    line_sections,
    reason_text,
    role_text,
    shown,
    shown_bold,
    source_text,
    subject_text,
)
from storage.models import Grant, Role, SubjectKind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a list: which list, and which sheet of it, counted from 0."""

    query: Query
    number: int = 0

    def pack(self) -> str:
        """As a button's value."""
        subject = self.query.subject
        kind, name = (subject.kind, subject.text) if subject else ("", "")
        return "|".join([str(self.number), kind, name, self.query.role or "", self.query.page or ""])

    @classmethod
    def unpack(cls, value: str) -> "Sheet":
        """From a button's value; the beginning of the full list when it is none."""
        parts = value.split("|")
        if len(parts) != 5 or not parts[0].isdecimal():
            return cls(Query())
        subject = SubjectWord(parts[1], parts[2]) if parts[1] in {"user", "group"} else None
        role = Role(parts[3]) if parts[3] in set(Role) else None
        return cls(Query(subject=subject, role=role, page=parts[4] or None), int(parts[0]))


def cut_sheet(items: Sequence[T], number: int, size: int) -> tuple[Sequence[T], int, int]:
    """The items on a sheet, its number (the last one's, when the list became shorter) and how many there are."""
    sheets = max(1, -(-len(items) // size))
    number = min(number, sheets - 1)
    return items[number * size : (number + 1) * size], number, sheets


def turning_buttons(sheet: Sheet, sheets: int) -> list[Block]:
    """*Previous* and *Next*, as far as there are such sheets."""
    buttons = []
    if sheet.number > 0:
        buttons.append(button("Previous", ActionId.ROLES_PREVIOUS, replace(sheet, number=sheet.number - 1).pack()))
    if sheet.number < sheets - 1:
        buttons.append(button("Next", ActionId.ROLES_NEXT, replace(sheet, number=sheet.number + 1).pack()))
    return buttons


SHEET = 10
_PEOPLE_ON_SHEET = 30
_SOURCES = 3
_SHORT = 60
_NAMED = 5
_PAGES = 20


def granted_message(subject: Subject, granted: Granted, page_name: str | None) -> Message:
    """What a grant came to."""
    grant = granted.grant
    what = f"{role_text(grant.role, page_name)} {end_text(grant.expires_at)}"
    who = subject_text(subject)
    verb = "are" if subject.kind == SubjectKind.GROUP else "is"
    people = f"The people of {who}" if subject.kind == SubjectKind.GROUP else who
    if granted.outcome is GrantOutcome.UNCHANGED:
        text = f":information_source: {people} {verb} {what} already."
    elif granted.outcome is GrantOutcome.CHANGED:
        text = f":white_check_mark: {people} {verb} now {what}. Before: {end_text(granted.previous_end)}."
    else:
        text = f":white_check_mark: {people} {verb} now {what}{reason_text(grant.reason)}."
    return Message(text.split(": ", 1)[1], [section(text)])


def sure_message(question: UnsureError, order: GrantOrder | RevokeOrder) -> Message:
    """A change of owners, asked about before it is done; the button carries what was said."""
    yes = button("Do it", ActionId.ROLE_SURE, pack_order(order), style="danger")
    text = f":warning: {escape(question.sentence)}\n{escape(question.hint)}\nNothing is changed yet."
    return Message(escape(question.sentence), [section(text), actions(yes, block_id="role.sure")])


def which_page_message(question: WhichPageError, order: GrantOrder) -> Message:
    """A grant of which nobody said where it is to hold: a button for each page, the one for all of them last."""
    who = subject_text(question.subject)
    text = f"On which page is {who} to be *{NAMES[order.role]}*? Nothing is changed yet."
    places: list[tuple[str | None, str]] = [*question.pages[:_PAGES], (None, "All pages")]
    rows = [
        section(
            shown_bold(name) if page_id else f"{name}, those to come included",
            accessory=button("Grant", ActionId.ROLE_SURE, pack_order(replace(order, page=page_id))),
        )
        for page_id, name in places
    ]
    return Message(text, [section(text), *rows, context("Or write it behind the role: `on NAME`, or `on all`.")])


def pack_order(order: GrantOrder | RevokeOrder) -> str:
    """An order as a button carries it."""
    kept = {name: value for name, value in asdict(order).items() if value not in (None, "", False, AnyPage.ANY)}
    return json.dumps({"grants": isinstance(order, GrantOrder), **kept}, ensure_ascii=False, separators=(",", ":"))


def read_order(value: str) -> GrantOrder | RevokeOrder:
    """The order that a button carries. Raises ForeignWindowError."""
    with our_window():
        kept = json.loads(value)
        return shaped(GrantOrder, kept) if kept.pop("grants") else shaped(RevokeOrder, kept)


def revoked_text(subject: Subject, grant: Grant, page_name: str | None, remaining: Sequence[ListedGrant]) -> str:
    """What a revocation came to, and by what the role goes on."""
    text = f":white_check_mark: {subject_text(subject)} had {role_text(grant.role, page_name)}; that grant is ended."
    if remaining:
        sources = "; ".join(source_text(item) for item in remaining[:_SOURCES])
        more = f" and {len(remaining) - _SOURCES} more" if len(remaining) > _SOURCES else ""
        text += f"\n:warning: The role goes on by: {sources}{more}."
    return text


def revoked_message(
    subject: Subject, grant: Grant, page_name: str | None, remaining: Sequence[ListedGrant]
) -> Message:
    """A revocation that was typed."""
    text = revoked_text(subject, grant, page_name, remaining)
    return Message(text.removeprefix(":white_check_mark: "), [section(text)])


def list_message(listing: Listing, sheet: Sheet, *, default_role: str | None, news: str | None = None) -> Message:
    """Grants, a sheet at a time, with *Revoke* for owners. `news` is what the last click did."""
    items, number, sheets = cut_sheet(listing.grants, sheet.number, SHEET)
    sheet = replace(sheet, number=number)
    blocks: list[Block] = [section(news)] if news else []
    blocks.append(header("Roles"))
    blocks.append(context(_list_head(listing, sheets, number, default_role)))
    for item in items:
        blocks.append(
            section(grant_line(item), accessory=_revoke_button(item, sheet) if listing.may_change else None)
        )
    if not items:
        blocks.append(section(_nothing(listing)))
    buttons = turning_buttons(sheet, sheets)
    if listing.may_change:
        buttons.append(button("Grant a role…", ActionId.ROLE_GRANT, style="primary"))
    if buttons:
        blocks.append(actions(*buttons))
    return Message(_list_head(listing, sheets, number, default_role), blocks, replaces=True)


def _list_head(listing: Listing, sheets: int, number: int, default_role: str | None) -> str:
    whose = f"Grants that reach {subject_text(listing.subject)}" if listing.subject else "All grants"
    place = f" on {shown(listing.page_name)}" if listing.page_name else ""
    parts = [f"{whose}{place}: {len(listing.grants)}"]
    if sheets > 1:
        parts.append(f"sheet {number + 1} of {sheets}")
    if listing.standing not in {None, Standing.MEMBER}:
        assert listing.standing is not None
        parts.append(f":warning: {STANDINGS[listing.standing]} in Slack, so none of these counts")
    elif default_role and (listing.subject is None or listing.subject.kind == SubjectKind.USER):
        parts.append(f"every full member is *{NAMES[Role(default_role)]}* without a grant")
    return " · ".join(parts)


def _nothing(listing: Listing) -> str:
    return (
        f"Nothing was granted to {subject_text(listing.subject)}." if listing.subject else "Nothing was granted yet."
    )


def _revoke_button(item: ListedGrant, sheet: Sheet) -> Block:
    name = NAMES[Role(item.grant.role)]
    place = f" on {shown(item.page_name, _SHORT)}" if item.page_name else ""
    ask = confirm(
        f"End {name}?",
        f"{subject_text(item.subject)} is {name}{place} by this grant no more, from now on. Other grants stay.",
        "End it",
        danger=True,
    )
    return button("Revoke", ActionId.ROLE_REVOKE, f"{item.grant.id}:{sheet.pack()}", ask=ask)


def who_message(found: Holders, sheet: Sheet, *, default_role: str | None) -> Message:
    """Who has a role, a sheet at a time, with where each has it from."""
    people, number, sheets = cut_sheet(found.holders, sheet.number, _PEOPLE_ON_SHEET)
    sheet = replace(sheet, number=number)
    place = f" on {found.page_name}" if found.page_name else ""
    name = NAMES[found.role]
    blocks: list[Block] = [header(f"Who is {name}{place}?"), context(f"An {name} {ALLOWS[found.role]}.")]
    if found.role != Role.OWNER:
        blocks[1] = context(f"This role {ALLOWS[found.role]}. Owners have every role.")
    if default_role == found.role:
        blocks.append(section("Every full member of the workspace, without a grant."))
    blocks += line_sections([_holder_line(holder) for holder in people])
    if not people:
        blocks.append(section("Nobody was granted it."))
    buttons = turning_buttons(sheet, sheets)
    if buttons:
        blocks.append(actions(*buttons))
    holders = [mention(holder.user_id) for holder in found.holders[:_NAMED]]
    more = f" and {len(found.holders) - _NAMED} more" if len(found.holders) > _NAMED else ""
    who = f"{', '.join(holders)}{more}" if holders else "nobody was granted it"
    return Message(f"Who is {name}{escape(place)}: {who}", blocks, replaces=True)


def _holder_line(holder: Holder) -> str:
    sources = "; ".join(source_text(item) for item in holder.sources[:1])
    more = f" and {len(holder.sources) - 1} more" if len(holder.sources) > 1 else ""
    return f"• {mention(holder.user_id)}: {sources}{more}"


def menu_message(*, is_owner: bool, own: Sequence[str]) -> Message:
    """`/roles` alone: what the person may do, and buttons for the rest. `own` are their roles in words."""
    roles = ", ".join(own) if own else "none"
    buttons = [
        button("My roles", ActionId.ROLES_LIST, "mine"),
        button("All grants", ActionId.ROLES_LIST_ALL, Sheet(Query()).pack()),
        button("Who is owner?", ActionId.ROLES_OWNERS, Sheet(Query(role=Role.OWNER)).pack()),
    ]
    if is_owner:
        buttons.insert(0, button("Grant a role…", ActionId.ROLE_GRANT, style="primary"))
        buttons.append(button("Read Slack again", ActionId.ROLES_SYNC))
    return Message(
        "Roles", [section(f"Your roles: {roles}"), actions(*buttons), context(f"More: `{slash('roles help')}`")]
    )


def help_message(family: CommandFamily) -> Message:
    """Every sub-command with examples, and what the roles allow."""
    lines = []
    for one in family.sub_commands:
        if one.name != "help":
            lines += [
                f"`{family.name} {usage}`{f' – {does}' if does else ''}"
                for usage, does in ((one.usage, one.does), *one.more)
            ]
    roles = "\n".join(f"*{NAMES[role]}* (`{role}`): {ALLOWS[role]}" for role in Role)
    return Message(
        f"How to use {slash('roles')}",
        [
            header("Roles"),
            section("\n".join(lines)),
            section(roles),
            context(
                "Roles hold on all pages or on one (owner: always on all), for good or until a time: `30m`, `8h`, "
                "`7d`, `2w`, or a date. Guests, bots and people of other workspaces have none. "
                "Only owners grant and revoke."
            ),
        ],
    )
