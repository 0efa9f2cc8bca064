"""Lists that are turned by buttons: what a list shows travels in the button, what it finds is read each time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from desk.people import SubjectWord
from handlers.slack.action_ids import ActionId
from handlers.slack.blocks import Block, button
from handlers.slack.roles.parser import Query
from storage.models import Role

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
