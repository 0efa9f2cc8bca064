"""The description of those operations of Statuspage's API that are here, made from their table."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.http.description.openapi import Part, describe_operation, make_description
from handlers.http.description.types import describe_types
from handlers.http.v1.operations import OPERATIONS, Depends, Operation, Paging
from handlers.http.v1.shapes.answers import ANSWERS

PREFIX = "/v1/"
_ABOUT = "Statuspage's management API, version 1, as far as Keydesk has it. Fields are those of Statuspage."
_ERROR: Part = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {
        "error": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "message": {"type": "string"},
    },
}
_MORE: Mapping[Depends, str] = {
    Depends.KIND: "Of a maintenance it needs `maintenances:write` instead.",
    Depends.STATES: "States of components in the body need the scope that writes them besides.",
    Depends.PAGES: "It reaches each page that the body names or leaves out.",
    Depends.HELD: "Where a person reads first what keys say, it is answered with 202, as it will be, and waits.",
}
_NUMBERS: Mapping[Paging, Sequence[tuple[str, int]]] = {
    Paging.PER_PAGE: (("page", 1), ("per_page", 1)),
    Paging.LIMIT: (("page", 1), ("limit", 1)),
    Paging.LIMIT_FROM_ZERO: (("page", 0), ("limit", 1)),
}
_TEXT: Part = {"type": "string"}
_SEARCHED = "pages/{page_id}/incidents"


def describe_v1(release: str) -> Part:
    """The whole description."""
    here = [one for one in OPERATIONS if one.missing is None]
    paths: dict[str, dict[str, Any]] = {}
    for one in here:
        described = describe_operation(
            method=one.method,
            path=one.path,
            tag=one.resource,
            does=f"{one.method} {one.path}",
            more=" ".join(_MORE[each] for each in one.depends if each in _MORE),
            success=one.success,
            waits=Depends.HELD in one.depends,
            answer=_schema_of(one.answer),
            body=_body(one),
            is_body_needed=False,
            query=_query(one),
            need=one.need,
        )
        paths.setdefault(f"/{one.path}", {})[one.method.lower()] = described
    names = dict.fromkeys(one.answer.strip("[]") for one in here if one.answer)
    schemas = describe_types({name: ANSWERS[name] for name in names})
    return make_description(
        title="Statuspage's API on Keydesk",
        about=_ABOUT,
        prefix=PREFIX,
        release=release,
        paths=paths,
        schemas={**schemas, "Error": _ERROR},
        tags=list(dict.fromkeys(one.resource for one in here)),
    )


def _schema_of(answer: str) -> Part | None:
    if not answer:
        return None
    ref: Part = {"$ref": f"#/components/schemas/{answer.strip('[]')}"}
    return {"type": "array", "items": ref} if answer.startswith("[") else ref


def _body(operation: Operation) -> Part | None:
    if operation.method in {"GET", "DELETE"}:
        return None
    return {"type": "object", "properties": {member: {} for member in operation.body}}


def _query(operation: Operation) -> Sequence[Part]:
    numbers = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "integer", "minimum": least}}
        for name, least in (_NUMBERS[operation.paging] if operation.paging else ())
    ]
    searched = operation.path == _SEARCHED and operation.method == "GET"
    spans = ("start", "end", "skip_related_events") if operation.path.endswith("/uptime") else ()
    texts = (*(("q",) if searched else ()), *spans)
    return [*numbers, *({"name": name, "in": "query", "required": False, "schema": _TEXT} for name in texts)]
