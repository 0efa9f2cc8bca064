"""The description of the own API, made from its table and the shapes that stand in it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from handlers.http.description.openapi import Part, describe_operation, make_description
from handlers.http.own.operation import Operation, Reach
from handlers.http.own.operations import FAMILIES, OPERATIONS
from handlers.http.own.shapes.base import Error, Query

PREFIX = "/keydesk/v1/"
_REF = "#/components/schemas/{model}"
_ABOUT = (
    "What people do in Slack, for programs: with the same words, refusals and audit events. Keys never decide on"
    " requests, publish what waits for a second person, make owners, or collect."
)


class _Named(GenerateJsonSchema):
    """Lists bear the name of what is in them, instead of one made from that of a generic class."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(_LIST.sub(r"\1List", name))


_LIST = re.compile(r"^Part\[(\w+?)(?:Shown|Of)?\]$")


def describe_own_api(release: str) -> Part:
    """The whole description."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Error, "serialization")]
    for one in OPERATIONS:
        wanted.append((one.answer, "serialization"))
        if one.body is not None:
            wanted.append((one.body, "validation"))
    refs, schemas = models_json_schema(wanted, ref_template=_REF, schema_generator=_Named)
    paths: dict[str, dict[str, Any]] = {}
    for tag, family in FAMILIES.items():
        for one in family:
            body = refs[one.body, "validation"] if one.body is not None else None
            described = describe_operation(
                method=one.method,
                path=one.path,
                tag=tag,
                does=one.does,
                more=_more(one),
                success=one.success,
                answer=refs[one.answer, "serialization"],
                body=body,
                is_body_needed=one.body is not None
                and any(each.is_required() for each in one.body.model_fields.values()),
                query=_parameters(one.query),
                need=one.need,
            )
            paths.setdefault(f"/{one.path}", {})[one.method.lower()] = described
    return make_description(
        title="Keydesk",
        about=_ABOUT,
        prefix=PREFIX,
        release=release,
        paths=paths,
        schemas=schemas["$defs"],
        tags=list(FAMILIES),
    )


def _more(operation: Operation) -> str:
    twins = ", ".join(f"`/{twin}`" for twin in operation.twins)
    where = "For keys that are for all pages." if operation.reach is Reach.EVERYTHING else ""
    needs = f"Needs `{operation.need.scope}`." if operation.need is not None else "Any key may."
    return " ".join(part for part in (needs, where, f"In Slack: {twins}." if twins else "") if part)


def _parameters(query: type[Query]) -> Sequence[Part]:
    schema = query.model_json_schema(mode="validation", ref_template=_REF)
    kinds: Mapping[str, Part] = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _resolved(kind, kinds)}
        for name, kind in schema.get("properties", {}).items()
    ]


def _resolved(kind: Part, kinds: Mapping[str, Part]) -> Part:
    ref = str(kind.get("$ref", "")).rpartition("/")[2]
    own = {key: value for key, value in kind.items() if key != "$ref"}
    return {**kinds[ref], **own} if ref else own
