"""JSON schemas of the types that shape answers."""

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from handlers.http.description.openapi import Part
from handlers.http.v1.shapes.times import Day, Instant

_FORMATS: Mapping[Any, str] = {Instant: "date-time", Day: "date"}
_PLAIN: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def describe_types(types: Mapping[str, type]) -> Part:
    """By name, a schema for each of these classes and for every one that is in them."""
    names = {kind: name for name, kind in types.items()}
    found: dict[str, Part] = {}
    for kind in types.values():
        _refer(kind, names, found)
    return found


def _refer(kind: type, names: Mapping[type, str], found: dict[str, Part]) -> Part:
    name = names.get(kind) or kind.__name__.removesuffix("Shape")
    if name not in found:
        found[name] = {}
        found[name] = {
            "type": "object",
            "title": name,
            "description": " ".join((kind.__doc__ or "").split()),
            "required": [one for one in get_type_hints(kind) if one in kind.__required_keys__],  # type: ignore[attr-defined]
            "properties": {one: _describe(each, names, found) for one, each in get_type_hints(kind).items()},
        }
    return {"$ref": f"#/components/schemas/{name}"}


def _describe(kind: Any, names: Mapping[type, str], found: dict[str, Part]) -> Part:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return {}
    if kind in _FORMATS:
        return {"type": "string", "format": _FORMATS[kind]}
    if kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if is_typeddict(kind):
        return _refer(kind, names, found)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(one) for one in kind]}
    if origin in (Union, UnionType):
        return {"anyOf": [_describe(each, names, found) for each in inner]}
    if origin is list:
        return {"type": "array", "items": _describe(inner[0], names, found)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _describe(inner[1], names, found)}
    raise TypeError(f"there is no schema for {kind}")
