"""The members of a body, read one by one as clients write them; whatever is wrong is gathered and said at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import Any, TypeVar

from desk.errors import Problems
from handlers.http.errors import RefusedError, error_answer
from storage.models import ComponentStatus

E = TypeVar("E", bound=StrEnum)

_TRUE = frozenset({"t", "true", "1", "yes", "on"})
_FALSE = frozenset({"f", "false", "0", "no", "off"})
_UNSET: tuple[Any, ...] = (None, "")
_DAY_ALONE = len("2026-11-28")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Programs write a time that was never set as in the year 1, and the ends of the calendar are in no other zone."""
_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")
"""In a form a plus is read as a space, and few who send one there escape it."""


class Body:
    """What a call carries."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = members

    def fields(self, *envelopes: str, required: bool = True, bare: Collection[str] = ()) -> "Fields":
        """What is in the envelope; under the first of these names that is there, since some clients send wrong ones.
        Without one, what the body itself says, where a member of it is called as one of `bare`: some send none.

        Raises RefusedError (400) where none is, or where it holds no members. Not `required`: then there is nothing
        in it.
        """
        for name in envelopes:
            if name not in self.members or (self.members[name] in _UNSET and not required):
                continue
            if not isinstance(self.members[name], dict):
                raise RefusedError(error_answer(400, f"{name} must be an object, as in {_example(name)}."))
            return Fields(self.members[name])
        if set(bare) & self.members.keys():
            return self.bare
        if required:
            raise RefusedError(error_answer(400, f"The body has no {envelopes[0]}; send {_example(envelopes[0])}."))
        return Fields({})

    @property
    def bare(self) -> "Fields":
        """The members that stand in no envelope."""
        return Fields(self.members)


def _example(envelope: str) -> str:
    return f'{{"{envelope}": {{…}}}}'


class Fields:
    """Members to read. What is null or an empty text counts as not given; what is not asked for is not looked at.

    Whoever has read all calls `problems.refuse()`: until then, what cannot be read is None and one of its problems.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members
        self.problems = Problems()

    def has(self, name: str) -> bool:
        """Whether the member is there at all, be it null or empty."""
        return name in self._members

    def is_null(self, name: str) -> bool:
        """Whether the member is there and null: what there is, is to be taken back."""
        return name in self._members and self._members[name] is None

    def is_empty(self, name: str) -> bool:
        """Whether the member is there, and null or an empty text."""
        return name in self._members and self._members[name] in _UNSET

    def text(self, *names: str) -> str | None:
        """A text, under the first of these names that has one. Numbers are texts too."""
        value = self._find(names)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        self._wrong(names[0], "must be a text")
        return None

    def flag(self, *names: str) -> bool | None:
        """True or false: also as `"t"`, `"false"`, `1`."""
        value = self._find(names)
        if value is None or isinstance(value, bool):
            return value
        word = str(value).strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        self._wrong(names[0], "must be true or false")
        return None

    def whole(self, *names: str) -> int | None:
        """A whole number, also as `"7"` or `7.0`."""
        value = self._find(names)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if value is None or (isinstance(value, str) and len(value) < 10 and value.strip().lstrip("-").isdecimal()):
            return None if value is None else int(value)
        self._wrong(names[0], "must be a whole number")
        return None

    def choice(self, kind: type[E], *names: str) -> E | None:
        """One of an enumeration's words."""
        value = self._find(names)
        if value is None:
            return None
        if isinstance(value, str) and value in set(kind):
            return kind(value)
        self._wrong(names[0], f"must be one of {', '.join(kind)}")
        return None

    def day(self, *names: str) -> date | None:
        """A day in ISO 8601, or that of a time."""
        value = self._find(names)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value).strip()[:10])
        except ValueError:
            self._wrong(names[0], "must be a date such as 2026-11-28")
            return None

    def instant(self, *names: str, zone: tzinfo = UTC) -> datetime | None:
        """A time in ISO 8601; in UTC unless it says otherwise. A day alone begins when it does in `zone`."""
        value = self._find(names)
        if value is None:
            return None
        text = _LOST_PLUS.sub(r"\1+\2", str(value).strip().removesuffix(" UTC"))
        try:
            at = datetime.fromisoformat(text)
            if at.tzinfo is None:
                at = at.replace(tzinfo=zone if len(text) <= _DAY_ALONE else UTC)
            if _EARLIEST <= at <= _LATEST:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self._wrong(names[0], "must be a time in ISO 8601, from 1970 on, such as 2026-11-28T22:00:00Z")
        return None

    def ids(self, *names: str) -> Sequence[str] | None:
        """Ids: a list of them or of objects that have one, one alone, or the keys of an object."""
        value = self._find(names)
        if value is None:
            return None
        rows = value if isinstance(value, list) else list(value) if isinstance(value, dict) else [value]
        rows = [row.get("id") if isinstance(row, dict) else row for row in rows]
        if all(_is_id(row) for row in rows):
            return [str(row) for row in rows if row not in _UNSET]
        self._wrong(names[0], "must be a list of ids")
        return None

    def states(self, *names: str) -> Mapping[str, ComponentStatus | None] | None:
        """Components → the state that each takes on, where one is named; a list of ids names none."""
        value = self._find(names)
        if value is None or not isinstance(value, dict):
            ids = self.ids(*names)
            return None if ids is None else dict.fromkeys(ids)
        if all(
            state in _UNSET or (isinstance(state, str) and state in set(ComponentStatus)) for state in value.values()
        ):
            return {key: ComponentStatus(state) if state else None for key, state in value.items()}
        self._wrong(names[0], f"must say of each component one of {', '.join(ComponentStatus)}")
        return None

    def items(self, name: str) -> Sequence[Any] | None:
        """A list, as it is; None where there is something else."""
        value = self._find((name,))
        return value if isinstance(value, list) else None

    def members(self, *names: str) -> Mapping[str, Any] | None:
        """An object, as it is."""
        value = self._find(names)
        if value is None or isinstance(value, dict):
            return value
        self._wrong(names[0], "must be an object")
        return None

    def _find(self, names: Sequence[str]) -> Any:
        given = (self._members[name] for name in names if name in self._members)
        return next((value for value in given if value not in _UNSET), None)

    def _wrong(self, name: str, sentence: str) -> None:
        self.problems.add(f"{name} {sentence}.", field=name)


def _is_id(row: Any) -> bool:
    return row is None or isinstance(row, str) or (isinstance(row, int) and not isinstance(row, bool))
