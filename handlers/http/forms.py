"""Forms with Rails' names: `incident[name]=x`, `incident[component_ids][]=a`, `incident[components][id]=status`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")


def read_form(raw: bytes, *, most: int) -> Mapping[str, Any]:
    """The members of a form, nested as its names say. Raises ValueError, which says what is wrong.

    `[]` appends. What is said twice of the same name counts as it was said last, as in Rails.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except UnicodeDecodeError:
        raise ValueError("it is not percent-encoded UTF-8") from None
    members: dict[str, Any] = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"“{name[:80]}” is no name of a field")
        _put(members, [found[1], *_PART.findall(found[2])], value, name)
    return members


def _put(members: dict[str, Any], parts: list[str], value: str, name: str) -> None:
    holder: Any = members
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        following: Any = value if is_last else [] if parts[index + 1] == "" else {}
        if part == "":
            holder = _append(holder, following, None if is_last else parts[index + 1], name)
        elif is_last:
            _require(holder, dict, name)[part] = value
        else:
            holder = _require(_require(holder, dict, name).setdefault(part, following), type(following), name)


def _append(holder: Any, following: Any, member: str | None, name: str) -> Any:
    rows = _require(holder, list, name)
    last = rows[-1] if rows else None
    # `a[][x]=1&a[][y]=2` is one object of two members; a member that it has already begins the next.
    if isinstance(following, dict) and isinstance(last, dict) and member not in last:
        return last
    rows.append(following)
    return following


def _require(holder: Any, kind: type, name: str) -> Any:
    if not isinstance(holder, kind):
        raise ValueError(f"“{name[:80]}” is nested in a value that was given as something else")
    return holder
