"""Forms with Rails' names: `incident[name]=x`, `incident[component_ids][]=a`, `incident[components][id]=status`."""

import re
from collections.abc import Iterable, Mapping
from email.message import Message
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
    return _nest(pairs)


def read_parts(raw: bytes, kind: str, *, most: int) -> Mapping[str, Any]:
    """The same of a form in parts (`multipart/form-data`); `kind` is its content type. Files are none of it."""
    boundary = _header(kind).get_boundary()
    if not boundary:
        raise ValueError("its content type names no boundary")
    parts = (b"\r\n" + raw).split(f"\r\n--{boundary}".encode())
    # The last one is what follows the end, and is there as soon as that is.
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise ValueError("its last part does not end")
    if len(parts) - 2 > most:
        raise ValueError("it has too many parts")
    return _nest([_read_part(part) for part in parts[1:-1]])


def _read_part(part: bytes) -> tuple[str, str]:
    head, gap, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    try:
        lines = [line.partition(":") for line in head.decode().split("\r\n")]
        said = next((value for name, _, value in lines if name.strip().lower() == "content-disposition"), "")
        value = content.decode()
    except UnicodeDecodeError:
        raise ValueError("a part of it is not UTF-8") from None
    header = _header(said)
    name = header.get_param("name")
    if not gap or not isinstance(name, str) or header.get_param("form-data") is None:
        raise ValueError("a part of it has no name")
    if header.get_param("filename") is not None:
        raise ValueError(f"“{name[:80]}” is a file, and none is taken")
    return name, value


def _header(value: str) -> Message:
    message = Message()
    message["content-type"] = value.strip()
    return message


def _nest(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Any]:
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
