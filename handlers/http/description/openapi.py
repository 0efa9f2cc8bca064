"""What both descriptions have in common."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from desk.keys.check import Need

Part = Mapping[str, Any]
ERROR_REF: Part = {"$ref": "#/components/schemas/Error"}
ANSWERS = {
    "400": "The address can be read in different ways, or the body cannot be taken apart.",
    "401": "No key, or one that does not work; or it stands in the address.",
    "403": "The key may not, or what it would do is for people.",
    "404": "There is no such thing, or not where the key may look.",
    "408": "The body did not come in time.",
    "409": "Somebody was first, or the state forbids it.",
    "413": "The body is too large.",
    "414": "The address is too long.",
    "415": "The body is neither JSON nor a form.",
    "422": "Something in it cannot be used.",
    "503": "Not now; `Retry-After` says when.",
}
"""How a call may be refused, by code."""
_IDENTIFIER: Part = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
"""What stands in an address. What programs read in different ways is refused before anybody looks it up."""
_PARAMETER = re.compile(r"{(\w+)}")


def make_description(
    *, title: str, about: str, prefix: str, release: str, paths: Part, schemas: Part, tags: Sequence[str]
) -> Part:
    """A whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": release, "description": about},
        "servers": [{"url": prefix.rstrip("/")}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "The word `OAuth` and the key: `Authorization: OAuth kd_…`.",
                }
            },
            "schemas": schemas,
        },
    }


def describe_operation(
    *,
    method: str,
    path: str,
    tag: str,
    does: str,
    more: str,
    success: int,
    answer: Part | None,
    body: Part | None,
    is_body_needed: bool,
    query: Sequence[Part],
    need: Need | None,
    waits: bool = False,
) -> Part:
    """One operation, as it stands below its path and method. `waits`: it may be answered with 202, too."""
    said = " ".join(part for part in (does, more) if part)
    described: dict[str, Any] = {
        "operationId": operation_id(method, path),
        "tags": [tag],
        "summary": does,
        "description": said,
        "parameters": [*_in_path(path), *query],
        "responses": {
            **{str(code): _answer(code, answer) for code in (success, *((202,) if waits else ()))},
            **_refusals(body is not None),
        },
    }
    if need is not None:
        described["x-scope"] = need.scope
    if body is not None:
        described["requestBody"] = {"required": is_body_needed, "content": {"application/json": {"schema": body}}}
    return described


def operation_id(method: str, path: str) -> str:
    """A name for an operation, of letters alone."""
    return "_".join([method.lower(), *re.findall(r"\w+", path.replace("-", "_"))])


def _in_path(path: str) -> Sequence[Part]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _IDENTIFIER} for name in _PARAMETER.findall(path)
    ]


def _answer(code: int, schema: Part | None) -> Part:
    said = {200: "It is so.", 201: "It was made.", 202: "It will be done.", 204: "It is gone."}[code]
    return {"description": said} | ({"content": {"application/json": {"schema": schema}}} if schema else {})


_OF_BODIES: Collection[str] = frozenset({"408", "413", "415"})


def _refusals(has_body: bool) -> Part:
    refused = {"content": {"application/json": {"schema": ERROR_REF}}}
    return {
        code: {"description": said} | refused for code, said in ANSWERS.items() if has_body or code not in _OF_BODIES
    }
