"""The page on which people read the description of the own API: without scripts, and with nothing from elsewhere."""

import re
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from handlers.http.description.openapi import ANSWERS, Part

_HERE = Path(__file__).parent
_NO_BODY: Part = {}


def read_style() -> bytes:
    """What the page has besides the look of the public one."""
    return (_HERE / "reading.css").read_bytes()


def render_page(description: Part, *, prefix: str, style: str, base_url: str) -> bytes:
    """The page of a description. `style` is the address of its stylesheet."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_HERE / "reading.html").read_text(encoding="utf-8"))
    schemas = description["components"]["schemas"]
    return template.render(
        title=description["info"]["title"],
        about=description["info"]["description"],
        prefix=prefix,
        style=style,
        base_url=base_url,
        families=[_family(description, tag["name"]) for tag in description["tags"]],
        shapes=[_shape(name, schema) for name, schema in schemas.items()],
        refusals=[(code, "", said) for code, said in ANSWERS.items()],
        pieces=_pieces,
    ).encode()


def _family(description: Part, tag: str) -> Part:
    schemas = description["components"]["schemas"]
    operations = [
        _operation(schemas, method, path, one)
        for path, methods in description["paths"].items()
        for method, one in methods.items()
        if tag in one["tags"]
    ]
    return {"name": tag, "id": re.sub(r"\W+", "-", tag.lower()), "operations": operations}


def _operation(schemas: Part, method: str, path: str, one: Part) -> Part:
    code, answer = next(iter(one["responses"].items()))
    body = one.get("requestBody")
    return {
        "id": one["operationId"],
        "method": method.upper(),
        "path": path.removeprefix("/"),
        "does": one["summary"],
        "more": one["description"].removeprefix(one["summary"]).strip(),
        "parameters": [_row(each["name"], each["schema"], needed=each["required"]) for each in one["parameters"]],
        "body": None if body is None else _members(schemas[_ref(body["content"]["application/json"]["schema"])]),
        "code": code,
        "answer": _ref(answer["content"]["application/json"]["schema"]),
    }


def _shape(name: str, schema: Part) -> Part:
    return {"name": name, "about": schema.get("description", ""), "members": _members(schema)}


def _members(schema: Part) -> Sequence[tuple[str, str, str]]:
    needed = set(schema.get("required", ()))
    return [_row(name, each, needed=name in needed) for name, each in schema.get("properties", {}).items()]


def _row(name: str, schema: Part, *, needed: bool) -> tuple[str, str, str]:
    kind = _kind(schema)
    return name, kind if needed else f"{kind}, optional", str(schema.get("description", ""))


def _kind(schema: Part) -> str:
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if "$ref" in schema:
        return _ref(schema)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', _NO_BODY))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _ref(schema: Part) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _pieces(said: str) -> Sequence[str]:
    """Words and code in turn: what stands between backquotes is code."""
    return said.split("`")
